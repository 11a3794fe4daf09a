"""Ed25519 over the bare message (Solana, Algorand and others), and Solana's off-chain message format.

The bare form has no prefix, so only plain text is taken: a serialised transaction is not a message.
"""

from __future__ import annotations

from auditor_app.chain.ownership.encoding import is_plain_text
from auditor_app.chain.ownership.framing import Framing, check_ed25519
from auditor_app.chain.ownership.model import Claim, Match, NoMatch

_SOLANA_HEADER = b"\xffsolana offchain\x00"
_RESTRICTED_ASCII, _LIMITED_UTF8 = 0, 1


def _bare(message: str) -> bytes | None:
    return message.encode("utf-8") if is_plain_text(message) else None


def _solana_off_chain(message: str) -> bytes | None:
    """Header, version 0, format, length, message (Anza's off-chain message signing, version 0)."""
    data = message.encode("utf-8")
    if not data or len(data) > 0xFFFF:
        return None
    form = _RESTRICTED_ASCII if message.isascii() and message.isprintable() else _LIMITED_UTF8
    return _SOLANA_HEADER + bytes([form]) + len(data).to_bytes(2, "little") + data


_BARE = Framing("Ed25519 over the bare message", _bare)
_SOLANA = Framing("Solana off-chain message", _solana_off_chain)


def check(claim: Claim) -> Match | NoMatch:
    """Any Ed25519 chain."""
    return check_ed25519(claim, (_BARE,))


def check_solana(claim: Claim) -> Match | NoMatch:
    """Solana: its off-chain message format, or the bare message as wallets sign it."""
    return check_ed25519(claim, (_SOLANA, _BARE))
