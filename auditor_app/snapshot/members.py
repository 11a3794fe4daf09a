"""The small tables of a snapshot and of an evidence file, read byte by byte into frozen rows.

ASCII, LF, one fixed header row, no quotes, no spaces. Free text is base64url of UTF-8 without padding. The first
byte that breaks the grammar is named; nothing behind it is read.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NoReturn

from auditor_app.errors import Location, SnapshotError

MAX_CELL_BYTES = 2**20
MAX_TEXT_BYTES = 2**16

ACCOUNT = rb"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}:[-.%a-zA-Z0-9]{1,128}"
_UNITS = rb"(?:0|[1-9][0-9]{0,59})"
_SYMBOL = rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_BASE64URL = rb"[A-Za-z0-9_-]*"
_PRINTABLE = rb"[!#-+\--~]"  # visible ASCII without the comma and the double quote

ROLES = ("reserve", "cold", "hot", "custodian", "staked")
METHODS = (
    "bip137",
    "bip322",
    "bip127",
    "eip191",
    "eip1271",
    "okx-por",
    "tron",
    "solana",
    "ed25519",
    "cosmos",
    "multisig",
    "txid",
)
KINDS = ("guardian", "insurance")
CUSTODIES = ("on-chain", "ledger")


@dataclass(frozen=True, slots=True)
class AddressRow:
    """One row of ``reserves/addresses.csv``; ``claimed`` in base units."""

    account: str
    asset: str
    claimed: int
    role: str


@dataclass(frozen=True, slots=True)
class OwnershipRow:
    """One row of ``reserves/ownership.csv``; ``message`` and ``extra`` are decoded text, ``proof`` as written."""

    account: str
    method: str
    message: str
    proof: str
    extra: str


@dataclass(frozen=True, slots=True)
class FundRow:
    """One account of a protection fund; ``claimed`` in base units, ``target`` decimal text in ``target_unit``."""

    name: str
    kind: str
    custody: str
    account: str
    asset: str
    claimed: int
    target: str
    target_unit: str


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One observed balance of an evidence file; ``amount`` in base units, ``source`` the host it came from."""

    account: str
    asset: str
    amount: int
    source: str


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a member table: its exact grammar, and whether it is free text carried as base64url."""

    name: str
    pattern: re.Pattern[bytes]
    wanted: str
    is_text: bool = False


def _field(name: str, grammar: bytes, wanted: str) -> Field:
    return Field(name, re.compile(grammar + rb"\Z"), wanted)


def _text(name: str) -> Field:
    return Field(name, re.compile(_BASE64URL + rb"\Z"), "UTF-8 text as base64url without padding", is_text=True)


def _choice(name: str, words: tuple[str, ...]) -> Field:
    return _field(name, b"(?:" + b"|".join(map(str.encode, words)) + b")", " | ".join(words))


_ACCOUNT = _field("account", ACCOUNT, "a CAIP-10 account such as eip155:1:0xab…")
_ASSET = _field("asset", _SYMBOL, "an asset symbol")
_CLAIMED = _field("claimed", _UNITS, "base units: at most 60 digits without sign, dot or leading zero")

ADDRESS_FIELDS = (_ACCOUNT, _ASSET, _CLAIMED, _choice("role", ROLES))
OWNERSHIP_FIELDS = (
    _ACCOUNT,
    _choice("method", METHODS),
    _text("message"),
    _field("proof", _PRINTABLE + b"+", "visible ASCII without commas and quotes"),
    _text("extra"),
)
FUND_FIELDS = (
    _text("name"),
    _choice("kind", KINDS),
    _choice("custody", CUSTODIES),
    _field(
        "account", rb"[-0-9A-Za-z_.:%]{0,180}", "a CAIP-10 account; for a ledger entry its account name, or nothing"
    ),
    _ASSET,
    _CLAIMED,
    _field("target", rb"(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,18})?", "a plain decimal number"),
    _field("target_unit", _SYMBOL, "an asset symbol or currency code"),
)
BALANCE_FIELDS = (
    _ACCOUNT,
    _ASSET,
    _field("amount", _UNITS, "base units: at most 60 digits without sign, dot or leading zero"),
    _field("source", _PRINTABLE + b"{1,300}", "visible ASCII without commas and quotes"),
)
TABLES: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {
        "addresses": ADDRESS_FIELDS,
        "ownership": OWNERSHIP_FIELDS,
        "funds": FUND_FIELDS,
        "balances": BALANCE_FIELDS,
    }
)
"""Columns by the member's role."""


def read_addresses(data: bytes, name: str) -> tuple[AddressRow, ...]:
    """The rows of an addresses member; ``SnapshotError`` SNAPSHOT.GRAMMAR names file, row, column and byte."""
    return tuple(AddressRow(r[0], r[1], int(r[2]), r[3]) for r in read_table(data, name, ADDRESS_FIELDS))


def read_ownership(data: bytes, name: str) -> tuple[OwnershipRow, ...]:
    """The rows of an ownership member, as :func:`read_addresses`."""
    return tuple(OwnershipRow(*r) for r in read_table(data, name, OWNERSHIP_FIELDS))


