"""Taking files into an engagement: by name, size and SHA-256, never by their bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from auditor_app.engagement.actions import AddInput
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import InputFile
from auditor_app.engagement.terms import InputReference, InputRole
from auditor_app.errors import EngagementError
from auditor_app.operation import CancelToken, Operation, Progress

_ROLES: dict[str, InputRole] = {".porsnap": "snapshot", ".porevidence": "evidence"}
_KEPT_AS_SENT = ("snapshot", "evidence", "sample record", "sample list")
"""Roles whose files do not change under their name; a trust store and a list of balances may."""


def role_of(path: Path) -> InputRole:
    """What a file is for, by its name."""
    return _ROLES.get(path.suffix.lower(), "other")


def take(path: Path, role: InputRole, token: CancelToken) -> Operation[InputReference]:
    """The reference to a file; a folder has no digest and is refused."""
    if path.is_dir():
        raise EngagementError(
            "ENGAGEMENT.REFUSED",
            f"{path.name} is a folder, which has no digest",
            action="Take the snapshot as one file.",
        )
    digest, size = yield from digested(path, token)
    return InputReference(role=role, name=path.name, size=str(size), sha256=digest)


def referenced(file: InputFile) -> InputReference:
    """The reference to a file that a run read."""
    return InputReference(role=file.role, name=file.name, size=str(file.size), sha256=file.sha256)  # type: ignore[arg-type]


def new_inputs(papers: Papers, files: tuple[InputReference, ...]) -> tuple[AddInput, ...]:
    """What is to be added so that ``papers`` knows ``files``.

    Raises :class:`EngagementError` ENGAGEMENT.INPUT_CHANGED where a file of the same role and name was added with
    other bytes: a changed snapshot is another input and is added as such.
    """
    added: list[AddInput] = []
    for file in dict.fromkeys(files):
        if any((item.file.role, item.file.sha256) == (file.role, file.sha256) for item in papers.inputs):
            continue
        earlier = [item.file for item in papers.inputs if (item.file.role, item.file.name) == (file.role, file.name)]
        if earlier and file.role in _KEPT_AS_SENT:
            raise EngagementError(
                "ENGAGEMENT.INPUT_CHANGED",
                f"the {file.role} {file.name} is no longer the file that was added",
                expected=earlier[-1].sha256,
                observed=file.sha256,
                action="Find the file that was added; if this one is another, add it with: engagement add.",
            )
        added.append(AddInput(input=file))
    return tuple(added)


def digested(path: Path, token: CancelToken) -> Operation[tuple[str, int]]:
    """SHA-256 in hex and size of a file, read in pieces; ENGAGEMENT.INPUT_MISSING where it cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 22):
                token.check()
                digest.update(chunk)
                size += len(chunk)
                yield Progress(size, None, "bytes", f"Digest of {path.name}")
    except OSError as error:
        raise EngagementError(
            "ENGAGEMENT.INPUT_MISSING", f"{path.name} cannot be read ({error.strerror})", action="Check the path."
        ) from None
    return digest.hexdigest(), size
