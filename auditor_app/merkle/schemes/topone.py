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

from auditor_app.merkle.published import ProofFormat
from auditor_app.merkle.scheme import Properties, Scheme
from auditor_app.merkle.sided_page import SidedPage
from auditor_app.merkle.template import Balances, BalanceText, Cell, Child, Hashed, NumberForm, Odd, Template, Text

NAME = "topone"
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
PAGE = SidedPage(
    scheme=NAME,
    publisher="TopOne",
    coins=COINS,
    template=TEMPLATE,
    item=re.compile(r"([01])([0-9a-f]{64})\Z", re.ASCII),
    form="0 or 1 and a hash",
    sides={"0": "left", "1": "right"},
)

SCHEME = Scheme(
    name=NAME,
    title="TopOne",
    source="TopOne-API/proof-of-reserves @a53ad81; merkle-schemes-more.md section 13",
    properties=Properties(
        digest_bits=256, binds_child_sums=None, domain_separation=False, field_separators=True, confirmed=False
    ),
    bind=PAGE.bind,
    proof=ProofFormat(PAGE.recognises, PAGE.read),
)
