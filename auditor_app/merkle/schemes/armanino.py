"""``armanino-split`` and ``armanino-concat``: the auditor's own tool of Armanino, today The Network Firm.

Source: thenetworkfirm/proof-of-reserves-merkle-tree-tool @a824ed23 (2021), ``merkle-schemes.md`` section 5. Leaf split
= H(H(uid) ‖ H(all balances, as written, without separators)), leaf concatenated = H(uid,COIN:b,…) with trailing zeros
cut and ``.0`` behind whole numbers; both are cut to 16 hex digits, 8 bytes in the tree. Node = SHA-256(left ‖ right) of
raw bytes, 32 bytes; a lone node moves up unchanged. No sums: the tool prints totals beside the root.

A ledger has its id first and a decimal column for each coin, in the order of the tool's input. The published tree is
``output_merkle_tree.txt``, a list of leaves; ``output_merkle_root.txt`` may stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from auditor_app.merkle.published_tree import TreeCheck, TreeFile, TreeFormat
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import (
    Balances,
    BalanceText,
    Cell,
    Child,
    Hashed,
    LeafPiece,
    NumberForm,
    Odd,
    Template,
    TemplateRule,
    Text,
)
from auditor_app.merkle.text_sums import check_coins
from auditor_app.merkle.tree import TreeBuilder
from auditor_app.merkle.tree_reading import TreeLines, TreeTally, head_of, read_whole, unreadable
from auditor_app.operation import CancelToken, Operation, Progress

LEAF_BYTES = 8
PUBLISHER = "the tool"
SPLIT, CONCAT = "armanino-split", "armanino-concat"
_FIRST_LINE = b"Level\tHash"
_LEAF = re.compile(rb"([1-9][0-9]?),(0|[1-9][0-9]{0,17})\t([0-9a-f]{16})\Z")
_ROOT = re.compile(rb"[0-9a-f]{16}(?:[0-9a-f]{48})?\Z")
_STEP = 20_000


def template(leaf: tuple[LeafPiece, ...]) -> Template:
    """Whole, raw nodes over one of the two leaves, cut to 8 bytes."""
    return Template(
        leaf=leaf,
        node=(Child("left", "raw"), Child("right", "raw")),
        odd=Odd.PROMOTE,
        leaf_bytes=LEAF_BYTES,
        sums=False,
    )


def split_leaf(layout: Layout) -> tuple[LeafPiece, ...]:
    """Hash of the id's hash and of the hash of all balances."""
    listed = BalanceText(order=_names(layout), joiner="", named=False, number=None)
    return Hashed((Cell(),)), Hashed((Balances(listed),))


def concat_leaf(layout: Layout) -> tuple[LeafPiece, ...]:
    """Hash of the id and every coin with its balance."""
    listed = BalanceText(order=_names(layout), number=NumberForm(whole=".0", zero="0.0"))
    return Cell(), Text(b","), Balances(listed)


def _names(layout: Layout) -> tuple[str, ...]:
    return tuple(coin.name for coin in layout.coins)


def bind(mode: str, layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger; it takes no parameters."""
    take_parameters(mode, {}, parameters)
    check_coins(mode, layout)
    leaf = split_leaf(layout) if mode == SPLIT else concat_leaf(layout)
    return TemplateRule(mode, layout, template(leaf))


# ---- the published list of leaves


def recognises(head: bytes) -> bool:
    """The heading of ``output_merkle_tree.txt``."""
    return head.startswith((_FIRST_LINE + b"\r\n", _FIRST_LINE + b"\n"))


def check(mode: str, file: TreeFile, token: CancelToken) -> Operation[TreeCheck]:
    """The root over the listed leaves; a second file is the tool's root file."""
    tally = TreeTally(mode, file)
    listed = sorted(file.paths, key=lambda path: not recognises(head_of(path)))
    if len(listed) > 2:
        raise unreadable(listed[2], PUBLISHER, "a leaf list comes alone or with the tool's root file")
    lines = TreeLines(listed[0], PUBLISHER)
    builder = TreeBuilder(TemplateRule(mode, Layout((), ()), template(())))
    levels = b""
    for row, line in lines:
        if row == 1:
            continue
        match = _LEAF.match(line)
        if match is None or int(match[2]) != builder.leaf_count or levels not in (b"", match[1]):
            raise lines.refuse(row, "the line is not the next leaf", f"levels,{builder.leaf_count} and a hash", line)
        levels = match[1]
        builder.add([Node(bytes.fromhex(match[3].decode("ascii")))])
        if row % _STEP == 0:
            token.check()
            yield Progress(row, None, "leaves", "Published tree: hashing leaves")
    built = builder.finish()
    if built.root is None:
        raise unreadable(listed[0], PUBLISHER, "the list has no leaves")
    root = built.root.digest.hex()
    tally.nodes = built.leaf_count - 1
    counted = str(built.depth + 1)
    tally.compare(
        "PROOF.NODE", "levels", levels.decode("ascii"), counted, "The list states another number of levels than it has."
    )
    if len(listed) == 2:
        stated = read_whole(listed[1], PUBLISHER, max_bytes=4096).strip()
        if not _ROOT.match(stated):
            raise unreadable(listed[1], PUBLISHER, "the second file is not the tool's root file")
        message = "The root recalculated from the listed leaves is not the one in the root file."
        tally.compare("PROOF.ROOT", "root in the file", stated.decode("ascii"), root, message)
    return tally.result(leaves=built.leaf_count, root=root)


def _scheme(mode: str, title: str, *, separators: bool) -> Scheme:
    return Scheme(
        name=mode,
        title=title,
        source="thenetworkfirm/proof-of-reserves-merkle-tree-tool @a824ed23; merkle-schemes.md section 5",
        properties=Properties(
            digest_bits=8 * LEAF_BYTES, binds_child_sums=None, domain_separation=False, field_separators=separators
        ),
        bind=partial(bind, mode),
        tree=TreeFormat(recognises, partial(check, mode)),
    )


SCHEME_SPLIT = _scheme(SPLIT, "Armanino, balances hashed apart", separators=False)
SCHEME_CONCAT = _scheme(CONCAT, "Armanino, one text", separators=True)
