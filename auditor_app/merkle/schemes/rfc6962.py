"""``rfc6962-sha256``, the native scheme: the Merkle tree of RFC 6962 section 2.1 over the ledger's rows as they stand.

Leaf = SHA-256(0x00 ‖ row without LF), node = SHA-256(0x01 ‖ left ‖ right). The shape of section 2.1 is the same as
pairing neighbours level by level and moving a lone node up unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from auditor_app.ledger.scan import RowBlock
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import Child, Odd, RowText, Template, TemplateRule, Text

TEMPLATE = Template(
    leaf=(Text(b"\x00"), RowText()),
    node=(Text(b"\x01"), Child("left", "raw"), Child("right", "raw")),
    odd=Odd.PROMOTE,
    sums=False,
)


class Rfc6962Rule(TemplateRule):
    """The template, with short cuts where every row and node passes."""

    def leaves(self, block: RowBlock) -> list[Node]:
        """The leaves of a block: each row, hashed as it stands."""
        sha256 = hashlib.sha256
        return [Node(sha256(b"\x00" + row).digest()) for row in block.rows()]

    def parent(self, left: Node, right: Node | None, level: int) -> Node:
        """SHA-256(0x01 ‖ left ‖ right)."""
        if right is None:
            return super().parent(left, right, level)
        return Node(hashlib.sha256(b"\x01" + left.digest + right.digest).digest())


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger's rows; it takes no parameters."""
    take_parameters(SCHEME.name, SCHEME.parameters, parameters)
    return Rfc6962Rule(SCHEME.name, layout, TEMPLATE, leaf_count=leaf_count, empty_root=hashlib.sha256(b"").digest())


SCHEME = Scheme(
    name="rfc6962-sha256",
    title="RFC 6962 over ledger rows",
    source="RFC 6962 section 2.1; snapshot-format.md",
    properties=Properties(digest_bits=256, binds_child_sums=None, domain_separation=True, field_separators=True),
    bind=bind,
)
