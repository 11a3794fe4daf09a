"""The ``--columns`` notation."""

from __future__ import annotations

import pytest

from auditor_app.errors import LedgerError, UsageError
from auditor_app.ledger.columns import amount_positions, check_columns, parse_columns, scale_of
from auditor_app.snapshot.statement import Column


def test_reads_every_type_and_flag() -> None:
    columns = parse_columns("account:token,nonce:hex64,BTC:decimal?,ETH:base-units/8,X:decimal-?,Y:decimal/6?-")
    assert columns == (
        Column(name="account", type="token"),
        Column(name="nonce", type="hex64"),
        Column(name="BTC", type="decimal", optional=True),
        Column(name="ETH", type="base-units", decimals=8),
        Column(name="X", type="decimal", optional=True, signed=True),
        Column(name="Y", type="decimal", decimals=6, optional=True, signed=True),
    )
    assert amount_positions(columns) == (2, 3, 4, 5)
    assert [scale_of(columns[place]) for place in (2, 3, 5)] == [18, 8, 18]


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "account",
        "account:token",
        "account:token,BTC",
        "account:token,BTC:float",
        "account:token,BTC:base-units",
        "account:token,BTC:base-units/61",
        "account:token,BTC:base-units/08",
        "account:token,BTC:decimal??",
        "account:token,BTC:decimal,BTC:decimal",
        "account:token?,BTC:decimal",
        "BTC:decimal,account:token",
        "account:token-,BTC:decimal",
        "account:token/8,BTC:decimal",
        "account:token, BTC:decimal",
        "account:token,BTC:decimal\n",
        "account:token,BTC:decimal/١",
        "account:token,ВTC:decimal",
        "a:token," + ",".join(f"C{i}:decimal" for i in range(64)),
    ],
)
def test_refuses_what_is_no_ledger(spec: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_columns(spec)
    assert caught.value.exit_status == 3


def test_a_snapshots_columns_are_held_to_the_same_rules() -> None:
    with pytest.raises(LedgerError) as caught:
        check_columns((Column(name="BTC", type="decimal"), Column(name="ETH", type="decimal")))
    assert caught.value.code == "SNAPSHOT.SCHEMA"
