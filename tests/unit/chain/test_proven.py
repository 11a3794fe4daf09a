"""State proofs in evidence: what makes a line ``proven``, and everything that must not."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
import rlp as other_rlp
from eth_utils import keccak

from auditor_app.chain.bundle import (
    ProofBundle,
    TokenLayout,
    decode_bundle,
    encode_bundle,
    make_bundle,
    member_name,
)
from auditor_app.chain.header import FIELD_LISTS, HeaderError, encode_header, read_header
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import Derivation, Grade, OwnBlock, ReserveResult, typed_blocks
from auditor_app.chain.proven_state import ProvenState
from auditor_app.chain.state_proof import mapping_slot
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.snapshot.statement import Annotations, Asset, BlockReference, Digest, EvidenceBlock, Subject
from tests.unit.chain.snapshots import ASSETS, EVM_B, EVM_C, USDT, Members, evidence, snapshot
from tests.unit.chain.trie_builder import absence, build

CHAIN, HEIGHT = "eip155:1", 100
EVM_A = "eip155:1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
TOKEN = CancelToken()
CONTRACT = USDT.rpartition(":")[2].lower()
A, B, C = (bytes.fromhex(account.rpartition("0x")[2]) for account in (EVM_A, EVM_B, EVM_C))
CODE = keccak(b"some code")


class World:
    """A made-up chain state with its header: accounts, and a token whose balances stand in slot 2."""

    def __init__(self, coins: Mapping[bytes, int], tokens: Mapping[bytes, int], *, height: int = HEIGHT) -> None:
        self.slots = {mapping_slot(holder, 2): units for holder, units in tokens.items() if units}
        storage_root, self.slot_proofs = build({slot: other_rlp.encode(units) for slot, units in self.slots.items()})
        self.storage = {slot: other_rlp.encode(units) for slot, units in self.slots.items()}
        empty = keccak(b"\x80")
        self.accounts = {
            address: other_rlp.encode([1, units, empty, keccak(b"")]) for address, units in coins.items()
        } | {bytes.fromhex(CONTRACT[2:]): other_rlp.encode([1, 0, storage_root, CODE])}
        root, self.proofs = build(self.accounts)
        words: list[Any] = [b"\x01" * 32, b"\x02" * 32, b"\x03" * 20, root, b"\x04" * 32, b"\x05" * 32, bytes(256)]
        words += [b"", height, 30_000_000, 0, 1_700_000_000, b"", bytes(32), bytes(8)]
        self.header = other_rlp.encode(words)
        self.hash = "0x" + keccak(self.header).hex()

    def nodes(self, holders: list[bytes], token_holders: list[bytes]) -> list[bytes]:
        """Exactly the nodes that these balances need."""
        found = []
        for address in holders + ([bytes.fromhex(CONTRACT[2:])] if token_holders else []):
            found += self.proofs.get(address) or absence(self.accounts, address)
        for holder in token_holders:
            slot = mapping_slot(holder, 2)
            found += self.slot_proofs.get(slot) or absence(self.storage, slot)
        return found

    def bundle(self, holders: list[bytes], token_holders: list[bytes]) -> ProofBundle:
        layout = [TokenLayout(contract=CONTRACT, decimals=6, index="2", key_first=True)] if token_holders else []
        return make_bundle(CHAIN, self.header, self.nodes(holders, token_holders), layout)


HONEST = World({A: 7, B: 5}, {A: 9, B: 1})
ROWS = [(EVM_A, "ETH", 7), (EVM_B, "ETH", 5), (EVM_C, "ETH", 0), (EVM_A, "USDT", 9), (EVM_C, "USDT", 0)]


def proof_file(
    bundle: ProofBundle | bytes,
    block_hash: str,
    *,
    rows: list[tuple[str, str, int]] | None = None,
    signed: bool = True,
    hash_from: str = "snapshot",
    height: int = HEIGHT,
    endpoints: tuple[str, ...] = ("https://node.example", "https://second.example"),
) -> AuthenticEvidence:
    """Evidence with the rows and one proof member."""
    block = EvidenceBlock(block_height=str(height), block_hash=block_hash, hash_from=hash_from)
    made = evidence(ROWS if rows is None else rows, chains={CHAIN: block}, signed=signed, endpoints=endpoints)
    data = bundle if isinstance(bundle, bytes) else encode_bundle(bundle)
    subject = Subject(
        name=member_name(CHAIN),
        digest=Digest(sha256="0" * 64),
        media_type="x",
        annotations=Annotations(role="proof", size=str(len(data))),
    )
    members = Members({"balances.csv": made.members.read("balances.csv", TOKEN), member_name(CHAIN): data})
    return replace(made, statement=msgspec.structs.replace(made.statement, subject=(subject,)), members=members)


def run(
    file: AuthenticEvidence,
    *,
    typed: str | None = None,
    named: str | None = HONEST.hash,
    rows: list[tuple[str, str, int]] | None = None,
) -> ReserveResult:
    chains = {CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=named)}
    held = snapshot(ROWS if rows is None else rows, chains=chains)
    return observe(held, file, TOKEN, typed_blocks([] if typed is None else [(CHAIN, typed)]))


def codes(result: ReserveResult) -> set[str]:
    """Rows of zero stand here so that absence is proven; that they are listed at all is another finding."""
    return {item.code for item in result.findings} - {"RESERVE.ZERO"}


def grades(result: ReserveResult) -> list[Grade]:
    return [line.grade for line in result.lines]


@pytest.fixture
def good() -> Iterator[ProofBundle]:
    yield HONEST.bundle([A, B, C], [A, C])


def test_under_a_typed_hash_every_line_is_proven_absence_too(good: ProofBundle) -> None:
    result = run(proof_file(good, HONEST.hash), typed=HONEST.hash)
    assert codes(result) == set()
    assert grades(result) == [Grade.PROVEN] * 5
    assert [line.observed for line in result.lines] == [7, 5, 0, 9, 0]
    assert "RESERVES.ONE_SOURCE" not in {item.code for item in result.limitations}


def test_two_endpoints_of_a_pinned_auditor_pin_the_hash_too(good: ProofBundle) -> None:
    assert grades(run(proof_file(good, HONEST.hash, hash_from="two-endpoints"))) == [Grade.PROVEN] * 5


@pytest.mark.parametrize(
    ("endpoints", "said"),
    [
        ((), ""),
        (("https://node.example",), "one-endpoint"),
        (("https://node.example:8545", "http://NODE.example", "https://node.example.:1"), "one-endpoint"),
    ],
)
def test_two_endpoints_of_a_file_that_lists_fewer_hosts_are_none(
    good: ProofBundle, endpoints: tuple[str, ...], said: str
) -> None:
    """A pinned auditor is believed, but not against the auditor's own file."""
    file = proof_file(good, HONEST.hash, hash_from="two-endpoints", endpoints=endpoints)
    result = run(file)
    assert grades(result) == [Grade.ONE_SOURCE] * 5
    (found,) = (item for item in result.findings if item.code == "EVIDENCE.ENDPOINTS")
    assert (found.subject, found.observed) == (f"chain {CHAIN}", ", ".join(endpoints) or "no endpoint")
    assert result.evidence is not None
    (block,) = result.evidence.blocks
    assert (block.hash_from, block.vouched) == (said, "")
    typed = run(file, typed=HONEST.hash)  # the auditor's own word needs no endpoint
    assert grades(typed) == [Grade.PROVEN] * 5
    assert "EVIDENCE.ENDPOINTS" in codes(typed)


