"""The method ``txid`` on an EVM chain: sent on a real node, decided offline, and everything that must not pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rlp as other_rlp
from Crypto.Hash import keccak
from eth_account import Account as OtherAccount

from auditor_app.chain.accounts import checksum_address
from auditor_app.chain.capture import Captured, capture
from auditor_app.chain.observed import typed_blocks
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.model import (
    Binds,
    Freshness,
    Outcome,
    OwnershipLine,
    OwnershipResult,
    TransactionsUnknown,
)
from auditor_app.chain.ownership.snapshot_list import read_table
from auditor_app.chain.plan import plan_capture
from auditor_app.chain.sent import EvidenceTransactions
from auditor_app.chain.transactions import (
    PlacedTransaction,
    TransactionMember,
    encode_transactions,
    transaction_ids,
    transactions_name,
)
from auditor_app.chain.trie_building import build
from auditor_app.instants import format_instant, parse_instant
from auditor_app.operation import run
from auditor_app.snapshot.authentic import AuthenticEvidence, AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.members import OWNERSHIP_FIELDS, OwnershipRow, write_table
from auditor_app.snapshot.statement import Asset, BlockReference, Reserves
from auditor_app.snapshot.trust import TrustStore
from tests.unit.chain.conftest import Anvil, call_data
from tests.unit.chain.snapshots import BTC_CHAIN, Members, b64, snapshot
from tests.unit.chain.test_capture import CHAIN, KEY, NOW, TOKEN, trusting

pytestmark = pytest.mark.node

COIN = json.loads((Path(__file__).parent / "contracts" / "coin.json").read_text())["contracts"]["Coin"]
OWNER = OtherAccount.from_key("0x" + "51" * 32)
ACCOUNT = f"{CHAIN}:{OWNER.address}"
ELSEWHERE = checksum_address("0x" + "ee" * 20)


def selector(signature: str) -> str:
    return keccak.new(digest_bits=256, data=signature.encode()).hexdigest()[:8]


@dataclass
class Street:
    """A node on which an address sent coins and tokens before the snapshot's block, and once more after it."""

    node: Anvil
    token: str
    ids: dict[str, str]
    height: int
    hash: str
    time: datetime

    def snapshot(self, txid: str, message: str, method: str = "txid") -> AuthenticSnapshot:
        assets = (
            Asset(symbol="ETH", decimals=18, on_chain=(f"{CHAIN}/slip44:60",)),
            Asset(symbol="TOK", decimals=8, on_chain=(f"{CHAIN}/erc20:{checksum_address(self.token)}",)),
        )
        chains = {CHAIN: BlockReference(block_height=str(self.height), block_hash=self.hash)}
        held = snapshot([(ACCOUNT, "ETH", 5)], columns=(("ETH",),), assets=assets, chains=chains)
        table = write_table(OWNERSHIP_FIELDS, ((ACCOUNT, method, message, txid, ""),))
        addresses = held.members.read("reserves/addresses.csv", TOKEN)
        reserves = Reserves(addresses="reserves/addresses.csv", ownership="own.csv", claimed_totals={"ETH": "5"})
        predicate = msgspec.structs.replace(held.statement.predicate, reserves=reserves)
        statement = msgspec.structs.replace(held.statement, predicate=predicate)
        members = Members({"reserves/addresses.csv": addresses, "own.csv": table})
        return replace(held, statement=statement, members=members)

    def capture(self, txid: str, path: Path) -> Captured:
        held = self.snapshot(txid, "x")
        plan = plan_capture(held, [self.node.endpoint()], TOKEN)
        return run(capture(held, plan, [KEY], path, captured_at=NOW, token=TOKEN))

    def checked(
        self,
        evidence: AuthenticEvidence,
        txid: str,
        message: str,
        *,
        typed: str | None = None,
        challenge: str | None = None,
        as_of: datetime | None = None,
    ) -> OwnershipResult:
        held = self.snapshot(txid, message)
        rows = read_table(held.members.read("own.csv", TOKEN), file="own.csv")
        shown = EvidenceTransactions(evidence, typed_blocks([] if typed is None else [(CHAIN, typed)]), TOKEN, held)
        moment = format_instant(self.time if as_of is None else as_of)
        return run(check_rows(rows, challenge=challenge, as_of=moment, token=TOKEN, transactions=shown))

    def line(self, evidence: AuthenticEvidence, txid: str, message: str, **asked: Any) -> OwnershipLine:
        return self.checked(evidence, txid, message, **asked).lines[0]


