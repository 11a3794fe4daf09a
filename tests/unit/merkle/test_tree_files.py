"""Whole published trees made here by hand: every node counts, every customer's leaf is traced, and bad files are refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from pathlib import Path

import pytest

from auditor_app.errors import ProofError, UsageError
from auditor_app.merkle.proof_file import detect_file
from auditor_app.merkle.published_tree import TreeCheck
from auditor_app.merkle.tree_file import check_tree, find_tree
from auditor_app.operation import CancelToken, run


def check(
    *paths: Path, scheme: str = "auto", companion: Path | None = None, root: str | None = None, **options: str
) -> TreeCheck:
    tree = find_tree(paths, scheme=scheme)
    assert tree is not None
    return run(check_tree(tree, CancelToken(), companion=companion, root=root, options=options))


def codes(found: TreeCheck) -> list[str]:
    return [item.code for item in found.findings]


def observed(found: TreeCheck) -> dict[str, str]:
    return {item.name: item.observed for item in found.checks}


def raw(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hx(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# ---- BitMEX and River

NONCES = {1: "11" * 32, 2: "22" * 32, 3: "33" * 32}
PARTS = [(1, 600), (2, 7), (1, 400), (3, 0)]


def bitmex_leaf(nonce: str, account: int, value: int, index: int) -> bytes:
    key = raw(bytes.fromhex(nonce) + struct.pack("<QQ", 99, account))
    return hmac.new(key, struct.pack("<QQ", value, index), "sha256").digest()


def bitmex_file(path: Path, parts: list[tuple[str, int, int]]) -> Path:
    level = [(bitmex_leaf(*part, index), part[2]) for index, part in enumerate(parts)]
    levels = [level]
    while len(level) > 1:
        level = [
            (raw(a + struct.pack("<Q", x) + b + struct.pack("<Q", y)), x + y)
            for (a, x), (b, y) in zip(level[::2], level[1::2], strict=True)
        ]
        levels.append(level)
    nodes = [f"{digest.hex()},{value}" for level in reversed(levels) for digest, value in level]
    path.write_text("\n".join(["block_height:99", *nodes]) + "\n")
    return path


@pytest.fixture
def bitmex(tmp_path: Path) -> Path:
    return bitmex_file(tmp_path / "tree.csv", [(NONCES[account], account, value) for account, value in PARTS])


def accounts(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "nonces.csv"
    path.write_text(text)
    return path


def test_leaves_are_traced_to_their_accounts(bitmex: Path, tmp_path: Path) -> None:
    listed = accounts(tmp_path, f"account,balance,nonce\n1,1000,{NONCES[1]}\n3,0,{NONCES[3]}\n2,7,{NONCES[2]}\n")
    found = check(bitmex, companion=listed, nonces="all")
    assert (found.scheme, found.leaves, found.nodes, found.disagreeing) == ("bitmex", 4, 3, 0)
    assert found.totals == {"base units": "1007"}
    assert observed(found)["account 1"] == "1000 in 2 leaves"
    assert codes(found) == []


def test_one_customer_says_nothing_of_the_others_leaves(bitmex: Path, tmp_path: Path) -> None:
    found = check(bitmex, companion=accounts(tmp_path, f"1,{NONCES[1]},1000\n"))
    assert codes(found) == []
    assert "leaves that no nonce claims" not in observed(found)


def test_leaves_that_nobody_claims(bitmex: Path, tmp_path: Path) -> None:
    listed = accounts(tmp_path, f"1,{NONCES[1]}\n3,{NONCES[3]}\n")
    found = check(bitmex, companion=listed, nonces="all")
    assert codes(found) == ["TREE.UNCLAIMED"]
    assert observed(found)["leaves that no nonce claims"] == "1 leaves with 7 base units"


def test_a_balance_that_is_not_there(bitmex: Path, tmp_path: Path) -> None:
    found = check(bitmex, companion=accounts(tmp_path, f"1,{NONCES[1]},1001\n5,{'55' * 32},3\n"))
    assert sorted(codes(found)) == ["PROOF.SUMS", "TREE.UNTRACED"]


def test_rivers_padding_and_rivers_keys(tmp_path: Path) -> None:
    number = int.from_bytes(b"\x01\x02\x03\x04\x05", "big")  # AEBAGBAF in base 32
    nonce = raw(bytes.fromhex("77" * 32) + b"a@b.example" + struct.pack("<Q", number)).hex()
    path = bitmex_file(tmp_path / "tree.csv", [(nonce, number, 5), ("00" * 32, 0, 0)])
    listed = accounts(tmp_path, f"account_key,email,account_uid,balance\n{'77' * 32},a@b.example,AEBAGBAF,5\n")
    found = check(path, scheme="river", companion=listed, nonces="all")
    assert (found.scheme, found.padding, codes(found)) == ("river", 1, [])
    assert codes(check(path, scheme="bitmex", companion=listed, nonces="all")) == ["TREE.UNCLAIMED"]


def test_every_changed_node_is_found(bitmex: Path) -> None:
    lines = bitmex.read_text().splitlines()
    for row in range(1, len(lines)):
        for at in (0, 63, len(lines[row]) - 1):
            changed = lines[row][:at] + ("1" if lines[row][at] != "1" else "2") + lines[row][at + 1 :]
            bitmex.write_text("\n".join([*lines[:row], changed, *lines[row + 1 :]]))
            assert "PROOF.NODE" in codes(check(bitmex)), (row, at)


@pytest.mark.parametrize(
    "text",
    [
        "block_height:99\n",
        "block_height:x\n",
        f"block_height:99\n{'00' * 32},1\n{'00' * 32},1\n",
        f"block_height:99\n{'00' * 32},{2**64}\n",
        f"block_height:99\n{'00' * 31},1\n",
        f"block_height:99\n{'AA' * 32},1\n",
        f"block_height:99\n{'00' * 32},-1\n",
        f"block_height:99\n{'00' * 32},1\n" * 2,
        "block_height:99\n" + f"{'00' * 32},1\n" * 5,
        "block_height:99\n" + "0" * 100_000,
    ],
)
def test_malformed_bitmex_trees_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "tree.csv"
    path.write_text(text)
    with pytest.raises(ProofError) as caught:
        check(path)
    assert (caught.value.code, caught.value.exit_status) == ("PROOF.UNREADABLE", 3)


@pytest.mark.parametrize(
    "text", ["", "1,00\n", "x,y\n", f"1,{'11' * 32}\n1,{'11' * 32}\n", f"99999999999999999999,{'11' * 32}\n", '"1\n']
)
def test_malformed_lists_of_nonces_are_refused(text: str, bitmex: Path, tmp_path: Path) -> None:
    with pytest.raises(ProofError) as caught:
        check(bitmex, companion=accounts(tmp_path, text))
    assert caught.value.exit_status == 3


def test_options_and_companions_are_checked(bitmex: Path) -> None:
    with pytest.raises(UsageError):
        check(bitmex, nonces="most")
    with pytest.raises(UsageError):
        check(bitmex, salt="1")
    with pytest.raises(ProofError):
        check(bitmex, bitmex)


@pytest.mark.vectors
def test_bitmexs_example_balances_are_those_of_the_leaves(vectors: Path, tmp_path: Path) -> None:
    folder = vectors / "merkle/bitmex"
    owed = dict(line.split(",") for line in (folder / "liabilities-100.csv").read_text().split()[1:])
    lines = [line.split(",") for line in (folder / "nonces.txt").read_text().split()]
    listed = "".join(f"{account},{nonce},{owed.get(account, '0')}\n" for account, nonce in lines)
    tree = folder / "liabilities-100-proof_README-9666730.csv"
    assert codes(check(tree, companion=accounts(tmp_path, listed), nonces="all")) == []


# ---- level files


def level_files(folder: Path, count: int) -> str:
    nodes = [raw(b"%d" % number) for number in range(count)]
    level = 0
    while len(nodes) > 1:
        level += 1
        rows, above = [], []
        for at in range(0, len(nodes) - 1, 2):
            above.append(raw(nodes[at] + nodes[at + 1]))
            rows.append(f"{above[-1].hex()},{level},{nodes[at].hex()},{nodes[at + 1].hex()}")
        (folder / f"tree-level{level}.csv").write_text("\n".join(rows) + "\n")
        nodes = above + nodes[len(nodes) - len(nodes) % 2 :]
    return nodes[0].hex()


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 17, 33, 40])
def test_level_files_of_every_shape(count: int, tmp_path: Path) -> None:
    root = level_files(tmp_path, count)
    found = check(tmp_path, root=root)
    assert (found.scheme, found.leaves, found.nodes, found.root) == ("silversixpence", count, count - 1, root)
    assert codes(found) == []
    assert codes(check(tmp_path, root="00" * 32)) == ["PROOF.PUBLISHED_ROOT"]


def test_every_changed_hash_of_a_level_is_found(tmp_path: Path) -> None:
    level_files(tmp_path, 11)
    for path in sorted(tmp_path.iterdir()):
        text = path.read_text()
        for at in [at for at, byte in enumerate(text) if byte in "0123456789abcdef" and text[at - 1] != ","][::37]:
            path.write_text(text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :])
            assert "PROOF.NODE" in codes(check(tmp_path)), (path.name, at)
        path.write_text(text)


def test_missing_repeated_and_swapped_levels(tmp_path: Path) -> None:
    level_files(tmp_path, 20)
    one, two, *rest = sorted(tmp_path.iterdir())
    with pytest.raises(ProofError, match="level 2 is missing"):
        check(one, *rest)
    with pytest.raises(ProofError, match="level 1 is given twice"):
        check(one, one, two, *rest)
    assert codes(check(*rest[::-1], two, one)) == []
    two.write_text("\n".join(two.read_text().splitlines()[::-1]))
    assert "PROOF.NODE" in codes(check(tmp_path))
    two.write_text(one.read_text())
    with pytest.raises(ProofError):
        check(tmp_path)


def test_a_repeated_row_is_found(tmp_path: Path) -> None:
    level_files(tmp_path, 20)
    one = tmp_path / "tree-level1.csv"
    rows = one.read_text().splitlines()
    for changed in (rows + rows[-1:], rows[1:], rows[:3] + rows[4:]):
        one.write_text("\n".join(changed))
        assert "PROOF.NODE" in codes(check(tmp_path))


def test_the_last_row_may_be_dropped_since_leaves_and_nodes_are_hashed_alike(tmp_path: Path) -> None:
    """SCHEME.NO_DOMAIN_SEPARATION: the node above two leaves then passes for a lone leaf, under the same root."""
    root = level_files(tmp_path, 20)
    one = tmp_path / "tree-level1.csv"
    one.write_text("\n".join(one.read_text().splitlines()[:-1]))
    found = check(tmp_path, root=root)
    assert (found.leaves, codes(found)) == (19, [])
    assert "SCHEME.NO_DOMAIN_SEPARATION" in {item.code for item in found.limitations}


# ---- Armanino's leaf list


def test_a_leaf_list_with_its_root_file(tmp_path: Path) -> None:
    leaves = [raw(b"%d" % number)[:8] for number in range(5)]
    pairs = [raw(leaves[0] + leaves[1]), raw(leaves[2] + leaves[3])]
    root = raw(raw(pairs[0] + pairs[1]) + leaves[4]).hex()
    listed, root_file = tmp_path / "output_merkle_tree.txt", tmp_path / "output_merkle_root.txt"
    listed.write_bytes(
        b"Level\tHash\r\n" + b"".join(b"4,%d\t%s\r\n" % (n, h.hex().encode()) for n, h in enumerate(leaves))
    )
    root_file.write_text(root)
    found = check(root_file, listed)
    assert (found.scheme, found.leaves, found.root) == ("armanino-split", 5, root)
    assert codes(found) == ["SCHEME.WEAK_HASH"]
    root_file.write_text("00" * 32)
    assert codes(check(listed, root_file)) == ["SCHEME.WEAK_HASH", "PROOF.ROOT"]
    listed.write_bytes(listed.read_bytes().replace(b"4,", b"5,"))
    assert "PROOF.NODE" in codes(check(listed))
    for text in (b"Level\tHash\r\n", b"Level\tHash\r\n4,1\t" + b"0" * 16, b"Level\tHash\r\n4,0\t" + b"0" * 15):
        listed.write_bytes(text)
        with pytest.raises(ProofError):
            check(listed)


# ---- olalonde


def olalonde_leaf(user: str, held: str, nonce: str) -> dict[str, str]:
    return {"user": user, "sum": held, "nonce": nonce, "hash": hx(f"{user}|{held}|{nonce}")}


def olalonde_node(held: str, left: dict[str, str], right: dict[str, str]) -> dict[str, str]:
    return {"sum": held, "hash": hx(f"{held}|{left['hash']}|{right['hash']}")}


FRANK = olalonde_leaf("frank@example.com", "3.1415", "e3b0c44298fc1c149afbf4c8996fb924")
ALICE, BOB = olalonde_leaf("alice", "1", "aa"), olalonde_leaf("bob", "0.5", "bb")
INNER = olalonde_node("1.5", ALICE, BOB)
TOP = olalonde_node("4.6415", INNER, FRANK)


def complete_tree(path: Path, nodes: list[dict[str, str]]) -> Path:
    path.write_text(json.dumps([{"index": at, "data": data} for at, data in enumerate(nodes)]))
    return path


def test_a_complete_tree_and_each_change_of_it(tmp_path: Path) -> None:
    nodes = [TOP, INNER, FRANK, ALICE, BOB]
    assert FRANK["hash"].startswith("7856aa35")  # merkle-schemes-more.md section 6
    found = check(complete_tree(tmp_path / "tree.json", nodes), root=TOP["hash"])
    assert (found.scheme, found.leaves, found.nodes, found.totals) == ("olalonde", 3, 2, {"sum": "4.6415"})
    assert codes(found) == []
    for at, node in enumerate(nodes):
        for name, value in node.items():
            changed = {**node, name: ("1" if value[0] != "1" else "2") + value[1:]}
            path = complete_tree(tmp_path / "tree.json", [*nodes[:at], changed, *nodes[at + 1 :]])
            assert codes(check(path)), (at, name)


def test_a_debt_in_a_complete_tree(tmp_path: Path) -> None:
    debt = olalonde_leaf("carol", "-2", "cc")
    top = olalonde_node("-1", ALICE, debt)
    assert codes(check(complete_tree(tmp_path / "tree.json", [top, ALICE, debt]))) == ["PROOF.NEGATIVE"]


@pytest.mark.parametrize(
    "nodes",
    [
        [],
        [TOP, ALICE],
        [TOP, INNER, ALICE],
        [ALICE, ALICE, BOB],
        [{**TOP, "hash": "00"}, ALICE, BOB],
        [{"hash": TOP["hash"]}, ALICE, BOB],
        [{**TOP, "sum": "1e999"}, ALICE, BOB],
        [TOP, {**ALICE, "user": "a|b"}, BOB],
        [TOP, {**ALICE, "nonce": None}, BOB],
    ],
)
def test_malformed_complete_trees_are_refused(nodes: list[dict[str, str]], tmp_path: Path) -> None:
    path = complete_tree(tmp_path / "tree.json", nodes)
    with pytest.raises((ProofError, AssertionError)) as caught:
        check(path, scheme="olalonde")
    assert nodes == [] or caught.type is ProofError


def test_a_partial_tree_with_its_root(tmp_path: Path) -> None:
    own = {name: BOB[name] for name in ("user", "sum", "nonce")}
    sibling, beside = ({name: node[name] for name in ("sum", "hash")} for node in (ALICE, FRANK))
    tree = {
        "data": None,
        "left": {"data": None, "left": {"data": sibling}, "right": {"data": own}},
        "right": {"data": beside},
    }
    proof, root = tmp_path / "partial.json", tmp_path / "root.json"
    root.write_text(json.dumps({"id": "BTC", "root": {"sum": "4.6415", "hash": TOP["hash"]}}))

    def matches(document: object) -> list[str]:
        proof.write_text(json.dumps({"id": "BTC", "partial_tree": document}))
        (found,) = detect_file(proof, anchor=root).chosen.checks
        return [item.code for item in found.findings]

    assert matches(tree) == []
    for at, (node, name) in enumerate(
        [(own, "user"), (own, "sum"), (own, "nonce"), (sibling, "sum"), (beside, "hash")]
    ):
        before = node[name]
        node[name] = ("1" if before[0] != "1" else "2") + before[1:]
        assert matches(tree), at
        node[name] = before
    swapped = {**tree, "left": tree["right"], "right": tree["left"]}
    assert matches(swapped)
    for bad in ({"data": None}, {"data": sibling}, {"left": {"data": own}, "right": {"data": own}}, {"left": tree}):
        with pytest.raises(ProofError):
            matches(bad)
    deep: object = {"data": own}
    for _ in range(70):
        deep = {"data": None, "left": deep, "right": {"data": sibling}}
    with pytest.raises(ProofError):
        matches(deep)


# ---- WEEX


def weex_root(lines: list[str]) -> str:
    level = [hx(line) for line in lines]
    while len(level) > 1:
        level += level[-1:] if len(level) % 2 else []
        level = [hx(a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def weex_folder(folder: Path, **metadata: object) -> Path:
    users, own = [f"{hx(str(n))},{n}.5" for n in range(11)], [f"{hx('p')},1000"]
    for number in range(11):
        text = f"POR[user]\n{users[number]}\n"
        (folder / f"por_USER_BTC_2025_{number}-x.txt").write_text(text)
    (folder / "por_PLATFORM_BTC_2025_0-x.txt").write_text(f"POR[platform]\n{own[0]}\n")
    stated = {
        "userMerkleRoot": weex_root(users),
        "userFileCount": 11,
        "platformMerkleRoot": weex_root(own),
        "platformFileCount": 1,
        "userHeadHash": hx("3"),
        "userId": 7,
        "n": 2,
    }
    (folder / "metadata").write_text(json.dumps({**stated, **metadata}))
    return folder


def test_weexs_folder(tmp_path: Path) -> None:
    found = check(weex_folder(tmp_path))
    assert (found.scheme, found.leaves, found.totals) == ("weex", 11, {"balance": "60.5"})
    assert codes(found) == []
    assert observed(found)["the customer's lines"] == "2, with 8 in all"


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"userMerkleRoot": "00" * 32}, "PROOF.ROOT"),
        ({"platformMerkleRoot": "00" * 32}, "PROOF.ROOT"),
        ({"userFileCount": 12}, "ROWS.COUNT"),
        ({"userHeadHash": hx("nobody")}, "TREE.UNTRACED"),
        ({"n": 9}, "TREE.UNTRACED"),
    ],
)
def test_weexs_metadata_is_compared(metadata: dict[str, object], code: str, tmp_path: Path) -> None:
    assert codes(check(weex_folder(tmp_path, **metadata))) == [code]


def test_weexs_lists_are_read_strictly(tmp_path: Path) -> None:
    folder = weex_folder(tmp_path)
    path = folder / "por_USER_BTC_2025_2-x.txt"
    path.write_text(f"POR[user]\n{hx('2')},-2.5\n")
    assert sorted(codes(check(folder))) == ["PROOF.NEGATIVE", "PROOF.ROOT"]
    for text in ("POR[user]\nabc\n", f"POR[user]\n{hx('2')},1e\n", f"POR[user]\n{hx('2')},1,2\n", "else\n"):
        path.write_text(text)
        with pytest.raises(ProofError):
            check(folder)
    path.unlink()
    (folder / "metadata").write_text('{"userMerkleRoot": 1}')
    with pytest.raises(ProofError):
        check(folder)


# ---- what has the form of nothing


@pytest.mark.parametrize("data", [b"", b"hello\n", b"{}", b"\x00" * 5000])
def test_other_files_have_the_form_of_no_tree(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert find_tree([path]) is None


def test_folders_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        find_tree([tmp_path])
    with pytest.raises(ProofError):
        find_tree([tmp_path / "missing"])
    with pytest.raises(UsageError):
        find_tree([tmp_path], scheme="nothing")
