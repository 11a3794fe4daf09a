"""A reserve address with its proof of control: the row of the Reserves page, its columns and its groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor_app.chain.names import chain_name
from auditor_app.chain.observed import AddressLine, Grade
from auditor_app.chain.ownership.lookup import Control, ProofsOfControl
from auditor_app.chain.ownership.model import Binds, Freshness, Outcome, OwnershipLine
from auditor_app.engagement.record import Audit
from ui.models.columns import Column, Kind, address_column, chip_column, text_column, units_column
from ui.models.tree import Cell, Level, TreeColumn
from ui.text import ABSENT, base_units, count, short_middle
from ui.theme import Tone

if TYPE_CHECKING:
    from auditor_app.chain.plan import PlannedReading

GRADE_TONES = {
    Grade.PROVEN: Tone.GOOD,
    Grade.OWN_NODE: Tone.GOOD,
    Grade.TWO_SOURCES: Tone.INFO,
    Grade.ONE_SOURCE: Tone.WARN,
    Grade.CLAIMED: Tone.NEUTRAL,
}
_OUTCOME_TONES = {
    Outcome.VALID: Tone.GOOD,
    Outcome.INVALID: Tone.BAD,
    Outcome.UNDECODABLE: Tone.BAD,
    Outcome.UNSIGNED: Tone.NEUTRAL,
}
FRESHNESS_TONES = {Freshness.FRESH: Tone.GOOD, Freshness.DATED: Tone.WARN, Freshness.REPLAYABLE: Tone.WARN}
_GRADES = list(Grade)
_OUTCOMES = list(Outcome)
_FRESHNESS: list[Freshness | None] = [*Freshness, None]


def outcome_tone(found: Control | OwnershipLine) -> Tone:
    """The colour of what was found: a proof that could not be decided asks for something to be done."""
    return Tone.WARN if found.undecided else _OUTCOME_TONES[found.outcome]


@dataclass(frozen=True, slots=True)
class ReserveRow:
    """One row of the reserves."""

    line: AddressLine
    control: Control

    @property
    def difference(self) -> int | None:
        """Observed less claimed."""
        return None if self.line.observed is None else self.line.observed - self.line.address.claimed


def reserve_rows(audit: Audit) -> tuple[ReserveRow, ...]:
    """Every reserve row of a run with the best proof of control for it."""
    proofs = ProofsOfControl(audit.ownership)
    return tuple(ReserveRow(line, proofs.of(line.address.account, line.address.asset)) for line in audit.addresses)


def grade_words(grade: Grade | str) -> str:
    """``two-sources`` as it is shown."""
    return str(grade).replace("-", " ").capitalize()


def named_chain(chain: str) -> str:
    """``Bitcoin  bip122:0000…1e93``: the name people use and the id, its reference shortened."""
    namespace, _, reference = chain.partition(":")
    short = f"{namespace}:{short_middle(reference, 4)}"
    return f"{chain_name(chain)}  {short}" if chain_name(chain) != chain else short


def asked_text(item: PlannedReading) -> str:
    """What a planned request asks for, in a few words."""
    if item.instead:
        return item.instead
    return "balances of the chain's own coin" if item.token is None else f"balances of token {item.token}"


def asked_shown(item: PlannedReading) -> str:
    """The same with the token's contract shortened."""
    return (
        asked_text(item) if item.instead or item.token is None else f"balances of token {short_middle(item.token, 6)}"
    )


def _freshness(row: ReserveRow) -> str:
    return ABSENT if row.control.freshness is None else row.control.freshness.value.capitalize()


def _freshness_tone(row: ReserveRow) -> Tone:
    return Tone.NEUTRAL if row.control.freshness is None else FRESHNESS_TONES[row.control.freshness]


def _binds(row: ReserveRow) -> str:
    binds = row.control.binds
    return "" if binds is None or binds is Binds.NOTHING else binds.value


