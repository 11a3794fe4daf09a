"""Trees whose leaves do not stand in the order of the rows: sorted by hash, or in a heap array."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import pytest

from auditor_app.errors import LedgerError
from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle import inclusion as inclusion_module
from auditor_app.merkle import recompute as recompute_module
from auditor_app.merkle import tree as tree_module
from auditor_app.merkle import tree_job
from auditor_app.merkle.inclusion import verify_inclusion
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.rule import Layout, Node
from auditor_app.merkle.scheme import Properties, Scheme
from auditor_app.merkle.template import Child, Odd, RowText, Template, TemplateRule
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.statement import Commitment
from tests.unit.ledger.memory import MemoryLedger

COLUMNS = parse_columns("id:token,BTC:decimal")
TEMPLATE = Template(leaf=(RowText(),), node=(Child("left"), Child("right")), odd=Odd.DUPLICATE)
COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33, 63, 64, 65, 97, 130, 200]


class Sorted(TemplateRule):
    """Leaves sorted by hash."""

    arranges = True

    def tree_order(self, leaves: Sequence[Node]) -> Sequence[int]:
        return sorted(range(len(leaves)), key=lambda index: leaves[index].digest)


class Heap(TemplateRule):
    """A complete tree in an array of 2n - 1 nodes, the children of i at 2i + 1 and 2i + 2, leaves in row order."""

    arranges = True

    def bottom(self, leaf_count: int) -> int:
        return 2 * leaf_count - 2 ** self.depth(leaf_count) if leaf_count > 1 else leaf_count

    def tree_order(self, leaves: Sequence[Node]) -> Sequence[int]:
        above = len(leaves) - self.bottom(len(leaves))
        return [*range(above, len(leaves)), *range(above)]


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def sorted_root(rows: list[bytes]) -> bytes:
    level = sorted(digest(row) for row in rows)
    while len(level) > 1:
        level += level[-1:] if len(level) % 2 else []
        level = [digest((a.hex() + b.hex()).encode()) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def heap_root(rows: list[bytes]) -> bytes:
    nodes = [b""] * (len(rows) - 1) + [digest(row) for row in rows]
    for at in reversed(range(len(rows) - 1)):
        nodes[at] = digest((nodes[2 * at + 1].hex() + nodes[2 * at + 2].hex()).encode())
    return nodes[0]


@pytest.fixture(params=[(Sorted, sorted_root), (Heap, heap_root)], ids=["sorted", "heap"])
def arranged(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> object:
    """The naive root of a scheme ``arranged`` that the engine now knows."""
    rule, naive = request.param
    properties = Properties(digest_bits=256, binds_child_sums=False, domain_separation=False, field_separators=True)

    def bind(layout: Layout, given: object, count: int | None) -> TemplateRule:
        return rule("arranged", layout, TEMPLATE)

    scheme = Scheme(name="arranged", title="", source="", properties=properties, bind=bind)
    for module in (tree_job, inclusion_module):
        monkeypatch.setattr(module, "scheme_named", lambda name: scheme)
    return naive


@pytest.mark.parametrize("count", COUNTS)
def test_roots_and_proofs(arranged: object, count: int) -> None:
    rows = [b"u%d,%d" % (number, number * number) for number in range(count)]
    source = MemoryLedger(COLUMNS, rows, part_rows=50)
    claim = Commitment(scheme="arranged", root="00" * 32, leaf_count=str(count), parameters={})
    found = run(recompute(source, [claim], totals=None, typed_root=None, token=CancelToken()))
    root = found.commitments[0].recomputed
    assert root == arranged(rows).hex()  # type: ignore[operator]
    asked = list(range(count))[::-1]
    proofs = run(found.trees[0].prove(source, asked, CancelToken()))
    assert [proof.index for proof in proofs] == asked
    assert [proof.row.encode() for proof in proofs] == rows[::-1]
    for proof in proofs:
        assert verify_inclusion(proof, root, count)
        assert proof.position is not None
        assert not verify_inclusion(dataclasses.replace(proof, position=None), root, count)
        if count > 1:
            assert not verify_inclusion(dataclasses.replace(proof, position=proof.position ^ 1), root, count)


def test_more_leaves_than_can_be_arranged(arranged: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MAX_ARRANGED", 10)
    source = MemoryLedger(COLUMNS, [b"u%d,1" % number for number in range(11)])
    claim = Commitment(scheme="arranged", root="00" * 32, leaf_count="11", parameters={})
    found = run(recompute(source, [claim], totals=None, typed_root=None, token=CancelToken()))
    assert found.commitments[0].recomputed is None
    assert "SCHEME.LIMIT" in {item.code for item in found.findings}
    with pytest.raises(LedgerError):
        run(recompute_module.recompute_root(source, "arranged", {}, CancelToken()))
