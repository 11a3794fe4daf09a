"""Reciprocal samples: items of a list that did not come from the ledger, each looked up in the ledger.

A sample of the ledger cannot meet a liability that is missing from it. Deposit and withdrawal logs, customers' own
proofs and confirmations can: the list is imported, its digest is committed to, and every drawn item must be found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from auditor_app.errors import SamplingError
from auditor_app.findings import Finding, finding
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle.result import LedgerResult
from auditor_app.operation import CancelToken, Operation
from auditor_app.sampling.commitment import (
    METHODS,
    AttributeMethod,
    Parameters,
    SourceMembers,
    future_source,
    parameters_of,
    plan_of,
    refuse_differences,
    sampled_ledger,
    source_of,
)
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.draw import extended_size, seed_of, tree_of, weakness_of
from auditor_app.sampling.drawn import DrawnItem, DrawnSample, Positive
from auditor_app.sampling.dummy import dummy_key
from auditor_app.sampling.imported_list import ListedItem, ListPopulation
from auditor_app.sampling.lookup import PROCEDURE, Compare, look_up, lookup_finding
from auditor_app.sampling.plan import AttributePlan, plan_typed
from auditor_app.sampling.randomness import Source, read_randomness
from auditor_app.sampling.sealing import Seal, digest_of
from auditor_app.sampling.select import draw_ids
from auditor_app.sampling.tables import patient
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.statement import Closed, Count, Hex64, Name

FORMAT: Literal["por-sample-list/v1"] = "por-sample-list/v1"


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
    named = future_source(source, committed_at, snapshot)
    chosen = sampled_ledger(snapshot, ledger)
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
    source = source_of(committed.source, seal)
    plan = plan_of(committed.method, committed.parameters, seal.at)
    return ListRecord(committed, seal.digest, seal.committed_at, plan, source)


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
    dummy = dummy_key(seed)
    lookup = yield from look_up(
        SnapshotLedger(snapshot, sampled_ledger(snapshot, committed.ledger)),
        tree_of(committed, ledgers),
        [*(by_id[ticket.id].key for ticket in tickets), dummy],
        root=committed.root,
        compare=committed.compare,
        token=token,
    )
    items, findings = [], list(weakness_of(record.source, f"list {population.name}", PROCEDURE))
    for ticket in tickets:
        item, wrong = lookup.item(by_id[ticket.id], ticket.number)
        items.append(item)
        if wrong is not None:
            findings.append(
                lookup_finding(by_id[ticket.id], item, wrong, list_name=population.name, root=committed.root)
            )
    rejected = not lookup.item(ListedItem("dummy", dummy), "")[0].reached
    if not rejected:
        message = "A made-up key that is on no list was found in the ledger."
        findings.append(
            finding("SAMPLE.DUMMY", procedure=PROCEDURE, subject=f"list {population.name}", message=message)
        )
    sample = _sample(record, population.name, typed.text, seed, tuple(items), dummy_rejected=rejected)
    return LookedUp(sample, tuple(findings))


def _sample(
    record: ListRecord, name: str, randomness: str, seed: bytes, items: tuple[DrawnItem, ...], *, dummy_rejected: bool
) -> DrawnSample:
    committed, plan = record.committed, record.plan
    return DrawnSample(
        kind="list",
        method=committed.method,
        commitment=record.digest.hex(),
        committed_at=record.committed_at,
        source=record.source.text,
        randomness=randomness,
        seed=seed.hex(),
        population=str(plan.population),
        size=str(plan.size),
        confidence=plan.confidence.text,
        tolerable=plan.tolerable.text,
        expected=plan.expected.text,
        allowed_deviations=str(plan.allowed_deviations),
        items=items,
        dummy_rejected=dummy_rejected,
        ledger=committed.ledger,
        scheme=committed.scheme,
        root=committed.root,
        list_name=name,
        list_sha256=committed.list_sha256,
    )


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
    refuse_differences(pairs)
