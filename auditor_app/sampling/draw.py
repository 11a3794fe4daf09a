"""Drawing: the seed from commitment and randomness, the leaves, and each leaf's way to the published root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Protocol

from auditor_app.errors import SamplingError
from auditor_app.findings import Finding, finding
from auditor_app.instants import parse_instant
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.ledger.source import LedgerSource
from auditor_app.merkle.inclusion import verify_inclusion
from auditor_app.merkle.result import InclusionProof, LedgerResult, RecomputedTree
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.sampling.commitment import CommitmentRecord, refuse_difference, refuse_other_snapshot
from auditor_app.sampling.dummy import dummy_of
from auditor_app.sampling.plan import MAX_SIZE
from auditor_app.sampling.randomness import Randomness, Source, read_randomness, refuse_unless_future
from auditor_app.sampling.result import SampleItem, SampleResult
from auditor_app.sampling.select import Ticket, draw_indices
from auditor_app.sampling.strata import bands_of, grow, stratified
from auditor_app.snapshot.authentic import AuthenticSnapshot

_SEED_LABEL = b"por-sample/v1"
_PROCEDURE = "sample"


def seed_of(commitment: bytes, randomness: Randomness) -> bytes:
    """SHA-256("por-sample/v1" ‖ commitment ‖ round as u64 big-endian, 0 where there is none ‖ randomness)."""
    return sha256(_SEED_LABEL + commitment + randomness.round.to_bytes(8, "big") + randomness.raw).digest()


def draw(
    record: CommitmentRecord,
    snapshot: AuthenticSnapshot,
    ledgers: Sequence[LedgerResult],
    randomness: str,
    token: CancelToken,
    *,
    extend_to: int | None = None,
) -> Operation[SampleResult]:
    """Draw the committed sample and trace each leaf, and one dummy, to the published root.

    ``ledgers`` are the recomputed ledgers of ``snapshot``; ``extend_to`` draws more leaves with the same seed and
    keeps those of the committed size. Raises :class:`SamplingError` ``SAMPLE.COMMITMENT`` or
    ``SAMPLE.RANDOMNESS`` for another snapshot, source, round or signature than the record names.
    """
    ledger = refuse_other_snapshot(record, snapshot)
    refuse_unless_future(record.source, parse_instant(record.committed_at))
    size = extended_size(record.size, record.plan.population, extend_to)
    typed = read_randomness(record.source, randomness)
    seed = seed_of(record.digest, typed)
    source = SnapshotLedger(snapshot, ledger)
    strata: Mapping[str, int] = {}
    if record.committed.strata:
        tickets, strata = yield from _within_strata(record, source, seed, size, token)
    else:
        tickets = yield from draw_indices(seed.hex(), record.plan.population, size, token)
    tracing = yield from _trace(record, tree_of(record.committed, ledgers), source, tickets, seed=seed, token=token)
    items = tuple(replace(item, stratum=strata.get(str(item.index))) for item in tracing.items)
    return _result(record, typed, seed, replace(tracing, items=items))


def extended_size(size: int, population: int, extend_to: int | None) -> int:
    """The size of an extended sample; :class:`SamplingError` ``SAMPLE.PLAN`` for one that would lose items."""
    if extend_to is None:
        return size
    if not size <= extend_to <= min(population, MAX_SIZE):
        raise SamplingError(
            "SAMPLE.PLAN",
            "the sample cannot be extended to that size",
            expected=f"{size} to {min(population, MAX_SIZE)}",
            observed=str(extend_to),
            action="An extension keeps every leaf already drawn.",
        )
    return extend_to


def _within_strata(
    record: CommitmentRecord, source: LedgerSource, seed: bytes, size: int, token: CancelToken
) -> Operation[tuple[tuple[Ticket, ...], Mapping[str, int]]]:
    """The leaves of each stratum in turn, and the stratum of each; refused where a stratum holds other leaves."""
    strata = record.committed.strata
    populations = [int(item.population) for item in strata]
    sizes = grow([int(item.size) for item in strata], populations, size)
    drawn, counted = yield from stratified(source, bands_of(strata), seed.hex(), sizes, token)
    for stratum, population in zip(strata, counted, strict=True):
        if stratum.population != str(population):
            refuse_difference(f"population of the stratum {stratum.label}", stratum.population, str(population))
    tickets = tuple(ticket for group in drawn for ticket in group)
    return tickets, {ticket.id: number for number, group in enumerate(drawn) for ticket in group}


@dataclass(frozen=True, slots=True)
class _Tracing:
    """The drawn items, whether the dummy failed as it must, and the findings."""

    items: tuple[SampleItem, ...]
    dummy_rejected: bool
    findings: tuple[Finding, ...]


def _trace(
    record: CommitmentRecord,
    tree: RecomputedTree,
    source: LedgerSource,
    tickets: Sequence[Ticket],
    *,
    seed: bytes,
    token: CancelToken,
) -> Operation[_Tracing]:
    """Build each drawn leaf's path from the recomputed tree and recalculate it to the published root."""
    root = record.committed.root
    present = [int(ticket.id) for ticket in tickets if int(ticket.id) < tree.leaf_count]
    proofs = yield from tree.prove(source, present or [0], token)
    by_index = {proof.index: proof for proof in proofs}
    items = []
    for done, ticket in enumerate(tickets):
        token.check()
        yield Progress(done, len(tickets), "leaves", "Tracing drawn leaves to the published root")
        items.append(_item(ticket, by_index.get(int(ticket.id)), root, tree.leaf_count))
    dummy_rejected = not verify_inclusion(dummy_of(proofs[0], seed, tree.leaf_count), root, tree.leaf_count)
    subject = f"ledger {source.name}"
    findings = [_missed(item, subject, root) for item in items if not item.included]
    if not dummy_rejected:
        message = "A made-up leaf that is not in the tree reached the published root."
        findings.append(finding("SAMPLE.DUMMY", procedure=_PROCEDURE, subject=subject, message=message))
    return _Tracing(tuple(items), dummy_rejected, tuple(findings))


