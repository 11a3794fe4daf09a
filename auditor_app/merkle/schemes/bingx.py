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

from auditor_app.merkle.published import ProofFormat
from auditor_app.merkle.scheme import Properties, Scheme
from auditor_app.merkle.sided_page import SidedPage
from auditor_app.merkle.template import Balances, BalanceText, Cell, Child, Hashed, NumberForm, Odd, Template, Text

NAME = "bingx"
COINS = ("BTC", "ETH", "USDT", "USDC", "Total")
_LISTED = BalanceText(order=COINS, number=NumberForm(zero="0.0"), absent="0.0")
TEMPLATE = Template(
    leaf=(Hashed((Cell(),)), Text(b","), Balances(_LISTED)),
    node=(Child("left"), Child("right")),
    odd=Odd.ALONE,
    sums=False,
)
PAGE = SidedPage(
    scheme=NAME,
    publisher="BingX",
    coins=COINS,
    template=TEMPLATE,
    item=re.compile(r"([lr]):([0-9a-f]{64})\Z", re.ASCII),
    form="l:hash or r:hash",
    sides={"l": "left", "r": "right"},
)

SCHEME = Scheme(
    name=NAME,
    title="BingX",
    source="BingX-API/BingX-proof-of-reserves @43ef338; merkle-schemes-more.md section 11",
    properties=Properties(
        digest_bits=256, binds_child_sums=None, domain_separation=False, field_separators=True, confirmed=False
    ),
    bind=PAGE.bind,
    proof=ProofFormat(PAGE.recognises, PAGE.read),
)
