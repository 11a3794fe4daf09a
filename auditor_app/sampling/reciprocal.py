"""Reciprocal samples: items of a list that did not come from the ledger, each looked up in the ledger.

A sample of the ledger cannot meet a liability that is missing from it. Deposit and withdrawal logs, customers' own
proofs and confirmations can: the list is imported, its digest is committed to, and every drawn item must be found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from auditor_app.amounts import Amount
from auditor_app.errors import SamplingError
from auditor_app.findings import Finding, finding
from auditor_app.instants import parse_instant
from auditor_app.ledger.columns import is_amount, scale_of
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.ledger.scan import decimal_units
from auditor_app.ledger.source import LedgerSource
from auditor_app.merkle.inclusion import verify_inclusion
from auditor_app.merkle.result import InclusionProof, LedgerResult
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.sampling.commitment import (
    METHODS,
    AttributeMethod,
    Parameters,
    SourceMembers,
    parameters_of,
    plan_of,
    refuse_difference,
    refuse_past_block,
    sampled_ledger,
    source_of,
)
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.draw import extended_size, seed_of, tree_of, weakness_of
from auditor_app.sampling.drawn import DrawnItem, DrawnSample, Positive
from auditor_app.sampling.plan import AttributePlan, plan_typed
from auditor_app.sampling.randomness import Source, parse_source, read_randomness, refuse_unless_future
from auditor_app.sampling.sealing import Seal, digest_of, write_seal
from auditor_app.sampling.select import draw_ids
from auditor_app.sampling.tables import ImportedTable, Line, amount, identifier, patient, refuse_twice, require_columns
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.statement import Closed, Count, Hex64, Name

FORMAT: Literal["por-sample-list/v1"] = "por-sample-list/v1"
Compare = Literal["presence", "equal"]
"""``presence``: the key stands in the ledger; ``equal``: its balance in the asset is the listed amount, too."""

_PROCEDURE = "sample-list"


@dataclass(frozen=True, slots=True)
class ListedItem:
    """One row: its own id, the key to look up in the ledger, and an amount in units of ``asset`` where one is given."""

    id: str
    key: str
    asset: str = ""
    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class ListPopulation:
    """An imported list, every id once."""

    name: str
    sha256: str
    items: tuple[ListedItem, ...]

    @property
    def has_amounts(self) -> bool:
        """Whether every row gives an asset and an amount."""
        return all(item.amount is not None for item in self.items)


class CommittedList(Closed, frozen=True, kw_only=True):
    """Exactly what the digest covers: the list by its digest, the ledger it is looked up in, plan and source."""

    format: Literal["por-sample-list/v1"]
    snapshot_payload_sha256: Hex64
    ledger: Name
    scheme: Name
    root: str
    leaf_count: Count
    list_sha256: Hex64
    list_items: Positive
    compare: Compare
    method: AttributeMethod
    parameters: Parameters
    source: SourceMembers


@dataclass(frozen=True, slots=True)
class ListRecord:
    """A commitment to a sample of an imported list, inspected."""

    committed: CommittedList
    digest: bytes
    committed_at: str
    plan: AttributePlan
    source: Source

    @property
    def size(self) -> int:
        """How many items are drawn."""
        return self.plan.size


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A drawn reciprocal sample with what was found on the way."""

    sample: DrawnSample
    findings: tuple[Finding, ...]


def read_list(table: ImportedTable, token: CancelToken | None = None) -> ListPopulation:
    """The columns ``id`` and ``key``, and where amounts are known ``asset`` and ``amount``.

    :class:`SamplingError` ``SAMPLE.TABLE`` for another column, an id that stands twice or a cell outside its grammar.
    """
    require_columns(table, ("id", "key"), ("asset", "amount"), what="a list to draw from")
    amounts = "amount" in table.header
    if amounts != ("asset" in table.header):
        require_columns(table, ("id", "key", "asset", "amount"), (), what="a list to draw from")
    seen: dict[str, Line] = {}
    items = []
    for line in patient(table.lines, token):
        item_id = identifier(table, line, "id")
        if item_id in seen:
            raise refuse_twice(table, line, "id", seen[item_id], item_id)
        seen[item_id] = line
        value = amount(table, line, "amount") if amounts else None
        asset = identifier(table, line, "asset") if value is not None else ""
        items.append(ListedItem(item_id, identifier(table, line, "key"), asset, value))
    return ListPopulation(table.name, table.sha256, tuple(items))


def commit_list(
    snapshot: AuthenticSnapshot,
    population: ListPopulation,
    *,
    ledger: str | None,
    compare: Compare,
    distribution: Distribution,
    confidence: str,
    tolerable: str,
    expected: str,
    source: str,
    committed_at: str,
) -> ListRecord:
    """Plan a sample of the list and fix it before the source speaks; errors as for a commitment to leaves."""
    named = parse_source(source)
    refuse_unless_future(named, parse_instant(committed_at))
    chosen = sampled_ledger(snapshot, ledger)
    refuse_past_block(named, snapshot)
    if compare == "equal" and not population.has_amounts:
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            "the list gives no amount for some of its items",
            action="Fill in asset and amount in every row, or compare presence only.",
        )
    plan = plan_typed(
        distribution,
        confidence=confidence,
        tolerable=tolerable,
        expected=expected,
        population=len(population.items),
    )
    claim = chosen.commitments[0]
    committed = CommittedList(
        format=FORMAT,
        snapshot_payload_sha256=snapshot.payload_sha256,
        ledger=chosen.name,
        scheme=claim.scheme,
        root=claim.root,
        leaf_count=claim.leaf_count,
        list_sha256=population.sha256,
        list_items=str(len(population.items)),
        compare=compare,
        method=METHODS[distribution],
        parameters=parameters_of(plan),
        source=dict(named.committed),
    )
    return ListRecord(committed, digest_of(committed), committed_at, plan, named)


