"""A snapshot's ``reserves/ownership.csv``, alone or joined with its reserve addresses.

``message`` and ``extra`` are base64url of UTF-8; ``proof`` holds one signature, or several with ``;`` between.
``extra`` is a public key or a script in hex, or a JSON object {publicKey, script, owners, prevouts}; prevouts are
{transaction, index, value, script}.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from auditor_app import strict_json
from auditor_app.amounts import Amount
from auditor_app.chain.address.model import AddressError
from auditor_app.chain.address.networks import network_of_chain
from auditor_app.chain.observed import ReserveAddress
from auditor_app.chain.ownership.model import OwnershipRow, Prevout
from auditor_app.errors import ChainError, Location
from auditor_app.snapshot import members
from auditor_app.snapshot.members import OWNERSHIP_FIELDS, read_ownership

HEADER = ",".join(field.name for field in OWNERSHIP_FIELDS).encode("ascii")
_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z", re.ASCII)
_COUNT = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z", re.ASCII)
_EXTRA_MEMBERS = frozenset({"publicKey", "script", "owners", "prevouts"})


def read_table(data: bytes, *, file: str) -> tuple[OwnershipRow, ...]:
    """The rows of ``ownership.csv``, without assets and amounts.

    :class:`SnapshotError` for a breach of the table's grammar, :class:`ChainError` for an ``extra`` that is none.
    """
    members = enumerate(read_ownership(data, file), start=2)
    return tuple(_row(member, Location(file, row=number)) for number, member in members)


def joined(
    rows: Iterable[OwnershipRow], addresses: Iterable[ReserveAddress], decimals: Mapping[str, int]
) -> tuple[OwnershipRow, ...]:
    """One row per reserve address, with its asset and claimed amount, and the proof of its account in any spelling.

    An address without a proof becomes an unsigned row; a proof for an account that is not claimed follows at the
    end, without an amount. Where an account has several proofs, each stands in a row, the amount with the first.
    """
    proofs: dict[object, list[OwnershipRow]] = {}
    for row in rows:
        proofs.setdefault(_identity(row.account), []).append(row)
    out: list[OwnershipRow] = []
    claimed: set[object] = set()
    for address in addresses:
        identity = _identity(address.account)
        amount = Amount(address.claimed, decimals[address.asset])
        first, *others = (replace(row, asset=address.asset) for row in proofs.get(identity) or [_unsigned(address)])
        out += [replace(first, account=address.account, amount=amount), *others]
        claimed.add(identity)
    return (*out, *(row for identity, found in proofs.items() if identity not in claimed for row in found))


def _identity(account: str) -> object:
    """Equal for every spelling of one CAIP-10 account; the text itself where it cannot be decoded."""
    chain, _, text = account.rpartition(":")
    network = network_of_chain(chain)
    if network is None:
        return account
    try:
        address = network.decode(text)
    except AddressError:
        return account
    return chain, address.kind, address.payload


def _unsigned(address: ReserveAddress) -> OwnershipRow:
    chain, _, text = address.account.rpartition(":")
    return OwnershipRow(address.asset, address.account, text, None, "", (), chain=chain)


def _row(member: members.OwnershipRow, at: Location) -> OwnershipRow:
    chain, _, address = member.account.rpartition(":")
    extra = _extra(member.extra, at)
    return OwnershipRow(
        asset="",
        account=member.account,
        address=address,
        amount=None,
        message=member.message,
        signatures=tuple(part for part in member.proof.split(";") if part),
        chain=chain,
        method=member.method,
        public_key=extra.get("script") or extra.get("publicKey") or "",
        owners=tuple(extra.get("owners") or ()),
        prevouts=tuple(extra.get("prevouts") or ()),
        at=at,
    )


def _extra(text: str, at: Location) -> dict[str, Any]:
    if not text.startswith("{"):
        return {"publicKey": text}
    extra = strict_json.parse(
        text.encode("utf-8"), file=at.file or "", code="OWNERSHIP.UNREADABLE", max_bytes=members.MAX_TEXT_BYTES
    )
    owners = extra.get("owners", [])
    texts = [extra.get("publicKey", ""), extra.get("script", ""), *(owners if isinstance(owners, list) else [None])]
    if not set(extra) <= _EXTRA_MEMBERS or not all(isinstance(item, str) for item in texts):
        raise _refused("the extra object holds an unknown member or a value of another type", at)
    prevouts = extra.get("prevouts", [])
    if not isinstance(prevouts, list):
        raise _refused("prevouts is not a list", at)
    return {**extra, "prevouts": [_prevout(item, at) for item in prevouts]}


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
