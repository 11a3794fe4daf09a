"""What a hash does not say of the text behind it: where fields end, whether it is a leaf, who stands in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from auditor_app.merkle.counterexamples.model import (
    Book,
    Demonstration,
    agrees,
    listed,
    verdict,
    with_amounts,
)
from auditor_app.merkle.counterexamples.paths import path_to, tree_over
from auditor_app.merkle.published import PublishedStep
from auditor_app.merkle.rule import Row, Rule
from auditor_app.merkle.template import Level, TemplateRule

GUESSES = 1000
"""Account numbers tried to find the one behind a leaf."""


def ambiguous(book: Book) -> Demonstration:
    """Two rows with one leaf; where leaves are told apart, one customer's path with two different totals."""
    if not book.ledger.made_up_leaves:
        rule = book.rule()
        for one, other in _row_pairs(book):
            if one.text != other.text and rule.leaf_preimage(one) == rule.leaf_preimage(other):
                return _two_rows(book, one, other)
    return _two_totals(book)


def _row_pairs(book: Book) -> Iterator[tuple[Row, Row]]:
    """Rows that differ by a digit moved over the border of two fields."""
    coins = book.coins
    if len(coins) > 1:
        first, second = coins[:2]
        yield book.row("u1", {first: "1", second: "25.0"}), book.row("u1", {first: "12", second: "5.0"})
    names = [column.name for column in book.columns if column.type == "token"]
    if len(names) > 1:
        one, other = {names[0]: "483759", names[1]: "3x"}, {names[0]: "4837593", names[1]: "x"}
        yield book.row("", {coins[0]: "5"}, **one), book.row("", {coins[0]: "5"}, **other)
    if names:
        yield (
            book.row("", {coins[0]: "5"}, **{names[0]: "u1"}),
            book.row("", {coins[0]: "100000005"}, **{names[0]: "u"}),
        )


def _two_rows(book: Book, one: Row, other: Row) -> Demonstration:
    """One leaf, proven for both rows."""
    rule = book.rule()
    leaves = [rule.leaf(one), rule.leaf(other)]
    checks = [book.check(rule, one, leaves[0], (), leaves[0]), book.check(rule, other, leaves[1], (), leaves[0])]
    roots = {check.root for check in checks}
    return Demonstration(
        book.scheme.name,
        "SCHEME.AMBIGUOUS",
        "Two different rows, one leaf",
        (
            ("one row", one.text.decode("ascii")),
            ("the other row", other.text.decode("ascii")),
            ("what is hashed for both", _shown(rule.leaf_preimage(one))),
            ("leaf of the one", leaves[0].digest.hex()),
            ("leaf of the other", leaves[1].digest.hex()),
            ("proof of the one, as the tree's only leaf", f"root recalculated {checks[0].root}"),
            ("proof of the other", f"root recalculated {checks[1].root}"),
        ),
        "Fields stand side by side without a separator, so a digit can move from one to the next: the exchange can "
        "show a customer the one row and an auditor the other under the same root.",
        len(roots) == 1 and leaves[0].digest == leaves[1].digest and all(_digests_agree(book, one, other)),
    )


def _digests_agree(book: Book, one: Row, other: Row) -> list[bool]:
    rule = book.rule()
    return [rule.leaf(row).digest == rule.leaf(one).digest for row in (one, other)]


def _two_totals(book: Book) -> Demonstration:
    """One customer and one root, with two totals that both agree: the sums of a node stand side by side."""
    rule = book.rule()
    first, second = book.coins[:2]
    row = book.row("alice", {first: "1", second: "5"})
    leaf, beside = book.leaf(rule, row), book.leaf(rule, book.row("bob", {first: "1"}))
    shown = ({first: "0", second: "20"}, {first: "11", second: "0"})
    siblings = [with_amounts(rule, beside, amounts) for amounts in shown]
    tops = [rule.parent(leaf, sibling, 1) for sibling in siblings]
    checks = [
        book.check(rule, row, leaf, [PublishedStep(sibling, "right")], top)
        for sibling, top in zip(siblings, tops, strict=True)
    ]
    return Demonstration(
        book.scheme.name,
        "SCHEME.AMBIGUOUS",
        "One customer, one root, two totals",
        (
            ("the customer's row", row.text.decode("ascii")),
            ("the customer's leaf", leaf.digest.hex()),
            ("sibling as shown once", f"{beside.digest.hex()} with {listed(shown[0])}"),
            ("proof", verdict(checks[0])),
            ("totals at the root", listed(checks[0].balances)),
            ("sibling as shown again", f"{beside.digest.hex()} with {listed(shown[1])}"),
            ("proof", verdict(checks[1])),
            ("totals at the root", listed(checks[1].balances)),
            ("what is hashed for both", _shown(rule.parent_preimage(leaf, siblings[0], 1))),
        ),
        "A node's sums stand side by side without a separator, so a digit can move from one asset to the next: one "
        "root fits both totals.",
        all(map(agrees, checks)) and tops[0].digest == tops[1].digest and checks[0].balances != checks[1].balances,
    )