def opened_list(seal: Seal) -> ListRecord:
    """A sealed record of a list, inspected: digest, plan and source recalculated."""
    committed = seal.opened(CommittedList)
    source = source_of(committed.source, seal.at)
    refuse_unless_future(source, parse_instant(seal.committed_at))
    plan = plan_of(committed.method, committed.parameters, seal.at)
    return ListRecord(committed, seal.digest, seal.committed_at, plan, source)


def write_list_record(record: ListRecord, path: Path) -> None:
    """Write the record as JSON; a file of that name is never replaced."""
    write_seal(record.committed, record.committed_at, path)


def draw_list(
    record: ListRecord,
    snapshot: AuthenticSnapshot,
    ledgers: Sequence[LedgerResult],
    population: ListPopulation,
    randomness: str,
    *,
    token: CancelToken,
    extend_to: int | None = None,
) -> Operation[LookedUp]:
    """Draw the committed items of the list, look each up in the ledger, and trace its leaf to the published root.

    A key that no item has goes the same way and must not be found. Raises :class:`SamplingError` for another list,
    snapshot, source, round or signature than the record names.
    """
    committed = record.committed
    _refuse_others(record, snapshot, population)
    size = extended_size(record.size, len(population.items), extend_to)
    typed = read_randomness(record.source, randomness)
    seed = seed_of(record.digest, typed)
    by_id = {item.id: item for item in population.items}
    tickets = draw_ids(seed.hex(), patient(by_id, token), size)
    source = SnapshotLedger(snapshot, sampled_ledger(snapshot, committed.ledger))
    tree = tree_of(committed, ledgers)
    dummy = sha256(b"por-sample/dummy/v1" + seed).hexdigest()
    keys = {by_id[ticket.id].key for ticket in tickets}
    places = yield from _places(source, {*keys, dummy}, token)
    found = sorted({place for key in keys for place in places.get(key, ()) if place < tree.leaf_count})
    proofs = yield from tree.prove(source, found, token)
    leaves = {proof.index: proof for proof in proofs}
    lookup = _Lookup(committed, source, places, leaves, tree.leaf_count)
    items, findings = [], list(weakness_of(record.source, f"list {population.name}", _PROCEDURE))
    for ticket in tickets:
        item, wrong = lookup.item(by_id[ticket.id], ticket.number)
        items.append(item)
        if wrong is not None:
            findings.append(_finding(population.name, by_id[ticket.id], item, wrong, committed.root))
    rejected = not lookup.item(ListedItem("dummy", dummy), "")[0].reached
    if not rejected:
        message = "A made-up key that is on no list was found in the ledger."
        findings.append(
            finding("SAMPLE.DUMMY", procedure=_PROCEDURE, subject=f"list {population.name}", message=message)
        )
    plan = record.plan
    sample = DrawnSample(
        kind="list",
        method=committed.method,
        commitment=record.digest.hex(),
        committed_at=record.committed_at,
        source=record.source.text,
        randomness=typed.text,
        seed=seed.hex(),
        population=str(plan.population),
        size=str(plan.size),
        confidence=plan.confidence.text,
        tolerable=plan.tolerable.text,
        expected=plan.expected.text,
        allowed_deviations=str(plan.allowed_deviations),
        items=tuple(items),
        dummy_rejected=rejected,
        ledger=committed.ledger,
        scheme=committed.scheme,
        root=committed.root,
        list_name=population.name,
        list_sha256=population.sha256,
    )
    return LookedUp(sample, tuple(findings))


def _refuse_others(record: ListRecord, snapshot: AuthenticSnapshot, population: ListPopulation) -> None:
    committed = record.committed
    claim = sampled_ledger(snapshot, committed.ledger).commitments[0]
    pairs = (
        ("snapshot", committed.snapshot_payload_sha256, snapshot.payload_sha256),
        ("scheme", committed.scheme, claim.scheme),
        ("root", committed.root, claim.root),
        ("leaf count", committed.leaf_count, claim.leaf_count),
        ("list", committed.list_sha256, population.sha256),
        ("number of items", committed.list_items, str(len(population.items))),
        ("population", committed.parameters.population, str(len(population.items))),
    )
    for name, expected, observed in pairs:
        if expected != observed:
            refuse_difference(name, expected, observed)


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
class _Lookup:
    """What is needed to say of one item whether the ledger holds it."""

    committed: CommittedList
    source: LedgerSource
    places: Mapping[str, Sequence[int]]
    leaves: Mapping[int, InclusionProof]
    leaf_count: int

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
            if proof is None or not verify_inclusion(proof, self.committed.root, self.leaf_count):
                return "SAMPLE.INCLUSION", "no row" if proof is None else f"root {proof.root}"
        if self.committed.compare == "equal" and listed.amount is not None:
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


def _finding(list_name: str, listed: ListedItem, item: DrawnItem, code: str, root: str) -> Finding:
    if code == "SAMPLE.INCLUSION":
        expected = root
    elif code == "SAMPLE.AMOUNT" and listed.amount is not None:
        expected = f"{listed.asset} {listed.amount.plain()}"
    else:
        expected = f"a leaf with key {listed.key}"
    return finding(
        code,
        procedure=_PROCEDURE,
        subject=f"list {list_name}, item {listed.id}",
        message=_WORDS[code],
        expected=expected,
        observed=item.observed,
    )
