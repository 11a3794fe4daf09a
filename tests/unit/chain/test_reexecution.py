"""Balances that a token computes: run again on proven state, where anything unproven must fail and never read as zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import rlp as other_rlp
from eth_utils import keccak

from auditor_app.chain import proven_state, reexecution
from auditor_app.chain.accounts import decode_account
from auditor_app.chain.bundle import ProofBundle, TokenLayout, Touched, make_bundle
from auditor_app.chain.evm import open_block
from auditor_app.chain.header import Header
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import Grade, typed_blocks
from auditor_app.chain.prove import RawBalances, capture_proofs
from auditor_app.chain.proven_state import ProvenState
from auditor_app.chain.reexecution import ProvenAccount, Reexecution, ReexecutionError, available
from auditor_app.chain.witness_server import ServedAccount, Unproven, answer
from auditor_app.errors import ChainError
from auditor_app.operation import run
from auditor_app.snapshot.statement import Asset, BlockReference
from tests.unit.chain.conftest import Anvil, call_data
from tests.unit.chain.servers import ends_at_once
from tests.unit.chain.snapshots import snapshot
from tests.unit.chain.test_capture import CHAIN, TOKEN, _selector, _set, holder
from tests.unit.chain.test_proven import proof_file
from tests.unit.chain.trie_builder import absence, build

pytestmark = pytest.mark.skipif(not available(), reason="pyrevm has no wheel for this system")

EMPTY = ProvenAccount(0, 0, b"", {})
HEADER = Header(
    hash=b"\x11" * 32,
    parent_hash=b"\x22" * 32,
    coinbase=b"\xcc" * 20,
    state_root=b"\x33" * 32,
    transactions_root=b"\x55" * 32,
    receipts_root=b"\x66" * 32,
    number=7,
    gas_limit=30_000_000,
    timestamp=1_700_000_000,
    mix=b"\x44" * 32,
)
CONTRACT = b"\x99" * 20
PLACED = "0x" + CONTRACT.hex()


def code(text: str) -> ProvenAccount:
    return ProvenAccount(1, 0, bytes.fromhex(text), {5: 42})


def execute(account: ProvenAccount) -> bytes:
    accounts = {bytes(20): EMPTY, HEADER.coinbase: EMPTY, CONTRACT: account}
    with Reexecution(31337, HEADER, accounts) as machine:
        return machine.call(CONTRACT, b"")


RETURN_TOP = "60005260206000f3"


def test_proven_state_and_the_headers_fields_are_what_the_call_sees() -> None:
    assert int.from_bytes(execute(code("600554" + RETURN_TOP))) == 42
    assert int.from_bytes(execute(code("43" + RETURN_TOP))) == HEADER.number
    assert int.from_bytes(execute(code("42" + RETURN_TOP))) == HEADER.timestamp
    assert int.from_bytes(execute(code("46" + RETURN_TOP))) == 31337
    assert execute(code("44" + RETURN_TOP)) == HEADER.mix
    assert execute(code("41" + RETURN_TOP))[12:] == HEADER.coinbase


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("600654" + RETURN_TOP, "not proven"),  # another slot
        ("73" + "88" * 20 + "31" + RETURN_TOP, "not proven"),  # another account's coins
        ("73" + "88" * 20 + "3b" + RETURN_TOP, "not proven"),  # another account's code
        ("600640" + RETURN_TOP, "not proven"),  # a block hash
        ("60006000fd", "revert"),
        ("fe", "failed"),
        ("5b600056", "failed"),  # for ever
    ],
)
def test_whatever_was_not_proven_makes_the_call_fail(text: str, words: str) -> None:
    with pytest.raises(ReexecutionError) as caught:
        execute(code(text))
    assert words in str(caught.value).lower()


def test_one_call_leaves_nothing_behind_for_the_next() -> None:
    writes = code("6005546001018060055560005260206000f3")  # slot 5 += 1, and return it
    accounts = {bytes(20): EMPTY, HEADER.coinbase: EMPTY, CONTRACT: writes}
    with Reexecution(31337, HEADER, accounts) as machine:
        answers = []
        for _ in range(2):
            try:
                answers.append(int.from_bytes(machine.call(CONTRACT, b"")))
            except ReexecutionError:
                answers.append(-1)  # refusing to write is as good
    assert answers in ([43, 43], [-1, -1])


def test_the_server_answers_only_what_was_proven() -> None:
    accounts = {"0x" + "aa" * 20: ServedAccount(1, 2, b"\x60", {3: 4})}
    who = "0x" + "AA" * 20
    assert answer(accounts, "eth_getBalance", [who, {}]) == "0x2"
    assert answer(accounts, "eth_getTransactionCount", [who, {}]) == "0x1"
    assert answer(accounts, "eth_getCode", [who, {}]) == "0x60"
    assert answer(accounts, "eth_getStorageAt", [who, "0x3", {}]) == "0x" + "0" * 63 + "4"
    for method, params in (
        ("eth_getStorageAt", [who, "0x4", {}]),
        ("eth_getBalance", ["0x" + "bb" * 20, {}]),
        ("eth_blockNumber", []),
        ("eth_getBlockByNumber", ["0x1", False]),
    ):
        with pytest.raises(Unproven):
            answer(accounts, method, params)


class Place:
    """A proxied rebasing token on a node, its holders, and the captured proofs."""

    def __init__(self, node: Anvil) -> None:
        implementation = node.deploy("Rebasing")
        receipt = node.send(None, node.creation("Proxy") + implementation[2:].rjust(64, "0"))
        self.token = str(receipt["contractAddress"])
        self.holders = [holder(number).lower() for number in range(40, 44)]
        for number, address in enumerate(self.holders):
            node.send(self.token, _set(address, (number + 1) * 10**18))
        node.send(self.token, call_data(_selector("setIndex(uint256)"), 25 * 10**17))
        self.height = node.mine()
        self.hash = node.hash_at(self.height)
        node.mine()
        self.amounts = {address: (number + 1) * 25 * 10**17 for number, address in enumerate(self.holders)}
        reader = open_block(node.rpc, 31337, self.height, self.hash)
        reader.prepare()
        bundle, notes = run(capture_proofs(reader, CHAIN, [RawBalances(self.token, 18, self.amounts)]))
        assert bundle is not None
        assert notes == ()
        self.bundle = bundle

    def read(self, bundle: ProofBundle) -> list[int | None]:
        ids = (f"{CHAIN}/erc20:{self.token}",)
        with ProvenState(bundle, bytes.fromhex(self.hash[2:]), self.height) as state:
            found = [state.balance(decode_account(f"{CHAIN}:{address}"), ids, 18) for address in self.holders]
            state.finish()
        return found


@pytest.fixture(scope="module")
def place(anvil: Anvil) -> Iterator[Place]:
    yield Place(anvil)


@pytest.mark.node
def test_a_proxied_rebasing_token_is_proven_by_its_own_code(place: Place) -> None:
    assert place.read(place.bundle) == list(place.amounts.values())
    assert place.bundle.executed == (place.token,)
    assert len(place.bundle.code) == 2  # the proxy's and the implementation's


def without_slot(bundle: ProofBundle, position: int) -> ProofBundle:
    touched = list(bundle.touched)
    which = next(number for number, item in enumerate(touched) if len(item.slots) > 2)
    slots = touched[which].slots
    touched[which] = Touched(address=touched[which].address, slots=slots[:position] + slots[position + 1 :])
    return msgspec.structs.replace(bundle, touched=tuple(touched))


@pytest.mark.node
def test_a_dropped_slot_fails_and_is_never_read_as_zero(place: Place) -> None:
    slots = max(len(item.slots) for item in place.bundle.touched)
    for position in range(slots):
        with pytest.raises(ChainError) as caught:
            place.read(without_slot(place.bundle, position))
        assert "not proven: eth_getStorageAt" in caught.value.what


CHANGES: list[Callable[[ProofBundle], Any]] = [
    lambda b: {"code": b.code[1:]},
    lambda b: {"code": (b.code[0][:-2] + "00", *b.code[1:])},
    lambda b: {"code": b.code[::-1]},
    lambda b: {"code": (*b.code, b.code[-1])},
    lambda b: {"code": make_bundle(CHAIN, b"x", (), (), code=[*map(raw, b.code), b"\x60\x01"]).code},
    lambda b: {"touched": b.touched[1:]},
    lambda b: {"touched": b.touched[::-1]},
    lambda b: {"executed": (*b.executed, "0x" + "ff" * 20)},
    lambda b: {"executed": ()},
    lambda b: {"nodes": b.nodes[:-1]},
    lambda b: {"tokens": (TokenLayout(contract=b.executed[0], decimals=17, index="0", key_first=True),)},
    lambda b: {"touched": tuple(Touched(address=t.address, slots=t.slots[::-1]) for t in b.touched)},
]


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


@pytest.mark.node
@pytest.mark.parametrize("change", CHANGES)
def test_changed_code_accounts_or_slots_are_refused(place: Place, change: Callable[[ProofBundle], Any]) -> None:
    with pytest.raises(ChainError) as caught:
        place.read(msgspec.structs.replace(place.bundle, **change(place.bundle)))
    assert caught.value.code == "EVIDENCE.PROOF"


@pytest.mark.node
def test_a_layout_beside_a_tokens_own_code_is_the_capturing_auditors_word_again(place: Place) -> None:
    layout = TokenLayout(contract=place.token, decimals=18, index="0", key_first=True)
    both = msgspec.structs.replace(place.bundle, tokens=(layout,))
    assert place.read(both) != list(place.amounts.values())  # shares, which the row would not agree with
    with ProvenState(both, bytes.fromhex(place.hash[2:]), place.height) as state:
        assert state.rests_on_layout((f"{CHAIN}/erc20:{place.token}",))


@pytest.mark.node
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_token_that_answers_no_word_has_no_balance(place: Place, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reexecution, "call", lambda *_: bytes(size))
    with pytest.raises(ChainError) as caught:
        place.read(place.bundle)
    assert f"answered {size} bytes" in caught.value.what


@pytest.mark.node
@pytest.mark.parametrize("reason", ["", "pyrevm is not installed", "ended while it started"])
def test_where_calls_cannot_be_re_executed_the_line_is_graded_lower_and_says_why(
    place: Place, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    can = not reason
    if "pyrevm" in reason:
        monkeypatch.setattr(proven_state, "available", lambda: False)
    elif reason:
        monkeypatch.setattr(reexecution, "serve", ends_at_once)
    account = f"{CHAIN}:{place.holders[0]}"
    rows = [(account, "REB", place.amounts[place.holders[0]])]
    everyone = [(f"{CHAIN}:{address}", "REB", amount) for address, amount in place.amounts.items()]
    monkeypatch.setattr("tests.unit.chain.test_proven.CHAIN", CHAIN)
    file = proof_file(place.bundle, place.hash, rows=everyone, height=place.height)
    asset = Asset(symbol="REB", decimals=18, on_chain=(f"{CHAIN}/erc20:{place.token}",))
    chains = {CHAIN: BlockReference(block_height=str(place.height), block_hash=place.hash)}
    held = snapshot(rows, assets=(asset,), chains=chains, columns=())
    result = observe(held, file, TOKEN, typed_blocks([(CHAIN, place.hash)]))
    assert result.lines[0].grade is (Grade.PROVEN if can else Grade.ONE_SOURCE)
    limits = [item.message for item in result.limitations if item.code == "EVIDENCE.NOT_REEXECUTED"]
    assert "EVIDENCE.PROOF" not in {item.code for item in result.findings}  # nothing in the file is wrong
    assert len(limits) == (0 if can else 1)
    assert can or reason in limits[0]


def test_decimals_that_no_byte_holds_are_refused_at_once() -> None:
    answers_all_ones = bytes.fromhex("7f" + "ff" * 32 + RETURN_TOP)  # a power of ten of it would never end
    address, caller, coinbase = bytes.fromhex(PLACED[2:]), bytes(20), b"\x03" * 20
    accounts = {address: other_rlp.encode([1, 0, keccak(b"\x80"), keccak(answers_all_ones)])}
    root, proofs = build(accounts)
    words: list[Any] = [b"\x01" * 32, b"\x02" * 32, coinbase, root, b"\x04" * 32, b"\x05" * 32, bytes(256)]
    words += [b"", 100, 30_000_000, 0, 1_700_000_000, b"", bytes(32), bytes(8)]
    header = other_rlp.encode(words)
    nodes = [*proofs[address], *absence(accounts, caller), *absence(accounts, coinbase)]
    touched: dict[bytes, list[bytes]] = {address: [], caller: [], coinbase: []}
    bundle = make_bundle("eip155:1", header, nodes, (), code=[answers_all_ones], executed=[PLACED], touched=touched)
    with ProvenState(bundle, keccak(header), 100) as state, pytest.raises(ChainError, match="no byte holds"):
        state.balance(decode_account("eip155:1:0x" + "11" * 20), (f"eip155:1/erc20:{PLACED}",), 6)
