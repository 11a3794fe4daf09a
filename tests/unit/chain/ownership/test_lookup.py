"""Proofs by account: the best one speaks for an account, and no other account's does."""

from __future__ import annotations

from dataclasses import replace

from auditor_app.chain.ownership.lookup import ProofsOfControl, outcome_words
from auditor_app.chain.ownership.model import (
    Binds,
    Freshness,
    Outcome,
    OwnershipLine,
    OwnershipResult,
    OwnershipRow,
)

ONE = "eip155:1:0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
TWO = "eip155:1:0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"


def line(account: str, asset: str = "ETH", outcome: Outcome = Outcome.VALID) -> OwnershipLine:
    row = OwnershipRow(asset, account, account.rpartition(":")[2], None, "m", ())
    return OwnershipLine(
        row, "evm", account.lower(), "eip191", "EIP-191", outcome, Binds.ADDRESS, Freshness.FRESH, "", typo_risk=False, note=""
    )  # fmt: skip


def proofs(*lines: OwnershipLine) -> ProofsOfControl:
    return ProofsOfControl(OwnershipResult(lines, (), None, None, (), ()))


def test_an_account_that_no_proof_names_has_none() -> None:
    for made in (ProofsOfControl(None), proofs(line(ONE))):
        found = made.of(TWO)
        assert (found.outcome, found.valid, found.method, found.binds, found.freshness) == (
            Outcome.UNSIGNED, False, "", None, None,
        )  # fmt: skip


def test_the_scheme_that_matched_names_the_method_else_the_one_that_was_named() -> None:
    matched = line(ONE)
    assert proofs(matched).of(ONE).method == "EIP-191"
    assert proofs(replace(matched, scheme="")).of(ONE).method == "eip191"


def test_only_a_valid_proof_binds_anything_or_is_fresh() -> None:
    good = proofs(line(ONE)).of(ONE)
    assert (good.binds, good.freshness) == (Binds.ADDRESS, Freshness.FRESH)
    bad = proofs(line(ONE, outcome=Outcome.INVALID)).of(ONE)
    assert (bad.line is not None, bad.binds, bad.freshness) == (True, None, None)


def test_case_of_an_evm_account_makes_no_difference_and_of_others_it_does() -> None:
    assert proofs(line(ONE)).of(ONE.lower()).valid
    solana = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM"
    assert proofs(line(solana)).of(solana).valid
    assert not proofs(line(solana)).of(solana.lower()).valid


def test_the_best_proof_of_an_account_speaks_for_it() -> None:
    stale = replace(line(ONE), freshness=Freshness.REPLAYABLE)
    key_only = replace(line(ONE), binds=Binds.KEY)
    bad = line(ONE, outcome=Outcome.INVALID)
    assert proofs(bad, key_only, stale).of(ONE).line is stale  # bound to the address before fresh
    assert proofs(bad, stale, line(ONE)).of(ONE).freshness is Freshness.FRESH
    found = proofs(bad).of(ONE)
    assert (found.outcome, found.binds, found.freshness) == (Outcome.INVALID, None, None)


def test_only_proofs_for_the_asset_count_where_one_is_named() -> None:
    made = proofs(line(ONE, "ETH"), line(ONE, "USDT", Outcome.UNSIGNED))
    assert made.of(ONE, "ETH").valid
    assert not made.of(ONE, "USDT").valid
    assert made.of(ONE).valid


def test_a_proof_that_could_not_be_decided_is_not_called_none() -> None:
    none, open_ = (
        line(ONE, outcome=Outcome.UNSIGNED),
        replace(line(ONE, outcome=Outcome.UNSIGNED), note="needs the chain"),
    )
    assert [outcome_words(item) for item in (none, open_)] == ["No proof", "Not decided"]
    assert (proofs(none).of(ONE).words, proofs(none).of(ONE).undecided) == ("No proof", False)
    for order in ((none, open_), (open_, none)):  # the one that could still show something speaks for the account
        found = proofs(*order).of(ONE)
        assert (found.words, found.undecided, found.outcome) == ("Not decided", True, Outcome.UNSIGNED)
    assert proofs(open_, line(ONE)).of(ONE).words == "Valid"
    assert proofs(line(ONE)).of(TWO).words == "No proof"
    bad = replace(line(ONE, outcome=Outcome.INVALID), note="another key")
    assert (outcome_words(bad), proofs(bad).of(ONE).undecided) == ("Invalid", False)
