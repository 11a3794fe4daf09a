"""Protection funds against their targets, apart from the reserves."""

from __future__ import annotations

from auditor_app.chain.observe import observe
from auditor_app.coverage.coverage import coverage
from auditor_app.coverage.funds import FundResult, protection_funds
from auditor_app.operation import CancelToken
from auditor_app.snapshot.statement import Price
from tests.unit.chain.snapshots import BTC_A, BTC_B, EVM_A, EVM_B, evidence, snapshot

TOKEN = CancelToken()
MILLION = 10**6 * 10**6
GUARDIAN = ("Guardian Fund", "guardian", "on-chain", EVM_A, "USDT", 100 * MILLION, "100000000", "USDT")
INSURANCE = ("Futures Insurance Fund", "insurance", "ledger", "insurance:usdt", "USDT", 5 * MILLION, "1000000", "USDT")
BTC_PRICE = Price(symbol="BTC", quote="USDT", price="50000.5", source="x", as_of="2026-11-01T00:00:00Z")


def run(funds: list[tuple[object, ...]], balances: list[tuple[str, str, int]] | None, **changes: object) -> FundResult:
    addresses = changes.pop("addresses", [])
    held = snapshot(addresses, funds=funds, **changes)  # type: ignore[arg-type]
    proof = None if balances is None else evidence(balances)
    return protection_funds(held, observe(held, proof, TOKEN), TOKEN)


def codes(result: FundResult) -> list[str]:
    return sorted(item.code for item in result.findings)


def test_an_observed_fund_at_its_target_meets_it() -> None:
    result = run([GUARDIAN], [(EVM_A, "USDT", 100 * MILLION)])
    (fund,) = result.totals
    assert (fund.name, fund.claimed, fund.observed, fund.rate, fund.met) == (
        "Guardian Fund",
        "100000000",
        "100000000",
        "100.0000",
        True,
    )
    assert codes(result) == []
    assert result.lines[0].grade == "one-source"


def test_one_unit_below_the_target_is_an_exception() -> None:
    result = run([GUARDIAN], [(EVM_A, "USDT", 100 * MILLION - 1)])
    assert codes(result) == ["FUND.BELOW_TARGET", "RESERVE.MISMATCH"]
    assert (result.totals[0].met, result.totals[0].rate) == (False, "99.9999")


def test_an_unobserved_fund_is_a_warning_and_not_met() -> None:
    result = run([GUARDIAN], None)
    assert codes(result) == ["FUND.UNOBSERVED"]
    assert (result.totals[0].observed, result.totals[0].met) == (None, None)
    assert codes(run([GUARDIAN], [(EVM_B, "USDT", 1)])) == ["FUND.UNOBSERVED"]


def test_a_fund_that_claims_less_than_its_target_is_below_it_on_its_own_word() -> None:
    small = (*GUARDIAN[:5], 99 * MILLION, *GUARDIAN[6:])
    assert codes(run([small], None)) == ["FUND.BELOW_TARGET", "FUND.UNOBSERVED"]


def test_a_fund_in_the_ledger_is_a_claim_and_never_met() -> None:
    result = run([INSURANCE], [(EVM_A, "USDT", 5 * MILLION)])
    assert codes(result) == ["FUND.CLAIM_ONLY"]
    assert (result.totals[0].custody, result.totals[0].observed, result.totals[0].met) == ("ledger", None, None)


def test_a_fund_account_that_is_a_reserve_account_is_counted_only_there() -> None:
    rows = [(EVM_A.lower(), "USDT", 100 * MILLION)]
    result = run([GUARDIAN], [(EVM_A, "USDT", 100 * MILLION)], addresses=rows)
    assert codes(result) == ["ADDRESS.DUPLICATE"]
    assert result.totals[0].observed is None


def test_another_asset_of_a_reserve_account_is_other_coins_behind_one_key() -> None:
    seen = [(EVM_A, "USDT", 100 * MILLION), (EVM_A, "ETH", 1)]
    for spelling in (EVM_A, EVM_A.lower()):
        result = run([GUARDIAN], seen, addresses=[(spelling, "ETH", 1)])
        assert codes(result) == ["FUND.SHARED_ADDRESS"]
        assert result.totals[0].met is True
    assert codes(run([GUARDIAN], seen, addresses=[(EVM_B, "ETH", 1)])) == []


def test_one_account_in_two_funds_counts_once() -> None:
    second = ("Second Fund", *GUARDIAN[1:])
    result = run([GUARDIAN, second], [(EVM_A, "USDT", 100 * MILLION)])
    assert codes(result) == ["ADDRESS.DUPLICATE"]
    assert [fund.observed for fund in result.totals] == ["100000000", None]


def test_several_assets_are_valued_exactly_with_the_snapshots_own_price() -> None:
    rows = [
        ("G", "guardian", "on-chain", BTC_A, "BTC", 3, "100", "USDT"),
        ("G", "guardian", "on-chain", EVM_A, "USDT", 7, "100", "USDT"),
    ]
    result = run(rows, [(BTC_A, "BTC", 3), (EVM_A, "USDT", 7)], prices=(BTC_PRICE,))
    assert len(result.totals) == 1
    assert result.totals[0].observed == "0.001507015"  # 3e-8 · 50000.5 + 7e-6
    assert codes(result) == ["FUND.BELOW_TARGET", "FUND.PRICE_CLAIMED"]
    (price,) = result.totals[0].prices
    assert (price.price, price.grade, price.stale) == ("50000.5", "claimed", False)