class CommittedTree(Protocol):
    """Which tree a commitment names."""

    @property
    def ledger(self) -> str:
        """The ledger's name."""
        ...

    @property
    def scheme(self) -> str:
        """The scheme's name."""
        ...


def tree_of(committed: CommittedTree, ledgers: Sequence[LedgerResult]) -> RecomputedTree:
    """The recomputed tree of the committed ledger and scheme."""
    for result in ledgers:
        for tree in result.trees:
            if result.ledger == committed.ledger and tree.scheme == committed.scheme:
                return tree
    raise SamplingError(
        "SAMPLE.INCLUSION",
        f"no tree of scheme {committed.scheme} could be recalculated over ledger {committed.ledger}",
        action="Resolve the ledger's own findings first.",
    )


def _item(ticket: Ticket, proof: InclusionProof | None, root: str, leaf_count: int) -> SampleItem:
    key = "" if proof is None else proof.row.partition(",")[0]
    included = proof is not None and verify_inclusion(proof, root, leaf_count)
    return SampleItem(int(ticket.id), ticket.number, key, included, proof)


def _missed(item: SampleItem, subject: str, root: str) -> Finding:
    absent = item.proof is None
    return finding(
        "SAMPLE.INCLUSION",
        procedure=_PROCEDURE,
        subject=f"{subject}, leaf {item.index}",
        message="The ledger has no row for the drawn leaf."
        if absent
        else "The drawn leaf's inclusion proof does not lead to the published root.",
        expected=root,
        observed="no row" if item.proof is None else item.proof.root,
    )


def _result(record: CommitmentRecord, typed: Randomness, seed: bytes, tracing: _Tracing) -> SampleResult:
    committed, plan = record.committed, record.plan
    return SampleResult(
        ledger=committed.ledger,
        scheme=committed.scheme,
        root=committed.root,
        population=plan.population,
        size=record.size,
        confidence=plan.confidence.text,
        tolerable=plan.tolerable.text,
        expected=plan.expected.text,
        allowed_deviations=plan.allowed_deviations,
        committed_at=record.committed_at,
        commitment=record.digest.hex(),
        source=record.source.text,
        randomness=typed.text,
        seed=seed.hex(),
        items=tracing.items,
        dummy_rejected=tracing.dummy_rejected,
        findings=(*weakness_of(record.source, f"ledger {committed.ledger}"), *tracing.findings),
        method=plan.distribution.value,
        strata=committed.strata,
    )


def weakness_of(source: Source, subject: str, procedure: str = _PROCEDURE) -> tuple[Finding, ...]:
    """The note that a weaker source was used."""
    if source.weakness is None:
        return ()
    message = f"The randomness came from {source.text}. {source.weakness}"
    return (finding("SAMPLE.WEAKER_SOURCE", procedure=procedure, subject=subject, message=message),)
