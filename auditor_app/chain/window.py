"""Balances around the snapshot's instant: an analytical comparison against window dressing.

Assets borrowed for an instant show in no observation at that instant. Balances some days before and after, and at a
height that the auditor drew, do. A difference proves nothing by itself: it is a warning, and a reason to inquire.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from auditor_app.amounts import Amount
from auditor_app.chain.evidence import account_identity
from auditor_app.chain.observed import AddressLine
from auditor_app.findings import Finding, finding
from auditor_app.snapshot.members import BALANCE_FIELDS, Field, read_table, write_table

DIFFERENCE = Fraction(1, 10)
"""Differences up to a tenth of the balance at the instant are not reported."""

_DAYS = Field(
    "days",
    re.compile(rb"(?:0|-?[1-9][0-9]{0,3}|[-+]1block)\Z"),
    "days from the snapshot's instant, such as -7, or -1block, +1block",
)
WINDOW_FIELDS = (*BALANCE_FIELDS[:2], _DAYS, *BALANCE_FIELDS[2:])


@dataclass(frozen=True, slots=True)
class WindowBalance:
    """One balance (base units) ``days`` after the snapshot's instant, before it where negative; 0 is the instant.

    ``blocks`` is -1 or 1 for the block right before or after the snapshot's, where ``days`` is 0.
    """

    account: str
    asset: str
    days: int
    amount: int
    source: str
    blocks: int = 0

    @property
    def moment(self) -> str:
        """As the table writes it: days, or ``+1block``."""
        return f"{self.blocks:+d}block" if self.blocks else str(self.days)


def read_window(data: bytes, name: str) -> tuple[WindowBalance, ...]:
    """The rows ``account,asset,days,amount,source``; :class:`SnapshotError` ``SNAPSHOT.GRAMMAR`` otherwise."""
    rows = read_table(data, name, WINDOW_FIELDS)
    return tuple(_balance(*row) for row in rows)


def _balance(account: str, asset: str, moment: str, amount: str, source: str) -> WindowBalance:
    number, block, _ = moment.partition("block")
    days, blocks = (0, int(number)) if block else (int(number), 0)
    return WindowBalance(account, asset, days, int(amount), source, blocks)


def write_window(rows: Iterable[WindowBalance]) -> bytes:
    """The same table as bytes; ``ValueError`` for a cell outside its grammar."""
    cells = tuple((row.account, row.asset, row.moment, str(row.amount), row.source) for row in rows)
    return write_table(WINDOW_FIELDS, cells)


def window_findings(
    balances: Iterable[WindowBalance], lines: Iterable[AddressLine], *, difference: Fraction = DIFFERENCE
) -> list[Finding]:
    """RESERVE.WINDOW for each account whose balance around the instant differs by more than ``difference`` of it.

    What is compared with is the balance that the table gives for day 0, else the observed, else the claimed one.
    Accounts that the snapshot does not claim are left out.
    """
    held = {(account_identity(line.address.account), line.address.asset): line for line in lines}
    around: dict[tuple[str, str], list[WindowBalance]] = {}
    for row in balances:
        around.setdefault((account_identity(row.account), row.asset), []).append(row)
    found = []
    for key, rows in around.items():
        line = held.get(key)
        if line is None:
            continue
        at_instant = _at_instant(rows, line)
        apart = [
            row for row in rows if (row.days or row.blocks) and abs(row.amount - at_instant) > difference * at_instant
        ]
        if apart:
            found.append(_apart(line, at_instant, sorted(apart, key=lambda row: (row.days, row.blocks)), difference))
    return found


def _at_instant(rows: Iterable[WindowBalance], line: AddressLine) -> int:
    """The balance at the snapshot's instant; the highest where the table gives several."""
    given = [row.amount for row in rows if not row.days and not row.blocks]
    if given:
        return max(given)
    return line.address.claimed if line.observed is None else line.observed


def _apart(line: AddressLine, at_instant: int, rows: list[WindowBalance], difference: Fraction) -> Finding:
    def units(amount: int) -> str:
        return f"{Amount(amount, line.decimals).fixed()} {line.address.asset}"

    seen: Mapping[str, int] = {_words(row): row.amount for row in rows}
    percent = Amount(int(difference * 100), 0).plain()
    return finding(
        "RESERVE.WINDOW",
        procedure="balances",
        subject=f"account {line.address.account}, asset {line.address.asset}",
        message=f"Balances around the instant were compared and differ by more than {percent} %: "
        f"assets may have been moved in for it.",
        expected=f"about {units(at_instant)}",
        observed="; ".join(f"{moment}: {units(amount)}" for moment, amount in seen.items()),
    )


def _words(row: WindowBalance) -> str:
    return f"block {row.blocks:+d}" if row.blocks else f"day {row.days:+d}"
