"""``olalonde``: the Maxwell-Todd scheme as first published in code.

Source: olalonde/proof-of-liabilities @d99c84df, ``merkle-schemes-more.md`` section 6. Leaf = H(user|sum|nonce),
node = H(sum|left|right), sums plain. The tree is a heap array of 2n - 1 nodes: the children of i are 2i + 1 and 2i + 2,
the last n are the leaves in the list's order. So leaves stand on two levels, whatever n is.

Files: a complete tree, ``[{"index":0,"data":{"sum","hash","user","nonce"}},…]``; a customer's ``partial_tree``, nested;
and the root, ``{"root":{"sum","hash"}}``, as its second file. A ledger has the user first, a column ``nonce`` and one
decimal column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor_app import strict_json
from auditor_app.amounts import Amount
from auditor_app.errors import AuditError, LedgerError
from auditor_app.ledger.columns import DECIMAL_SCALE, is_amount
from auditor_app.merkle.amount_text import AmountText
from auditor_app.merkle.heap import HeapRule
from auditor_app.merkle.path_file import refuse
from auditor_app.merkle.published import MAX_LEVELS, Claim, ProofDocument, ProofFormat, PublishedProof, PublishedStep
from auditor_app.merkle.published_tree import TreeCheck, TreeFile, TreeFormat
from auditor_app.merkle.rule import Layout, Node, Row, Rule
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
    Text,
)
from auditor_app.merkle.text_sums import check_coins
from auditor_app.merkle.tree_reading import TreeTally, read_whole, unreadable
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.statement import Column

NAME = "olalonde"
PUBLISHER = "its publisher"
COIN = "sum"
_BAR = Text(b"|")
_AMOUNT = BalanceText(named=False, number=NumberForm())
TEMPLATE = Template(
    leaf=(Cell(), _BAR, Balances(_AMOUNT), _BAR, Cell("nonce")),
    node=(Sums(_AMOUNT), _BAR, Child("left"), _BAR, Child("right")),
    odd=Odd.ALONE,
)
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_FIELD = re.compile(r"[!-{}~]{1,256}\Z", re.ASCII)
_STEP = 1 << 12


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger; it takes no parameters."""
    take_parameters(NAME, {}, parameters)
    check_coins(NAME, layout)
    amounts = [column for column in layout.columns if is_amount(column)]
    if len(amounts) != 1 or amounts[0].optional:
        raise LedgerError(
            "SCHEME.PARAMETERS", "the scheme olalonde hashes one balance", expected="one decimal column, never empty"
        )
    return HeapRule(NAME, layout, TEMPLATE)


def _layout(scale: int = DECIMAL_SCALE) -> Layout:
    columns = (
        Column(name="user", type="token"),
        Column(name="nonce", type="token"),
        Column(name=COIN, type="decimal", signed=True),
    )
    return Layout.of(columns, scale)


def _row(layout: Layout, user: str, nonce: str, held: AmountText) -> Row:
    cells = (user.encode("ascii"), nonce.encode("ascii"), held.text.encode("ascii"))
    return Row(0, b",".join(cells), cells, (held.units(layout.coins[0].scale),))


class _Entry:
    """One node's data, checked for form; :class:`ValueError` says what is wrong."""

    def __init__(self, data: Any) -> None:
        if not isinstance(data, dict):
            raise ValueError("a node has no data")  # noqa: TRY004 - malformed, like every other field
        self.user = self._text(data, "user")
        self.nonce = self._text(data, "nonce")
        digest = data.get("hash")
        if digest is not None and not (isinstance(digest, str) and _HASH.match(digest)):
            raise ValueError("a node's hash is not 64 lower-case hex digits")
        self.digest = None if digest is None else bytes.fromhex(digest)
        if not isinstance(data.get("sum"), str):
            raise ValueError("a node has no sum")  # noqa: TRY004 - malformed, like every other field
        self.held = AmountText.parse(str(data["sum"]))
        if (self.user is None) != (self.nonce is None):
            raise ValueError("a leaf has a user without a nonce, or a nonce without a user")

    @staticmethod
    def _text(data: Mapping[str, Any], name: str) -> str | None:
        value = data.get(name)
        if value is not None and not (isinstance(value, str) and _FIELD.match(value)):
            raise ValueError(f"a node's {name} is not plain text without a bar")
        return None if value is None else str(value)


# ---- a customer's partial tree


def recognises(document: ProofDocument) -> bool:
    """An object with ``partial_tree``."""
    return isinstance(document.json, dict) and isinstance(document.json.get("partial_tree"), dict)


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """The one path in the tree that leads to a node with a user; the root, where given, is the second file."""
    if not recognises(document):
        raise refuse(document, PUBLISHER, "the file is not an object with partial_tree")
    beside: list[tuple[_Entry, str]] = []
    try:
        own = _descend(document.json["partial_tree"], beside)
        anchor = None if document.anchor is None else _Entry((document.anchor.json or {}).get("root"))
    except (ValueError, AttributeError) as error:
        raise refuse(document, PUBLISHER, str(error)) from None
    entries = [own, *(entry for entry, _ in beside)]
    layout = _layout(max([DECIMAL_SCALE, *(entry.held.scale for entry in entries)]))
    scale = layout.coins[0].scale
    steps = tuple(
        PublishedStep(Node(entry.digest or b"", (entry.held.units(scale),)), "left" if side == "left" else "right")
        for entry, side in reversed(beside)
    )
    claim = Claim() if anchor is None else Claim(anchor.digest, {COIN: anchor.held.plain()})
    rule = HeapRule(NAME, layout, TEMPLATE)
    row = _row(layout, own.user or "", own.nonce or "", own.held)
    return (PublishedProof(rule, row, Claim(own.digest), steps, Claim(), anchor=claim),)


