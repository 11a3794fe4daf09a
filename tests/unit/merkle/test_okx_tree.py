"""OKX's whole tree: honest files of every odd shape, each changed byte, hashes with two balances, customers traced."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from auditor_app.cli.main import main
from auditor_app.errors import ProofError
from auditor_app.findings import Severity, exit_status
from auditor_app.merkle.profiles import detect
from auditor_app.merkle.published import ProofDocument
from auditor_app.merkle.published_tree import TreeCheck
from auditor_app.merkle.schemes import scheme_named
from auditor_app.merkle.tree_file import PublishedTree, check_tree, find_tree
from auditor_app.operation import Cancelled, CancelToken, run
from tests.unit.merkle import naive_text_sums as naive
from tests.unit.merkle.proof_files import document

COINS = ("BTC", "ETH", "USDT")
NONCE = "ab" * 32


def customer(parts: Sequence[dict[str, str]]) -> dict[str, Any]:
    """A customer's file whose holdings stand in ``parts``."""
    total = {coin: naive.plain(sum((Decimal(part[coin]) for part in parts), Decimal(0))) for coin in COINS}
    listed = ",".join(f'"{coin}":"{total[coin]}"' for coin in COINS)
    user = naive.sha(NONCE + "{" + listed + "}")
    nodes = [{"balances": part, "hash": naive.sha(user + "".join(part[coin] for coin in COINS))} for part in parts]
    return {"hash": user, "nonce": NONCE, "totalBalances": total, "nodes": nodes}


MINE = customer([{"BTC": "0.5", "ETH": "10", "USDT": "0"}, {"BTC": "0", "ETH": "1", "USDT": "2.5"}])


def rows(count: int) -> list[dict[str, str]]:
    """Rows of other customers, and the customer's two leaves where there is room."""
    held = [
        {"userHash": naive.sha(f"user {number}"), "BTC": f"{number}.0{number + 1}", "ETH": "0", "USDT": f"{number}"}
        for number in range(count)
    ]
    for place, node in zip((1, 4), MINE["nodes"], strict=True):
        if place < count:
            held[place] = {"userHash": MINE["hash"], **node["balances"]}
    return held


def lines(held: list[dict[str, str]]) -> list[str]:
    """The file: root first, each row right to left, a padded row's copy before its last node."""
    tree = naive.okx_full(held)
    written = []
    for level in range(tree.depth, -1, -1):
        row = [
            f"{digest},{level + 1},"
            + json.dumps({coin: naive.plain(sums.get(coin, Decimal(0))) for coin in COINS}, separators=(",", ":"))
            for digest, sums in tree.levels[level]
        ]
        if len(row) % 2 and level < tree.depth:
            row.append(f'{tree.levels[level][-1][0]},{level + 1},{{"BTC":"0","ETH":"0","USDT":"0"}}')
        written += row[::-1]
    return written


def checked(path: Path, text: str, *, root: str | None = None, mine: dict[str, Any] | None = None) -> TreeCheck:
    path.write_text(text)
    companion = None
    if mine is not None:
        companion = path.with_name("user.json")
        companion.write_text(json.dumps(mine))
    form = scheme_named("okx-v1-full").tree
    assert form is not None
    tree = PublishedTree("okx-v1-full", form, (path,))
    return run(check_tree(tree, CancelToken(), root=root, companion=companion))


def codes(check: TreeCheck) -> list[str]:
    return [item.code for item in check.findings]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tree.txt"


@pytest.mark.parametrize("count", range(1, 20))
def test_honest_trees_of_every_shape(count: int, path: Path) -> None:
    tree = naive.okx_full(rows(count))
    check = checked(path, "\n".join(lines(rows(count))) + "\n", root=tree.root)
    odd = sum(len(level) % 2 for level in tree.levels[:-1])
    assert (check.root, check.leaves, check.padding) == (tree.root, count, odd)
    assert (check.nodes, check.disagreeing) == (sum(map(len, tree.levels[1:])), 0)
    assert {coin: Decimal(text) for coin, text in check.totals.items()} == {
        coin: sum((Decimal(row[coin]) for row in rows(count)), Decimal(0)) for coin in COINS
    }
    assert all(item.agrees for item in check.checks)
    assert set(codes(check)) <= {"TREE.HASH_NOT_BINDING"}
    assert exit_status(check.findings) == 0


def test_each_changed_byte_is_a_finding_or_a_refusal(path: Path) -> None:
    text = "\n".join(lines(rows(5))) + "\n"
    missed = []
    for at, character in enumerate(text):
        other = "1" if character != "1" else "2"
        changed = text[:at] + other + text[at + 1 :]
        try:
            check = checked(path, changed)
        except ProofError as error:
            assert error.code == "PROOF.UNREADABLE"
            continue
        if exit_status(check.findings) == 0:
            missed.append((at, text[at - 20 : at + 1]))
    assert missed == []


