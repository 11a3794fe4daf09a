"""Strict RLP and Merkle-Patricia proofs against an independent trie, and against every kind of tampering."""

from __future__ import annotations

import pytest
import rlp as other_rlp
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.chain import rlp
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.state_proof import read_account, slot_value
from auditor_app.chain.trie import EMPTY_ROOT, NodeTable, TrieError, prove
from tests.unit.chain.trie_builder import absence, build

items = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=6), max_leaves=20)
tries = st.dictionaries(st.binary(min_size=1, max_size=4), st.binary(min_size=1, max_size=40), min_size=1, max_size=40)


@given(items)
def test_rlp_agrees_with_another_library(item: rlp.Item) -> None:
    encoded = rlp.encode(item)
    assert encoded == other_rlp.encode(item)
    assert rlp.decode(encoded) == item


@given(st.binary(max_size=80))
def test_bytes_that_decode_are_the_only_encoding_of_what_they_say(data: bytes) -> None:
    try:
        item = rlp.decode(data)
    except rlp.RlpError:
        return
    assert rlp.encode(item) == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8100",  # a single byte in two
        "817f",
        "b800",  # a long form for a short string
        "b801ff",
        "b90037" + "00" * 55,  # a length with a leading zero
        "83ffff",  # cut short
        "c3ffffff",  # a list whose item reaches behind it
        "c180ff",  # bytes behind the value
        "f800",
        "bf" + "ff" * 8,
    ],
)
def test_rlp_that_is_not_canonical_is_refused(text: str) -> None:
    with pytest.raises(rlp.RlpError):
        rlp.decode(bytes.fromhex(text))


@pytest.mark.parametrize("number", [b"\x00", b"\x00\x01", bytes(33), b"\x01" * 33, [b"\x01"]])
def test_numbers_with_leading_zeros_or_too_many_bytes_are_refused(number: rlp.Item) -> None:
    with pytest.raises(rlp.RlpError):
        rlp.integer(number)


@given(tries, st.binary(min_size=1, max_size=4))
def test_presence_and_absence_agree_with_an_independent_trie(entries: dict[bytes, bytes], other: bytes) -> None:
    root, proofs = build(entries)
    for key, value in entries.items():
        assert prove(root, key, proofs[key]) == value
    if other not in entries:
        assert prove(root, other, absence(entries, other)) is None
    table = NodeTable({node for nodes in proofs.values() for node in nodes})
    assert {key: table.lookup(root, key) for key in entries} == entries
    assert table.unused() == 0


@given(tries, st.data())
def test_no_changed_proof_proves_anything(entries: dict[bytes, bytes], data: st.DataObject) -> None:
    root, proofs = build(entries)
    key = data.draw(st.sampled_from(sorted(entries)))
    nodes = proofs[key]
    which = data.draw(st.integers(0, len(nodes) - 1))
    bit = data.draw(st.integers(0, len(nodes[which]) * 8 - 1))
    flipped = bytearray(nodes[which])
    flipped[bit // 8] ^= 1 << bit % 8
    changed = [
        [*nodes[:which], bytes(flipped), *nodes[which + 1 :]],
        nodes[:which] + nodes[which + 1 :],
        [*nodes, rlp.encode([b"\x20" + bytes(32), b"x"])],
        [*nodes[: which + 1], nodes[which], *nodes[which + 1 :]],
        *([nodes[::-1]] if len(nodes) > 1 else []),
    ]
    for proof in changed:
        with pytest.raises(TrieError):
            prove(root, key, proof)


def test_lists_nested_without_end_are_refused() -> None:
    deep: rlp.Item = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(rlp.RlpError, match="nested"):
        rlp.decode(rlp.encode(deep))


def test_a_node_given_twice_is_refused() -> None:
    with pytest.raises(TrieError, match="twice"):
        NodeTable([b"node", b"node"])


def test_a_branch_behind_a_whole_path_is_refused() -> None:
    below, branch = rooted([PATH] * 16 + [b""])
    root, extension = rooted([b"\x00" + PATH, below])
    with pytest.raises(TrieError, match="must have ended"):
        prove(root, b"key", [extension, branch])


def test_an_empty_trie_has_nothing_and_takes_no_nodes() -> None:
    assert prove(EMPTY_ROOT, b"x", []) is None
    with pytest.raises(TrieError):
        prove(EMPTY_ROOT, b"x", [b"\x80"])
    with pytest.raises(TrieError, match="the root is missing"):
        prove(keccak256(b"x"), b"x", [])


def rooted(node: rlp.Item) -> tuple[bytes, bytes]:
    encoded = rlp.encode(node)
    return keccak256(encoded), encoded


PATH = keccak256(b"key")
LONG = b"v" * 40


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ([b"\x20" + PATH, b""], "holds no value"),
        ([b"\x20" + PATH, [b"v"]], "holds no value"),
        ([b"\x20" + PATH[1:], LONG], "not as long as the key"),
        ([b"\x20" + PATH + b"\x00", LONG], "not as long as the key"),
        ([b"\x40" + PATH, LONG], "flag is wrong"),
        ([b"\x2f" + PATH, LONG], "flag is wrong"),
        ([b"", LONG], "a path is empty"),
        ([b"\x00", PATH], "extension's path is empty"),
        ([b"\x00" + PATH[:1], b""], "leads nowhere"),
        ([b"\x00" + PATH, LONG], "missing from the proof"),
        ([[b""] * 16 + [LONG], LONG], "a path is empty"),
        ([LONG] * 3, "neither a branch nor a pair"),
        ([LONG], "neither a branch nor a pair"),
        (LONG, "no list"),
        ([PATH] * 16 + [b"x"], "a branch holds a value"),
        ([PATH] + [b""] * 16, "fewer than two children"),
        ([[b"\x3f", LONG]] * 16 + [b""], "stands inside its parent"),
        ([b"\x00" + PATH[:31], [*[b""] * 15, b"", b""]], "fewer than two children"),
    ],
)
def test_a_node_of_a_wrong_shape_is_refused(node: rlp.Item, words: str) -> None:
    root, encoded = rooted(node)
    with pytest.raises(TrieError, match=words):
        prove(root, b"key", [encoded])


