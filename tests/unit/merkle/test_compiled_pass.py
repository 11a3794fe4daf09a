"""The fast way and the ways out of it: always the reference's answer, with a note where something was amiss."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from auditor_app.errors import LedgerError
from auditor_app.ledger import duplicates, repeats
from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle import compiled_pass
from auditor_app.merkle import recompute as module
from auditor_app.merkle.fast import reading, search
from auditor_app.merkle.fast.proofs import FastTree
from auditor_app.merkle.inclusion import ProvableTree
from auditor_app.merkle.recompute import recompute, recompute_root
from auditor_app.merkle.result import LedgerResult
from auditor_app.merkle.rule import Node
from auditor_app.merkle.warm import FEWEST_ROWS, Readiness
from auditor_app.operation import CancelToken, Operation, Progress, run
from auditor_app.snapshot.statement import Commitment
from tests.unit.ledger.memory import MemoryLedger
from tests.unit.merkle.fast_ledgers import shrink_parts

COLUMNS = parse_columns("encryptUid:token,nonce:token,BTC:decimal,ETH:decimal-")
TOKEN = CancelToken()


def rows(count: int) -> list[bytes]:
    return [b"u%05d,n%d,%d.5,-0.%d" % (number * 7919 % 99991, number, number, number) for number in range(count)]


def result(source: MemoryLedger, *schemes: tuple[str, dict[str, str]]) -> LedgerResult:
    wanted = schemes or (("mexc", {"proofId": "PR-1"}), ("rfc6962-sha256", {}))
    commitments = [
        Commitment(scheme=scheme, root="00" * 32, leaf_count=str(len(source.rows)), parameters=parameters)
        for scheme, parameters in wanted
    ]
    return run(recompute(source, commitments, totals=None, typed_root=None, token=TOKEN))


def by_reference(source: MemoryLedger, *schemes: tuple[str, dict[str, str]]) -> LedgerResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "is_worth_it", lambda part: False)
        return result(source, *schemes)


def without_trees(found: LedgerResult) -> LedgerResult:
    return dataclasses.replace(found, trees=())


def without_note(found: LedgerResult) -> LedgerResult:
    assert [item.code for item in found.findings].count("KERNEL.FALLBACK") == 1
    left = tuple(item for item in found.findings if item.code != "KERNEL.FALLBACK")
    return dataclasses.replace(found, trees=(), findings=left)


def too_old(token: CancelToken) -> Operation[Readiness]:
    yield Progress(0, None, "steps", "looking")
    return Readiness("the machine is too old")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_parts(monkeypatch, 64)


def test_small_ledgers_never_ask_for_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_pass, "prepared", lambda token: pytest.fail("asked"))
    found = result(MemoryLedger(COLUMNS, rows(FEWEST_ROWS - 1)))
    assert [type(tree) for tree in found.trees] == [ProvableTree] * 2


def test_ledgers_of_two_thousand_rows_take_the_fast_way() -> None:
    source = MemoryLedger(COLUMNS, rows(FEWEST_ROWS))
    found = result(source)
    assert [type(tree) for tree in found.trees] == [FastTree] * 2
    assert without_trees(found) == without_trees(by_reference(source))


@pytest.mark.parametrize("part_rows", [64, 128])
def test_a_machine_without_compiled_code_gives_the_same_answer_and_a_note(
    monkeypatch: pytest.MonkeyPatch, part_rows: int
) -> None:
    shrink_parts(monkeypatch, part_rows)
    source = MemoryLedger(COLUMNS, rows(200), part_rows)
    monkeypatch.setattr(compiled_pass, "prepared", too_old)
    found = result(source)
    assert without_note(found) == without_trees(by_reference(source))
    note = next(item for item in found.findings if item.code == "KERNEL.FALLBACK")
    assert "because the machine is too old" in note.message
    assert not note.counts


@pytest.mark.usefixtures("small_parts")
def test_first_nodes_that_differ_are_not_relied_on(monkeypatch: pytest.MonkeyPatch) -> None:
    source = MemoryLedger(COLUMNS, rows(200), 64)
    monkeypatch.setattr(reading.UnfinishedTree, "first_group", lambda self: Node(b"wrong"))
    assert without_note(result(source)) == without_trees(by_reference(source))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("part_rows", [63, 48, 65])
def test_parts_that_are_no_subtrees_take_the_reference_way(part_rows: int) -> None:
    source = MemoryLedger(COLUMNS, rows(200), part_rows)
    found = result(source)
    assert [type(tree) for tree in found.trees] == [ProvableTree] * 2
    assert without_trees(found) == without_trees(by_reference(source))


@pytest.mark.usefixtures("small_parts")
def test_a_rule_beyond_templates_takes_the_reference_way() -> None:
    source = MemoryLedger(COLUMNS, rows(100), 64)
    found = result(source, ("bitget", {"numbers": "bare"}))
    assert [type(tree) for tree in found.trees] == [ProvableTree]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("at", [0, 40, 70, 199])
@pytest.mark.parametrize("bad", [b"u,n,1.,0", b"u,n,1", b"", b"u,n,01,0", b"u\r,n,1,0"])
def test_a_breach_is_named_as_the_reference_names_it(at: int, bad: bytes) -> None:
    made = rows(200)
    made[at] = bad
    source = MemoryLedger(COLUMNS, made, 64)
    assert result(source) == by_reference(source)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("order", ["tree", "id-ascending"])
def test_repeated_ids_are_found_and_named_alike(order: Any) -> None:
    made = rows(300)
    for first, second in ((3, 250), (64, 63), (3, 299)):
        made[second] = made[first].partition(b",")[0] + b",x,7,0"
    source = MemoryLedger(COLUMNS, made, 64, order=order)
    found = result(source)
    assert without_trees(found) == without_trees(by_reference(source))
    assert "LEAF.DUPLICATE" in [item.code for item in found.findings]


@pytest.mark.usefixtures("small_parts")
def test_fingerprints_that_collide_are_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    class Colliding(search.FastDuplicateSearch):
        def add(self, fingerprints: Any) -> None:
            super().add(fingerprints & 7)

    monkeypatch.setattr(search, "FastDuplicateSearch", Colliding)
    source = MemoryLedger(COLUMNS, rows(200), 64)
    assert without_trees(result(source)) == without_trees(by_reference(source))


@pytest.mark.usefixtures("small_parts")
def test_more_repetitions_than_are_held_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_HELD", 20)
    monkeypatch.setattr(repeats, "GROUP", 20)
    made = [b"u%d,n,1,0" % (number % 100) for number in range(200)]
    found = result(MemoryLedger(COLUMNS, made, 64))
    duplicate = next(item for item in found.findings if item.code == "LEAF.DUPLICATE")
    assert duplicate.observed == "100"
    assert "u0 occurs 2 times, first in part 0, row 1, column encryptUid and part 1, row 37" in duplicate.message


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("declared", [None, 500, 65])
def test_depths_are_told_whatever_was_declared(declared: int | None) -> None:
    """Bitget hashes the height from the root: a wrong or missing row count must cost a pass, not the root."""
    source = MemoryLedger(COLUMNS, rows(200), 64, declared=declared)
    scheme = ("bitget", {"numbers": "quoted"})
    found = result(source, scheme)
    assert [type(tree) for tree in found.trees] == [FastTree]
    assert without_trees(found) == without_trees(by_reference(source, scheme))


@pytest.mark.usefixtures("small_parts")
def test_a_plain_root_takes_the_fast_way_too() -> None:
    source = MemoryLedger(COLUMNS, rows(130), 64, declared=None)
    quick = run(recompute_root(source, "mexc", {"proofId": "x"}, TOKEN))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "is_worth_it", lambda part: False)
        assert quick == run(recompute_root(source, "mexc", {"proofId": "x"}, TOKEN))


class Changing(MemoryLedger):
    """A ledger of which one row is another when it is read again."""

    def __init__(self, changed: int, row: bytes) -> None:
        super().__init__(COLUMNS, rows(200), 64)
        self._changed, self._row = changed, row
        self._read = 0

    def parts(self, token: CancelToken) -> Iterator[Any]:
        yield from super().parts(token)
        self.rows[self._changed] = self._row


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("row", [b"u%05d,n70,70.6,-0.70" % (70 * 7919 % 99991), b"longer" * 9 + b",n,1,0", b"no row"])
def test_a_row_that_changed_is_no_proof(row: bytes) -> None:
    source = Changing(70, row)
    found = result(source)
    assert [type(tree) for tree in found.trees] == [FastTree] * 2
    for tree in found.trees:
        (proof,) = run(tree.prove(source, [5], TOKEN))
        assert proof.index == 5
        with pytest.raises(LedgerError) as caught:
            run(tree.prove(source, [5, 71], TOKEN))
        assert caught.value.code == "LEDGER.CHANGED"


@pytest.mark.usefixtures("small_parts")
def test_there_is_no_proof_of_a_leaf_that_is_not_there() -> None:
    source = MemoryLedger(COLUMNS, rows(100), 64)
    for index in (-1, 100):
        with pytest.raises(IndexError):
            run(result(source).trees[0].prove(source, [index], TOKEN))
    assert run(result(source).trees[0].prove(source, [], TOKEN)) == ()
