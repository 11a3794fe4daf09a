"""What an auditor imports about drawn items: the extract of the exchange's ledger, customers' replies, alternatives.

Each table names the item in its first columns: ``item`` (the id that was drawn) or ``key`` (its name in the ledger).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

import msgspec

from auditor_app.amounts import ZERO, Amount
from auditor_app.errors import NOWHERE, Location, SamplingError
from auditor_app.operation import CancelToken
from auditor_app.sampling.drawn import DrawnSample
from auditor_app.sampling.tables import (
    ImportedTable,
    Line,
    amount,
    identifier,
    line_of_text,
    patient,
    refuse_twice,
    refused,
    require_columns,
    shown,
)
from auditor_app.typed import typed

Said = Literal["agrees", "differs", "none"]
"""A customer's answer; ``none`` is a letter that came back or that nobody answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of an extract or of the replies: exact amounts by asset and other cells by column, as given."""

    amounts: Mapping[str, Amount]
    texts: Mapping[str, str]
    at: Location
    said: Said = "agrees"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Extract:
    """The extract by item id; ``fields`` are the columns that it compares."""

    name: str
    sha256: str
    fields: tuple[str, ...]
    rows: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Replies:
    """Customers' replies by item id."""

    name: str
    sha256: str
    rows: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Replacement:
    """An alternative procedure in place of a missing answer: ``check`` is ``ledger`` or ``confirmation``."""

    item: str
    check: str
    alternative: str
    reason: str
    at: Location = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that was imported or typed; what is ``None`` was not asked for."""

    extract: Extract | None = None
    replies: Replies | None = None
    replacements: tuple[Replacement, ...] = ()


_ITEM_COLUMNS = ("item", "key")
_CHECKS = ("ledger", "confirmation")
_ANSWERS = ("agrees", "differs", "none")


def read_extract(
    table: ImportedTable, sample: DrawnSample, *, more_rows: bool = False, token: CancelToken | None = None
) -> Extract:
    """An extract with columns named like the ledger's: amounts in units of the asset, an empty cell is 0 or no text.

    ``more_rows`` passes over rows of items that were not drawn. Raises :class:`SamplingError` ``SAMPLE.TABLE`` for a
    column that the sample does not have, an item that is unknown or stands twice, or a cell outside its grammar.
    """
    columns = _fields(sample)
    _require_item(table, (), columns, what="an extract of the exchange's ledger")
    fields = tuple(name for name in table.header if name in columns)
    if not fields:
        raise refused(
            "the extract compares nothing",
            Location(table.name, row=1),
            "Add a column named like one of the ledger's.",
            expected=", ".join(columns) or "a ledger with columns",
            observed=", ".join(table.header),
        )
    assets = _assets(sample)
    rows = {
        item: Answer(*_cells(table, line, fields, assets, sample, whole=True), table.at(line))
        for item, line in _by_item(table, sample, more_rows=more_rows, token=token)
    }
    return Extract(table.name, table.sha256, fields, rows)


class _Observed(msgspec.Struct, frozen=True):
    """What is read of an address of a run's result: base units as text, ``None`` where nothing was observed."""

    account: str
    asset: str
    decimals: Annotated[int, msgspec.Meta(ge=0, le=255)]
    observed: Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,80}\Z")] | None


def observed_extract(addresses: Sequence[Mapping[str, Any]], sample: DrawnSample, sha256: str) -> Extract:
    """The observed balances of a recorded run as an extract: ``addresses`` of its result, ``sha256`` its digest.

    An account that the run did not observe has no answer. :class:`SamplingError` ``SAMPLE.TABLE`` for another kind of
    sample, and for a result of another shape: it may have come in another's package.
    """
    if sample.kind != "reserves":
        raise SamplingError(
            "SAMPLE.TABLE", "a run observes reserve addresses only", action="Import an extract for this sample."
        )
    try:
        observed = typed(addresses, tuple[_Observed, ...])
    except msgspec.ValidationError as error:
        raise SamplingError(
            "SAMPLE.TABLE", f"the run's balances cannot be read: {error}", action="Perform the run again."
        ) from None
    seen: dict[str, Amount | None] = {}
    for row in observed:
        if row.asset == sample.asset:
            value = None if row.observed is None else Amount(int(row.observed), row.decimals)
            before = seen.get(row.account, ZERO)
            seen[row.account] = None if value is None or before is None else before + value
    rows = {
        item.id: Answer({sample.asset: value}, {}, NOWHERE)
        for item in sample.items
        if (value := seen.get(item.id)) is not None
    }
    return Extract("balances observed in the run", sha256, (sample.asset,), rows)


def read_replies(table: ImportedTable, sample: DrawnSample) -> Replies:
    """Replies with ``answer`` (``agrees``, ``differs``, ``none``), and where given amounts and a ``note``.

    Errors as for :func:`read_extract`; an item without a row is a missing answer.
    """
    columns = _fields(sample)
    _require_item(table, ("answer",), ("note", *columns), what="a table of replies")
    fields = tuple(name for name in table.header if name in columns)
    assets = _assets(sample)
    rows = {}
    for item, line in _by_item(table, sample, more_rows=False):
        said = line.cells[table.header.index("answer")]
        if said not in _ANSWERS:
            raise refused(
                "the answer is none that is known",
                table.at(line, "answer"),
                "Write agrees, differs, or none where nobody answered.",
                expected=" | ".join(_ANSWERS),
                observed=shown(said),
            )
        note = line_of_text(table, line, "note") if "note" in table.header else ""
        amounts, texts = _cells(table, line, fields, assets, sample, whole=False)
        rows[item] = Answer(amounts, texts, table.at(line), cast("Said", said), note)
    return Replies(table.name, table.sha256, rows)


