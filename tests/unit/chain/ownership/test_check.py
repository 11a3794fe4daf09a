"""What the procedure makes of rows: decoding first, freshness, repeats, shares of value, findings."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import base58
import pytest
from nacl.signing import SigningKey

from auditor_app.amounts import Amount
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.ownership.check import check_rows, signatures_seen
from auditor_app.chain.ownership.freshness import freshness_of, freshness_of_occasion
from auditor_app.chain.ownership.model import Freshness, Occasion, Outcome, OwnershipResult, OwnershipRow
from auditor_app.errors import Location, UsageError
from auditor_app.findings import Severity
from auditor_app.operation import Cancelled, CancelToken, run
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, check_one, row

KEY = Wallet.number(1)
P2PKH = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
EVM = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


def checked(*rows: OwnershipRow, challenge: str | None = None, as_of: str | None = "2026-11-22") -> OwnershipResult:
    return run(check_rows(rows, challenge=challenge, as_of=as_of, token=CancelToken()))


def compact(signature: str) -> str:
    """The same in the 64 bytes of EIP-2098."""
    r, s, v = signature[2:66], int(signature[66:130], 16), int(signature[130:], 16)
    return f"0x{r}{s | (v - 27) << 255:064x}"


def signed_evm(message: str) -> str:
    return KEY.recoverable(keccak256(b"\x19Ethereum Signed Message:\n%d" % len(message) + message.encode()))


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("BTC", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMJ"),
        ("BTC", "not an address"),
        ("BTC", EVM),
        ("BTC", ""),
        ("MYSTERY", "who-knows"),
        ("", ""),
        ("XMR", "4AdUndXHHZ6cfufTMvppY6JwXNouMBzSkbLYfpAV5Usx3skxNgYeYTRj5UzqtReoS44qo9mtmXCqY45DJ852K5Jv2684Rge"),
    ],
)
def test_what_cannot_be_decoded_never_passes(label: str, address: str) -> None:
    """OKX's own tool passes the first two and the fifth."""
    result = checked(row(label, address, KEY.bitcoin(MESSAGE)))
    assert result.lines[0].outcome is Outcome.UNDECODABLE
    assert [(f.code, f.severity) for f in result.findings] == [("ADDRESS.UNDECODABLE", Severity.EXCEPTION)]


def test_hostile_texts_cost_no_time() -> None:
    """Each of these took minutes with a careless pattern or an unbounded number."""
    started = time.process_time()
    assert freshness_of("jan" * 300_000, None, AS_OF) is Freshness.REPLAYABLE
    assert freshness_of("1 " * 300_000 + " " * 300_000, None, AS_OF) is Freshness.REPLAYABLE
    assert check_one(row("STX", "SP" + "Z" * 900_000, "x")).outcome is Outcome.UNDECODABLE
    assert check_one(row("", "1" * 900_000, "x")).outcome is Outcome.UNDECODABLE
    assert time.process_time() - started < 2


def test_an_unknown_chain_of_a_snapshot_is_undecodable() -> None:
    line = check_one(row("", "abc", "x", chain="monero:mainnet"))
    assert (line.outcome, line.note) == (
        Outcome.UNDECODABLE,
        "addresses of the chain monero:mainnet are not known to this program",
    )


