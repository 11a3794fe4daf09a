"""Committing to a sample of any kind: one request for command line and window, one record out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from auditor_app.engagement.terms import InputRole
from auditor_app.errors import UsageError
from auditor_app.findings import Finding
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.sampling.commitment import commit, sampled_ledger
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.drawn import Stratum
from auditor_app.sampling.imported_list import read_list
from auditor_app.sampling.lookup import Compare
from auditor_app.sampling.plan import MAX_SIZE, AttributePlan, plan_typed
from auditor_app.sampling.reciprocal import commit_list
from auditor_app.sampling.records import AnyRecord
from auditor_app.sampling.reserves import SELECTIONS, Selection, commit_reserves, reserve_population
from auditor_app.sampling.strata import allocate, committed_strata, count_strata, parse_band
from auditor_app.sampling.stratified_limit import serves
from auditor_app.sampling.tables import read_table_file
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.trust import load_store


@dataclass(frozen=True, slots=True)
class CommitAsked:
    """A commitment as typed.

    Leaves of ``ledger`` (which may stay empty where there is one) unless ``listed`` names an imported list or ``asset``
    asks for reserve addresses. ``method`` is a distribution's name, or for addresses one of
    :data:`~auditor_app.sampling.reserves.SELECTIONS`. ``strata`` are texts such as ``BTC:1..10``; ``allocation`` is
    ``proportional``, ``equal`` or sizes. ``compare`` says what of a listed item must be in the ledger; empty: the amount
    where the list gives one.
    """

    snapshot: Path
    trust_store: Path
    method: str
    confidence: str
    tolerable: str
    expected: str
    source: str
    ledger: str | None = None
    trusted_time: str | None = None
    strata: tuple[str, ...] = ()
    allocation: str = "proportional"
    listed: Path | None = None
    compare: Literal["", "presence", "equal"] = ""
    asset: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A commitment that is ready to be written, and the findings of the snapshot on the way."""

    record: AnyRecord
    findings: tuple[Finding, ...]


def sealed(asked: CommitAsked, committed_at: str, token: CancelToken) -> Operation[Sealed]:
    """Plan and commit; nothing is written yet (:func:`~auditor_app.sampling.records.write_any`).

    ``committed_at`` is the UTC instant of asking. Raises :class:`~auditor_app.errors.SamplingError` where the plan cannot
    be computed or the source had spoken, :class:`UsageError` for parts that do not go together.
    """
    _refuse_mixtures(asked)
    yield Progress(0, None, "files", "Reading the trust store and the signatures")
    snapshot = authenticate_snapshot(
        asked.snapshot, load_store(asked.trust_store), token=token, trusted_time=asked.trusted_time
    )
    try:
        record = yield from _record(asked, snapshot, committed_at, token)
    finally:
        snapshot.members.close()
    return Sealed(record, snapshot.findings)


def paths_of(asked: CommitAsked, record: Path) -> Mapping[InputRole, Path]:
    """The files of a commitment by role, its record among them, for the journal."""
    paths: dict[InputRole, Path] = {
        "snapshot": asked.snapshot,
        "trust store": asked.trust_store,
        "sample record": record,
    }
    if asked.listed is not None:
        paths["sample list"] = asked.listed
    return paths


def _refuse_mixtures(asked: CommitAsked) -> None:
    kinds = [bool(asked.strata), asked.listed is not None, bool(asked.asset)]
    if sum(kinds) > 1:
        raise UsageError(
            "USAGE",
            "strata, a list and reserve addresses do not go together",
            action="Commit to one sample at a time.",
        )
    if asked.compare and asked.listed is None:
        raise UsageError("USAGE", "what to compare goes with a list", action="Name the list.")
    known = SELECTIONS if asked.asset else tuple(item.value for item in Distribution)
    if asked.method not in known:
        raise UsageError(
            "USAGE", "this method does not fit what is sampled", expected=" | ".join(known), observed=asked.method[:40]
        )


def _record(
    asked: CommitAsked, snapshot: AuthenticSnapshot, committed_at: str, token: CancelToken
) -> Operation[AnyRecord]:
    rates = {"confidence": asked.confidence, "tolerable": asked.tolerable, "expected": asked.expected}
    if asked.asset:
        return commit_reserves(
            snapshot,
            reserve_population(snapshot, asked.asset, token),
            selection=cast("Selection", asked.method),
            source=asked.source,
            committed_at=committed_at,
            **rates,
        )
    distribution = Distribution(asked.method)
    if asked.listed is not None:
        population = read_list(read_table_file(asked.listed, token=token), token)
        compare: Compare = asked.compare or ("equal" if population.has_amounts else "presence")
        return commit_list(
            snapshot,
            population,
            ledger=asked.ledger,
            compare=compare,
            distribution=distribution,
            source=asked.source,
            committed_at=committed_at,
            **rates,
        )
    strata: tuple[Stratum, ...] = ()
    if asked.strata:
        strata = yield from _strata(asked, snapshot, distribution, token)
    return commit(
        snapshot,
        ledger=asked.ledger,
        distribution=distribution,
        source=asked.source,
        committed_at=committed_at,
        strata=strata,
        **rates,
    )


def _strata(
    asked: CommitAsked, snapshot: AuthenticSnapshot, distribution: Distribution, token: CancelToken
) -> Operation[tuple[Stratum, ...]]:
    """The strata, counted in the signed ledger and allocated."""
    bands = tuple(parse_band(text) for text in asked.strata)
    ledger = sampled_ledger(snapshot, asked.ledger)
    plan = plan_typed(
        distribution,
        confidence=asked.confidence,
        tolerable=asked.tolerable,
        expected=asked.expected,
        population=int(ledger.row_count),
    )
    populations = yield from count_strata(SnapshotLedger(snapshot, ledger), bands, token)
    return committed_strata(bands, populations, _sizes(plan, populations, asked.allocation))


def _sizes(plan: AttributePlan, populations: Sequence[int], how: str) -> tuple[int, ...]:
    """The allocation of the plan's size; not typed, of as many more as bound the rate below the tolerable one.

    Strata cost a few items: the limit holds for the strata together, with the deviations that the plan allows.
    """
    sizes = allocate(plan.size, populations, how)
    largest = min(sum(populations), MAX_SIZE)
    while how in ("proportional", "equal") and sum(sizes) < largest and not serves(plan, populations, sizes):
        sizes = allocate(sum(sizes) + 1, populations, how)
    return sizes
