"""The made-up exchange's 50,000 accounts: every row follows from its number through SHA-256, the same anywhere.

One row is the exception that the demo is there to show: an account whose USDC balance is negative, netted against
other customers' deposits, as a published sample of a real exchange once held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from auditor_app.amounts import Amount

ACCOUNTS = 50_000
NEGATIVE_ROW = 31_417
_NEGATIVE_USDC = "-1536.7"

_DECIMALS = (8, 10, 6, 6)
"""Decimals written for BTC, ETH, USDT, USDC (the exchange shows ten for ETH)."""

_UNITS = (2_400, 2_900_000, 740_000, 390_000)
"""Size of the smallest step of each asset's distribution, in 10**-decimals."""

_HOLDS = (97, 118, 205, 90)
"""Of 256 accounts, how many hold the asset."""


def rows() -> Iterator[bytes]:
    """``accountId,BTC,ETH,USDT,USDC`` lines in tree order, an absent coin as an empty cell."""
    seen: set[int] = set()
    for number in range(ACCOUNTS):
        digest = hashlib.sha256(b"reserve-auditor demo account %d" % number).digest()
        account = 1_000_000_000 + int.from_bytes(digest[:5], "big") % 89_000_000_000
        while account in seen:
            account += 1
        seen.add(account)
        cells = [_balance(digest[5 + 6 * asset :], asset) for asset in range(4)]
        if number == NEGATIVE_ROW:
            cells[3] = _NEGATIVE_USDC
        elif not any(cells):
            cells[2] = "0.01"
        yield f"{account},{','.join(cells)}\n".encode("ascii")


def _balance(seed: bytes, asset: int) -> str:
    """Mostly small, seldom large: a mantissa of 16 bits, doubled up to 15 times."""
    if seed[0] >= _HOLDS[asset]:
        return ""
    doublings = min(seed[1] & 15, seed[2] & 15)
    units = (int.from_bytes(seed[3:5], "big") + 1) * _UNITS[asset] * 2**doublings // 4096
    return Amount(units, _DECIMALS[asset]).plain()
