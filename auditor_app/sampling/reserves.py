"""Monetary-unit samples of reserve addresses: committed to like leaves, drawn from the signed list of one asset.

Each base unit of the claimed balances is a sampling unit. Addresses of at least one interval are certain: inspected
whole and never extrapolated. The method finds overstatement, which is the risk in reserves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

import msgspec

from auditor_app.amounts import Amount
from auditor_app.errors import Location, SamplingError
from auditor_app.findings import finding
from auditor_app.operation import CancelToken
from auditor_app.sampling.commitment import (
    SourceMembers,
    future_source,
    refuse_differences,
    source_of,
)
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.draw import seed_of, weakness_of
from auditor_app.sampling.drawn import DrawnItem, DrawnSample, Positive, RateText
from auditor_app.sampling.dummy import dummy_key
from auditor_app.sampling.monetary import MonetarySelection, cell, fixed_interval, random_start, random_units
from auditor_app.sampling.plan import MAX_SIZE, allowed_deviations, monetary_size
from auditor_app.sampling.randomness import Source, read_randomness
from auditor_app.sampling.rates import Rate, parse_rate
from auditor_app.sampling.reciprocal import LookedUp
from auditor_app.sampling.sealing import Seal, digest_of
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.members import read_addresses
from auditor_app.snapshot.statement import Closed, Decimals, Hex64, Name

FORMAT: Literal["por-sample-reserves/v1"] = "por-sample-reserves/v1"
Selection = Literal["fixed-interval", "cell", "random"]
SELECTIONS: tuple[Selection, ...] = ("fixed-interval", "cell", "random")
_PROCEDURE = "sample-reserves"


class MonetaryParameters(Closed, frozen=True, kw_only=True):
    """The monetary-unit plan: shares of the book value as exact rates, and the units to draw."""

    confidence: RateText
    tolerable: RateText
    expected: RateText
    size: Positive


class CommittedReserves(Closed, frozen=True, kw_only=True):
    """Exactly what the digest covers: the signed list by its digest, its total in base units, plan and source."""

    format: Literal["por-sample-reserves/v1"]
    snapshot_payload_sha256: Hex64
    asset: Name
    decimals: Decimals
    addresses_sha256: Hex64
    accounts: Positive
    total: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,79}\Z")]
    method: Literal["monetary-fixed-interval", "monetary-cell", "monetary-random"]
    parameters: MonetaryParameters
    source: SourceMembers


@dataclass(frozen=True, slots=True)
class ReserveRecord:
    """A commitment to a sample of reserve addresses, inspected."""

    committed: CommittedReserves
    digest: bytes
    committed_at: str
    source: Source

    @property
    def size(self) -> int:
        """How many monetary units are drawn."""
        return int(self.committed.parameters.size)


@dataclass(frozen=True, slots=True)
class ReservePopulation:
    """The accounts of one asset in the order of the signed list, and their claimed balances in base units."""

    asset: str
    decimals: int
    sha256: str
    claimed: Mapping[str, int]

    @property
    def total(self) -> int:
        """All claimed balances, in base units."""
        return sum(self.claimed.values())


def reserve_population(snapshot: AuthenticSnapshot, asset: str, token: CancelToken) -> ReservePopulation:
    """The signed list's accounts of ``asset``; rows of one account count together.

    :class:`SamplingError` ``SAMPLE.PLAN`` where the snapshot claims nothing in it.
    """
    predicate = snapshot.statement.predicate
    decimals = next((item.decimals for item in predicate.assets if item.symbol == asset), None)
    claimed: dict[str, int] = {}
    held: set[str] = set()
    digest = ""
    if predicate.reserves is not None:
        member = predicate.reserves.addresses
        digest = next(item.digest.sha256 for item in snapshot.statement.subject if item.name == member)
        for row in read_addresses(snapshot.members.read(member, token), member):
            held |= {row.asset} if row.claimed else set()
            if row.asset == asset:
                claimed[row.account] = claimed.get(row.account, 0) + row.claimed
    if decimals is None or not sum(claimed.values()):
        raise SamplingError(
            "SAMPLE.PLAN",
            f"the snapshot claims no reserves in {asset[:64]!r}",
            at=Location(snapshot.file_name),
            expected=", ".join(sorted(held)) or "a list of reserve addresses",
            action="Name an asset that it claims.",
        )
    return ReservePopulation(asset, decimals, digest, claimed)


def commit_reserves(
    snapshot: AuthenticSnapshot,
    population: ReservePopulation,
    *,
    selection: Selection,
    confidence: str,
    tolerable: str,
    expected: str,
    source: str,
    committed_at: str,
) -> ReserveRecord:
    """Plan a monetary-unit sample and fix it before the source speaks; errors as for a commitment to leaves."""
    named = future_source(source, committed_at, snapshot)
    rates = [
        parse_rate(text, name=name)
        for text, name in ((confidence, "confidence"), (tolerable, "tolerable rate"), (expected, "expected rate"))
    ]
    committed = CommittedReserves(
        format=FORMAT,
        snapshot_payload_sha256=snapshot.payload_sha256,
        asset=population.asset,
        decimals=population.decimals,
        addresses_sha256=population.sha256,
        accounts=str(len(population.claimed)),
        total=str(population.total),
        method=_METHODS[selection],
        parameters=_parameters(*rates),
        source=dict(named.committed),
    )
    return ReserveRecord(committed, digest_of(committed), committed_at, named)


_METHODS: dict[Selection, Literal["monetary-fixed-interval", "monetary-cell", "monetary-random"]] = {
    "fixed-interval": "monetary-fixed-interval",
    "cell": "monetary-cell",
    "random": "monetary-random",
}


def _parameters(confidence: Rate, tolerable: Rate, expected: Rate) -> MonetaryParameters:
    size = monetary_size(confidence.value, tolerable.value, expected.value)
    return MonetaryParameters(
        confidence=confidence.text, tolerable=tolerable.text, expected=expected.text, size=str(size)
    )


def opened_reserves(seal: Seal) -> ReserveRecord:
    """A sealed record of reserve addresses, inspected: digest, plan and source recalculated."""
    committed = seal.opened(CommittedReserves)
    source = source_of(committed.source, seal)
    wanted = committed.parameters
    planned = _parameters(
        parse_rate(wanted.confidence, name="confidence"),
        parse_rate(wanted.tolerable, name="tolerable rate"),
        parse_rate(wanted.expected, name="expected rate"),
    )
    if planned != wanted:
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            "the committed sample size is not the one its rates give",
            at=seal.at,
            expected=f"{planned.size} units",
            observed=f"{wanted.size} units",
            action="Commit again with this program.",
        )
    return ReserveRecord(committed, seal.digest, seal.committed_at, source)


def draw_reserves(
    record: ReserveRecord,
    snapshot: AuthenticSnapshot,
    population: ReservePopulation,
    randomness: str,
    *,
    extend_to: int | None = None,
) -> LookedUp:
    """Draw the committed units and the addresses that they fall in.

    A made-up account goes the same way and must not be in the list. Only random units can be extended: other
    selections lay their units anew for another size. Errors as for a draw of leaves.
    """
    committed = record.committed
    _refuse_others(committed, snapshot, population)
    size = _size(record, extend_to)
    typed = read_randomness(record.source, randomness)
    seed = seed_of(record.digest, typed)
    accounts, values = list(population.claimed), list(population.claimed.values())
    selection = _select(committed.method, values, size, seed)
    rejected = f"{accounts[0]}-{dummy_key(seed)}" not in population.claimed
    subject = f"addresses of {population.asset}"
    findings = list(weakness_of(record.source, subject, _PROCEDURE))
    if not rejected:
        message = "A made-up account was found in the list of reserve addresses."
        findings.append(finding("SAMPLE.DUMMY", procedure=_PROCEDURE, subject=subject, message=message))
    wanted, unit = committed.parameters, 10**population.decimals
    confidence, tolerable = (
        parse_rate(wanted.confidence, name="confidence"),
        parse_rate(wanted.tolerable, name="tolerable rate"),
    )
    allowed = allowed_deviations(Distribution.POISSON, size, confidence.value, tolerable.value)
    sample = DrawnSample(
        kind="reserves",
        method=committed.method,
        commitment=record.digest.hex(),
        committed_at=record.committed_at,
        source=record.source.text,
        randomness=typed.text,
        seed=seed.hex(),
        population=committed.accounts,
        size=str(size),
        confidence=wanted.confidence,
        tolerable=wanted.tolerable,
        expected=wanted.expected,
        allowed_deviations=str(allowed),
        items=_items(population, selection),
        dummy_rejected=rejected,
        asset=population.asset,
        total=str(Fraction(population.total, unit)),
        interval=str(selection.interval / unit),
    )
    return LookedUp(sample, tuple(findings))


def _items(population: ReservePopulation, selection: MonetarySelection) -> tuple[DrawnItem, ...]:
    """The accounts that drawn units fall in, each once with how often it was hit."""
    accounts = list(population.claimed.items())
    return tuple(
        DrawnItem(
            id=account,
            key=account,
            reached=account in population.claimed,
            book={population.asset: Amount(value, population.decimals).plain()},
            times=hit.times,
            certain=hit.certain,
        )
        for hit in selection.hits
        for account, value in (accounts[hit.index],)
    )


def _size(record: ReserveRecord, extend_to: int | None) -> int:
    if extend_to is None:
        return record.size
    if record.committed.method != "monetary-random" or not record.size <= extend_to <= MAX_SIZE:
        raise SamplingError(
            "SAMPLE.PLAN",
            "the sample cannot be extended to that size",
            expected="random units, and no fewer than were drawn",
            observed=f"{extend_to} units, {record.committed.method}",
            action="Fixed intervals and cells are laid anew for another size: commit to another sample.",
        )
    return extend_to


def _select(method: str, values: list[int], size: int, seed: bytes) -> MonetarySelection:
    if method == "monetary-fixed-interval":
        return fixed_interval(values, size, random_start(values, size, seed))
    return cell(values, size, seed) if method == "monetary-cell" else random_units(values, size, seed)


def _refuse_others(committed: CommittedReserves, snapshot: AuthenticSnapshot, population: ReservePopulation) -> None:
    pairs = (
        ("snapshot", committed.snapshot_payload_sha256, snapshot.payload_sha256),
        ("asset", committed.asset, population.asset),
        ("list of addresses", committed.addresses_sha256, population.sha256),
        ("number of accounts", committed.accounts, str(len(population.claimed))),
        ("total", committed.total, str(population.total)),
        ("number of decimals", str(committed.decimals), str(population.decimals)),
    )
    refuse_differences(pairs)
