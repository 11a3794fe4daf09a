"""From a proof file on disk to its check: a size cap before anything is read, strict JSON, then every fitting profile."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from pathlib import Path

from auditor_app import strict_json
from auditor_app.errors import AuditError, ProofError, UsageError
from auditor_app.files import read_capped
from auditor_app.merkle.profiles import AUTO, Detection, detect
from auditor_app.merkle.published import MAX_LEVELS, ProofCheck, ProofDocument

MAX_PROOF_BYTES = 4 * 2**20
MAX_ANCHOR_BYTES = 256 * 2**20
MAX_DEPTH = 3 * MAX_LEVELS
"""Of JSON: some publishers nest a path's levels in one another."""
_HEX = re.compile(r"(?:0x)?(?P<digits>(?:[0-9a-fA-F]{2}){1,64})\Z", re.ASCII)


def detect_file(
    path: Path,
    *,
    scheme: str = AUTO,
    root: str | None = None,
    anchor: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> Detection:
    """Check the file by every profile that fits it, or by those of one scheme.

    ``root`` is hex typed from the exchange's own publication, ``anchor`` its second file. :class:`ProofError` or
    :class:`UsageError` if something cannot be read.
    """
    published = None if root is None else normalise_root(root)
    document = load_document(path, anchor=anchor, options=options or {})
    return detect(document, scheme=scheme, published_root=published)


def check_proof_file(
    path: Path,
    *,
    scheme: str = AUTO,
    root: str | None = None,
    anchor: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> tuple[ProofCheck, ...]:
    """The checks of the profile that :func:`detect_file` chooses: several where a balance is split over leaves."""
    return detect_file(path, scheme=scheme, root=root, anchor=anchor, options=options).chosen.checks


def load_document(
    path: Path, *, anchor: Path | None = None, options: Mapping[str, str], max_bytes: int = MAX_PROOF_BYTES
) -> ProofDocument:
    """Read the file, and its anchor where one is given, within their size limits."""
    second = None if anchor is None else _document(anchor, MAX_ANCHOR_BYTES, None, {})
    return _document(path, max_bytes, second, options)


def _document(path: Path, limit: int, anchor: ProofDocument | None, options: Mapping[str, str]) -> ProofDocument:
    """One file; JSON is parsed strictly, with numbers kept as their text, whenever it begins like JSON."""
    try:
        data = read_capped(path, max_bytes=limit, code="PROOF.UNREADABLE")
        looks_like_json = data.removeprefix(BOM_UTF8).lstrip(b" \t\r\n")[:1] in (b"{", b"[", b"")
        parsed = (
            strict_json.parse(
                data, file=path.name, code="PROOF.UNREADABLE", numbers="text", max_bytes=limit, max_depth=MAX_DEPTH
            )
            if looks_like_json
            else None
        )
    except ProofError:
        raise
    except AuditError as error:
        raise error.recast(ProofError, action="Ask for the file as the exchange issues it.") from None
    return ProofDocument(path.name, data, parsed, anchor, options)


def normalise_root(text: str) -> str:
    """A typed root as lower-case hex without ``0x``; :class:`UsageError` if it is not hex."""
    match = _HEX.match(text.strip())
    if match is None:
        raise UsageError("USAGE", f"the root {text[:80]!r} is not hex", action="Copy it from the exchange's website.")
    return match["digits"].lower()
