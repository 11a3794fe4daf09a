"""SHA-256 of many short messages at once: one message a lane, as many lanes as the processor's vectors hold.

The one place in the program where a hash is not taken from a library, because none hashes many messages side by side:
``hashlib`` spends seven times a compression's cost on entering and leaving. The compression of FIPS 180-4 section 6.2.2
is written out once, as vector instructions, so that it does not depend on what a compiler's loop vectoriser makes of it;
LLVM turns them into whatever the processor has. :mod:`auditor_app.merkle.kernel` compares it with ``hashlib`` before it
is relied on.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types

from auditor_app.native.layout import BATCH, BLOCK, DIGEST_WORDS, PADDING
from auditor_app.native.source.words import (
    inlined,
    instruction,
    load32,
    load64,
    reversed_bytes,
    stack,
    store8,
    store32,
    store64,
    u64,
    word_at,
    words_at,
)

_LONGEST_COUNTED = 31
"""Block counts above this are sorted as this: such messages are few."""


def _lanes() -> int:
    """Messages hashed side by side: as many 32-bit words as one vector register holds."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f") and features.get("avx512bw"):
        return 16
    return 8 if features.get("avx2") else 4


LANES = _lanes()


def _primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def _cube_root(number: int) -> int:
    """The integer part of the cube root, by Newton's method."""
    root = 1 << -(-number.bit_length() // 3)
    while (better := (2 * root + number // (root * root)) // 3) < root:
        root = better
    return root


INITIAL = np.array([isqrt(prime << 64) & 0xFFFFFFFF for prime in _primes(8)], np.uint32)
"""First 32 fraction bits of the square roots of the first 8 primes (FIPS 180-4 section 5.3.3)."""

ROUND_CONSTANTS = tuple(_cube_root(prime << 96) & 0xFFFFFFFF for prime in _primes(64))
"""First 32 fraction bits of the cube roots of the first 64 primes (FIPS 180-4 section 4.2.2)."""

_INITIAL_STATE = np.repeat(INITIAL, LANES)

_WORD = ir.IntType(32)
_VECTOR = ir.VectorType(_WORD, LANES)


class _Emitter:
    """Writes vector instructions: each value is one 32-bit word of every lane."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self._builder = builder
        module = builder.module
        name = f"v{LANES}i32"
        self._funnel = cgutils.get_or_insert_function(
            module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fshr.{name}"
        )
        self._swap = cgutils.get_or_insert_function(module, ir.FunctionType(_VECTOR, [_VECTOR]), f"llvm.bswap.{name}")

    def every_lane(self, value: int) -> Any:
        return ir.Constant(_VECTOR, [value] * LANES)

    def rotate(self, word: Any, bits: int) -> Any:
        return self._builder.call(self._funnel, [word, word, self.every_lane(bits)])

    def shift(self, word: Any, bits: int) -> Any:
        return self._builder.lshr(word, self.every_lane(bits))

    def xor(self, *words: Any) -> Any:
        total = words[0]
        for word in words[1:]:
            total = self._builder.xor(total, word)
        return total

    def add(self, *words: Any) -> Any:
        total = words[0]
        for word in words[1:]:
            total = self._builder.add(total, word)
        return total

    def choose(self, e: Any, f: Any, g: Any) -> Any:
        return self.xor(g, self._builder.and_(e, self.xor(f, g)))

    def majority(self, a: Any, b: Any, c: Any) -> Any:
        return self._builder.or_(self._builder.and_(a, b), self._builder.and_(c, self._builder.or_(a, b)))

    def compress(self, state: Sequence[Any], block: Sequence[Any]) -> list[Any]:
        """FIPS 180-4 section 6.2.2: eight words of state and sixteen of message give the next state."""
        schedule = list(block)
        a, b, c, d, e, f, g, h = state
        for number, constant in enumerate(ROUND_CONSTANTS):
            if number >= len(block):
                near, far = schedule[number - 2], schedule[number - 15]
                small_0 = self.xor(self.rotate(far, 7), self.rotate(far, 18), self.shift(far, 3))
                small_1 = self.xor(self.rotate(near, 17), self.rotate(near, 19), self.shift(near, 10))
                schedule.append(self.add(schedule[number - 16], small_0, schedule[number - 7], small_1))
            big_1 = self.xor(self.rotate(e, 6), self.rotate(e, 11), self.rotate(e, 25))
            keyed = self.add(schedule[number], self.every_lane(constant))
            first = self.add(h, big_1, self.choose(e, f, g), keyed)
            big_0 = self.xor(self.rotate(a, 2), self.rotate(a, 13), self.rotate(a, 22))
            second = self.add(big_0, self.majority(a, b, c))
            a, b, c, d, e, f, g, h = self.add(first, second), a, b, c, self.add(d, first), e, f, g
        return [self.add(before, after) for before, after in zip(state, (a, b, c, d, e, f, g, h), strict=True)]

    def load(self, pointer: Any) -> Any:
        """``LANES`` words from anywhere in memory."""
        return self._builder.load(self._builder.bitcast(pointer, _VECTOR.as_pointer()), align=1)

    def across(self, rows: Sequence[Any]) -> list[Any]:
        """Word n of every row in vector n, big-endian: the square of lanes and words turned on its diagonal.

        Interleaving the first half of the rows with the second, log2 times, is that turn.
        """
        half = LANES // 2
        mixed = [lane // 2 + (LANES if lane % 2 else 0) for lane in range(LANES)]
        low = ir.Constant(_VECTOR, mixed)
        high = ir.Constant(_VECTOR, [lane + half for lane in mixed])
        square = list(rows)
        for _ in range(LANES.bit_length() - 1):
            pairs = [(square[lane], square[lane + half]) for lane in range(half)]
            square = [self._builder.shuffle_vector(*pair, way) for pair in pairs for way in (low, high)]
        return [self._builder.call(self._swap, [vector]) for vector in square]

    def lane_by_lane(self, words: Sequence[Any]) -> list[Any]:
        """Word n of every lane, n from 0 to 7, as each lane's eight words behind those of the lane before: as ``across``."""
        half = len(words) // 2
        low = ir.Constant(_VECTOR, [lane // 2 + (LANES if lane % 2 else 0) for lane in range(LANES)])
        high = ir.Constant(_VECTOR, [(LANES + lane) // 2 + (LANES if lane % 2 else 0) for lane in range(LANES)])
        rows = list(words)
        for _ in range(len(words).bit_length() - 1):
            pairs = [(rows[word], rows[word + half]) for word in range(half)]
            rows = [self._builder.shuffle_vector(*pair, way) for pair in pairs for way in (low, high)]
        return rows


@instruction
def _store_digests(_context: Any, _state: types.Integer, _targets: types.Integer) -> Any:
    """Write each lane's eight words of state to the address that ``targets`` (an address) has for it."""

    def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        emit = _Emitter(builder)
        state = builder.inttoptr(arguments[0], _WORD.as_pointer())
        targets = builder.inttoptr(arguments[1], arguments[1].type.as_pointer())
        words = [emit.load(builder.gep(state, [ir.Constant(_WORD, word * LANES)])) for word in range(8)]
        size = min(8, LANES)
        for number, row in enumerate(emit.lane_by_lane(words)):
            for first in range(0, LANES, size):
                lane, word = divmod(number * LANES + first, 8)
                some = builder.shuffle_vector(
                    row, row, ir.Constant(ir.VectorType(_WORD, size), [*range(first, first + size)])
                )
                place = builder.load(builder.gep(targets, [ir.Constant(_WORD, lane)]))
                place = builder.add(place, ir.Constant(place.type, 4 * word))
                builder.store(some, builder.inttoptr(place, some.type.as_pointer()), align=1)
        return _context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@instruction
def _clear_block(_context: Any, _place: types.Integer) -> Any:
    """Write :data:`BLOCK` zeros."""

    def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        kind = ir.VectorType(ir.IntType(8), BLOCK)
        builder.store(ir.Constant(kind, [0] * BLOCK), builder.inttoptr(arguments[0], kind.as_pointer()), align=1)
        return _context.get_dummy_value()

    return types.void(types.int64), generate


@instruction
def _compress_lanes(_context: Any, _places: types.Integer, _offset: types.Integer, _state: types.Integer) -> Any:
    """One compression in every lane; ``places`` and ``state`` are addresses.

    Lane n takes the block at the address ``places[n] + offset`` into ``state[:, n]`` (8 rows of ``LANES`` words).
    """

    def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        emit = _Emitter(builder)
        places, offset, state = arguments
        places = builder.inttoptr(places, places.type.as_pointer())
        lanes = []
        for lane in range(LANES):
            place = builder.load(builder.gep(places, [ir.Constant(_WORD, lane)]))
            lanes.append(builder.inttoptr(builder.add(place, offset), _WORD.as_pointer()))
        block: list[Any] = []
        for first in range(0, BLOCK // 4, LANES):
            block += emit.across([emit.load(builder.gep(lane, [ir.Constant(_WORD, first)])) for lane in lanes])
        state = builder.inttoptr(state, _WORD.as_pointer())
        rows = [builder.gep(state, [ir.Constant(_WORD, row * LANES)]) for row in range(8)]
        for row, word in zip(rows, emit.compress([emit.load(row) for row in rows], block), strict=True):
            builder.store(word, builder.bitcast(row, _VECTOR.as_pointer()), align=1)
        return _context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@inlined
def close_message(start: Any, end: Any) -> Any:
    """Pad the message between two addresses in place (FIPS 180-4 section 5.1.1); how many blocks it now has.

    :data:`BLOCK` bytes behind ``end`` are written; the length's place, the last, ends at most 72 bytes behind it.
    """
    length = end - start
    blocks = (length + PADDING + BLOCK - 1) // BLOCK
    _clear_block(end)
    store8(end, 0x80)
    store64(start + blocks * BLOCK - 8, reversed_bytes(u64(length * 8)))
    return blocks


_lane_room = stack(LANES)
_target_room = stack(LANES)
_state_room = stack(4 * LANES)
_order_room = stack(BATCH)
_places_room = stack(_LONGEST_COUNTED + 2)


@inlined
def _in_order_of_blocks(blocks: Any, count: Any) -> Any:
    """The address of the messages' numbers, those of fewer blocks first."""
    order_place = _order_room()
    order = words_at(order_place, (BATCH,))
    differ = u64(0)
    for message in range(count):
        order[message] = message
        differ |= load64(blocks + 8 * message) ^ load64(blocks)
    if differ == u64(0):
        return order_place
    places = words_at(_places_room(), (_LONGEST_COUNTED + 2,))
    for length in range(_LONGEST_COUNTED + 2):
        places[length] = 0
    for message in range(count):
        places[min(word_at(blocks, message), _LONGEST_COUNTED) + 1] += 1
    for length in range(1, _LONGEST_COUNTED + 2):
        places[length] += places[length - 1]
    for message in range(count):
        length = min(word_at(blocks, message), _LONGEST_COUNTED)
        order[places[length]] = message
        places[length] += 1
    return order_place


@inlined
def hash_closed(starts: Any, blocks: Any, count: Any, digests: Any, keep: Any) -> None:
    """Digests of at most :data:`BATCH` closed messages, as rows of eight words and the number of them to ``keep``.

    ``starts`` and ``blocks`` are addresses of each message's own address and block count; ``digests`` is where the first
    digest goes. Lanes are filled in the order of block counts, so that messages that share a vector end together; a
    lane that has ended follows the longest one's blocks until that has ended too.
    """
    order = words_at(_in_order_of_blocks(blocks, count), (BATCH,))
    state = _state_room()
    lane_places, target_places = _lane_room(), _target_room()
    lanes = words_at(lane_places, (LANES,))
    targets = words_at(target_places, (LANES,))
    for first in range(0, count, LANES):
        filled = min(LANES, count - first)
        longest = order[first]
        differ = u64(0)
        for lane in range(1, filled):
            differ |= load64(blocks + 8 * order[first + lane]) ^ load64(blocks + 8 * order[first])
            if word_at(blocks, order[first + lane]) > word_at(blocks, longest):
                longest = order[first + lane]
        for lane in range(LANES):
            message = order[first + lane] if lane < filled else longest
            lanes[lane] = word_at(starts, message)
            targets[lane] = digests + 4 * DIGEST_WORDS * message
        for word in range(8 * LANES):
            store32(state + 4 * word, _INITIAL_STATE[word])
        for done in range(1, word_at(blocks, longest) + 1):
            _compress_lanes(lane_places, (done - 1) * BLOCK, state)
            if differ == u64(0):
                continue
            for lane in range(filled):
                message = order[first + lane]
                if word_at(blocks, message) == done:
                    lanes[lane] = word_at(starts, longest)
                    for word in range(8):
                        store32(targets[lane] + 4 * word, load32(state + 4 * (word * LANES + lane)))
        if differ == u64(0):
            _store_digests(state, target_places)
    for message in range(count):
        store32(digests + 4 * DIGEST_WORDS * message + 32, np.uint32(keep))


def hash_messages(slots: int, starts: int, ends: int, count: int, digests: int) -> int:
    """Hash the messages from ``slots + starts[n]`` to ``slots + ends[n]``, at most :data:`BATCH`; 0.

    Behind each there is room for its padding, and for :data:`BLOCK` bytes at least. ``starts`` becomes addresses, ``ends`` block counts.
    """
    for message in range(count):
        start, end = slots + word_at(starts, message), slots + word_at(ends, message)
        store64(starts + 8 * message, u64(start))
        store64(ends + 8 * message, u64(close_message(start, end)))
    hash_closed(starts, ends, count, digests, 8)
    return 0
