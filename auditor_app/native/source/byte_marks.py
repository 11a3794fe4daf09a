"""Compiled: bytes of a kind found many at a time, a bit for each."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from auditor_app.native.source.words import marker

_COMMA, _ZERO, _LF = 0x2C, 0x30, 0x0A
_SLASH, _COLON, _UNDERSCORE, _SMALL_A = 0x2F, 0x3A, 0x5F, 0x61


@marker
def line_feeds(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks LFs."""
    return builder.icmp_unsigned("==", found, every(_LF))


@marker
def separators(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks commas and LFs."""
    comma = builder.icmp_unsigned("==", found, every(_COMMA))
    return builder.or_(comma, builder.icmp_unsigned("==", found, every(_LF)))


def _not_a_digit(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks everything but decimal digits."""
    return builder.icmp_unsigned(">", builder.sub(found, every(_ZERO)), every(9))


no_digits = marker(_not_a_digit)
PLAIN_BYTES = 32
"""The longest plain cell: half a vector, so that the widest registers, which slow the others down, stay out of its way."""

no_digits_in_plain = marker(_not_a_digit, PLAIN_BYTES)


@marker
def no_hex(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks everything but lower-case hex digits."""
    digit = builder.icmp_unsigned(">", builder.sub(found, every(_ZERO)), every(9))
    return builder.and_(digit, builder.icmp_unsigned(">", builder.sub(found, every(_SMALL_A)), every(5)))


@marker
def strangers(builder: ir.IRBuilder, found: Any, every: Any) -> Any:
    """Marks everything that stands neither in a cell nor behind one.

    From comma to colon all but the slash, letters of both cases (bit 5 apart), the underscore, LF.
    """
    row = builder.icmp_unsigned(">", builder.sub(found, every(_COMMA)), every(_COLON - _COMMA))
    letter = builder.icmp_unsigned(">", builder.sub(builder.or_(found, every(0x20)), every(_SMALL_A)), every(25))
    strange = builder.and_(row, letter)
    for byte in (_UNDERSCORE, _LF):
        strange = builder.and_(strange, builder.icmp_unsigned("!=", found, every(byte)))
    return builder.or_(strange, builder.icmp_unsigned("==", found, every(_SLASH)))