ASSET = text_column("Asset", lambda row: row.line.address.asset)
CHAIN = Column(
    "Chain",
    lambda row: chain_name(row.line.address.chain),
    lambda row: row.line.address.chain,
    lambda row: chain_name(row.line.address.chain).casefold(),
)
ADDRESS = address_column("Address", lambda row: row.line.address.account.rpartition(":")[2], wide=True)
_CLAIMED = units_column("Claimed", lambda row: row.line.address.claimed, lambda row: row.line.decimals)
_OBSERVED = units_column("Observed", lambda row: row.line.observed, lambda row: row.line.decimals)
_DIFFERENCE = units_column(
    "Difference", lambda row: row.difference, lambda row: row.line.decimals,
    tone=lambda row: Tone.BAD if row.difference else None, note="Observed less claimed",
)  # fmt: skip
GRADE = chip_column(
    "Grade", lambda row: grade_words(row.line.grade), lambda row: GRADE_TONES[row.line.grade],
    rank=lambda row: _GRADES.index(row.line.grade),
)  # fmt: skip
OWNERSHIP = chip_column(
    "Ownership", lambda row: row.control.words, lambda row: outcome_tone(row.control),
    rank=lambda row: (_OUTCOMES.index(row.control.outcome), not row.control.undecided),
)  # fmt: skip
FRESHNESS = chip_column(
    "Freshness", _freshness, _freshness_tone, rank=lambda row: _FRESHNESS.index(row.control.freshness)
)
_BINDS = text_column(
    "Binds", _binds, note="What a valid signature is bound to: the address itself, an owner, or a key only"
)
_METHOD = text_column("Method", lambda row: row.control.method)
_ROLE = text_column("Role", lambda row: row.line.address.role)
_SOURCE = text_column("Source", lambda row: row.line.source)

EVERY = (
    ASSET,
    CHAIN,
    ADDRESS,
    _ROLE,
    _CLAIMED,
    _OBSERVED,
    _DIFFERENCE,
    GRADE,
    OWNERSHIP,
    FRESHNESS,
    _BINDS,
    _METHOD,
    _SOURCE,
)


def _sum(value: Callable[[ReserveRow], int | None]) -> Callable[[Sequence[ReserveRow]], int | None]:
    """Of the rows that count: coins that stand in an earlier row are not added again."""

    def total(rows: Sequence[ReserveRow]) -> int | None:
        known = [found for row in rows if row.line.counted and (found := value(row)) is not None]
        return sum(known) if known else None

    return total


def _amounts(
    value: Callable[[ReserveRow], int | None], *, marks: bool = False
) -> Callable[[Sequence[ReserveRow]], Cell]:
    summed = _sum(value)

    def total(rows: Sequence[ReserveRow]) -> Cell:
        units = summed(rows)
        return base_units(units, rows[0].line.decimals), Tone.BAD if marks and units else None

    return total


def _alike(described: Column, many: str) -> Callable[[Sequence[ReserveRow]], Cell]:
    """What all rows have in common, or how many different things they have."""

    def total(rows: Sequence[ReserveRow]) -> Cell:
        different = {described.full(row): row for row in rows}
        found = {words: row for row in different.values() if (words := described.shown(row)) != ABSENT}
        if not found:
            return ABSENT, None
        if len(found) > 1:
            return f"{len(found)} {many}", None
        ((words, row),) = found.items()
        tone = described.tone(row) if described.tone and described.kind is Kind.CHIP else None
        return words, tone

    return total


def _fresh(rows: Sequence[ReserveRow]) -> Cell:
    fresh = sum(row.control.freshness is Freshness.FRESH for row in rows)
    return f"{count(fresh)} of {count(len(rows))} fresh", None


def _proven(rows: Sequence[ReserveRow]) -> Cell:
    valid = sum(row.control.valid for row in rows)
    return f"{count(valid)} of {count(len(rows))} valid", None


LEVELS = (
    Level(lambda row: row.line.address.asset, lambda row: row.line.address.asset, lambda row: row.line.address.asset),
    Level(
        lambda row: row.line.address.chain,
        lambda row: named_chain(row.line.address.chain),
        lambda row: row.line.address.chain,
    ),
)
TREE = (
    TreeColumn(_CLAIMED, _amounts(lambda row: row.line.address.claimed)),
    TreeColumn(_OBSERVED, _amounts(lambda row: row.line.observed)),
    TreeColumn(_DIFFERENCE, _amounts(lambda row: row.difference, marks=True), gives_way=2),
    TreeColumn(GRADE, _alike(GRADE, "grades")),
    TreeColumn(OWNERSHIP, _proven, gives_way=1),
    TreeColumn(FRESHNESS, _fresh, gives_way=3),
    TreeColumn(_BINDS, _alike(_BINDS, "kinds"), gives_way=4),
    TreeColumn(_METHOD, _alike(_METHOD, "methods"), gives_way=5),
    TreeColumn(_ROLE, _alike(_ROLE, "roles"), gives_way=6),
    TreeColumn(_SOURCE, _alike(_SOURCE, "sources"), gives_way=7),
)
