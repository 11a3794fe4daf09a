"""``bitmex`` and ``river``: the sum tree over raw bytes that binds each child's value, published as a whole.

Source: BitMEX/proof-of-reserves-liabilities @c0c9c717, RiverFinancial/proof-of-reserves @ef562ac9; ``merkle-schemes.md``
section 4, ``merkle-schemes-more.md`` section 4. With q = 8 bytes little-endian and one coin in satoshi:
sub = SHA-256(nonce ‖ q(block height) ‖ q(account)), leaf = HMAC-SHA256(sub, q(value) ‖ q(leaf index)),
node = SHA-256(left ‖ q(left value) ‖ right ‖ q(right value)). The leaf count is a power of two; balances are split over
leaves in random order. River pads with leaves of value 0, account 0 and a nonce of zeros, and calls the nonce a subkey.

A ledger has columns ``nonce`` (hex64), ``account`` (token) and one column of base units, and holds the leaves: already
split, padded and in the tree's order.
"""

from __future__ import annotations

import re

from auditor_app.errors import LedgerError

BITMEX, RIVER = "bitmex", "river"
WORD_LIMIT = 2**64
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z", re.ASCII)


def word(value: int, what: str) -> bytes:
    """q(value); :class:`LedgerError` ``RANGE.FIELD`` if it does not fit."""
    if not 0 <= value < WORD_LIMIT:
        raise LedgerError(
            "RANGE.FIELD",
            f"{what} does not fit the 64 bits in which the scheme hashes it",
            expected=f"0 to {WORD_LIMIT - 1}",
            observed=str(value),
            action="Ask the issuer how it was hashed.",
        )
    return value.to_bytes(8, "little")
