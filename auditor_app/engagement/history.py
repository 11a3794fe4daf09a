"""The series of an issuer's snapshots: rates and totals over time, and what should not have changed but did.

Made from the kept results of runs, so that it needs no file again. Snapshots are told apart by the digest of what was
signed; roots that were typed at different times stand beside each other even for one snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec

from auditor_app.engagement.file import EngagementFile
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.results import read_result
from auditor_app.errors import EngagementError
from auditor_app.findings import Finding, Severity, finding
from auditor_app.instants import parse_instant
from auditor_app.snapshot.statement import Count, Instant
from auditor_app.typed import typed

HISTORY = "history"
"""The procedure that compares an issuer's snapshots; what the findings here carry."""
Link = Literal["first", "in order", "broken"]


@dataclass(frozen=True, slots=True)
class AssetPoint:
    """One asset at one instant, in base units; ``rate`` in percent, rounded down, as in the coverage table."""

    asset: str
    decimals: int
    liabilities: int | None
    observed: int | None
    rate: str | None

    @property
    def difference(self) -> int | None:
        """Observed less gross liabilities; ``None`` where one of them is not known."""
        return None if self.observed is None or self.liabilities is None else self.observed - self.liabilities


@dataclass(frozen=True, slots=True)
class RootSeen:
    """A root for one ledger and scheme; ``source`` is ``snapshot`` or ``typed``."""

    ledger: str
    scheme: str
    parameters: tuple[tuple[str, str], ...]
    root: str
    source: str


@dataclass(frozen=True, slots=True)
class SnapshotPoint:
    """One run's snapshot as a point of the series; ``signatures`` are (account, SHA-256) pairs."""

    issuer: str
    snapshot_id: str
    sequence: int
    as_of: str
    payload_sha256: str
    previous: str | None
    leaf_counts: tuple[tuple[str, int], ...]
    assets: tuple[AssetPoint, ...]
    accounts: frozenset[str]
    roots: tuple[RootSeen, ...]
    signatures: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Movement:
    """Reserve accounts that stand in one snapshot and not in the one before, and the other way round."""

    as_of: str
    came: tuple[str, ...]
    went: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepeatedSignature:
    """One signature of control in several snapshots; ``every`` where it stands in all of them."""

    sha256: str
    accounts: tuple[str, ...]
    seen: tuple[str, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class History:
    """The whole series, oldest first; ``points`` holds each snapshot once, as last run."""

    points: tuple[SnapshotPoint, ...]
    movements: tuple[Movement, ...]
    repeated: tuple[RepeatedSignature, ...]
    findings: tuple[Finding, ...]
    roots: tuple[tuple[SnapshotPoint, RootSeen], ...] = ()
    """Each distinct root that any run saw, with the point of that run, by instant."""

    def assets(self) -> tuple[str, ...]:
        """Every asset of any snapshot, in order of first appearance."""
        return tuple(dict.fromkeys(item.asset for point in self.points for item in point.assets))

    def series(self, asset: str) -> tuple[tuple[str, AssetPoint | None], ...]:
        """Instant and point of one asset, ``None`` where a snapshot does not hold it."""
        return tuple(
            (point.as_of, next((item for item in point.assets if item.asset == asset), None)) for point in self.points
        )

    def link(self, point: SnapshotPoint) -> Link:
        """How ``point`` follows the one before it, as the findings of the chain say."""
        if any((item.code, item.subject) == ("FRESH.ROLLBACK", _subject(point)) for item in self.findings):
            return "broken"
        return "first" if point is self.points[0] else "in order"

    def movement(self, point: SnapshotPoint) -> Movement | None:
        """What came and went since the snapshot before; ``None`` for the first."""
        at = self.points.index(point)
        return self.movements[at - 1] if at else None


def history_of(book: EngagementFile, issuer: str | None = None) -> History:
    """The history that an engagement's runs amount to; one issuer's, which is to be named where there are several."""
    points = _recorded(book.papers, book.document)
    issuers = sorted({point.issuer for point in points})
    if issuer is None and len(issuers) > 1:
        raise EngagementError(
            "ENGAGEMENT.REFUSED",
            "the engagement holds snapshots of several issuers",
            expected=", ".join(issuers)[:500],
            action="Name one with --issuer.",
        )
    return history([point for point in points if issuer is None or point.issuer == issuer])


def reported_history(papers: Papers | None, kept: Callable[[str], bytes], issuer: str) -> History | None:
    """The history that a report on ``issuer`` prints, from the papers and their kept results alone.

    ``None`` with fewer than two of its snapshots, or where the procedure was left out of those agreed.
    """
    if papers is None or any(item.key == HISTORY and not item.agreed for item in papers.procedures):
        return None
    if sum(run.action.subject.issuer == issuer for run in papers.runs) < 2:
        return None
    made = history([point for point in _recorded(papers, kept) if point.issuer == issuer])
    return made if len(made.points) > 1 else None


def _recorded(papers: Papers, kept: Callable[[str], bytes]) -> list[SnapshotPoint]:
    return [point_of(read_result(kept(run.action.result))) for run in papers.runs]


_Whole = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,100}\Z")]
_Percent = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,100}(\.[0-9]{1,20})?\Z")]


