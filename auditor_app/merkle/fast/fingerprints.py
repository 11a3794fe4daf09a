"""Compiled: keyed fingerprints of ids, the first 64 bits of SHA-256(key ‖ id)."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from auditor_app.merkle.kernel import BLOCK, close_message, hash_closed
from auditor_app.native.cache import compiled
from auditor_app.native.words import SLACK, address, copy_bytes, load64, store64, u64

KEY_BYTES = 16
LONGEST_ID = 128
BATCH = 256
SLOT_BYTES = BATCH * -(-(KEY_BYTES + LONGEST_ID + 9) // BLOCK) * BLOCK + BLOCK + SLACK

_BYTES = numba.types.Array(numba.uint8, 1, "C", readonly=True)


@compiled(numba.void(_BYTES, numba.int32[:, ::1], _BYTES, numba.uint8[::1], numba.uint64[::1]))
def fingerprint_ids(data: Any, cells: Any, key: Any, slots: Any, fingerprints: Any) -> None:
    """A fingerprint for the first cell of each row; ``slots`` has :data:`SLOT_BYTES`."""
    source = address(data)
    end = source + data.size
    base = address(slots)
    starts = np.empty(BATCH, np.int64)
    blocks = np.empty(BATCH, np.int64)
    digests = np.empty((BATCH, 8), np.uint32)
    low, high = load64(address(key)), load64(address(key) + 8)
    for first in range(0, cells.shape[0], BATCH):
        filled = min(BATCH, cells.shape[0] - first)
        place = base
        for message in range(filled):
            row = first + message
            store64(place, low)
            store64(place + 8, high)
            length = cells[row, 1] - 1 - cells[row, 0]
            stop = copy_bytes(place + KEY_BYTES, source + cells[row, 0], length, end)
            starts[message] = place
            blocks[message] = close_message(place, stop)
            place += blocks[message] * BLOCK
        hash_closed(starts, blocks, filled, digests, 0)
        for message in range(filled):
            fingerprints[first + message] = (u64(digests[message, 0]) << u64(32)) | u64(digests[message, 1])
