"""``bitunix``: Bitunix's Merkle sum tree: Bitget's rule with whole SHA-256 digests and amounts of fixed decimals.

Source: BitunixOfficial/proof-of-reserves @5a00ad8e, ``merkle-schemes-more.md`` section 2. Leaf =
H(encryptUid , nonce , J), node = H(left ‖ right , J , height); heights count down to 1 at the root and the parent's is
hashed. J is a JSON object in the order of a Java ``HashMap``, amounts quoted with each coin's decimals, sums cut to
them. Padding comes as ordinary nodes with zero balances. The published sample gives its neighbour's ``encryptUid`` and
``nonce`` away, so that leaf is recalculated as well.

A ledger has columns ``encryptUid`` and ``nonce`` and a decimal column for each coin; an empty cell is a zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from auditor_app.errors import LedgerError
from auditor_app.merkle.java_order import hash_map_order
from auditor_app.merkle.path_file import PathFields, PathFile, PathReader, claim_of, has_form, row_of, step_of
from auditor_app.merkle.published import Comparison, ProofDocument, ProofFormat, PublishedProof
from auditor_app.merkle.rule import Layout, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import (
    Balances,
    BalanceText,
    Cell,
    Child,
    LeafPiece,
    Level,
    NodePiece,
    NumberForm,
    Odd,
    Sums,
    Template,
    TemplateRule,
    Text,
)
from auditor_app.merkle.text_sums import EIGHT_PLACES, CutRule, check_coins

NAME = "bitunix"
IDENTITY = ("encryptUid", "nonce")
_COMMA = Text(b",")
_PRECISION = re.compile(r"(?:[0-9]|1[0-8])\Z", re.ASCII)
_PRECISIONS = re.compile(r"[0-9A-Za-z._+-]{1,32}:(?:[0-9]|1[0-8])(?:,[0-9A-Za-z._+-]{1,32}:(?:[0-9]|1[0-8])){0,199}\Z")


def template(order: tuple[str, ...], precisions: Mapping[str, int]) -> Template:
    """The pieces; each coin has its own decimals, and sums are cut by the template where all have the same."""
    leaf: list[LeafPiece] = [Cell("encryptUid"), _COMMA, Cell("nonce"), _COMMA, Text(b"{")]
    node: list[NodePiece] = [Child("left"), Child("right"), _COMMA, Text(b"{")]
    for number, coin in enumerate(order):
        form = NumberForm("fixed", precisions[coin])
        absent = form.writer(0)(0)
        text = BalanceText((coin,), before='"', between='":"', after='"', number=form, absent=absent)
        comma = [_COMMA] if number else []
        leaf += [*comma, Balances(text)]
        node += [*comma, Sums(text)]
    same = set(precisions.values())
    return Template(
        leaf=(*leaf, Text(b"}")),
        node=(*node, Text(b"},"), Level(1, from_root=True)),
        odd=Odd.ZERO_COPY,
        rounding=same.pop() if len(same) == 1 else None,
    )


def rule(layout: Layout, precisions: Mapping[str, int], leaf_count: int | None) -> Rule:
    """The rule; coins that ``precisions`` does not name have eight decimals."""
    check_coins(NAME, layout)
    for name in IDENTITY:
        layout.field(name)
    coins = [coin.name for coin in layout.coins]
    unknown = [coin for coin in precisions if coin not in coins]
    if unknown:
        raise LedgerError("SCHEME.PARAMETERS", f"precisions names the coin {unknown[0]}, which has no amounts")
    places = {coin: precisions.get(coin, EIGHT_PLACES) for coin in coins}
    pieces = template(hash_map_order(coins), places)
    if pieces.rounding is not None:
        return TemplateRule(NAME, layout, pieces, leaf_count=leaf_count)
    return CutRule(NAME, layout, pieces, places, leaf_count=leaf_count)


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger; the depth must be known, since heights count from the root."""
    given = take_parameters(NAME, SCHEME.parameters, parameters, optional=("precisions",)).get("precisions", "")
    if given and not _PRECISIONS.match(given):
        raise LedgerError(
            "SCHEME.PARAMETERS", "the parameter precisions cannot be read", expected="BTC:8,USDT:6", observed=given[:80]
        )
    pairs = [item.split(":") for item in given.split(",")] if given else []
    return rule(layout, {coin: int(places) for coin, places in pairs}, leaf_count)


# ---- the user's proof file

FIELDS = PathFields(
    publisher="Bitunix", digest="merkleLeaf", kinds={"1": "left", "2": "right", "3": "root"}, downwards=True
)


def recognises(document: ProofDocument) -> bool:
    """``self`` has a ``merkleLeaf``, an ``encryptUid`` and a ``height``."""
    return has_form(document, "merkleLeaf", "encryptUid", "height")


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path; where the file gives the neighbour's fields away, that leaf is recalculated too."""
    reader = PathReader(document, FIELDS)
    file = reader.read()
    identity = tuple(reader.text(file.own, name) for name in IDENTITY)
    bound = rule(file.layout(IDENTITY), _precisions(reader, file), 2 ** len(file.siblings))
    return (
        PublishedProof(
            bound,
            row_of(bound.layout, identity, file.own.balances),
            claim_of(file.own),
            tuple(step_of(entry, bound.layout) for entry in file.siblings),
            claim_of(file.root),
            claims_side=file.claims_side(),
            compared=_neighbour(reader, file, bound),
        ),
    )


def _precisions(reader: PathReader, file: PathFile) -> dict[str, int]:
    """The file's own decimals of each coin."""
    given = file.own.fields.get("precisions", {})
    if not isinstance(given, dict) or not all(
        isinstance(places, str) and _PRECISION.match(places) for places in given.values()
    ):
        raise reader.refuse("self has no usable precisions", "a number of decimals for each coin", str(given))
    return {coin: int(places) for coin, places in given.items()}


def _neighbour(reader: PathReader, file: PathFile, bound: Rule) -> tuple[Comparison, ...]:
    """The level-0 sibling's leaf, where its ``encryptUid`` and ``nonce`` are in the file."""
    if not file.siblings or not set(IDENTITY) <= file.siblings[0].fields.keys():
        return ()
    entry = file.siblings[0]
    identity = tuple(reader.text(entry, name) for name in IDENTITY)
    made = bound.leaf(row_of(bound.layout, identity, entry.balances)).digest
    return (Comparison("neighbour's leaf", entry.digest.hex(), made.hex(), made == entry.digest),)


SCHEME = Scheme(
    name=NAME,
    title="Bitunix",
    source="BitunixOfficial/proof-of-reserves @5a00ad8e; merkle-schemes-more.md section 2",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=False,
        domain_separation=False,
        field_separators=True,
        rounding=EIGHT_PLACES,
        salted=True,
    ),
    parameters={"precisions": "decimals of each coin, such as BTC:8,USDT:6; eight where not given"},
    bind=bind,
    proof=ProofFormat(recognises, read),
)
