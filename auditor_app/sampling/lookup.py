"""Whether the ledger holds an item of an imported list: its key, its leaves' way to the published root, its amount."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from auditor_app.amounts import Amount
from auditor_app.findings import Finding, finding
from auditor_app.ledger.columns import is_amount, scale_of
from auditor_app.ledger.scan import decimal_units
from auditor_app.ledger.source import LedgerSource
from auditor_app.merkle.inclusion import verify_inclusion
from auditor_app.merkle.result import InclusionProof, RecomputedTree
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.sampling.drawn import DrawnItem
from auditor_app.sampling.imported_list import ListedItem
from auditor_app.sampling.tables import patient

PROCEDURE = "sample-list"
Compare = Literal["presence", "equal"]
"""``presence``: the key stands in the ledger; ``equal``: its balance in the asset is the listed amount, too."""


def look_up(
    source: LedgerSource, tree: RecomputedTree, keys: Iterable[str], *, root: str, compare: Compare, token: CancelToken
) -> Operation[LookUp]:
    """Read the ledger once for ``keys``, and prove every leaf of theirs in its recomputed ``tree``."""
    wanted = set(keys)
    places = yield from _places(source, wanted, token)
    found = sorted({place for key in wanted for place in places.get(key, ()) if place < tree.leaf_count})
    proofs = yield from tree.prove(source, found, token)
    return LookUp(source, root, tree.leaf_count, compare, places, {proof.index: proof for proof in proofs})


def _places(source: LedgerSource, keys: set[str], token: CancelToken) -> Operation[Mapping[str, Sequence[int]]]:
    """The 0-based leaves of each key that the ledger has."""
    wanted = {key.encode("utf-8") for key in keys}
    found: dict[str, list[int]] = {}
    index = 0
    for part in source.parts(token):
        token.check()
        for row in patient(part.data.splitlines(), token):
            key = row.partition(b",")[0]
            if key in wanted:
                found.setdefault(key.decode("utf-8"), []).append(index)
            index += 1
        yield Progress(index, source.declared_rows, "rows", f"Ledger {source.name}: looking up drawn items")
    return found


@dataclass(frozen=True, slots=True)
class LookUp:
    """What is needed to say of one item whether the ledger holds it: where its key stands, and the proofs of those leaves."""

    source: LedgerSource
    root: str
    leaf_count: int
    compare: Compare
    places: Mapping[str, Sequence[int]]
    leaves: Mapping[int, InclusionProof]

    def item(self, listed: ListedItem, ticket: str) -> tuple[DrawnItem, str | None]:
        """The drawn item, and the code of what is wrong with it."""
        places = self.places.get(listed.key, ())
        wrong, observed = self._judged(listed, places)
        book = {} if listed.amount is None else {listed.asset: listed.amount.plain()}
        drawn = DrawnItem(
            id=listed.id, key=listed.key, ticket=ticket, reached=wrong is None, book=book, observed=observed
        )
        return drawn, wrong

    def _judged(self, listed: ListedItem, places: Sequence[int]) -> tuple[str | None, str]:
        if not places:
            return "SAMPLE.NOT_IN_LEDGER", "not in the ledger"
        for place in places:
            proof = self.leaves.get(place)
            if proof is None or not verify_inclusion(proof, self.root, self.leaf_count):
                return "SAMPLE.INCLUSION", "no row" if proof is None else f"root {proof.root}"
        if self.compare == "equal" and listed.amount is not None:
            held = self._balance(listed.asset, places)
            if held is None or held.fraction() != listed.amount.fraction():
                return "SAMPLE.AMOUNT", f"{listed.asset} {'no column' if held is None else held.plain()}"
        return None, f"leaf {', '.join(map(str, places))}"

    def _balance(self, asset: str, places: Sequence[int]) -> Amount | None:
        """The balance of all leaves of one key together; ``None`` where the ledger has no column of the asset."""
        for position, column in enumerate(self.source.columns):
            if column.name == asset and is_amount(column):
                scale = scale_of(column)
                cells = [self.leaves[place].row.split(",")[position].encode("ascii") for place in places]
                units = (
                    decimal_units(cell, scale) if column.type == "decimal" else int(cell) for cell in cells if cell
                )
                return Amount(sum(units), scale)
        return None


_WORDS: Mapping[str, str] = {
    "SAMPLE.NOT_IN_LEDGER": "The ledger has no row for the drawn item.",
    "SAMPLE.INCLUSION": "The inclusion proof of the drawn item's leaf does not lead to the published root.",
    "SAMPLE.AMOUNT": "The drawn item's amount is not the ledger's balance.",
}


def lookup_finding(listed: ListedItem, item: DrawnItem, code: str, *, list_name: str, root: str) -> Finding:
    """The finding for an item of which ``code`` says what is wrong; ``root`` is the published one."""
    if code == "SAMPLE.INCLUSION":
        expected = root
    elif code == "SAMPLE.AMOUNT" and listed.amount is not None:
        expected = f"{listed.asset} {listed.amount.plain()}"
    else:
        expected = f"a leaf with key {listed.key}"
    return finding(
        code,
        procedure=PROCEDURE,
        subject=f"list {list_name}, item {listed.id}",
        message=_WORDS[code],
        expected=expected,
        observed=item.observed,
    )
