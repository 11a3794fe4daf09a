"""The tables that Python fills and machine code reads: places in them, and the numbers that stand there."""

from __future__ import annotations

# ---- a line for each ledger column

HEX, TOKEN, BASE_UNITS, DECIMAL = range(4)
"""Kinds of column."""

COLUMN_KIND, COLUMN_OPTIONAL, COLUMN_UNSIGNED, COLUMN_WIDTH = range(4)
"""Places in a column's line."""

ABSENT, PRESENT, MINUS = range(3)
"""Marks of an amount cell; ``MINUS`` is written with one, be it ``-0``."""

END, BREACH, MINUSES, DISORDER, TOO_WIDE, LONGEST, NOTES = range(7)
"""Places in the notes of a scan: where it stopped, start of the row that breaks the grammar (or -1), cells with a minus,
rows whose key does not follow, cells that need wide limbs, bytes of the longest row; and how many notes there are."""

CELLS_AHEAD = 2**10
"""Room behind a table of cells for those that are found before their row is read."""

# ---- a line for each piece of a preimage

TEXT, OPEN, CELL, ROW, DIGEST, COIN, COIN_CELL = range(7)
"""What a line writes: fixed text; the same and the start of a list of coins; a cell; the whole row; a digest; a coin with
its amount; a coin with the cell's own text."""

HEX_CELL, WORD_CELL, WORD_COIN, WORD_INDEX, KEYED = range(7, 12)
"""Bytes that are no text: a hex cell's; a cell's number, an amount or the leaf's index as 8 bytes little-endian; a digest
as an HMAC's key, each byte combined with ``PLACES``."""

OWN, LEFT, RIGHT = range(3)
"""Whose digest or sums a line writes."""

PLAIN, FIXED, ENDED = range(3)
"""How a number is written: plain, with fixed decimals, or plain with an ending of its own for whole numbers and zero."""

RAW, HEX_TEXT = range(2)
"""How a digest is written."""

KIND, TEXT_AT, TEXT_LENGTH, FIELD, FORM, PLACES = range(6)
AFTER_AT, AFTER_LENGTH, JOINED_AT, JOINED_LENGTH, ABSENT_AT, ABSENT_LENGTH, SOURCE = range(6, 13)
WHOLE_AT, WHOLE_LENGTH, ZERO_AT, ZERO_LENGTH, WIDTH = range(13, 18)
"""Places in a piece's line. ``FIELD`` is a cell's column, a coin's place or an inner hash; ``JOINED`` is the label of a
coin that is not the first, joiner included; ``ABSENT_LENGTH`` is -1 where an absent coin is left out; ``WHOLE`` stands
behind whole numbers under :data:`ENDED`, ``ZERO`` for zero."""

# ---- digests and messages

DIGEST_WORDS = 9
"""Words of a digest in memory: eight of 32 bits, and how many of them the scheme keeps."""

BLOCK = 64
"""Bytes of a message that one compression takes in."""

PADDING = 9
"""Bytes at least that padding adds: the bit 1 and the 64-bit length."""

SLACK = 8
"""Bytes behind its end that a buffer must have where whole words are written into it."""

BATCH = 256
"""Messages written and hashed at a time: their slots stay in the processor's nearest caches."""

KEY_BYTES = 16
"""Bytes of the key of fingerprints."""


def slot_bytes(longest: int) -> int:
    """Room for a batch of messages of at most ``longest`` bytes."""
    return BATCH * -(-(longest + PADDING) // BLOCK) * BLOCK + BLOCK + SLACK