AS_OF = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Proof 2026-11-22", Freshness.FRESH),
        ("Proof 2026-11-15", Freshness.FRESH),
        ("Proof 2026-11-14", Freshness.DATED),
        ("Proof 2026-11-29", Freshness.FRESH),
        ("Proof 2026-11-30", Freshness.DATED),
        ("Proof 20261122", Freshness.FRESH),
        ("Proof 2026/11/22.", Freshness.FRESH),
        ("Proof of 22 November 2026", Freshness.FRESH),
        ("Proof of 22nd Nov 2026", Freshness.FRESH),
        ("Proof of November 22, 2026", Freshness.FRESH),
        ("Nov 22 2025", Freshness.DATED),
        ("2026-11/22", Freshness.REPLAYABLE),
        ("2026-13-45", Freshness.REPLAYABLE),
        ("120261122", Freshness.REPLAYABLE),
        ("11/22/2026", Freshness.REPLAYABLE),
        ("OKC_DTT_AUP2025", Freshness.REPLAYABLE),
        ("6DcZbFpug1664269042", Freshness.REPLAYABLE),
        ("I am an OKX address", Freshness.REPLAYABLE),
        ("", Freshness.REPLAYABLE),
        ("answer to 9f3a77c1", Freshness.FRESH),
        ("answer to 9F3A77C1", Freshness.REPLAYABLE),
        ("answer to 9f3a77c12", Freshness.REPLAYABLE),
        ("answer to 09f3a77c1", Freshness.REPLAYABLE),
        ("answer_9f3a77c1_of_today", Freshness.FRESH),
        ("nonce 00ab20261122cdef01", Freshness.REPLAYABLE),
        ("2026-11-aabbccddeeff001122 22", Freshness.REPLAYABLE),
        ("Proof 2026-11-221", Freshness.REPLAYABLE),
        ("Proof 2026-11-5", Freshness.DATED),
        ("Proof 22-Nov-2026", Freshness.FRESH),
        ("Proof 2026年11月22日", Freshness.FRESH),
        ("Marching 22 2026", Freshness.REPLAYABLE),
        ("22 November 20261", Freshness.REPLAYABLE),
    ],
)
def test_freshness(message: str, expected: Freshness) -> None:
    assert freshness_of(message, "9f3a77c1", AS_OF) is expected


def test_a_challenge_counts_with_blanks_around_it_and_with_signs_at_its_ends() -> None:
    assert freshness_of("say abc now", " abc ", None) is Freshness.FRESH
    assert freshness_of("x(abc)y", "(abc)", None) is Freshness.FRESH
    assert freshness_of("alphabet abcd", "abc", None) is Freshness.REPLAYABLE


@pytest.mark.parametrize(
    ("hour", "message", "expected"),
    [
        (12, "2026-11-15", Freshness.FRESH),  # its last moments are within seven days
        (12, "2026-11-14", Freshness.DATED),
        (12, "2026-11-29", Freshness.FRESH),
        (12, "2026-11-30", Freshness.DATED),
        (23, "2026-11-15", Freshness.FRESH),
    ],
)
def test_seven_days_are_counted_from_the_instant(hour: int, message: str, expected: Freshness) -> None:
    assert freshness_of(message, None, AS_OF.replace(hour=hour)) is expected


@pytest.mark.parametrize("as_of", ["0001-01-01", "9999-12-31T23:59:59Z"])
def test_an_instant_at_the_end_of_time_is_compared_like_any_other(as_of: str) -> None:
    (line,) = checked(row("ETH", EVM, signed_evm(MESSAGE)), as_of=as_of).lines
    assert line.freshness is Freshness.DATED


@pytest.mark.parametrize(
    ("challenge", "days", "expected"),
    [
        (None, 7, Freshness.FRESH),
        (None, -7, Freshness.FRESH),
        (None, 8, Freshness.DATED),
        ("send 0.5 BTC to yourself", 400, Freshness.FRESH),
        ("send 10.5 BTC to yourself", 400, Freshness.DATED),
        ("send 0.5 BTCB to yourself", 400, Freshness.DATED),
        (" nonce 7d1f ", 400, Freshness.FRESH),
        ("nonce 7d1e", 400, Freshness.DATED),
    ],
)
def test_what_was_done_on_chain_is_dated_by_its_block_its_data_or_its_amount(
    challenge: str | None, days: int, expected: Freshness
) -> None:
    occasion = Occasion(AS_OF + timedelta(days=days), (b"\x6a\x0anonce 7d1f",), "0.5 BTC")
    assert freshness_of_occasion(occasion, challenge, AS_OF) is expected
    assert freshness_of_occasion(occasion, None, None) is Freshness.DATED


def test_without_an_instant_a_date_is_only_a_date() -> None:
    assert freshness_of("Proof 2026-11-22", None, None) is Freshness.DATED


@pytest.mark.parametrize(("challenge", "as_of"), [("", None), ("  ", None), (None, "22.11.2026"), (None, "2026-13-01")])
def test_an_empty_challenge_and_a_bad_date_are_refused(challenge: str | None, as_of: str | None) -> None:
    with pytest.raises(UsageError):
        checked(row("BTC", P2PKH), challenge=challenge, as_of=as_of)


