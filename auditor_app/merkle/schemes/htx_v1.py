"""``htx-v1``: the path files of Huobi's first Merkle sum tree.

Source: huobiapi/Tool-Go-MerkleVerify @bc0adce0, ``merkle-schemes-more.md`` section 14.1; no sample is published. Node =
H(left ‖ right ‖ sums) with sums in the file's order, cut to 8 decimals, without names or separators. How a leaf is made
of its balances is not published, so the walk starts from the leaf's hash as given, and no root can be made from a ledger.

The file's entries are the root, the leaf's sibling, further siblings upwards, and the leaf last; ``r`` 1 is a right
child. ``uhash``, a second chain of SHA-1 over customer ids, enters no hash of this tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor_app.findings import limitation
from auditor_app.merkle.path_file import (
    Balances,
    PathFields,
    longest_scale,
    plain_balances,
    read_balances,
    refuse,
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
from auditor_app.merkle.rule import Layout, Node
from auditor_app.merkle.scheme import Properties, Scheme
from auditor_app.merkle.template import Child, NumberForm, Odd, Sums, Template, TemplateRule
from auditor_app.merkle.text_sums import EIGHT_PLACES, bare_amounts
from auditor_app.snapshot.statement import Column

NAME = "htx-v1"
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_FIELDS = PathFields(publisher="HTX", kinds={})
_MEMBERS = frozenset({"hash", "balances", "r", "depth"})


def template(coins: tuple[str, ...]) -> Template:
    """The pieces of a node; leaves have none."""
    sums = Sums(bare_amounts(coins, NumberForm(), absent="0"))
    return Template(leaf=(), node=(Child("left"), Child("right"), sums), odd=Odd.ALONE, rounding=EIGHT_PLACES)


def recognises(document: ProofDocument) -> bool:
    """``data`` is a list of entries with ``hash``, ``balances``, ``depth`` and ``r``."""
    listed = document.json.get("data") if isinstance(document.json, dict) else None
    return (
        isinstance(listed, list)
        and bool(listed)
        and all(isinstance(item, dict) and item.keys() >= _MEMBERS for item in listed)
    )


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path, from the leaf as the file gives it."""
    if not recognises(document):
        raise refuse(document, "HTX", "the file is not an object with a list data")
    entries = document.json["data"]
    if not 3 <= len(entries) <= MAX_LEVELS + 2:
        raise refuse(
            document, "HTX", "data has no usable number of entries", f"3 to {MAX_LEVELS + 2}", str(len(entries))
        )
    balances = [_balances(document, item, number) for number, item in enumerate(entries)]
    coins = tuple(balances[0])
    for number, held in enumerate(balances):
        if tuple(held) != coins:
            raise refuse(document, "HTX", f"entry {number} lists other coins", ",".join(coins), ",".join(held))
    columns = (Column(name="hash", type="hex64"), *(Column(name=coin, type="decimal", signed=True) for coin in coins))
    layout = Layout.of(columns, longest_scale(balances))
    nodes = [
        Node(_digest(document, item, number), units_of(held, layout))
        for number, (item, held) in enumerate(zip(entries, balances, strict=True))
    ]
    rights = [_is_right(document, item, number) for number, item in enumerate(entries)]
    steps = tuple(
        PublishedStep(node, "right" if right else "left") for node, right in zip(nodes[1:-1], rights[1:-1], strict=True)
    )
    subject = f"proof {document.file}"
    return (
        PublishedProof(
            TemplateRule(NAME, layout, template(coins)),
            None,
            NO_CLAIM,
            steps,
            Claim(nodes[0].digest, plain_balances(balances[0])),
            start=nodes[-1],
            claims_side="right" if rights[-1] else "left",
            limitations=(limitation("TREE.LEAF_NOT_BOUND", subject=subject),),
        ),
    )


def _balances(document: ProofDocument, item: Mapping[str, Any], number: int) -> Balances:
    """``BTC:1,ETH:2`` as balances, in the order written."""
    text = item["balances"]
    pairs = [part.split(":") for part in text.split(",")] if isinstance(text, str) else []
    if not pairs or any(len(pair) != 2 for pair in pairs) or len({pair[0] for pair in pairs}) != len(pairs):
        raise refuse(document, "HTX", f"entry {number} has no usable balances", "BTC:1,ETH:2", str(text))
    return read_balances(document, _FIELDS, dict(pairs), f"entry {number}")


def _digest(document: ProofDocument, item: Mapping[str, Any], number: int) -> bytes:
    digest = item["hash"]
    if not isinstance(digest, str) or not _HASH.match(digest):
        raise refuse(document, "HTX", f"entry {number} has a malformed hash", "64 lower-case hex digits", str(digest))
    return bytes.fromhex(digest)


def _is_right(document: ProofDocument, item: Mapping[str, Any], number: int) -> bool:
    if item["r"] not in ("0", "1", "2"):
        raise refuse(document, "HTX", f"entry {number} has no usable r", "0, 1 or 2", str(item["r"]))
    return bool(item["r"] == "1")


SCHEME = Scheme(
    name=NAME,
    title="HTX (Huobi), first tree",
    source="huobiapi/Tool-Go-MerkleVerify @bc0adce0; merkle-schemes-more.md section 14.1",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=False,
        domain_separation=False,
        field_separators=False,
        rounding=EIGHT_PLACES,
        confirmed=False,
    ),
    bind=None,
    proof=ProofFormat(recognises, read),
)