def read_replacements(table: ImportedTable, sample: DrawnSample) -> tuple[Replacement, ...]:
    """Alternative procedures: the item, the ``check`` they stand for, the ``alternative`` and its ``reason``."""
    _require_item(table, ("check", "alternative", "reason"), (), what="a table of alternative procedures")
    found = []
    for item, line in _by_item(table, sample, more_rows=False, once=False):
        check = line.cells[table.header.index("check")]
        if check not in _CHECKS:
            raise refused(
                "this check is none that can be replaced",
                table.at(line, "check"),
                "Name the check whose answer is missing.",
                expected=" | ".join(_CHECKS),
                observed=shown(check),
            )
        alternative = line_of_text(table, line, "alternative", required=True)
        reason = line_of_text(table, line, "reason", required=True)
        found.append(Replacement(item, check, alternative, reason, table.at(line)))
    return tuple(found)


def rows_by_item(table: ImportedTable, sample: DrawnSample) -> list[tuple[str, Line]]:
    """The rows of a table of contacts with the drawn item that each names, every item once; errors as above."""
    if not any(name in table.header for name in _ITEM_COLUMNS):
        require_columns(table, ("item",), table.header, what="a table of contacts")
    return _by_item(table, sample, more_rows=False)


def _fields(sample: DrawnSample) -> tuple[str, ...]:
    """The columns that an item of the sample may be compared in, amounts first."""
    names: dict[str, None] = {}
    for part in ("book", "texts"):
        for item in sample.items:
            names.update(dict.fromkeys(getattr(item, part)))
    return tuple(names)


def _assets(sample: DrawnSample) -> frozenset[str]:
    return frozenset(asset for item in sample.items for asset in item.book)


def _require_item(table: ImportedTable, needed: tuple[str, ...], allowed: tuple[str, ...], *, what: str) -> None:
    """The table has its columns, and exactly one that names the item."""
    naming = [name for name in _ITEM_COLUMNS if name in table.header]
    require_columns(table, (naming[0] if naming else "item", *needed), (*_ITEM_COLUMNS, *allowed), what=what)


def _by_item(
    table: ImportedTable,
    sample: DrawnSample,
    *,
    more_rows: bool,
    once: bool = True,
    token: CancelToken | None = None,
) -> list[tuple[str, Line]]:
    """Each row with the id of its drawn item; unknown items, and with ``once`` repeated ones, are refused."""
    ids = frozenset(item.id for item in sample.items)
    keys: dict[str, list[str]] = {}
    for item in sample.items:
        keys.setdefault(item.key, []).append(item.id)
    seen: dict[str, Line] = {}
    found = []
    for line in patient(table.lines, token):
        item_id = _named(table, line, ids, keys)
        if item_id is None:
            if more_rows:
                continue
            column = "item" if "item" in table.header else "key"
            raise refused(
                "this item was not drawn",
                table.at(line, column),
                "Leave the row out; for an extract of more than the sample use --more-rows.",
                expected="an item of the sample",
                observed=shown(line.cells[table.header.index(column)]),
            )
        if once and item_id in seen:
            raise refuse_twice(table, line, "item" if "item" in table.header else "key", seen[item_id], item_id)
        seen[item_id] = line
        found.append((item_id, line))
    return found


def _named(table: ImportedTable, line: Line, ids: Container[str], keys: Mapping[str, list[str]]) -> str | None:
    """The drawn item that a row names; both columns must name the same one."""
    by_key: str | None = None
    key = ""
    if "key" in table.header and (line.cells[table.header.index("key")] or "item" not in table.header):
        key = identifier(table, line, "key")
        fitting = keys.get(key, [])
        if len(fitting) > 1 and "item" not in table.header:
            raise refused(
                f"{len(fitting)} drawn items have this key",
                table.at(line, "key"),
                "Name items by their id: add a column item.",
                observed=shown(key),
            )
        by_key = fitting[0] if fitting else None
    if "item" not in table.header:
        return by_key
    item = identifier(table, line, "item")
    if item not in ids:
        return None
    if key and item not in keys.get(key, []):
        raise refused(
            "item and key name different items",
            table.at(line, "key"),
            "Correct one of them.",
            expected=f"the key of item {item}",
            observed=shown(key),
        )
    return item


def _cells(
    table: ImportedTable,
    line: Line,
    fields: tuple[str, ...],
    assets: frozenset[str],
    sample: DrawnSample,
    *,
    whole: bool,
) -> tuple[dict[str, Amount], dict[str, str]]:
    """Amounts and other cells; with ``whole`` an empty cell says 0 or nothing, else it says nothing at all."""
    amounts: dict[str, Amount] = {}
    texts: dict[str, str] = {}
    for name in fields:
        empty = not line.cells[table.header.index(name)]
        if empty and not whole:
            continue
        if name in assets:
            value = amount(table, line, name, signed=name in sample.signed)
            amounts[name] = ZERO if value is None else value
        else:
            texts[name] = "" if empty else identifier(table, line, name)
    return amounts, texts


def misplaced(one: Replacement, what: str, action: str) -> SamplingError:
    """The error for an alternative procedure that cannot stand where it was put."""
    return refused(what, one.at, action, observed=f"{one.item[:80]}, {one.check}")
