"""``weex``: WEEX's published lists of hashes and balances, one folder for each asset.

Source: weexpublic/weex-proof-of-reserves-verify @0a70b72 and @ab0dd60, ``merkle-schemes-more.md`` section 13. Leaf =
H(line) of a line ``hash,balance``, node = H(left ‖ right) of hex text, a lone node is paired with itself. The folder
holds the customers' lists (first line ``POR[user]``), the exchange's own (``POR[platform]``) and ``metadata``: both
roots, the number of files of each, and a customer's first hash with the number of lines that are that customer's.

A ledger has the hash first (token or hex64) and one decimal column, written as in the lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor_app.amounts import Amount
from auditor_app.errors import LedgerError
from auditor_app.ledger.columns import is_amount
from auditor_app.merkle.amount_text import MAX_SCALE, AmountText
from auditor_app.merkle.proof_file import load_document
from auditor_app.merkle.published_tree import TreeCheck, TreeFile, TreeFormat
from auditor_app.merkle.rule import Layout, Row, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import Child, Odd, RowText, Template, TemplateRule
from auditor_app.merkle.tree import TreeBuilder
from auditor_app.merkle.tree_reading import TreeLines, TreeTally, head_of, unreadable
from auditor_app.operation import CancelToken, Operation, Progress

NAME = "weex"
PUBLISHER = "WEEX"
USERS, PLATFORM = b"POR[user]", b"POR[platform]"
TEMPLATE = Template(
    leaf=(RowText(),),
    node=(Child("left"), Child("right")),
    odd=Odd.DUPLICATE,
    sums=False,
)
_METADATA = re.compile(rb'\s*\{[^{}]{0,3000}"userMerkleRoot"')
_LINE = re.compile(rb"([!-+\--~]{1,200}),([0-9.eE+-]{1,120})\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_COUNT = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z", re.ASCII)
_SEQUENCE = re.compile(r"_([0-9]{1,9})-[^_]*\Z")
_STEP = 20_000


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger; it takes no parameters."""
    take_parameters(NAME, {}, parameters)
    amounts = [column for column in layout.columns if is_amount(column)]
    if len(layout.columns) != 2 or len(amounts) != 1 or amounts[0].type != "decimal" or amounts[0].optional:
        raise LedgerError(
            "SCHEME.PARAMETERS",
            "the scheme weex hashes lines of a hash and a balance",
            expected="hash:token,BTC:decimal",
        )
    return TemplateRule(NAME, layout, TEMPLATE)


# ---- the published folder


@dataclass(frozen=True, slots=True)
class Metadata:
    """What ``metadata`` states; ``head`` and ``count`` say which lines are the customer's."""

    roots: Mapping[bytes, str]
    files: Mapping[bytes, int]
    head: str | None
    count: int


def recognises(head: bytes) -> bool:
    """The first line of a list, or the metadata."""
    return head.startswith((USERS, PLATFORM)) or _METADATA.match(head) is not None


def check(file: TreeFile, token: CancelToken) -> Operation[TreeCheck]:
    """Both roots from their lists, the customers' balances added up, and the customer's own lines."""
    tally = TreeTally(NAME, file)
    lists, metadata = _sorted_out(file.paths)
    if not lists[USERS]:
        raise unreadable(file.paths[0], PUBLISHER, "no list of customers is among the files", expected="POR[user]")
    if metadata is not None:
        _compare_counts(lists, metadata, tally)
    users = _List(lists[USERS], None if metadata is None else metadata.head, 0 if metadata is None else metadata.count)
    yield from users.read(tally, token)
    root = users.root
    if metadata is not None:
        message = "The root recalculated from the customers' list is not the one in the metadata."
        tally.compare("PROOF.ROOT", "root in the metadata", metadata.roots[USERS], root, message)
    if lists[PLATFORM]:
        platform = _List(lists[PLATFORM], None, 0)
        yield from platform.read(tally, token)
        stated = platform.root if metadata is None else metadata.roots[PLATFORM]
        message = "The root recalculated from the exchange's own list is not the one in the metadata."
        tally.compare("PROOF.ROOT", "the exchange's own root in the metadata", stated, platform.root, message)
    if users.head is not None:
        _trace(users, tally)
    tally.nodes = max(users.leaves - 1, 0)
    return tally.result(leaves=users.leaves, root=root, totals={"balance": users.total.plain()})


