"""When a root could first be seen, and whether it is the only one: what the dates and other files at hand show.

A root published late can be fitted to whatever reserves were found by then; two roots for one date let an exchange
show each customer another tree (Chalkias and others 2022, misuse of public bulletin boards). Neither can be excluded
from one file: a claimed date is only claimed, and a root that the auditor never saw is not compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from auditor_app.findings import Finding, Severity, finding
from auditor_app.instants import format_instant, parse_instant
from auditor_app.snapshot.authentic import TrustedTime
from auditor_app.snapshot.statement import SnapshotPredicate

PROMPT_DAYS = 14
"""Days after the snapshot's instant within which its root should be public."""

_PROCEDURE = "root"


@dataclass(frozen=True, slots=True)
class SeenRoot:
    """A root that the auditor holds from elsewhere: of which instant, ledger and scheme, and where it was seen."""

    as_of: str
    ledger: str
    scheme: str
    root: str
    seen_in: str


def lateness_findings(
    predicate: SnapshotPredicate, time: TrustedTime, *, within_days: int = PROMPT_DAYS
) -> list[Finding]:
    """ROOT.NOT_TIMESTAMPED for each commitment whose publication is late, or is shown by nobody but the issuer.

    An exception only where the issuer's own dates show it: the stated publication, or without one the snapshot's
    creation, lies more than ``within_days`` after its instant. A note where no verified time stamp lies within them.
    """
    limit = format_instant(parse_instant(predicate.as_of) + timedelta(days=within_days))
    stamped = time.source == "timestamp" and time.instant <= limit
    found = []
    for ledger in predicate.ledgers:
        for commitment in ledger.commitments:
            subject = f"ledger {ledger.name}, {commitment.scheme}"
            stated = commitment.published_at or predicate.created_at
            if stated > limit:
                found.append(_late(subject, predicate.as_of, limit, stated, stated_as=commitment.published_at))
            elif not stamped:
                found.append(_unshown(subject, limit, stated))
    return found


def equivocation_findings(predicate: SnapshotPredicate, seen: Iterable[SeenRoot]) -> list[Finding]:
    """ROOT.EQUIVOCATION for each root seen elsewhere for the same instant, ledger and scheme that is another one."""
    own = {
        (predicate.as_of, ledger.name, commitment.scheme): commitment.root
        for ledger in predicate.ledgers
        for commitment in ledger.commitments
    }
    return [
        finding(
            "ROOT.EQUIVOCATION",
            procedure=_PROCEDURE,
            subject=f"ledger {item.ledger}, {item.scheme}, as of {item.as_of}",
            message=f"Two roots for one instant were compared and differ: the snapshot's and the one in {item.seen_in}.",
            expected=root,
            observed=item.root,
        )
        for item in seen
        if (root := own.get((item.as_of, item.ledger, item.scheme))) is not None and root != item.root
    ]


def roots_of(predicate: SnapshotPredicate, seen_in: str) -> tuple[SeenRoot, ...]:
    """Every root of another snapshot, to be compared with."""
    return tuple(
        SeenRoot(predicate.as_of, ledger.name, commitment.scheme, commitment.root, seen_in)
        for ledger in predicate.ledgers
        for commitment in ledger.commitments
    )


def _late(subject: str, as_of: str, limit: str, stated: str, *, stated_as: str | None) -> Finding:
    what = "publication that the issuer states" if stated_as else "snapshot's own creation"
    return finding(
        "ROOT.NOT_TIMESTAMPED",
        procedure=_PROCEDURE,
        subject=subject,
        message=f"The {what} lies more than {_days(as_of, limit)} days after the instant {as_of}.",
        expected=f"{limit} or earlier",
        observed=stated,
        severity=Severity.EXCEPTION,
    )


def _unshown(subject: str, limit: str, stated: str) -> Finding:
    return finding(
        "ROOT.NOT_TIMESTAMPED",
        procedure=_PROCEDURE,
        subject=subject,
        message="The date of publication is the issuer's word: no time stamp of a pinned authority shows it.",
        expected=f"a time stamp of {limit} or earlier",
        observed=f"stated as {stated}",
    )


def _days(first: str, last: str) -> int:
    return (parse_instant(last) - parse_instant(first)).days
