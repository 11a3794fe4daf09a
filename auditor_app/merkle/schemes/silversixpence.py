"""``silversixpence``: the tree of the Mazars reviews of 2022 (Binance, Crypto.com, KuCoin), published as level files.

Source: silversixpence-crypto/merkletree-verify @d4ec2fca, ``merkle-schemes-more.md`` section 8. Node =
SHA-256(left ‖ right) of raw bytes; a lone node moves up unchanged; no sums. The leaf is H of a text that is each
exchange's own: user id, salt, audit id and ``BTC=1.0000|ETH=…``; some hashed without a salt.

A level file ``tree-levelK.csv`` holds ``parent,K,left,right``; level 1 stands above the leaves. A ledger has the user
id first, a column ``salt`` where the exchange used one, and a decimal column for each coin, as written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from auditor_app.errors import LedgerError
from auditor_app.merkle.published_tree import TreeCheck, TreeFile, TreeFormat
from auditor_app.merkle.rule import Layout, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import Balances, BalanceText, Cell, Child, LeafPiece, Odd, Template, TemplateRule, Text
from auditor_app.merkle.text_sums import check_coins
from auditor_app.merkle.tree_reading import TreeLines, TreeTally, head_of, unreadable
from auditor_app.operation import CancelToken, Operation, Progress

NAME = "silversixpence"
PUBLISHER = "the reviewer"
MAX_LEVELS = 40
_STEP = 1 << 14
_AUDIT_ID = re.compile(r"[0-9A-Za-z_.:-]{1,128}\Z", re.ASCII)
_ROW = re.compile(rb"([0-9a-f]{64}),([1-9][0-9]?),([0-9a-f]{64}),([0-9a-f]{64})\Z")


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger with the texts that were hashed."""
    audit = take_parameters(NAME, SCHEME.parameters, parameters)["auditId"]
    if not _AUDIT_ID.match(audit):
        raise LedgerError("SCHEME.PARAMETERS", "the parameter auditId is no plain id", observed=audit[:80])
    check_coins(NAME, layout)
    salted: tuple[LeafPiece, ...] = (Cell("salt"),) if any(column.name == "salt" for column in layout.columns) else ()
    listed = BalanceText(order=tuple(coin.name for coin in layout.coins), between="=", joiner="|", number=None)
    template = Template(
        leaf=(Cell(), *salted, Text(audit.encode("ascii")), Balances(listed)),
        node=(Child("left", "raw"), Child("right", "raw")),
        odd=Odd.PROMOTE,
        sums=False,
    )
    return TemplateRule(NAME, layout, template)


# ---- the published level files


def recognises(head: bytes) -> bool:
    """The first row is a parent with its level and two children."""
    return _ROW.match(head.partition(b"\n")[0].rstrip(b"\r")) is not None


def check(file: TreeFile, token: CancelToken) -> Operation[TreeCheck]:
    """Every parent recalculated, and every level's children compared with the parents of the level below."""
    tally = TreeTally(NAME, file)
    below = bytearray()
    leaves = 0
    lone: bytes | None = None
    for level, path in enumerate(_in_order(file.paths), 1):
        parents, children = bytearray(), bytearray()
        for row, (parent, left, right) in _rows(TreeLines(path, PUBLISHER), level):
            tally.node(f"node in row {row} of {path.name}", parent.hex(), hashlib.sha256(left + right).hexdigest())
            parents += parent
            children += left + right
            if row % _STEP == 0:
                token.check()
                yield Progress(tally.nodes, None, "nodes", "Published tree: hashing nodes")
        if lone is not None:
            below += lone
        if level == 1:
            leaves = len(children) // 32
        elif len(children) == len(below) + 32 and lone is None:
            leaves += 1  # a lone leaf stands in no row until it gets a partner
            below += children[-32:]
        lone = bytes(below[-32:]) if level > 1 and len(below) == len(children) + 32 else None
        if level > 1 and (children != below[: len(children)] or len(below) - len(children) not in (0, 32)):
            _disagree(tally, level, path, bytes(below), bytes(children))
        below = parents
    if lone is not None or len(below) != 32:
        raise unreadable(file.paths[-1], PUBLISHER, "the levels do not end in one root", expected="1 node")
    return tally.result(leaves=leaves, root=below.hex())


def _disagree(tally: TreeTally, level: int, path: Path, below: bytes, children: bytes) -> None:
    """The first child of a level that is not the parent of the level below at its place."""
    places = range(0, max(len(below), len(children)), 32)
    at = next(at for at in places if below[at : at + 32] != children[at : at + 32])
    tally.disagreeing += 1
    message = f"The children in {path.name} are not the parents of level {level - 1}, first at node {at // 32 + 1}."
    tally.add("PROOF.NODE", message, below[at : at + 32].hex() or "none", children[at : at + 32].hex() or "none")


def _in_order(paths: tuple[Path, ...]) -> list[Path]:
    """The files from the leaves up; each level once and none missing."""
    levels: dict[int, Path] = {}
    for path in paths:
        match = _ROW.match(head_of(path).partition(b"\n")[0].rstrip(b"\r"))
        if match is None:
            raise unreadable(path, PUBLISHER, "the file is no level of a tree", expected="parent,level,left,right")
        level = int(match[2])
        if level in levels:
            raise unreadable(path, PUBLISHER, f"level {level} is given twice", observed=levels[level].name)
        levels[level] = path
    if len(levels) > MAX_LEVELS or sorted(levels) != list(range(1, len(levels) + 1)):
        missing = next(level for level in range(1, MAX_LEVELS + 2) if level not in levels)
        raise unreadable(paths[0], PUBLISHER, f"the file of level {missing} is missing")
    return [levels[level] for level in sorted(levels)]


def _rows(lines: TreeLines, level: int) -> Iterator[tuple[int, tuple[bytes, bytes, bytes]]]:
    """Row number, parent and children."""
    for row, line in lines:
        match = _ROW.match(line)
        if match is None or int(match[2]) != level:
            raise lines.refuse(row, "the row is no node of this level", f"parent,{level},left,right", line)
        parent, left, right = (bytes.fromhex(match[number].decode("ascii")) for number in (1, 3, 4))
        yield row, (parent, left, right)


SCHEME = Scheme(
    name=NAME,
    title="Mazars and Silver Sixpence",
    source="silversixpence-crypto/merkletree-verify @d4ec2fca; merkle-schemes-more.md section 8",
    properties=Properties(
        digest_bits=256, binds_child_sums=None, domain_separation=False, field_separators=False, salted=True
    ),
    parameters={"auditId": "the id of the audit round, such as PR22NOV22"},
    bind=bind,
    tree=TreeFormat(recognises, check),
)
