"""A snapshot's ``reserves/ownership.csv``, alone or joined with its reserve addresses.

``message`` and ``extra`` are base64url of UTF-8; ``proof`` holds one signature, or several with ``;`` between.
``extra`` is a public key or a script in hex, or a JSON object {publicKey, script, owners, prevouts}; prevouts are
{transaction, index, value, script}.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from auditor_app import strict_json
from auditor_app.amounts import Amount
from auditor_app.chain.observed import ReserveAddress
from auditor_app.chain.ownership.model import OwnershipRow, Prevout
from auditor_app.errors import ChainError, Location

HEADER = b"account,method,message,proof,extra"
_CELL = re.compile(r"[\x21-\x7e]*\Z", re.ASCII)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z", re.ASCII)
_COUNT = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z", re.ASCII)
_EXTRA_MEMBERS = frozenset({"publicKey", "script", "owners", "prevouts"})
_MAX_EXTRA = 2**20


def read_table(data: bytes, *, file: str) -> tuple[OwnershipRow, ...]:
    """The rows of ``ownership.csv``, without assets and amounts; :class:`ChainError` for a breach of the grammar."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise _refused("the table holds a byte that is not ASCII", Location(file, byte=error.start)) from None
    head, newline, body = text.partition("\n")
    if head.encode("ascii") != HEADER or not newline or (body and not body.endswith("\n")):
        raise _refused("the table's header or its last line feed is not as the format says", Location(file, row=1))
    lines = body.split("\n")[:-1]
    return tuple(_row(line, Location(file, row=number)) for number, line in enumerate(lines, start=2))


def joined(
    rows: Iterable[OwnershipRow], addresses: Iterable[ReserveAddress], decimals: Mapping[str, int]
) -> tuple[OwnershipRow, ...]:
    """One row per reserve address, with its asset and claimed amount, and the proof of its account.

    An address without a proof becomes an unsigned row; a proof for an account that is not claimed follows at the
    end, without an amount. Where an account has several proofs, each stands in a row, the amount with the first.
    """
    proofs: dict[str, list[OwnershipRow]] = {}
    for row in rows:
        proofs.setdefault(row.account, []).append(row)
    out: list[OwnershipRow] = []
    claimed: set[str] = set()
    for address in addresses:
        amount = Amount(address.claimed, decimals[address.asset])
        found = proofs.get(address.account) or [_unsigned(address)]
        first, *others = (replace(row, asset=address.asset) for row in found)
        out += [replace(first, amount=amount), *others]
        claimed.add(address.account)
    return (*out, *(row for account, found in proofs.items() if account not in claimed for row in found))


def _unsigned(address: ReserveAddress) -> OwnershipRow:
    chain, _, text = address.account.rpartition(":")
    return OwnershipRow(address.asset, address.account, text, None, "", (), chain=chain)


def _row(line: str, at: Location) -> OwnershipRow:
    cells = line.split(",")
    if len(cells) != 5 or not all(_CELL.match(cell) for cell in cells):
        raise _refused("the line does not have five cells of visible ASCII", at)
    account, method, message, proof, extra = cells
    chain, colon, address = account.rpartition(":")
    if not colon or ":" not in chain:
        raise _refused("the account is not in CAIP-10 form", at)
    members = _extra(_text(extra, at), at)
    return OwnershipRow(
        asset="",
        account=account,
        address=address,
        amount=None,
        message=_text(message, at),
        signatures=tuple(part for part in proof.split(";") if part),
        chain=chain,
        method=method,
        public_key=members.get("script") or members.get("publicKey") or "",
        owners=tuple(members.get("owners") or ()),
        prevouts=tuple(members.get("prevouts") or ()),
        at=at,
    )


def _text(cell: str, at: Location) -> str:
    if not _BASE64URL.match(cell):
        raise _refused("a text is not base64url without padding", at)
    try:
        raw = base64.urlsafe_b64decode(cell + "=" * (-len(cell) % 4))
        text = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        raise _refused("a text is not base64url of UTF-8", at) from None
    if base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=") != cell:
        raise _refused("a text is not in its one base64url spelling", at)
    return text


def _extra(text: str, at: Location) -> dict[str, Any]:
    if not text.startswith("{"):
        return {"publicKey": text}
    members = strict_json.parse(
        text.encode("utf-8"), file=at.file or "ownership.csv", code="OWNERSHIP.UNREADABLE", max_bytes=_MAX_EXTRA
    )
    owners = members.get("owners", [])
    texts = [members.get("publicKey", ""), members.get("script", ""), *(owners if isinstance(owners, list) else [None])]
    if not set(members) <= _EXTRA_MEMBERS or not all(isinstance(item, str) for item in texts):
        raise _refused("the extra object holds an unknown member or a value of another type", at)
    prevouts = members.get("prevouts", [])
    if not isinstance(prevouts, list):
        raise _refused("prevouts is not a list", at)
    return {**members, "prevouts": [_prevout(item, at) for item in prevouts]}


def _prevout(item: Any, at: Location) -> Prevout:
    wanted = {"transaction": _HEX, "index": _COUNT, "value": _COUNT, "script": _HEX}
    fits = isinstance(item, dict) and set(item) == set(wanted)
    if not fits or not all(isinstance(item[k], str) and form.match(item[k]) for k, form in wanted.items()):
        raise _refused("a prevout is not {transaction, index, value, script} as texts", at)
    if len(item["transaction"]) != 64:
        raise _refused("a prevout's transaction is not 64 hex digits", at)
    return Prevout(item["transaction"], int(item["index"]), int(item["value"]), bytes.fromhex(item["script"]))


def _refused(what: str, at: Location) -> ChainError:
    return ChainError("OWNERSHIP.UNREADABLE", what, at=at, action="Ask the issuer for a corrected table.")
