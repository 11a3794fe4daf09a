"""The list of accounts' nonces that goes with BitMEX's and River's trees: a small CSV file, never published.

``account,nonce`` and, where known, ``balance`` in base units; with a heading the columns may stand in any order.
River's customers hold an account key, an e-mail address and a base-32 account id instead, from which nonce and account
number follow (``merkle-schemes-more.md`` section 4).
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from auditor_app.errors import Location, ProofError
from auditor_app.merkle.published import ProofDocument

MAX_ACCOUNTS = 5_000_000
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "account": ("account", "account_number", "account_id"),
    "nonce": ("nonce", "account_nonce", "account_subkey"),
    "balance": ("balance", "amount"),
    "key": ("account_key",),
    "email": ("email",),
    "uid": ("account_uid", "uid"),
}
_HEX = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,20}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """One account: its number and nonce as they are hashed, and its balance in base units where the list states it."""

    number: int
    nonce: bytes
    balance: int | None = None


def read_accounts(document: ProofDocument, publisher: str) -> tuple[Account, ...]:
    """The accounts of the list, each once; :class:`ProofError` ``PROOF.UNREADABLE`` naming the row otherwise."""
    try:
        rows = list(csv.reader(io.StringIO(document.data.decode("utf-8")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refuse(document, publisher, None, f"the list of nonces is no CSV file ({error})") from None
    numbered = [(number, row) for number, row in enumerate(rows, 1) if row]
    if not numbered or len(numbered) > MAX_ACCOUNTS:
        raise _refuse(document, publisher, None, "the list of nonces is empty or too long")
    columns = _columns([cell.strip().lower() for cell in numbered[0][1]])
    if columns is None:
        columns = {"account": 0, "nonce": 1} | ({"balance": 2} if len(numbered[0][1]) > 2 else {})
    else:
        del numbered[0]
    accounts = []
    seen: set[tuple[int, bytes]] = set()
    for number, row in numbered:
        account = _account({name: row[at].strip() for name, at in columns.items() if at < len(row)})
        if account is None:
            raise _refuse(document, publisher, number, "the row holds no usable account and nonce")
        if (account.number, account.nonce) in seen:
            raise _refuse(document, publisher, number, f"account {account.number} stands in the list twice")
        seen.add((account.number, account.nonce))
        accounts.append(account)
    return tuple(accounts)


def _columns(heading: list[str]) -> dict[str, int] | None:
    """Where each known column stands; ``None`` where the first row is no heading."""
    found = {name: heading.index(alias) for name, aliases in _ALIASES.items() for alias in aliases if alias in heading}
    return found if {"account", "nonce"} <= found.keys() or {"key", "email", "uid"} <= found.keys() else None


def _account(cells: Mapping[str, str]) -> Account | None:
    """One row; ``None`` if it is malformed."""
    balance = cells.get("balance", "")
    if balance and not _NUMBER.match(balance):
        return None
    owed = int(balance) if balance else None
    if {"key", "email", "uid"} <= cells.keys():
        number = _number_of(cells["uid"])
        if number is None or not _HEX.match(cells["key"]):
            return None
        keyed = bytes.fromhex(cells["key"]) + cells["email"].encode("utf-8") + number.to_bytes(8, "little")
        return Account(number, hashlib.sha256(keyed).digest(), owed)
    if not _NUMBER.match(cells.get("account", "")) or not _HEX.match(cells.get("nonce", "")):
        return None
    return Account(int(cells["account"]), bytes.fromhex(cells["nonce"]), owed)


def _number_of(uid: str) -> int | None:
    """River's account number: the base-32 id as a big-endian integer of at most 64 bits."""
    try:
        number = int.from_bytes(base64.b32decode(uid + "=" * (-len(uid) % 8)), "big")
    except (binascii.Error, ValueError):
        return None
    return number if number < 2**64 else None


def _refuse(document: ProofDocument, publisher: str, row: int | None, what: str) -> ProofError:
    return ProofError(
        "PROOF.UNREADABLE",
        what,
        at=Location(document.file, row=row),
        expected="account,nonce[,balance]",
        action=f"Ask {publisher} for the list of accounts and nonces.",
    )