def test_a_file_that_nobody_pinned_is_not_asked_for_its_endpoints(good: ProofBundle) -> None:
    result = run(proof_file(good, HONEST.hash, hash_from="two-endpoints", endpoints=(), signed=False))
    assert "EVIDENCE.ENDPOINTS" not in codes(result)
    assert grades(result) == [Grade.CLAIMED] * 5


@pytest.mark.parametrize("source", ["snapshot", "one-endpoint"])
def test_one_endpoint_is_enough_where_no_more_is_said(good: ProofBundle, source: str) -> None:
    result = run(proof_file(good, HONEST.hash, hash_from=source, endpoints=("https://node.example",)))
    assert codes(result) == set()


def test_the_snapshots_own_hash_or_one_endpoint_pins_nothing(good: ProofBundle) -> None:
    for source in ("snapshot", "one-endpoint", "typed", "light-client"):
        assert grades(run(proof_file(good, HONEST.hash, hash_from=source))) == [Grade.ONE_SOURCE] * 5


def test_the_summary_says_who_vouches_for_each_block(good: ProofBundle) -> None:
    def vouched(typed: str | None = None, **options: Any) -> tuple[str, str, bool]:
        summary = run(proof_file(good, HONEST.hash, **options), typed=typed).evidence
        assert summary is not None
        (block,) = summary.blocks
        assert (block.chain, block.height, block.block_hash) == (CHAIN, str(HEIGHT), HONEST.hash)
        return block.hash_from, block.vouched, block.anchored

    assert vouched() == ("snapshot", "", False)
    assert vouched(HONEST.hash.upper().replace("0X", "0x")) == ("snapshot", "from the auditor", False)
    assert vouched("0x" + "ab" * 32) == ("snapshot", "", False)
    assert vouched(hash_from="two-endpoints") == ("two-endpoints", "given by two endpoints of the auditor", False)
    assert vouched(hash_from="two-endpoints", signed=False) == ("two-endpoints", "", False)


