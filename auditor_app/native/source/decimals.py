"""A plain decimal cell in a few vector instructions, without a branch: sixteen digits on each side of the dot at most.

A cell's value is two limbs: the digits behind the dot as a number of 10**-18, those before it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from auditor_app.native.limbs import BASE
from auditor_app.native.source.words import WORD, instruction

PLAIN_DIGITS = 16
"""Digits on each side of the dot at most."""

_WEIGHTS = (100_000_000, 1, 10_000_000_000, 100)
"""Of the four numbers of eight digits that a cell consists of."""


def _vector(bits: int, count: int) -> Any:
    return ir.VectorType(ir.IntType(bits), count)


def _every(kind: Any, value: int) -> Any:
    return ir.Constant(kind, [value] * kind.count)


def _load(builder: ir.IRBuilder, place: Any, kind: Any) -> Any:
    return builder.load(builder.inttoptr(place, kind.as_pointer()), align=1)


def _store(builder: ir.IRBuilder, value: Any, place: Any) -> None:
    builder.store(value, builder.inttoptr(place, value.type.as_pointer()), align=1)


def _chosen_digits(builder: ir.IRBuilder, place: Any, mask: Any) -> Any:
    """The sixteen digits at a place, zeros where the mask has no bit."""
    kind = _vector(8, PLAIN_DIGITS)
    digits = builder.sub(_load(builder, place, kind), _every(kind, 0x30))
    chosen = builder.bitcast(builder.trunc(mask, ir.IntType(PLAIN_DIGITS)), _vector(1, PLAIN_DIGITS))
    return builder.select(chosen, digits, _every(kind, 0))


def _joined(builder: ir.IRBuilder, numbers: Any, bits: int, unit: int) -> Any:
    """Numbers of ``bits`` bits, in pairs of which the first is worth ``unit`` of the second, as half as many."""
    kind = _vector(2 * bits, 2 * PLAIN_DIGITS * 8 // (2 * bits))
    pairs = builder.bitcast(numbers, kind)
    first = builder.and_(pairs, _every(kind, 2**bits - 1))
    return builder.add(builder.mul(first, _every(kind, unit)), builder.lshr(pairs, _every(kind, bits)))


@instruction
def read_decimal(
    _context: Any, _dot: types.Integer, _whole: types.Integer, _part: types.Integer, _to: types.Integer
) -> Any:
    """The value of the digits before the address ``dot`` and behind it that have a bit in the masks, written ``to``.

    Bit n of ``whole`` stands for the byte at ``dot - 16 + n``, of ``part`` for the one at ``dot + 1 + n``. Digits join to
    numbers below 10**2, 10**4 and 10**8, each in a word twice as wide; the weights make of these a fraction below 10**18
    and a whole number below 10**16.
    """

    def generate(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        dot, whole, part, to = arguments
        before = _chosen_digits(builder, builder.sub(dot, ir.Constant(WORD, PLAIN_DIGITS)), whole)
        behind = _chosen_digits(builder, builder.add(dot, ir.Constant(WORD, 1)), part)
        order = ir.Constant(_vector(32, 2 * PLAIN_DIGITS), list(range(2 * PLAIN_DIGITS)))
        numbers = builder.shuffle_vector(before, behind, order)
        for bits, unit in ((8, 10), (16, 100), (32, 10_000)):
            numbers = _joined(builder, numbers, bits, unit)
        weighed = builder.mul(numbers, ir.Constant(numbers.type, list(_WEIGHTS)))
        half = _vector(32, 2)
        first = builder.shuffle_vector(weighed, weighed, ir.Constant(half, [2, 0]))
        second = builder.shuffle_vector(weighed, weighed, ir.Constant(half, [3, 1]))
        _store(builder, builder.add(first, second), to)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint64, types.uint64, types.int64), generate


@instruction
def add_value(_context: Any, _held: types.Integer, _value: types.Integer) -> Any:
    """Add a value to the sum at ``held``; its fraction stays below 10**18, what it passes on is 0 or 1."""

    def generate(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        held, value = arguments
        kind = _vector(64, 2)
        total = builder.add(_load(builder, held, kind), _load(builder, value, kind))
        over = builder.icmp_unsigned(">", total, ir.Constant(kind, [BASE - 1, 2**64 - 1]))
        total = builder.sub(total, builder.select(over, _every(kind, BASE), _every(kind, 0)))
        carry = builder.select(over, _every(kind, 1), _every(kind, 0))
        moved = builder.shuffle_vector(carry, carry, ir.Constant(_vector(32, 2), [1, 0]))
        _store(builder, builder.add(total, moved), held)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate
