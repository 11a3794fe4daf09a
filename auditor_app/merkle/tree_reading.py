"""What readers of whole published trees share: bounded lines, refusals that name the row, and the tally of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from auditor_app.errors import AuditError, Location, ProofError
from auditor_app.files import read_capped
from auditor_app.findings import Finding, Limitation, Severity, finding
from auditor_app.merkle.published import Comparison
from auditor_app.merkle.published_tree import MAX_TREE_BYTES, TreeCheck, TreeFile

MAX_LINE = 64 * 1024
MAX_SMALL_BYTES = 64 * 2**20
"""A file that is read whole: lists of customers, JSON, tables of totals."""

SHOWN = 10
"""How many differing nodes, or leaves, get a finding of their own; the rest are counted in one."""


def unreadable(
    path: Path, publisher: str, what: str, *, row: int | None = None, expected: str = "", observed: str = ""
) -> ProofError:
    """The error for a file that is not as ``publisher`` makes it."""
    return ProofError(
        "PROOF.UNREADABLE",
        what,
        at=Location(path.name, row=row),
        expected=expected,
        observed=observed[:200],
        action=f"Ask for the file as {publisher} publishes it.",
    )


def read_whole(path: Path, publisher: str, *, max_bytes: int = MAX_SMALL_BYTES) -> bytes:
    """The bytes of a small file; :class:`ProofError` ``PROOF.UNREADABLE`` if it cannot be read or is too large."""
    try:
        return read_capped(path, max_bytes=max_bytes, code="PROOF.UNREADABLE")
    except AuditError as error:
        raise unreadable(path, publisher, error.what, expected=error.expected) from None


def head_of(path: Path) -> bytes:
    """The first 4096 bytes of a regular file; :class:`ProofError` if there is none."""
    if not path.is_file():
        raise unreadable(path, "its exchange", "there is no such file")
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError as error:
        raise unreadable(path, "its exchange", f"the file cannot be opened ({error.strerror})") from None


class TreeLines:
    """The lines of a text file one by one, without LF or CR LF: a stream, whatever the file's size."""

    def __init__(self, path: Path, publisher: str) -> None:
        self.path = path
        self._publisher = publisher

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Row number from 1 and line; :class:`ProofError` for a line or a file beyond the limits."""
        head_of(self.path)
        if self.path.stat().st_size > MAX_TREE_BYTES:
            raise self.refuse(None, "the file is over the size limit", f"at most {MAX_TREE_BYTES} bytes")
        with self.path.open("rb") as file:
            row = 0
            while line := file.readline(MAX_LINE + 1):
                row += 1
                if len(line) > MAX_LINE:
                    raise self.refuse(row, "the line is too long", f"at most {MAX_LINE} bytes")
                yield row, line.rstrip(b"\r\n")

    def refuse(self, row: int | None, what: str, expected: str = "", observed: bytes = b"") -> ProofError:
        """The error to raise."""
        return unreadable(
            self.path, self._publisher, what, row=row, expected=expected, observed=observed.decode("ascii", "replace")
        )


class TreeTally:
    """Collects what a whole-tree check compares, and turns it into a :class:`TreeCheck`."""

    def __init__(self, scheme: str, file: TreeFile) -> None:
        self._scheme = scheme
        self._file = file
        self.subject = f"tree {file.paths[0].name}"
        self.nodes = 0
        self.disagreeing = 0
        self.checks: list[Comparison] = []
        self.findings: list[Finding] = []
        self._negative = 0

    def node(self, where: str, published: str, computed: str) -> None:
        """One inner node (or a leaf whose fields are in the file), as published and as recalculated."""
        self.nodes += 1
        if published == computed:
            return
        self.disagreeing += 1
        if self.disagreeing <= SHOWN:
            self.add("PROOF.NODE", f"The {where} does not recalculate.", published, computed)

    def negative(self, where: str, amount: str) -> None:
        """A leaf whose balance is below zero."""
        self._negative += 1
        if self._negative <= SHOWN:
            self.add("PROOF.NEGATIVE", f"The {where} carries a negative balance.", "no balance below zero", amount)

    def compare(self, code: str, name: str, expected: str, observed: str, message: str) -> None:
        """One thing compared; a finding with ``code`` and ``message`` where both differ."""
        agrees = expected == observed
        self.checks.append(Comparison(name, expected, observed, agrees))
        if not agrees:
            self.add(code, message, expected, observed)

    def observe(self, name: str, expected: str, observed: str, *, agrees: bool) -> None:
        """One thing to be shown, whose finding (if any) is made elsewhere."""
        self.checks.append(Comparison(name, expected, observed, agrees))

    def add(
        self, code: str, message: str, expected: str = "", observed: str = "", *, severity: Severity | None = None
    ) -> None:
        """One finding about this tree, of its code's usual severity unless another is given."""
        self.findings.append(
            finding(
                code,
                procedure="proof",
                subject=self.subject,
                message=message,
                expected=expected,
                observed=observed,
                severity=severity,
            )
        )

    def result(
        self,
        *,
        leaves: int,
        root: str,
        totals: Mapping[str, str] | None = None,
        padding: int = 0,
        limitations: tuple[Limitation, ...] = (),
    ) -> TreeCheck:
        """Everything collected, with the root compared with the one that was typed in."""
        if self.disagreeing > SHOWN:
            more = self.disagreeing - SHOWN
            self.add("PROOF.NODE", f"{more} further nodes do not recalculate.", "0", str(self.disagreeing))
        if self._negative > SHOWN:
            self.add("PROOF.NEGATIVE", f"{self._negative - SHOWN} further leaves carry negative balances.")
        if self._file.root is not None:
            self.compare(
                "PROOF.PUBLISHED_ROOT",
                "published root",
                self._file.root,
                root,
                "The root recalculated from the published tree is not the published one that was given.",
            )
        return TreeCheck(
            scheme=self._scheme,
            leaves=leaves,
            padding=padding,
            nodes=self.nodes,
            disagreeing=self.disagreeing,
            root=root,
            totals=dict(totals or {}),
            checks=tuple(self.checks),
            findings=tuple(self.findings),
            limitations=limitations,
        )
