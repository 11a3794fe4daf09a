"""The commitment record: what will be drawn from what, how, and by which source that has not spoken yet.

The digest is SHA-256 over the RFC 8785 bytes of the record's ``committed`` object; it enters the seed, so another
plan, ledger or source draws other leaves. ``committedAt`` stands beside it: the time is the word of whoever kept
the record. Handing the digest to the client before the source speaks makes it more than that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import msgspec

from auditor_app import strict_json
from auditor_app.errors import Location, SamplingError
from auditor_app.files import read_capped, write_new
from auditor_app.instants import parse_instant
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.plan import AttributePlan, plan_attribute
from auditor_app.sampling.randomness import Source, parse_source, refuse_unless_future
from auditor_app.sampling.rates import parse_rate
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.statement import Closed, Count, Hex64, Instant, Ledger, Name

FORMAT: Literal["por-sample/v1"] = "por-sample/v1"
SAMPLER: Literal["rivest-consistent-sampler"] = "rivest-consistent-sampler"
_MAX_BYTES = 64 * 1024

RateText = Annotated[str, msgspec.Meta(pattern=r"^(0|1|0\.[0-9]{1,32})\Z")]
Positive = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,18}\Z")]


class Parameters(Closed, frozen=True, kw_only=True):
    """The attribute plan: rates as exact decimals, the population it was made for, and what came out."""

    confidence: RateText
    tolerable: RateText
    expected: RateText
    population: Positive
    size: Positive
    allowed_deviations: Count
    sampler: Literal["rivest-consistent-sampler"]


class Committed(Closed, frozen=True, kw_only=True):
    """Exactly what the digest covers; ``source`` holds the members of the source's kind."""

    format: Literal["por-sample/v1"]
    snapshot_payload_sha256: Hex64 = msgspec.field(name="snapshotPayloadSha256")
    ledger: Name
    scheme: Name
    root: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16,128}\Z")]
    leaf_count: Count
    order: Literal["id-ascending", "tree"]
    method: Literal["attribute-binomial", "attribute-hypergeometric", "attribute-poisson"]
    parameters: Parameters
    source: dict[
        Annotated[str, msgspec.Meta(max_length=32)], Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    ]


class _Record(Closed, frozen=True, kw_only=True):
    committed: Committed
    commitment_sha256: Hex64 = msgspec.field(name="commitmentSha256")
    committed_at: Instant


@dataclass(frozen=True, slots=True)
class CommitmentRecord:
    """A commitment that was inspected: its digest is recomputed, its plan recalculated, its source in its future."""

    committed: Committed
    digest: bytes
    committed_at: str
    plan: AttributePlan
    source: Source


def digest_of(committed: Committed) -> bytes:
    """SHA-256 over the RFC 8785 bytes."""
    return sha256(strict_json.canonical(msgspec.to_builtins(committed))).digest()


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
) -> CommitmentRecord:
    """Plan a sample of one ledger's leaves and fix it before the source speaks.

    ``ledger`` may be left out where there is one. The population is the ledger's row count. Raises
    :class:`SamplingError` where the plan cannot be computed or the source had spoken by ``committed_at``.
    """
    named = parse_source(source)
    refuse_unless_future(named, parse_instant(committed_at))
    chosen = _ledger(snapshot, ledger)
    _refuse_past_block(named, snapshot)
    claim = chosen.commitments[0]
    plan = plan_attribute(
        distribution,
        confidence=parse_rate(confidence, name="confidence"),
        tolerable=parse_rate(tolerable, name="tolerable rate"),
        expected=parse_rate(expected, name="expected rate"),
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
        method=_METHODS[distribution],
        parameters=_parameters(plan),
        source=dict(named.committed),
    )
    return CommitmentRecord(committed, digest_of(committed), committed_at, plan, named)


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


_METHODS: dict[Distribution, Literal["attribute-binomial", "attribute-hypergeometric", "attribute-poisson"]] = {
    Distribution.BINOMIAL: "attribute-binomial",
    Distribution.HYPERGEOMETRIC: "attribute-hypergeometric",
    Distribution.POISSON: "attribute-poisson",
}