def test_a_node_that_does_not_recalculate_is_named_by_its_line(path: Path) -> None:
    written = lines(rows(8))
    written[2] = written[2].replace(written[2][:64], "ab" * 32)
    check = checked(path, "\n".join(written))
    assert check.disagreeing == 2  # the node itself, and the root above it
    (hashes,) = [item for item in check.findings if item.code == "PROOF.NODE"]
    assert (hashes.observed, hashes.at.row) == ("2", 1)
    assert "lines 1, 3" in hashes.message


def test_a_padding_node_without_zeros_is_no_padding(path: Path) -> None:
    """PL-10 beyond the declared rule: the copy carries a balance of its own."""
    written = lines(rows(3))
    assert written[3].endswith('{"BTC":"0","ETH":"0","USDT":"0"}')
    written[3] = written[3].replace('"BTC":"0"', '"BTC":"-2"')
    check = checked(path, "\n".join(written))
    found = {item.code: item.severity for item in check.findings}
    assert found["TREE.HASH_NOT_BINDING"] is Severity.EXCEPTION
    assert {"PROOF.NODE", "PROOF.NEGATIVE", "PROOF.SUMS"} <= set(found)


def test_declared_padding_is_a_warning(path: Path) -> None:
    check = checked(path, "\n".join(lines(rows(3))))
    (item,) = check.findings
    assert (item.code, item.severity, item.observed) == ("TREE.HASH_NOT_BINDING", Severity.WARNING, "1")
    assert "lines 4 and 5" in item.message


def test_one_hash_with_two_balances_anywhere_in_the_tree(path: Path) -> None:
    """Two leaves of one hash: BTC 0.5 with ETH 10 and BTC 0.51 with ETH 0 are hashed alike."""
    held = rows(8)
    user = held[0]["userHash"]
    held[0] |= {"BTC": "0.5", "ETH": "10", "USDT": "0"}
    held[6] = {"userHash": user, "BTC": "0.51", "ETH": "0", "USDT": "0"}
    assert naive.okx_full(held).levels[0][0][0] == naive.okx_full(held).levels[0][6][0]
    check = checked(path, "\n".join(lines(held)))
    assert codes(check) == ["TREE.HASH_NOT_BINDING"]
    assert check.findings[0].severity is Severity.EXCEPTION


def test_a_typed_root(path: Path) -> None:
    text = "\n".join(lines(rows(6)))
    assert "PROOF.PUBLISHED_ROOT" in codes(checked(path, text, root="ab" * 32))
    assert exit_status(checked(path, text, root="ab" * 32).findings) == 1


# ---- the customer


def test_a_customer_is_traced_by_hash_and_balances(path: Path) -> None:
    text = "\n".join(lines(rows(9)))
    check = checked(path, text, mine=MINE)
    assert [item.agrees for item in check.checks] == [True] * 4
    other = customer([{"BTC": "7", "ETH": "0", "USDT": "0"}])
    assert "PROOF.LEAF" in codes(checked(path, text, mine=other))


def test_a_customers_hash_with_other_balances_is_not_the_customers_leaf(path: Path) -> None:
    held = rows(9)
    held[1] |= {"BTC": "0.51", "ETH": "0", "USDT": "0"}  # was 0.5, 10, 0: the same hash
    assert naive.okx_full(held).levels[0][1][0] == MINE["nodes"][0]["hash"]
    check = checked(path, "\n".join(lines(held)), mine=MINE)
    missing = next(item for item in check.checks if item.name == "customer's leaf 1")
    assert (missing.agrees, missing.observed) == (False, "0 with these balances, 1 with others")
    assert codes(check) == ["PROOF.LEAF"] or "PROOF.LEAF" in codes(check)
    found = detect(tree_as_anchor(held)).chosen
    assert "PROOF.LEAF" in [item.code for item in found.checks[0].findings]
    assert not found.checks[0].complete


def test_a_leaf_that_is_listed_twice_must_stand_twice(path: Path) -> None:
    part = {"BTC": "1", "ETH": "0", "USDT": "0"}
    twice = customer([part, part])
    held = rows(6)
    held[3] = {"userHash": twice["hash"], **part}
    assert "PROOF.LEAF" in codes(checked(path, "\n".join(lines(held)), mine=twice))
    held[5] = {"userHash": twice["hash"], **part}
    assert "PROOF.LEAF" not in codes(checked(path, "\n".join(lines(held)), mine=twice))
    found = detect(tree_as_anchor(held, twice)).chosen.checks
    assert [check.complete for check in found] == [True, True]


def tree_as_anchor(held: list[dict[str, str]], mine: dict[str, Any] | None = None) -> Any:
    """The customer's file with the tree file as its anchor."""
    data = ("\n".join(lines(held)) + "\n").encode()
    return replace(document(mine or MINE), anchor=ProofDocument("tree.txt", data))


@pytest.mark.parametrize("count", [5, 6, 7, 8, 11, 16])
def test_the_customers_paths_are_recalculated_through_the_tree(count: int) -> None:
    held = rows(count)
    found = detect(tree_as_anchor(held)).chosen
    tree = naive.okx_full(held)
    assert found.matches
    assert [check.root for check in found.checks] == [tree.root] * 2
    assert all(check.findings == () and check.complete for check in found.checks)
    assert {len(check.steps) for check in found.checks} == {tree.depth}


