"""A plain decimal cell in a few vector instructions, without a branch: sixteen digits on each side of the dot at most.

A cell's value is first four numbers below 10**8, its groups: eight digits of the whole number, the eight behind them, and
the same of the fraction. Groups of many cells add up without a carry. They are then weighed: two limbs, the digits behind
the dot as a number of 10**-18, and those before it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from auditor_app.native.source.words import WORD, inlined, instruction, word_at

PLAIN_DIGITS = 16
"""Digits on each side of the dot at most."""

_GROUP = 10**8
_WEIGHTS = (_GROUP, 1, 10_000_000_000, 100)
"""Of the four groups."""


def _vector(bits: int, count: int) -> Any:
    return ir.VectorType(ir.IntType(bits), count)


def _every(kind: Any, value: int) -> Any:
    return ir.Constant(kind, [value] * kind.count)


def _load(builder: ir.IRBuilder, place: Any, kind: Any) -> Any:
    return builder.load(builder.inttoptr(place, kind.as_pointer()), align=1)


def _store(builder: ir.IRBuilder, value: Any, place: Any) -> None:
    builder.store(value, builder.inttoptr(place, value.type.as_pointer()), align=1)


def _joined(builder: ir.IRBuilder, numbers: Any, bits: int, unit: int) -> Any:
    """Numbers of ``bits`` bits, in pairs of which the first is worth ``unit`` of the second, as half as many.

    A pair is one word, the first number in its lower half: times ``unit``·2**bits + 1, its upper half is what is wanted.
    """
    kind = _vector(2 * bits, 2 * PLAIN_DIGITS * 8 // (2 * bits))
    pairs = builder.bitcast(numbers, kind)
    if bits == 32:  # no machine multiplies such words quickly
        first = builder.and_(pairs, _every(kind, 2**bits - 1))
        return builder.add(builder.mul(first, _every(kind, unit)), builder.lshr(pairs, _every(kind, bits)))
    return builder.lshr(builder.mul(pairs, _every(kind, (unit << bits) + 1)), _every(kind, bits))


@instruction
def read_groups(
    _context: Any, _dot: types.Integer, _whole: types.Integer, _part: types.Integer, _to: types.Integer
) -> Any:
    """The groups of the digits before the address ``dot`` and behind it that have a bit in the masks, written ``to``.

    Bit n of ``whole`` stands for the byte at ``dot - 16 + n``, of ``part`` for the one at ``dot + 1 + n``. Digits join to
    numbers below 10**2, 10**4 and 10**8, each in a word twice as wide.
    """

    def generate(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        dot, whole, part, to = arguments
        half = _vector(8, PLAIN_DIGITS)
        before = _load(builder, builder.sub(dot, ir.Constant(WORD, PLAIN_DIGITS)), half)
        behind = _load(builder, builder.add(dot, ir.Constant(WORD, 1)), half)
        order = ir.Constant(_vector(32, 2 * PLAIN_DIGITS), list(range(2 * PLAIN_DIGITS)))
        digits = builder.shuffle_vector(before, behind, order)
        digits = builder.sub(digits, _every(digits.type, 0x30))
        mask = builder.or_(whole, builder.shl(part, ir.Constant(WORD, PLAIN_DIGITS)))
        chosen = builder.bitcast(builder.trunc(mask, ir.IntType(2 * PLAIN_DIGITS)), _vector(1, 2 * PLAIN_DIGITS))
        numbers = builder.select(chosen, digits, _every(digits.type, 0))
        for bits, unit in ((8, 10), (16, 100), (32, 10_000)):
            numbers = _joined(builder, numbers, bits, unit)
        _store(builder, numbers, to)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint64, types.uint64, types.int64), generate


@instruction
def add_groups(_context: Any, _held: types.Integer, _groups: types.Integer) -> Any:
    """Add four groups to the four sums at ``held``."""

    def generate(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        held, groups = arguments
        kind = _vector(64, 4)
        _store(builder, builder.add(_load(builder, held, kind), _load(builder, groups, kind)), held)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@instruction
def weigh_groups(_context: Any, _groups: types.Integer, _to: types.Integer) -> Any:
    """The two limbs of one cell's groups, written ``to``: fraction, whole number."""

    def generate(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        groups, to = arguments
        kind = _vector(64, 4)
        weighed = builder.mul(_load(builder, groups, kind), ir.Constant(kind, list(_WEIGHTS)))
        half = _vector(32, 2)
        first = builder.shuffle_vector(weighed, weighed, ir.Constant(half, [2, 0]))
        second = builder.shuffle_vector(weighed, weighed, ir.Constant(half, [3, 1]))
        _store(builder, builder.add(first, second), to)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@inlined
def carried_limbs(sums: Any) -> Any:
    """The three limbs of four sums of groups, each below 2**62: fraction, whole number below 10**18, and what is above.

    Each sum passes what is above 10**8 on to the one before it; a quotient below 2**62 / 10**8 cannot carry it over 2**63.
    """
    last = word_at(sums, 3)
    part = word_at(sums, 2) + last // _GROUP
    low = word_at(sums, 1) + part // _GROUP
    high = word_at(sums, 0) + low // _GROUP
    fraction = (part % _GROUP) * 10_000_000_000 + (last % _GROUP) * 100
    return fraction, (high % 10_000_000_000) * _GROUP + low % _GROUP, high // 10_000_000_000
