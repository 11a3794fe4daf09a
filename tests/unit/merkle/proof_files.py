"""Customers' proof files as each publisher would write them, made from the naive trees."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from auditor_app import strict_json
from auditor_app.merkle.published import ProofDocument
from auditor_app.merkle.schemes.bybit_coins import RELEASES, places
from tests.unit.merkle import naive_text_sums as naive

SNAPSHOT = "2026-09-21 00:00:00"
ASSETS = [("BTC", 8), ("USDT", 8)]
COINS = ("BTC", "ETH", "USDT")
Entry = tuple[str, naive.Amounts]


@dataclass(frozen=True)
class Written:
    """A file, its anchor, and the root that it leads to; ``unbound`` names members that nothing recalculates."""

    scheme: str
    document: dict[str, Any]
    root: str
    anchor: dict[str, Any] | None = None
    unbound: Sequence[str] = field(default_factory=tuple)


def document(written: dict[str, Any], anchor: dict[str, Any] | None = None, **options: str) -> ProofDocument:
    """The document as the program reads it from disk."""
    data = json.dumps(written).encode()
    parsed = strict_json.parse(data, file="proof.json", code="PROOF.UNREADABLE", numbers="text", max_bytes=2**24)
    second = None if anchor is None else document(anchor)
    return ProofDocument("proof.json", data, parsed, second, options)


def rows(count: int, coins: Sequence[str]) -> list[dict[str, str]]:
    """Rows with every identity that a publisher hashes, and amounts that differ."""
    identity = {
        name: lambda number, name=name: naive.sha(f"{name} {number}")
        for name in ("nonce", "encryptUid", "userHash", "accountId")
    }
    return [
        {name: make(number) for name, make in identity.items()}
        | {coin: f"{number + 1}.{place + 1}5" for place, coin in enumerate(coins)}
        for number in range(count)
    ]


def siblings(tree: naive.Tree, index: int) -> list[tuple[int, str, Entry | None]]:
    """For each level: its number, the sibling's side, and the sibling or ``None``."""
    found = []
    for level, width in enumerate(tree.levels[:-1]):
        beside = index ^ 1
        found.append((level, "left" if index % 2 else "right", width[beside] if beside < len(width) else None))
        index //= 2
    return found


def node_at(tree: naive.Tree, level: int, index: int) -> Entry:
    """The node over leaf ``index``."""
    return tree.levels[level][index >> level]


def texts(amounts: naive.Amounts, write: Callable[[Decimal], Any] = naive.plain) -> dict[str, Any]:
    return {coin: write(value) for coin, value in amounts.items()}


def okx_v1(count: int, index: int) -> Written:
    held = rows(count, COINS)
    tree = naive.okx(held)
    path = []
    for level, side, sibling in siblings(tree, index):
        digest, amounts = sibling or (node_at(tree, level, index)[0], dict.fromkeys(COINS, Decimal(0)))
        kind = 4 if sibling is None else 1 if side == "left" else 2
        path.append({"auditId": "1", "balances": texts(amounts), "type": kind, "hash": digest, "height": level + 1})
    root = {"balances": texts(tree.totals), "type": 3, "hash": tree.root, "height": tree.depth + 1}
    own = {
        "auditId": "1",
        "balances": {coin: held[index][coin] for coin in COINS},
        "type": 2 if index % 2 else 1,
        "nonce": held[index]["nonce"],
        "hash": tree.levels[0][index][0],
        "height": 1,
    }
    return Written("okx-v1", {"self": own, "path": [*path, root]}, tree.root, unbound=("auditId",))


def bitget(count: int, index: int) -> Written:
    held = rows(count, COINS)
    tree = naive.bitget(held, COINS, "quoted", "listed")
    path = []
    for level, side, sibling in siblings(tree, index):
        digest, amounts = sibling or (node_at(tree, level, index)[0], dict.fromkeys(COINS, Decimal(0)))
        role = 0 if sibling is None else 1 if side == "left" else 2
        entry = {"balances": texts(amounts), "level": tree.depth + 1 - level, "merkelLeaf": digest, "role": role}
        path.append({"auditId": "1", **entry})
    own = {
        "auditId": "1",
        "balances": {coin: held[index][coin] for coin in COINS},
        "encryptUid": held[index]["encryptUid"],
        "nonce": held[index]["nonce"],
        "level": tree.depth + 1,
        "merkelLeaf": tree.levels[0][index][0],
        "role": 2 if index % 2 else 1,
    }
    root = {"balances": texts(tree.totals), "level": 1, "merkelLeaf": tree.root, "role": 3}
    return Written("bitget", {"self": own, "path": [*path, root]}, tree.root, unbound=("auditId",))


def bitunix(count: int, index: int) -> Written:
    held = rows(count, COINS)
    precision = dict.fromkeys(COINS, 8)
    tree = naive.bitunix(held, COINS, precision)
    write = lambda value: naive.fixed(value, 8)  # noqa: E731
    path = []
    for level, side, sibling in siblings(tree, index):
        digest, amounts = sibling or (node_at(tree, level, index)[0], dict.fromkeys(COINS, Decimal(0)))
        entry = {"type": 1 if side == "left" else 2, "height": tree.depth + 1 - level, "merkleLeaf": digest}
        path.append({**entry, "balances": texts(amounts, write)})
    own = {
        "type": 2 if index % 2 else 1,
        "nonce": held[index]["nonce"],
        "height": tree.depth + 1,
        "balances": {coin: write(Decimal(held[index][coin])) for coin in COINS},
        "encryptUid": held[index]["encryptUid"],
        "merkleLeaf": tree.levels[0][index][0],
        "precisions": precision,
    }
    root = {"type": 3, "height": 1, "balances": texts(tree.totals, write), "merkleLeaf": tree.root}
    return Written("bitunix", {"self": own, "path": [*path, root]}, tree.root, unbound=("precisions",))


