"""``gate-zk``: Gate's proof of solvency of 2023 to 2025, everything but the zero-knowledge proof itself.

Source: gateio/proof-of-reserves @87db18df, ``merkle-schemes.md`` section 8, ``merkle-schemes-more.md`` section 15. An
account's leaf is P(id, total equity, total debt, commitment to its assets), nodes are P(left, right) in a tree of depth
28; batches commit to root and totals before and after. What is recalculated: a customer's path; every batch commitment
and the chain of batches; the totals; and, from the raw list, root and totals. What is not: the Groth16 proof of each
batch, whose verification key Gate does not publish with them (``ZK.NOT_CHECKED``).

The customer's file is ``user_config.json``; ``proof.csv`` or ``cex_config.json`` is its second file. The published tree
is any of ``proof.csv``, ``cex_config.json`` and the raw list, together.
"""

from __future__ import annotations

import re
from typing import Any

from auditor_app.findings import limitation
from auditor_app.merkle.poseidon import FIELD
from auditor_app.merkle.published import Claim, Comparison, ProofDocument, ProofFormat, PublishedProof, PublishedStep
from auditor_app.merkle.published_tree import TreeFormat
from auditor_app.merkle.rule import Layout, Node, Row
from auditor_app.merkle.scheme import FROM_LEDGER, Properties, Scheme
from auditor_app.merkle.schemes.gate_files import (
    element,
    is_batches,
    is_totals,
    problem,
    read_batches,
    read_totals,
    whole_number,
)
from auditor_app.merkle.schemes.gate_rule import DEPTH, NAME, SLOTS, GateRule, as_bytes, assets_commitment, fits
from auditor_app.merkle.schemes.gate_tree import OPTIONS, check, recognises_tree

_HASH = re.compile(r"[0-9a-fA-F]{64}\Z", re.ASCII)
_FIELDS = ("Arrangement", "UniqueIdentification", "AssetDetails", "TreeRootHash", "MerkleProofEncode")


def recognises(document: ProofDocument) -> bool:
    """An object with Gate's own names of the fields."""
    return isinstance(document.json, dict) and set(_FIELDS) <= document.json.keys()


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One account's path, read with the number of asset slots that the options name."""
    if not recognises(document):
        raise problem(document, "the file is not an object with " + ", ".join(_FIELDS))
    found = document.json
    slots = int(document.options.get("slots", SLOTS[0]))
    index = whole_number(document, found["Arrangement"], "Arrangement")
    path = found["MerkleProofEncode"]
    if index >> DEPTH or not isinstance(path, list) or len(path) != DEPTH:
        raise problem(document, "the path does not have one sibling for each level", f"{DEPTH} siblings")
    equity, debt = (whole_number(document, found.get(name), name) for name in ("TotalAssetEquity", "TotalAssetDebt"))
    held = _held(document, found["AssetDetails"], slots)
    values = [value for _, *amounts in held for value in amounts]
    largest = max([equity, debt, *values])
    commitment = assets_commitment(held, slots)
    account = _hash(document, found, "UniqueIdentification")
    cells = tuple(b"%x" % value for value in (account % FIELD, equity % FIELD, debt % FIELD, commitment))
    steps = tuple(
        PublishedStep(
            Node(as_bytes(element(document, item, f"sibling {level}"))), "left" if index >> level & 1 else "right"
        )
        for level, item in enumerate(path)
    )
    return (
        PublishedProof(
            GateRule(Layout((), ())),
            Row(index, b",".join(cells), cells, ()),
            Claim(),
            steps,
            Claim(as_bytes(_hash(document, found, "TreeRootHash") % 2**256)),
            anchor=_anchor(document),
            compared=(
                Comparison("values in 64 bits", f"below {2**64}", str(largest), fits(largest)),
                *_worth(document, held, equity, debt),
            ),
            limitations=(limitation("ZK.NOT_CHECKED", subject=f"proof {document.file}"),),
        ),
    )


def _held(document: ProofDocument, listed: Any, slots: int) -> tuple[tuple[int, int, int], ...]:
    """Index, equity and debt of each asset, indices rising."""
    if not isinstance(listed, list) or len(listed) > slots or not all(isinstance(item, dict) for item in listed):
        raise problem(document, "AssetDetails is no list of assets", f"at most {slots}")
    held: list[tuple[int, int, int]] = []
    for number, item in enumerate(listed):
        index, equity, debt = (
            whole_number(document, item.get(name), f"{name} of asset {number}") for name in ("Index", "Equity", "Debt")
        )
        if index >= slots or (held and index <= held[-1][0]):
            raise problem(document, f"asset {number} is repeated or out of order", f"below {slots}", str(index))
        held.append((index, equity, debt))
    return tuple(held)


def _hash(document: ProofDocument, found: Any, name: str) -> int:
    value = found[name]
    if not isinstance(value, str) or not _HASH.match(value):
        raise problem(document, f"{name} is malformed", "64 hex digits", str(value))
    return int(value, 16)


def _anchor(document: ProofDocument) -> Claim:
    """The root after the last batch, where the second file holds batches."""
    if document.anchor is None or not is_batches(document.anchor):
        return Claim()
    return Claim(as_bytes(read_batches(document.anchor)[-1].roots[1]))


def _worth(
    document: ProofDocument, held: tuple[tuple[int, int, int], ...], equity: int, debt: int
) -> tuple[Comparison, ...]:
    """Both totals beside amount times price, where the second file holds the prices."""
    if document.anchor is None or is_batches(document.anchor):
        return ()
    if not is_totals(document.anchor):
        raise problem(document.anchor, "the second file is neither proof.csv nor cex_config.json")
    assets = read_totals(document.anchor)
    if any(index >= len(assets) for index, _, _ in held):
        raise problem(document, "an asset is not among the exchange's", f"below {len(assets)}")
    worth = sum(amount * assets[index].price for index, amount, _ in held)
    owed = sum(amount * assets[index].price for index, _, amount in held)
    return (
        Comparison("total equity", str(equity), str(worth), equity == worth),
        Comparison("total debt", str(debt), str(owed), debt == owed),
    )


SCHEME = Scheme(
    name=NAME,
    title="Gate, zero-knowledge",
    source="gateio/proof-of-reserves @87db18df; merkle-schemes.md section 8",
    properties=Properties(
        digest_bits=254,
        binds_child_sums=None,
        domain_separation=True,
        field_separators=True,
        allows_negatives=False,
    ),
    bind=None,
    proof=ProofFormat(recognises, read, takes_anchor=True, readings=tuple({"slots": str(slots)} for slots in SLOTS)),
    tree=TreeFormat(recognises_tree, check, OPTIONS),
    tree_takes={FROM_LEDGER: "the raw list beside cex_config.json, at sampling speed"},
)
