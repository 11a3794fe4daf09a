"""Findings and limitations of the procedure: one finding per kind and asset, naming its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditor_app.chain.ownership.freshness import named_in
from auditor_app.chain.ownership.model import Binds, Outcome, OwnershipLine
from auditor_app.counts import counted, noun
from auditor_app.findings import Finding, Limitation, Severity, finding, limitation

PROCEDURE = "ownership"
_ROWS_NAMED = 8


@dataclass(frozen=True, slots=True)
class _Kind:
    """A code, the lines it is about, what is said of them after their number, and whether their notes explain it."""

    code: str
    about: Callable[[OwnershipLine], bool]
    says: str
    explained: bool = True


_KINDS = (
    _Kind("ADDRESS.UNDECODABLE", lambda line: line.outcome is Outcome.UNDECODABLE, "an address that cannot be decoded"),
    _Kind("OWNERSHIP.INVALID", lambda line: line.outcome is Outcome.INVALID, "a signature that does not fit message and address"),
    _Kind("OWNERSHIP.UNSIGNED", lambda line: line.outcome is Outcome.UNSIGNED and not line.undecided, "no proof of control", explained=False),
    _Kind("OWNERSHIP.NOT_DECIDED", lambda line: line.undecided, "a proof that was not decided here"),
    _Kind("OWNERSHIP.STALE", lambda line: line.stale, "a message with neither the challenge nor a date near the snapshot", explained=False),
    _Kind("OWNERSHIP.INDIRECT", lambda line: line.outcome is Outcome.VALID and line.binds is not Binds.ADDRESS, "a signature that binds a key or named owners, not the address"),
    _Kind("ADDRESS.TYPO", lambda line: line.typo_risk, "an address whose spelling carries no checksum, so a typing error would not be seen", explained=False),
)  # fmt: skip


def observed(lines: tuple[OwnershipLine, ...]) -> tuple[Finding, ...]:
    """Every finding about the lines, in the order of the table, then repeats."""
    grouped = [found for kind in _KINDS for found in _by_asset(kind, lines)]
    return (*grouped, *_repeated_signatures(lines), *_repeated_accounts(lines), *_repeated_rows(lines))


def limitations_of(lines: tuple[OwnershipLine, ...], challenge: str | None) -> tuple[Limitation, ...]:
    """What the procedure could not have shown, whatever the rows."""
    if not any(line.outcome is Outcome.VALID for line in lines):
        return ()
    codes = ["OWNERSHIP.KEY_AT_HAND"]
    if any(line.occasion is not None and not named_in(challenge, line.occasion.amount) for line in lines):
        codes.append("OWNERSHIP.AMOUNT_UNNAMED")
    return tuple(limitation(code, subject="proofs of control") for code in codes)


def _by_asset(kind: _Kind, lines: tuple[OwnershipLine, ...]) -> Iterable[Finding]:
    total: dict[str, int] = {}
    hits: dict[str, list[OwnershipLine]] = {}
    for line in lines:
        total[line.row.asset] = total.get(line.row.asset, 0) + 1
        if kind.about(line):
            hits.setdefault(line.row.asset, []).append(line)
    for asset, found in hits.items():
        verb = "holds" if len(found) == 1 else "hold"
        message = f"{len(found)} of {counted(total[asset], 'row')} {verb} {kind.says}: {_named(found)}."
        notes = sorted({line.note for line in found if line.note})
        if notes and kind.explained:
            message += f" {'; '.join(note[0].upper() + note[1:] for note in notes[:3])}."
        yield finding(kind.code, procedure=PROCEDURE, subject=_subject(asset), message=message, at=found[0].row.at)


def _repeated_signatures(lines: tuple[OwnershipLine, ...]) -> Iterable[Finding]:
    """Signatures that already stood beside another account, or in an earlier list."""
    places: dict[str, str] = {}
    for line in lines:
        places.setdefault(line.row.at.text(), line.identity)
    hits = [line for line in lines if line.seen_before and places.get(line.seen_before) != line.identity]
    if hits:
        first = hits[0]
        message = (
            f"{counted(len(hits), 'row holds', 'rows hold')} a signature that stood before, beside another account or in an earlier list: "
            f"{_named(hits)}. The first of them stood at {first.seen_before}."
        )
        yield finding("OWNERSHIP.REPEATED", procedure=PROCEDURE, subject="signatures", message=message, at=first.row.at)


def _repeated_accounts(lines: tuple[OwnershipLine, ...]) -> Iterable[Finding]:
    """One account with several amounts under one asset label, in any spelling."""
    places: dict[tuple[str, str], list[OwnershipLine]] = {}
    for line in lines:
        if line.row.amount is not None and line.outcome is not Outcome.UNDECODABLE:
            places.setdefault((line.row.asset, line.identity), []).append(line)
    for first, *again in places.values():
        if again:
            yield finding(
                "ADDRESS.DUPLICATE",
                procedure=PROCEDURE,
                subject=_subject(first.row.asset),
                message=f"The account {first.row.address} has an amount at {first.row.at.text()} "
                f"and again at {_named(again)}.",
                at=again[0].row.at,
            )


def _repeated_rows(lines: tuple[OwnershipLine, ...]) -> Iterable[Finding]:
    """The same row again without an amount: no value counts twice, but the list is longer than what it shows."""
    places: dict[tuple[object, ...], list[OwnershipLine]] = {}
    for line in lines:
        if line.row.amount is None and line.outcome is not Outcome.UNDECODABLE:
            same = (line.row.asset, line.identity, line.row.message, line.row.signatures)
            places.setdefault(same, []).append(line)
    for first, *again in places.values():
        if again:
            yield finding(
                "ADDRESS.DUPLICATE",
                procedure=PROCEDURE,
                subject=_subject(first.row.asset),
                message=f"The row of the account {first.row.address} at {first.row.at.text()} is listed "
                f"again at {_named(again)}, without an amount.",
                at=again[0].row.at,
                severity=Severity.WARNING,
            )


def _named(lines: list[OwnershipLine]) -> str:
    """``rows 8, 10, 12 and 5 more``, or the accounts where rows have no number."""
    names = [line.row.account if line.row.at.row is None else str(line.row.at.row) for line in lines]
    text = ", ".join(names[:_ROWS_NAMED])
    rest = f" and {len(names) - _ROWS_NAMED} more" if len(names) > _ROWS_NAMED else ""
    return f"{noun(len(lines), 'account' if lines[0].row.at.row is None else 'row')} {text}{rest}"


def _subject(asset: str) -> str:
    return f"asset {asset}" if asset else "rows without an asset"
