"""Where ledger rows come from: the parts of a snapshot or one plain CSV file, always in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from auditor_app.operation import CancelToken, Progress
from auditor_app.snapshot.statement import Column

PART_ROWS = 2**18
"""Rows in every part but the last: aligned parts are whole subtrees of any binary tree."""

SLICE_ROWS = 2**15
"""Rows of a part that one thread works on at a time."""


@dataclass(frozen=True, slots=True)
class RowMarks:
    """Where rows begin in a part, found as it was read: how many LFs it has, and the bytes behind each ``every``-th."""

    rows: int
    every: int
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LedgerPart:
    """Bytes of whole rows, LF-terminated; ``first_row`` is the 0-based leaf index of its first row.

    ``rows_before`` and ``bytes_before`` count what stands before it in the file ``name`` (0 where the part is a
    whole member), so that messages name the file's own row and byte; ``declared_rows`` is the signed count, ``marks`` what
    was counted, if anything was.
    """

    name: str
    first_row: int
    data: bytes
    rows_before: int = 0
    bytes_before: int = 0
    declared_rows: int | None = None
    marks: RowMarks | None = None


class LedgerSource(Protocol):
    """A ledger that can be read from its first row to its last, any number of times."""

    @property
    def name(self) -> str:
        """The ledger's name, for messages."""
        ...

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns in row order; the first is the key."""
        ...

    @property
    def order(self) -> Literal["id-ascending", "tree"]:
        """The declared row order."""
        ...

    @property
    def declared_rows(self) -> int | None:
        """The declared row count, if one was declared."""
        ...

    @property
    def total_bytes(self) -> int:
        """Size of all parts together, for progress."""
        ...

    def parts(self, token: CancelToken) -> Iterator[LedgerPart]:
        """Each part in turn; every part but the last holds exactly :data:`PART_ROWS` rows if the ledger is honest."""
        ...

    def read_part(self, index: int, token: CancelToken) -> LedgerPart:
        """One part by its 0-based number."""
        ...


def rows_read(source: LedgerSource, rows: int, size: int, what: str) -> Progress:
    """How far a pass over all parts has come: ``rows`` rows, ``size`` bytes; ``what`` says in a few words what it does."""
    return Progress(rows, source.declared_rows, "rows", f"Ledger {source.name}: {what}", size, source.total_bytes)
