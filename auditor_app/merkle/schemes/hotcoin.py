"""``hotcoin``: Hotcoin's Merkle sum tree: tagged hashes over JSON arrays, padding of its own kind, an independent anchor.

Source: hotcoinexchange/proof-of-reserves @75e9098c, ``merkle-schemes-more.md`` section 3. H(tag, fields) =
SHA-256(tag ‖ compact JSON array of strings); tags 0 leaf, 1 node, 2 padding, 3 configuration. Leaf = H(0, protocol,
snapshotId, cfg, accountId, nonce, amounts), node = H(1, protocol, cfg, left, right, sums), a lone node is paired with
H(2, protocol, snapshotId, cfg) and zero balances, cfg = H(3, protocol, coin, decimals, …). Amounts are plain and, by
the publisher's own rule, never negative.

The customer's file holds index and leaf count, so every side and every place of padding is known; the root stands in
the anchor file alone (``--anchor``).

A ledger has columns ``accountId`` and ``nonce`` (hex64) and a decimal column for each coin of the parameter ``assets``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditor_app.errors import LedgerError
from auditor_app.merkle.amount_text import AmountText
from auditor_app.merkle.path_file import (
    Balances as FileBalances,
)
from auditor_app.merkle.path_file import (
    PathFields,
    longest_scale,
    plain_balances,
    read_balances,
    refuse,
    row_of,
    units_of,
)
from auditor_app.merkle.published import (
    NO_CLAIM,
    Claim,
    Comparison,
    ProofDocument,
    ProofFormat,
    PublishedProof,
    PublishedStep,
    Side,
)
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import (
    Balances,
    BalanceText,
    Cell,
    Child,
    NumberForm,
    Odd,
    Sums,
    Template,
    TemplateRule,
    Text,
)
from auditor_app.merkle.text_sums import check_coins
from auditor_app.snapshot.statement import Column

NAME = "hotcoin"
PROTOCOL = "HOTCOIN-POR-SUM"
IDENTITY = ("accountId", "nonce")
LEAF, NODE, PADDING, CONFIGURATION = range(4)
MAX_LEAVES = 2**31 - 1
_COIN = re.compile(r"[A-Z][A-Z0-9]{0,15}\Z", re.ASCII)
_DECIMALS = re.compile(r"(?:[0-9]|[12][0-9]|30)\Z", re.ASCII)
_SNAPSHOT = re.compile(r"(?:[A-Za-z0-9_-]{1,64}|\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})\Z", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_COUNT = re.compile(r"(?:0|[1-9][0-9]{0,9})\Z", re.ASCII)
_FIELDS = PathFields(publisher="Hotcoin", kinds={})

Assets = tuple[tuple[str, str], ...]
"""Coins with their decimals, in the order in which they are hashed."""


def preimage(tag: int, fields: Sequence[str]) -> bytes:
    """The bytes that are hashed: the tag and a compact JSON array of strings."""
    return bytes([tag]) + json.dumps(list(fields), separators=(",", ":"), ensure_ascii=True).encode("ascii")


def configuration(assets: Assets) -> str:
    """The hash of protocol, coins and decimals that enters every leaf and node."""
    fields = [PROTOCOL, *(text for asset in assets for text in asset)]
    return hashlib.sha256(preimage(CONFIGURATION, fields)).hexdigest()


def padding(snapshot: str, assets: Assets) -> bytes:
    """The digest of the node that stands beside a lone one."""
    return hashlib.sha256(preimage(PADDING, [PROTOCOL, snapshot, configuration(assets)])).digest()


def template(snapshot: str, assets: Assets, coins: int) -> Template:
    """The pieces of one snapshot's tree; ``coins`` is how many sums a node has."""
    cfg = configuration(assets)
    amounts = BalanceText(
        tuple(coin for coin, _ in assets),
        opening='","',
        joiner='","',
        closing='"]',
        named=False,
        number=NumberForm(),
        absent="0",
    )
    # a JSON array that stops inside the string which the next piece fills
    leaf = preimage(LEAF, [PROTOCOL, snapshot, cfg, ""])[:-2]
    node = preimage(NODE, [PROTOCOL, cfg, ""])[:-2]
    between = Text(b'","')
    return Template(
        leaf=(Text(leaf), Cell("accountId"), between, Cell("nonce"), Balances(amounts)),
        node=(Text(node), Child("left"), between, Child("right"), Sums(amounts)),
        odd=Odd.PAD,
        pad=Node(padding(snapshot, assets), (0,) * coins),
    )


