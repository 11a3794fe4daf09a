"""Coverage per asset: what is counted on each side, which way it is rounded, and when no rate is given."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from auditor_app.amounts import Amount, floor_percent
from auditor_app.chain.observe import observe
from auditor_app.coverage.coverage import CoverageResult, LedgerTotals, coverage
from auditor_app.coverage.lines import CoverageLine
from auditor_app.coverage.self_issued import self_issued_findings
from auditor_app.errors import UsageError
from auditor_app.merkle.result import ColumnTotal
from auditor_app.operation import CancelToken
from auditor_app.snapshot.statement import Asset
from tests.unit.chain.snapshots import ASSETS, BTC_A, BTC_B, EVM_A, EVM_B, evidence, snapshot

BTC = 10**8


def total(asset: str, net: str, negatives: str = "0") -> ColumnTotal:
    return ColumnTotal(asset, Amount.parse(net), Amount.parse(negatives))


def run(
    totals: LedgerTotals,
    addresses: list[tuple[str, str, int]],
    balances: list[tuple[str, str, int]] | None = None,
    **changes: object,
) -> CoverageResult:
    held = snapshot(addresses, **changes)
    proof = None if balances is None else evidence(balances)
    return coverage(held.statement.predicate, totals, observe(held, proof, CancelToken()))


ONE = {"columns": (("BTC",),)}
TWO = {"columns": (("BTC",), ("BTC", "USDT"))}
RESERVES = [(BTC_A, "BTC", 60 * BTC), (BTC_B, "BTC", 50 * BTC)]


def test_liabilities_are_summed_over_all_ledgers() -> None:
    totals = {"ledger0": (total("BTC", "70"),), "ledger1": (total("BTC", "30"), total("USDT", "0"))}
    line = run(totals, RESERVES, RESERVES, **TWO).lines[0]
    assert (line.liabilities, line.observed, line.rate) == (100 * BTC, 110 * BTC, "110.0000")
    assert (line.difference, line.net_rate) == (10 * BTC, None)


def test_debts_are_not_netted_in_the_rate_and_stand_beside_it() -> None:
    line = run({"ledger0": (total("BTC", "100", "-20"),)}, RESERVES, RESERVES, **ONE).lines[0]
    assert (line.liabilities, line.debts, line.net_liabilities) == (120 * BTC, 20 * BTC, 100 * BTC)
    assert (line.rate, line.net_rate) == ("91.6666", "110.0000")


def test_observed_less_than_gross_liabilities_is_a_shortfall_even_where_net_is_covered() -> None:
    result = run({"ledger0": (total("BTC", "100", "-20"),)}, RESERVES, RESERVES, **ONE)
    assert [item.code for item in result.findings] == ["RESERVE.SHORTFALL"]
    assert "10.00000000 BTC less" in result.findings[0].message


def test_exact_cover_is_no_shortfall_and_one_unit_less_is() -> None:
    exact = {"ledger0": (total("BTC", "110"),)}
    assert run(exact, RESERVES, RESERVES, **ONE).findings == ()
    above = {"ledger0": (total("BTC", "110.00000001"),)}
    result = run(above, RESERVES, RESERVES, **ONE)
    assert [item.code for item in result.findings] == ["RESERVE.SHORTFALL"]
    assert result.lines[0].rate == "99.9999"


def test_more_decimals_than_the_asset_round_liabilities_up_and_debts_down() -> None:
    line = run({"ledger0": (total("BTC", "0.000000001", "-0.000000019"),)}, RESERVES, RESERVES, **ONE).lines[0]
    assert (line.liabilities, line.debts) == (2, 1)
    halves = {"ledger0": (total("BTC", "0.000000005"),), "ledger1": (total("BTC", "0.000000005"), total("USDT", "0"))}
    assert run(halves, RESERVES, RESERVES, **TWO).lines[0].liabilities == 1  # the sum is rounded, not each ledger


@pytest.mark.parametrize("second", [{}, {"ledger1": None}, {"ledger1": ()}])
def test_a_ledger_that_could_not_be_read_leaves_liabilities_unknown(second: dict[str, None]) -> None:
    result = run({"ledger0": (total("BTC", "1"),), **second}, RESERVES, RESERVES, **TWO)
    line = result.lines[0]
    assert (line.liabilities, line.rate, line.difference, line.net_liabilities) == (None, None, None, None)
    assert not result.complete


def test_without_evidence_there_is_no_rate_but_a_claimed_shortfall_is_still_one() -> None:
    result = run({"ledger0": (total("BTC", "100"),)}, RESERVES, None, **ONE)
    assert (result.lines[0].observed, result.lines[0].rate, result.complete) == (None, None, False)
    assert result.findings == ()
    short = run({"ledger0": (total("BTC", "111"),)}, RESERVES, None, **ONE)
    assert [item.code for item in short.findings] == ["RESERVE.SHORTFALL"]
    assert short.findings[0].observed.endswith("claimed")


def test_no_liabilities_give_no_rate() -> None:
    result = run({"ledger0": (total("BTC", "0"),)}, RESERVES, RESERVES, **ONE)
    assert result.lines[0].rate is None
    assert not result.complete  # nothing is owed, so nothing is covered


def test_an_asset_that_is_owed_but_has_no_reserves_is_at_nothing_with_evidence() -> None:
    totals = {"ledger0": (total("BTC", "1"),), "ledger1": (total("BTC", "0"), total("USDT", "5"))}
    line = run(totals, RESERVES, RESERVES, **TWO).lines[1]
    assert (line.asset, line.claimed, line.observed, line.rate) == ("USDT", 0, 0, "0.0000")
    assert run(totals, RESERVES, None, **TWO).lines[1].observed is None


def test_a_missing_address_counts_as_nothing_observed_for_it() -> None:
    line = run({"ledger0": (total("BTC", "100"),)}, RESERVES, RESERVES[:1], **ONE).lines[0]
    assert line.observed == 60 * BTC


def test_a_repeated_address_is_summed_once() -> None:
    rows = [(EVM_A, "USDT", 5), (EVM_A.lower(), "USDT", 5), (EVM_B, "USDT", 1)]
    line = run({"ledger0": (total("USDT", "0.000006"),)}, rows, [rows[0], rows[2]], columns=(("USDT",),)).lines[0]
    assert (line.observed, line.rate) == (6, "100.0000")


def test_no_asset_covers_another_and_the_order_is_the_asset_maps() -> None:
    rows = [(EVM_A, "USDT", 10**12), (BTC_A, "BTC", 1)]
    totals = {"ledger0": (total("BTC", "1"), total("USDT", "1"))}
    result = run(totals, rows, rows, columns=(("BTC", "USDT"),))
    assert [line.asset for line in result.lines] == ["BTC", "USDT"]
    assert [item.subject for item in result.findings] == ["asset BTC"]


def test_an_asset_that_is_neither_owed_nor_claimed_has_no_line() -> None:
    assets = (*ASSETS, Asset(symbol="MX", decimals=18, on_chain=()))
    result = run({"ledger0": (total("BTC", "1"),)}, RESERVES, RESERVES, assets=assets, **ONE)
    assert [line.asset for line in result.lines] == ["BTC"]


def test_the_claim_is_the_statements_total_not_the_sum_of_rows() -> None:
    line = run({"ledger0": (total("BTC", "1"),)}, RESERVES, RESERVES, claimed={"BTC": 7}, **ONE).lines[0]
    assert (line.claimed, line.observed) == (7, 110 * BTC)


def test_a_snapshot_that_declares_no_reserves_has_no_shortfall_but_no_verdict_either() -> None:
    result = run({"ledger0": (total("BTC", "1"),)}, [], None, claimed=None, **ONE)
    assert (result.findings, result.complete) == ((), False)


@pytest.mark.vectors
def test_the_eleven_published_pairs_come_out_as_their_floor(vectors: Path) -> None:
    pairs = json.loads((vectors / "sampling" / "coverage_vectors.json").read_text())
    assert len(pairs) == 11
    for pair in pairs:
        reserves, liabilities = Amount.parse(pair["reserves"]), Amount.parse(pair["liabilities"])
        scale = max(reserves.scale, liabilities.scale)
        places = len(pair["floor"].partition(".")[2])
        rate = floor_percent(reserves.at_scale(scale).units, liabilities.at_scale(scale).units, places)
        assert rate == pair["floor"], pair["name"]
        exact = Fraction(pair["reserves"]) / Fraction(pair["liabilities"]) * 100
        assert 0 <= exact - Fraction(rate) < Fraction(1, 10**places)


@pytest.mark.vectors
def test_the_published_pairs_through_a_coverage_line(vectors: Path) -> None:
    for pair in json.loads((vectors / "sampling" / "coverage_vectors.json").read_text()):
        reserves = Amount.parse(pair["reserves"]).at_scale(8).units
        rows = [(BTC_A, "BTC", reserves)]
        line = run({"ledger0": (total("BTC", pair["liabilities"]),)}, rows, rows, **ONE).lines[0]
        assert line.rate is not None
        assert line.rate.startswith(pair["floor"])
        assert line.difference == Amount.parse(pair["excess"]).at_scale(8).units


def test_complete_is_an_observation_for_everything_that_is_owed() -> None:
    totals = {"ledger0": (total("BTC", "100"),), "ledger1": (total("BTC", "0"), total("USDT", "0"))}
    assert run(totals, RESERVES, RESERVES, **TWO).complete  # nothing is owed in USDT, so nothing is missing there
    assert not run(totals, RESERVES, None, **TWO).complete


def test_an_asset_that_is_claimed_and_not_owed_has_a_line() -> None:
    rows = [*RESERVES, (EVM_A, "USDT", 5)]
    lines = run({"ledger0": (total("BTC", "1"),)}, rows, rows, **ONE).lines
    assert [(line.asset, line.liabilities, line.claimed, line.observed) for line in lines] == [
        ("BTC", 10**8, 110 * BTC, 110 * BTC),
        ("USDT", 0, 5, 5),
    ]


def test_listed_reserves_of_which_none_was_observed_are_unknown_and_not_nothing() -> None:
    rows = [*RESERVES, (EVM_A, "USDT", 5 * 10**6)]
    totals = {"ledger0": (total("BTC", "1"), total("USDT", "5"))}
    result = run(totals, rows, RESERVES, columns=(("BTC", "USDT"),))
    line = result.lines[1]
    assert (line.observed, line.difference, line.rate, line.net_rate) == (None, None, None, None)
    assert not result.complete
    assert result.findings == ()


def test_what_was_observed_counts_and_not_what_was_claimed() -> None:
    seen = [(BTC_A, "BTC", 60 * BTC), (BTC_B, "BTC", 20 * BTC)]
    result = run({"ledger0": (total("BTC", "100"),)}, RESERVES, seen, **ONE)
    (found,) = result.findings
    assert found.message == "Reserves as observed are 20.00000000 BTC less than gross liabilities."
    assert (found.expected, found.observed) == ("at least 100.00000000 BTC", "80.00000000 BTC observed")


def test_a_rate_needs_both_sides_and_a_net_rate_debts_too() -> None:
    full = CoverageLine("BTC", 8, 100, 20, 0, 90)
    assert (full.difference, full.rate, full.net_liabilities, full.net_rate) == (-10, "90.0000", 80, "112.5000")
    for line in (replace(full, observed=None), replace(full, liabilities=None)):
        assert (line.difference, line.rate, line.net_rate) == (None, None, None)
    assert replace(full, debts=0).net_rate is None


def test_an_asset_that_the_exchange_issued_itself_is_found_among_the_reserves() -> None:
    held = snapshot(RESERVES, **ONE)
    claimed, seen, none = (CoverageLine("BTC", 8, 1, 0, *amounts) for amounts in ((7, None), (0, 9), (0, 0)))
    for line, amount in ((claimed, 7), (seen, 9)):
        (found,) = self_issued_findings(held.statement.predicate, [line], ["BTC"])
        assert (found.code, found.subject) == ("ASSET.SELF_ISSUED", "asset BTC")
        assert found.observed == f"{Amount(amount, 8).fixed()} BTC"
    assert self_issued_findings(held.statement.predicate, [none, replace(claimed, asset="ETH")], ["BTC"]) == []
    assert self_issued_findings(held.statement.predicate, [claimed], []) == []
    with pytest.raises(UsageError, match="the snapshot has no asset 'MX'") as caught:
        self_issued_findings(held.statement.predicate, [claimed], ["MX"])
    assert caught.value.expected == ", ".join(asset.symbol for asset in ASSETS)
    bare = snapshot([], assets=(), columns=(), claimed=None)
    with pytest.raises(UsageError) as caught:
        self_issued_findings(bare.statement.predicate, [], ["MX"])
    assert caught.value.expected == "no asset at all"
