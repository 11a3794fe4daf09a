"""``okx-v1-full``: OKX's tree of March 2023, published whole, in which a customer's holdings stand in several leaves.

Source: okx/proof-of-reserves @2962a895 common/merklev2.go, ``merkle-schemes.md`` section 2.2. userHash =
H(nonce ‖ {"BTC":"…","ETH":"…","USDT":"…"}) over the customer's totals, leaf = H(userHash ‖ BTC ‖ ETH ‖ USDT) over a
part of them, nodes as in ``okx-v1``. The customer's file lists the leaves and no path; with the tree file as its anchor
each leaf is located by hash *and* balances and its path is recalculated.

Amounts without separators do not bind: BTC 0.5 with ETH 10 and BTC 0.51 with ETH 0 make one leaf. So leaves are made
again from their balances, and a hash that is found with other balances is a finding.

A ledger has a column ``userHash`` (hex64), on as many rows as the customer has leaves, and decimal columns ``BTC``,
``ETH`` and ``USDT`` as hashed; an empty cell or a missing column is hashed as ``0``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditor_app.amounts import Amount
from auditor_app.findings import limitation
from auditor_app.ledger.columns import DECIMAL_SCALE
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
)
from auditor_app.merkle.published_tree import TreeFormat
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.schemes.okx_tree import NAME, Leaf, PathInTree, find_paths, recognises_tree
from auditor_app.merkle.schemes.okx_tree_check import check_tree
from auditor_app.merkle.schemes.okx_v1 import COINS, NODE
from auditor_app.merkle.template import Balances, Cell, Odd, Template, TemplateRule
from auditor_app.merkle.text_sums import EIGHT_PLACES, bare_amounts, check_coins, json_object
from auditor_app.snapshot.statement import Column

TEMPLATE = Template(
    leaf=(Cell("userHash"), Balances(bare_amounts(COINS, None, absent="0"))),
    node=NODE,
    odd=Odd.ZERO_COPY,
    rounding=EIGHT_PLACES,
)
MAX_LEAVES = 10_000
_FIELDS = PathFields(publisher="OKX", kinds={})
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)


def rule(layout: Layout) -> Rule:
    """The rule over rows with a ``userHash``."""
    check_coins(NAME, layout, COINS)
    return TemplateRule(NAME, layout.with_coins(COINS, DECIMAL_SCALE), TEMPLATE)


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger; it takes no parameters."""
    take_parameters(NAME, {}, parameters)
    return rule(layout)


# ---- the user's file


def recognises(document: ProofDocument) -> bool:
    """An object with ``nodes``, ``nonce`` and ``totalBalances``."""
    return isinstance(document.json, dict) and {"nodes", "nonce", "totalBalances"} <= document.json.keys()


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One proof for each of the customer's leaves; the first also compares user hash and totals."""
    if not recognises(document):
        raise refuse(document, "OKX", "the file is not an object with nodes, nonce and totalBalances")
    found = document.json
    user, nonce = (_hash(document, found, name, "the file") for name in ("hash", "nonce"))
    total = _balances(document, found.get("totalBalances"), "totalBalances")
    nodes = found["nodes"]
    if not isinstance(nodes, list) or not 1 <= len(nodes) <= MAX_LEAVES or not all(isinstance(n, dict) for n in nodes):
        raise refuse(document, "OKX", "nodes is not a list of leaves", f"1 to {MAX_LEAVES} objects")
    digests = [bytes.fromhex(_hash(document, item, "hash", f"leaf {number}")) for number, item in enumerate(nodes)]
    held = [_balances(document, item.get("balances"), f"leaf {number}") for number, item in enumerate(nodes)]
    layout = _layout([total, *held])
    bound = rule(layout)
    leaves = [Leaf(digest, units_of(amounts, bound.layout)) for digest, amounts in zip(digests, held, strict=True)]
    paths: Sequence[PathInTree | None] = [None] * len(leaves)
    if document.anchor is not None:
        paths = find_paths(document.anchor, leaves, [coin.scale for coin in bound.layout.coins])
    compared = _compare_totals(user, nonce, total, held, layout)
    return tuple(
        _proof(document, bound, (user, amounts, digest), path, compared if number == 0 else ())
        for number, (amounts, digest, path) in enumerate(zip(held, digests, paths, strict=True))
    )


