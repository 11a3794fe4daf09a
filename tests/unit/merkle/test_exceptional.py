"""Every row that findings are about: all of them, by a second and naive reading of the same file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor_app.findings import Finding
from auditor_app.ledger import parts as ledger_parts
from auditor_app.ledger.browse import row_index
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger, SnapshotLedger
from auditor_app.merkle import exceptional
from auditor_app.merkle.exceptional import ExceptionalRows, exceptional_rows
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.warm import Readiness
from auditor_app.operation import Cancelled, CancelToken, Operation, Progress, run
from auditor_app.snapshot import consistency
from auditor_app.snapshot.statement import Commitment
from tests.unit.merkle.bad_files import rows, write_snapshot
from tests.unit.merkle.fast_ledgers import shrink_parts
from tests.unit.snapshot.samples import authenticate

COLUMNS = "account:token,nonce:token?,BTC:base-units/8,DEBT:decimal-?"
MEXC = Commitment(scheme="rfc6962-sha256", root="00" * 32, leaf_count="1", parameters={})


def ledger(tmp_path: Path, lines: list[str], order: Any = "tree", columns: str = COLUMNS) -> CsvLedger:
    path = tmp_path / "ledger.csv"
    path.write_text("".join(line + "\n" for line in lines))
    return CsvLedger(path, parse_columns(columns), order)


def findings(source: CsvLedger) -> tuple[Finding, ...]:
    return run(recompute(source, [MEXC], totals=None, typed_root=None, token=CancelToken())).findings


def found(source: CsvLedger) -> ExceptionalRows:
    return run(exceptional_rows(source, findings(source), [source.name], CancelToken()))


def lines(count: int) -> list[str]:
    return [f"u{at:06d},,{at},-1" for at in range(count)]


def too_old(token: CancelToken) -> Operation[Readiness]:
    yield Progress(0, None, "steps", "looking")
    return Readiness("too old")


@pytest.fixture(params=["compiled", "reference"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "reference":
        monkeypatch.setattr(exceptional, "prepared", too_old)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("order", ["tree", "id-ascending"])
def test_all_rows_of_every_kind_are_given_with_their_codes(tmp_path: Path, order: str) -> None:
    made = lines(3000)
    for at in range(5, 2900, 17):
        made[at] = f"u{at:06d},-n,-{at},-1"
    for at in (7, 100, 2999):
        made[at] = "u000003,,1,"
    made[50] = "u000049a,-x-,4,-2"
    source = ledger(tmp_path, made, order)
    ids = [line.partition(",")[0] for line in made]
    counted = Counter(ids)
    expected = {}
    for at, line in enumerate(made):
        codes = set()
        if line.split(",")[2].startswith("-"):
            codes.add("LEAF.NEGATIVE")
        if counted[ids[at]] > 1:
            codes.add("LEAF.DUPLICATE")
        if order == "id-ascending" and at and ids[at] <= ids[at - 1]:
            codes.add("LEAF.ORDER")
        if codes:
            expected[at] = tuple(sorted(codes))
    rows = found(source)
    assert {row.index: row.codes for row in rows.rows} == expected
    assert not rows.more
    assert [row.index for row in rows.rows] == sorted(expected)
    assert all(row.data.decode() == made[row.index] for row in rows.rows)


def test_the_row_that_breaks_the_grammar_is_given(tmp_path: Path) -> None:
    made = lines(2500)
    made[2100] = "u,,1.5,"
    (row,) = found(ledger(tmp_path, made)).rows
    assert (row.index, row.codes) == (2100, ("SNAPSHOT.GRAMMAR",))


def test_a_ledger_without_exceptions_is_not_read(tmp_path: Path) -> None:
    source = ledger(tmp_path, lines(10))
    found_before = findings(source)
    (tmp_path / "ledger.csv").unlink()
    assert run(exceptional_rows(source, found_before, [source.name], CancelToken())) == ExceptionalRows((), more=False)


@pytest.mark.usefixtures("way")
def test_more_rows_than_are_shown_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exceptional, "MOST_ROWS", 30)
    negative = found(ledger(tmp_path, [f"u{at},,-{at + 1},0" for at in range(2500)]))
    assert (len(negative.rows), negative.more) == (30, True)
    repeated = found(ledger(tmp_path, [f"u{at % 40},,1,0" for at in range(2500)]))
    assert (len(repeated.rows), repeated.more) == (30, True)
    few = found(ledger(tmp_path, [*lines(2500), "u000001,,1,0"]))
    assert ([row.index for row in few.rows], few.more) == ([1, 2500], False)


def test_it_stops_when_it_is_cancelled(tmp_path: Path) -> None:
    source = ledger(tmp_path, [f"u{at % 40},,-1,0" for at in range(2500)])
    found_before = findings(source)
    token = CancelToken()
    operation = exceptional_rows(source, found_before, [source.name], token)
    next(operation)
    token.cancel()
    with pytest.raises(Cancelled):
        run(operation)


def test_progress_tells_rows_and_bytes(tmp_path: Path) -> None:
    source = ledger(tmp_path, [f"u{at % 40},,-1,0" for at in range(2500)])
    seen: list[Progress] = []
    run(exceptional_rows(source, findings(source), [source.name], CancelToken()), seen.append)
    notes = {item.note for item in seen if item.unit == "rows"}
    assert len(notes) == 3
    assert all(item.bytes_total == source.total_bytes for item in seen if item.unit == "rows")


@pytest.mark.usefixtures("way")
def test_repeated_rows_far_apart_are_all_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the ledger lies between the two rows of every id: more rows than are shown, and the first are."""
    monkeypatch.setattr(exceptional, "MOST_ROWS", 700)
    monkeypatch.setattr("auditor_app.ledger.parts.PART_ROWS", 1000)
    monkeypatch.setattr("auditor_app.ledger.source.PART_ROWS", 1000)
    made = [f"u{at % 2500:06d},,1,0" for at in range(5000)]
    rows = found(ledger(tmp_path, made))
    assert [row.index for row in rows.rows] == list(range(700))
    assert {row.codes for row in rows.rows} == {("LEAF.DUPLICATE",)}
    assert rows.more


@pytest.mark.usefixtures("way")
def test_rows_have_one_number_also_where_a_part_lies_about_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number in the list of exceptions is the one that the part itself shows."""
    parts = [rows(64), rows(60, 64), rows(64, 124)]
    again = parts[0].splitlines()[5].partition(b",")[0]
    parts[2] = parts[2].replace(parts[2].splitlines()[9].partition(b",")[0], again)
    path = write_snapshot(tmp_path, parts, declared=(64, 64, 64), part_rows=64)
    shrink_parts(monkeypatch, 64)
    for module in (exceptional, consistency, ledger_parts):
        monkeypatch.setattr(module, "PART_ROWS", 64)
    snapshot = authenticate(path)
    described = snapshot.statement.predicate.ledgers[0]
    source = SnapshotLedger(snapshot, described)
    result = run(recompute(source, described.commitments, totals={}, typed_root=None, token=CancelToken()))
    assert {"ROWS.COUNT", "LEAF.DUPLICATE"} <= {item.code for item in result.findings}
    given = run(exceptional_rows(source, result.findings, described.members, CancelToken())).rows
    shown = [row_index(source.read_part(number, CancelToken()), CancelToken())[at] for number, at in ((0, 5), (2, 9))]
    assert [(row.index, row.data) for row in given] == [(row.index, row.data) for row in shown]
    snapshot.members.close()
