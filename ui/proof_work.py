"""Checking a published file for the window: one proof or a whole tree, told apart and driven as ``proof check`` does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor_app.errors import UsageError
from auditor_app.operation import CancelToken, Operation, Progress

if TYPE_CHECKING:
    from auditor_app.merkle.profiles import Detection
    from auditor_app.merkle.published_tree import TreeCheck

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """What the auditor chose: the files, a scheme or ``auto``, a root in hex, and the publisher's second file."""

    files: tuple[Path, ...]
    scheme: str = AUTO
    root: str | None = None
    companion: Path | None = None


@dataclass(frozen=True, slots=True)
class ProofAnswer:
    """Exactly one of ``detection`` (a customer's proof) and ``tree`` (a whole tree) is there.

    ``others`` are schemes whose whole trees have the same form.
    """

    request: ProofRequest
    detection: Detection | None = None
    tree: TreeCheck | None = None
    others: tuple[str, ...] = ()


def check_published(request: ProofRequest, token: CancelToken) -> Operation[ProofAnswer]:
    """Recalculate the file; :class:`AuditError` if it cannot be read as any known scheme's."""
    yield Progress(0, None, "files", "Reading the published file")
    from auditor_app.merkle.proof_file import detect_file
    from auditor_app.merkle.tree_file import check_tree, find_tree

    files = request.files
    there = all(path.is_file() or path.is_dir() for path in files)
    tree = find_tree(files, scheme=request.scheme) if there else None
    token.check()
    if tree is not None:
        found = yield from check_tree(tree, token, root=request.root, companion=request.companion)
        return ProofAnswer(request, tree=found, others=tree.others)
    if len(files) != 1:
        raise UsageError(
            "USAGE",
            f"the {len(files)} files have the form of no known scheme's whole tree",
            action="Choose one customer's proof; an exchange's second file goes with Second file….",
        )
    detection = detect_file(files[0], scheme=request.scheme, root=request.root, anchor=request.companion)
    return ProofAnswer(request, detection=detection)