def _proof(
    document: ProofDocument,
    bound: Rule,
    leaf: tuple[str, FileBalances, bytes],
    path: PathInTree | None,
    compared: tuple[Comparison, ...],
) -> PublishedProof:
    """One leaf, with its path where the tree was given and holds it."""
    user, amounts, digest = leaf
    traced = path is not None and path.agrees
    if path is not None:
        compared += (Comparison("leaf in the tree", _shown(digest, amounts), path.found, path.agrees),)
    steps = tuple(
        PublishedStep(Node(step.digest, step.units), step.side, Claim(step.reached), pads=step.pads)
        for step in (() if path is None else path.steps)
    )
    return PublishedProof(
        bound,
        row_of(bound.layout, (user,), amounts),
        Claim(digest),
        steps,
        NO_CLAIM,
        anchor=Claim(path.root, path.totals) if path is not None and traced else NO_CLAIM,
        compared=compared,
        limitations=() if traced else (limitation("TREE.NO_PATH", subject=f"proof {document.file}"),),
        complete=traced,
    )


def _shown(digest: bytes, amounts: FileBalances) -> str:
    listed = ", ".join(f"{coin} {text}" for coin, text in plain_balances(amounts).items())
    return f"{digest.hex()}, {listed}"


def _compare_totals(
    user: str, nonce: str, total: FileBalances, held: Sequence[FileBalances], layout: Layout
) -> tuple[Comparison, ...]:
    """The user hash made again from nonce and totals, and the leaves added up."""
    text = json_object(COINS, None, absent="0").of_cells(layout)
    made = hashlib.sha256(nonce.encode("ascii") + text(row_of(layout, ("",), total).cells)).hexdigest()
    sums = [
        sum(units or 0 for units in column) for column in zip(*(units_of(item, layout) for item in held), strict=True)
    ]
    stated = [units or 0 for units in units_of(total, layout)]
    shown = [Node(b"", tuple(values)) for values in (stated, sums)]
    expected, observed = (_listed(layout, node) for node in shown)
    return (
        Comparison("user hash", user, made, user == made),
        Comparison("sum of the customer's leaves", expected, observed, stated == sums),
    )


def _listed(layout: Layout, node: Node) -> str:
    return ", ".join(
        f"{coin.name} {Amount(units or 0, coin.scale).plain()}"
        for coin, units in zip(layout.coins, node.sums, strict=True)
    )


def _hash(document: ProofDocument, item: Mapping[str, Any], name: str, where: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not _HASH.match(value):
        raise refuse(document, "OKX", f"{where} has a malformed {name}", "64 lower-case hex digits", str(value))
    return str(value)


def _balances(document: ProofDocument, value: Any, where: str) -> FileBalances:
    return read_balances(document, _FIELDS, value, where)


def _layout(balances: Sequence[FileBalances]) -> Layout:
    """The columns of the ledger that the file's leaves are rows of."""
    coins = dict.fromkeys((*COINS, *(coin for held in balances for coin in held)))
    columns = (
        Column(name="userHash", type="hex64"),
        *(Column(name=coin, type="decimal", optional=True, signed=True) for coin in coins),
    )
    return Layout.of(columns, longest_scale(balances))


SCHEME = Scheme(
    name=NAME,
    title="OKX, March 2023, whole tree",
    source="okx/proof-of-reserves @2962a895; merkle-schemes.md section 2.2",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=False,
        domain_separation=False,
        field_separators=False,
        rounding=EIGHT_PLACES,
        salted=True,
        unique_ids=False,
    ),
    bind=bind,
    proof=ProofFormat(recognises, read, takes_anchor=True),
    tree=TreeFormat(recognises_tree, check_tree),
)