def rule(layout: Layout, snapshot: str, assets: Assets) -> Rule:
    """The rule of one snapshot."""
    coins = [coin for coin, _ in assets]
    check_coins(NAME, layout, coins, coins)
    return TemplateRule(NAME, layout, template(snapshot, assets, len(layout.coins)))


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger of one snapshot."""
    given = take_parameters(NAME, SCHEME.parameters, parameters)
    if not _SNAPSHOT.match(given["snapshotId"]):
        raise LedgerError(
            "SCHEME.PARAMETERS", "the parameter snapshotId cannot be read", observed=given["snapshotId"][:80]
        )
    pairs = [item.partition(":") for item in given["assets"].split(",")]
    assets = tuple((coin, decimals) for coin, _, decimals in pairs)
    if not _are_assets(assets):
        raise LedgerError(
            "SCHEME.PARAMETERS",
            "the parameter assets cannot be read",
            expected="BTC:8,ETH:7,USDT:4, each coin once",
            observed=given["assets"][:80],
        )
    return rule(layout, given["snapshotId"], assets)


def _are_assets(assets: Assets) -> bool:
    """One to 32 coins, each once, with 0 to 30 decimals."""
    fit = all(_COIN.match(coin) and _DECIMALS.match(decimals) for coin, decimals in assets)
    return fit and 1 <= len(assets) <= 32 and len({coin for coin, _ in assets}) == len(assets)


# ---- the user's proof file and the anchor


def recognises(document: ProofDocument) -> bool:
    """``protocol`` names Hotcoin's protocol."""
    return isinstance(document.json, dict) and document.json.get("protocol") == PROTOCOL and "self" in document.json


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path; the anchor, where it is given, holds the root and the totals."""
    if not recognises(document):
        raise refuse(document, "Hotcoin", "the file is not an object with the protocol and self", PROTOCOL)
    file = _File(document)
    own = file.object(document.json, "self")
    texts = {name: file.text(own, name, _HASH) for name in (*IDENTITY, "leafHash")}
    snapshot = file.text(own, "snapshotId", _SNAPSHOT)
    assets = file.assets(document.json)
    held = file.amounts(own.get("balances"), assets, "self")
    index, count = int(file.text(own, "leafIndex", _COUNT)), int(file.text(own, "leafCount", _COUNT))
    if not 0 <= index < count <= MAX_LEAVES:
        raise refuse(document, "Hotcoin", "leafIndex is not one of leafCount leaves", observed=f"{index} of {count}")
    path = document.json.get("path")
    depth = (count - 1).bit_length()
    if not isinstance(path, list) or len(path) != depth or not all(isinstance(item, dict) for item in path):
        observed = str(len(path)) if isinstance(path, list) else "no list"
        raise refuse(document, "Hotcoin", "path has not one entry for each level", str(depth), observed)
    beside = [file.amounts(item.get("balances"), assets, f"path entry {level}") for level, item in enumerate(path)]
    layout = _layout(assets, [held, *beside])
    bound = rule(layout, snapshot, assets)
    steps = []
    for level, (item, amounts) in enumerate(zip(path, beside, strict=True)):
        node = Node(bytes.fromhex(file.text(item, "hash", _HASH)), units_of(amounts, layout))
        width = -(-count >> level)
        steps.append(PublishedStep(node, _side(index >> level), pads=(index >> level) ^ 1 >= width))
    anchor, compared = _anchor(document, snapshot, assets, count)
    return (
        PublishedProof(
            bound,
            row_of(layout, [texts[name] for name in IDENTITY], held),
            Claim(bytes.fromhex(texts["leafHash"]), plain_balances(held)),
            tuple(steps),
            NO_CLAIM,
            anchor=anchor,
            compared=(*_positions(file, path, index), *compared),
        ),
    )


def _side(index: int) -> Side:
    """Where the sibling of a node stands, by the parity of its index."""
    return "left" if index % 2 else "right"


def _positions(file: _File, path: Sequence[Mapping[str, Any]], index: int) -> list[Comparison]:
    """The side that the file gives at each level, beside the one that the leaf's index implies."""
    found = []
    for level, item in enumerate(path):
        written = file.text(item, "position", re.compile(r"(?:LEFT|RIGHT)\Z")).lower()
        implied = _side(index >> level)
        if written != implied:
            found.append(Comparison(f"position at level {level}", implied, written, agrees=False))
    return found