class _Snapshot(msgspec.Struct, frozen=True, rename="camel"):
    issuer: str
    id: str
    sequence: Count
    as_of: Instant
    payload_sha256: str


class _Ledger(msgspec.Struct, frozen=True):
    name: str
    rows: Count


class _Asset(msgspec.Struct, frozen=True):
    asset: str
    decimals: Annotated[int, msgspec.Meta(ge=0, le=255)]
    liabilities: _Whole | None
    observed: _Whole | None
    rate: _Percent | None


class _Address(msgspec.Struct, frozen=True):
    account: str


class _Commitment(msgspec.Struct, frozen=True, rename="camel"):
    ledger: str
    scheme: str
    parameters: dict[str, str]
    claimed: str
    published: str
    published_from: str


class _Signatures(msgspec.Struct, frozen=True):
    account: str
    sha256: tuple[str, ...]


class _Result(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a kept run document; it may have come in another's file, so its shape is not taken on trust."""

    snapshot: _Snapshot
    previous_payload_sha256: str | None
    ledgers: tuple[_Ledger, ...]
    coverage: tuple[_Asset, ...]
    addresses: tuple[_Address, ...]
    commitments: tuple[_Commitment, ...]
    signatures: tuple[_Signatures, ...]


def point_of(result: Mapping[str, Any]) -> SnapshotPoint:
    """The point that a kept run document holds; ENGAGEMENT.DOCUMENT where it is none."""
    try:
        read = typed(result, _Result)
        parse_instant(read.snapshot.as_of)
    except ValueError:  # msgspec's refusals are of this kind
        raise EngagementError("ENGAGEMENT.DOCUMENT", "a kept result is no run's") from None
    return SnapshotPoint(
        issuer=read.snapshot.issuer,
        snapshot_id=read.snapshot.id,
        sequence=int(read.snapshot.sequence),
        as_of=read.snapshot.as_of,
        payload_sha256=read.snapshot.payload_sha256,
        previous=read.previous_payload_sha256,
        leaf_counts=tuple((item.name, int(item.rows)) for item in read.ledgers),
        assets=tuple(_asset(item) for item in read.coverage),
        accounts=frozenset(item.account for item in read.addresses),
        roots=tuple(_roots(read.commitments)),
        signatures=frozenset((item.account, digest) for item in read.signatures for digest in item.sha256),
    )


def _asset(item: _Asset) -> AssetPoint:
    def units(text: str | None) -> int | None:
        return None if text is None else int(text)

    return AssetPoint(item.asset, item.decimals, units(item.liabilities), units(item.observed), item.rate)


def _roots(commitments: Iterable[_Commitment]) -> Iterable[RootSeen]:
    for item in commitments:
        parameters = tuple(sorted(item.parameters.items()))
        yield RootSeen(item.ledger, item.scheme, parameters, item.claimed, "snapshot")
        if item.published_from == "typed":
            yield RootSeen(item.ledger, item.scheme, parameters, item.published, "typed")


def history(runs: Sequence[SnapshotPoint]) -> History:
    """The series of ``runs`` of one issuer, in the order they were recorded."""
    latest = {point.payload_sha256: point for point in runs}
    points = tuple(sorted(latest.values(), key=lambda point: (point.as_of, point.sequence, point.payload_sha256)))
    repeated = _repeated(points)
    findings = (*_chain(points), *_equivocation(runs), *_signatures(points, repeated))
    return History(points, tuple(_movements(points)), repeated, findings, _roots_seen(runs))


def _roots_seen(runs: Sequence[SnapshotPoint]) -> tuple[tuple[SnapshotPoint, RootSeen], ...]:
    seen = {(point.as_of, point.payload_sha256, item): (point, item) for point in runs for item in point.roots}
    return tuple(sorted(seen.values(), key=lambda pair: (pair[0].as_of, pair[0].sequence)))


def _movements(points: Sequence[SnapshotPoint]) -> Iterable[Movement]:
    for earlier, later in pairwise(points):
        came, went = later.accounts - earlier.accounts, earlier.accounts - later.accounts
        yield Movement(later.as_of, tuple(sorted(came)), tuple(sorted(went)))


def _chain(points: Sequence[SnapshotPoint]) -> Iterable[Finding]:
    """Each snapshot names the one before it, numbers rise by one, and one number is used once."""
    ordered = sorted(points, key=lambda point: (point.sequence, point.as_of))
    for earlier, later in pairwise(ordered):
        subject = _subject(later)
        if later.sequence == earlier.sequence:
            message = "Two different snapshots carry one sequence number."
            yield _rollback(subject, message, earlier.payload_sha256, later.payload_sha256)
        elif later.sequence == earlier.sequence + 1 and later.previous != earlier.payload_sha256:
            message = "The snapshot does not name the one before it as its predecessor."
            yield _rollback(subject, message, earlier.payload_sha256, later.previous or "none")
        elif later.sequence > earlier.sequence + 1:
            message = "Snapshots between this one and the one before it are not in the engagement."
            span = f"sequence {earlier.sequence + 1}"
            yield _rollback(subject, message, span, f"sequence {later.sequence}", Severity.WARNING)
        if later.as_of < earlier.as_of:
            message = "A later number of the series is of an earlier instant."
            yield _rollback(subject, message, f"{earlier.as_of} or later", later.as_of)


def _subject(point: SnapshotPoint) -> str:
    return f"snapshot {point.snapshot_id}, sequence {point.sequence}"


def _rollback(subject: str, message: str, expected: str, observed: str, severity: Severity | None = None) -> Finding:
    return finding(
        "FRESH.ROLLBACK",
        procedure=HISTORY,
        subject=subject,
        message=message,
        expected=expected,
        observed=observed,
        severity=severity,
    )


def _equivocation(runs: Sequence[SnapshotPoint]) -> Iterable[Finding]:
    """Different roots for one instant, ledger and scheme, in snapshots or as typed from the exchange at any time."""
    seen: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], dict[str, str]] = {}
    for point in runs:
        for item in point.roots:
            roots = seen.setdefault((point.as_of, item.ledger, item.scheme, item.parameters), {})
            roots.setdefault(item.root, f"{item.source} ({point.snapshot_id})")
    for (as_of, ledger, scheme, _), roots in seen.items():
        if len(roots) > 1:
            first, *others = roots.items()
            yield finding(
                "ROOT.EQUIVOCATION",
                procedure=HISTORY,
                subject=f"ledger {ledger}, {scheme}, as of {as_of}",
                message=f"{len(roots)} different roots were seen for one instant of one ledger.",
                expected=f"{first[0]}, {first[1]}",
                observed="; ".join(f"{root}, {source}" for root, source in others),
            )


