"""Machine words inside compiled code: eight bytes at a time, eight decimal digits at a time.

Memory is named by address, a signed integer (Numba makes a float of signed and unsigned together). An array handed from
one compiled function to another would be counted in and out with atomic instructions that cost more than the work.

Bytes are taken in little-endian order, as on every machine this program runs on; the self-check of
:mod:`auditor_app.merkle.kernel` sends any other machine to the reference path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from auditor_app.native.layout import SLACK

WORD = ir.IntType(64)
pointer_to: Any = vars(types)["CPointer"]

F = TypeVar("F", bound=Callable[..., Any])

u64 = np.uint64

_ASCII = u64(0x3030303030303030)
"""Eight times the digit 0."""

VECTOR_BYTES = 64
"""Bytes looked at together: as many as a word has bits."""

_POWERS = np.array([10**n for n in range(19)], np.int64)


def inlined(function: F) -> F:
    """A part of compiled functions: compiled into whatever calls it, never alone."""
    result: F = numba.njit(error_model="numpy", forceinline=True)(function)
    return result


def instruction(generator: Callable[..., Any]) -> Any:
    """A function of compiled code whose machine instructions ``generator`` writes."""
    return intrinsic(generator)


def stack(words: int) -> Any:
    """A function without arguments that gives the address of ``words`` 64-bit words on the caller's stack."""

    def room(_context: Any) -> Any:
        def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, _arguments: Any) -> Any:
            return builder.ptrtoint(cgutils.alloca_once(builder, ir.ArrayType(WORD, words)), WORD)

        return types.int64(), generate

    return intrinsic(room)


def array_at(kind: types.Type) -> Any:
    """A function that makes an array of ``kind`` of an address and a shape."""

    def pointer(_context: Any, _address: types.Integer) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return pointer_to(kind)(types.int64), generate

    place = intrinsic(pointer)

    @inlined
    def array(address: Any, shape: Any) -> Any:
        return numba.carray(place(address), shape)

    return array


bytes_at = array_at(types.uint8)
words_at = array_at(types.int64)
digests_at = array_at(types.uint32)
prints_at = array_at(types.uint64)


def _reader(width: int, result: types.Integer) -> Any:
    """An intrinsic that reads ``width`` bits at an address."""

    def read(_context: Any, _address: types.Integer) -> Any:
        def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], ir.IntType(width).as_pointer())
            return builder.load(pointer, align=1)

        return result(types.int64), generate

    return instruction(read)


def _writer(width: int, value: types.Integer) -> Any:
    """An intrinsic that writes ``width`` bits at an address."""

    def write(_context: Any, _address: types.Integer, _value: types.Integer) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], ir.IntType(width).as_pointer())
            builder.store(arguments[1], pointer, align=1)
            return context.get_dummy_value()

        return types.void(types.int64, value), generate

    return instruction(write)


load8 = _reader(8, types.uint8)
load32 = _reader(32, types.uint32)
load64 = _reader(64, types.uint64)
store8 = _writer(8, types.uint8)
store32 = _writer(32, types.uint32)
store64 = _writer(64, types.uint64)


@inlined
def word_at(table: Any, number: Any) -> Any:
    """A signed 64-bit word of a table."""
    return np.int64(load64(table + 8 * number))


@inlined
def offset_at(table: Any, number: Any) -> Any:
    """A 32-bit offset of a table."""
    return np.int64(load32(table + 4 * number))


Marks = Callable[[ir.IRBuilder, Any, Callable[[int], Any]], Any]
"""Writes the comparison of bytes as one vector; the last argument makes a vector of one byte."""


def marker(generator: Marks, count: int = VECTOR_BYTES) -> Any:
    """A function that gives a bit for each of ``count`` bytes at an address, the first lowest."""
    kind = ir.VectorType(ir.IntType(8), count)

    def look(_context: Any, _place: types.Integer) -> Any:
        def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
            found = builder.load(builder.inttoptr(arguments[0], kind.as_pointer()), align=1)
            marks = generator(builder, found, lambda byte: ir.Constant(kind, [byte] * count))
            word = builder.bitcast(marks, ir.IntType(count))
            return word if count == VECTOR_BYTES else builder.zext(word, WORD)

        return types.uint64(types.int64), generate

    return instruction(look)


@instruction
def trailing_zeros(_context: Any, _value: types.Integer) -> Any:
    """How many low bits are zero; 64 for zero."""

    def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@instruction
def leading_zeros(_context: Any, _value: types.Integer) -> Any:
    """How many high bits are zero; 64 for zero."""

    def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@instruction
def count_ones(_context: Any, _value: types.Integer) -> Any:
    """How many bits are set."""

    def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@instruction
def reversed_bytes(_context: Any, _value: types.Integer) -> Any:
    """The word with its first byte last: comparing such words compares the bytes in order."""

    def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        swap = cgutils.get_or_insert_function(builder.module, ir.FunctionType(WORD, [WORD]), "llvm.bswap.i64")
        return builder.call(swap, [arguments[0]])

    return types.uint64(types.uint64), generate


