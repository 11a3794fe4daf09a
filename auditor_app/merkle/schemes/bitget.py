"""``bitget``: Bitget's Merkle sum tree of 64-bit truncated SHA-256 over text, in its three published readings.

Source: BitgetLimited/proof-of-reserves @c8a61864 to @0728a7f2, ``merkle-schemes.md`` section 6. Leaf =
B(encryptUid , nonce , J), node = B(left ‖ right , J(sums) , level), B = the first 16 hex digits of SHA-256. Levels
count down to 1 at the root; the level hashed is the parent's. A lone node is paired with its own hash and zero balances.

J is a JSON object of coins and amounts. Its *numbers* were bare until release 1.0.3, as ``BigDecimal.toString()``
prints them (written digits kept, sums as long as the longer child, ``6.7E-7`` below a millionth), and are quoted
without trailing zeros from 1.0.4. Its *order* was a Java ``HashMap``'s while there were four coins, and is the file's
own, a ``LinkedHashMap``'s, in 2026 with twenty.

A ledger has columns ``encryptUid`` and ``nonce`` (token or hex64) and a decimal column for each coin, in the order of
the customers' files; an empty cell leaves the coin out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from auditor_app.amounts import Amount
from auditor_app.errors import LedgerError
from auditor_app.merkle.amount_text import AmountText, java_text
from auditor_app.merkle.java_order import hash_map_order
from auditor_app.merkle.path_file import PathFields, PathFile, PathReader, claim_of, has_form, row_of, units_of
from auditor_app.merkle.published import ProofDocument, ProofFormat, PublishedProof, PublishedStep
from auditor_app.merkle.rule import Layout, Node, Row, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import (
    Balances,
    Cell,
    Child,
    Level,
    NumberForm,
    Odd,
    Sums,
    Template,
    TemplateRule,
    Text,
)
from auditor_app.merkle.text_sums import check_coins, json_object

NAME = "bitget"
DIGEST_BYTES = 8
IDENTITY = ("encryptUid", "nonce")
READINGS = (
    {"numbers": "bare", "order": "hashmap"},
    {"numbers": "quoted", "order": "hashmap"},
    {"numbers": "quoted", "order": "listed"},
)
_COMMA = Text(b",")


def template(order: tuple[str, ...]) -> Template:
    """The pieces with quoted numbers."""
    text = json_object(order, NumberForm())
    return Template(
        leaf=(Cell("encryptUid"), _COMMA, Cell("nonce"), _COMMA, Balances(text)),
        node=(Child("left"), Child("right"), _COMMA, Sums(text), _COMMA, Level(1, from_root=True)),
        odd=Odd.ZERO_COPY,
        digest_bytes=DIGEST_BYTES,
    )


class BitgetRule(TemplateRule):
    """Quoted numbers: the template, but the copy that pads a lone node has the node's own coins only."""

    def partner(self, node: Node, level: int) -> Node | None:
        """The node's hash and zeros for the coins it has."""
        return Node(node.digest, tuple(None if units is None else 0 for units in node.sums), bytes(len(node.extra)))


