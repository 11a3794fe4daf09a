"""The text an auditor asks an exchange to sign: nobody could have signed it before, and no other engagement uses it.

The nonce makes it unpredictable and unique; a recent block's hash bounds the signing time from below for third
parties, who need not trust the auditor's clock; the date is for the reader.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from auditor_app.errors import UsageError

NONCE_BYTES = 16
HEX_LENGTH = 64
_BLOCK = re.compile(
    r"([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}):([0-9]{1,12})=((?:0x)?[0-9a-fA-F]{64}|[1-9A-HJ-NP-Za-km-z]{43,44})\Z",
    re.ASCII,
)
"""A hash in hexadecimal, or in base58 as Solana writes it."""
_PURPOSE = re.compile(r"[A-Za-z0-9 ._:/()-]{1,80}\Z", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Challenge:
    """``text`` is what is to be signed, to the byte; it holds no comma, quote or line break."""

    text: str
    nonce: str
    date: str
    block: str


def make_challenge(purpose: str, *, date: str, block: str = "", nonce: str | None = None) -> Challenge:
    """A new challenge; ``block`` is ``CHAIN:HEIGHT=HASH`` with a CAIP-2 chain, ``nonce`` 32 hex digits (else drawn).

    :class:`UsageError` for a purpose or a block that cannot stand in a published CSV.
    """
    if not _PURPOSE.match(purpose):
        raise UsageError("USAGE", "the purpose is 1 to 80 letters, digits, blanks and . _ : / ( ) -")
    if not _DATE.match(date):
        raise UsageError("USAGE", "the date is not of the form 2026-11-22")
    match = _BLOCK.match(block)
    if block and match is None:
        raise UsageError("USAGE", "the block is not of the form eip155:1:21925176=0x and 64 hex digits")
    drawn = secrets.token_hex(NONCE_BYTES) if nonce is None else nonce
    if not re.fullmatch(r"[0-9a-f]{32}", drawn):
        raise UsageError("USAGE", "the nonce is not 32 lower-case hex digits")
    told = "" if match is None else f" - block {match[1]} {match[2]} {_one_spelling(match[3])}"
    return Challenge(f"{purpose} - {date} - nonce {drawn}{told}", drawn, date, block)


def _one_spelling(digest: str) -> str:
    """Hexadecimal in lower case; base58 as it is."""
    return digest.lower() if len(digest) >= HEX_LENGTH else digest
