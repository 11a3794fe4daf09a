"""``okx-v1``: OKX's Merkle sum tree of November 2022 to March 2023, and its customers' path files.

Source: okx/proof-of-reserves @2962a895 common/merkle.go, ``merkle-schemes.md`` section 2.1. Leaf =
H(nonce ‖ {"BTC":"…","ETH":"…","USDT":"…"}) with amounts verbatim; node = H(left ‖ right ‖ BTC ‖ ETH ‖ USDT ‖ height),
without separators, the leaves' height 1. Sums are cut to 8 decimals at every node. A lone node is paired with its own
hash and zero balances.

A ledger has a column ``nonce`` (hex64) and decimal columns ``BTC``, ``ETH`` and ``USDT``, each amount as it was hashed;
an empty cell or a missing column is hashed as ``0``.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor_app.ledger.columns import DECIMAL_SCALE
from auditor_app.merkle.path_file import PathFields, PathReader, claim_of, has_form, row_of, step_of
from auditor_app.merkle.published import ProofDocument, ProofFormat, PublishedProof
from auditor_app.merkle.rule import Layout, Rule
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
)
from auditor_app.merkle.text_sums import EIGHT_PLACES, bare_amounts, check_coins, json_object

COINS = ("BTC", "ETH", "USDT")
LEAF_HEIGHT = 1
NODE = (
    Child("left"),
    Child("right"),
    Sums(bare_amounts(COINS, NumberForm(), absent="0")),
    Level(LEAF_HEIGHT),
)
TEMPLATE = Template(
    leaf=(Cell("nonce"), Balances(json_object(COINS, None, absent="0"))),
    node=NODE,
    odd=Odd.ZERO_COPY,
    rounding=EIGHT_PLACES,
)
FIELDS = PathFields(publisher="OKX", kinds={"1": "left", "2": "right", "3": "root", "4": "padding"})


def rule(layout: Layout) -> Rule:
    """The rule over rows with a ``nonce``."""
    check_coins("okx-v1", layout, COINS)
    return TemplateRule("okx-v1", layout.with_coins(COINS, DECIMAL_SCALE), TEMPLATE)


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger; it takes no parameters."""
    take_parameters("okx-v1", {}, parameters)
    return rule(layout)


def recognises(document: ProofDocument) -> bool:
    """``self`` has a nonce, a hash, balances and a height, and no user hash."""
    return has_form(document, "nonce", "hash", "balances", "height") and "userHash" not in document.json["self"]


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path; an entry of type 4 is the copy that pads a lone node."""
    reader = PathReader(document, FIELDS)
    file = reader.read()
    nonce = reader.text(file.own, "nonce", length=64)
    bound = rule(file.layout(("nonce",)))
    return (
        PublishedProof(
            bound,
            row_of(bound.layout, (nonce,), file.own.balances),
            claim_of(file.own),
            tuple(step_of(entry, bound.layout) for entry in file.siblings),
            claim_of(file.root),
            claims_side=file.claims_side(),
        ),
    )


SCHEME = Scheme(
    name="okx-v1",
    title="OKX, 2022 to 2023",
    source="okx/proof-of-reserves @2962a895; merkle-schemes.md section 2.1",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=False,
        domain_separation=False,
        field_separators=False,
        rounding=EIGHT_PLACES,
        salted=True,
    ),
    bind=bind,
    proof=ProofFormat(recognises, read),
)
