"""``bingx``: BingX's Merkle tree over text, without sums and without a salt.

Source: BingX-API/BingX-proof-of-reserves @43ef338, ``merkle-schemes-more.md`` section 11. Leaf =
H(H(uid),BTC:b,ETH:b,USDT:b,USDC:b,Total:usd) with plain amounts and ``0.0`` for zero, node = H(left ‖ right) of hex text.
The publisher names no odd-node rule, so a ledger must have 2**k rows, and publishes no sample.

BingX shows the proof on a page; copied into a file it is::

    scheme: bingx
    uid: 12180864
    BTC: 0.5
    …
    Total: 49875.12599
    leaf: 64 hex digits
    path: l:64 hex digits,r:64 hex digits
    root: 64 hex digits

``leaf`` and ``root`` may be left out. ``l`` says that the sibling stands on the left. A ledger has the uid first and
decimal columns BTC, ETH, USDT, USDC and Total.
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

NAME = "bingx"
PUBLISHER = "BingX"
COINS = ("BTC", "ETH", "USDT", "USDC", "Total")
_LISTED = BalanceText(order=COINS, number=NumberForm(zero="0.0"), absent="0.0")
TEMPLATE = Template(
    leaf=(Hashed((Cell(),)), Text(b","), Balances(_LISTED)),
    node=(Child("left"), Child("right")),
    odd=Odd.ALONE,
    sums=False,
)
_ITEM = re.compile(r"([lr]):([0-9a-f]{64})\Z", re.ASCII)


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
        raise refuse(document, PUBLISHER, "the file is no transcript of the page", "a first line such as scheme: bingx")
    found = read_transcript(document, PUBLISHER, ("uid", "leaf", "path", "root"), COINS)
    layout, row = found.row({"uid": found.text("uid")}, COINS)
    items = path_items(found, _ITEM, "l:hash or r:hash", MAX_LEVELS)
    steps = tuple(PublishedStep(Node(bytes.fromhex(item[2])), "left" if item[1] == "l" else "right") for item in items)
    rule = PairedRule(NAME, layout, TEMPLATE)
    return (PublishedProof(rule, row, Claim(found.digest("leaf")), steps, Claim(found.digest("root"))),)


SCHEME = Scheme(
    name=NAME,
    title="BingX",
    source="BingX-API/BingX-proof-of-reserves @43ef338; merkle-schemes-more.md section 11",
    properties=Properties(
        digest_bits=256, binds_child_sums=None, domain_separation=False, field_separators=True, confirmed=False
    ),
    bind=bind,
    proof=ProofFormat(recognises, read),
)
