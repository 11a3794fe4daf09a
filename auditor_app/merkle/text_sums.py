"""What the text-hash sum trees have in common: how balances look in a preimage, and which columns a ledger must have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from auditor_app.errors import LedgerError
from auditor_app.ledger.columns import is_amount
from auditor_app.merkle.rule import Layout
from auditor_app.merkle.template import BalanceText, NumberForm, Template, TemplateRule

EIGHT_PLACES = 8


def json_object(
    order: Sequence[str] | None, number: NumberForm | None, *, absent: str | None = None, quoted: bool = True
) -> BalanceText:
    """Balances as a compact JSON object, ``{"BTC":"1.5","ETH":"0"}``; bare numbers where not ``quoted``."""
    quote = '"' if quoted else ""
    return BalanceText(
        order=None if order is None else tuple(order),
        opening="{",
        before='"',
        between=f'":{quote}',
        after=quote,
        closing="}",
        number=number,
        absent=absent,
    )


def bare_amounts(order: Sequence[str], number: NumberForm | None, *, absent: str | None) -> BalanceText:
    """Amounts one after another, without names or separators."""
    return BalanceText(order=tuple(order), joiner="", named=False, number=number, absent=absent)


def check_coins(
    scheme: str, layout: Layout, known: Collection[str] | None = None, needed: Collection[str] = ()
) -> None:
    """Refuse amount columns that the scheme would not hash, that lack, or whose text is not a decimal number.

    A coin outside ``known`` would enter the sums and no hash. :class:`LedgerError` ``SCHEME.PARAMETERS``.
    """
    for column in layout.columns:
        if is_amount(column) and column.type != "decimal":
            raise _wrong(f"the scheme {scheme} hashes decimal amounts, and the column {column.name} is not decimal")
    names = [coin.name for coin in layout.coins]
    unknown = [name for name in names if known is not None and name not in known]
    if unknown:
        raise _wrong(f"the scheme {scheme} has no coin {unknown[0]}", ", ".join(known or ()))
    missing = [name for name in needed if name not in names]
    if missing:
        raise _wrong(f"the scheme {scheme} needs an amount for {missing[0]}", ", ".join(needed))


def _wrong(what: str, expected: str = "") -> LedgerError:
    return LedgerError(
        "SCHEME.PARAMETERS", what, expected=expected, action="Ask the issuer for the ledger with the scheme's columns."
    )


class CutRule(TemplateRule):
    """A template whose sums are cut, towards zero, to a number of decimals of each coin's own."""

    def __init__(
        self,
        scheme: str,
        layout: Layout,
        template: Template,
        places: Mapping[str, int],
        *,
        leaf_count: int | None = None,
    ) -> None:
        super().__init__(scheme, layout, template, leaf_count=leaf_count)
        self.cuts = tuple(10 ** max(coin.scale - places[coin.name], 0) for coin in layout.coins)