def test_a_hash_derived_from_a_checkpoint_proves_and_is_not_called_a_typed_one(good: ProofBundle) -> None:
    way = Derivation("cd" * 32, HEIGHT + 9, 7, 500, 512)
    chains = {CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=HONEST.hash)}
    own = {CHAIN: OwnBlock(HONEST.hash, way)}
    result = observe(snapshot(ROWS, chains=chains), proof_file(good, HONEST.hash), TOKEN, own)
    assert grades(result) == [Grade.PROVEN] * 5
    assert {line.source for line in result.lines} == {
        "state proof, block hash derived from the auditor's beacon checkpoint"
    }
    assert result.evidence is not None
    assert result.evidence.blocks[0].derivation == way


def test_unsigned_evidence_is_claimed_whatever_it_says_of_its_block(good: ProofBundle) -> None:
    result = run(proof_file(good, HONEST.hash, signed=False, hash_from="two-endpoints"))
    assert grades(result) == [Grade.CLAIMED] * 5
    assert all(line.observed is None for line in result.lines)
    assert codes(result) == {"EVIDENCE.UNTRUSTED"}


def test_unsigned_evidence_under_a_typed_hash_proves_coins_but_not_what_a_slot_means(good: ProofBundle) -> None:
    result = run(proof_file(good, HONEST.hash, signed=False), typed=HONEST.hash)
    assert grades(result) == [Grade.PROVEN] * 3 + [Grade.CLAIMED] * 2
    assert [line.observed for line in result.lines] == [7, 5, 0, None, None]
    assert codes(result) == {"EVIDENCE.UNTRUSTED", "EVIDENCE.MISSING"}


def test_a_fabricated_header_with_a_consistent_fabricated_state_stays_claimed() -> None:
    rich = World({A: 10**24}, {})
    rows = [(EVM_A, "ETH", 10**24)]
    file = proof_file(rich.bundle([A], []), rich.hash, rows=rows, signed=False, hash_from="two-endpoints")
    result = run(file, named=rich.hash, rows=rows)  # even the snapshot names the made-up block
    assert [(line.grade, line.observed) for line in result.lines] == [(Grade.CLAIMED, None)]
    under_real_hash = run(file, named=rich.hash, typed=HONEST.hash, rows=rows)
    assert [(line.grade, line.observed) for line in under_real_hash.lines] == [(Grade.CLAIMED, None)]
    assert {"CHAIN.TYPED_MISMATCH", "EVIDENCE.OTHER_BLOCK"} <= codes(under_real_hash)
    assert "EVIDENCE.PROOF" not in codes(under_real_hash)  # proofs of another block are not looked at


def test_a_fabricated_state_under_the_real_hash_is_an_exception_and_leaves_no_line() -> None:
    rich = World({A: 10**24}, {})
    rows = [(EVM_A, "ETH", 10**24)]
    result = run(proof_file(rich.bundle([A], []), HONEST.hash, rows=rows), typed=HONEST.hash, rows=rows)
    assert [(line.grade, line.observed) for line in result.lines] == [(Grade.CLAIMED, None)]
    assert "EVIDENCE.PROOF" in codes(result)


