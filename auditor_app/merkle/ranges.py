"""Published batch values against the fields that a commitment packs them into.

zkMerkle packed three 64-bit numbers into one field element and left one of them unchecked (hknio, February 2023):
a value of more than 64 bits runs over into its neighbour, so that two different sets of values have one commitment.
The circuit is not checked here; that every published value fits its field is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor_app import strict_json
from auditor_app.errors import Location, ProofError
from auditor_app.files import read_capped
from auditor_app.findings import Finding, Limitation, finding, limitation

FIELD_BITS = 64
_MAX_BYTES = 64 * 2**20
_DIGITS = re.compile(r"-?(?:0|[1-9][0-9]{0,99})\Z", re.ASCII)


def read_batches(path: Path) -> tuple[Mapping[str, int], ...]:
    """A JSON list of objects that name whole numbers, as text or as numbers; :class:`AuditError` otherwise."""
    data = read_capped(path, max_bytes=_MAX_BYTES, code="PROOF.UNREADABLE")
    parsed = strict_json.parse(data, file=path.name, code="PROOF.UNREADABLE", numbers="text", max_bytes=_MAX_BYTES)
    if not isinstance(parsed, list) or not all(isinstance(item, dict) for item in parsed):
        raise _refuse(path, "the file is not a list of objects")
    for number, item in enumerate(parsed):
        for name, value in item.items():
            if not isinstance(value, str) or not _DIGITS.match(value):
                raise _refuse(path, f"entry {number} has no whole number for {name[:60]!r}", str(value))
    return tuple({name: int(value) for name, value in item.items()} for item in parsed)


def range_findings(
    batches: Sequence[Mapping[str, int]], *, subject: str, bits: int = FIELD_BITS
) -> tuple[tuple[Finding, ...], tuple[Limitation, ...]]:
    """RANGE.FIELD for each value below zero or of more than ``bits`` bits; and that nothing else was checked."""
    found = tuple(
        finding(
            "RANGE.FIELD",
            procedure="proof",
            subject=f"{subject}, entry {number}, {name}",
            message=f"The published value does not fit the {bits} bits that it is packed into.",
            expected=f"0 to {2**bits - 1}",
            observed=str(value),
        )
        for number, batch in enumerate(batches)
        for name, value in batch.items()
        if not 0 <= value < 2**bits
    )
    return found, (limitation("ZK.NOT_CHECKED", subject=subject),)


def _refuse(path: Path, what: str, observed: str = "") -> ProofError:
    return ProofError(
        "PROOF.UNREADABLE",
        what,
        at=Location(path.name),
        observed=observed[:80],
        action="Ask for the values as the exchange publishes them.",
    )