class BareRule(BitgetRule):
    """Bare numbers: every sum remembers its decimals, one signed byte for each coin in :attr:`Node.extra`."""

    def __init__(self, layout: Layout, order: tuple[str, ...], leaf_count: int | None) -> None:
        super().__init__(NAME, layout, template(order), leaf_count=leaf_count)
        self._identity = [layout.field(name) for name in IDENTITY]
        self._labels = json_object(order, None, quoted=False).labels(layout)

    def leaf_preimage(self, row: Row) -> bytes:
        """The fields with amounts as ``BigDecimal`` prints what the cells hold."""
        uid, nonce = (row.cells[position] for position in self._identity)
        return b",".join((uid, nonce, self._json(row.units, self._scales(row))))

    def leaf(self, row: Row) -> Node:
        """The leaf, with the decimals of its cells."""
        return Node(_cut(self.leaf_preimage(row)), row.units, _packed(self._scales(row)))

    def parent_preimage(self, left: Node, right: Node | None, level: int) -> bytes:
        """Both hashes, the sums with the longer child's decimals, the level."""
        sums, scales = self._added(left, right)
        digests = left.digest.hex() + ("" if right is None else right.digest.hex())
        height = self._node_writers[-1](left, right, (), level)
        return b",".join((digests.encode("ascii"), self._json(sums, scales), height))

    def parent(self, left: Node, right: Node | None, level: int) -> Node:
        """The node, with the decimals of its sums."""
        sums, scales = self._added(left, right)
        return Node(_cut(self.parent_preimage(left, right, level)), sums, _packed(scales))

    def balances(self, node: Node) -> dict[str, str]:
        """The sums with all the decimals that are hashed."""
        return {
            coin.name: Amount(units // 10 ** (coin.scale - max(scale, 0)), max(scale, 0)).fixed()
            for coin, units, scale in zip(self.layout.coins, node.sums, _unpacked(node.extra), strict=True)
            if units is not None
        }

    def node(self, digest: bytes, balances: Mapping[str, str]) -> Node:
        """The node that :meth:`balances` shows."""
        amounts = {name: Amount.parse(text) for name, text in balances.items()}
        units, scales = [], []
        for coin in self.layout.coins:
            amount = amounts.get(coin.name)
            units.append(None if amount is None else amount.at_scale(coin.scale).units)
            scales.append(0 if amount is None else amount.scale)
        made = Node(digest, tuple(units), _packed(scales))
        if self.balances(made) != dict(balances):
            raise ValueError("the balances are not in the scheme's own form")
        return made

    def _scales(self, row: Row) -> list[int]:
        return [
            AmountText.parse(row.cells[coin.position].decode("ascii")).scale if row.cells[coin.position] else 0
            for coin in self.layout.coins
        ]

    def _added(self, left: Node, right: Node | None) -> tuple[tuple[int | None, ...], list[int]]:
        """Sums coin by coin, and their decimals: the longer of the two that are there."""
        scales = _unpacked(left.extra)
        if right is None:
            return left.sums, scales
        both = zip(left.sums, scales, right.sums, _unpacked(right.extra), strict=True)
        return self._sums(left, right), [
            b if units is None else a if other is None else max(a, b) for units, a, other, b in both
        ]

    def _json(self, units: tuple[int | None, ...], scales: list[int]) -> bytes:
        """The JSON object with bare numbers."""
        parts = []
        for place, label in self._labels:
            value, scale = units[place], scales[place]
            if value is not None:
                cut = self.layout.coins[place].scale - scale
                parts.append(f"{label}{java_text(value // 10**cut, scale)}")
        return ("{" + ",".join(parts) + "}").encode("ascii")


def _cut(preimage: bytes) -> bytes:
    return hashlib.sha256(preimage).digest()[:DIGEST_BYTES]


def _packed(scales: list[int]) -> bytes:
    return bytes(scale & 0xFF for scale in scales)


def _unpacked(extra: bytes) -> list[int]:
    return [scale - 256 if scale > 127 else scale for scale in extra]


def rule(layout: Layout, reading: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule of one reading."""
    check_coins(NAME, layout)
    for name in IDENTITY:
        layout.field(name)
    listed = tuple(coin.name for coin in layout.coins)
    order = hash_map_order(listed) if reading["order"] == "hashmap" else listed
    if reading["numbers"] == "bare":
        return BareRule(layout, order, leaf_count)
    return BitgetRule(NAME, layout, template(order), leaf_count=leaf_count)


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger; the depth must be known, since levels count from the root."""
    given = take_parameters(NAME, SCHEME.parameters, parameters, optional=("order",))
    reading = {"order": "hashmap", **given}
    if reading not in READINGS:
        raise LedgerError(
            "SCHEME.PARAMETERS",
            "Bitget has published no tree with these parameters",
            expected="; ".join(", ".join(f"{name}={value}" for name, value in known.items()) for known in READINGS),
            observed=", ".join(f"{name}={value}" for name, value in reading.items()),
        )
    return rule(layout, reading, leaf_count)


# ---- the user's proof file

FIELDS = PathFields(
    publisher="Bitget",
    digest="merkelLeaf",
    digest_bytes=DIGEST_BYTES,
    level="level",
    kind="role",
    kinds={"1": "left", "2": "right", "3": "root", "0": "padding"},
    downwards=True,
    numbers=True,
)


def recognises(document: ProofDocument) -> bool:
    """``self`` has Bitget's own spelling ``merkelLeaf`` and an ``encryptUid``."""
    return has_form(document, "merkelLeaf", "encryptUid", "level")


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path, read with the number form and coin order that the options name."""
    reader = PathReader(document, FIELDS)
    file = reader.read()
    identity = tuple(reader.text(file.own, name) for name in IDENTITY)
    reading = {**READINGS[0], **document.options}
    bound = rule(file.layout(IDENTITY), reading, 2 ** len(file.siblings))
    return (
        PublishedProof(
            bound,
            row_of(bound.layout, identity, file.own.balances),
            claim_of(file.own),
            _steps(file, bound.layout),
            claim_of(file.root),
            claims_side=file.claims_side(),
        ),
    )


def _steps(file: PathFile, layout: Layout) -> tuple[PublishedStep, ...]:
    """The siblings with the decimals they were written with; an empty role is the copy that pads a lone node."""
    steps = []
    for entry in file.siblings:
        scales = [entry.balances[coin.name].scale if coin.name in entry.balances else 0 for coin in layout.coins]
        node = Node(entry.digest, units_of(entry.balances, layout), _packed(scales))
        steps.append(PublishedStep(node, "left" if entry.kind == "left" else "right", pads=entry.kind == "padding"))
    return tuple(steps)


SCHEME = Scheme(
    name=NAME,
    title="Bitget",
    source="BitgetLimited/proof-of-reserves @c8a61864 and @0728a7f2; merkle-schemes.md section 6",
    properties=Properties(
        digest_bits=8 * DIGEST_BYTES,
        binds_child_sums=False,
        domain_separation=False,
        field_separators=True,
        salted=True,
    ),
    parameters={
        "numbers": "bare for trees of release 1.0.3 and before, quoted from 1.0.4 (November 2025)",
        "order": "hashmap (unless given) for the order of a Java HashMap, listed for the order of the columns",
    },
    bind=bind,
    proof=ProofFormat(recognises, read, readings=READINGS),
)
