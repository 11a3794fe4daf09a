"""Exact amounts as the report prints them: grouped, every significant digit, the same decimals along one line."""

from __future__ import annotations

from collections.abc import Iterable

from auditor_app.amounts import Amount

_MINUS = "\u2212"
_PREFERRED_DECIMALS = 2
_PLACE_DIGITS = 5


def shown_decimals(values: Iterable[int | None], decimals: int) -> int:
    """The fewest decimals that print every value (base units) exactly; at least two where the asset has them."""
    needed = min(_PREFERRED_DECIMALS, decimals)
    for value in values:
        if value is None:
            continue
        while needed < decimals and value % 10 ** (decimals - needed):
            needed += 1
    return needed


def amount_text(units: int | None, decimals: int, shown: int, *, signed: bool = False) -> str | None:
    """``units`` base units as grouped decimal text with ``shown`` decimals; ``signed`` prints a plus as well."""
    if units is None:
        return None
    text = Amount(units, decimals).at_scale(shown).grouped()
    if text.startswith("-"):
        return _MINUS + text[1:]
    return f"+{text}" if signed and units else text


def decimal_text(amount: Amount | None) -> str | None:
    """An exact :class:`Amount` as grouped text without trailing zeros."""
    if amount is None:
        return None
    text = Amount.parse(amount.plain()).grouped()
    return text.replace("-", _MINUS)


def grouped_decimal(text: str | None) -> str | None:
    """Plain decimal text from a file, grouped; as it stands where it is no plain decimal."""
    if text is None:
        return None
    try:
        return Amount.parse(text).grouped().replace("-", _MINUS)
    except ValueError:
        return text


def count_text(count: int) -> str:
    """A count in groups of three."""
    return Amount(count).grouped()


def place_text(number: int) -> str:
    """A row's number, padded for a monospaced face: one cell less in each of thousands of rows."""
    return str(number).rjust(_PLACE_DIGITS, "\u00a0")


def percent_text(rate: str | None) -> str | None:
    """A rate with its sign."""
    return None if rate is None else f"{rate}\u202f%"


def plural(count: int, singular: str, several: str = "") -> str:
    """``"1 exception"``, ``"3 exceptions"``."""
    return f"{count_text(count)} {singular if count == 1 else several or singular + 's'}"
