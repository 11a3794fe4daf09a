"""A ledger held in memory, for tests of whatever takes a ``LedgerSource``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from auditor_app.ledger.source import PART_ROWS, LedgerPart
from auditor_app.operation import CancelToken
from auditor_app.snapshot.statement import Column


class MemoryLedger:
    """Rows without their LF, in parts of ``part_rows``; ``declared`` is the declared row count (the true one if -1)."""

    def __init__(
        self,
        columns: tuple[Column, ...],
        rows: Sequence[bytes],
        part_rows: int = PART_ROWS,
        *,
        order: Literal["id-ascending", "tree"] = "tree",
        declared: int | None = -1,
        name: str = "memory",
    ) -> None:
        self.name = name
        self.columns = columns
        self.order: Literal["id-ascending", "tree"] = order
        self.declared_rows = len(rows) if declared == -1 else declared
        self.rows = list(rows)
        self._size = part_rows

    @property
    def total_bytes(self) -> int:
        return sum(len(row) + 1 for row in self.rows)

    def parts(self, token: CancelToken) -> Iterator[LedgerPart]:
        for index in range(-(-len(self.rows) // self._size)):
            yield self.read_part(index, token)

    def read_part(self, index: int, token: CancelToken) -> LedgerPart:
        first = index * self._size
        data = b"".join(row + b"\n" for row in self.rows[first : first + self._size])
        return LedgerPart(f"part {index}", first, data)
