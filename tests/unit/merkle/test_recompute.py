"""What one pass over a ledger finds: each check has a ledger that breaks it, and one that does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from auditor_app.errors import LedgerError
from auditor_app.findings import Severity
from auditor_app.ledger import duplicates
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.source import LedgerPart
from auditor_app.merkle.recompute import recompute, recompute_root
from auditor_app.merkle.result import LedgerResult
from auditor_app.operation import Cancelled, CancelToken, Progress, run
from auditor_app.snapshot.statement import Commitment
from tests.unit.ledger.memory import MemoryLedger
from tests.unit.merkle import naive

COLUMNS = parse_columns("id:token,BTC:base-units/8,USDT:decimal/6?")
ROWS = [b"a,100,1.5", b"b,200,", b"c,0,2.25"]
NATIVE = naive.rfc6962_root(ROWS).hex()


def commitment(**fields: Any) -> Commitment:
    return Commitment(**{"scheme": "rfc6962-sha256", "root": NATIVE, "leaf_count": "3", "parameters": {}} | fields)


def result(
    source: MemoryLedger,
    *commitments: Commitment,
    totals: Mapping[str, str] | None = None,
    typed: str | None = None,
) -> LedgerResult:
    return run(recompute(source, commitments, totals=totals, typed_root=typed, token=CancelToken()))


def codes(found: LedgerResult) -> list[str]:
    return [item.code for item in found.findings]


def test_a_ledger_that_agrees_gives_no_finding() -> None:
    found = result(
        MemoryLedger(COLUMNS, ROWS), commitment(), totals={"BTC": "300", "USDT": "3750000"}, typed="0x" + NATIVE.upper()
    )
    assert codes(found) == []
    assert found.commitments[0].match is found.commitments[0].typed_match is True
    assert [check.match for check in found.checks] == [True, True]
    assert [total.total.plain() for total in found.totals] == ["0.000003", "3.75"]
    assert {item.code for item in found.limitations} >= {"COMPLETENESS", "TREE.NO_SUMS", "SCHEME.UNSALTED"}


@pytest.mark.parametrize(
    ("totals", "asset"),
    [
        ({"BTC": "301", "USDT": "3750000"}, "BTC"),
        ({"BTC": "300", "USDT": "3750001"}, "USDT"),
        ({"BTC": "300"}, "USDT"),
        ({"BTC": "300", "USDT": "3750000", "ETH": "0"}, "ETH"),
    ],
)
def test_a_total_that_differs_or_stands_alone(totals: dict[str, str], asset: str) -> None:
    found = result(MemoryLedger(COLUMNS, ROWS), commitment(), totals=totals)
    assert [(item.code, item.subject) for item in found.findings] == [
        ("TOTALS.MISMATCH", f"ledger memory, asset {asset}")
    ]


def test_a_total_is_not_cut_to_the_assets_decimals() -> None:
    found = result(MemoryLedger(COLUMNS, [*ROWS, b"d,0,0.0000001"]), totals={"BTC": "300", "USDT": "3750000"})
    assert codes(found) == ["TOTALS.MISMATCH"]
    assert found.findings[0].observed == "3750000.1 base units"


def test_roots_that_differ() -> None:
    found = result(MemoryLedger(COLUMNS, ROWS), commitment(root="ab" * 32), typed="cd" * 32)
    assert codes(found) == ["ROOT.MISMATCH", "ROOT.TYPED_MISMATCH"]
    assert found.findings[0].expected == "ab" * 32
    assert found.findings[0].observed == NATIVE
    assert found.commitments[0].match is found.commitments[0].typed_match is False


def test_a_typed_root_belongs_to_the_commitment_it_equals() -> None:
    other = commitment(scheme="mexc", root="00" * 16, parameters={"proofId": "PR-1"})
    found = result(MemoryLedger(COLUMNS, ROWS), other, commitment(), typed=NATIVE)
    assert [check.typed_match for check in found.commitments] == [None, True]
    found = result(MemoryLedger(COLUMNS, ROWS), other, commitment(), typed="cd" * 16)
    assert [check.typed_match for check in found.commitments] == [False, None]
    found = result(MemoryLedger(COLUMNS, ROWS), other, commitment(), typed="cd" * 8)
    assert [check.typed_match for check in found.commitments] == [False, False]


def test_row_counts() -> None:
    assert codes(result(MemoryLedger(COLUMNS, ROWS, declared=4))) == ["ROWS.COUNT"]
    assert codes(result(MemoryLedger(COLUMNS, ROWS), commitment(leaf_count="4"))) == ["ROWS.COUNT"]
    assert codes(result(MemoryLedger(COLUMNS, ROWS, part_rows=2), commitment())) == ["ROWS.COUNT"]


def test_a_part_that_lies_about_its_rows() -> None:
    class Lying(MemoryLedger):
        def read_part(self, index: int, token: CancelToken) -> LedgerPart:
            part = super().read_part(index, token)
            return LedgerPart(part.name, part.first_row, part.data, declared_rows=4)

    found = result(Lying(COLUMNS, ROWS), commitment())
    assert codes(found) == ["ROWS.COUNT"]
    assert found.findings[0].at.file == "part 0"


def test_negative_balances_are_counted_hashed_and_summed() -> None:
    rows = [*ROWS, b"d,-50,-1"]
    found = result(MemoryLedger(COLUMNS, rows), commitment(root=naive.rfc6962_root(rows).hex(), leaf_count="4"))
    assert codes(found) == ["LEAF.NEGATIVE"]
    assert found.findings[0].observed == "2"
    assert found.findings[0].at.row == 4
    assert "part 0, row 4, column BTC, byte 28: -50" in found.findings[0].message
    assert [(total.total.plain(), total.gross.plain()) for total in found.totals] == [
        ("0.0000025", "0.000003"),
        ("2.75", "3.75"),
    ]


def test_a_signed_column_may_hold_debts() -> None:
    columns = parse_columns("id:token,BTC:base-units/8-")
    assert codes(result(MemoryLedger(columns, [b"a,-1"]))) == []


def test_order_where_it_was_declared() -> None:
    rows = [b"a,1,", b"c,1,", b"b,1,"]
    assert codes(result(MemoryLedger(COLUMNS, rows, order="tree"))) == []
    found = result(MemoryLedger(COLUMNS, rows, order="id-ascending"))
    assert codes(found) == ["LEAF.ORDER"]
    assert found.findings[0].at.row == 3


def test_order_across_parts() -> None:
    rows = [b"b,1,", b"c,1,", b"a,1,", b"d,1,"]
    found = result(MemoryLedger(COLUMNS, rows, part_rows=2, order="id-ascending"))
    assert "LEAF.ORDER" in codes(found)
    assert found.findings[-1].at.file == "part 1"
    assert found.findings[-1].at.row == 1


@pytest.mark.parametrize("order", ["tree", "id-ascending"])
def test_repeated_ids_are_named_with_both_rows(order: Any) -> None:
    rows = [b"%d,1," % number for number in range(100, 400)]
    rows[250] = b"107,9,"
    found = result(MemoryLedger(COLUMNS, rows, part_rows=64, order=order))
    duplicate = next(item for item in found.findings if item.code == "LEAF.DUPLICATE")
    assert "107 occurs 2 times, first in part 0, row 8, column id and part 3, row 59" in duplicate.message
    assert duplicate.observed == "1"


def test_a_fingerprint_that_collides_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    from array import array

    from auditor_app.merkle import recompute as module

    monkeypatch.setattr(module, "keyed_fingerprints", lambda: lambda ids: array("q", [7] * len(ids)))
    rows = [b"z,1,", b"y,1,", b"x,1,"]
    assert codes(result(MemoryLedger(COLUMNS, rows))) == []
    assert codes(result(MemoryLedger(COLUMNS, [*rows, b"y,2,"]))) == ["LEAF.DUPLICATE"]


def test_more_repeated_ids_than_are_held_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_HELD", 20)
    rows = [b"%d,1," % (number % 500) for number in range(1000)]
    found = result(MemoryLedger(COLUMNS, rows))
    assert found.findings[0].observed == "500"
    assert "500 ids occur" in found.findings[0].message


def test_one_unusable_commitment_does_not_stop_the_others() -> None:
    found = result(
        MemoryLedger(COLUMNS, ROWS),
        commitment(scheme="nobody-knows"),
        commitment(scheme="mexc"),
        commitment(parameters={"proofId": "x"}),
        commitment(),
    )
    assert codes(found) == ["SCHEME.UNKNOWN", "SCHEME.WEAK_HASH", "SCHEME.PARAMETERS", "SCHEME.PARAMETERS"]
    assert [check.match for check in found.commitments] == [None, None, None, True]
    assert [tree.scheme for tree in found.trees] == ["rfc6962-sha256"]
    assert found.findings[1].severity is Severity.NOTE


@pytest.mark.parametrize("proof_id", ["", "PR 1", "PR-1,9", "é", "x" * 129, "PR-1\n"])
def test_a_proof_id_that_could_be_read_two_ways_is_refused(proof_id: str) -> None:
    found = result(MemoryLedger(COLUMNS, ROWS), commitment(scheme="mexc", parameters={"proofId": proof_id}))
    assert "SCHEME.PARAMETERS" in codes(found)


def test_an_empty_ledger_has_a_root_only_in_the_native_scheme() -> None:
    found = result(
        MemoryLedger(COLUMNS, []),
        commitment(root=naive.rfc6962_root([]).hex(), leaf_count="0"),
        commitment(scheme="mexc", leaf_count="0", parameters={"proofId": "PR-1"}),
    )
    assert codes(found) == ["SCHEME.WEAK_HASH", "LEDGER.EMPTY"]
    assert [check.match for check in found.commitments] == [True, None]


def test_a_breach_of_the_grammar_is_one_critical_finding_and_nothing_is_recalculated() -> None:
    found = result(MemoryLedger(COLUMNS, [*ROWS, b"d,007,"]), commitment(), totals={"BTC": "300"}, typed=NATIVE)
    assert codes(found) == ["SNAPSHOT.GRAMMAR"]
    assert found.findings[0].severity is Severity.CRITICAL
    assert (found.findings[0].at.row, found.findings[0].at.column) == (4, "BTC")
    assert not found.complete
    assert found.totals == found.trees == ()
    assert found.commitments[0].match is found.commitments[0].typed_match is None


def test_a_ledger_that_changes_before_its_proofs_are_built_is_noticed() -> None:
    rows = [b"k%d,1," % number for number in range(200)]
    source = MemoryLedger(COLUMNS, rows, part_rows=64)
    tree = result(source, commitment()).trees[0]
    source.rows[70] = b"k70,2,"
    assert run(tree.prove(source, [3], CancelToken()))[0].row == "k3,1,"
    with pytest.raises(LedgerError) as caught:
        run(tree.prove(source, [3, 90], CancelToken()))
    assert caught.value.code == "LEDGER.CHANGED"
    source.rows[70] = b"k70,1,"
    del source.rows[199]
    with pytest.raises(LedgerError):
        run(tree.prove(source, [195], CancelToken()))
    with pytest.raises(IndexError):
        run(tree.prove(source, [200], CancelToken()))


def test_progress_counts_rows_and_cancel_stops_between_blocks() -> None:
    rows = [b"k%d,1," % number for number in range(60_000)]
    token = CancelToken()
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        token.cancel()

    with pytest.raises(Cancelled):
        run(recompute(MemoryLedger(COLUMNS, rows), [], totals=None, typed_root=None, token=token), watch)
    assert len(seen) == 1
    assert seen[0].done < seen[0].total == 60_000  # type: ignore[operator]
    assert seen[0].unit == "rows"


def test_recompute_root_raises_what_makes_the_input_unusable() -> None:
    with pytest.raises(LedgerError) as caught:
        run(recompute_root(MemoryLedger(COLUMNS, [b"a,1"]), "rfc6962-sha256", {}, CancelToken()))
    assert caught.value.code == "SNAPSHOT.GRAMMAR"
    with pytest.raises(LedgerError) as caught:
        run(recompute_root(MemoryLedger(COLUMNS, ROWS), "mexc", {}, CancelToken()))
    assert caught.value.code == "SCHEME.PARAMETERS"
    found = run(recompute_root(MemoryLedger(COLUMNS, []), "mexc", {"proofId": "P"}, CancelToken()))
    assert found.root is None