def test_a_fund_without_a_price_or_with_two_cannot_be_valued() -> None:
    rows = [("G", "guardian", "on-chain", BTC_B, "BTC", 3, "100", "USDT")]
    for prices in (
        (),
        (BTC_PRICE, BTC_PRICE),
        (Price(symbol="BTC", quote="USD", price="1", source="x", as_of=BTC_PRICE.as_of),),
    ):
        result = run(rows, [(BTC_B, "BTC", 3)], prices=prices)
        assert codes(result) == ["FUND.UNVALUED"]
        assert (result.totals[0].claimed, result.totals[0].met) == (None, None)


def test_rows_of_one_fund_with_different_targets_cannot_be_set_against_one() -> None:
    other = (*GUARDIAN[:3], EVM_B, *GUARDIAN[4:6], "50000000", "USDT")
    result = run([GUARDIAN, other], [(EVM_A, "USDT", 100 * MILLION), (EVM_B, "USDT", 100 * MILLION)])
    assert codes(result) == ["FUND.UNVALUED"]
    assert result.totals[0].met is None


def test_a_fund_on_an_undecodable_account_or_of_an_unknown_asset() -> None:
    lower_case_typo = (*GUARDIAN[:3], EVM_A[:-1], *GUARDIAN[4:])
    assert codes(run([lower_case_typo], None)) == ["ADDRESS.UNDECODABLE", "FUND.UNOBSERVED"]
    unknown = (*GUARDIAN[:4], "DOGE", *GUARDIAN[5:])
    assert codes(run([unknown], [(EVM_A, "DOGE", 1)])) == ["ASSET.UNKNOWN", "FUND.UNVALUED"]
    wrong_chain = (*GUARDIAN[:3], BTC_A, *GUARDIAN[4:])
    assert codes(run([wrong_chain], None)) == ["ASSET.UNKNOWN", "FUND.UNOBSERVED"]


def test_a_fund_without_a_target_has_no_rate() -> None:
    result = run([(*GUARDIAN[:6], "0", "USDT")], [(EVM_A, "USDT", 100 * MILLION)])
    assert (result.totals[0].rate, result.totals[0].met, codes(result)) == (None, None, [])


def test_a_table_that_breaks_the_grammar_is_one_finding() -> None:
    result = run([(*GUARDIAN[:5], "007", *GUARDIAN[6:])], None)
    assert (codes(result), result.lines) == (["SNAPSHOT.GRAMMAR"], ())


def test_funds_never_enter_coverage() -> None:
    held = snapshot([(BTC_A, "BTC", 1)], funds=[GUARDIAN])
    reserves = observe(held, evidence([(BTC_A, "BTC", 1), (EVM_A, "USDT", 100 * MILLION)]), TOKEN)
    result = coverage(held.statement.predicate, {}, reserves)
    assert [(line.asset, line.claimed, line.observed) for line in result.lines] == [
        ("BTC", 1, 1),
        ("ETH", 0, 0),
        ("USDT", 0, 0),
    ]


def test_a_snapshot_without_funds_has_none() -> None:
    held = snapshot([(BTC_A, "BTC", 1)])
    assert protection_funds(held, observe(held, None, TOKEN), TOKEN) == FundResult((), (), ())


def test_a_fund_without_an_account_is_named_by_its_name_alone() -> None:
    nameless = (*INSURANCE[:3], "", *INSURANCE[4:])
    assert [item.subject for item in run([INSURANCE], None).findings] == [
        "fund Futures Insurance Fund, account insurance:usdt"
    ]
    assert [item.subject for item in run([nameless], None).findings] == ["fund Futures Insurance Fund"]


def test_a_fund_on_chain_and_in_the_ledger_is_of_mixed_custody() -> None:
    ledger = (*GUARDIAN[:2], "ledger", "guardian:usdt", *GUARDIAN[4:])
    seen = [(EVM_A, "USDT", 100 * MILLION)]
    assert run([GUARDIAN, ledger], seen).totals[0].custody == "mixed"
    assert run([GUARDIAN], seen).totals[0].custody == "on-chain"


def test_a_fund_below_its_target_says_on_what_basis() -> None:
    for balances, basis in (([(EVM_A, "USDT", 99 * MILLION)], "observed"), (None, "claimed")):
        small = (*GUARDIAN[:5], 99 * MILLION, *GUARDIAN[6:])
        (found,) = (item for item in run([small], balances).findings if item.code == "FUND.BELOW_TARGET")
        assert found.message == f"The fund's value as {basis} is below its target by 1000000 USDT."
        assert (found.expected, found.observed) == ("at least 100000000 USDT", f"99000000 USDT {basis}")


def test_what_is_lacking_to_value_a_fund_is_named() -> None:
    rows = [
        ("G", "guardian", "on-chain", BTC_B, "BTC", 3, "100", "USDT"),
        ("G", "guardian", "on-chain", EVM_A, "USDT", 3, "100", "USDT"),
    ]
    (found,) = (item for item in run(rows, None).findings if item.code == "FUND.UNVALUED")
    assert (found.expected, found.observed) == ("a price of BTC in USDT", "")
    assert found.message.startswith("Neither a feed")
    other = (*GUARDIAN[:3], EVM_B, *GUARDIAN[4:6], "50000000", "USDT")
    (found,) = (item for item in run([GUARDIAN, other], None).findings if item.code == "FUND.UNVALUED")
    assert (found.expected, found.observed) == ("one target and unit", "100000000 USDT; 50000000 USDT")
    assert found.message.startswith("The rows of the fund name different targets")


def test_a_price_of_the_target_in_itself_is_no_price() -> None:
    odd = Price(symbol="USDT", quote="USDT", price="2", source="x", as_of=BTC_PRICE.as_of)
    result = run([GUARDIAN], [(EVM_A, "USDT", 100 * MILLION)], prices=(odd,))
    assert (result.totals[0].observed, result.totals[0].prices, codes(result)) == ("100000000", (), [])
