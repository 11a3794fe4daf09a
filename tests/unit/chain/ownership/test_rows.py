"""What a row is taken for before any signature is tried, and what is remembered of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from auditor_app.amounts import Amount
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.address.networks import NETWORKS
from auditor_app.chain.ownership import txid
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.freshness import freshness_of
from auditor_app.chain.ownership.methods import METHODS
from auditor_app.chain.ownership.model import (
    Binds,
    Claim,
    Freshness,
    Match,
    NoMatch,
    NotDecided,
    Outcome,
    OwnershipRow,
    SentTransaction,
)
from auditor_app.errors import Location
from auditor_app.operation import CancelToken, Progress, run
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, check_one, row

KEY = Wallet.number(1)
P2PKH = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
EVM = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


def lines(*rows: OwnershipRow) -> list[str]:
    """Where each row's signature was seen before."""
    result = run(check_rows(rows, challenge=None, as_of=None, token=CancelToken()))
    return [line.seen_before for line in result.lines]


def test_a_transactions_message_was_never_signed_and_dates_nothing() -> None:
    given = row("ETH", EVM, "0x" + "11" * 32, message=MESSAGE, method="txid")
    assert check_one(given, challenge=MESSAGE, as_of="2026-11-22").freshness is Freshness.REPLAYABLE
    assert check_one(replace(given, method=""), as_of="2026-11-22").freshness is Freshness.FRESH


def test_progress_is_told_every_64_rows() -> None:
    rows = [row("BTC", P2PKH)] * 130
    told = []
    steps = check_rows(rows, challenge=None, as_of=None, token=CancelToken())
    while True:
        try:
            told.append(next(steps))
        except StopIteration:
            break
    assert told == [Progress(done, 130, "rows", "Proofs of control") for done in (0, 64, 128)]


def test_an_address_is_decoded_up_to_256_characters() -> None:
    assert "longer" not in check_one(row("BTC", "1" * 256)).note
    assert check_one(row("BTC", "1" * 257)).note == "it is longer than 256 characters"


def test_the_reason_is_that_of_the_best_reading_of_the_label() -> None:
    """A label of two chains is tried as both; the row is told as the first would tell it."""
    both, tron, evm = (check_one(row(label, "nonsense")) for label in ("ETH-TRX", "TRX", "ETH"))
    assert both.note == tron.note != evm.note
    assert (both.network, tron.network, evm.network) == ("tron", "tron", "evm")


def test_a_row_without_an_address_still_names_its_chain() -> None:
    found = check_one(row("ETH", "", "0x11"))
    assert (found.outcome, found.network, found.note) == (Outcome.UNDECODABLE, "evm", "the row names no address")


def test_a_signature_that_fits_nothing_is_told_so() -> None:
    found = check_one(row("BTC", P2PKH, Wallet.number(2).bitcoin(MESSAGE)))
    assert (found.outcome, found.binds) == (Outcome.INVALID, Binds.NOTHING)
    assert found.note == "no scheme of the chain leads from the signature to the address"


def test_a_row_is_not_told_of_methods_that_it_never_offered() -> None:
    """A signature of 65 bytes is no failed transaction, a BIP-322 signature no failed compact one; a named method says all."""
    compact, long = Wallet.number(2).bitcoin(MESSAGE), "smp" + "A" * 88
    plain = "no scheme of the chain leads from the signature to the address"
    assert [check_one(row("BTC", P2PKH, text)).note for text in (compact, long, "zz")] == [plain] * 3
    assert check_one(row("BTC", P2PKH, compact, method="bip127")).note.startswith("the row holds no transaction")
    assert check_one(row("BTC", P2PKH, long, method="bip137")).note == "the signature is not 65 bytes in base64 or hex"
    assert check_one(row("ETH", EVM, "zz")).note == "a signature is not 65 bytes in hex or base64"


def test_one_spelling_on_two_chains_is_two_accounts() -> None:
    bitcoin, cash = check_one(row("BTC", P2PKH)), check_one(row("BCH", P2PKH))
    assert bitcoin.identity != cash.identity


@pytest.mark.parametrize(
    ("label", "signature", "other"),
    [
        ("ETH", "no signature at all!", "no signature at all?"),
        ("ETH", "0x" + "11" * 96, "0x" + "11" * 64 + "22" * 32),
        ("ATOM", "11" * 96, "11" * 64 + "22" * 32),
        ("SOL", "11" * 64, "11" * 63 + "22"),
    ],
)
def test_a_text_is_seen_again_whatever_it_is_and_another_is_not(label: str, signature: str, other: str) -> None:
    address = {"ETH": EVM, "ATOM": "cosmos1w508d6qejxtdg4y5r3zarvary0c5xw7k6ah60c", "SOL": "1" * 32}[label]
    first, again, different = (row(label, address, text) for text in (signature, signature, other))
    assert lines(first, again, different) == ["", "an earlier row", ""]