def send(node: Anvil, signer: Any = OWNER, **fields: Any) -> str:
    """A transaction signed by a key, by default the owner's; its id."""
    nonce = int(node("eth_getTransactionCount", signer.address, "pending"), 16)
    fees = {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 1}
    body = {"nonce": nonce, "gas": 200_000, "chainId": 31337, "value": 0, **fields}
    signed = signer.sign_transaction(body if "gasPrice" in body else body | fees)
    return str(node("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex()))[2:]


@pytest.fixture(scope="module")
def street(anvil: Anvil) -> Iterator[Street]:
    anvil("anvil_setBalance", OWNER.address, hex(10**20))
    token = str(anvil.send(None, COIN["creation"])["contractAddress"])
    anvil.send(token, call_data(selector("mint(address,uint256)"), OWNER.address, 10**9))
    anvil("evm_setAutomine", False)
    ids = {
        "self": send(anvil, to=OWNER.address, value=7_315_520_000_000_000),
        "legacy": send(anvil, to=ELSEWHERE, value=3 * 10**18, gasPrice=10**10),
        "token": send(anvil, to=checksum_address(token), data=call_data(selector("transfer(address,uint256)"), ELSEWHERE, 1_234_567)),
        "failed": send(anvil, to=checksum_address(token), data=call_data(selector("transfer(address,uint256)"), ELSEWHERE, 10**18)),
        "challenge": send(anvil, to=OWNER.address, value=1, data="0x" + b"Challenge 7d1f".hex()),
    }  # fmt: skip
    for _ in range(140):  # so that positions need more than one byte
        ids["last"] = send(anvil, to=ELSEWHERE, value=11)
    anvil.mine()
    anvil("evm_setAutomine", True)
    stranger = OtherAccount.from_key("0x" + "52" * 32)
    anvil("anvil_setBalance", stranger.address, hex(10**20))
    ids["foreign"] = send(anvil, stranger, to=OWNER.address, value=10**18)
    height = anvil.mine()
    time = datetime.fromtimestamp(int(anvil("eth_getBlockByNumber", hex(height), False)["timestamp"], 16)).astimezone()
    ids["after"] = send(anvil, to=ELSEWHERE, value=5)
    anvil.mine()
    yield Street(anvil, token, ids, height, anvil.hash_at(height), time)


def opened(path: Path, store: TrustStore | None = None) -> AuthenticEvidence:
    return authenticate_evidence(path, trusting(KEY) if store is None else store, token=TOKEN, trusted_time=NOW)


@pytest.fixture(scope="module")
def files(street: Street, tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuthenticEvidence]:
    """Evidence that holds each transaction."""
    folder = tmp_path_factory.mktemp("sent")
    found = {}
    for name, txid in street.ids.items():
        street.capture(txid, folder / name)
        found[name] = opened(folder / name)
    return found


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("self", "0.00731552 ETH"),
        ("legacy", "3 ETH"),
        ("legacy", "3.000 ETH"),
        ("token", "1.234567 TOK"),  # six decimals on chain, eight in the asset map
        ("last", "0.000000000000000011 ETH"),
    ],
)
def test_an_amount_that_the_address_sent_is_valid_and_binds_it(
    street: Street, files: dict[str, AuthenticEvidence], name: str, amount: str
) -> None:
    line = street.line(files[name], street.ids[name], f"Sent on request: {amount}.")
    assert (line.outcome, line.binds, line.freshness) == (Outcome.VALID, Binds.ADDRESS, Freshness.FRESH)
    assert "on the word of the capturing auditor's endpoint" in line.note
    assert amount in line.note
    pinned = street.line(files[name], street.ids[name], amount, typed=street.hash)
    assert "tied to the one from the auditor" in pinned.note


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("self", "0.00731553 ETH", "does not send"),
        ("self", "0 ETH", "does not send"),
        ("token", "0 ETH", "does not send"),
        ("self", "0.00731552 TOK", "does not send"),
        ("self", "0.00731552 BTC", "does not send"),
        ("self", "no amount", "does not name one amount"),
        ("self", "1 ETH or 2 ETH", "does not name one amount"),
        ("token", "1.234568 TOK", "does not send"),
        ("failed", "1000000000000 TOK", "failed"),
        ("foreign", "1 ETH", "was not sent by the address"),
    ],
)
def test_another_amount_sender_or_outcome_is_invalid(
    street: Street, files: dict[str, AuthenticEvidence], name: str, message: str, words: str
) -> None:
    line = street.line(files[name], street.ids[name], message)
    assert line.outcome is Outcome.INVALID
    assert words in line.note
    assert line.freshness is Freshness.REPLAYABLE


