"""Attacks on the reserves: counted twice, borrowed for a day, shown with old signatures, at no block, of one's own making."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from auditor_app.chain.window import WindowBalance, write_window
from auditor_app.selftest.case import Seen, Version
from auditor_app.selftest.exchange import (
    BTC,
    CHAINS,
    COLD,
    SECOND,
    Exchange,
    Holding,
    audited,
    hand_over,
    token,
)
from auditor_app.selftest.fixtures import Fixture
from auditor_app.selftest.wallet import BITCOIN, ETHEREUM
from auditor_app.snapshot.statement import Asset, BlockReference


def address_twice(_fixture: Fixture, folder: Path, version: Version) -> Seen:
    """One account in two spellings."""
    asset = Asset(symbol="ETH", decimals=8, on_chain=(f"{ETHEREUM}/slip44:60",))
    holdings = (
        Holding(COLD, COLD.ethereum, "ETH", 170),
        Holding(COLD, f"{ETHEREUM}:{COLD.ethereum.rpartition(':')[2].lower()}", "ETH", 170),
    )
    exchange = Exchange(
        columns="id:token,ETH:base-units/8",
        assets=(asset,),
        chains={ETHEREUM: CHAINS[ETHEREUM]},
        holdings=holdings if version is Version.ATTACK else holdings[:1],
    )
    return Seen.in_audit(audited(hand_over(exchange, folder).request))


def wrapped_form(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A pegged token and the coins behind it, both claimed."""
    (_, _, _, native), (_, _, _, wrapped) = (row.split(",") for row in fixture.inputs["rows"])
    holdings = (
        Holding(COLD, COLD.bitcoin, "BTC", int(native)),
        Holding(SECOND, SECOND.ethereum, "BTCB", int(wrapped)),
    )
    exchange = Exchange(
        assets=(BTC, msgspec.structs.replace(token("BTCB"), backs="BTC")),
        chains=CHAINS,
        holdings=holdings if version is Version.ATTACK else holdings[:1],
    )
    return Seen.in_audit(audited(hand_over(exchange, folder).request))


def window_dressing(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """The balance is there on the day, and neither a week before nor a day after."""
    balances = {int(days): int(amount) for days, amount in fixture.inputs["balances"]}
    held = balances[0]
    rows = [
        WindowBalance(COLD.bitcoin, "BTC", days, amount if version is Version.ATTACK else held, "own-node:selftest")
        for days, amount in balances.items()
    ]
    table = folder / "window.csv"
    table.write_bytes(write_window(rows))
    exchange = Exchange(holdings=(Holding(COLD, COLD.bitcoin, "BTC", held),))
    return Seen.in_audit(audited(replace(hand_over(exchange, folder).request, window=table)))


def old_signature(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A signature that fits, over a message that could be years old."""
    holding = Holding(COLD, COLD.bitcoin, "BTC", 170)
    if version is Version.ATTACK:
        holding = replace(holding, message=str(fixture.inputs["message"]))
    return Seen.in_audit(audited(hand_over(Exchange(holdings=(holding,)), folder).request))


def height_alone(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A block named by its height, which every fork has."""
    block = BlockReference(block_height=str(fixture.inputs["height"]), block_hash=fixture.inputs["hash"])
    exchange = Exchange(chains={BITCOIN: block}) if version is Version.ATTACK else Exchange()
    return Seen.in_audit(audited(hand_over(exchange, folder).request))


def own_token(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A token of the exchange's own among the reserves; who issued it is what the auditor knows."""
    symbol = str(fixture.inputs["assets"][0])
    holdings = (Holding(COLD, COLD.bitcoin, "BTC", 170), Holding(SECOND, SECOND.ethereum, symbol, 10**12))
    exchange = Exchange(
        assets=(BTC, token(symbol)),
        chains=CHAINS,
        holdings=holdings if version is Version.ATTACK else holdings[:1],
    )
    return Seen.in_audit(audited(replace(hand_over(exchange, folder).request, own_assets=(symbol,))))