def test_an_empty_challenge_is_held_by_no_message() -> None:
    assert freshness_of("any text", " ", None) is Freshness.REPLAYABLE


@pytest.mark.parametrize("method", METHODS, ids=lambda method: f"{method.name}-{min(method.families)}")
def test_no_method_takes_a_claim_without_an_address_or_a_sound_signature(method: object) -> None:
    """Neither as a match nor with a crash; a key alone is only ever bound as a key."""
    assert isinstance(method, type(METHODS[0]))
    for network in (network for network in NETWORKS.values() if network.family in method.families):
        for signature in ("zz", "", "0x" + "11" * 65, "11" * 64, "0x", "A" * 88, "SIG_K1_1", "smpAA", "11" * 32):
            for key in ("", "zz", KEY.compressed.hex(), "11" * 32):
                verdict = method.check(Claim(network, None, MESSAGE, (signature,), key))
                assert isinstance(verdict, NoMatch | NotDecided)


def test_a_bare_digest_of_no_message_is_no_signed_message() -> None:
    assert check_one(row("ETH", EVM, KEY.recoverable(keccak256(b"")), message="")).outcome is Outcome.INVALID
    assert check_one(row("ETH", EVM, KEY.recoverable(keccak256(b"x")), message="x")).outcome is Outcome.VALID


class Sent:
    """Whatever was asked for was sent."""

    def sent(self, account: str, txid: str) -> SentTransaction:
        amounts = {"BTC": (Amount.parse("1.5"),)}
        return SentTransaction(1, datetime(2026, 11, 22, tzinfo=UTC), amounts, (), f"{account} {txid}")


def test_a_transaction_needs_evidence_an_account_and_a_chain() -> None:
    network = NETWORKS["bitcoin"]
    whole = Claim(network, network.decode(P2PKH), "1.5 BTC", ("ab" * 32,), chain="bip122:0", transactions=Sent())
    assert isinstance(txid.check(whole), Match)
    for part in (replace(whole, transactions=None), replace(whole, address=None), replace(whole, chain="")):
        verdict = txid.check(part)
        assert isinstance(verdict, NotDecided)
        assert "its inclusion in a block" in verdict.reason


def test_findings_name_the_first_eight_rows_or_accounts() -> None:
    rows = [row("BTC", "nonsense", at=Location("l.csv", row=number)) for number in range(2, 12)]
    for many, said in ((10, "rows 2, 3, 4, 5, 6, 7, 8, 9 and 2 more."), (8, "rows 2, 3, 4, 5, 6, 7, 8, 9.")):
        result = run(check_rows(rows[:many], challenge=None, as_of=None, token=CancelToken()))
        assert said in result.findings[0].message
        assert result.findings[0].subject == "asset BTC"
    nowhere = run(check_rows([row("", "nonsense")] * 2, challenge=None, as_of=None, token=CancelToken())).findings[0]
    assert "cannot be decoded: accounts nonsense, nonsense." in nowhere.message
    assert nowhere.subject == "rows without an asset"


def test_each_kind_of_row_has_its_own_finding_and_no_other() -> None:
    """One row of each kind: undecodable, invalid, without a proof, not decided, replayable, indirect, without a checksum."""
    fresh, stale = MESSAGE, "no date at all"
    body = b"\x14OKX Signed Message:\n" + bytes([len(fresh)]) + fresh.encode()
    for given, codes in (
        (row("BTC", "nonsense"), ["ADDRESS.UNDECODABLE"]),
        (row("BTC", P2PKH, Wallet.number(2).bitcoin(MESSAGE)), ["OWNERSHIP.INVALID"]),
        (row("BTC", P2PKH), ["OWNERSHIP.UNSIGNED"]),
        (row("BTC", P2PKH, "ab" * 32, method="txid"), ["OWNERSHIP.NOT_DECIDED"]),
        (row("BTC", P2PKH, KEY.bitcoin(stale), message=stale), ["OWNERSHIP.STALE"]),
        (row("", "", KEY.recoverable(keccak256(body)), public_key=KEY.compressed.hex()), ["OWNERSHIP.INDIRECT"]),
        (row("BTC", P2PKH, KEY.bitcoin(fresh)), []),
        (row("ETH", EVM.lower()), ["OWNERSHIP.UNSIGNED", "ADDRESS.TYPO"]),
    ):
        result = run(check_rows([given], challenge=None, as_of="2026-11-22", token=CancelToken()))
        assert [item.code for item in result.findings] == codes
