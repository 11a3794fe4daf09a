"""What a tree does not say of totals: sums that nodes do not bind, no sums at all, sums that are cut."""

from __future__ import annotations

from auditor_app.amounts import Amount
from auditor_app.merkle.counterexamples.model import (
    Book,
    Demonstration,
    agrees,
    listed,
    verdict,
    with_amounts,
)
from auditor_app.merkle.counterexamples.paths import path_to, tree_over
from auditor_app.merkle.limitations import rounding_bound
from auditor_app.merkle.published import PublishedStep

TENTH = 16
"""Leaves of the tree whose sums are cut."""


def sum_not_bound(book: Book) -> Demonstration:
    """Customers with 10 and 7 whose proofs both lead to a total of 10 (Hu, Zhang, Guo 2018, ePrint 2018/1139)."""
    rule, coin = book.rule(), book.coins[0]
    rows = [book.row("alice", {coin: "10"}), book.row("bob", {coin: "7"})]
    leaves = [book.leaf(rule, row) for row in rows]
    beside_alice = with_amounts(rule, leaves[1], {coin: "0"})
    beside_bob = with_amounts(rule, leaves[0], {coin: "3"})
    top = rule.parent(leaves[0], beside_alice, 1)
    alice = book.check(rule, rows[0], leaves[0], [PublishedStep(beside_alice, "right")], top)
    bob = book.check(rule, rows[1], leaves[1], [PublishedStep(beside_bob, "left")], top)
    total = alice.balances.get(coin, "0")
    return Demonstration(
        book.scheme.name,
        "TREE.SUM_NOT_BOUND",
        f"Two customers, 10 and 7 {coin}, one total of 10",
        (
            ("Alice's row", rows[0].text.decode("ascii")),
            ("Alice's leaf", leaves[0].digest.hex()),
            ("shown to Alice as her sibling", f"{beside_alice.digest.hex()} with {coin} 0"),
            ("Alice's proof", verdict(alice)),
            ("Bob's row", rows[1].text.decode("ascii")),
            ("Bob's leaf", leaves[1].digest.hex()),
            ("shown to Bob as his sibling", f"{beside_bob.digest.hex()} with {coin} 3"),
            ("Bob's proof", verdict(bob)),
            ("total at the root, by both proofs", f"{listed(alice.balances)}; {listed(bob.balances)}"),
            ("what is owed to both", f"{coin} 17"),
        ),
        "A node hashes the sum and not what each child brings to it, so each customer can be shown the other with as "
        "much as is missing. Recalculating the tree from every leaf shows it; single proofs do not.",
        agrees(alice) and agrees(bob) and total == "10" and bob.balances.get(coin) == total,
    )


def no_sums(book: Book) -> Demonstration:
    """Two proofs that agree, and no number in them to hold a published total against."""
    rule, coin = book.rule(), book.coins[0]
    rows = [book.row("alice", {coin: "10"}), book.row("bob", {coin: "7"})]
    leaves = [book.leaf(rule, row) for row in rows]
    levels = tree_over(rule, leaves)
    checks = [
        book.check(rule, row, leaf, path_to(levels, place), levels[-1][0])
        for place, (row, leaf) in enumerate(zip(rows, leaves, strict=True))
    ]
    return Demonstration(
        book.scheme.name,
        "TREE.NO_SUMS",
        f"Two customers, 10 and 7 {coin}, and any total one likes",
        (
            ("Alice's row", rows[0].text.decode("ascii")),
            ("Alice's proof", verdict(checks[0])),
            ("Bob's row", rows[1].text.decode("ascii")),
            ("Bob's proof", verdict(checks[1])),
            ("sums in the proofs", listed(checks[0].balances)),
            ("totals that fit this root", f"{coin} 17, {coin} 10, or any other"),
        ),
        "Neither root nor path depends on a total: whatever is published beside the root, every proof agrees. Only "
        "recalculating from every leaf ties a total to a root.",
        all(agrees(check) and not check.balances for check in checks),
    )


def rounding(book: Book) -> Demonstration:
    """Balances just below the last decimal kept, of which the root shows about half."""
    rule, coin = book.rule(), book.coins[0]
    places = book.scheme.properties.rounding or 0
    amount = Amount(9, places + 1)
    rows = [book.row(f"u{number:02d}", {coin: amount.plain()}) for number in range(book.leaf_count)]
    leaves = [book.leaf(rule, row) for row in rows]
    levels = tree_over(rule, leaves)
    check = book.check(rule, rows[0], leaves[0], path_to(levels, 0), levels[-1][0])
    exact = Amount(amount.units * book.leaf_count, amount.scale)
    at_root = Amount.parse(check.balances.get(coin, "0"))
    bound = rounding_bound(places, book.leaf_count)
    lost = (exact - at_root).fraction()
    return Demonstration(
        book.scheme.name,
        "TREE.ROUNDING",
        f"{book.leaf_count} customers with {amount.plain()} {coin} each",
        (
            ("first row", rows[0].text.decode("ascii")),
            ("first customer's proof", verdict(check)),
            ("sum of the leaves", f"{coin} {exact.plain()}"),
            ("total at the root", f"{coin} {at_root.plain()}"),
            ("lost on the way", f"{coin} {(exact - at_root).plain()}"),
            ("bound", f"less than {coin} {bound.plain()}"),
        ),
        f"Sums are cut to {places} decimals at every node, so what is owed in smaller amounts disappears from the "
        "total while every proof agrees. The bound holds for any balances.",
        agrees(check) and 0 < lost < bound.fraction(),
    )