class _List:
    """One list over its files: its root, its total, and the lines of one customer."""

    def __init__(self, paths: Sequence[Path], head: str | None, count: int) -> None:
        self._paths = paths
        self.head = head
        self.count = count
        self.found = 0
        self.own = Amount(0, MAX_SCALE)
        self.total = Amount(0, MAX_SCALE)
        self._builder = TreeBuilder(TemplateRule(NAME, Layout((), ()), TEMPLATE))

    @property
    def leaves(self) -> int:
        """How many lines it has."""
        return self._builder.leaf_count

    @property
    def root(self) -> str:
        """Its root."""
        built = self._builder.finish()
        if built.root is None:
            raise unreadable(self._paths[0], PUBLISHER, "the list has no lines")
        return built.root.digest.hex()

    def read(self, tally: TreeTally, token: CancelToken) -> Operation[None]:
        """Hash every line and add up its balance; the customer's are the first that begin with the head, and the next."""
        leaf = self._builder.rule.leaf
        total = own = 0
        for where, line in self._lines():
            match = _LINE.match(line)
            try:
                amount = None if match is None else AmountText.parse(match[2].decode("ascii"))
            except ValueError:
                amount = None
            if match is None or amount is None:
                raise unreadable(where[0], PUBLISHER, "the line is no hash and balance", row=where[1])
            units = amount.units(MAX_SCALE)
            total += units
            if units < 0:
                tally.negative(f"line {where[1]} of {where[0].name}", amount.plain())
            starts = self.head is not None and not self.found and line.startswith(self.head.encode("ascii"))
            if (starts or self.found) and self.found < self.count:
                self.found += 1
                own += units
            self._builder.add([leaf(Row(self.leaves, line, (), ()))])
            if self.leaves % _STEP == 0:
                token.check()
                yield Progress(self.leaves, None, "leaves", "Published list: hashing leaves")
        self.total, self.own = Amount(total, MAX_SCALE), Amount(own, MAX_SCALE)

    def _lines(self) -> Iterator[tuple[tuple[Path, int], bytes]]:
        for path in self._paths:
            for row, line in TreeLines(path, PUBLISHER):
                if line not in (USERS, PLATFORM):
                    yield (path, row), line


def _trace(users: _List, tally: TreeTally) -> None:
    """The customer's lines."""
    tally.observe(
        "the customer's lines",
        str(users.count),
        f"{users.found}, with {users.own.plain()} in all",
        agrees=users.found == users.count,
    )
    if users.found != users.count:
        message = "The list does not hold the lines that the metadata says are the customer's."
        tally.add("TREE.UNTRACED", message, f"{users.count} lines", f"{users.found} lines")


def _compare_counts(lists: Mapping[bytes, Sequence[Path]], metadata: Metadata, tally: TreeTally) -> None:
    """The number of files of both kinds."""
    for kind, name in ((USERS, "customers' files"), (PLATFORM, "files of the exchange's own")):
        message = f"The metadata states another number of {name} than there are."
        tally.compare("ROWS.COUNT", name, str(metadata.files[kind]), str(len(lists[kind])), message)


def _sorted_out(paths: Sequence[Path]) -> tuple[dict[bytes, list[Path]], Metadata | None]:
    """The lists, in the order of the numbers in their names, and the metadata."""
    lists: dict[bytes, list[Path]] = {USERS: [], PLATFORM: []}
    metadata = None
    for path in paths:
        head = head_of(path)
        first = head.partition(b"\n")[0].strip()
        if first in lists:
            lists[first].append(path)
        elif _METADATA.match(head) and metadata is None:
            metadata = _metadata(path)
        else:
            raise unreadable(path, PUBLISHER, "the file is neither a list nor the metadata")
    for listed in lists.values():
        numbers = [_SEQUENCE.search(path.name) for path in listed]
        if all(numbers):
            listed.sort(key=lambda path: int(match[1]) if (match := _SEQUENCE.search(path.name)) else 0)
    return lists, metadata


def _metadata(path: Path) -> Metadata:
    """The metadata, each field checked for form."""
    document = load_document(path, options={})
    fields: Mapping[str, Any] = document.json if isinstance(document.json, dict) else {}
    texts = {name: str(fields.get(name)) for name in ("userMerkleRoot", "platformMerkleRoot")}
    counts = {name: str(fields.get(name)) for name in ("userFileCount", "platformFileCount")}
    count = str(fields.get("n", "0"))
    head = fields.get("userHeadHash")
    well_formed = (
        all(_HASH.match(text) for text in texts.values())
        and all(_COUNT.match(text) for text in (*counts.values(), count))
        and (head is None or (isinstance(head, str) and re.fullmatch(r"[!-+\--~]{1,200}", head)))
    )
    if not well_formed:
        raise unreadable(path, PUBLISHER, "the metadata lacks a root, a number of files or a usable first hash")
    return Metadata(
        {USERS: texts["userMerkleRoot"], PLATFORM: texts["platformMerkleRoot"]},
        {USERS: int(counts["userFileCount"]), PLATFORM: int(counts["platformFileCount"])},
        None if head is None else str(head),
        int(count),
    )


SCHEME = Scheme(
    name=NAME,
    title="WEEX",
    source="weexpublic/weex-proof-of-reserves-verify @0a70b72; merkle-schemes-more.md section 13",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=None,
        domain_separation=False,
        field_separators=True,
        duplicates_odd=True,
        salted=True,
        unique_ids=False,
        confirmed=False,
    ),
    bind=bind,
    tree=TreeFormat(recognises, check),
)
