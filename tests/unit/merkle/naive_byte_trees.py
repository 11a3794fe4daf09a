"""A second implementation of the schemes over bytes, heaps and sorted leaves: whole lists in memory, no shared code.

Every function takes the ledger's rows as tuples of cell texts and returns the root in hex.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction

from tests.unit.merkle.naive import plain

Rows = Sequence[tuple[str, ...]]


def raw(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def text(data: str) -> str:
    return hashlib.sha256(data.encode()).hexdigest()


def promoted(leaves: list[bytes]) -> str:
    """Raw nodes; a lone node moves up."""
    while len(leaves) > 1:
        pairs = [leaves[i : i + 2] for i in range(0, len(leaves), 2)]
        leaves = [raw(pair[0] + pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]
    return leaves[0].hex()


def armanino_split(rows: Rows) -> str:
    return promoted([bytes.fromhex(text(text(uid) + text("".join(cells)))[:16]) for uid, *cells in rows])


def dotted(cell: str) -> str:
    found = plain(Fraction(cell))
    return found if "." in found else found + ".0"


def armanino_concat(rows: Rows) -> str:
    names = ("A", "B")
    listed = (
        ",".join([uid, *(f"{name}:{dotted(cell)}" for name, cell in zip(names, cells, strict=True))])
        for uid, *cells in rows
    )
    return promoted([bytes.fromhex(text(line)[:16]) for line in listed])


def silversixpence(rows: Rows) -> str:
    return promoted([raw(f"{uid}{salt}PR22NOV22A={a}|B={b}".encode()) for uid, salt, a, b in rows])


def bitmex(rows: Rows) -> str:
    level = []
    for index, (nonce, account, value) in enumerate(rows):
        key = raw(bytes.fromhex(nonce) + struct.pack("<QQ", 840_000, int(account)))
        level.append((hmac.new(key, struct.pack("<QQ", int(value), index), "sha256").digest(), int(value)))
    while len(level) > 1:
        level = [
            (raw(a + struct.pack("<Q", x) + b + struct.pack("<Q", y)), x + y)
            for (a, x), (b, y) in zip(level[::2], level[1::2], strict=True)
        ]
    return level[0][0].hex()


def bifubao(padding: str) -> Callable[[Rows], str]:
    def root(rows: Rows) -> str:
        level = sorted((raw((uid + f"{int(value):016d}").encode())[:8], int(value)) for uid, value in rows)
        while len(level) > 1:
            if len(level) % 2:
                level.append(level[-1] if padding == "duplicate" else (raw(b"EMPTY_NODE_STRING" + b"0" * 16)[:8], 0))
            level = [
                (raw(struct.pack("<q", x + y) + a + b)[:8], x + y)
                for (a, x), (b, y) in zip(level[::2], level[1::2], strict=True)
            ]
        return level[0][0].hex()

    return root


Summed = tuple[str, Fraction]


def heap(leaves: list[Summed], node: Callable[[Summed, Summed], str]) -> str:
    array: list[Summed] = [("", Fraction(0))] * (len(leaves) - 1) + leaves
    for at in reversed(range(len(leaves) - 1)):
        left, right = array[2 * at + 1], array[2 * at + 2]
        array[at] = (node(left, right), left[1] + right[1])
    return array[0][0]


def olalonde(rows: Rows) -> str:
    leaves = [(text(f"{user}|{plain(Fraction(held))}|{nonce}"), Fraction(held)) for user, nonce, held in rows]
    return heap(leaves, lambda a, b: text(f"{plain(a[1] + b[1])}|{a[0]}|{b[0]}"))


def swissborg(rows: Rows) -> str:
    leaves = [(text(f"leaf,{nonce},{user},{held}"), Fraction(held)) for user, nonce, held in rows]
    return heap(leaves, lambda a, b: text(f"inner,{plain(a[1])},{plain(b[1])},{a[0]},{b[0]}"))


def zero_dotted(cell: str) -> str:
    return plain(Fraction(cell)) if Fraction(cell) else "0.0"


def bingx(rows: Rows) -> str:
    names = ("BTC", "ETH", "USDT", "USDC", "Total")
    level = [
        text(",".join([text(uid), *(f"{n}:{zero_dotted(c)}" for n, c in zip(names, cells, strict=True))]))
        for uid, *cells in rows
    ]
    while len(level) > 1:
        level = [text(a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def topone(rows: Rows) -> str:
    return promoted([raw(f"{text(uid)},USDT:{zero_dotted(held)}".encode()) for uid, held in rows])


def pionex(rows: Rows) -> str:
    leaves = []
    for record, zec, ada, total in rows:
        held = ",".join(f"{name}:{cell}" for name, cell in (("ADA", ada), ("ZEC", zec)) if cell)
        leaves.append(raw(f"{record},{held},Total:{total}".encode()))
    return promoted(leaves)


def weex(rows: Rows) -> str:
    level = [text(f"{line},{held}") for line, held in rows]
    while len(level) > 1:
        level += level[-1:] if len(level) % 2 else []
        level = [text(a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]