def test_what_the_evidence_does_not_hold_is_not_decided(street: Street, files: dict[str, AuthenticEvidence]) -> None:
    line = street.line(files["self"], street.ids["legacy"], "3 ETH")
    assert (line.outcome, line.note) == (Outcome.UNSIGNED, "the evidence does not hold this transaction")
    for text in ("ab", "not-hexadecimal", street.ids["self"] + ";" + street.ids["self"], "ab" * 33):
        line = street.line(files["self"], text, "0.00731552 ETH")
        assert (line.outcome, "one transaction id" in line.note) == (Outcome.INVALID, True)


def test_time_decides_freshness_not_the_words_beside_the_id(
    street: Street, files: dict[str, AuthenticEvidence]
) -> None:
    txid, evidence = street.ids["self"], files["self"]
    week = timedelta(days=7)
    later = street.line(evidence, txid, "0.00731552 ETH", as_of=street.time + week + timedelta(hours=1))
    assert later.freshness is Freshness.DATED
    # the issuer can write any challenge beside an old transaction: only what the transaction itself carries counts
    told = street.checked(
        evidence, txid, "Challenge 7d1f, 0.00731552 ETH", challenge="Challenge 7d1f", as_of=street.time + 5 * week
    )
    assert told.lines[0].freshness is Freshness.DATED
    assert "OWNERSHIP.AMOUNT_UNNAMED" in {item.code for item in told.limitations}
    named = street.checked(
        evidence,
        txid,
        "0.00731552 ETH",
        challenge="7d1f: send 0.00731552 ETH to yourself",
        as_of=street.time + 5 * week,
    )
    assert named.lines[0].freshness is Freshness.FRESH
    assert "OWNERSHIP.AMOUNT_UNNAMED" not in {item.code for item in named.limitations}
    other = street.checked(
        evidence, txid, "0.00731552 ETH", challenge="send 10.00731552 ETH", as_of=street.time + 5 * week
    )
    assert other.lines[0].freshness is Freshness.DATED
    inside = street.line(
        files["challenge"], street.ids["challenge"], "0.000000000000000001 ETH",
        challenge="Challenge 7d1f", as_of=street.time + 5 * week,
    )  # fmt: skip
    assert inside.freshness is Freshness.FRESH


def test_a_block_after_the_snapshots_is_not_tied_to_it_and_worth_the_endpoints_word(
    street: Street, files: dict[str, AuthenticEvidence], tmp_path: Path
) -> None:
    line = street.line(files["after"], street.ids["after"], "0.000000000000000005 ETH", typed=street.hash)
    assert line.outcome is Outcome.VALID
    assert "not tied to the snapshot's block" in line.note
    street.capture(street.ids["after"], tmp_path / "e")
    unsigned = opened(tmp_path / "e", TrustStore())
    line = street.line(unsigned, street.ids["after"], "0.000000000000000005 ETH", typed=street.hash)
    assert (line.outcome, line.note) == (Outcome.UNSIGNED, "nobody vouches for the transaction's block")
    unsigned.members.close()