def read_funds(data: bytes, name: str) -> tuple[FundRow, ...]:
    """The rows of a funds member, as :func:`read_addresses`.

    An on-chain fund names a CAIP-10 account, which its own column's grammar cannot say.
    """
    account = re.compile(ACCOUNT.decode("ascii") + r"\Z")
    rows = []
    for number, r in enumerate(read_table(data, name, FUND_FIELDS), start=2):
        if r[2] == "on-chain" and not account.match(r[3]):
            raise SnapshotError(
                "SNAPSHOT.GRAMMAR",
                "a fund held on chain names no CAIP-10 account",
                at=Location(name, row=number, column="account"),
                observed=r[3],
                action="Ask the issuer for a corrected list.",
            )
        rows.append(FundRow(r[0], r[1], r[2], r[3], r[4], int(r[5]), r[6], r[7]))
    return tuple(rows)


def read_balances(data: bytes, name: str) -> tuple[BalanceRow, ...]:
    """The rows of an evidence file's balances, as :func:`read_addresses`."""
    return tuple(BalanceRow(r[0], r[1], int(r[2]), r[3]) for r in read_table(data, name, BALANCE_FIELDS))


def read_table(data: bytes, name: str, fields: tuple[Field, ...]) -> Iterator[tuple[str, ...]]:
    """Each data row as decoded cells; rows are counted from 1, the header being row 1."""
    position = 0
    for number, line in enumerate(_lines(data, name), start=1):
        cells = line.split(b",")
        if number == 1:
            _check_header(line, name, fields)
        else:
            if len(cells) != len(fields):
                _refuse(
                    "the row does not have as many cells as the header",
                    Location(name, row=number, byte=position),
                    expected=str(len(fields)),
                    observed=str(len(cells)),
                )
            yield _row(cells, fields, Location(name, row=number, byte=position))
        position += len(line) + 1


def write_table(fields: tuple[Field, ...], rows: Iterator[tuple[str, ...]] | tuple[tuple[str, ...], ...]) -> bytes:
    """The member's bytes for rows of plain cells; free text is encoded here. The result reads back or raises.

    ``ValueError`` names the row (1-based, the header being row 1) and the column of a cell outside its grammar.
    """
    lines = [b",".join(field.name.encode("ascii") for field in fields)]
    for number, row in enumerate(rows, start=2):
        cells = [_encoded(field, cell) for field, cell in zip(fields, row, strict=True)]
        for field, cell in zip(fields, cells, strict=True):
            if not field.pattern.match(cell):
                shown = cell[:60].decode("ascii", "replace")
                raise ValueError(f"row {number}, column {field.name}: {shown!r} is not {field.wanted}")
        lines.append(b",".join(cells))
    return b"\n".join(lines) + b"\n"


def _encoded(field: Field, cell: str) -> bytes:
    raw = cell.encode("utf-8")
    return base64.urlsafe_b64encode(raw).rstrip(b"=") if field.is_text else raw


def _lines(data: bytes, name: str) -> Iterator[bytes]:
    """Lines without their LF; the last must have one too."""
    if not data.endswith(b"\n"):
        _refuse("the last row does not end in a line feed", Location(name, byte=len(data)))
    start = 0
    while start < len(data):
        end = data.index(b"\n", start)
        yield data[start:end]
        start = end + 1


def _check_header(line: bytes, name: str, fields: tuple[Field, ...]) -> None:
    wanted = ",".join(field.name for field in fields)
    if line != wanted.encode("ascii"):
        what = (
            "a byte order mark stands before the header" if line.startswith(b"\xef\xbb\xbf") else "the header differs"
        )
        _refuse(what, Location(name, row=1, byte=0), expected=wanted, observed=repr(line[:200])[2:-1])


def _row(cells: list[bytes], fields: tuple[Field, ...], at: Location) -> tuple[str, ...]:
    position = at.byte or 0
    row: list[str] = []
    for field, cell in zip(fields, cells, strict=True):
        here = Location(at.file, row=at.row, column=field.name, byte=position)
        if len(cell) > MAX_CELL_BYTES:
            _refuse("the cell is too long", here, expected=f"at most {MAX_CELL_BYTES} bytes")
        if not field.pattern.match(cell):
            _refuse("the cell breaks its grammar", here, expected=field.wanted, observed=repr(cell[:60])[2:-1])
        row.append(_decoded(cell, here) if field.is_text else cell.decode("ascii"))
        position += len(cell) + 1
    return tuple(row)


def _decoded(cell: bytes, at: Location) -> str:
    """Free text; its base64url must be the one encoding of its bytes."""
    try:
        raw = base64.urlsafe_b64decode(cell + b"=" * (-len(cell) % 4))
        text = raw.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        _refuse("the cell is not base64url of UTF-8 text", at)
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != cell:
        _refuse("the cell is not the canonical base64url of its text", at)
    if len(raw) > MAX_TEXT_BYTES:
        _refuse("the text is too long", at, expected=f"at most {MAX_TEXT_BYTES} bytes")
    return text


def _refuse(what: str, at: Location, *, expected: str = "", observed: str = "") -> NoReturn:
    raise SnapshotError(
        "SNAPSHOT.GRAMMAR",
        what,
        at=at,
        expected=expected,
        observed=observed,
        action="Ask the issuer for a corrected member.",
    )


Reader = Callable[[bytes, str], tuple[object, ...]]
READERS: Mapping[str, Reader] = MappingProxyType(
    {"addresses": read_addresses, "ownership": read_ownership, "funds": read_funds, "balances": read_balances}
)
"""Readers by the member's role."""
