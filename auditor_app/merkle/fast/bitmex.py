"""BitMEX's and River's tree for compiled code: keyed leaves as nested hashes, nodes that bind both children's sums.

HMAC-SHA256(key, m) is H(key ⊕ opad ‖ H(key ⊕ ipad ‖ m)); the key is itself a hash. What the rule refuses (a number that
does not fit 64 bits, an account that is none) compiled code leaves to the rule, which says why.
"""

from __future__ import annotations

import numpy as np

from auditor_app.merkle.fast.program import Program, Programs, Writer
from auditor_app.merkle.schemes.bitmex_rule import BitmexRule, word
from auditor_app.native.layout import (
    DIGEST,
    HEX_CELL,
    KEYED,
    LEFT,
    OWN,
    RAW,
    RIGHT,
    TEXT,
    WORD_CELL,
    WORD_COIN,
    WORD_INDEX,
)
from auditor_app.native.limbs import LIMB_DIGITS

_INNER_PAD, _OUTER_PAD = 0x36, 0x5C
_DIGEST_BYTES, _KEY_BYTES, _WORD_BYTES = 32, 64, 8
_SUB_NONCE, _MESSAGE = range(2)


def bitmex_programs(rule: BitmexRule) -> Programs | None:
    """The programs of the rule; ``None`` for a coin of more decimals than compiled code holds."""
    (coin,) = rule.layout.coins
    if coin.scale > LIMB_DIGITS:
        return None
    nodes = _node(rule, coin.scale)
    return Programs(
        rule,
        _leaf(rule),
        (_sub_nonce(rule), _message(rule, coin.scale)),
        lambda _level, _depth: nodes,
        1,
        _DIGEST_BYTES // 4,
        _DIGEST_BYTES // 4,
        np.zeros(1, np.int64),
        np.zeros(1, np.uint8),
        np.zeros(1, np.int64),
        np.array([LIMB_DIGITS - coin.scale], np.int64),
    )


def _sub_nonce(rule: BitmexRule) -> Program:
    """SHA-256(nonce ‖ q(block height) ‖ q(account)): the key of an account's leaves."""
    writer = Writer(rule.layout)
    writer.line(HEX_CELL, field=rule.layout.field("nonce"), longest=_DIGEST_BYTES)
    writer.line(TEXT, word(rule.height, "the block height"))
    writer.line(WORD_CELL, field=rule.layout.field("account"), longest=_WORD_BYTES)
    return writer.program()


def _message(rule: BitmexRule, scale: int) -> Program:
    """The inner hash of the leaf's HMAC, over q(value) ‖ q(leaf index)."""
    writer = Writer(rule.layout)
    writer.line(KEYED, field=_SUB_NONCE, places=_INNER_PAD, longest=_KEY_BYTES)
    writer.line(WORD_COIN, field=0, places=scale, source=OWN, longest=_WORD_BYTES)
    writer.line(WORD_INDEX, longest=_WORD_BYTES)
    return writer.program()


def _leaf(rule: BitmexRule) -> Program:
    """The outer hash of the leaf's HMAC."""
    writer = Writer(rule.layout)
    writer.line(KEYED, field=_SUB_NONCE, places=_OUTER_PAD, longest=_KEY_BYTES)
    writer.line(DIGEST, field=_MESSAGE, form=RAW, longest=_DIGEST_BYTES)
    return writer.program()


def _node(rule: BitmexRule, scale: int) -> Program:
    """Both hashes, each with its sum behind it."""
    writer = Writer(rule.layout)
    for side in (LEFT, RIGHT):
        writer.line(DIGEST, source=side, form=RAW, longest=_DIGEST_BYTES)
        writer.line(WORD_COIN, field=0, places=scale, source=side, longest=_WORD_BYTES)
    return writer.program()