def _parameters(plan: AttributePlan) -> Parameters:
    return Parameters(
        confidence=plan.confidence.text,
        tolerable=plan.tolerable.text,
        expected=plan.expected.text,
        population=str(plan.population),
        size=str(plan.size),
        allowed_deviations=str(plan.allowed_deviations),
        sampler=SAMPLER,
    )


def _ledger(snapshot: AuthenticSnapshot, name: str | None) -> Ledger:
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


def write_record(record: CommitmentRecord, path: Path) -> None:
    """Write the record as JSON; a file of that name is never replaced."""
    document = msgspec.to_builtins(
        _Record(committed=record.committed, commitment_sha256=record.digest.hex(), committed_at=record.committed_at)
    )
    write_new(path, (json.dumps(document, indent=2) + "\n").encode("utf-8"), code="SAMPLE.COMMITMENT")


def load_record(path: Path) -> CommitmentRecord:
    """Read and inspect a record; :class:`SamplingError` ``SAMPLE.COMMITMENT`` unless it holds in itself.

    The digest is recomputed, the plan is recalculated from its rates, and the source must not have spoken by
    the record's time.
    """
    at = Location(path.name)
    data = read_capped(path, max_bytes=_MAX_BYTES, code="SAMPLE.COMMITMENT")
    document = strict_json.parse(data, file=path.name, code="SAMPLE.COMMITMENT", max_bytes=_MAX_BYTES)
    try:
        record = msgspec.convert(document, _Record)
        parse_instant(record.committed_at)
    except (msgspec.ValidationError, ValueError) as error:
        raise SamplingError("SAMPLE.COMMITMENT", f"this is no commitment record: {error}", at=at) from None
    digest = digest_of(record.committed)
    if digest.hex() != record.commitment_sha256:
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            "the commitment record was altered",
            at=at,
            expected=record.commitment_sha256,
            observed=digest.hex(),
            action="Use the record as it was written.",
        )
    source = _source(record.committed, at)
    refuse_unless_future(source, parse_instant(record.committed_at))
    return CommitmentRecord(record.committed, digest, record.committed_at, _plan(record.committed, at), source)


def _source(committed: Committed, at: Location) -> Source:
    """The named source, its members compared with what its kind commits to."""
    members = committed.source
    order = ("kind", "chain", "round", "height", "auditor", "client")
    source = parse_source(":".join(members[key] for key in order if key in members))
    if source.committed != members:
        raise SamplingError("SAMPLE.COMMITMENT", "the record names its source in another form than this program", at=at)
    return source


def _plan(committed: Committed, at: Location) -> AttributePlan:
    """The plan recalculated from the committed rates; refused if another size or allowance was committed."""
    wanted = committed.parameters
    plan = plan_attribute(
        Distribution(committed.method.removeprefix("attribute-")),
        confidence=parse_rate(wanted.confidence, name="confidence"),
        tolerable=parse_rate(wanted.tolerable, name="tolerable rate"),
        expected=parse_rate(wanted.expected, name="expected rate"),
        population=int(wanted.population),
    )
    if _parameters(plan) != wanted:
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
        _refuse_difference("snapshot", committed.snapshot_payload_sha256, snapshot.payload_sha256)
    ledger = _ledger(snapshot, committed.ledger)
    claim = ledger.commitments[0]
    pairs = (
        ("scheme", committed.scheme, claim.scheme),
        ("root", committed.root, claim.root),
        ("leaf count", committed.leaf_count, claim.leaf_count),
        ("order", committed.order, ledger.order),
        ("population", committed.parameters.population, ledger.row_count),
    )
    for name, expected, observed in pairs:
        if expected != observed:
            _refuse_difference(name, expected, observed)
    return ledger


def _refuse_difference(name: str, expected: str, observed: str) -> NoReturn:
    raise SamplingError(
        "SAMPLE.COMMITMENT",
        f"the commitment is to another {name}",
        expected=expected,
        observed=observed,
        action="Draw from the snapshot that was committed to.",
    )