def _layout(assets: Assets, balances: Sequence[FileBalances]) -> Layout:
    """The columns of the ledger that the file is made from."""
    columns = (
        *(Column(name=name, type="hex64") for name in IDENTITY),
        *(Column(name=coin, type="decimal") for coin, _ in assets),
    )
    return Layout.of(columns, longest_scale(balances))


def _anchor(document: ProofDocument, snapshot: str, assets: Assets, count: int) -> tuple[Claim, tuple[Comparison, ...]]:
    """What the anchor publishes, and its description of the tree beside the proof's own."""
    if document.anchor is None:
        return NO_CLAIM, ()
    file = _File(document.anchor)
    found = document.anchor.json
    if not isinstance(found, dict) or found.get("protocol") != PROTOCOL:
        raise refuse(document.anchor, "Hotcoin", "the anchor has not Hotcoin's protocol", PROTOCOL)
    listed = file.assets(found)
    totals = file.amounts(found.get("userTotals"), listed, "userTotals")
    claim = Claim(bytes.fromhex(file.text(found, "root", _HASH)), plain_balances(totals))
    pairs = (
        ("snapshotId in the anchor", file.text(found, "snapshotId", _SNAPSHOT), snapshot),
        ("leafCount in the anchor", file.text(found, "leafCount", _COUNT), str(count)),
        ("assets in the anchor", _listed(listed), _listed(assets)),
    )
    return claim, tuple(Comparison(name, there, here, there == here) for name, there, here in pairs)


def _listed(assets: Assets) -> str:
    return ",".join(":".join(asset) for asset in assets)


class _File:
    """Reads fields of one of the two files, and names what is wrong with them."""

    def __init__(self, document: ProofDocument) -> None:
        self._document = document

    def object(self, item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """A member that is an object."""
        value = item.get(name)
        if not isinstance(value, dict):
            raise refuse(self._document, "Hotcoin", f"{name} is not an object")
        return value

    def text(self, item: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
        """A member whose text fits ``pattern``."""
        value = item.get(name)
        if not isinstance(value, str) or not pattern.match(value):
            raise refuse(self._document, "Hotcoin", f"the file has no usable {name}", pattern.pattern, str(value))
        return str(value)

    def assets(self, item: Mapping[str, Any]) -> Assets:
        """``assets``: coins and decimals."""
        listed = item.get("assets")
        if isinstance(listed, list) and all(isinstance(asset, dict) for asset in listed):
            assets = tuple((str(asset.get("coin")), str(asset.get("decimals"))) for asset in listed)
            if _are_assets(assets):
                return assets
        raise refuse(self._document, "Hotcoin", "assets is not a list of coins and decimals", observed=str(listed))

    def amounts(self, value: Any, assets: Assets, where: str) -> FileBalances:
        """An amount for each coin, in the only form the protocol allows: plain, not negative, within its decimals."""
        held = read_balances(self._document, _FIELDS, value, where)
        if set(held) != {coin for coin, _ in assets}:
            raise refuse(
                self._document, "Hotcoin", f"{where} has other coins than assets", _listed(assets), ", ".join(held)
            )
        for coin, decimals in assets:
            amount: AmountText = held[coin]
            if amount.text != amount.plain() or amount.text.startswith("-") or amount.scale > int(decimals):
                what = f"{where} has an amount of {coin} that the protocol does not allow"
                expected = f"plain, not negative, at most {decimals} decimals"
                raise refuse(self._document, "Hotcoin", what, expected, amount.text)
        return held


SCHEME = Scheme(
    name=NAME,
    title="Hotcoin",
    source="hotcoinexchange/proof-of-reserves @75e9098c; merkle-schemes-more.md section 3",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=False,
        domain_separation=True,
        field_separators=True,
        allows_negatives=False,
        salted=True,
    ),
    parameters={
        "snapshotId": "the id of the snapshot, such as 2026-09-21 00:00:00",
        "assets": "coins and their decimals in the anchor's order, such as BTC:8,ETH:7,USDT:4",
    },
    bind=bind,
    proof=ProofFormat(recognises, read, takes_anchor=True),
)