def test_rows_that_say_more_than_their_proof_are_refused(good: ProofBundle) -> None:
    for position, (account, asset, amount) in enumerate(ROWS):
        rows = [*ROWS[:position], (account, asset, amount + 1), *ROWS[position + 1 :]]
        result = run(proof_file(good, HONEST.hash, rows=rows), typed=HONEST.hash)
        assert "EVIDENCE.PROOF" in codes(result)
        assert all(line.observed is None for line in result.lines)


def test_a_dropped_slot_with_a_claimed_zero_is_refused() -> None:
    without_a = HONEST.bundle([A, B, C], [C])
    nodes = [bytes.fromhex(node[2:]) for node in without_a.nodes]
    leaf = [node for node in HONEST.nodes([], [A]) if node not in nodes]
    assert leaf, "the slot's own node must be missing from the bundle"
    rows = [*ROWS[:3], (EVM_A, "USDT", 0), ROWS[4]]
    result = run(proof_file(without_a, HONEST.hash, rows=rows), typed=HONEST.hash)
    assert "EVIDENCE.PROOF" in codes(result)
    assert all(line.observed is None for line in result.lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: msgspec.structs.replace(b, nodes=b.nodes[1:]), "missing"),
        (lambda b: msgspec.structs.replace(b, nodes=b.nodes[::-1]), "canonical order"),
        (lambda b: msgspec.structs.replace(b, nodes=(*b.nodes, b.nodes[-1])), "twice"),
        (lambda b: make_bundle(CHAIN, HONEST.header, [*raw(b), b"\xc2\x80\x80" * 12], b.tokens), "on no path"),
        (lambda b: msgspec.structs.replace(b, header=b.header[:-2] + "01"), "does not hash"),
        (lambda b: msgspec.structs.replace(b, chain="eip155:56"), "are of eip155:56"),
        (lambda b: msgspec.structs.replace(b, tokens=b.tokens * 2), "canonical order|twice"),
        (lambda b: msgspec.structs.replace(b, tokens=(layout(b, index="3"),)), "another balance|missing"),
        (lambda b: msgspec.structs.replace(b, tokens=(layout(b, key_first=False),)), "another balance|missing"),
        (lambda b: msgspec.structs.replace(b, tokens=(layout(b, decimals=7),)), "another balance"),
        (lambda b: msgspec.structs.replace(b, tokens=(layout(b, index=str(2**256)),)), "out of range"),
        (
            lambda b: msgspec.structs.replace(b, tokens=(*b.tokens, layout(b, contract="0x" + "ff" * 20))),
            "no balance needs",
        ),
        (lambda b: encode_bundle(b) + b"\n", "canonical form"),
        (lambda b: encode_bundle(b).replace(b'"chain"', b'"chain" '), "canonical form"),
        (lambda b: encode_bundle(b).replace(b"0x", b"0X", 1), "schema"),
        (lambda b: b"{}", "schema"),
        (lambda b: b"not json", "malformed"),
        (lambda b: encode_bundle(b)[:-40], "malformed"),
    ],
)
def test_a_changed_bundle_is_an_exception_and_none_of_its_lines_is_used(
    good: ProofBundle, change: Callable[[ProofBundle], ProofBundle | bytes], words: str
) -> None:
    result = run(proof_file(change(good), HONEST.hash), typed=HONEST.hash)
    found = [item for item in result.findings if item.code == "EVIDENCE.PROOF"]
    assert len(found) == 1
    assert any(word in found[0].message for word in words.split("|")), found[0].message
    assert all(line.observed is None and line.grade is Grade.CLAIMED for line in result.lines)


def raw(bundle: ProofBundle) -> list[bytes]:
    return [bytes.fromhex(node[2:]) for node in bundle.nodes]


def layout(bundle: ProofBundle, **changes: Any) -> TokenLayout:
    return msgspec.structs.replace(bundle.tokens[0], **changes)


