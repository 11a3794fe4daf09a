"""From a proof file on disk to its check: a size cap before anything is read, strict JSON, then every fitting profile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor_app import strict_json
from auditor_app.errors import AuditError, Location, ProofError, UsageError
from auditor_app.files import read_capped
from auditor_app.merkle.profiles import AUTO, Detection, detect, known_scheme
from auditor_app.merkle.published import ProofCheck, ProofDocument
from auditor_app.merkle.published_tree import TREE_HEAD_BYTES, TreeCheck, TreeFile, TreeFormat
from auditor_app.merkle.schemes import SCHEMES
from auditor_app.operation import CancelToken, Operation

MAX_PROOF_BYTES = 4 * 2**20
MAX_ANCHOR_BYTES = 256 * 2**20
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


def check_tree_files(
    paths: Sequence[Path],
    token: CancelToken,
    *,
    scheme: str = AUTO,
    root: str | None = None,
    customer: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> Operation[TreeCheck]:
    """Check a whole tree as published, by the scheme asked for or by the first whose form the first file has.

    ``customer`` is a customer's file whose leaves are traced in it. :class:`ProofError` or :class:`UsageError` if
    something cannot be read.
    """
    published = None if root is None else normalise_root(root)
    traced = None if customer is None else load_document(customer, options={})
    form = _tree_format(paths[0], scheme)
    return (yield from form.check(TreeFile(tuple(paths), published, traced, options or {}), token))


def _tree_format(path: Path, scheme: str) -> TreeFormat:
    """The tree format asked for, or the first that recognises the file's beginning."""
    if scheme != AUTO:
        form = known_scheme(scheme).tree
        if form is None:
            raise UsageError("USAGE", f"the scheme {scheme} has no tree files", action="Name another scheme.")
        return form
    try:
        with path.open("rb") as handle:
            head = handle.read(TREE_HEAD_BYTES)
    except OSError as error:
        raise ProofError(
            "PROOF.UNREADABLE",
            f"the file cannot be opened ({error.strerror})",
            at=Location(str(path)),
            action="Check the path.",
        ) from None
    for name in SCHEMES:
        form = known_scheme(name).tree
        if form is not None and form.recognises(head):
            return form
    raise ProofError(
        "PROOF.UNREADABLE",
        "the file has the form of no known scheme's tree",
        at=Location(path.name),
        action="Ask for the file as the exchange publishes it, or name its scheme.",
    )


def normalise_root(text: str) -> str:
    """A typed root as lower-case hex without ``0x``; :class:`UsageError` if it is not hex."""
    match = _HEX.match(text.strip())
    if match is None:
        raise UsageError("USAGE", f"the root {text[:80]!r} is not hex", action="Copy it from the exchange's website.")
    return match["digits"].lower()
