"""``bifubao``: Bifubao's sum tree of 2014, of 8-byte hashes over leaves sorted by hash, with both padding rules.

Source: bifubao/proof_of_reserves @ab4a0921, ``merkle-schemes-more.md`` section 7. Leaf = SHA-256(uid ‖ balance with 16
digits), node = SHA-256(sum as 8 bytes little-endian ‖ left ‖ right), each cut to 8 bytes. A lone node is paired with
itself, balance included (``duplicate``, as in the published table: its root is 3.1 % above the true total), or with the
leaf of ``EMPTY_NODE_STRING`` and 0 (``empty``, the current code).

The published tree is a table of ``number<TAB>level<TAB>sum<TAB>hash``. A ledger has the uid first and one column of base
units.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from auditor_app.errors import LedgerError, Location, ProofError, UsageError
from auditor_app.ledger.columns import is_amount
from auditor_app.merkle.published import ProofDocument
from auditor_app.merkle.published_tree import TreeCheck, TreeFile, TreeFormat
from auditor_app.merkle.rule import Layout, Node, Row, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.tree_reading import TreeLines, TreeTally, unreadable
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.statement import Column

NAME = "bifubao"
PUBLISHER = "Bifubao"
DIGEST_BYTES = 8
PADDINGS = ("duplicate", "empty")
EMPTY_UID = b"EMPTY_NODE_STRING"
_ROW = re.compile(
    rb"(0|[1-9][0-9]{0,8})\t(0|[1-9][0-9]?)\t(-?(?:0|[1-9][0-9]{0,18}))\t([0-9a-f]{16})"
    rb"(?P<note>[ \t]*//[ -~]{0,200})?[ \t]*\Z"
)
_SUMMARY = re.compile(rb"(0|[1-9][0-9]{0,8})\t(0|[1-9][0-9]{0,18})\t(0|[1-9][0-9]{0,18})\t(0|[1-9][0-9]?)\Z")
_INPUT = re.compile(rb"([!-~]{1,128})\t(0|[1-9][0-9]{0,18})\Z")
_PADDING_NOTE = b"padding"
MAX_NODES = 2**22


def leaf_text(uid: bytes, balance: int) -> bytes:
    """What a leaf hashes: the balance with at least 16 digits, a minus counted among them."""
    return uid + b"%016d" % balance


def _cut(preimage: bytes) -> bytes:
    return hashlib.sha256(preimage).digest()[:DIGEST_BYTES]


def _word(value: int) -> bytes:
    """The sum as the scheme's 64-bit integer; :class:`LedgerError` ``RANGE.FIELD`` if it does not fit."""
    if not -(2**63) <= value < 2**63:
        raise LedgerError(
            "RANGE.FIELD",
            "a sum does not fit the 64 bits in which the scheme hashes it",
            expected=f"{-(2**63)} to {2**63 - 1}",
            observed=str(value),
        )
    return value.to_bytes(8, "little", signed=True)


class BifubaoRule(Rule):
    """Leaves sorted by hash, and one of the two padding rules."""

    arranges = True

    def __init__(self, layout: Layout, padding: str) -> None:
        super().__init__(NAME, layout)
        self._empty = None if padding == "duplicate" else Node(_cut(leaf_text(EMPTY_UID, 0)), (0,))

    def tree_order(self, leaves: Sequence[Node]) -> Sequence[int]:
        """By hash."""
        return sorted(range(len(leaves)), key=lambda index: leaves[index].digest)

    def leaf_preimage(self, row: Row) -> bytes:
        """The uid and the balance."""
        return leaf_text(row.cells[0], row.units[0] or 0)

    def leaf(self, row: Row) -> Node:
        """The first 8 bytes of the hash."""
        _word(row.units[0] or 0)
        return Node(_cut(self.leaf_preimage(row)), (row.units[0] or 0,))

    def partner(self, node: Node, level: int) -> Node | None:
        """The node itself, or the empty leaf."""
        return self._empty or node

    def parent_preimage(self, left: Node, right: Node | None, level: int) -> bytes:
        """The sum and both hashes."""
        right = self.partner(left, level - 1) if right is None else right
        return _word(_sum(left, right)) + left.digest + (b"" if right is None else right.digest)

    def parent(self, left: Node, right: Node | None, level: int) -> Node:
        """The first 8 bytes of the hash, with the sum."""
        right = self.partner(left, level - 1) if right is None else right
        return Node(_cut(self.parent_preimage(left, right, level)), (_sum(left, right),))