def node_as_leaf(book: Book) -> Demonstration | None:
    """Data for a leaf that hash to an inner node, and a path from there, one level shorter, to the same root.

    MEXC's fields can be filled with a node's hashes, so a whole row is made of them. ``None`` where the level is
    hashed with every node or leaves have another length: a node then cannot stand where a leaf does.
    """
    if book.scheme.name == "mexc":
        return _node_as_row(book)
    rule, coin = book.rule(), book.coins[0]
    rows = [book.row(f"{number}u", {coin: str(number + 1)}) for number in range(4)]
    leaves = [book.leaf(rule, row) for row in rows]
    levels = tree_over(rule, leaves)
    node, root = levels[1][0], levels[-1][0]
    if book.ledger.made_up_leaves or _levels_are_hashed(rule) or len(node.digest) != len(leaves[0].digest):
        return None
    data = rule.parent_preimage(leaves[0], leaves[1], 1)
    tag = _common_start([rule.leaf_preimage(row) for row in rows])
    as_leaf = hashlib.sha256(data).digest()[: len(node.digest)]
    whole = book.check(rule, rows[0], leaves[0], path_to(levels, 0), root)
    short = book.check(rule, None, node, path_to(levels, 0, start=1), root)
    return Demonstration(
        book.scheme.name,
        "SCHEME.NO_DOMAIN_SEPARATION",
        "An inner node passed off as a leaf",
        (
            ("a customer's leaf", leaves[0].digest.hex()),
            ("the customer's proof, 2 levels", verdict(whole)),
            ("what is hashed for the node above it", _shown(data)),
            ("the node", node.digest.hex()),
            ("the same data hashed as a leaf's", as_leaf.hex()),
            ("a proof that calls it a leaf, 1 level", verdict(short)),
        ),
        "Nothing in a hash says whether it is a leaf's or a node's: two customers can be replaced by one made-up "
        "leaf, and a list of another length can have the same root. The number of leaves has to be compared as well.",
        agrees(whole) and agrees(short) and data.startswith(tag) and as_leaf == node.digest,
    )


def _common_start(texts: Sequence[bytes]) -> bytes:
    """What all begin with: a tag that the scheme puts before a leaf's own fields."""
    first = min(texts)
    length = next(
        (at for at, pair in enumerate(zip(first, max(texts), strict=False)) if pair[0] != pair[1]), len(first)
    )
    return first[:length]


def _levels_are_hashed(rule: Rule) -> bool:
    """Whether every node's level stands in its preimage."""
    return isinstance(rule, TemplateRule) and any(isinstance(piece, Level) for piece in rule.template.node)


def _node_as_row(book: Book) -> Demonstration:
    """MEXC: the left hash as the audit round, the right one as the account, the sums as the balances."""
    rule = book.rule()
    rows = [book.row("alice", {"BTC": "10", "ETH": "1"}), book.row("bob", {"BTC": "7", "ETH": "2"})]
    left, right = (rule.leaf(row) for row in rows)
    node = rule.parent(left, right, 1)
    sums = rule.balances(node)
    wide = Book(book.scheme, type(book.ledger)(_all_coins(sums), {"proofId": left.digest.hex()}), 1)
    forged = wide.row("", sums, accountId=right.digest.hex())
    other = wide.rule()
    check = wide.check(other, forged, other.leaf(forged), (), other.leaf(forged))
    return Demonstration(
        book.scheme.name,
        "SCHEME.NO_DOMAIN_SEPARATION",
        "A whole tree read as one customer",
        (
            ("two customers", "; ".join(row.text.decode("ascii") for row in rows)),
            ("their root", node.digest.hex()),
            ("what is hashed for it", _shown(rule.parent_preimage(left, right, 1))),
            ("one made-up row", forged.text.decode("ascii")),
            ("with the audit round", left.digest.hex()),
            ("what is hashed for it", _shown(other.leaf_preimage(forged))),
            ("the made-up row's proof", verdict(check)),
        ),
        "A leaf is hashed as id, account and balances, a node as hash, hash and sums: the same text can be read as "
        "either. The number of leaves and the audit round have to be compared as well.",
        agrees(check) and check.root == node.digest.hex(),
    )


def _all_coins(sums: Mapping[str, str]) -> str:
    return ",".join(["accountId:token", *(f"{coin}:decimal" for coin in sums)])


def unsalted(book: Book) -> Demonstration | None:
    """A leaf hash from a neighbour's path, and the account number found behind it by trying."""
    names = [column.name for column in book.columns if column.type == "token"]
    if book.ledger.made_up_leaves or not names:
        return None
    rule, coin = book.rule(), book.coins[0]
    wanted = book.leaf(rule, book.row("", {coin: "10"}, **{names[0]: "10000617"}))
    tried = 0
    found = ""
    for number in range(10_000_000, 10_000_000 + GUESSES):
        tried += 1
        if book.leaf(rule, book.row("", {coin: "10"}, **{names[0]: str(number)})).digest == wanted.digest:
            found = str(number)
            break
    return Demonstration(
        book.scheme.name,
        "SCHEME.UNSALTED",
        "The customer behind a leaf, by trying",
        (
            ("a leaf's hash, as a neighbour's path shows it", wanted.digest.hex()),
            ("its balance, known or guessed", f"{coin} 10"),
            ("account numbers tried", str(tried)),
            ("the one that fits", found),
        ),
        "Nothing secret is hashed with the row, so whoever guesses an id and a balance sees that the guess is right. "
        "Ids of eight to ten digits are tried in minutes.",
        found == "10000617",
    )


def _shown(preimage: bytes) -> str:
    """Text where it is text, else hex."""
    return preimage.decode("ascii") if all(0x20 <= byte < 0x7F for byte in preimage) else preimage.hex()