def test_without_a_pinned_auditor_only_a_typed_hash_decides_and_never_a_tokens_decimals(
    street: Street, tmp_path: Path
) -> None:
    for name, amount, outcome in (
        ("self", "0.00731552 ETH", Outcome.VALID),
        ("token", "1.234567 TOK", Outcome.INVALID),
    ):
        street.capture(street.ids[name], tmp_path / name)
        evidence = opened(tmp_path / name, TrustStore())
        unvouched = street.line(evidence, street.ids[name], amount)
        assert (unvouched.outcome, "nobody vouches" in unvouched.note) == (Outcome.UNSIGNED, True)
        assert street.line(evidence, street.ids[name], amount, typed=street.hash).outcome is outcome
        evidence.members.close()


def test_an_id_that_is_in_no_block_is_left_out_and_said(street: Street, tmp_path: Path) -> None:
    captured = street.capture("ab" * 32, tmp_path / "e")
    assert any("knows no block with it" in note for note in captured.notes)


def member_of(evidence: AuthenticEvidence) -> TransactionMember:
    return msgspec.json.decode(evidence.members.read(transactions_name(CHAIN), TOKEN), type=TransactionMember)


def with_member(evidence: AuthenticEvidence, data: bytes) -> AuthenticEvidence:
    names = [item.name for item in evidence.statement.subject]
    held = {name: evidence.members.read(name, TOKEN) for name in names}
    return replace(evidence, members=Members(held | {transactions_name(CHAIN): data}))


def placed(member: TransactionMember, **changes: Any) -> TransactionMember:
    item = msgspec.structs.replace(member.transactions[0], **changes)
    return msgspec.structs.replace(member, transactions=(item,))


def history(member: TransactionMember, **changes: Any) -> TransactionMember:
    assert member.history is not None
    return msgspec.structs.replace(member, history=msgspec.structs.replace(member.history, **changes))


def with_header(member: TransactionMember) -> tuple[str, ...]:
    """The member's headers and another one, in canonical order."""
    words = other_rlp.decode(bytes.fromhex(member.headers[0][2:]))
    words[8] = b"\x07"
    return tuple(sorted((*member.headers, "0x" + other_rlp.encode(words).hex()), key=_digest))


def with_node(member: TransactionMember) -> tuple[str, ...]:
    return tuple(sorted((*member.nodes, "0x" + (b"\xc2\x80\x80" * 12).hex()), key=_digest))


CHANGES: list[tuple[str, Callable[[TransactionMember], TransactionMember | bytes], str]] = [
    ("another position", lambda m: placed(m, position=1), "does not stand|missing|on no path"),
    ("another id", lambda m: placed(m, id="0x" + "12" * 32), "does not stand"),
    ("another block", lambda m: placed(m, block="0x" + "12" * 32), "header of block"),
    ("a header byte", lambda m: msgspec.structs.replace(m, headers=(m.headers[0][:-2] + "01",)), "header of block|not have"),
    ("a header twice", lambda m: msgspec.structs.replace(m, headers=m.headers * 2), "headers are not in canonical order"),
    ("a header of no transaction", lambda m: msgspec.structs.replace(m, headers=with_header(m)), "no transaction needs"),
    ("headers reordered", lambda m: msgspec.structs.replace(m, headers=with_header(m)[::-1]), "headers are not in canonical"),
    ("a node that nothing needs", lambda m: msgspec.structs.replace(m, nodes=with_node(m)), "on no path"),
    ("a transaction twice", lambda m: msgspec.structs.replace(m, transactions=m.transactions * 2), "canonical form"),
    ("an earlier block twice", lambda m: msgspec.structs.replace(m, earlier=m.earlier * 2), "canonical form"),
    ("a node dropped", lambda m: msgspec.structs.replace(m, nodes=m.nodes[1:]), "missing"),
    ("a node twice", lambda m: msgspec.structs.replace(m, nodes=(*m.nodes, m.nodes[-1])), "twice"),
    ("nodes reordered", lambda m: msgspec.structs.replace(m, nodes=m.nodes[::-1]), "canonical order"),
    ("history without numbers", lambda m: msgspec.structs.replace(m, earlier=()), "on no path"),
    ("history of another chain", lambda m: history(m, chain="eip155:1"), "of another chain, or holds more"),
    ("history with code", lambda m: history(m, code=("0x00",)), "holds more than nodes"),
    ("history with a node more", lambda m: history(m, nodes=(*m.history.nodes, "0xc20102")), "on no path|canonical"),
    ("numbers without history", lambda m: msgspec.structs.replace(m, history=None), "without a proof"),
    ("another number", lambda m: msgspec.structs.replace(m, earlier=(m.earlier[0] - 1,)), "missing|not the one|holds no hash"),
    ("another chain", lambda m: msgspec.structs.replace(m, chain="eip155:1"), "of another chain"),
    ("not canonical", msgspec.json.encode, "canonical form"),
    ("no object", lambda m: b"[]", "schema"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), [item[1:] for item in CHANGES], ids=[item[0] for item in CHANGES])