def test_stale_unsigned_and_invalid_are_exceptions() -> None:
    rows = (
        row("BTC", P2PKH, KEY.bitcoin("I am ours"), message="I am ours"),
        row("BTC", P2PKH),
        row("BTC", P2PKH, KEY.bitcoin(MESSAGE), message="changed 2026-11-22"),
        row("BTC", P2PKH, KEY.bitcoin(MESSAGE)),
    )
    result = checked(*rows)
    assert [line.outcome.value for line in result.lines] == ["valid", "unsigned", "invalid", "valid"]
    codes = {f.code: f.message.split(" rows")[0] for f in result.findings if f.severity is Severity.EXCEPTION}
    assert codes == {"OWNERSHIP.INVALID": "1 of 4", "OWNERSHIP.UNSIGNED": "1 of 4", "OWNERSHIP.STALE": "1 of 4"}


def test_a_fresh_challenge_leaves_nothing_to_report() -> None:
    message = "ours, 9f3a77c1"
    result = checked(row("BTC", P2PKH, KEY.bitcoin(message), message=message), challenge="9f3a77c1", as_of=None)
    assert result.findings == ()
    assert [item.code for item in result.limitations] == ["OWNERSHIP.KEY_AT_HAND"]


def test_the_same_signature_is_seen_in_any_dress_and_reported_beside_another_account() -> None:
    signature = signed_evm(MESSAGE)
    contract = "0x57e2dcd253527a0f70c6a3de3556f6e6e163f19c"
    rows = (
        row("ETH", EVM, signature, at=Location("list.csv", row=2)),
        row("USDT-ERC20", EVM, signature.removeprefix("0x").upper(), at=Location("list.csv", row=3)),
        row("ETH", contract, signature, owners=(EVM,), at=Location("list.csv", row=4)),
        row("ETH", EVM, compact(signature), at=Location("list.csv", row=5)),
    )
    result = checked(*rows)
    assert [line.seen_before for line in result.lines] == ["", *["list.csv, row 2"] * 3]
    repeated = [f for f in result.findings if f.code == "OWNERSHIP.REPEATED"]
    assert len(repeated) == 1
    assert repeated[0].message.startswith("1 row holds a signature")
    assert "row 4" in repeated[0].message


def test_a_signature_of_an_earlier_list_is_reported() -> None:
    old = row("BTC", P2PKH, KEY.bitcoin(MESSAGE), at=Location("january.csv", row=9))
    new = row("BTC", P2PKH, KEY.bitcoin(MESSAGE), at=Location("february.csv", row=4))
    earlier = signatures_seen([old])
    result = run(check_rows([new], challenge=None, as_of="2026-11-22", token=CancelToken(), earlier=earlier))
    assert result.lines[0].seen_before == "january.csv, row 9"
    assert [f.code for f in result.findings] == ["OWNERSHIP.REPEATED"]


def test_one_account_twice_under_one_asset_in_any_spelling() -> None:
    one = Amount(1)
    rows = (
        row("ETH", EVM, signed_evm(MESSAGE), amount=one, at=Location("l", row=2)),
        row("ETH", EVM.lower(), signed_evm(MESSAGE), amount=one, at=Location("l", row=3)),
        row("ETH", EVM, signed_evm(MESSAGE), at=Location("l", row=4)),
        row("USDT-ERC20", EVM, signed_evm(MESSAGE), amount=one, at=Location("l", row=5)),
    )
    found = [f for f in checked(*rows).findings if f.code == "ADDRESS.DUPLICATE"]
    assert [(f.at.row, f.severity) for f in found] == [(3, Severity.EXCEPTION)]


def test_any_of_a_rows_signatures_may_have_stood_before() -> None:
    other = Wallet.number(2)
    first = row("BTC", P2PKH, KEY.bitcoin(MESSAGE), at=Location("l", row=2))
    for signatures in ((KEY.bitcoin(MESSAGE), other.bitcoin("new")), (other.bitcoin("new"), KEY.bitcoin(MESSAGE))):
        second = row("BTC", P2PKH, *signatures, at=Location("l", row=3))
        assert [line.seen_before for line in checked(first, second).lines] == ["", "l, row 2"]


