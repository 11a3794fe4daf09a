"""From a proof file on disk to its check: a size cap before anything is read, strict JSON, one scheme or all that fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from auditor_app import strict_json
from auditor_app.errors import AuditError, LedgerError, Location, ProofError, UsageError
from auditor_app.files import read_capped
from auditor_app.merkle.published import ProofCheck, ProofDocument, ProofFormat, PublishedProof, check_proof
from auditor_app.merkle.scheme import Scheme
from auditor_app.merkle.schemes import SCHEMES, scheme_named

MAX_PROOF_BYTES = 4 * 2**20
MAX_ANCHOR_BYTES = 256 * 2**20
AUTO = "auto"
_HEX = re.compile(r"(?:0x)?(?P<digits>(?:[0-9a-fA-F]{2}){1,64})\Z", re.ASCII)


def check_proof_file(
    path: Path,
    *,
    scheme: str = AUTO,
    root: str | None = None,
    anchor: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> tuple[ProofCheck, ...]:
    """Check every proof in the file; more than one where a customer's balance is split over leaves.

    ``root`` is hex typed from the exchange's own publication, ``anchor`` its second file. :class:`ProofError` or
    :class:`UsageError` if something cannot be read.
    """
    published = None if root is None else normalise_root(root)
    document = load_document(path, anchor=anchor, options=options or {})
    name, form = _format(document, scheme)
    if anchor is not None and not form.takes_anchor:
        raise UsageError("USAGE", f"the scheme {name} has no anchor file", action="Leave --anchor out.")
    return tuple(
        check_proof(proof, subject=f"proof {document.file}", published_root=published)
        for proof in read_proofs(form, document)
    )


def read_proofs(form: ProofFormat, document: ProofDocument) -> tuple[PublishedProof, ...]:
    """The document's proofs; a reader's :class:`LedgerError` about parameters becomes :class:`ProofError`."""
    try:
        return form.read(document)
    except LedgerError as error:
        raise ProofError(
            "PROOF.UNREADABLE",
            error.what,
            at=Location(document.file),
            expected=error.expected,
            observed=error.observed,
            action=error.action,
        ) from None


def load_document(path: Path, *, anchor: Path | None = None, options: Mapping[str, str]) -> ProofDocument:
    """Read the file, and its anchor where one is given, within their size limits."""
    second = None if anchor is None else _document(anchor, MAX_ANCHOR_BYTES, None, {})
    return _document(path, MAX_PROOF_BYTES, second, options)


def _document(path: Path, limit: int, anchor: ProofDocument | None, options: Mapping[str, str]) -> ProofDocument:
    """One file; JSON is parsed strictly, with numbers kept as their text, whenever it begins like JSON."""
    try:
        data = read_capped(path, max_bytes=limit, code="PROOF.UNREADABLE")
        looks_like_json = data.lstrip(b" \t\r\n")[:1] in (b"{", b"[", b"\xef", b'"') or not data.strip()
        parsed = (
            strict_json.parse(data, file=path.name, code="PROOF.UNREADABLE", numbers="text", max_bytes=limit)
            if looks_like_json
            else None
        )
    except ProofError:
        raise
    except AuditError as error:
        raise ProofError(
            error.code,
            error.what,
            at=error.at,
            expected=error.expected,
            observed=error.observed,
            action=error.action or "Ask for the file as the exchange issues it.",
        ) from None
    return ProofDocument(path.name, data, parsed, anchor, options)


def _format(document: ProofDocument, scheme: str) -> tuple[str, ProofFormat]:
    """The scheme asked for, or the first in the table whose form the document has."""
    for name in SCHEMES if scheme == AUTO else (scheme,):
        form = _known(name).proof
        if form is not None and (scheme != AUTO or form.recognises(document)):
            return name, form
    if scheme != AUTO:
        raise UsageError("USAGE", f"the scheme {scheme} has no proof files", action="Name another scheme.")
    raise ProofError(
        "PROOF.UNREADABLE",
        "the file has the form of no known scheme's proof",
        at=Location(document.file),
        action="Ask for the file as the exchange issues it, or name its scheme.",
    )


def _known(name: str) -> Scheme:
    """The scheme of that name, a usage error if there is none."""
    try:
        return scheme_named(name)
    except LedgerError as error:
        raise UsageError("USAGE", error.what, expected=error.expected) from None


def normalise_root(text: str) -> str:
    """A typed root as lower-case hex without ``0x``; :class:`UsageError` if it is not hex."""
    match = _HEX.match(text.strip())
    if match is None:
        raise UsageError("USAGE", f"the root {text[:80]!r} is not hex", action="Copy it from the exchange's website.")
    return match["digits"].lower()