def test_every_changed_node_bit_of_a_bundle_is_refused(good: ProofBundle) -> None:
    nodes = raw(good)
    for which, node in enumerate(nodes):
        for bit in range(0, len(node) * 8, 61):
            flipped = bytearray(node)
            flipped[bit // 8] ^= 1 << bit % 8
            changed = make_bundle(
                CHAIN, HONEST.header, [*nodes[:which], bytes(flipped), *nodes[which + 1 :]], good.tokens
            )
            assert "EVIDENCE.PROOF" in codes(run(proof_file(changed, HONEST.hash), typed=HONEST.hash))


def test_2000_random_changes_of_a_bundle_are_all_refused(good: ProofBundle) -> None:
    """A bit, a node dropped, added, repeated, cut or moved: new ones in every run."""
    seed = secrets.randbits(64)
    rng = np.random.default_rng(seed)
    nodes = raw(good)
    ours = set(nodes)
    strangers = [node for node in World({C: 1}, {C: 1}).nodes([C], [C]) if node not in ours]

    def below(limit: int) -> int:
        return int(rng.integers(limit))

    for number in range(2000):
        changed = list(nodes)
        which = below(len(changed))
        kind = below(6)
        if kind == 0:
            del changed[which]
        elif kind == 1:
            changed.insert(below(len(changed) + 1), strangers[below(len(strangers))])
        elif kind == 2:
            changed.insert(below(len(changed) + 1), changed[which])
        elif kind == 3:
            other = (which + 1 + below(len(changed) - 1)) % len(changed)
            changed[which], changed[other] = changed[other], changed[which]
        elif kind == 4:
            changed[which] = changed[which][: below(len(changed[which]))] or b"\x80"
        else:
            flipped = bytearray(changed[which])
            flipped[below(len(flipped))] ^= 1 << below(8)
            changed[which] = bytes(flipped)
        listed = ["0x" + node.hex() for node in changed]
        if kind != 3 and below(2):  # once as it is, once brought into the order that a reader wants
            listed.sort(key=lambda text: keccak(bytes.fromhex(text[2:])))
        result = run(proof_file(msgspec.structs.replace(good, nodes=tuple(listed)), HONEST.hash), typed=HONEST.hash)
        where = f"seed {seed}, change {number}, kind {kind}"
        assert "EVIDENCE.PROOF" in codes(result), where
        assert all(line.observed is None and line.grade is Grade.CLAIMED for line in result.lines), where


def test_a_proof_of_another_height_is_refused() -> None:
    other = World({A: 7, B: 5}, {A: 9, B: 1}, height=HEIGHT + 1)
    result = run(proof_file(other.bundle([A, B, C], [A, C]), other.hash), typed=other.hash, named=None)
    assert "EVIDENCE.PROOF" in codes(result)


def test_a_token_without_code_or_layout_is_not_proven() -> None:
    rows = ROWS[:3] + ROWS[3:4]
    bundle = HONEST.bundle([A, B, C], [])
    result = run(proof_file(bundle, HONEST.hash, rows=rows), typed=HONEST.hash, rows=rows)
    assert grades(result) == [Grade.PROVEN] * 3 + [Grade.ONE_SOURCE]
    codeless = World({A: 7}, {})
    codeless.accounts[bytes.fromhex(CONTRACT[2:])] = other_rlp.encode([1, 0, keccak(b"\x80"), keccak(b"")])
    root, codeless.proofs = build(codeless.accounts)
    words = other_rlp.decode(codeless.header)
    words[3] = root
    codeless.header = other_rlp.encode(words)
    block_hash = "0x" + keccak(codeless.header).hex()
    zero = [(EVM_A, "USDT", 0)]
    result = run(
        proof_file(codeless.bundle([], [A]), block_hash, rows=zero), typed=block_hash, named=block_hash, rows=zero
    )
    assert "has no code" in next(item.message for item in result.findings if item.code == "EVIDENCE.PROOF")


def test_a_bundle_reads_back() -> None:
    bundle = HONEST.bundle([A], [A])
    assert decode_bundle(encode_bundle(bundle), "x") == bundle
    with pytest.raises(ChainError):
        decode_bundle(encode_bundle(bundle).replace(b'"keyFirst":true', b'"keyFirst":true,"more":1'), "x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hash": None}, "names no hash"),
        ({"hash": "0x12"}, "names no hash"),
        ({"stateRoot": 7}, "no hexadecimal"),
        ({"stateRoot": "0xzz"}, "no hexadecimal"),
        ({"extraData": "0x" + "00" * 3000}, "no hexadecimal"),
        ({"stateRoot": "0x123"}, "cut short"),
    ],
)
def test_a_header_of_malformed_fields_is_refused(change: dict[str, Any], words: str) -> None:
    fields = dict.fromkeys(FIELD_LISTS["Frontier"], "0x00") | {"hash": HONEST.hash}
    with pytest.raises(HeaderError, match=words):
        encode_header(fields | change)


