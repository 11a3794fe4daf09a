"""EIP-191 version 0x45, ``personal_sign``: the message's length in decimal stands between prefix and message."""

from __future__ import annotations

from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.ownership.framing import Framing, check_recoverable
from auditor_app.chain.ownership.model import Claim, Match, NoMatch


def digest(message: str) -> bytes:
    """Keccak-256 of prefix, length and message."""
    data = message.encode("utf-8")
    return keccak256(b"\x19Ethereum Signed Message:\n%d" % len(data) + data)


def check(claim: Claim) -> Match | NoMatch:
    """Externally owned accounts, or the owners a row names; signatures of 65 bytes, or the 64 of EIP-2098."""
    return check_recoverable(claim, (Framing("EIP-191", digest),), compact=True)