def test_a_changed_member_decides_nothing(
    street: Street, files: dict[str, AuthenticEvidence], change: Callable[[TransactionMember], Any], words: str
) -> None:
    evidence = files["self"]
    changed = change(member_of(evidence))
    data = changed if isinstance(changed, bytes) else msgspec.json.encode(changed) + b"\n"
    line = street.line(with_member(evidence, data), street.ids["self"], "0.00731552 ETH", typed=street.hash)
    assert line.outcome is Outcome.UNSIGNED
    assert any(word in line.note for word in words.split("|")), line.note


def test_every_changed_bit_of_a_node_or_header_decides_nothing(
    street: Street, files: dict[str, AuthenticEvidence]
) -> None:
    evidence = files["self"]
    member = member_of(evidence)
    for field in ("nodes", "headers"):
        items = getattr(member, field)
        for which, text in enumerate(items):
            for bit in range(0, len(text) * 4 - 8, 97):
                raw = bytearray.fromhex(text[2:])
                raw[bit // 8] ^= 1 << bit % 8
                changed = sorted(("0x" + raw.hex(), *items[:which], *items[which + 1 :]), key=_digest)
                data = msgspec.json.encode(msgspec.structs.replace(member, **{field: tuple(changed)})) + b"\n"
                line = street.line(with_member(evidence, data), street.ids["self"], "0.00731552 ETH", typed=street.hash)
                assert line.outcome is Outcome.UNSIGNED, (field, which, bit)


def _digest(text: str) -> bytes:
    return keccak.new(digest_bits=256, data=bytes.fromhex(text[2:])).digest()


def test_evidence_of_another_snapshot_or_block_decides_nothing(
    street: Street, files: dict[str, AuthenticEvidence]
) -> None:
    evidence = files["self"]
    for typed, change in (("0x" + "12" * 32, {}), (None, {"snapshot_payload_sha256": "ff" * 32})):
        predicate = msgspec.structs.replace(evidence.statement.predicate, **change)
        other = replace(evidence, statement=msgspec.structs.replace(evidence.statement, predicate=predicate))
        line = street.line(other, street.ids["self"], "0.00731552 ETH", typed=typed)
        assert line.outcome is Outcome.UNSIGNED
        assert "another" in line.note


def test_evidence_without_the_member_the_block_or_its_hash_decides_nothing(
    street: Street, files: dict[str, AuthenticEvidence]
) -> None:
    evidence = files["self"]
    (block,) = evidence.statement.predicate.chains.values()
    other_height = msgspec.structs.replace(block, block_height=str(street.height + 1))
    for chains in ({}, {CHAIN: msgspec.structs.replace(block, block_hash=None)}, {CHAIN: other_height}):
        line = street.line(with_statement(evidence, chains=chains), street.ids["self"], "0.00731552 ETH")
        assert (line.outcome, "another snapshot or block" in line.note) == (Outcome.UNSIGNED, True)
    bare = replace(evidence, statement=msgspec.structs.replace(evidence.statement, subject=()))
    line = street.line(bare, street.ids["self"], "0.00731552 ETH")
    assert line.note == "the evidence holds no transactions of this chain"


def test_a_block_hash_that_is_not_hexadecimal_decides_nothing(
    street: Street, files: dict[str, AuthenticEvidence]
) -> None:
    odd, account = "z" * 64, f"{CHAIN}:{OWNER.address}"
    evidence, held = files["self"], street.snapshot(street.ids["self"], "0.00731552 ETH")
    (block,) = evidence.statement.predicate.chains.values()
    other = with_statement(evidence, chains={CHAIN: msgspec.structs.replace(block, block_hash=odd)})
    named = msgspec.structs.replace(held.statement.predicate.chains[CHAIN], block_hash=odd)
    predicate = msgspec.structs.replace(held.statement.predicate, chains={CHAIN: named})
    held = replace(held, statement=msgspec.structs.replace(held.statement, predicate=predicate))
    with pytest.raises(TransactionsUnknown, match="not hexadecimal"):
        EvidenceTransactions(other, {}, TOKEN, held).sent(account, street.ids["self"])


def with_statement(evidence: AuthenticEvidence, **changes: Any) -> AuthenticEvidence:
    predicate = msgspec.structs.replace(evidence.statement.predicate, **changes)
    return replace(evidence, statement=msgspec.structs.replace(evidence.statement, predicate=predicate))


def test_a_transaction_of_another_chain_in_a_made_up_block_shows_nothing(
    street: Street, files: dict[str, AuthenticEvidence]
) -> None:
    """The owner's own signature from a test network, in a block that somebody built around it."""
    fields = {"nonce": 0, "gas": 21_000, "to": OWNER.address, "value": 7, "maxFeePerGas": 1, "maxPriorityFeePerGas": 1}
    raw = bytes(OWNER.sign_transaction(fields | {"chainId": 5}).raw_transaction)
    receipt = b"\x02" + other_rlp.encode([1, 21_000, bytes(256), []])
    transactions, receipts = (build([item]) for item in (raw, receipt))
    words: list[Any] = [bytes(32), bytes(32), bytes(20), bytes(32), transactions[0], receipts[0], bytes(256)]
    header = other_rlp.encode(
        [*words, 0, street.height - 1, 30_000_000, 0, int(street.time.timestamp()), b"", bytes(32), bytes(8)]
    )
    txid, block = (keccak.new(digest_bits=256, data=item).hexdigest() for item in (raw, header))
    item = PlacedTransaction(id="0x" + txid, block="0x" + block, position=0)
    data = encode_transactions(CHAIN, [item], [header], [*transactions[1].values(), *receipts[1].values()])
    line = street.line(with_member(files["self"], data), txid, "0.000000000000000007 ETH")
    assert (line.outcome, line.note) == (Outcome.INVALID, "the transaction is of another chain")
    unsigned = replace(with_member(files["self"], data), signers=())
    line = street.line(unsigned, txid, "0.000000000000000007 ETH", typed=street.hash)
    assert (line.outcome, line.note) == (Outcome.UNSIGNED, "nobody vouches for the transaction's block")


def test_only_transaction_ids_of_evm_chains_are_asked_for() -> None:
    txid = "ab" * 32
    rows = [
        OwnershipRow(ACCOUNT, "txid", "m", "0x" + txid, ""),
        OwnershipRow(ACCOUNT, "txid", "m", txid, ""),  # the same again
        OwnershipRow(ACCOUNT, "eip191", "m", "cd" * 32, ""),
        OwnershipRow(f"{BTC_CHAIN}:x", "txid", "m", "ef" * 32, ""),  # stands in the histories
        OwnershipRow(ACCOUNT, "txid", "m", "ab" * 31, ""),
        OwnershipRow(ACCOUNT, "txid", "m", "no-hex", ""),
    ]
    assert transaction_ids(rows) == {CHAIN: (txid,)}


def test_the_list_before_a_capture_names_the_transaction(street: Street) -> None:
    plan = plan_capture(street.snapshot(street.ids["self"], b64("x")), [street.node.endpoint()], TOKEN)
    assert any(street.ids["self"] in item.sentence() for item in plan.readings)
    assert parse_instant(format_instant(street.time))