@inlined
def count_digits(word: Any) -> Any:
    """How many of the eight bytes, from the first on, are decimal digits.

    A byte's low nibble above 9 or a high nibble other than 3 marks it; the sum's carry only reaches bytes behind one
    that is already marked.
    """
    flipped = word ^ u64(0x3030303030303030)
    marks = ((flipped + u64(0x0606060606060606)) | flipped) & u64(0xF0F0F0F0F0F0F0F0)
    return np.int64(trailing_zeros(marks) >> u64(3))


@inlined
def read_digits(word: Any, count: Any) -> Any:
    """The number that the first ``count`` (1 to 8) bytes write, all of them digits."""
    return _joined_digits((word ^ u64(0x3030303030303030)) << u64(64 - 8 * count))


@inlined
def read_fraction(word: Any, count: Any) -> Any:
    """The number of eight digits that the first ``count`` (1 to 8) bytes write, all of them digits, and zeros behind."""
    return _joined_digits((word ^ u64(0x3030303030303030)) & (u64(0xFFFFFFFFFFFFFFFF) >> u64(64 - 8 * count)))


@inlined
def _joined_digits(digits: Any) -> Any:
    """The number of eight bytes 0 to 9, the first in the lowest byte."""
    pairs = (digits * u64(10) + (digits >> u64(8))) & u64(0x00FF00FF00FF00FF)
    quads = (pairs * u64(100) + (pairs >> u64(16))) & u64(0x0000FFFF0000FFFF)
    return np.int64((quads * u64(10_000) + (quads >> u64(32))) & u64(0xFFFFFFFF))


@inlined
def spread_digits(value: Any) -> Any:
    """Eight bytes 0 to 9, the first in the lowest byte, that write ``value`` below 10**8 with leading zeros."""
    number = u64(value)
    high = number // u64(10_000)
    quads = high | ((number - high * u64(10_000)) << u64(32))
    hundreds = ((quads * u64(10_486)) >> u64(20)) & u64(0x0000007F0000007F)
    pairs = hundreds | ((quads - u64(100) * hundreds) << u64(16))
    tens = ((pairs * u64(103)) >> u64(10)) & u64(0x000F000F000F000F)
    return tens | ((pairs - u64(10) * tens) << u64(8))


@inlined
def write_padded(place: Any, value: Any) -> Any:
    """Write ``value`` below 10**18 as eighteen digits; the address behind them."""
    number = u64(value)
    high = number // u64(10_000_000_000)
    low = number - high * u64(10_000_000_000)
    middle = low // u64(100)
    store64(place, spread_digits(high) | _ASCII)
    store64(place + 8, spread_digits(middle) | _ASCII)
    store64(place + 16, spread_digits((low - middle * u64(100)) * u64(1_000_000)) | _ASCII)
    return place + 18


@inlined
def write_integer(place: Any, value: Any) -> Any:
    """Write ``value`` (0 to 10**18 - 1) without leading zeros; the address behind it."""
    number = u64(value)
    if number < u64(100_000_000):
        return _write_head(place, number)
    if number < u64(10_000_000_000_000_000):
        high = number // u64(100_000_000)
        place = _write_head(place, high)
        store64(place, spread_digits(number - high * u64(100_000_000)) | _ASCII)
        return place + 8
    top = number // u64(10_000_000_000_000_000)
    place = _write_head(place, top)
    rest = number - top * u64(10_000_000_000_000_000)
    high = rest // u64(100_000_000)
    store64(place, spread_digits(high) | _ASCII)
    store64(place + 8, spread_digits(rest - high * u64(100_000_000)) | _ASCII)
    return place + 16


@inlined
def _write_head(place: Any, number: Any) -> Any:
    """Write an unsigned ``number`` below 10**8 without leading zeros."""
    digits = spread_digits(number)
    skipped = min(trailing_zeros(digits) >> u64(3), u64(7))
    store64(place, (digits | _ASCII) >> (skipped << u64(3)))
    return place + 8 - np.int64(skipped)


@inlined
def write_stripped(place: Any, value: Any) -> Any:
    """Write ``value`` (1 to 10**18 - 1) as the digits behind a dot, eighteen less the zeros at the end."""
    number = u64(value)
    high = number // u64(10_000_000_000)
    low = number - high * u64(10_000_000_000)
    digits = spread_digits(high)
    if low != u64(0):
        store64(place, digits | _ASCII)
        place += 8
        middle = low // u64(100)
        last = low - middle * u64(100)
        digits = spread_digits(middle)
        if last != u64(0):
            store64(place, digits | _ASCII)
            place += 8
            digits = spread_digits(last * u64(1_000_000))
    store64(place, digits | _ASCII)
    return place + 8 - np.int64(leading_zeros(digits) >> u64(3))


@inlined
def copy_bytes(place: Any, source: Any, length: Any, end: Any) -> Any:
    """Copy ``length`` bytes from ``source``; the address behind them.

    Up to seven bytes more are written; nothing is read at or behind ``end``, where the source's memory stops.
    """
    if source + length + SLACK <= end:
        for step in range(0, length, 8):
            store64(place + step, load64(source + step))
    else:
        for step in range(length):
            store8(place + step, load8(source + step))
    return place + length


@inlined
def power_of_ten(exponent: Any) -> Any:
    """10**exponent for 0 to 18."""
    return _POWERS[exponent]
