"""The file that most publishers of text-hash sum trees give their customers: ``{"self": {...}, "path": [...]}``.

``path`` lists the sibling of every level, upwards, and the root last. Publishers differ in the names of the fields, in
how levels count, in how the side is written and in whether amounts are strings; :class:`PathFields` says which.
Everything is checked for form here, so that a scheme's reader meets only whole entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor_app.errors import Location, ProofError
from auditor_app.ledger.columns import DECIMAL_SCALE
from auditor_app.merkle.amount_text import AmountText
from auditor_app.merkle.published import MAX_LEVELS, Claim, ProofDocument, PublishedStep, Side
from auditor_app.merkle.rule import Layout, Node, Row
from auditor_app.snapshot.statement import Column

MAX_COINS = 200
_COIN = re.compile(r"[0-9A-Za-z._+-]{1,32}\Z", re.ASCII)
_TEXT = re.compile(r"[0-9A-Za-z_.:-]{1,128}\Z", re.ASCII)
_HEX = re.compile(r"[0-9a-f]+\Z", re.ASCII)
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z", re.ASCII)

Balances = Mapping[str, AmountText]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFields:
    """One publisher's names. ``kinds`` gives the meaning of the side field's values.

    Levels count up from 1 at the leaf, or ``downwards`` to 1 at the root. ``numbers`` accepts JSON numbers as amounts.
    """

    publisher: str
    digest: str = "hash"
    digest_bytes: int = 32
    balances: str = "balances"
    level: str = "height"
    kind: str = "type"
    kinds: Mapping[str, str]
    downwards: bool = False
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One entry: ``kind`` is ``left``, ``right``, ``root``, ``padding``, or empty where the file says nothing."""

    level: int
    kind: str
    digest: bytes
    balances: Balances
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PathFile:
    """One customer's path: the leaf, its siblings upwards, the root, and the coins of all in the file's own order."""

    own: PathEntry
    siblings: tuple[PathEntry, ...]
    root: PathEntry
    coins: tuple[str, ...]

    @property
    def entries(self) -> tuple[PathEntry, ...]:
        """All entries, the leaf first."""
        return (self.own, *self.siblings, self.root)

    def layout(self, identity: Sequence[str]) -> Layout:
        """The columns that a ledger of this tree would have, at a scale that holds every amount of the file."""
        columns = (
            *(Column(name=name, type="token") for name in identity),
            *(Column(name=coin, type="decimal", optional=True, signed=True) for coin in self.coins),
        )
        return Layout.of(columns, longest_scale(entry.balances for entry in self.entries))

    def claims_side(self) -> Side | None:
        """The side that the file gives for the leaf."""
        return "left" if self.own.kind == "left" else "right" if self.own.kind == "right" else None


def longest_scale(balances: Iterable[Balances]) -> int:
    """The most decimals of any amount, and no fewer than a ledger's cells may have."""
    return max([DECIMAL_SCALE, *(amount.scale for held in balances for amount in held.values())])


def refuse(document: ProofDocument, publisher: str, what: str, expected: str = "", observed: str = "") -> ProofError:
    """The error for a file that is not as ``publisher`` issues it."""
    return ProofError(
        "PROOF.UNREADABLE",
        what,
        at=Location(document.file),
        expected=expected,
        observed=observed[:200],
        action=f"Ask for the file as {publisher} issues it.",
    )


def has_form(document: ProofDocument, *own: str) -> bool:
    """An object with ``self`` and ``path`` whose ``self`` has the fields ``own``."""
    if not isinstance(document.json, dict) or not {"self", "path"} <= document.json.keys():
        return False
    return isinstance(document.json["self"], dict) and set(own) <= document.json["self"].keys()


class PathReader:
    """Reads one document by one publisher's fields; every refusal names the entry and the field."""

    def __init__(self, document: ProofDocument, fields: PathFields) -> None:
        self._document = document
        self._fields = fields

    def refuse(self, what: str, expected: str = "", observed: str = "") -> ProofError:
        """The error to raise."""
        return refuse(self._document, self._fields.publisher, what, expected, observed)

    def read(self) -> PathFile:
        """The whole file; :class:`ProofError` ``PROOF.UNREADABLE`` for anything out of form or order."""
        if not has_form(self._document):
            raise self.refuse("the file is not an object with self and path")
        path = self._document.json["path"]
        if not isinstance(path, list) or not path:
            raise self.refuse("path is not a list with the root as its last entry")
        if len(path) > MAX_LEVELS + 1:
            raise self.refuse(
                "the path is longer than any tree is deep", f"at most {MAX_LEVELS} levels", str(len(path))
            )
        own = self._entry(self._document.json["self"], "self", ("left", "right", "root", ""))
        siblings = tuple(
            self._entry(item, f"path entry {number}", ("left", "right", "padding"))
            for number, item in enumerate(path[:-1])
        )
        root = self._entry(path[-1], "the last path entry", ("root", ""))
        self._check_levels(own, siblings, root)
        coins = dict.fromkeys(coin for entry in (own, *siblings, root) for coin in entry.balances)
        if len(coins) > MAX_COINS:
            raise self.refuse("the file names too many coins", f"at most {MAX_COINS}", str(len(coins)))
        return PathFile(own, siblings, root, tuple(coins))

    def text(self, entry: PathEntry, name: str, *, length: int | None = None) -> str:
        """A field of an entry that enters a hash: plain ASCII without separators, of ``length`` characters."""
        value = entry.fields.get(name)
        if not isinstance(value, str) or not _TEXT.match(value) or length not in (None, len(value)):
            wanted = "1 to 128 plain characters" if length is None else f"{length} plain characters"
            raise self.refuse(f"self has no usable {name}", wanted, str(value))
        return str(value)

    def _entry(self, item: Any, where: str, kinds: Sequence[str]) -> PathEntry:
        fields = self._fields
        if not isinstance(item, dict):
            raise self.refuse(f"{where} is not an object")
        written = item.get(fields.kind)
        kind = "" if written is None else fields.kinds.get(str(written), "unknown")
        if kind not in kinds or type(written) in (bool, list, dict):
            known = ", ".join(f"{mark} ({meaning})" for mark, meaning in fields.kinds.items() if meaning in kinds)
            raise self.refuse(f"{where} has no usable {fields.kind}", known, str(written))
        level = item.get(fields.level)
        if not isinstance(level, str) or not _NUMBER.match(level):
            raise self.refuse(f"{where} has no usable {fields.level}", "a small whole number", str(level))
        digest = item.get(fields.digest)
        length = 2 * fields.digest_bytes
        if not isinstance(digest, str) or len(digest) != length or not _HEX.match(digest):
            raise self.refuse(
                f"{where} has a malformed {fields.digest}", f"{length} lower-case hex digits", str(digest)
            )
        return PathEntry(int(level), kind, bytes.fromhex(digest), self._balances(item, where), item)

    def _balances(self, item: Mapping[str, Any], where: str) -> Balances:
        return read_balances(self._document, self._fields, item.get(self._fields.balances), where)

    def _check_levels(self, own: PathEntry, siblings: Sequence[PathEntry], root: PathEntry) -> None:
        """Each level once and in order, from the leaf's to the root's."""
        down = self._fields.downwards
        first = len(siblings) + 1 if down else 1
        step = -1 if down else 1
        if own.level != first:
            raise self.refuse("self stands at another level than its path is long", str(first), str(own.level))
        for number, entry in enumerate(siblings):
            if entry.level != first + step * number:
                what = f"path entry {number} is missing, repeated or out of order"
                raise self.refuse(what, f"level {first + step * number}", str(entry.level))
        if root.level != first + step * len(siblings):
            raise self.refuse("the root stands at another level", str(first + step * len(siblings)), str(root.level))


def read_balances(document: ProofDocument, fields: PathFields, value: Any, where: str) -> Balances:
    """A JSON object of coin to amount; :class:`ProofError` for malformed ones."""
    if not isinstance(value, dict) or len(value) > MAX_COINS:
        raise refuse(document, fields.publisher, f"{where} has no usable {fields.balances}")
    held = {}
    for coin, amount in value.items():
        is_text = type(amount) is str or (fields.numbers and isinstance(amount, str))
        try:
            parsed = AmountText.parse(str(amount)) if is_text and _COIN.match(coin) else None
        except ValueError:
            parsed = None
        if parsed is None:
            what = f"{where} has a malformed balance for {coin[:40]!r}"
            raise refuse(document, fields.publisher, what, "a decimal number", str(amount))
        held[coin] = parsed
    return held


# ---- from entries to the engine's terms


def units_of(balances: Balances, layout: Layout) -> tuple[int | None, ...]:
    """Balances as the layout's integers; absent coins stay absent."""
    return tuple(balances[coin.name].units(coin.scale) if coin.name in balances else None for coin in layout.coins)


def row_of(layout: Layout, identity: Sequence[str], balances: Balances) -> Row:
    """The ledger row that a leaf is made of: its identity columns, then its amounts as written."""
    texts = [balances[coin.name].text if coin.name in balances else "" for coin in layout.coins if coin.position >= 0]
    cells = tuple(text.encode("ascii") for text in (*identity, *texts))
    return Row(0, b",".join(cells), cells, units_of(balances, layout))


def claim_of(entry: PathEntry) -> Claim:
    """An entry as what the file claims."""
    return Claim(entry.digest, plain_balances(entry.balances))


def plain_balances(balances: Balances) -> dict[str, str]:
    """Balances as plain decimal text."""
    return {coin: amount.plain() for coin, amount in balances.items()}


def step_of(entry: PathEntry, layout: Layout) -> PublishedStep:
    """One level up; ``padding`` stands on the right and is compared with the rule's."""
    sibling = Node(entry.digest, units_of(entry.balances, layout))
    return PublishedStep(sibling, "left" if entry.kind == "left" else "right", pads=entry.kind == "padding")
