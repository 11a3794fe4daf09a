"""Tron's three framings: TIP-191 with the length, and two older ones whose length is always written ``32``."""

from __future__ import annotations

from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.ownership.framing import Framing, check_recoverable
from auditor_app.chain.ownership.model import Claim, Match, NoMatch

_PREFIX = b"\x19TRON Signed Message:\n"


def _with_length(message: str) -> bytes:
    data = message.encode("utf-8")
    return keccak256(_PREFIX + str(len(data)).encode("ascii") + data)


def _fixed_over_digest(message: str) -> bytes:
    return keccak256(_PREFIX + b"32" + keccak256(message.encode("utf-8")))


def _fixed_over_message(message: str) -> bytes:
    return keccak256(_PREFIX + b"32" + message.encode("utf-8"))


_FRAMINGS = (
    Framing("TIP-191", _with_length),
    Framing("TRON Signed Message, 32, over Keccak-256 of the message", _fixed_over_digest),
    Framing("TRON Signed Message, 32, over the message", _fixed_over_message),
)


def check(claim: Claim) -> Match | NoMatch:
    """Accounts of one key; each framing in turn."""
    return check_recoverable(claim, _FRAMINGS)