def _descend(tree: Any, beside: list[tuple[_Entry, str]]) -> _Entry:
    """From the root to the customer's leaf; ``beside`` takes each sibling and its side, the root's first."""
    node = tree
    while isinstance(node, dict) and (node.get("left") is not None or node.get("right") is not None):
        children = {side: node.get(side) for side in ("left", "right")}
        leading = [side for side, child in children.items() if _leads(child)]
        if len(leading) != 1 or len(beside) >= MAX_LEVELS:
            raise ValueError("the partial tree does not lead to exactly one customer")
        side = "right" if leading == ["left"] else "left"
        sibling = _Entry((children[side] or {}).get("data"))
        if sibling.digest is None:
            raise ValueError("a sibling has no hash")
        beside.append((sibling, side))
        node = children[leading[0]]
    own = _Entry(node.get("data") if isinstance(node, dict) else None)
    if own.user is None:
        raise ValueError("the partial tree holds no customer")
    return own


def _leads(child: Any) -> bool:
    """Whether a child is an inner node or the customer's leaf, not a bare sibling."""
    if not isinstance(child, dict):
        return False
    data = child.get("data")
    return "left" in child or "right" in child or (isinstance(data, dict) and "user" in data)


# ---- the complete tree


def recognises_tree(head: bytes) -> bool:
    """A JSON array of numbered nodes."""
    return re.match(rb'\s*\[\s*\{\s*"index"\s*:\s*0\s*,\s*"data"\s*:', head) is not None


def check(file: TreeFile, token: CancelToken) -> Operation[TreeCheck]:
    """Every leaf from its own fields, every inner node from its children."""
    tally = TreeTally(NAME, file)
    entries = _entries(file)
    scale = max([DECIMAL_SCALE, *(entry.held.scale for entry in entries)])
    rule = HeapRule(NAME, _layout(scale), TEMPLATE)
    inner = len(entries) // 2
    nodes: list[Node] = [Node(b"")] * len(entries)
    for at in reversed(range(len(entries))):
        entry = entries[at]
        published = f"{'' if entry.digest is None else entry.digest.hex()}, sum {entry.held.plain()}"
        if at >= inner:
            made = rule.leaf(_row(rule.layout, entry.user or "", entry.nonce or "", entry.held))
            if (made.sums[0] or 0) < 0:
                tally.negative(f"leaf at index {at}", entry.held.plain())
        else:
            made = rule.parent(nodes[2 * at + 1], nodes[2 * at + 2], 1)
        held = Amount(made.sums[0] or 0, scale).plain()
        tally.node(f"{'leaf' if at >= inner else 'node'} at index {at}", published, f"{made.digest.hex()}, sum {held}")
        known = Node(entry.digest or made.digest, (entry.held.units(scale),))
        nodes[at] = known if at else made
        if at % _STEP == 0:
            token.check()
            yield Progress(tally.nodes, len(entries), "nodes", "Published tree: hashing nodes")
    tally.nodes = inner
    total = Amount(sum(entry.held.units(scale) for entry in entries[inner:]), scale).plain()
    message = "The leaves of the published tree do not add up to the sum at its root."
    tally.compare("PROOF.SUMS", "sum at the root", entries[0].held.plain(), total, message)
    return tally.result(leaves=len(entries) - inner, root=nodes[0].digest.hex(), totals={COIN: total})


def _entries(file: TreeFile) -> list[_Entry]:
    """The array's nodes in order: an odd number, users in the last n of 2n - 1 and nowhere else."""
    path = file.paths[0]
    if len(file.paths) != 1:
        raise unreadable(path, PUBLISHER, "the tree is one file", observed=f"{len(file.paths)} files")
    data = read_whole(path, PUBLISHER)
    try:
        listed = strict_json.parse(data, file=path.name, code="PROOF.UNREADABLE", numbers="text", max_bytes=len(data))
    except AuditError as error:
        raise unreadable(path, PUBLISHER, error.what) from None
    if not isinstance(listed, list) or len(listed) % 2 == 0:
        raise unreadable(path, PUBLISHER, "the file is no array of 2n - 1 nodes")
    entries = []
    for at, item in enumerate(listed):
        if not isinstance(item, dict) or item.get("index") != str(at):
            raise unreadable(path, PUBLISHER, f"node {at} is missing, repeated or out of order")
        try:
            entry = _Entry(item.get("data"))
        except ValueError as error:
            raise unreadable(path, PUBLISHER, f"node {at}: {error}") from None
        if (entry.user is not None) != (at >= len(listed) // 2) or (entry.user is None and entry.digest is None):
            raise unreadable(path, PUBLISHER, f"node {at} is a leaf where a node should be, or the other way round")
        entries.append(entry)
    return entries


SCHEME = Scheme(
    name=NAME,
    title="olalonde, the Maxwell-Todd scheme",
    source="olalonde/proof-of-liabilities @d99c84df; merkle-schemes-more.md section 6",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=False,
        domain_separation=False,
        field_separators=True,
        salted=True,
        unique_ids=False,
    ),
    bind=bind,
    proof=ProofFormat(recognises, read, takes_anchor=True),
    tree=TreeFormat(recognises_tree, check),
)
