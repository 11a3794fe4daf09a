"""Claimed reserves beside evidence: what counts, at which grade, and every reason why it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor_app.chain.evidence import plain_hash
from auditor_app.chain.grading import _grade_of
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import Grade, ReserveResult, typed_blocks
from auditor_app.errors import SignatureError
from auditor_app.findings import finding
from auditor_app.operation import CancelToken
from auditor_app.snapshot.statement import Asset, BlockReference, EvidenceBlock
from tests.unit.chain.snapshots import (
    ASSETS,
    BTC_A,
    BTC_B,
    BTC_CHAIN,
    BTC_HASH,
    CHAINS,
    ETH_HASH,
    EVM_A,
    EVM_B,
    EVM_C,
    evidence,
    snapshot,
)

ROWS = [(BTC_A, "BTC", 5), (EVM_A, "ETH", 7), (EVM_A, "USDT", 9)]
TOKEN = CancelToken()


def codes(result: ReserveResult) -> list[str]:
    return sorted(item.code for item in result.findings)


def test_agreeing_evidence_of_a_pinned_auditor_is_observed_without_a_finding() -> None:
    result = observe(snapshot(ROWS), evidence(ROWS), TOKEN)
    assert codes(result) == []
    assert [(line.observed, line.grade) for line in result.lines] == [(n, Grade.ONE_SOURCE) for n in (5, 7, 9)]
    assert "RESERVES.ONE_SOURCE" in {item.code for item in result.limitations}
    assert result.evidence is not None
    assert result.evidence.pinned


def test_without_evidence_nothing_is_observed() -> None:
    result = observe(snapshot(ROWS), None, TOKEN)
    assert codes(result) == ["EVIDENCE.ABSENT"]
    assert all(line.observed is None and line.grade is Grade.CLAIMED for line in result.lines)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (evidence(ROWS, signed=False), "EVIDENCE.UNTRUSTED"),
        (evidence(ROWS, payload="44" * 32), "EVIDENCE.OTHER_SNAPSHOT"),
        (evidence(ROWS, member=SignatureError("MEMBER.DIGEST", "changed")), "EVIDENCE.INVALID"),
        (evidence(ROWS, member=b"account,asset,amount,source\nx,BTC,007,h\n"), "EVIDENCE.INVALID"),
    ],
)
def test_a_file_that_may_not_be_relied_on_leaves_every_line_unobserved(bad: object, code: str) -> None:
    result = observe(snapshot(ROWS), bad, TOKEN)  # type: ignore[arg-type]
    assert codes(result) == [code]
    assert all(line.observed is None and line.grade is Grade.CLAIMED for line in result.lines)
    assert not result.observations


@pytest.mark.parametrize(
    "block",
    [
        EvidenceBlock(block_height="101", block_hash=ETH_HASH),
        EvidenceBlock(block_height="100", block_hash="0x" + "ac" * 32),
        EvidenceBlock(block_height="100", block_hash=None),
        None,
    ],
)
def test_evidence_of_another_block_leaves_that_chain_unobserved(block: EvidenceBlock | None) -> None:
    chains = {BTC_CHAIN: EvidenceBlock(block_height="900", block_hash=BTC_HASH)}
    if block is not None:
        chains["eip155:1"] = block
    result = observe(snapshot(ROWS), evidence(ROWS, chains=chains), TOKEN)
    assert codes(result) == ["EVIDENCE.MISSING", "EVIDENCE.MISSING", "EVIDENCE.OTHER_BLOCK"]
    assert [line.observed for line in result.lines] == [5, None, None]


def test_a_block_hash_in_another_spelling_is_the_same_block() -> None:
    chains = {
        "eip155:1": EvidenceBlock(block_height="100", block_hash=ETH_HASH.removeprefix("0x").upper()),
        BTC_CHAIN: EvidenceBlock(block_height="900", block_hash=BTC_HASH),
    }
    assert codes(observe(snapshot(ROWS), evidence(ROWS, chains=chains), TOKEN)) == []


def test_a_height_without_a_hash_is_a_warning_and_the_line_still_counts() -> None:
    chains = {**CHAINS, "eip155:1": BlockReference(block_height="100")}
    result = observe(snapshot(ROWS, chains=chains), evidence(ROWS), TOKEN)
    assert codes(result) == ["CHAIN.UNPINNED_BLOCK"]
    assert [line.observed for line in result.lines] == [5, 7, 9]


def test_an_address_without_a_balance_is_missing_and_one_too_many_is_unclaimed() -> None:
    result = observe(snapshot(ROWS), evidence([*ROWS[:2], (EVM_B, "USDT", 9)]), TOKEN)
    assert codes(result) == ["EVIDENCE.MISSING", "EVIDENCE.UNCLAIMED"]
    assert [line.observed for line in result.lines] == [5, 7, None]


def test_a_fund_account_in_the_evidence_is_not_unclaimed() -> None:
    funds = [("Guardian", "guardian", "on-chain", EVM_B, "USDT", 9, "9", "USDT")]
    result = observe(snapshot(ROWS, funds=funds), evidence([*ROWS, (EVM_B, "USDT", 9)]), TOKEN)
    assert codes(result) == []


@pytest.mark.parametrize("observed", [4, 6])
def test_any_difference_is_a_mismatch_and_the_observed_balance_stands(observed: int) -> None:
    result = observe(snapshot(ROWS), evidence([(BTC_A, "BTC", observed), *ROWS[1:]]), TOKEN)
    assert codes(result) == ["RESERVE.MISMATCH"]
    assert result.lines[0].observed == observed
    found = next(item for item in result.findings)
    assert (found.expected, found.observed) == ("0.00000005 BTC", f"0.0000000{observed} BTC")


def test_evidence_in_another_spelling_of_the_address_is_found() -> None:
    result = observe(
        snapshot(ROWS), evidence([(BTC_A, "BTC", 5), (EVM_A.lower(), "ETH", 7), (EVM_A, "USDT", 9)]), TOKEN
    )
    assert codes(result) == []


def test_two_hosts_that_agree_are_two_sources_two_ports_of_one_host_are_not() -> None:
    def grade(*sources: str) -> Grade:
        rows = [(BTC_A, "BTC", 5, source) for source in sources]
        return observe(snapshot(ROWS[:1]), evidence(rows), TOKEN).lines[0].grade

    assert grade("a.example", "b.example") is Grade.TWO_SOURCES
    assert grade("a.example:1", "A.example:2") is Grade.ONE_SOURCE
    assert grade("a.example", "a.example") is Grade.ONE_SOURCE
    assert grade("own-node:10.0.0.7") is Grade.OWN_NODE
    assert _grade_of("bip122:0", ["own-node:10.0.0.7"]) is Grade.OWN_NODE
    for chain in ("tron:0x2b6653dc", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "xrpl:0", "eip155x:1"):
        assert _grade_of(chain, ["own-node:10.0.0.7"]) is Grade.ONE_SOURCE  # it cannot show past state either
        assert _grade_of(chain, ["own-node:10.0.0.7", "b.example"]) is Grade.TWO_SOURCES


def test_sources_that_disagree_are_an_exception_and_the_lower_balance_counts() -> None:
    rows = [(BTC_A, "BTC", 5, "a.example"), (BTC_A, "BTC", 3, "own-node:b")]
    result = observe(snapshot(ROWS[:1]), evidence(rows), TOKEN)
    assert codes(result) == ["EVIDENCE.DISAGREE", "RESERVE.MISMATCH"]
    assert (result.lines[0].observed, result.lines[0].grade) == (3, Grade.ONE_SOURCE)


def test_rs01_one_account_twice_in_any_spelling_is_counted_once() -> None:
    rows = [(EVM_A, "ETH", 7), (EVM_A.lower(), "ETH", 7)]
    result = observe(snapshot(rows), evidence(rows[:1]), TOKEN)
    assert codes(result) == ["ADDRESS.DUPLICATE", "ADDRESS.NO_CHECKSUM"]
    assert [line.counted for line in result.lines] == [True, False]


def test_rs01_one_coin_under_two_symbols_is_counted_once() -> None:
    assets = (*ASSETS, Asset(symbol="TETHER", decimals=6, on_chain=(ASSETS[2].on_chain[0].lower(),)))
    rows = [(EVM_A, "USDT", 7), (EVM_A, "TETHER", 7)]
    assert codes(observe(snapshot(rows, assets=assets), None, TOKEN)) == ["ADDRESS.DUPLICATE", "EVIDENCE.ABSENT"]


def test_rs01_a_chains_own_coin_is_one_coin_whatever_number_is_written_for_it() -> None:
    assets = (*ASSETS[1:], Asset(symbol="BTC", decimals=8, on_chain=("eip155:1/slip44:0",)))
    result = observe(snapshot([(EVM_A, "ETH", 7), (EVM_A, "BTC", 7)], assets=assets), None, TOKEN)
    assert codes(result) == ["ADDRESS.DUPLICATE", "EVIDENCE.ABSENT"]
    assert [line.counted for line in result.lines] == [True, False]


def test_rs01_one_account_on_one_chain_in_two_spellings_is_counted_once() -> None:
    address = "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"
    chains = ("tron:0x2b6653dc", "tron:mainnet", "tron:0xcd8690dc")
    assets = (Asset(symbol="TRX", decimals=6, on_chain=tuple(f"{chain}/slip44:195" for chain in chains)),)
    named = {chain: BlockReference(block_height="1", block_hash="ab" * 32) for chain in chains}
    rows = [(f"{chain}:{address}", "TRX", 7) for chain in chains]
    result = observe(snapshot(rows, assets=assets, chains=named, columns=(("TRX",),)), None, TOKEN)
    assert [line.counted for line in result.lines] == [True, False, True]  # the last is a test network
    assert "ADDRESS.DUPLICATE" in codes(result)


@pytest.mark.parametrize(
    ("symbol", "account", "number", "found"),
    [
        ("BTC", EVM_A, 0, True),
        ("BTC", EVM_A, 60, True),
        ("ETH", EVM_A, 60, False),
        ("ETH", EVM_A.replace("eip155:1:", "eip155:56:"), 60, True),
        ("BNB", EVM_A.replace("eip155:1:", "eip155:56:"), 60, False),
        ("MATIC", EVM_A.replace("eip155:1:", "eip155:137:"), 966, False),
        ("ETH", EVM_A.replace("eip155:1:", "eip155:31337:"), 60, False),
        ("LTC", BTC_A, 2, True),
        ("xbt", BTC_A, 0, False),
        ("BTC", "ton:mainnet:EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N", 0, True),
    ],
)
def test_an_asset_that_stands_on_a_chains_coin_of_another_name_is_an_exception(
    symbol: str, account: str, number: int, found: bool
) -> None:
    chain = account.rpartition(":")[0]
    assets = (Asset(symbol=symbol, decimals=8, on_chain=(f"{chain}/slip44:{number}",)),)
    named = {chain: BlockReference(block_height="1", block_hash="ab" * 32)}
    result = observe(
        snapshot([(account, symbol, 7)] * 2, assets=assets, chains=named, columns=((symbol,),)), None, TOKEN
    )
    assert codes(result).count("ASSET.NATIVE_COIN") == found


def test_two_assets_of_one_account_are_two_balances() -> None:
    assert codes(observe(snapshot([(EVM_A, "ETH", 1), (EVM_A, "USDT", 1)]), None, TOKEN)) == ["EVIDENCE.ABSENT"]


def test_rs02_wrapped_and_native_form_both_claimed() -> None:
    btcb = Asset(symbol="BTCB", decimals=18, on_chain=("eip155:1/erc20:" + EVM_C[9:],), backs="BTC")
    rows = [(BTC_A, "BTC", 1000), (EVM_B, "BTCB", 1000)]
    result = observe(snapshot(rows, assets=(*ASSETS, btcb)), None, TOKEN)
    assert codes(result) == ["ASSET.WRAPPED_DOUBLE_COUNT", "EVIDENCE.ABSENT"]
    assert codes(observe(snapshot(rows[1:], assets=(*ASSETS, btcb)), None, TOKEN)) == ["EVIDENCE.ABSENT"]


def test_rs02_a_wrapped_form_of_a_wrapped_form_counts_the_same_coins() -> None:
    one = Asset(symbol="ONE", decimals=8, on_chain=("eip155:1/erc20:" + EVM_C[9:],), backs="TWO")
    two = Asset(symbol="TWO", decimals=8, on_chain=("eip155:1/erc20:" + EVM_B[9:],), backs="BTC")
    rows = [(BTC_A, "BTC", 1000), (EVM_B, "ONE", 1000)]
    result = observe(snapshot(rows, assets=(*ASSETS, one, two)), None, TOKEN)
    assert codes(result) == ["ASSET.WRAPPED_DOUBLE_COUNT", "EVIDENCE.ABSENT"]
    assert "ONE is declared to be backed by BTC" in result.findings[0].message
    circle = Asset(symbol="TWO", decimals=8, on_chain=two.on_chain, backs="ONE")
    assert codes(observe(snapshot(rows[1:], assets=(*ASSETS, one, circle)), None, TOKEN)) == ["EVIDENCE.ABSENT"]


def test_addresses_that_claim_nothing_are_named_together() -> None:
    rows = [(BTC_A, "BTC", 4), (BTC_B, "BTC", 0), (EVM_A, "ETH", 0)]
    result = observe(snapshot(rows), evidence(rows), TOKEN)
    (found,) = [item for item in result.findings if item.code == "RESERVE.ZERO"]
    assert found.message.startswith("2 rows")
    assert BTC_B in found.observed
    assert EVM_A in found.observed
    assert "RESERVE.ZERO" not in codes(observe(snapshot(rows[:1]), evidence(rows[:1]), TOKEN))


def test_rs05_a_chain_without_any_block() -> None:
    chains = {"eip155:1": CHAINS["eip155:1"]}
    assert "CHAIN.UNPINNED_BLOCK" in codes(observe(snapshot(ROWS, chains=chains), None, TOKEN))


@pytest.mark.parametrize("claimed", [{"BTC": 11}, {}, {"BTC": 10, "ETH": 1}])
def test_a_claimed_total_that_is_not_the_sum_of_its_rows(claimed: dict[str, int]) -> None:
    rows = [(BTC_A, "BTC", 4), (BTC_B, "BTC", 6)]
    assert codes(observe(snapshot(rows, claimed=claimed), None, TOKEN)) == ["CLAIM.TOTAL", "EVIDENCE.ABSENT"]


def test_unknown_assets_and_undecodable_accounts_count_for_nothing() -> None:
    rows = [(EVM_A, "DOGE", 1), (BTC_A, "ETH", 1), (EVM_A[:-1], "ETH", 1)]
    result = observe(snapshot(rows), None, TOKEN)
    assert codes(result) == ["ADDRESS.UNDECODABLE", "ASSET.UNKNOWN", "ASSET.UNKNOWN", "EVIDENCE.ABSENT"]
    assert not any(line.counted for line in result.lines)
    rows_of = {item.code: item.at.row for item in result.findings if item.at.row}
    assert rows_of == {"ASSET.UNKNOWN": 3, "ADDRESS.UNDECODABLE": 4}


def test_a_snapshot_without_reserves_has_no_lines() -> None:
    result = observe(snapshot(claimed=None), None, TOKEN)
    assert (result.lines, codes(result)) == ((), ["EVIDENCE.ABSENT"])


def test_a_chain_in_the_evidence_that_the_snapshot_does_not_name_and_no_row_uses_is_ignored() -> None:
    chains = {
        "eip155:1": EvidenceBlock(block_height="100", block_hash=ETH_HASH),
        BTC_CHAIN: EvidenceBlock(block_height="900", block_hash=BTC_HASH),
        "eip155:56": EvidenceBlock(block_height="5"),
    }
    assert codes(observe(snapshot(ROWS), evidence(ROWS, chains=chains), TOKEN)) == []


def test_addresses_of_an_unknown_form_are_a_warning() -> None:
    tezos = Asset(symbol="XTZ", decimals=6, on_chain=("tezos:NetXdQprcVkpaWU/slip44:1729",))
    rows = [("tezos:NetXdQprcVkpaWU:tz1", "XTZ", 1)]
    result = observe(snapshot(rows, assets=(*ASSETS, tezos)), None, TOKEN)
    assert codes(result) == ["ADDRESS.UNKNOWN_FORM", "CHAIN.UNPINNED_BLOCK", "EVIDENCE.ABSENT"]


def test_rows_of_a_chain_that_the_snapshot_names_no_block_for_are_not_used() -> None:
    chains = {BTC_CHAIN: CHAINS[BTC_CHAIN]}
    result = observe(snapshot(ROWS, chains=chains), evidence(ROWS), TOKEN)
    assert "EVIDENCE.OTHER_BLOCK" in codes(result)
    assert [line.observed for line in result.lines] == [5, None, None]
    typed = observe(snapshot(ROWS, chains=chains), evidence(ROWS), TOKEN, typed_blocks([("eip155:1", ETH_HASH)]))
    assert [line.observed for line in typed.lines] == [5, None, None]  # a typed hash names no height


def test_a_chain_captured_at_another_block_is_said_even_where_no_row_uses_it() -> None:
    chains = {
        "eip155:1": EvidenceBlock(block_height="101", block_hash=ETH_HASH),
        BTC_CHAIN: EvidenceBlock(block_height="900", block_hash=BTC_HASH),
    }
    rows = [(BTC_A, "BTC", 5)]
    assert codes(observe(snapshot(rows), evidence(rows, chains=chains), TOKEN)) == ["EVIDENCE.OTHER_BLOCK"]


def test_a_typed_hash_that_the_evidence_is_not_of_is_refused_where_the_snapshot_names_none() -> None:
    chains = {**CHAINS, "eip155:1": BlockReference(block_height="100")}
    held = snapshot(ROWS, chains=chains)
    agreeing = observe(held, evidence(ROWS), TOKEN, typed_blocks([("eip155:1", ETH_HASH)]))
    assert "EVIDENCE.OTHER_BLOCK" not in codes(agreeing)
    other = observe(held, evidence(ROWS), TOKEN, typed_blocks([("eip155:1", "0x" + "ac" * 32)]))
    assert "EVIDENCE.OTHER_BLOCK" in codes(other)
    assert [line.observed for line in other.lines] == [5, None, None]


def test_evidence_of_a_pinned_auditor_without_a_row_leaves_every_address_missing() -> None:
    """It may be relied on, and says nothing: that is a finding for each address, and no silence."""
    result = observe(snapshot(ROWS), evidence([]), TOKEN)
    assert codes(result) == ["EVIDENCE.MISSING"] * 3


def test_that_nobody_pinned_the_signer_is_said_once() -> None:
    told = evidence(ROWS, signed=False)
    reason = finding("EVIDENCE.UNTRUSTED", procedure="signatures", subject="key", message="A stranger signed.")
    assert codes(observe(snapshot(ROWS), replace(told, findings=(reason,)), TOKEN)) == ["EVIDENCE.UNTRUSTED"]
    assert codes(observe(snapshot(ROWS), told, TOKEN)) == ["EVIDENCE.UNTRUSTED"]


def test_hexadecimal_hashes_are_one_in_any_case_and_others_are_not() -> None:
    assert plain_hash("0xABcd") == plain_hash("abCD") == "abcd"
    solana = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
    assert plain_hash(solana) == solana
    assert plain_hash(solana) != plain_hash(solana.lower())


def test_a_block_without_a_hash_is_named_so() -> None:
    chains = {"eip155:1": EvidenceBlock(block_height="100", block_hash=None, hash_from="snapshot")}
    result = observe(snapshot(ROWS[1:2]), evidence(ROWS[1:2], chains=chains), TOKEN)
    (found,) = (item for item in result.findings if item.code == "EVIDENCE.OTHER_BLOCK")
    assert (found.expected, found.observed) == (f"height 100, hash {ETH_HASH}", "height 100, hash not given")
