"""``topone``: TopOne's Merkle tree over text, of USDT only, without sums and without a salt.

Source: TopOne-API/proof-of-reserves @a53ad81, ``merkle-schemes-more.md`` section 13. Leaf = H(H(uid),USDT:b) with a
plain amount and ``0.0`` for zero, node = SHA-256(left ‖ right) of raw bytes. The publisher names no odd-node rule, so a
ledger must have 2**k rows; its sample confirms the leaf alone.

TopOne shows the proof on a page; copied into a file it is ``scheme: topone``, ``uid: …``, ``USDT: …``, and, where shown,
``leaf: hash``, ``path: 1hash,0hash`` and ``root: hash``. A path item is a side and a hash: 1 for a sibling on the right,
0 for one on the left. A ledger has the uid first and one decimal column USDT.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from auditor_app.merkle.paired import PairedRule
from auditor_app.merkle.path_file import refuse
from auditor_app.merkle.published import MAX_LEVELS, Claim, ProofDocument, ProofFormat, PublishedProof, PublishedStep
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import Balances, BalanceText, Cell, Child, Hashed, NumberForm, Odd, Template, Text
from auditor_app.merkle.text_sums import check_coins
from auditor_app.merkle.transcript import is_transcript, path_items, read_transcript

NAME = "topone"
PUBLISHER = "TopOne"
COINS = ("USDT",)
TEMPLATE = Template(
    leaf=(
        Hashed((Cell(),)),
        Text(b","),
        Balances(BalanceText(order=COINS, number=NumberForm(zero="0.0"), absent="0.0")),
    ),
    node=(Child("left", "raw"), Child("right", "raw")),
    odd=Odd.ALONE,
    sums=False,
)
_ITEM = re.compile(r"([01])([0-9a-f]{64})\Z", re.ASCII)


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:  # noqa: ARG001
    """The rule over a ledger; it takes no parameters."""
    take_parameters(NAME, {}, parameters)
    check_coins(NAME, layout, COINS, COINS)
    return PairedRule(NAME, layout, TEMPLATE)


def recognises(document: ProofDocument) -> bool:
    """A transcript that names the scheme."""
    return is_transcript(document, NAME)


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path."""
    if not recognises(document):
        raise refuse(
            document, PUBLISHER, "the file is no transcript of the page", "a first line such as scheme: topone"
        )
    found = read_transcript(document, PUBLISHER, ("uid", "leaf", "path", "root"), COINS)
    layout, row = found.row({"uid": found.text("uid")}, COINS)
    items = path_items(found, _ITEM, "0 or 1 and a hash", MAX_LEVELS)
    steps = tuple(PublishedStep(Node(bytes.fromhex(item[2])), "right" if item[1] == "1" else "left") for item in items)
    rule = PairedRule(NAME, layout, TEMPLATE)
    return (PublishedProof(rule, row, Claim(found.digest("leaf")), steps, Claim(found.digest("root"))),)


SCHEME = Scheme(
    name=NAME,
    title="TopOne",
    source="TopOne-API/proof-of-reserves @a53ad81; merkle-schemes-more.md section 13",
    properties=Properties(
        digest_bits=256, binds_child_sums=None, domain_separation=False, field_separators=True, confirmed=False
    ),
    bind=bind,
    proof=ProofFormat(recognises, read),
)
