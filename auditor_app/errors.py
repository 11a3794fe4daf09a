"""The error tree: what is wrong, where (file, row, byte), and what to do.

Every error carries fields, never a finished sentence; the sentence for the reader is made in one place,
:meth:`AuditError.sentence`. ``code`` is a code of :mod:`auditor_app.findings`, so that an error met by a
procedure turns into a finding without a second table.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar


@dataclass(frozen=True, slots=True)
class Location:
    """Where in which file: 1-based ``row`` and ``column``, 0-based ``byte`` offset in the file or member."""

    file: str | None = None
    row: int | None = None
    column: str | None = None
    byte: int | None = None

    def text(self) -> str:
        """``"ledger/spot-00000.csv, row 7, column BTC, byte 412"``, or an empty text."""
        parts = [] if self.file is None else [self.file]
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        if self.byte is not None:
            parts.append(f"byte {self.byte}")
        return ", ".join(parts)


NOWHERE = Location()
E = TypeVar("E", bound="AuditError")


class AuditError(Exception):
    """Anything that stops a procedure: bad input, a refused file, a limit."""

    exit_status: ClassVar[int] = 3

    def __init__(
        self,
        code: str,
        what: str,
        *,
        action: str = "",
        at: Location = NOWHERE,
        expected: str = "",
        observed: str = "",
    ) -> None:
        """``what`` is a clause without a full stop; ``action`` says what the reader can do about it."""
        super().__init__(what)
        self.code = code
        self.what = what
        self.action = action
        self.at = at
        self.expected = expected
        self.observed = observed

    def sentence(self) -> str:
        """The message for the reader: what, where, expected against observed, what to do."""
        where = self.at.text()
        text = f"{where}: {self.what}" if where else self.what
        compared = (("expected", self.expected), ("observed", self.observed))
        beside = ", ".join(f"{name} {value}" for name, value in compared if value)
        if beside:
            text += f" ({beside})"
        text += "."
        return f"{text} {self.action}" if self.action else text

    def recast(self, kind: type[E], code: str = "", *, at: Location | None = None, action: str = "") -> E:
        """The same message as an error of another kind: under ``code`` and at ``at`` where given.

        ``action`` is for a message that has none: what this error said to do is kept.
        """
        return kind(
            code or self.code,
            self.what,
            at=self.at if at is None else at,
            expected=self.expected,
            observed=self.observed,
            action=self.action or action,
        )

    def __str__(self) -> str:
        return self.sentence()

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross to another process of this program whole; ``Exception`` alone would keep one field."""
        return _same, (type(self), self.args, self.__dict__)


def _same(kind: type[AuditError], arguments: tuple[object, ...], fields: dict[str, object]) -> AuditError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(fields)
    return error


class ProgramDefect(AuditError):
    """A mistake in this program, not in the file; ``trace`` is what a developer needs."""

    def __init__(self, kind: str, trace: str) -> None:
        """``kind`` is the name of the exception nobody expected."""
        super().__init__(
            "PROGRAM.DEFECT",
            f"the program met a defect of its own ({kind})",
            action="Nothing was written. Report it with the details below.",
        )
        self.trace = trace

    @classmethod
    def of(cls, error: BaseException) -> ProgramDefect:
        """The defect that an exception shows."""
        return cls(type(error).__name__, "".join(traceback.format_exception(error)))


class UsageError(AuditError):
    """The command or the form was filled in wrongly."""


class SnapshotError(AuditError):
    """The snapshot or evidence file cannot be read as what it claims to be."""


class SignatureError(SnapshotError):
    """The file is not authentic."""

    exit_status: ClassVar[int] = 2


class TrustStoreError(AuditError):
    """The trust store is unusable, or a key may not enter it."""


class LedgerError(AuditError):
    """A ledger part breaks the grammar or a limit."""


class ProofError(AuditError):
    """A published proof or tree file cannot be read as its scheme says."""


class SamplingError(AuditError):
    """A sample cannot be planned, committed or drawn as asked."""


class ChainError(AuditError):
    """An endpoint or an evidence file did not give what was asked."""


class ReportError(AuditError):
    """The report cannot be built from what is there."""


class EngagementError(AuditError):
    """The engagement file or a package made from it cannot be used, or what was asked is against its rules."""
