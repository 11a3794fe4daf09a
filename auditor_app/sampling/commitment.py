"""The commitment record: what will be drawn from what, how, and by which source that has not spoken yet.

The digest is SHA-256 over the RFC 8785 bytes of the record's ``committed`` object; it enters the seed, so another
plan, ledger or source draws other leaves. ``committedAt`` stands beside it: the time is the word of whoever kept
the record. Handing the digest to the client before the source speaks makes it more than that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import msgspec

from auditor_app.errors import NOWHERE, Location, SamplingError
from auditor_app.instants import parse_instant
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.drawn import Positive, RateText, Stratum
from auditor_app.sampling.plan import AttributePlan, plan_typed
from auditor_app.sampling.randomness import Source, parse_source, refuse_unless_future
from auditor_app.sampling.sealing import Seal, digest_of, read_seal
from auditor_app.sampling.strata import MAX_STRATA
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.statement import Closed, Count, Hex64, Ledger, Name

FORMAT: Literal["por-sample/v1"] = "por-sample/v1"
SAMPLER: Literal["rivest-consistent-sampler"] = "rivest-consistent-sampler"
OTHER_FORMATS = {"por-sample-list/v1": "an imported list", "por-sample-reserves/v1": "reserve addresses"}


SourceMembers = dict[
    Annotated[str, msgspec.Meta(max_length=32)], Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
]
AttributeMethod = Literal["attribute-binomial", "attribute-hypergeometric", "attribute-poisson"]


class Parameters(Closed, frozen=True, kw_only=True):
    """The attribute plan: rates as exact decimals, the population it was made for, and what came out."""

    confidence: RateText
    tolerable: RateText
    expected: RateText
    population: Positive
    size: Positive
    allowed_deviations: Count
    sampler: Literal["rivest-consistent-sampler"]


class Committed(Closed, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly what the digest covers; ``source`` holds the members of the source's kind.

    ``strata`` are there only where the sample is stratified: then their sizes are drawn, each from its own stratum.
    """

    format: Literal["por-sample/v1"]
    snapshot_payload_sha256: Hex64 = msgspec.field(name="snapshotPayloadSha256")
    ledger: Name
    scheme: Name
    root: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16,128}\Z")]
    leaf_count: Count
    order: Literal["id-ascending", "tree"]
    method: AttributeMethod
    parameters: Parameters
    source: SourceMembers
    strata: Annotated[tuple[Stratum, ...], msgspec.Meta(max_length=MAX_STRATA + 1)] = ()


@dataclass(frozen=True, slots=True)
class CommitmentRecord:
    """A commitment that was inspected: its digest is recomputed, its plan recalculated, its source in its future."""

    committed: Committed
    digest: bytes
    committed_at: str
    plan: AttributePlan
    source: Source

    @property
    def size(self) -> int:
        """How many leaves are drawn: the plan's size, or the strata's sizes together."""
        strata = self.committed.strata
        return sum(int(item.size) for item in strata) if strata else self.plan.size


def commit(
    snapshot: AuthenticSnapshot,
    *,
    ledger: str | None,
    distribution: Distribution,
    confidence: str,
    tolerable: str,
    expected: str,
    source: str,
    committed_at: str,
    strata: tuple[Stratum, ...] = (),
) -> CommitmentRecord:
    """Plan a sample of one ledger's leaves and fix it before the source speaks.

    ``ledger`` may be left out where there is one. The population is the ledger's row count; ``strata`` are counted and
    allocated already (:mod:`auditor_app.sampling.strata`). Raises
    :class:`SamplingError` where the plan cannot be computed or the source had spoken by ``committed_at``.
    """
    named = future_source(source, committed_at, snapshot)
    chosen = sampled_ledger(snapshot, ledger)
    claim = chosen.commitments[0]
    plan = plan_typed(
        distribution,
        confidence=confidence,
        tolerable=tolerable,
        expected=expected,
        population=int(chosen.row_count),
    )
    committed = Committed(
        format=FORMAT,
        snapshot_payload_sha256=snapshot.payload_sha256,
        ledger=chosen.name,
        scheme=claim.scheme,
        root=claim.root,
        leaf_count=claim.leaf_count,
        order=chosen.order,
        method=METHODS[distribution],
        parameters=parameters_of(plan),
        source=dict(named.committed),
        strata=strata,
    )
    _refuse_strata(committed, plan)
    return CommitmentRecord(committed, digest_of(committed), committed_at, plan, named)


def _refuse_strata(committed: Committed, plan: AttributePlan, at: Location = NOWHERE) -> None:
    """Strata hold every leaf once, and at least as many are drawn as the plan asks for."""
    strata = committed.strata
    if not strata:
        return
    held, drawn = sum(int(item.population) for item in strata), sum(int(item.size) for item in strata)
    unfit = held != plan.population or drawn < plan.size or any(int(i.size) > int(i.population) for i in strata)
    if unfit or strata[-1].asset or not all(item.asset and item.low for item in strata[:-1]):
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            "the strata do not fit the plan",
            at=at,
            expected=f"{plan.population} leaves, at least {plan.size} drawn",
            observed=f"{held} leaves, {drawn} drawn",
            action="Commit again with this program.",
        )


def future_source(text: str, committed_at: str, snapshot: AuthenticSnapshot) -> Source:
    """The source that was typed; :class:`SamplingError` where it had spoken by ``committed_at``, or the snapshot knew it."""
    named = parse_source(text)
    refuse_unless_future(named, parse_instant(committed_at))
    _refuse_past_block(named, snapshot)
    return named