def _repeated(points: Sequence[SnapshotPoint]) -> tuple[RepeatedSignature, ...]:
    """Signatures of control that stand in more than one snapshot."""
    accounts: dict[str, set[str]] = {}
    seen: dict[str, list[str]] = {}
    for point in points:
        for digest in sorted({digest for _, digest in point.signatures}):
            seen.setdefault(digest, []).append(point.as_of)
        for account, digest in point.signatures:
            accounts.setdefault(digest, set()).add(account)
    return tuple(
        RepeatedSignature(digest, tuple(sorted(accounts[digest])), tuple(places), len(places) == len(points))
        for digest, places in sorted(seen.items())
        if len(places) > 1
    )


def _signatures(points: Sequence[SnapshotPoint], repeated: Sequence[RepeatedSignature]) -> Iterable[Finding]:
    if repeated:
        every = sum(item.every for item in repeated)
        yield finding(
            "OWNERSHIP.REPEATED",
            procedure=HISTORY,
            subject="signatures of control",
            message=f"{_counted(len(repeated))} in more than one snapshot, {every} of them in all {len(points)}.",
            expected="new signatures over a fresh challenge",
            observed=f"{len(repeated)} seen before",
        )


def _counted(signatures: int) -> str:
    return "One signature stands" if signatures == 1 else f"{signatures} signatures stand"