def test_a_small_node_outside_its_parent_is_refused() -> None:
    small = rlp.encode([b"\x20", b"v"])
    branch: list[rlp.Item] = [keccak256(small)] * 16 + [b""]
    root, encoded = rooted(branch)
    with pytest.raises(TrieError, match="less than 32 bytes"):
        prove(root, b"key", [encoded, small])


@pytest.mark.parametrize(
    "fields",
    [
        [b"", b"", EMPTY_ROOT],
        [b"", b"", EMPTY_ROOT, EMPTY_ROOT, b""],
        [b"\x00", b"", EMPTY_ROOT, EMPTY_ROOT],
        [b"", b"\x00\x01", EMPTY_ROOT, EMPTY_ROOT],
        [b"", b"", EMPTY_ROOT[:31], EMPTY_ROOT],
        [b"", b"", [EMPTY_ROOT], EMPTY_ROOT],
        [b"", b"", EMPTY_ROOT, [b""] * 32],
        b"x",
    ],
)
def test_an_account_of_a_wrong_form_is_refused(fields: rlp.Item) -> None:
    with pytest.raises(TrieError):
        read_account(rlp.encode(fields))


@pytest.mark.parametrize("value", [b"\x80", b"\x00", b"\x81\x01", rlp.encode(b"\x01" * 33), b"\xc0"])
def test_a_slot_that_holds_no_canonical_word_is_refused(value: bytes) -> None:
    slot = bytes(32)
    root, proofs = build({slot: value})
    with pytest.raises(TrieError):
        slot_value(NodeTable(proofs[slot]), root, slot)


@pytest.mark.parametrize("size", [0, 1, 54, 55, 56, 57, 255, 256, 65_535, 65_536])
def test_lengths_at_every_step_of_the_encoding(size: int) -> None:
    for item in (b"\xff" * size, [b"\x01"] * size):
        assert rlp.encode(item) == other_rlp.encode(item)
        assert rlp.decode(rlp.encode(item)) == item


def test_lists_are_read_as_deep_as_the_limit() -> None:
    def nested(levels: int) -> rlp.Item:
        item: rlp.Item = []
        for _ in range(levels - 1):
            item = [item]
        return item

    assert rlp.decode(rlp.encode(nested(32))) == nested(32)
    with pytest.raises(rlp.RlpError, match="nested"):
        rlp.decode(rlp.encode(nested(33)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("c2a001", "cut short"),  # a hash of one byte within its list
        ("e0a0" + "01" * 31, "cut short"),  # a hash of thirty-one
        ("c8a0" + "01" * 7 + "01" * 24, "cut short"),  # one that would end behind its list
        ("b90038" + "01" * 56, "not canonical"),  # a length with a leading zero, long enough in itself
        ("b7" + "01" * 54, "cut short"),
        ("b8", "not canonical"),
        ("f9", "not canonical"),
    ],
)
def test_what_reaches_behind_its_end_is_refused(text: str, words: str) -> None:
    with pytest.raises(rlp.RlpError, match=words):
        rlp.decode(bytes.fromhex(text))


def test_an_extension_that_leads_elsewhere_proves_absence() -> None:
    """Behind it stands a leaf that would fit, were the extension's own nibbles not those of another key."""
    leaf = rlp.encode([b"\x34", LONG])
    branch = rlp.encode([b"", b"", b"", keccak256(leaf), b"", keccak256(leaf), *[b""] * 11])
    root, extension = rooted([b"\x00\x82\x12", keccak256(branch)])
    table = NodeTable([extension, branch, leaf])
    assert table.lookup_position(root, 0x1234) == LONG
    assert table.lookup_position(root, 0x1254) == LONG
    for other in (0x5634, 0x1334, 0x1244, 0x1235):
        assert table.lookup_position(root, other) is None


@pytest.mark.parametrize(("size", "outside"), [(28, False), (29, True), (30, True)])
def test_a_node_of_32_bytes_stands_outside_its_parent_and_a_smaller_one_inside(size: int, outside: bool) -> None:
    """The last nibble is the branch's, so that the leaf's own path is empty."""
    leaf: rlp.Item = [b"\x20", b"\xee" * size]
    encoded = rlp.encode(leaf)
    assert (len(encoded) >= 32) is outside
    nibbles = PATH.hex()[:63]
    for apart in (True, False):
        branch = rlp.encode([keccak256(encoded) if apart else leaf] * 16 + [b""])
        root, extension = rooted([bytes.fromhex("1" + nibbles), keccak256(branch)])
        nodes = [extension, branch, *([encoded] if apart else [])]
        if apart is outside:
            assert prove(root, b"key", nodes) == b"\xee" * size
        else:
            with pytest.raises(TrieError, match="stands outside its parent" if apart else "stands inside its parent"):
                prove(root, b"key", nodes)


def test_what_is_missing_is_named() -> None:
    root, extension = rooted([b"\x00" + PATH[:1], PATH])
    with pytest.raises(TrieError, match=f"the node {PATH.hex()[:16]}… is missing from the proof"):
        prove(root, b"key", [extension])
    with pytest.raises(TrieError, match="the root is missing from the proof"):
        prove(root, b"key", [])