def _refuse_past_block(source: Source, snapshot: AuthenticSnapshot) -> None:
    """A block at or below the one that the snapshot itself names existed before it: its hash was known."""
    named = snapshot.statement.predicate.chains.get(source.committed.get("chain", ""))
    if source.kind != "block" or named is None or int(source.committed["height"]) > int(named.block_height):
        return
    raise SamplingError(
        "SAMPLE.COMMITMENT",
        f"the source {source.text} had spoken by the time of the commitment",
        expected=f"a height well above {named.block_height}, which the snapshot names",
        observed=source.committed["height"],
        action="Commit to a block that lies in the future.",
    )


METHODS: dict[Distribution, AttributeMethod] = {
    Distribution.BINOMIAL: "attribute-binomial",
    Distribution.HYPERGEOMETRIC: "attribute-hypergeometric",
    Distribution.POISSON: "attribute-poisson",
}


def parameters_of(plan: AttributePlan) -> Parameters:
    """The plan as a commitment holds it."""
    return Parameters(
        confidence=plan.confidence.text,
        tolerable=plan.tolerable.text,
        expected=plan.expected.text,
        population=str(plan.population),
        size=str(plan.size),
        allowed_deviations=str(plan.allowed_deviations),
        sampler=SAMPLER,
    )


def sampled_ledger(snapshot: AuthenticSnapshot, name: str | None) -> Ledger:
    """The ledger to sample: the named one, or the only one; refused where no root was published over it."""
    ledgers = snapshot.statement.predicate.ledgers
    chosen = [item for item in ledgers if name is None or item.name == name]
    names = ", ".join(item.name for item in ledgers)
    if len(chosen) != 1:
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            "the ledger to sample is not named" if name is None else f"there is no ledger {name!r}",
            expected=f"one of {names}" if names else "a ledger",
            action="Name one with --ledger." if names else "This snapshot holds no ledger.",
        )
    if not chosen[0].commitments:
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            f"no root was published over ledger {chosen[0].name}",
            action="Sample a ledger with a commitment: leaves are traced to its root.",
        )
    return chosen[0]


def load_record(path: Path) -> CommitmentRecord:
    """Read and inspect a record; :class:`SamplingError` ``SAMPLE.COMMITMENT`` unless it holds in itself.

    The digest is recomputed, the plan is recalculated from its rates, and the source must not have spoken by
    the record's time.
    """
    return opened(read_seal(path))


def opened(seal: Seal) -> CommitmentRecord:
    """A sealed record of leaves, inspected as :func:`load_record` says."""
    at = seal.at
    if seal.format in OTHER_FORMATS:
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            f"this is a commitment to {OTHER_FORMATS[seal.format]}, not to a sample of leaves",
            at=at,
            action="Draw it with: sample draw.",
        )
    committed = seal.opened(Committed)
    source = source_of(committed.source, seal)
    plan = plan_of(committed.method, committed.parameters, at)
    _refuse_strata(committed, plan, at)
    return CommitmentRecord(committed, seal.digest, seal.committed_at, plan, source)


def source_of(members: SourceMembers, seal: Seal) -> Source:
    """The named source, its members compared with what its kind commits to, and still silent at the record's time."""
    order = ("kind", "chain", "round", "height", "auditor", "client")
    source = parse_source(":".join(members[key] for key in order if key in members))
    if source.committed != members:
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            "the record names its source in another form than this program",
            at=seal.at,
            action="Use the record as it was written.",
        )
    refuse_unless_future(source, parse_instant(seal.committed_at))
    return source


def plan_of(method: AttributeMethod, wanted: Parameters, at: Location) -> AttributePlan:
    """The plan recalculated from the committed rates; refused if another size or allowance was committed."""
    plan = plan_typed(
        Distribution(method.removeprefix("attribute-")),
        confidence=wanted.confidence,
        tolerable=wanted.tolerable,
        expected=wanted.expected,
        population=int(wanted.population),
    )
    if parameters_of(plan) != wanted:
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            "the committed sample size is not the one its rates give",
            at=at,
            expected=f"{plan.size} items, {plan.allowed_deviations} deviations allowed",
            observed=f"{wanted.size} items, {wanted.allowed_deviations} deviations allowed",
            action="Commit again with this program.",
        )
    return plan


def refuse_other_snapshot(record: CommitmentRecord, snapshot: AuthenticSnapshot) -> Ledger:
    """The committed ledger of ``snapshot``; refused if anything that was committed to differs from it."""
    committed = record.committed
    if committed.snapshot_payload_sha256 != snapshot.payload_sha256:
        refuse_difference("snapshot", committed.snapshot_payload_sha256, snapshot.payload_sha256)
    ledger = sampled_ledger(snapshot, committed.ledger)
    claim = ledger.commitments[0]
    pairs = (
        ("scheme", committed.scheme, claim.scheme),
        ("root", committed.root, claim.root),
        ("leaf count", committed.leaf_count, claim.leaf_count),
        ("order", committed.order, ledger.order),
        ("population", committed.parameters.population, ledger.row_count),
    )
    refuse_differences(pairs)
    return ledger


def refuse_differences(pairs: Iterable[tuple[str, str, str]]) -> None:
    """Refuse a draw where a thing's name, what was committed to and what is there now do not agree."""
    for name, expected, observed in pairs:
        if expected != observed:
            refuse_difference(name, expected, observed)


def refuse_difference(name: str, expected: str, observed: str) -> NoReturn:
    """Refuse a draw from something else than what was committed to."""
    raise SamplingError(
        "SAMPLE.COMMITMENT",
        f"the commitment is to another {name}",
        expected=expected,
        observed=observed,
        action="Draw from the snapshot that was committed to.",
    )