def bybit(count: int, index: int) -> Written:
    coins = RELEASES["V0"]
    held = rows(count, coins)
    tree = naive.bybit(held, coins, lambda coin: places("V0", coin))
    path = []
    for level, side, sibling in siblings(tree, index):
        digest, amounts = sibling or (node_at(tree, level, index)[0], dict.fromkeys(coins, Decimal(0)))
        entry = {"type": 1 if side == "left" else 2, "hash": digest, "height": level + 1}
        path.append({**entry, "balance": texts(amounts), "nonce": ""})
    own = {
        "auditId": "1",
        "balance": {coin: held[index][coin] for coin in coins},
        "type": 2 if index % 2 else 1,
        "hash": tree.levels[0][index][0],
        "height": 1,
        "nonce": "1-2",
        "userHash": held[index]["userHash"],
    }
    root = {"type": 3, "hash": tree.root, "height": tree.depth + 1, "balance": texts(tree.totals)}
    return Written("bybit", {"self": own, "path": [*path, root]}, tree.root, unbound=("auditId", "nonce"))


def coinex(count: int, index: int) -> Written:
    held = rows(count, COINS)
    tree = naive.coinex(held, COINS, "alone")
    path: list[dict[str, Any]] = []
    for _, side, sibling in siblings(tree, index):
        path.append({} if sibling is None else {"balances": texts(sibling[1]), "hash": sibling[0], "pos": side})
    own = {"balances": {coin: held[index][coin] for coin in COINS}, "nonce": held[index]["nonce"]}
    root = {"balances": texts(tree.totals), "hash": tree.root}
    return Written("coinex", {"root": root, "self": own, "path": path}, tree.root)


def hotcoin(count: int, index: int) -> Written:
    coins = [coin for coin, _ in ASSETS]
    held = rows(count, coins)
    tree = naive.hotcoin(held, ASSETS, SNAPSHOT)
    listed = [{"coin": coin, "decimals": decimals} for coin, decimals in ASSETS]
    cfg = naive.hotcoin_hash(3, ["HOTCOIN-POR-SUM", *(str(item) for asset in ASSETS for item in asset)])
    pad = naive.hotcoin_hash(2, ["HOTCOIN-POR-SUM", SNAPSHOT, cfg])
    path = []
    for _, side, sibling in siblings(tree, index):
        digest, amounts = sibling or (pad, dict.fromkeys(coins, Decimal(0)))
        path.append({"position": side.upper(), "hash": digest, "balances": texts(amounts)})
    own = {
        "snapshotId": SNAPSHOT,
        "accountId": held[index]["accountId"],
        "nonce": held[index]["nonce"],
        "balances": {coin: naive.plain(Decimal(held[index][coin])) for coin in coins},
        "leafHash": tree.levels[0][index][0],
        "leafIndex": index,
        "leafCount": count,
    }
    anchor = {
        "protocol": "HOTCOIN-POR-SUM",
        "assets": listed,
        "snapshotId": SNAPSHOT,
        "root": tree.root,
        "leafCount": count,
        "userTotals": texts(tree.totals),
    }
    proof = {"protocol": "HOTCOIN-POR-SUM", "assets": listed, "self": own, "path": path}
    return Written("hotcoin", proof, tree.root, anchor)


def htx_v1(count: int, index: int) -> Written:
    """``count`` must be a power of two; leaves are hashes out of nowhere, as for the real file's reader."""
    held = rows(count, COINS)
    leaves = [(naive.sha(f"leaf {number}"), naive.numbers(row, COINS)) for number, row in enumerate(held)]

    def node(left: Any, right: Any, _level: int, _depth: int) -> Entry:
        sums = naive.added(left[1], right[1], lambda _coin: 8)
        return naive.sha(left[0] + right[0] + "".join(naive.plain(sums[coin]) for coin in COINS)), sums

    tree = naive.build(leaves, node)

    def entry(kind: str, item: Entry, right: int, depth: int) -> dict[str, Any]:
        listed = ",".join(f"{coin}:{naive.plain(item[1][coin])}" for coin in COINS)
        return {"type": kind, "hash": item[0], "uhash": "00" * 20, "depth": depth, "r": right, "balances": listed}

    data = [entry("root", tree.levels[-1][0], 0, 0)]
    for level, side, sibling in siblings(tree, index):
        assert sibling is not None
        data.append(entry("node", sibling, int(side == "right"), tree.depth - level))
    data.append(entry("self", leaves[index], index % 2, tree.depth))
    return Written("htx-v1", {"data": data}, tree.root, unbound=("type", "uhash", "depth"))


WRITERS: dict[str, Callable[[int, int], Written]] = {
    "okx-v1": okx_v1,
    "bitget": bitget,
    "bitunix": bitunix,
    "bybit": bybit,
    "coinex": coinex,
    "hotcoin": hotcoin,
    "htx-v1": htx_v1,
}
