"""Balances around the snapshot's block, from a real node, and the search for a block by its time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.chain.around import DAYS, AroundResult, block_before, read_around
from auditor_app.chain.observed import AddressLine, Grade, ReserveAddress
from auditor_app.chain.plan import plan_capture
from auditor_app.chain.window import read_window, window_findings, write_window
from auditor_app.operation import run
from auditor_app.snapshot.statement import Asset, BlockReference
from tests.unit.chain.conftest import Anvil, running_anvil
from tests.unit.chain.snapshots import snapshot
from tests.unit.chain.test_capture import CHAIN, TOKEN, holder


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=60),
    st.integers(0, 59),
    st.integers(-100, 3000),
)
def test_the_newest_block_not_after_a_moment_is_found(gaps: Sequence[int], start: int, moment: int) -> None:
    times = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    start %= len(times)

    def time_of(height: int) -> int | None:
        return times[height] if 0 <= height < len(times) else None

    fitting = [height for height, found in enumerate(times) if found <= moment]
    wanted = fitting[-1] if fitting and fitting[-1] + 1 < len(times) else None
    assert block_before(time_of, start, moment) == wanted


ASSET = Asset(symbol="ETH", decimals=18, on_chain=(f"{CHAIN}/slip44:60",))


def at_height(node: Anvil, height: int) -> AroundResult:
    block = BlockReference(block_height=str(height), block_hash=node.hash_at(height))
    held = snapshot([(f"{CHAIN}:{holder(1)}", "ETH", 900)], assets=(ASSET,), columns=(("ETH",),), chains={CHAIN: block})
    return run(read_around(held, plan_capture(held, [node.endpoint()], TOKEN), TOKEN))


@pytest.mark.node
def test_coins_that_were_there_for_one_block_only_are_seen() -> None:
    try:
        with running_anvil() as node:
            node("anvil_setBalance", holder(1), hex(100))
            for _ in range(3):
                node.mine()
            node("evm_increaseTime", 8 * 86_400)
            node.mine()
            node("anvil_setBalance", holder(1), hex(900))
            height = node.mine()
            node.mine()  # anvil keeps the state of a block only once the next one is mined
            node("anvil_setBalance", holder(1), hex(100))
            node.mine()
            early = at_height(node, height)
            node("evm_increaseTime", 8 * 86_400)
            node.mine()
            node.mine()
            result = at_height(node, height)
    except FileNotFoundError as absent:
        pytest.skip(str(absent))
    assert any("no block +7 days" in note for note in early.notes)
    assert {row.moment for row in early.balances} == {"0", "-1block", "+1block", "-7"}
    assert result.notes == ()
    found = {row.moment: row.amount for row in result.balances}
    assert set(found) == {"0", "-1block", "+1block", *map(str, DAYS)}
    assert (found["0"], found["-7"], found["7"]) == (900, 100, 100)
    table = write_window(result.balances)
    assert read_window(table, "w.csv") == result.balances
    line = AddressLine(ReserveAddress(f"{CHAIN}:{holder(1)}", "ETH", 900, "cold"), 18, 900, Grade.ONE_SOURCE, "")
    (finding,) = window_findings(result.balances, [line])
    assert finding.code == "RESERVE.WINDOW"
    assert "day -7" in finding.observed
    assert "day +7" in finding.observed
    assert "block" in finding.observed