@pytest.mark.parametrize(
    ("position", "value", "words"),
    [
        (3, b"short", "wrong length"),
        (0, [], "wrong length"),
        (8, b"\x00", "not canonical"),
        (11, (253_402_300_800).to_bytes(5, "big"), "after the year 9999"),
        (14, None, "fields of a header"),
    ],
)
def test_bytes_that_hash_but_are_no_header_are_refused(position: int, value: Any, words: str) -> None:
    items = other_rlp.decode(HONEST.header)
    items[position : position + 1] = [] if value is None else [value]
    encoded = other_rlp.encode(items)
    with pytest.raises(HeaderError, match=words):
        read_header(encoded, keccak(encoded))


def test_proofs_without_a_block_hash_are_refused(good: ProofBundle) -> None:
    file = proof_file(good, HONEST.hash)
    block = EvidenceBlock(block_height=str(HEIGHT))
    predicate = msgspec.structs.replace(file.statement.predicate, chains={CHAIN: block})
    without = replace(file, statement=msgspec.structs.replace(file.statement, predicate=predicate))
    found = [item for item in run(without, named=None).findings if item.code == "EVIDENCE.PROOF"]
    assert "no block hash" in found[0].message


def test_a_row_of_an_asset_that_the_map_does_not_hold_is_not_proven(good: ProofBundle) -> None:
    rows = [*ROWS, (EVM_A, "DOGE", 1)]
    result = run(proof_file(good, HONEST.hash, rows=rows), typed=HONEST.hash)
    assert codes(result) == {"EVIDENCE.UNCLAIMED"}
    assert grades(result) == [Grade.PROVEN] * 5


def as_json(world: World, names: tuple[str, ...]) -> dict[str, str]:
    """A header's fields as a node gives them."""
    fields = dict(zip(names, other_rlp.decode(world.header), strict=True))
    numbers = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")
    as_text = {k: hex(int.from_bytes(v, "big")) if k in numbers else "0x" + v.hex() for k, v in fields.items()}
    return as_text | {"hash": world.hash}


def test_a_header_from_fields_has_its_hash_or_is_refused() -> None:
    fields = as_json(HONEST, FIELD_LISTS["Frontier"])
    assert encode_header(fields) == HONEST.header
    for change in ({"hash": "0x" + "12" * 32}, {"gasUsed": "0x1"}, {"stateRoot": "0x" + "12" * 32}):
        with pytest.raises(HeaderError, match="no known list"):
            encode_header(fields | change)
    with pytest.raises(HeaderError, match="no known list"):
        encode_header({name: value for name, value in fields.items() if name != "mixHash"})
    # a field more is another fork's list, whose hash is another
    assert encode_header(fields | {"baseFeePerGas": "0x7"}) == HONEST.header


@pytest.mark.parametrize("fork", FIELD_LISTS)
def test_every_fork_s_list_is_found_by_its_hash_alone(fork: str) -> None:
    names = FIELD_LISTS[fork]
    sizes = {"logsBloom": 256, "miner": 20, "nonce": 8}
    numbers = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed",
               "excessBlobGas", "extDataGasUsed", "blockGasCost"}  # fmt: skip
    words: list[Any] = [n + 1 if name in numbers else bytes([n]) * sizes.get(name, 32) for n, name in enumerate(names)]
    encoded = other_rlp.encode(words)
    fields = {
        name: hex(word) if isinstance(word, int) else "0x" + word.hex() for name, word in zip(names, words, strict=True)
    }
    assert encode_header(fields | {"hash": "0x" + keccak(encoded).hex()}) == encoded


def test_bytes_that_are_no_list_are_no_header() -> None:
    for item in (b"a text that is long enough to be hashed", [b""] * 14, [b""] * 32):
        encoded = other_rlp.encode(item)
        with pytest.raises(HeaderError, match="fields of a header"):
            read_header(encoded, keccak(encoded))


