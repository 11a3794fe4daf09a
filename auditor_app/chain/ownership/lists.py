"""Published lists of reserve addresses, read as their exchanges publish them: OKX's and HTX's CSVs.

A file may open with a block of totals; the list starts at the first line that is one of the known headers. Lines
are split before commas are, so that a quoted line break joins nothing. A cell with a comma stands in quotes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from auditor_app.amounts import Amount
from auditor_app.chain.ownership.model import OwnershipRow
from auditor_app.chain.ownership.snapshot_list import HEADER as SNAPSHOT_HEADER
from auditor_app.chain.ownership.snapshot_list import read_table
from auditor_app.errors import ChainError, Location
from auditor_app.files import read_capped

MAX_LIST_BYTES = 256 * 2**20
MAX_ROWS = 2_000_000
_MAX_LINE = 1_000_000
_ABSENT = frozenset({"", "-", "null"})
_AMOUNT = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Layout:
    """A list is this one if its header holds every ``required`` column."""

    name: str
    required: frozenset[str]


_FIELDS = MappingProxyType(
    {
        "coin": "asset",
        "digitalasset": "asset",
        "network": "network",
        "address": "address",
        "amount": "amount",
        "balance": "amount",
        "message": "message",
        "signature": "signature1",
        "signature1": "signature1",
        "signedmessage": "signature1",
        "signature2": "signature2",
        "signedmessage2": "signature2",
        "redeemscript/publickey": "public_key",
        "publickey": "public_key",
        "eoa1": "owner1",
        "owner1": "owner1",
        "eoa2": "owner2",
        "owner2": "owner2",
        "type": "type",
        "snapshotheight": "height",
    }
)
"""Column heads, lower case without blanks → field."""


LAYOUTS = (
    Layout("OKX", frozenset({"coin", "network", "address", "message", "signature1"})),
    Layout("OKX's signature file", frozenset({"digitalasset", "network", "address", "signedmessage", "message"})),
    Layout("HTX", frozenset({"coin", "address", "balance", "message", "signature"})),
)


def read_list(path: Path) -> tuple[OwnershipRow, ...]:
    """The rows of OKX's or HTX's CSV, or of a snapshot's ``ownership.csv``.

    :class:`ChainError` ``OWNERSHIP.UNREADABLE`` for anything else.
    """
    return parse_list(read_capped(path, max_bytes=MAX_LIST_BYTES, code="OWNERSHIP.UNREADABLE"), file=path.name)


def parse_list(data: bytes, *, file: str) -> tuple[OwnershipRow, ...]:
    """As :func:`read_list`, from bytes."""
    if data.startswith(SNAPSHOT_HEADER + b"\n"):
        return read_table(data, file=file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable("the list is not UTF-8", Location(file, byte=error.start)) from None
    lines = enumerate(text.split("\n"), start=1)
    for number, line in lines:
        heads = [re.sub(r"\s", "", head).lower() for head in _cells(line, 0)]
        layout = next((known for known in LAYOUTS if known.required <= set(heads)), None)
        if layout is not None:
            fields = _fields(heads, Location(file, row=number))
            return _rows(fields, lines, file, unquoted=0 if '"' in line else len(fields))
    raise _unreadable("no line is the header of a known list (OKX's, HTX's, or ownership.csv)", Location(file))


def _fields(heads: list[str], at: Location) -> list[str]:
    fields = [_FIELDS.get(head, "") for head in heads]
    named = [field for field in fields if field]
    if len(set(named)) != len(named):
        raise _unreadable("the header names a column twice", at)
    return fields


def _rows(fields: list[str], lines: Iterator[tuple[int, str]], file: str, unquoted: int) -> tuple[OwnershipRow, ...]:
    """Rows below the header; ``unquoted`` is up to how many cells a quote is a character like any other."""
    rows: list[OwnershipRow] = []
    for number, line in lines:
        text = line.removesuffix("\r")
        at = Location(file, row=number)
        if len(text) > _MAX_LINE:
            raise _unreadable("the line is over the length limit", at)
        cells = _cells(text, unquoted)
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) == MAX_ROWS:
            raise _unreadable(f"the list has more than {MAX_ROWS:,} rows", at)
        if any(cell.strip() for cell in cells[len(fields) :]):
            raise _unreadable(
                "the line has more cells than the header; a message with a comma cannot be told apart",
                at,
            )
        rows.append(_row(dict(zip(fields, cells, strict=False)), at))
    return tuple(rows)


def _cells(line: str, most: int) -> list[str]:
    """The line's cells. Quotes mean something only where splitting at commas gives more than ``most`` cells."""
    text = line.removesuffix("\r")
    plain = text.split(",")
    if len(plain) <= most or '"' not in text:
        return plain
    try:
        (quoted,) = csv.reader([text], strict=True)  # one line is one row, whatever its quotes
    except (csv.Error, ValueError):
        return plain
    return quoted


def _row(cells: Mapping[str, str], at: Location) -> OwnershipRow:
    def cell(field: str) -> str:
        text = cells.get(field, "")
        return "" if text.strip() in _ABSENT else text

    address, asset = cell("address").strip(), cell("asset").strip()
    signatures = tuple(text for text in (cell("signature1").strip(), cell("signature2").strip()) if text)
    return OwnershipRow(
        asset=asset,
        account=address,
        address=address,
        amount=_amount(cell("amount").strip(), at),
        message=cell("message"),
        signatures=signatures,
        labels=tuple(label for label in (cell("network").strip(), asset) if label),
        public_key=cell("public_key").strip(),
        owners=tuple(text for text in (cell("owner1").strip(), cell("owner2").strip()) if text),
        at=at,
    )


def _amount(text: str, at: Location) -> Amount | None:
    if not text:
        return None
    if not _AMOUNT.match(text):
        raise _unreadable(f"the amount {text[:40]!r} is no plain decimal number without a sign", at)
    whole, _, fraction = text.partition(".")
    return Amount(int(whole + fraction), len(fraction))


def _unreadable(what: str, at: Location) -> ChainError:
    return ChainError(
        "OWNERSHIP.UNREADABLE", what, at=at, action="Give the CSV as the exchange publishes it, or ownership.csv."
    )
