"""The issuer's small tables: member files taken byte by byte, or ordinary CSV turned into them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

from auditor_app.errors import AuditError, Location, SnapshotError
from auditor_app.files import read_capped
from auditor_app.snapshot import members
from auditor_app.snapshot.layout import MAX_MEMBER_BYTES


def load_table(path: Path, role: str, text: Literal["base64url", "plain"]) -> bytes:
    """The member's bytes for one table, checked with the reader that the auditor will use.

    ``plain`` reads ordinary UTF-8 CSV (quotes allowed, LF or CRLF) whose free-text cells are not encoded yet.
    :class:`SnapshotError` SNAPSHOT.GRAMMAR or :class:`AuditError` ISSUER.INPUT, naming file and row.
    """
    data = read_capped(path, max_bytes=MAX_MEMBER_BYTES, code="ISSUER.INPUT")
    if text == "plain":
        data = _from_plain(data, path.name, role)
    members.READERS[role](data, path.name)
    return data


def _from_plain(data: bytes, file: str, role: str) -> bytes:
    """Ordinary CSV in the member's strict form."""
    fields = members.TABLES[role]
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise AuditError(
            "ISSUER.INPUT",
            f"the file is no UTF-8 CSV: {error}",
            at=Location(file),
            action="Save it again as CSV in UTF-8.",
        ) from None
    header = [field.name for field in fields]
    if not rows or rows[0] != header:
        raise SnapshotError(
            "SNAPSHOT.GRAMMAR",
            "the header differs",
            at=Location(file, row=1),
            expected=",".join(header),
            action="Correct the header row.",
        )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(fields):
            raise SnapshotError(
                "SNAPSHOT.GRAMMAR",
                "the row does not have as many cells as the header",
                at=Location(file, row=number),
                expected=str(len(fields)),
                observed=str(len(row)),
                action="Correct the row; quote a cell that holds a comma.",
            )
    try:
        return members.write_table(fields, tuple(map(tuple, rows[1:])))
    except ValueError as error:
        raise SnapshotError("SNAPSHOT.GRAMMAR", str(error), at=Location(file)) from None
