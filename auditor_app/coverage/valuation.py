"""What one asset is worth in another, for protection funds: a feed in the evidence before the issuer's own price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from auditor_app.amounts import Amount
from auditor_app.chain.observed import Grade, ObservedPrice
from auditor_app.coverage.lines import FundPrice
from auditor_app.findings import Finding, finding
from auditor_app.instants import parse_instant
from auditor_app.snapshot.statement import Price, SnapshotPredicate

FRESH_FOR = timedelta(hours=25)
"""How far a price may be from the snapshot's instant: feeds with a heartbeat of a day, and an hour to spare."""

TOLERATED = Fraction(2, 100)
"""How far the issuer's price may be from a feed's."""

MAX_PLACES = 18
"""Decimals kept of a value that has no finite ones."""

_PROCEDURE = "funds"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of an asset is worth, exactly, and the prices that say so; none where an asset is its own unit."""

    value: Fraction
    prices: tuple[FundPrice, ...] = ()


class PriceList:
    """Every price at hand for one snapshot: of feeds in the evidence, and the issuer's own."""

    def __init__(self, predicate: SnapshotPredicate, feeds: Iterable[ObservedPrice]) -> None:
        self._as_of = predicate.as_of
        self._own = predicate.prices
        self._feeds = tuple(feeds)

    def rate(self, symbol: str, unit: str) -> Rate | None:
        """The rate of ``symbol`` in ``unit``: a feed's, two feeds' crossed, else the issuer's single positive price."""
        if symbol == unit:
            return Rate(Fraction(1))
        observed = self._observed(symbol, unit)
        return self._claimed(symbol, unit) if observed is None else observed

    def findings(self, symbol: str, unit: str, subject: str) -> list[Finding]:
        """What is to be said of the prices of one pair, beside those of the fund that uses them."""
        used = self.rate(symbol, unit)
        if used is None or not used.prices:
            return []
        found = [_stale(price, self._as_of, subject) for price in used.prices if price.stale]
        if any(price.grade == Grade.CLAIMED for price in used.prices):
            found.append(_on_the_issuers_word(used.prices[0], subject))
            return found
        claimed = self._claimed(symbol, unit)
        if claimed is not None and abs(claimed.value - used.value) > TOLERATED * used.value:
            found.append(_differs(claimed, used, subject))
        return found

    def _observed(self, symbol: str, unit: str) -> Rate | None:
        direct = self._feed(symbol, unit)
        if direct is not None:
            return Rate(direct.price.fraction(), (self._shown(direct),))
        for first in sorted((item for item in self._feeds if item.symbol == symbol), key=_by_quote_and_price):
            second = self._feed(unit, first.quote, dearest=True)
            if second is not None:
                value = first.price.fraction() / second.price.fraction()
                return Rate(value, (self._shown(first), self._shown(second)))
        return None

    def _feed(self, symbol: str, quote: str, *, dearest: bool = False) -> ObservedPrice | None:
        """The feed of a pair; of several the lowest, or the one of the highest price, by which less is left."""
        pair = [item for item in self._feeds if (item.symbol, item.quote) == (symbol, quote)]
        pick = max if dearest else min
        return pick(pair, key=lambda item: item.price.fraction(), default=None)

    def _claimed(self, symbol: str, unit: str) -> Rate | None:
        prices = [item for item in self._own if (item.symbol, item.quote) == (symbol, unit)]
        if len(prices) != 1 or Amount.parse(prices[0].price).units <= 0:
            return None
        return Rate(Amount.parse(prices[0].price).fraction(), (self._own_price(prices[0]),))

    def _own_price(self, price: Price) -> FundPrice:
        stale = self._far(price.as_of)
        source = f"the issuer, who names {price.source}"
        return FundPrice(price.symbol, price.quote, price.price, source, price.as_of, Grade.CLAIMED.value, stale=stale)

    def _shown(self, price: ObservedPrice) -> FundPrice:
        stale = self._far(price.as_of)
        text = price.price.plain()
        return FundPrice(price.symbol, price.quote, text, price.source, price.as_of, price.grade.value, stale=stale)

    def _far(self, moment: str) -> bool:
        return abs(parse_instant(moment) - parse_instant(self._as_of)) > FRESH_FOR


def _by_quote_and_price(item: ObservedPrice) -> tuple[str, Fraction]:
    return item.quote, item.price.fraction()


def exact_or_down(value: Fraction) -> Amount:
    """The value itself where it has at most :data:`MAX_PLACES` decimals, else rounded down to so many."""
    units = value * 10**MAX_PLACES
    return Amount.parse(Amount(units.numerator // units.denominator, MAX_PLACES).plain())


def _stale(price: FundPrice, as_of: str, subject: str) -> Finding:
    return finding(
        "FUND.PRICE_STALE",
        procedure=_PROCEDURE,
        subject=subject,
        message=f"The price of {price.symbol} in {price.quote} is of {price.as_of}, more than a day away from the snapshot.",
        expected=f"a price near {as_of}",
        observed=f"{price.price} {price.quote} from {price.source}",
    )


def _on_the_issuers_word(price: FundPrice, subject: str) -> Finding:
    return finding(
        "FUND.PRICE_CLAIMED",
        procedure=_PROCEDURE,
        subject=subject,
        message=f"The fund was valued with the issuer's own price of {price.symbol}; no price feed stands in the evidence.",
        observed=f"{price.price} {price.quote} at {price.as_of} from {price.source}",
    )


def _differs(claimed: Rate, used: Rate, subject: str) -> Finding:
    own = claimed.prices[0]
    return finding(
        "FUND.PRICE_DIFFERS",
        procedure=_PROCEDURE,
        subject=subject,
        message=f"The issuer's price of {own.symbol} was compared with the feed's and differs by more than 2 percent; "
        "the feed's was used.",
        expected=f"{exact_or_down(used.value).plain()} {own.quote}",
        observed=f"{own.price} {own.quote} at {own.as_of} from {own.source}",
    )