def test_one_account_on_two_chains_is_two_accounts() -> None:
    """An asset may be held under the same address on Ethereum and on BNB Smart Chain."""
    one = row("USDT", EVM, signed_evm(MESSAGE), amount=Amount(1), labels=(), chain="eip155:1")
    assert [f for f in checked(one, replace(one, chain="eip155:56")).findings if f.code == "ADDRESS.DUPLICATE"] == []
    assert len([f for f in checked(one, one).findings if f.code == "ADDRESS.DUPLICATE"]) == 1


def test_a_row_without_an_amount_listed_again_is_a_warning() -> None:
    one = row("ETH", EVM, signed_evm(MESSAGE), at=Location("l", row=2))
    rows = (one, replace(one, address=EVM.lower(), at=Location("l", row=3)), replace(one, asset="USDT"))
    found = [f for f in checked(*rows).findings if f.code == "ADDRESS.DUPLICATE"]
    assert [(f.at.row, f.severity) for f in found] == [(3, Severity.WARNING)]
    another = replace(one, signatures=(signed_evm("other 2026-11-22"),), message="other 2026-11-22")
    assert not [f for f in checked(one, another).findings if f.code == "ADDRESS.DUPLICATE"]
    assert not [f for f in checked(one, replace(one, address=P2PKH)).findings if f.code == "ADDRESS.DUPLICATE"]


def test_solana_carries_a_typo_warning_too() -> None:
    key = SigningKey(b"\x05" * 32)
    address = base58.b58encode(bytes(key.verify_key)).decode()
    result = checked(row("SOL", address, key.sign(MESSAGE.encode()).signature.hex()))
    assert [(line.outcome, line.typo_risk) for line in result.lines] == [(Outcome.VALID, True)]
    assert [(f.code, f.severity) for f in result.findings] == [("ADDRESS.TYPO", Severity.WARNING)]


def test_lower_case_evm_carries_a_typo_warning() -> None:
    result = checked(row("ETH", EVM.lower(), signed_evm(MESSAGE)))
    assert [(f.code, f.severity) for f in result.findings] == [("ADDRESS.TYPO", Severity.WARNING)]
    assert checked(row("ETH", EVM, signed_evm(MESSAGE))).findings == ()


def test_shares_add_up_exactly() -> None:
    big = Amount.parse("123456789012345678901234567890.000000000000000001")
    contract = "0x57e2dcd253527a0f70c6a3de3556f6e6e163f19c"
    rows = (
        row("ETH", EVM, signed_evm(MESSAGE), amount=big),
        row("ETH", EVM, signed_evm("ours"), message="ours", amount=Amount.parse("2.5")),
        row("ETH", contract, signed_evm(MESSAGE), owners=(EVM,), amount=Amount.parse("3")),
        row("ETH", contract, amount=Amount.parse("4.25")),
        row("ETH", contract),
    )
    (share,) = checked(*rows).shares
    assert share.rows == 4
    assert share.fresh == big
    assert (share.stale.plain(), share.indirect.plain(), share.none.plain()) == ("2.5", "3", "4.25")
    assert (share.fresh + share.stale + share.indirect + share.none).fraction() == share.total.fraction()
    assert share.valid.plain() == "123456789012345678901234567895.500000000000000001"


def test_cancelling_stops_between_rows() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run(check_rows([row("BTC", P2PKH)], challenge=None, as_of=None, token=token))


def test_findings_speak_of_one_row_as_of_one() -> None:
    one, two = row("BTC", "nonsense"), row("BTC", P2PKH)
    messages = {item.code: item.message for item in checked(one).findings}
    assert messages["ADDRESS.UNDECODABLE"].startswith("1 of 1 row holds an address that cannot be decoded: ")
    messages = {item.code: item.message for item in checked(one, two, two).findings}
    assert messages["ADDRESS.UNDECODABLE"].startswith("1 of 3 rows holds an address")
    assert messages["OWNERSHIP.UNSIGNED"].startswith("2 of 3 rows hold no proof of control")
