"""The raw exchanges of an evidence file that speak of one account: what a second auditor may want to see.

They prove nothing, and no grade rests on them (:mod:`auditor_app.chain.exchanges`); they are shown as they stand.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class RawExchange:
    """One request and its reply as text; bytes that are no text are written out in hexadecimal."""

    at: str
    origin: str
    asked: str
    request: str
    reply: str


@dataclass(frozen=True, slots=True)
class AccountExchanges:
    """Exchanges that name an account, the first :data:`MOST_SHOWN` of ``named``, out of ``kept`` for its chain."""

    shown: tuple[RawExchange, ...]
    named: int
    kept: int


def exchanges_about(evidence: AuthenticEvidence, account: str, token: CancelToken) -> AccountExchanges:
    """What was asked and answered about a CAIP-10 account, in the order of the capture; no network.

    A bulk request names many accounts. ``SignatureError`` for a member that is not the signed one; a line that is no
    JSON object is passed over.
    """
    chain, _, address = account.rpartition(":")
    needle = address.lower().removeprefix("0x").encode() if chain.startswith("eip155:") else address.encode()
    folder = f"exchanges/{chain.replace(':', '-')}/"
    shown: list[RawExchange] = []
    named = kept = 0
    for name in sorted(item.name for item in evidence.statement.subject if item.name.startswith(folder)):
        for line in evidence.members.read(name, token).splitlines():
            token.check()
            kept += 1
            found = _exchange(line) if needle in (line.lower() if chain.startswith("eip155:") else line) else None
            if found is not None:
                named += 1
                shown += [found] if len(shown) < MOST_SHOWN else []
    return AccountExchanges(tuple(shown), named, kept)


def _exchange(line: bytes) -> RawExchange | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    at, origin, asked = (str(document.get(key, "")) for key in ("at", "origin", "asked"))
    return RawExchange(at, origin, asked, _text(document, "request"), _text(document, "reply"))


def _text(document: dict[str, Any], name: str) -> str:
    if name in document:
        return str(document[name])
    try:
        return base64.b64decode(str(document.get(f"{name}Base64", "")), validate=True).hex()
    except binascii.Error:
        return ""
