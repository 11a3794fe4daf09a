"""The hashes of BitMEX's and River's sum tree, and the rule over a ledger of its leaves."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from auditor_app.errors import LedgerError
from auditor_app.ledger.columns import is_amount
from auditor_app.merkle.rule import Layout, Node, Row, Rule
from auditor_app.merkle.scheme import take_parameters

WORD_LIMIT = 2**64
PARAMETERS = {"blockHeight": "the block height that the published tree names in its first line"}
_NUMBER = re.compile(rb"(?:0|[1-9][0-9]{0,19})\Z")


def word(value: int, what: str) -> bytes:
    """q(value), 8 bytes little-endian; :class:`LedgerError` ``RANGE.FIELD`` if it does not fit."""
    if not 0 <= value < WORD_LIMIT:
        raise LedgerError(
            "RANGE.FIELD",
            f"{what} does not fit the 64 bits in which the scheme hashes it",
            expected=f"0 to {WORD_LIMIT - 1}",
            observed=str(value),
            action="Ask the issuer how it was hashed.",
        )
    return value.to_bytes(8, "little")


def sub_nonce(nonce: bytes, height: int, account: int) -> bytes:
    """The key of an account's leaves at one block height."""
    return hashlib.sha256(nonce + word(height, "the block height") + word(account, "the account number")).digest()


def leaf_message(value: int, index: int) -> bytes:
    """What a leaf's HMAC is over."""
    return word(value, "the balance") + word(index, "the leaf index")


def leaf_digest(sub: bytes, value: int, index: int) -> bytes:
    """The leaf of one part of an account's balance."""
    return hmac.digest(sub, leaf_message(value, index), "sha256")


def node_preimage(left: bytes, left_value: int, right: bytes, right_value: int) -> bytes:
    """The 80 bytes that a node hashes."""
    return left + word(left_value, "a child's sum") + right + word(right_value, "a child's sum")


class BitmexRule(Rule):
    """Leaves keyed by each account's nonce, nodes that bind both children's sums."""

    def __init__(self, scheme: str, layout: Layout, height: int) -> None:
        super().__init__(scheme, layout)
        self.height = height
        self._nonce = layout.field("nonce")
        self._account = layout.field("account")

    def depth(self, leaf_count: int) -> int:
        """The root's level; :class:`LedgerError` for a leaf count that is no power of two."""
        if leaf_count & (leaf_count - 1):
            raise LedgerError(
                "SCHEME.PARAMETERS",
                f"the scheme {self.scheme} has 1, 2, 4, 8… leaves",
                expected="a power of two",
                observed=str(leaf_count),
                action="Ask the issuer for the ledger of leaves, already split and padded.",
            )
        return super().depth(leaf_count)

    def leaf_preimage(self, row: Row) -> bytes:
        """The message of the leaf's HMAC; its key is no part of it."""
        return leaf_message(_value(row), row.leaf_index)

    def leaf(self, row: Row) -> Node:
        """HMAC-SHA256 under the account's key of this block height."""
        account = row.cells[self._account]
        if not _NUMBER.match(account):
            raise LedgerError(
                "SCHEME.PARAMETERS",
                "an account is not a number",
                expected="a whole number of 64 bits",
                observed=account.decode("ascii"),
            )
        sub = sub_nonce(bytes.fromhex(row.cells[self._nonce].decode("ascii")), self.height, int(account))
        return Node(leaf_digest(sub, _value(row), row.leaf_index), (_value(row),))

    def parent_preimage(self, left: Node, right: Node | None, level: int) -> bytes:
        """Both hashes, each with its sum behind it."""
        if right is None:
            raise ValueError("a tree of 2**k leaves has no lone nodes")
        return node_preimage(left.digest, left.sums[0] or 0, right.digest, right.sums[0] or 0)

    def parent(self, left: Node, right: Node | None, level: int) -> Node:
        """SHA-256 of both hashes and sums, with their sum."""
        preimage = self.parent_preimage(left, right, level)
        sums = [child.sums[0] or 0 for child in (left, right) if child is not None]
        return Node(hashlib.sha256(preimage).digest(), (sum(sums),))

    def node(self, digest: bytes, balances: Mapping[str, str]) -> Node:
        """The node that :meth:`balances` shows; ``ValueError`` for a sum that does not fit 64 bits."""
        made = super().node(digest, balances)
        if any(units is None or not 0 <= units < WORD_LIMIT for units in made.sums):
            raise ValueError("the sum does not fit the 64 bits in which the scheme hashes it")
        return made


def _value(row: Row) -> int:
    """The balance in base units; an empty cell is none."""
    return row.units[0] or 0


def bind(scheme: str, layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger of leaves."""
    height = take_parameters(scheme, PARAMETERS, parameters)["blockHeight"]
    amounts = [column for column in layout.columns if is_amount(column)]
    if not height.isascii() or not _NUMBER.match(height.encode("ascii")):
        raise LedgerError("SCHEME.PARAMETERS", "the parameter blockHeight is no number", observed=height[:80])
    if len(amounts) != 1 or amounts[0].type != "base-units" or amounts[0].optional:
        raise LedgerError(
            "SCHEME.PARAMETERS",
            f"the scheme {scheme} hashes one balance, in whole base units",
            expected="one column such as BTC:base-units/8",
            observed=", ".join(column.name for column in amounts),
        )
    nonce = layout.columns[layout.field("nonce")]
    if nonce.type != "hex64" or nonce.optional:
        raise LedgerError("SCHEME.PARAMETERS", "the column nonce must be hex64", observed=nonce.type)
    word(int(height), "the block height")
    return BitmexRule(scheme, layout, int(height))
