"""Reciprocal samples: a list from elsewhere, committed to, drawn, and looked up in the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor_app.errors import SamplingError
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle.recompute import recompute
from auditor_app.operation import CancelToken, run
from auditor_app.sampling.commitment import load_record
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.imported_list import ListPopulation, read_list
from auditor_app.sampling.lookup import LookUp
from auditor_app.sampling.reciprocal import (
    ListRecord,
    LookedUp,
    commit_list,
    draw_list,
    opened_list,
)
from auditor_app.sampling.records import load_any, write_any
from auditor_app.sampling.sealing import read_seal
from auditor_app.sampling.select import ticket_number
from auditor_app.sampling.tables import read_table
from auditor_app.snapshot.authentic import AuthenticSnapshot
from tests.unit.sampling.conftest import ledger_rows

TOKEN = CancelToken()
DICE = "dice:66554433221166554433"
MakeSnapshot = Callable[..., AuthenticSnapshot]
ROWS = [row.decode().split(",") for row in ledger_rows(1000)]


def deposits(*changed: str) -> bytes:
    """A log of 200 deposits of known customers; ``changed`` lines replace the first ones."""
    lines = [f"tx-{n},{ROWS[n * 5][0]},BTC,{int(ROWS[n * 5][1]) / 10**8:.8f}" for n in range(200)]
    lines[: len(changed)] = changed
    return ("id,key,asset,amount\n" + "\n".join(lines) + "\n").encode()


def population(data: bytes | None = None) -> ListPopulation:
    return read_list(read_table(deposits() if data is None else data, "deposits.csv"))


def committed(snapshot: AuthenticSnapshot, listed: ListPopulation, **more: Any) -> ListRecord:
    asked = {"tolerable": "1%", "compare": "equal", "source": "dice", **more}
    return commit_list(
        snapshot,
        listed,
        ledger=None,
        distribution=Distribution.HYPERGEOMETRIC,
        confidence="95%",
        expected="0",
        committed_at="2026-11-03T00:00:00Z",
        **asked,
    )


def drawn(snapshot: AuthenticSnapshot, record: ListRecord, listed: ListPopulation, **more: Any) -> LookedUp:
    ledger = snapshot.statement.predicate.ledgers[0]
    source = SnapshotLedger(snapshot, ledger)
    result = run(recompute(source, ledger.commitments, totals=ledger.totals, typed_root=None, token=TOKEN))
    return run(draw_list(record, snapshot, (result,), listed, DICE, token=TOKEN, **more))


def test_every_listed_customer_is_found(make_snapshot: MakeSnapshot) -> None:
    snapshot, listed = make_snapshot(), population()
    record = committed(snapshot, listed)
    found = drawn(snapshot, record, listed)
    sample = found.sample
    assert [item.code for item in found.findings] == ["SAMPLE.WEAKER_SOURCE"]
    assert sample.dummy_rejected
    assert all(item.reached for item in sample.items)
    wanted = sorted((item.id for item in listed.items), key=lambda one: ticket_number(sample.seed, one))
    assert [item.id for item in sample.items] == wanted[: int(sample.size)]
    larger = drawn(snapshot, record, listed, extend_to=190).sample
    assert [item.id for item in larger.items] == wanted[:190]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("tx-0,{missing},BTC,1", "SAMPLE.NOT_IN_LEDGER"),
        ("tx-0,{known},BTC,0.00000001", "SAMPLE.AMOUNT"),
        ("tx-0,{known},ETH,0", "SAMPLE.AMOUNT"),
    ],
)
def test_what_is_not_in_the_ledger_is_an_exception(make_snapshot: MakeSnapshot, line: str, code: str) -> None:
    missing = hashlib.sha256(b"left out").hexdigest()
    listed = population(deposits(line.format(missing=missing, known=ROWS[0][0])))
    snapshot = make_snapshot()
    found = drawn(snapshot, committed(snapshot, listed), listed, extend_to=200)
    wrong = [item for item in found.findings if item.counts]
    assert [(item.code, item.subject) for item in wrong] == [(code, "list deposits.csv, item tx-0")]
    assert [item.id for item in found.sample.items if not item.reached] == ["tx-0"]
    present = drawn(snapshot, committed(snapshot, listed, compare="presence"), listed, extend_to=200)
    assert [item.code for item in present.findings if item.counts] == ([code] if "missing" in line else [])


def test_another_root_is_an_exception(make_snapshot: MakeSnapshot) -> None:
    snapshot, listed = make_snapshot(root="ab" * 32), population()
    found = drawn(snapshot, committed(snapshot, listed), listed)
    assert {item.code for item in found.findings if item.counts} == {"SAMPLE.INCLUSION"}


def test_leaves_of_one_key_count_together(make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{ROWS[0][0]},5".encode(), f"{ROWS[0][0]},7".encode(), *ledger_rows(8)[2:]]
    monkeypatch.setattr("tests.unit.sampling.conftest.ledger_rows", lambda _: rows)
    snapshot = make_snapshot(8)
    listed = population(f"id,key,asset,amount\na,{ROWS[0][0]},BTC,0.00000012\n".encode())
    found = drawn(snapshot, committed(snapshot, listed, tolerable="50%"), listed)
    assert found.sample.items[0].observed == "leaf 0, 1"


def test_a_look_up_that_finds_everything_shows_itself(
    make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LookUp, "_judged", lambda *_: (None, ""))
    snapshot, listed = make_snapshot(), population()
    found = drawn(snapshot, committed(snapshot, listed), listed)
    assert not found.sample.dummy_rejected
    assert "SAMPLE.DUMMY" in [item.code for item in found.findings]


def test_the_list_is_committed(make_snapshot: MakeSnapshot, tmp_path: Path) -> None:
    snapshot, listed = make_snapshot(), population()
    record = committed(snapshot, listed)
    write_any(record, tmp_path / "r.json")
    read = opened_list(read_seal(tmp_path / "r.json"))
    assert (read.committed, read.digest, read.plan) == (record.committed, record.digest, record.plan)
    assert isinstance(load_any(tmp_path / "r.json"), ListRecord)
    with pytest.raises(SamplingError, match="commitment to an imported list"):
        load_record(tmp_path / "r.json")
    other = population(deposits("tx-x,abc,BTC,1"))
    with pytest.raises(SamplingError, match="another list"):
        drawn(snapshot, record, other)
    with pytest.raises(SamplingError, match="another snapshot"):
        drawn(make_snapshot(payload="6b" * 32), record, listed)
    with pytest.raises(SamplingError, match="cannot be extended"):
        drawn(snapshot, record, listed, extend_to=5)
    text = (tmp_path / "r.json").read_text()
    (tmp_path / "r.json").write_text(text.replace('"compare": "equal"', '"compare": "presence"'))
    with pytest.raises(SamplingError, match="altered"):
        load_any(tmp_path / "r.json")


def test_no_shopping_for_seeds(make_snapshot: MakeSnapshot) -> None:
    with pytest.raises(SamplingError, match="had spoken"):
        committed(make_snapshot(), population(), source="drand:quicknet:1")


def test_amounts_must_be_there_to_be_compared(make_snapshot: MakeSnapshot) -> None:
    listed = population(b"id,key\na,b\n")
    with pytest.raises(SamplingError, match="no amount for some"):
        committed(make_snapshot(), listed)
    assert committed(make_snapshot(), listed, compare="presence", tolerable="50%").size == 1
    partly = replace(listed, items=(*population().items, *listed.items))
    assert not partly.has_amounts


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ("id,key\na,b\na,c\n", 3, "row 2 already"),
        ("id,key,amount\na,b,1\n", 1, "asset is missing"),
        ("id,key,asset,amount\na,b,BTC,-1\n", 2, "negative"),
        ("id,key,asset,amount\na,b,BTC,1e5\n", 2, "no amount"),
        ("id,key,asset,amount\na,b,=BTC,1\n", 2, "no identifier"),
        ("id,key\n\u202ea,b\n", 2, "no identifier"),
        ("id,key,name\na,b,c\n", 1, "name does not belong"),
        ("id\na\n", 1, "key is missing"),
    ],
)
def test_a_list_that_cannot_be_used(text: str, row: int, words: str) -> None:
    with pytest.raises(SamplingError, match=words) as error:
        population(text.encode())
    assert (error.value.code, error.value.at.file, error.value.at.row) == ("SAMPLE.TABLE", "deposits.csv", row)
