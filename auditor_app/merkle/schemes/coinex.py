"""``coinex``: CoinEx's Merkle sum tree, with the odd-node rule of its sample and that of its published verifier.

Source: coinexcom/proof-of-reserves @52c6cf45, ``merkle-schemes-more.md`` section 1. Leaf = H(nonce ‖ J), node =
H(left ‖ right ‖ J), J = a JSON object of the coins that are there, in ASCII order, with quoted plain amounts. A lone
node h is hashed ``alone``, H(h ‖ J), in the publisher's sample, and ``repeated``, H(h ‖ h ‖ J), in its code: the
published verifier rejects the published sample.

A ledger has a column ``nonce`` (hex64) and a decimal column for each coin; an empty cell leaves the coin out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor_app.errors import LedgerError
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
    MAX_LEVELS,
    NO_CLAIM,
    Claim,
    ProofDocument,
    ProofFormat,
    PublishedProof,
    PublishedStep,
)
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import Balances, Cell, Child, NumberForm, Odd, Sums, Template, TemplateRule
from auditor_app.merkle.text_sums import check_coins, json_object
from auditor_app.snapshot.statement import Column

NAME = "coinex"
ODD_RULES = ("alone", "repeated")
READINGS = tuple({"odd": odd} for odd in ODD_RULES)
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_FIELDS = PathFields(publisher="CoinEx", kinds={})


def template(odd: str) -> Template:
    """The pieces, with one of the two odd-node rules."""
    sums = Sums(json_object(None, NumberForm()))
    left = Child("left")
    return Template(
        leaf=(Cell("nonce"), Balances(json_object(None, NumberForm()))),
        node=(left, Child("right"), sums),
        odd=Odd.ALONE,
        lone=(left, sums) if odd == "alone" else (left, left, sums),
    )


def rule(layout: Layout, odd: str) -> Rule:
    """The rule with one of the two odd-node rules."""
    check_coins(NAME, layout)
    return TemplateRule(NAME, layout, template(odd))


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger."""
    odd = take_parameters(NAME, SCHEME.parameters, parameters)["odd"]
    if odd not in ODD_RULES:
        expected = " or ".join(ODD_RULES)
        raise LedgerError(
            "SCHEME.PARAMETERS", "the parameter odd is neither rule", expected=expected, observed=odd[:80]
        )
    return rule(layout, odd)


# ---- the user's proof file


def recognises(document: ProofDocument) -> bool:
    """An object with ``root``, ``self`` and ``path`` whose ``self`` has a nonce and balances."""
    found = document.json
    if (
        not isinstance(found, dict)
        or not {"root", "self", "path"} <= found.keys()
        or not isinstance(found["self"], dict)
    ):
        return False
    return {"nonce", "balances"} <= found["self"].keys()


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path: an empty entry is a missing right sibling. The file does not state the leaf's hash."""
    if not recognises(document):
        raise refuse(document, "CoinEx", "the file is not an object with root, self and path")
    path = document.json["path"]
    if not isinstance(path, list) or len(path) > MAX_LEVELS or not all(isinstance(item, dict) for item in path):
        raise refuse(document, "CoinEx", "path is not a list of at most 64 entries")
    own, root = document.json["self"], document.json["root"]
    nonce = own["nonce"]
    if not isinstance(nonce, str) or not _HASH.match(nonce):
        raise refuse(document, "CoinEx", "self has no usable nonce", "64 lower-case hex digits", str(nonce))
    if not isinstance(root, dict):
        raise refuse(document, "CoinEx", "root is not an object")
    held = _balances(document, own, "self")
    total = _balances(document, root, "root")
    beside = [_balances(document, item, f"path entry {number}") if item else {} for number, item in enumerate(path)]
    layout = _layout([held, total, *beside])
    bound = rule(layout, document.options.get("odd", ODD_RULES[0]))
    steps = tuple(_step(document, item, amounts, layout) for item, amounts in zip(path, beside, strict=True))
    claim = Claim(_digest(document, root, "root"), plain_balances(total))
    return (PublishedProof(bound, row_of(layout, (nonce,), held), NO_CLAIM, steps, claim),)


def _balances(document: ProofDocument, item: Mapping[str, Any], where: str) -> FileBalances:
    return read_balances(document, _FIELDS, item.get("balances"), where)


def _digest(document: ProofDocument, item: Mapping[str, Any], where: str) -> bytes:
    digest = item.get("hash")
    if not isinstance(digest, str) or not _HASH.match(digest):
        raise refuse(document, "CoinEx", f"{where} has a malformed hash", "64 lower-case hex digits", str(digest))
    return bytes.fromhex(digest)


def _layout(balances: list[FileBalances]) -> Layout:
    """The coins of the whole file."""
    coins = sorted({coin for held in balances for coin in held})
    columns = (
        Column(name="nonce", type="token"),
        *(Column(name=coin, type="decimal", optional=True, signed=True) for coin in coins),
    )
    return Layout.of(columns, longest_scale(balances))


def _step(document: ProofDocument, item: Mapping[str, Any], held: FileBalances, layout: Layout) -> PublishedStep:
    """One level up; ``pos`` is the sibling's side."""
    if not item:
        return PublishedStep(None)
    if item.get("pos") not in ("left", "right"):
        raise refuse(document, "CoinEx", "a path entry has no usable pos", "left or right", str(item.get("pos")))
    node = Node(_digest(document, item, "a path entry"), units_of(held, layout))
    return PublishedStep(node, "left" if item["pos"] == "left" else "right")


SCHEME = Scheme(
    name=NAME,
    title="CoinEx",
    source="coinexcom/proof-of-reserves @52c6cf45; merkle-schemes-more.md section 1",
    properties=Properties(
        digest_bits=256, binds_child_sums=False, domain_separation=False, field_separators=True, salted=True
    ),
    parameters={"odd": "how a lone node was hashed: alone, as in the published sample, or repeated, as in the code"},
    bind=bind,
    proof=ProofFormat(recognises, read, readings=READINGS),
)
