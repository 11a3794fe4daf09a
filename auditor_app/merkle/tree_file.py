"""From the files of a published whole tree to its check: a folder or several files, and the scheme they have the form of.

``proof check`` takes whole trees the same way as customers' proofs: the tree's files, or the folder that holds them,
and beside them at most one companion (the customers' nonces, a customer's own file).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor_app.errors import LedgerError, Location, ProofError, UsageError
from auditor_app.merkle.limitations import scheme_limitations, weak_hash
from auditor_app.merkle.proof_file import MAX_ANCHOR_BYTES, load_document, normalise_root
from auditor_app.merkle.published_tree import TreeCheck, TreeFile, TreeFormat
from auditor_app.merkle.schemes import SCHEMES, scheme_named, typed_scheme
from auditor_app.merkle.tree_reading import head_of
from auditor_app.operation import CancelToken, Operation

MAX_FILES = 1000
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class PublishedTree:
    """The files of a whole tree and the scheme by which they are checked; ``others`` have the same form."""

    scheme: str
    form: TreeFormat
    paths: tuple[Path, ...]
    others: tuple[str, ...] = ()


def find_tree(paths: Sequence[Path], *, scheme: str = AUTO) -> PublishedTree | None:
    """The tree that ``paths`` are the files of, or ``None`` where they have the form of no whole tree.

    A folder stands for its files, in the order of their names with numbers by value. :class:`UsageError` for an
    unknown scheme.
    """
    files = tuple(_expanded(paths))
    heads = [head_of(path) for path in files]
    fitting = [(name, form) for name, form in _formats(scheme) if any(form.recognises(head) for head in heads)]
    if not fitting:
        return None
    (name, form), *others = fitting
    return PublishedTree(name, form, files, tuple(other for other, _ in others))


def check_tree(
    tree: PublishedTree,
    token: CancelToken,
    *,
    root: str | None = None,
    companion: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> Operation[TreeCheck]:
    """Recalculate the whole tree; ``root`` is hex typed from the exchange's own publication.

    :class:`ProofError` ``PROOF.UNREADABLE`` for files that are not as the scheme says, :class:`UsageError` for options
    the scheme does not take.
    """
    given = dict(options or {})
    for name in given:
        if name not in tree.form.options:
            raise UsageError(
                "USAGE",
                f"whole trees of the scheme {tree.scheme} take no parameter {name[:80]}",
                expected=", ".join(tree.form.options) or "no parameters",
            )
    file = TreeFile(
        tree.paths,
        None if root is None else normalise_root(root),
        None if companion is None else load_document(companion, options={}, max_bytes=MAX_ANCHOR_BYTES),
        given,
    )
    try:
        found = yield from tree.form.check(file, token)
    except LedgerError as error:
        raise error.recast(ProofError, "PROOF.UNREADABLE", at=Location(tree.paths[0].name)) from None
    scheme = scheme_named(tree.scheme)
    subject = f"tree {tree.paths[0].name}"
    return replace(
        found,
        findings=(*weak_hash(scheme, procedure="proof", subject=subject), *found.findings),
        limitations=(*found.limitations, *scheme_limitations(scheme, subject)),
    )


def _formats(scheme: str) -> list[tuple[str, TreeFormat]]:
    """The whole-tree formats of all schemes, or of the one asked for."""
    if scheme != AUTO:
        typed_scheme(scheme)
    known = ((name, scheme_named(name).tree) for name in SCHEMES if scheme in (AUTO, name))
    return [(name, form) for name, form in known if form is not None]


def _expanded(paths: Sequence[Path]) -> list[Path]:
    """Files as given, folders as their visible regular files in natural order."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [item for item in path.iterdir() if item.is_file() and not item.name.startswith(".")]
            files += sorted(inside, key=_natural)
        else:
            files.append(path)
        if len(files) > MAX_FILES:
            raise UsageError("USAGE", f"{path} holds too many files", expected=f"at most {MAX_FILES}")
    if not files:
        raise UsageError("USAGE", f"{paths[0]} holds no files", action="Name the tree's files or their folder.")
    return files


def _natural(path: Path) -> list[tuple[int, str]]:
    """``level2`` before ``level10``."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]{1,18})", path.name)]
