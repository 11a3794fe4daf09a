"""``bitmex`` and ``river``: the sum tree over raw bytes that binds each child's value, published as a whole.

Source: BitMEX/proof-of-reserves-liabilities @c0c9c717, RiverFinancial/proof-of-reserves @ef562ac9; ``merkle-schemes.md``
section 4, ``merkle-schemes-more.md`` section 4. With q = 8 bytes little-endian and one coin in base units:
sub = SHA-256(nonce ‖ q(block height) ‖ q(account)), leaf = HMAC-SHA256(sub, q(value) ‖ q(leaf index)),
node = SHA-256(left ‖ q(left value) ‖ right ‖ q(right value)). The leaf count is a power of two; balances are split over
leaves in random order. River pads with leaves of value 0, account 0 and a nonce of zeros, and calls the nonce a subkey.

A ledger has columns ``nonce`` (hex64), ``account`` (token) and one column of base units, and holds the leaves: already
split, padded and in the tree's order.
"""

from __future__ import annotations

from functools import partial

from auditor_app.merkle.published_tree import TreeFormat
from auditor_app.merkle.scheme import CUSTOMER_FILE, Properties, Scheme
from auditor_app.merkle.schemes.bitmex_rule import PARAMETERS, bind
from auditor_app.merkle.schemes.bitmex_tree import OPTIONS, check, recognises


def _scheme(name: str, title: str, source: str) -> Scheme:
    return Scheme(
        name=name,
        title=title,
        source=source,
        properties=Properties(
            digest_bits=256,
            binds_child_sums=True,
            domain_separation=True,
            field_separators=True,
            allows_negatives=False,
            salted=True,
            unique_ids=False,
        ),
        parameters=PARAMETERS,
        bind=partial(bind, name),
        tree=TreeFormat(recognises, partial(check, name), OPTIONS),
        tree_takes={CUSTOMER_FILE: "the nonces as --proof"},
    )


BITMEX = _scheme("bitmex", "BitMEX", "BitMEX/proof-of-reserves-liabilities @c0c9c717; merkle-schemes.md section 4")
RIVER = _scheme("river", "River", "RiverFinancial/proof-of-reserves @ef562ac9; merkle-schemes-more.md section 4")