def test_a_coin_or_token_that_the_asset_map_spells_twice_is_counted_once() -> None:
    tokens = (USDT, USDT.lower(), USDT.replace("erc20", "bep20"))
    for symbol, decimals, ids, held in (
        ("ETH", 18, ("eip155:1/slip44:60", "eip155:1/slip44:61"), 7),
        ("USDT", 6, tokens, 9),
    ):
        asset = Asset(symbol=symbol, decimals=decimals, on_chain=ids)
        chains = {CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=HONEST.hash)}
        bundle = HONEST.bundle([A], []) if symbol == "ETH" else HONEST.bundle([], [A])
        for claimed in (held, held * len(ids)):
            rows = [(EVM_A, symbol, claimed)]
            file = proof_file(bundle, HONEST.hash, rows=rows, hash_from="two-endpoints")
            result = observe(snapshot(rows, assets=(asset,), chains=chains), file, TOKEN)
            assert [line.observed for line in result.lines] == [held if claimed == held else None]
            assert ("EVIDENCE.PROOF" in codes(result)) is (claimed != held)


def test_a_chain_that_is_no_evm_chain_is_refused_without_a_traceback(good: ProofBundle) -> None:
    odd = "eip155:abc"
    file = proof_file(good, HONEST.hash)
    predicate = msgspec.structs.replace(file.statement.predicate, chains={odd: file.statement.predicate.chains[CHAIN]})
    subject = msgspec.structs.replace(file.statement.subject[0], name=member_name(odd))
    statement = msgspec.structs.replace(file.statement, predicate=predicate, subject=(subject,))
    bundle = encode_bundle(msgspec.structs.replace(good, chain=odd))
    members = Members({"balances.csv": b"account,asset,amount,source\n", member_name(odd): bundle})
    assert "EVIDENCE.PROOF" in codes(run(replace(file, statement=statement, members=members)))


@pytest.mark.parametrize("can", [True, False])
def test_whose_word_a_tokens_decimals_are(can: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The capturer's where no code of the token was captured; nothing is left unproven that no call computes."""
    monkeypatch.setattr("auditor_app.chain.proven_state.available", lambda: can)
    for tokens, observed in (([A], True), ([], False)):
        with ProvenState(HONEST.bundle([A], tokens), bytes.fromhex(HONEST.hash[2:]), HEIGHT) as state:
            assert (state.decimals_observed, state.not_reexecuted) == (observed, "")


BNB = "eip155:56"


def two_chains(
    rows: list[tuple[str, str, int]], assets: tuple[Asset, ...], token: CancelToken = TOKEN
) -> ReserveResult:
    """The honest world's proofs on one chain, beside rows of another chain at another block, and the first one's hash typed."""
    file = proof_file(HONEST.bundle([A], []), HONEST.hash, rows=rows)
    other = EvidenceBlock(block_height="5", block_hash="0x" + "ab" * 32, hash_from="snapshot")
    predicate = msgspec.structs.replace(
        file.statement.predicate, chains={**file.statement.predicate.chains, BNB: other}
    )
    file = replace(file, statement=msgspec.structs.replace(file.statement, predicate=predicate))
    chains = {
        CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=HONEST.hash),
        BNB: BlockReference(block_height="5", block_hash="0x" + "ab" * 32),
    }
    held = snapshot(rows, chains=chains, assets=assets, columns=())
    return observe(held, file, token, typed_blocks([(CHAIN, HONEST.hash)]))


def test_one_chains_proofs_are_not_anothers() -> None:
    """An address is the same on every EVM chain; what it holds is not."""
    coin = Asset(symbol="ETH", decimals=18, on_chain=("eip155:1/slip44:60", f"{BNB}/slip44:60"))
    elsewhere = f"{BNB}:{EVM_A.rpartition(':')[2]}"
    for amount in (7, 8):
        result = two_chains([(EVM_A, "ETH", 7), (elsewhere, "ETH", amount)], (coin,))
        assert grades(result) == [Grade.PROVEN, Grade.ONE_SOURCE]
        assert "EVIDENCE.PROOF" not in codes(result)


def test_an_asset_that_is_not_on_the_chain_is_not_proven_to_be_none() -> None:
    assets = (
        Asset(symbol="ETH", decimals=18, on_chain=("eip155:1/slip44:60",)),
        Asset(symbol="BTC", decimals=8, on_chain=()),
    )
    for amount in (0, 5):
        result = two_chains([(EVM_A, "ETH", 7), (EVM_A, "BTC", amount)], assets)
        (seen,) = (item for (_, symbol), item in result.observations.items() if symbol == "BTC")
        assert (seen.grade, seen.amount) == (Grade.ONE_SOURCE, amount)
        assert "EVIDENCE.PROOF" not in codes(result)


