"""SHA-256 of many short messages side by side, and the check that lets a process rely on it.

The compression itself is :mod:`auditor_app.native.source.sha256`, the one hash in the program that no library gave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from auditor_app.native.layout import BATCH, BLOCK, DIGEST_WORDS, PADDING
from auditor_app.native.library import address, machine_code


def sha256_each(messages: Sequence[bytes]) -> list[bytes]:
    """SHA-256 of every message."""
    digests: list[bytes] = []
    for first in range(0, len(messages), BATCH):
        digests += _sha256_batch(messages[first : first + BATCH])
    return digests


def _sha256_batch(messages: Sequence[bytes]) -> list[bytes]:
    """Each message in a slot of its own, with room for its padding and a block."""
    room = [(-(-(len(message) + PADDING) // BLOCK) + 1) * BLOCK for message in messages]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(room)])[:-1].astype(np.int64)
    ends = starts + np.array([len(message) for message in messages], np.int64)
    slots = np.frombuffer(
        bytearray(b"".join(message.ljust(size, b"\0") for message, size in zip(messages, room, strict=True))), np.uint8
    )
    digests = np.empty((len(messages), DIGEST_WORDS), np.uint32)
    machine_code().hash_messages(address(slots), address(starts), address(ends), len(messages), address(digests))
    return [digest.astype(">u4").tobytes() for digest in digests[:, :8]]


def self_check() -> bool:
    """Whether the kernel and ``hashlib`` agree on messages of every length from 0 to 3 blocks and some longer ones."""
    pattern = bytes((7 * number + number // 251) % 256 for number in range(4 * BLOCK))
    messages = [pattern[:length] for length in range(3 * BLOCK + 1)] + [pattern * 2, pattern * 17, pattern * 9]
    return sha256_each(messages) == [hashlib.sha256(message).digest() for message in messages]