def _sum(left: Node, right: Node | None) -> int:
    return sum(child.sums[0] or 0 for child in (left, right) if child is not None)


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger."""
    padding = take_parameters(NAME, SCHEME.parameters, parameters)["padding"]
    amounts = [column for column in layout.columns if is_amount(column)]
    if padding not in PADDINGS:
        expected = " or ".join(PADDINGS)
        raise LedgerError("SCHEME.PARAMETERS", "no such padding", expected=expected, observed=padding[:80])
    if len(amounts) != 1 or amounts[0].type != "base-units" or amounts[0].optional:
        raise LedgerError(
            "SCHEME.PARAMETERS",
            "the scheme bifubao hashes one balance, in whole base units",
            expected="one column such as BTC:base-units/8",
        )
    return BifubaoRule(layout, padding)


# ---- the published table


def recognises(head: bytes) -> bool:
    """The first row is node 0 of level 0."""
    match = _ROW.match(head.partition(b"\n")[0].rstrip(b"\r"))
    return match is not None and match[1] == match[2] == b"0"


@dataclass(frozen=True, slots=True)
class _Table:
    """The published table: its levels, the places of padding nodes, and the summary row where there is one."""

    levels: list[list[Node]]
    padding: set[tuple[int, int]]
    summary: tuple[int, int, int] | None

    @property
    def leaves(self) -> list[Node]:
        """The leaves that are no padding."""
        return [node for at, node in enumerate(self.levels[0]) if (0, at) not in self.padding]


def check(file: TreeFile, token: CancelToken) -> Operation[TreeCheck]:
    """Every node of the table by the padding rule asked for, or by the one that agrees with more of the table."""
    asked = file.options.get("padding")
    if asked is not None and asked not in PADDINGS:
        raise UsageError("USAGE", "no such padding", expected=" or ".join(PADDINGS), observed=asked[:80])
    table = _read(file)
    listed = None if file.customer is None else _inputs(file.customer)
    tried: dict[str, list[list[Node]]] = {}
    for padding in (asked,) if asked else PADDINGS:
        token.check()
        yield Progress(len(tried), None, "rules", f"Published tree: hashing nodes, padding {padding}")
        tried[padding] = _recalculated(table, padding, listed)
    rows = sum(len(level) for level in table.levels)
    agreeing = {padding: _agreeing(table.levels, made) for padding, made in tried.items()}
    made = tried[max(agreeing, key=lambda padding: agreeing[padding])]
    tally = TreeTally(NAME, file)
    for level, (published, computed) in enumerate(zip(table.levels, made, strict=True)):
        for at, (row, node) in enumerate(zip(published, computed, strict=True)):
            tally.node(f"node {at} on level {level}", _shown(row), _shown(node))
    tally.nodes -= len(table.levels[0])
    for padding, count in agreeing.items():
        tally.observe(f"rows that agree, padding {padding}", str(rows), str(count), agrees=count == rows)
    _compare(table, listed, tally)
    total = str(sum(node.sums[0] or 0 for node in table.leaves))
    return tally.result(
        leaves=len(table.leaves),
        root=made[-1][0].digest.hex(),
        totals={"base units": total},
        padding=len(table.padding),
    )


def _compare(table: _Table, listed: list[Node] | None, tally: TreeTally) -> None:
    """Order, signs and sums of the leaves."""
    leaves = table.leaves
    for at, node in enumerate(leaves):
        if (node.sums[0] or 0) < 0:
            tally.negative(f"leaf {at}", str(node.sums[0]))
    digests = [node.digest for node in leaves]
    if digests != sorted(digests):
        tally.add("PROOF.NODE", "The leaves are not in the order of their hashes.")
    if listed is not None:
        message = "The list beside the table has another number of customers than the table has leaves."
        tally.compare("ROWS.COUNT", "customers in the list", str(len(listed)), str(len(leaves)), message)
    total = sum(node.sums[0] or 0 for node in leaves)
    if table.summary is not None:
        users, owed, _ = table.summary
        message = "The table's last row states another number of customers than it has leaves."
        tally.compare("ROWS.COUNT", "customers stated", str(users), str(len(leaves)), message)
        message = "The table's last row states another total than its leaves have."
        tally.compare("PROOF.SUMS", "total stated", str(owed), str(total), message)
    root = table.levels[-1][0].sums[0]
    message = "The sum at the root is not that of the leaves: padding is counted in it, or a sum is wrong."
    tally.compare("PROOF.SUMS", "sum at the root", str(root), str(total), message)


def _inputs(document: ProofDocument) -> list[Node]:
    """The leaves of the list of customers beside the table, ``uid<TAB>balance``, sorted by hash."""
    leaves = []
    for number, line in enumerate(document.data.splitlines(), 1):
        match = _INPUT.match(line.rstrip())
        if match is None:
            raise ProofError(
                "PROOF.UNREADABLE",
                "the row is no customer of the list",
                at=Location(document.file, row=number),
                expected="uid<TAB>balance",
            )
        leaves.append(Node(_cut(leaf_text(match[1], int(match[2]))), (int(match[2]),)))
    return sorted(leaves, key=lambda leaf: leaf.digest)


def _read(file: TreeFile) -> _Table:
    """The table; :class:`ProofError` for anything out of form."""
    if len(file.paths) != 1:
        raise unreadable(file.paths[0], PUBLISHER, "the table is one file", observed=f"{len(file.paths)} files")
    lines = TreeLines(file.paths[0], PUBLISHER)
    levels: list[list[Node]] = []
    marked = set()
    summary: tuple[int, int, int] | None = None
    for row, line in lines:
        last = _SUMMARY.match(line)
        if last is not None and levels and summary is None:
            summary = (int(last[1]), int(last[2]), int(last[3]))
            continue
        match = _ROW.match(line)
        if match is None or int(match[1]) != row - 1 or row > MAX_NODES or summary is not None:
            raise lines.refuse(row, "the row is not the next node", f"{row - 1}<TAB>level<TAB>sum<TAB>hash", line)
        level = int(match[2])
        if level == len(levels) and (not levels or len(levels[-1]) > 1):
            levels.append([])
        if level != len(levels) - 1:
            raise lines.refuse(row, "the level is out of order", str(len(levels) - 1), match[2])
        if match["note"] and _PADDING_NOTE in match["note"]:
            marked.add((level, len(levels[level])))
        levels[level].append(Node(bytes.fromhex(match[4].decode("ascii")), (int(match[3]),)))
    for below, above in pairwise(levels):
        half = len(below) // 2
        if len(below) % 2 or len(above) not in (half, half + (half % 2 if half > 1 else 0)):
            raise lines.refuse(None, "a level does not have half the nodes of the level below")
    if not levels or len(levels[-1]) != 1:
        raise lines.refuse(None, "the table does not end in one root")
    return _Table(levels, marked | _unmarked_padding(levels), summary)


def _unmarked_padding(levels: list[list[Node]]) -> set[tuple[int, int]]:
    """Nodes behind the last parent of the level below: padding, whether the table says so or not."""
    return {
        (level, at) for level in range(1, len(levels)) for at in range(len(levels[level - 1]) // 2, len(levels[level]))
    }


def _recalculated(table: _Table, padding: str, listed: list[Node] | None) -> list[list[Node]]:
    """Every node from those below it; leaves from the list where there is one, padding by the rule."""
    rule = BifubaoRule(_LAYOUT, padding)
    made: list[list[Node]] = []
    for level, nodes in enumerate(table.levels):
        row: list[Node] = []
        for at, node in enumerate(nodes):
            if (level, at) in table.padding:
                row.append((rule.partner(row[-1], level) if row else None) or node)
            elif level == 0:
                row.append(node if listed is None or at >= len(listed) else listed[at])
            else:
                row.append(rule.parent(made[-1][2 * at], made[-1][2 * at + 1], level))
        made.append(row)
    return made


def _agreeing(levels: list[list[Node]], made: list[list[Node]]) -> int:
    """Rows of the table that are as recalculated."""
    return sum(
        row == node for level, nodes in zip(levels, made, strict=True) for row, node in zip(level, nodes, strict=True)
    )


def _shown(node: Node) -> str:
    return f"{node.digest.hex()}, sum {node.sums[0]}"


_LAYOUT = Layout.of((Column(name="uid", type="token"), Column(name="BTC", type="base-units", decimals=8)))


SCHEME = Scheme(
    name=NAME,
    title="Bifubao, 2014",
    source="bifubao/proof_of_reserves @ab4a0921; merkle-schemes-more.md section 7",
    properties=Properties(
        digest_bits=8 * DIGEST_BYTES,
        binds_child_sums=False,
        domain_separation=False,
        field_separators=False,
        duplicates_odd=True,
        unique_ids=True,
    ),
    parameters={"padding": "duplicate for the published table, empty for the current code"},
    bind=bind,
    tree=TreeFormat(recognises, check, {"padding": "duplicate or empty; both are tried unless it is given"}),
)
