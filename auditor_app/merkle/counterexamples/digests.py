"""Digests that are too short, and lone nodes that are doubled: two lists with one root."""

from __future__ import annotations

import json

from auditor_app import strict_json
from auditor_app.files import read_capped
from auditor_app.merkle.counterexamples.model import Book, Demonstration, agrees, verdict
from auditor_app.merkle.counterexamples.paths import path_to, tree_over
from auditor_app.resource_files import resource

MODEL_BITS = 24
"""Bits of the scale model's collision: some thousand leaves."""

_COLLISION = "truncated64-collision.json"
_MAX_BYTES = 2**20


def truncated(book: Book) -> Demonstration:
    """The collision of two balances that was found for Bitget's leaf; for other rules one of the first 24 bits."""
    return _real_collision(book) if book.scheme.name == "bitget" else _scale_model(book)


def _real_collision(book: Book) -> Demonstration:
    """One leaf of 64 bits for 0.1 and for 25,000 BTC."""
    data = read_capped(resource("attacks", _COLLISION), max_bytes=_MAX_BYTES, code="USAGE")
    document = strict_json.parse(data, file=_COLLISION, code="USAGE", numbers="text", max_bytes=_MAX_BYTES)
    found = next(item for item in document["collisions"] if item["kind"] == "different_balance")
    rule = book.rule()
    rows = []
    for name in ("row_a", "row_b"):
        uid, nonce, balances = found[name].split(",", 2)
        rows.append(book.row("", json.loads(balances), encryptUid=uid, nonce=nonce))
    leaves = [rule.leaf(row) for row in rows]
    checks = [book.check(rule, row, leaf, (), leaves[0]) for row, leaf in zip(rows, leaves, strict=True)]
    same = leaves[0].digest == leaves[1].digest == bytes.fromhex(found["hash64"])
    return Demonstration(
        book.scheme.name,
        "SCHEME.TRUNCATED",
        "One leaf for 0.1 and for 25,000 BTC",
        (
            ("one row", rows[0].text.decode("ascii")),
            ("what is hashed", rule.leaf_preimage(rows[0]).decode("ascii")),
            ("its leaf", leaves[0].digest.hex()),
            ("the other row", rows[1].text.decode("ascii")),
            ("what is hashed", rule.leaf_preimage(rows[1]).decode("ascii")),
            ("its leaf", leaves[1].digest.hex()),
            ("root of the tree with either as its only leaf", f"{checks[0].root}; {checks[1].root}"),
            ("hashes it took to find both", f"{int(found['hashes']):,}, in minutes on two processor cores"),
        ),
        "The digest is so short that two rows with one leaf can be looked for: the customer is shown the larger, the "
        "tree is added up with the smaller.",
        same and checks[0].root == checks[1].root,
    )


def _scale_model(book: Book) -> Demonstration:
    """Two rows whose leaves agree in their first bits, found now; what all bits cost follows from it."""
    rule, coin = book.rule(), book.coins[0]
    bits = book.scheme.properties.digest_bits
    seen: dict[bytes, int] = {}
    first = second = ""
    for number in range(2**16):
        digest = rule.leaf(book.row(f"u{number}", {coin: "10"})).digest
        earlier = seen.setdefault(digest[: MODEL_BITS // 8], number)
        if earlier != number:
            first, second = (f"u{index}" for index in (earlier, number))
            break
    leaves = [rule.leaf(book.row(who, {coin: "10"})).digest.hex() for who in (first, second) if who]
    return Demonstration(
        book.scheme.name,
        "SCHEME.TRUNCATED",
        f"A scale model: two leaves that agree in {MODEL_BITS} of {bits} bits",
        (
            ("leaves made until two agreed", str(len(seen) + 1)),
            (f"leaf of {first}", leaves[0] if leaves else "none"),
            (f"leaf of {second}", leaves[-1] if leaves else "none"),
            ("cost of all bits", f"about 2^{bits // 2} leaves"),
            ("for comparison", "64 bits were found in 9.8 thousand million hashes (scheme demo bitget)"),
        ),
        f"Two rows with one leaf cost about 2^{bits // 2} hashes: "
        + ("minutes to hours on one machine." if bits <= 64 else "out of reach today, though no longer beyond doubt."),
        len(leaves) == 2 and leaves[0][: MODEL_BITS // 4] == leaves[1][: MODEL_BITS // 4],
    )


def duplicates_odd(book: Book) -> Demonstration:
    """A list of three and the list with its tail repeated, under one root (CVE-2012-2459)."""
    rule, coin = book.rule(), book.coins[0]
    rows = [book.row(f"u{number}", {coin: str(number + 5)}) for number in range(3)]
    leaves = [book.leaf(rule, row) for row in rows]
    order = list(rule.tree_order(leaves))
    rows, leaves = [rows[index] for index in order], [leaves[index] for index in order]
    once, twice = tree_over(rule, leaves), tree_over(rule, [*leaves, leaves[-1]])
    roots = [levels[-1][0] for levels in (once, twice)]
    checks = [book.check(rule, rows[-1], leaves[-1], path_to(twice, place), roots[0]) for place in (2, 3)]
    return Demonstration(
        book.scheme.name,
        "SCHEME.DUPLICATES_ODD",
        "Three customers or four, one root",
        (
            ("the list, in the tree's order", "; ".join(row.text.decode("ascii") for row in rows)),
            ("its root", roots[0].digest.hex()),
            ("root with the last row twice", roots[1].digest.hex()),
            ("the last customer's proof, in third place", verdict(checks[0])),
            ("the same leaf's proof, in fourth place", verdict(checks[1])),
        ),
        "A lone node is paired with a copy of itself, so repeating the tail changes nothing: one leaf can be shown to "
        "two customers, each at a place of its own. The number of leaves has to be compared, and ids have to differ.",
        roots[0].digest == roots[1].digest and all(map(agrees, checks)),
    )
