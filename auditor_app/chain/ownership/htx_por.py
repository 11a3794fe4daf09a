"""HTX's older EVM signatures: Keccak-256 of the bare message, without any prefix.

Nothing in this scheme tells a message from the bytes of a transaction, so only plain text is taken.
"""

from __future__ import annotations

from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.ownership.encoding import is_plain_text
from auditor_app.chain.ownership.framing import Framing, check_recoverable
from auditor_app.chain.ownership.model import Claim, Match, NoMatch


def _bare(message: str) -> bytes | None:
    return keccak256(message.encode("utf-8")) if is_plain_text(message) else None


def check(claim: Claim) -> Match | NoMatch:
    """EVM accounts."""
    return check_recoverable(claim, (Framing("Keccak-256 of the bare message", _bare),))
