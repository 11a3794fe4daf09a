"""Amounts as written, Java's ways of printing and ordering, and what a ledger must have for each scheme."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.errors import LedgerError
from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle.amount_text import AmountText, java_text
from auditor_app.merkle.java_order import hash_map_order
from auditor_app.merkle.limitations import limitation_codes
from auditor_app.merkle.rule import Layout
from auditor_app.merkle.schemes import scheme_named
from tests.unit.merkle import naive_text_sums as naive


@given(st.integers(-(10**40), 10**40), st.integers(-20, 60))
def test_java_prints_as_the_decimal_specification_does(unscaled: int, scale: int) -> None:
    assert java_text(unscaled, scale) == str(Decimal(unscaled).scaleb(-scale, naive.WIDE))


@pytest.mark.parametrize(
    ("text", "printed", "plain"),
    [
        ("0", "0", "0"),
        ("-0", "0", "0"),
        ("-0.0", "0.0", "0"),
        ("0.00000000", "0E-8", "0"),
        ("0.00000067", "6.7E-7", "0.00000067"),
        ("0.000001", "0.000001", "0.000001"),
        ("6.7E-7", "6.7E-7", "0.00000067"),
        ("6.70e-7", "6.70E-7", "0.00000067"),
        ("1E5", "1E+5", "100000"),
        ("2020155332.95708230", "2020155332.95708230", "2020155332.9570823"),
        ("-1.50", "-1.50", "-1.5"),
    ],
)
def test_amounts_keep_their_text_value_and_decimals(text: str, printed: str, plain: str) -> None:
    amount = AmountText.parse(text)
    assert amount.text == text
    assert java_text(amount.unscaled, amount.scale) == printed
    assert amount.plain() == plain
    assert Decimal(amount.units(70)).scaleb(-70, naive.WIDE) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["", "1.", ".5", "01", "+1", "1,5", "１", "1e", "1e999", "1e-61", "9" * 81, "nan", "1 ", "1\n", "0x1", "1_0"],
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        AmountText.parse(text)


@given(st.lists(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=6), unique=True, max_size=60))
def test_a_hash_maps_order(names: list[str]) -> None:
    assert list(hash_map_order(names)) == naive.java_order(names)


def test_the_order_changes_where_the_table_grows() -> None:
    coins = ["BTC", "ETH", "USDT", "USDC"]
    assert hash_map_order(coins) == ("BTC", "ETH", "USDT", "USDC")
    twelve = [*coins, *(f"C{number}" for number in range(8))]
    before = [coin for coin in hash_map_order(twelve) if coin in coins]
    assert before == coins
    many = [*coins, "BGB", "SOL", "XRP", "DOGE", "BNB", "ADA", "LTC", "LINK", "SUI"]
    assert [coin for coin in hash_map_order(many) if coin in coins] != coins


# ---- ledgers


@pytest.mark.parametrize(
    ("scheme", "parameters", "columns"),
    [
        ("okx-v1", {}, "account:token,BTC:decimal"),
        ("okx-v1", {}, "nonce:hex64,BTC:base-units/8"),
        ("okx-v1", {}, "nonce:hex64,XRP:decimal"),
        ("okx-v1", {"auditId": "1"}, "nonce:hex64,BTC:decimal"),
        ("okx-v1-full", {}, "nonce:hex64,BTC:decimal"),
        ("bitget", {}, "encryptUid:token,nonce:token,BTC:decimal"),
        ("bitget", {"numbers": "roman"}, "encryptUid:token,nonce:token,BTC:decimal"),
        ("bitget", {"numbers": "bare", "order": "listed"}, "encryptUid:token,nonce:token,BTC:decimal"),
        ("bitget", {"numbers": "bare"}, "encryptUid:token,BTC:decimal"),
        ("bybit", {}, "userHash:hex64,BTC:decimal,ETH:decimal,USDT:decimal,USDC:decimal"),
        ("bybit", {"release": "V9"}, "userHash:hex64,BTC:decimal,ETH:decimal,USDT:decimal,USDC:decimal"),
        ("bybit", {"release": "V0"}, "userHash:hex64,BTC:decimal,ETH:decimal,USDT:decimal"),
        ("bybit", {"release": "V0"}, "userHash:hex64,BTC:decimal,ETH:decimal,USDT:decimal,USDC:decimal,XRP:decimal"),
        ("coinex", {}, "nonce:hex64,BTC:decimal"),
        ("coinex", {"odd": "thrice"}, "nonce:hex64,BTC:decimal"),
        ("bitunix", {"precisions": "BTC"}, "encryptUid:token,nonce:token,BTC:decimal"),
        ("bitunix", {"precisions": "BTC:99"}, "encryptUid:token,nonce:token,BTC:decimal"),
        ("bitunix", {"precisions": "XRP:8"}, "encryptUid:token,nonce:token,BTC:decimal"),
        ("hotcoin", {"snapshotId": 'a"b', "assets": "BTC:8"}, "accountId:hex64,nonce:hex64,BTC:decimal"),
        ("hotcoin", {"snapshotId": "a", "assets": "BTC:8,BTC:8"}, "accountId:hex64,nonce:hex64,BTC:decimal"),
        ("hotcoin", {"snapshotId": "a", "assets": "BTC:8,ETH:8"}, "accountId:hex64,nonce:hex64,BTC:decimal"),
        ("hotcoin", {"snapshotId": "a", "assets": "btc:8"}, "accountId:hex64,nonce:hex64,BTC:decimal"),
        ("hotcoin", {"snapshotId": "a"}, "accountId:hex64,nonce:hex64,BTC:decimal"),
    ],
)
def test_ledgers_and_parameters_that_do_not_fit(scheme: str, parameters: dict[str, str], columns: str) -> None:
    bind = scheme_named(scheme).bind
    assert bind is not None
    with pytest.raises(LedgerError) as caught:
        bind(Layout.of(parse_columns(columns)), parameters, 1)
    assert caught.value.code == "SCHEME.PARAMETERS"


def test_htx_has_no_root_from_a_ledger() -> None:
    assert scheme_named("htx-v1").bind is None


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("okx-v1", {"TREE.SUM_NOT_BOUND", "TREE.ROUNDING", "SCHEME.AMBIGUOUS", "SCHEME.NO_DOMAIN_SEPARATION"}),
        ("okx-v1-full", {"TREE.SUM_NOT_BOUND", "TREE.ROUNDING", "SCHEME.AMBIGUOUS", "SCHEME.NO_DOMAIN_SEPARATION"}),
        ("bitget", {"TREE.SUM_NOT_BOUND", "SCHEME.NO_DOMAIN_SEPARATION", "SCHEME.TRUNCATED"}),
        ("bybit", {"TREE.SUM_NOT_BOUND", "TREE.ROUNDING", "SCHEME.AMBIGUOUS", "SCHEME.NO_DOMAIN_SEPARATION"}),
        ("coinex", {"TREE.SUM_NOT_BOUND", "SCHEME.NO_DOMAIN_SEPARATION"}),
        ("bitunix", {"TREE.SUM_NOT_BOUND", "TREE.ROUNDING", "SCHEME.NO_DOMAIN_SEPARATION"}),
        ("hotcoin", {"TREE.SUM_NOT_BOUND"}),
    ],
)
def test_what_each_scheme_leaves_unbound(scheme: str, expected: set[str]) -> None:
    assert set(limitation_codes(scheme_named(scheme).properties)) == expected
