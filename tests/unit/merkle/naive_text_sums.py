"""A second implementation of the text-hash sum trees: dictionaries, Decimals of 200 digits, whole levels; shares no code.

Python's ``str(Decimal)`` and addition follow the same specification as Java's ``BigDecimal``, which makes them an oracle
for trees that hash ``toString()``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any

WIDE = Context(prec=200)
Amounts = dict[str, Decimal]


@dataclass(frozen=True)
class Tree:
    """Levels of ``(hash, amounts)``, leaves first; a lone node's made-up partner is not in them."""

    levels: list[list[tuple[str, Amounts]]]
    depth: int

    @property
    def root(self) -> str:
        return self.levels[-1][0][0]

    @property
    def totals(self) -> Amounts:
        return self.levels[-1][0][1]


def sha(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def plain(value: Decimal) -> str:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def fixed(value: Decimal, places: int) -> str:
    text = format(cut(value, places), "f")
    return text.replace("-", "") if not cut(value, places) else text


def cut(value: Decimal, places: int | None) -> Decimal:
    return value if places is None else value.quantize(Decimal(1).scaleb(-places), ROUND_DOWN, WIDE)


def added(a: Amounts, b: Amounts, places: Callable[[str], int | None] = lambda _coin: None) -> Amounts:
    coins = [*a, *(coin for coin in b if coin not in a)]
    return {coin: cut(WIDE.add(a.get(coin, Decimal(0)), b.get(coin, Decimal(0))), places(coin)) for coin in coins}


def build(leaves: Sequence[tuple[str, Amounts]], parent: Callable[..., tuple[str, Amounts]]) -> Tree:
    """``parent(left, right or None, parent_level, depth)``."""
    depth = 0
    while 2**depth < len(leaves):
        depth += 1
    levels = [list(leaves)]
    for level in range(1, depth + 1):
        below = levels[-1]
        levels.append(
            [
                parent(below[i], below[i + 1] if i + 1 < len(below) else None, level, depth)
                for i in range(0, len(below), 2)
            ]
        )
    return Tree(levels, depth)


def numbers(row: Mapping[str, str], coins: Sequence[str]) -> Amounts:
    return {coin: WIDE.create_decimal(row[coin]) for coin in coins if row.get(coin)}


# ---- OKX


def okx_node(left: Any, right: Any, level: int, _depth: int) -> tuple[str, Amounts]:
    if right is None:
        right = (left[0], {})
    sums = added(left[1], right[1], lambda _coin: 8)
    texts = [plain(sums.get(coin, Decimal(0))) for coin in ("BTC", "ETH", "USDT")]
    return sha(left[0] + right[0] + "".join(texts) + str(level + 1)), sums


def okx(rows: Sequence[Mapping[str, str]]) -> Tree:
    leaves = []
    for row in rows:
        listed = ",".join(f'"{coin}":"{row.get(coin) or 0}"' for coin in ("BTC", "ETH", "USDT"))
        leaves.append((sha(row["nonce"] + "{" + listed + "}"), numbers(row, ("BTC", "ETH", "USDT"))))
    return build(leaves, okx_node)


def okx_full(rows: Sequence[Mapping[str, str]]) -> Tree:
    coins = ("BTC", "ETH", "USDT")
    leaves = [
        (sha(row["userHash"] + "".join(row.get(coin) or "0" for coin in coins)), numbers(row, coins)) for row in rows
    ]
    return build(leaves, okx_node)


# ---- Bitget and Bitunix


def java_order(names: Sequence[str]) -> list[str]:
    """A HashMap filled name by name, with its table rebuilt when it grows."""

    def spread(name: str) -> int:
        value = 0
        for character in name:
            value = (value * 31 + ord(character)) % 2**32
        return value ^ (value >> 16)

    table: list[list[str]] = [[] for _ in range(16)]
    for size, name in enumerate(names, 1):
        table[spread(name) % len(table)].append(name)
        if size > len(table) * 0.75:
            held = [item for bucket in table for item in bucket]
            table = [[] for _ in range(2 * len(table))]
            for item in held:
                table[spread(item) % len(table)].append(item)
    return [item for bucket in table for item in bucket]


def bitget(rows: Sequence[Mapping[str, str]], coins: Sequence[str], form: str, order: str) -> Tree:
    listed = java_order(coins) if order == "hashmap" else list(coins)

    def text(amounts: Amounts) -> str:
        write = str if form == "bare" else lambda value: f'"{plain(value)}"'
        return "{" + ",".join(f'"{coin}":{write(amounts[coin])}' for coin in listed if coin in amounts) + "}"

    def unsigned_zero(amounts: Amounts) -> Amounts:  # BigDecimal has no -0
        return {coin: value or abs(value) for coin, value in amounts.items()}

    def node(left: Any, right: Any, level: int, depth: int) -> tuple[str, Amounts]:
        right = right or (left[0], {})
        sums = unsigned_zero(added(left[1], right[1]))
        return sha(f"{left[0]}{right[0]},{text(sums)},{depth - level + 1}")[:16], sums

    leaves = []
    for row in rows:
        amounts = unsigned_zero(numbers(row, coins))
        leaves.append((sha(f"{row['encryptUid']},{row['nonce']},{text(amounts)}")[:16], amounts))
    return build(leaves, node)


def bitunix(rows: Sequence[Mapping[str, str]], coins: Sequence[str], places: Mapping[str, int]) -> Tree:
    def text(amounts: Amounts) -> str:
        pairs = (f'"{coin}":"{fixed(amounts.get(coin, Decimal(0)), places[coin])}"' for coin in java_order(coins))
        return "{" + ",".join(pairs) + "}"

    def node(left: Any, right: Any, level: int, depth: int) -> tuple[str, Amounts]:
        right = right or (left[0], {})
        sums = added(left[1], right[1], lambda coin: places[coin])
        return sha(f"{left[0]}{right[0]},{text(sums)},{depth - level + 1}"), sums

    leaves = []
    for row in rows:
        amounts = numbers(row, coins)
        leaves.append((sha(f"{row['encryptUid']},{row['nonce']},{text(amounts)}"), amounts))
    return build(leaves, node)


# ---- Bybit


def bybit(rows: Sequence[Mapping[str, str]], coins: Sequence[str], places: Callable[[str], int]) -> Tree:
    """``coins`` in the release's order, each with the decimals of its sums."""

    def node(left: Any, right: Any, level: int, _depth: int) -> tuple[str, Amounts]:
        right = right or (left[0], {})
        sums = added(left[1], right[1], places)
        texts = [fixed(sums.get(coin, Decimal(0)), places(coin)) for coin in coins]
        return sha(left[0] + right[0] + "".join(texts) + str(level + 1)), sums

    leaves = []
    for row in rows:
        texts = [row.get(coin) or "0." + "0" * places(coin) for coin in coins]
        leaves.append((sha(row["userHash"] + "".join(texts)), numbers(row, coins)))
    return build(leaves, node)


# ---- CoinEx


def coinex(rows: Sequence[Mapping[str, str]], coins: Sequence[str], odd: str) -> Tree:
    def text(amounts: Amounts) -> str:
        return "{" + ",".join(f'"{coin}":"{plain(amounts[coin])}"' for coin in sorted(amounts)) + "}"

    def node(left: Any, right: Any, _level: int, _depth: int) -> tuple[str, Amounts]:
        if right is None:
            return sha((left[0] if odd == "alone" else left[0] * 2) + text(left[1])), left[1]
        sums = added(left[1], right[1])
        return sha(left[0] + right[0] + text(sums)), sums

    leaves = []
    for row in rows:
        amounts = numbers(row, coins)
        leaves.append((sha(row["nonce"] + text(amounts)), amounts))
    return build(leaves, node)


# ---- Hotcoin


def hotcoin_hash(tag: int, fields: Sequence[str]) -> str:
    return sha(bytes([tag]) + json.dumps(list(fields), separators=(",", ":")).encode())


def hotcoin(rows: Sequence[Mapping[str, str]], assets: Sequence[tuple[str, int]], snapshot: str) -> Tree:
    protocol = "HOTCOIN-POR-SUM"
    coins = [coin for coin, _ in assets]
    cfg = hotcoin_hash(3, [protocol, *(str(item) for asset in assets for item in asset)])
    pad = hotcoin_hash(2, [protocol, snapshot, cfg])

    def node(left: Any, right: Any, _level: int, _depth: int) -> tuple[str, Amounts]:
        right = right or (pad, {})
        sums = added(left[1], right[1])
        texts = [plain(sums.get(coin, Decimal(0))) for coin in coins]
        return hotcoin_hash(1, [protocol, cfg, left[0], right[0], *texts]), sums

    leaves = []
    for row in rows:
        amounts = numbers(row, coins)
        texts = [plain(amounts.get(coin, Decimal(0))) for coin in coins]
        leaves.append((hotcoin_hash(0, [protocol, snapshot, cfg, row["accountId"], row["nonce"], *texts]), amounts))
    return build(leaves, node)
