"""Values of protection funds: a feed before the issuer's own price, exact, and old prices said to be old."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from auditor_app.amounts import Amount
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import Grade, ObservedPrice
from auditor_app.coverage.funds import FundResult, protection_funds
from auditor_app.coverage.valuation import exact_or_down
from auditor_app.operation import CancelToken
from auditor_app.snapshot.statement import Price
from tests.unit.chain.snapshots import EVM_A, evidence, snapshot

TOKEN = CancelToken()
AS_OF = "2026-11-01T00:00:00Z"
FUND = ("Guardian Fund", "guardian", "on-chain", EVM_A, "ETH", 2 * 10**18, "4000", "USDT")


def feed(symbol: str, quote: str, price: str, as_of: str = AS_OF, grade: Grade = Grade.PROVEN) -> ObservedPrice:
    return ObservedPrice(symbol, quote, Amount.parse(price), "feed", as_of, grade)


def own(price: str, as_of: str = AS_OF) -> Price:
    return Price(symbol="ETH", quote="USDT", price=price, source="Example Index", as_of=as_of)


def run(feeds: tuple[ObservedPrice, ...], prices: tuple[Price, ...] = ()) -> FundResult:
    held = snapshot([], funds=[FUND], prices=prices)
    reserves = observe(held, evidence([(EVM_A, "ETH", 2 * 10**18)]), TOKEN)
    return protection_funds(held, replace(reserves, prices=feeds), TOKEN)


def codes(result: FundResult) -> list[str]:
    return sorted(item.code for item in result.findings)


def test_a_feed_values_the_fund_and_stands_beside_it() -> None:
    result = run((feed("ETH", "USDT", "2000.5"),))
    (total,) = result.totals
    assert (total.observed, total.met, codes(result)) == ("4001", True, [])
    (price,) = total.prices
    assert (price.price, price.grade, price.source, price.as_of) == ("2000.5", "proven", "feed", AS_OF)


def test_a_feed_goes_before_the_issuers_price_and_a_difference_is_said() -> None:
    agreeing = run((feed("ETH", "USDT", "1990"),), (own("2029.8"),))  # two percent above, exactly
    assert (agreeing.totals[0].observed, codes(agreeing)) == ("3980", ["FUND.BELOW_TARGET"])
    for inflated in ("2029.81", "1950.19"):
        result = run((feed("ETH", "USDT", "1990"),), (own(inflated),))
        assert codes(result) == ["FUND.BELOW_TARGET", "FUND.PRICE_DIFFERS"]
        assert result.totals[0].observed == "3980"
    assert "2000" not in run((feed("ETH", "USDT", "1990"),), (own("2000"),)).totals[0].prices[0].price


def test_two_feeds_with_a_common_quote_are_crossed_exactly_and_rounded_down() -> None:
    result = run((feed("ETH", "USD", "2000"), feed("USDT", "USD", "0.9997")))
    (total,) = result.totals
    expected = Fraction(4000) / Fraction(9997, 10000)
    assert total.observed == exact_or_down(expected).plain()
    assert Fraction(Amount.parse(total.observed or "").units, 10**18) <= expected
    assert {(item.symbol, item.quote) for item in total.prices} == {("ETH", "USD"), ("USDT", "USD")}
    assert codes(run((feed("ETH", "USD", "2000"),))) == ["FUND.UNVALUED"]  # a dollar is no USDT


def test_of_two_feeds_of_one_pair_the_lower_counts() -> None:
    assert run((feed("ETH", "USDT", "2100"), feed("ETH", "USDT", "2000"))).totals[0].observed == "4000"
    crossed = (
        feed("ETH", "USD", "2100"),
        feed("ETH", "USD", "2000"),
        feed("USDT", "USD", "0.5"),
        feed("USDT", "USD", "1"),
    )
    assert run(crossed).totals[0].observed == "4000"


@pytest.mark.parametrize(
    ("as_of", "stale"),
    [
        ("2026-10-30T23:00:00Z", False),  # 25 hours
        ("2026-10-30T22:59:59Z", True),
        ("2026-11-02T01:00:00Z", False),
        ("2026-11-02T01:00:01Z", True),
    ],
)
def test_a_price_of_another_day_is_said_to_be_so(as_of: str, stale: bool) -> None:
    for result, others in (
        (run((feed("ETH", "USDT", "2000", as_of),)), []),
        (run((), (own("2000", as_of),)), ["FUND.PRICE_CLAIMED"]),
    ):
        assert codes(result) == sorted([*others, *(["FUND.PRICE_STALE"] if stale else [])])
        assert result.totals[0].prices[0].stale is stale


def test_a_price_that_is_not_positive_values_nothing() -> None:
    assert codes(run((), (own("0"),))) == ["FUND.UNVALUED"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 3), "0." + "3" * 18),
        (Fraction(2, 3), "0." + "6" * 18),
        (Fraction(10**40, 1), "1" + "0" * 40),
        (Fraction(1, 10**18), "0." + "0" * 17 + "1"),
        (Fraction(1, 10**19), "0"),
    ],
)
def test_values_are_exact_where_they_can_be_and_never_rounded_up(value: Fraction, text: str) -> None:
    assert exact_or_down(value).plain() == text