def test_what_rests_on_a_layout_is_said_and_that_calls_were_not_run_only_where_there_are_any() -> None:
    limits = {
        item.code
        for item in run(proof_file(HONEST.bundle([A, B, C], [A, C]), HONEST.hash), typed=HONEST.hash).limitations
    }
    assert "EVIDENCE.DECIMALS" in limits
    assert "EVIDENCE.NOT_REEXECUTED" not in limits
    rows = [(EVM_A, "ETH", 7)]
    coins = run(proof_file(HONEST.bundle([A], []), HONEST.hash, rows=rows), typed=HONEST.hash, rows=rows)
    assert not {"EVIDENCE.DECIMALS", "EVIDENCE.NOT_REEXECUTED"} & {item.code for item in coins.limitations}


class Counting(CancelToken):
    """Counts how often the work looked whether it was cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def check(self) -> None:
        self.looks += 1


def test_each_chain_and_each_balance_is_a_moment_to_stop() -> None:
    def looks(rows: list[tuple[str, str, int]], holders: list[bytes]) -> int:
        token = Counting()
        chains = {CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=HONEST.hash)}
        file = proof_file(HONEST.bundle(holders, []), HONEST.hash, rows=rows)
        observe(snapshot(rows, chains=chains), file, token, typed_blocks([(CHAIN, HONEST.hash)]))
        return token.looks

    one, two = [(EVM_A, "ETH", 7)], [(EVM_A, "ETH", 7), (EVM_B, "ETH", 5)]
    assert looks(two, [A, B]) == looks(one, [A]) + 1
    both, alone = Counting(), Counting()
    two_chains(one, ASSETS, both)
    chains = {CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=HONEST.hash)}
    file = proof_file(HONEST.bundle([A], []), HONEST.hash, rows=one)
    observe(snapshot(one, chains=chains, columns=()), file, alone, typed_blocks([(CHAIN, HONEST.hash)]))
    assert both.looks > alone.looks


def test_readings_of_a_chain_whose_proofs_do_not_hold_are_not_compared() -> None:
    """Nothing of that chain is used: neither its balances nor what they contradict."""
    rows = [(EVM_A, "ETH", 7), (EVM_A, "ETH", 8)]
    broken = msgspec.structs.replace(HONEST.bundle([A], []), nodes=())
    result = run(proof_file(broken, HONEST.hash, rows=rows), typed=HONEST.hash, rows=rows[:1])
    assert {"EVIDENCE.PROOF", "EVIDENCE.MISSING"} <= codes(result)
    assert "EVIDENCE.DISAGREE" not in codes(result)
    assert grades(result) == [Grade.CLAIMED]


@pytest.mark.parametrize(
    ("derivation", "whose"),
    [
        (None, "that the auditor typed"),
        (Derivation("cd" * 32, HEIGHT + 9, 7, 500, 512), "derived from the auditor's beacon checkpoint"),
    ],
)
def test_a_hash_that_differs_from_the_snapshots_says_whose_it_is(
    good: ProofBundle, derivation: Derivation | None, whose: str
) -> None:
    own = {CHAIN: OwnBlock("0x" + "ab" * 32, derivation)}
    chains = {CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=HONEST.hash)}
    result = observe(snapshot(ROWS, chains=chains), proof_file(good, HONEST.hash), TOKEN, own)
    (found,) = (item for item in result.findings if item.code == "CHAIN.TYPED_MISMATCH")
    assert found.message == f"The block hash {whose} was compared with the snapshot's and differs."


def test_a_hash_typed_for_a_chain_that_the_evidence_lacks_vouches_for_nothing(good: ProofBundle) -> None:
    chains = {CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=HONEST.hash)}
    own = typed_blocks([(CHAIN, HONEST.hash), (BNB, "0x" + "ab" * 32)])
    result = observe(snapshot(ROWS, chains=chains), proof_file(good, HONEST.hash), TOKEN, own)
    assert grades(result) == [Grade.PROVEN] * 5
    assert result.evidence is not None
    assert [block.chain for block in result.evidence.blocks] == [CHAIN]