def test_without_the_tree_there_is_no_path_and_it_is_said() -> None:
    found = detect(document(MINE), published_root="ab" * 32).chosen
    assert found.matches
    for check in found.checks:
        assert not check.complete
        assert check.published_root_matches is None
        assert "TREE.NO_PATH" in {item.code for item in check.limitations}
        assert check.findings == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"hash": "cd" * 32}, "PROOF.LEAF"),
        ({"nonce": "cd" * 32}, "PROOF.LEAF"),
        ({"totalBalances": {"BTC": "9", "ETH": "11", "USDT": "2.5"}}, "PROOF.SUMS"),
        ({"nodes": MINE["nodes"][:1]}, "PROOF.SUMS"),
    ],
)
def test_user_hash_totals_and_leaves_are_compared(change: dict[str, Any], code: str) -> None:
    assert code in [item.code for item in detect(document(MINE | change)).chosen.checks[0].findings]


# ---- files that cannot be read


@pytest.mark.parametrize(
    "change",
    [
        lambda w: [],
        lambda w: w[1:],
        lambda w: [w[0], *w],
        lambda w: w[:-1],
        lambda w: [*w, w[-1]],
        lambda w: [*w[:3], *w[5:]],
        lambda w: [line.replace(",2,", ",3,") for line in w],
        lambda w: [line.replace(",1,", ",9,") for line in w],
        lambda w: w[:3],
        lambda w: [w[0].upper(), *w[1:]],
        lambda w: [w[0][2:], *w[1:]],
        lambda w: [w[0].replace("ETH", "XYZ"), *w[1:]],
        lambda w: [w[0].replace('"BTC":"', '"BTC":"0.' + "1" * 60), *w[1:]],
        lambda w: [w[0].replace('"BTC":"', '"BTC":"' + "1" * 2000), *w[1:]],
        lambda w: [w[0].replace('"BTC":"', '"BTC":"1.1.1'), *w[1:]],
        lambda w: ["", *w],
    ],
)
def test_rows_that_do_not_fit_are_refused(change: Any, path: Path) -> None:
    with pytest.raises(ProofError) as caught:
        checked(path, "\n".join(change(lines(rows(7)))))
    assert caught.value.code == "PROOF.UNREADABLE"
    assert caught.value.at.file == "tree.txt"
    data = "\n".join(change(lines(rows(7)))).encode()
    with pytest.raises(ProofError):
        detect(replace(document(MINE), anchor=ProofDocument("tree.txt", data)))


def test_the_check_can_be_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor_app.merkle.schemes import okx_tree_check

    monkeypatch.setattr(okx_tree_check, "EVERY", 2)
    path.write_text("\n".join(lines(rows(9))))
    tree = find_tree([path])
    assert tree is not None
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run(check_tree(tree, token))


def test_the_command(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text("\n".join(lines(rows(9))))
    user = path.with_name("user.json")
    user.write_text(json.dumps(MINE))
    assert main(["proof", "tree", str(path), "--proof", str(user), "--json", "-"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert (found["scheme"], found["leaves"], found["disagreeing"]) == ("okx-v1-full", 9, 0)
    assert found["root"] == naive.okx_full(rows(9)).root
    assert "0 do not agree" in printed.err
    path.write_text("not a tree\n")
    assert main(["proof", "tree", str(path)]) == 3


def test_a_node_that_shows_less_than_its_children_hold(path: Path) -> None:
    """PL-01 in a published tree: every hash recalculates, and one node's balances are not its children's sum."""
    left, right = (
        (naive.sha(f"leaf {number}"), dict(zip(COINS, map(Decimal, amounts), strict=True)))
        for number, amounts in enumerate([("10", "0", "0"), ("7", "0", "0")])
    )
    inner, _ = naive.okx_node(left, right, 1, 2)
    shown = (inner, {"BTC": Decimal(10), "ETH": Decimal(0), "USDT": Decimal(0)})
    nodes = [[left, right], [shown]]
    top, sums = naive.okx_node(shown, None, 2, 2)
    padding = (inner, dict.fromkeys(COINS, Decimal(0)))
    rows_down = [[(top, sums)], [padding, shown], nodes[0][::-1]]
    written = [
        f"{digest},{3 - depth},"
        + json.dumps({coin: naive.plain(amounts[coin]) for coin in COINS}, separators=(",", ":"))
        for depth, row in enumerate(rows_down)
        for digest, amounts in row
    ]
    check = checked(path, "\n".join(written))
    assert check.disagreeing == 1
    assert "PROOF.NODE" not in codes(check)
    messages = [item.message for item in check.findings if item.code == "PROOF.SUMS"]
    assert messages[0] == "Counted 1 nodes whose balances are not the sum of their children's: lines 3."
    assert len(messages) == 2  # and the leaves do not add up to the root
