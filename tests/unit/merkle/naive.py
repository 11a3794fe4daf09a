"""A second implementation of both first schemes: recursive, whole list in memory, Fractions; shares no code."""

from __future__ import annotations

import hashlib
from fractions import Fraction

FOUR = ("BTC", "ETH", "USDC", "USDT")


def rfc6962_root(rows: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, by its recursive definition."""
    if not rows:
        return hashlib.sha256(b"").digest()
    if len(rows) == 1:
        return hashlib.sha256(b"\x00" + rows[0]).digest()
    split = 1
    while split * 2 < len(rows):
        split *= 2
    return hashlib.sha256(b"\x01" + rfc6962_root(rows[:split]) + rfc6962_root(rows[split:])).digest()


def plain(value: Fraction) -> str:
    """Plain decimal text, by long division."""
    sign = "-" if value < 0 else ""
    value = abs(value)
    whole = value.numerator // value.denominator
    rest = value - whole
    digits = ""
    while rest:
        rest *= 10
        digit = rest.numerator // rest.denominator
        digits += str(digit)
        rest -= digit
    return f"{sign}{whole}" + (f".{digits}" if digits else "")


def mexc_root(rows: list[tuple[str, dict[str, str]]], proof_id: str) -> tuple[str, dict[str, str]]:
    """Root hash and root balances of MEXC's tree over ``(accountId, {coin: text})`` rows."""

    def cut(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def build(low: int, height: int) -> tuple[str, dict[str, Fraction]] | None:
        if low >= len(rows):
            return None
        if height == 0:
            account, balances = rows[low]
            listed = ",".join(f"{coin}:{balances[coin]}" for coin in sorted(balances))
            return cut(f"{proof_id},{account},{listed}"), {coin: Fraction(text) for coin, text in balances.items()}
        left = build(low, height - 1)
        right = build(low + 2 ** (height - 1), height - 1)
        assert left is not None
        sums = dict(left[1])
        if right is not None:
            coins = {*left[1], *right[1], *FOUR}
            sums = {coin: left[1].get(coin, Fraction(0)) + right[1].get(coin, Fraction(0)) for coin in coins}
        listed = ",".join(f"{coin}:{plain(sums[coin])}" for coin in sorted(sums))
        return cut(f"{left[0]},{right[0] if right else ''},{listed}"), sums

    height = 0
    while 2**height < len(rows):
        height += 1
    root = build(0, height)
    assert root is not None
    return root[0], {coin: plain(value) for coin, value in root[1].items()}
