"""Taking files into an engagement: by name, size and SHA-256, never by their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from auditor_app.engagement.actions import AddInput
from auditor_app.engagement.file import EngagementFile
from auditor_app.engagement.papers import Papers, TakenInput
from auditor_app.engagement.record import InputFile
from auditor_app.engagement.terms import InputReference, InputRole
from auditor_app.errors import AuditError, EngagementError
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.trust import load_store

_ROLES: dict[str, InputRole] = {".porsnap": "snapshot", ".porevidence": "evidence"}
_KEPT_AS_SENT = ("snapshot", "evidence", "sample record", "sample list")
"""Roles whose files do not change under their name; a trust store and a list of balances may."""


def role_of(path: Path) -> InputRole:
    """What a file is for: by its name, and a JSON file by what it holds (a trust store, a sample's record)."""
    suffix = path.suffix.lower()
    return _json_role(path) if suffix == ".json" else _ROLES.get(suffix, "other")


def _json_role(path: Path) -> InputRole:
    """Only the form of the file is looked at: whether anything in it holds is asked where it is used."""
    for role, read in _JSON_ROLES.items():
        try:
            read(path)
        except AuditError:
            continue
        return role
    return "other"


def _load_record(path: Path) -> object:
    from auditor_app.sampling.records import load_any  # with NumPy behind it: the first window does not wait

    return load_any(path)


_JSON_ROLES: dict[InputRole, Callable[[Path], object]] = {"trust store": load_store, "sample record": _load_record}


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
    return InputReference(role=file.role, name=file.name, size=str(file.size), sha256=file.sha256)


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


class InputState(StrEnum):
    """How a file of the engagement is found on this machine now."""

    AGREES = "agrees"
    CHANGED = "changed"
    MISSING = "missing"
    NOT_COMPARED = "not compared"
    """It is there with the same size; its digest was not recalculated."""


@dataclass(frozen=True, slots=True)
class FoundInput:
    """A file of the engagement and what is where it was last seen; ``observed`` is its digest or size now."""

    taken: TakenInput
    place: str
    state: InputState
    observed: str = ""


def find_inputs(
    papers: Papers, locations: Mapping[str, str], token: CancelToken, *, digests: bool
) -> Operation[tuple[FoundInput, ...]]:
    """Look at every input where it was last seen; with ``digests`` each is read and compared."""
    found: list[FoundInput] = []
    for number, taken in enumerate(papers.inputs):
        token.check()
        yield Progress(number, len(papers.inputs), "files", f"Looking at {taken.file.name}")
        found.append((yield from _found(taken, locations.get(taken.file.sha256, ""), token, digests)))
    return tuple(found)


def _found(taken: TakenInput, place: str, token: CancelToken, digests: bool) -> Operation[FoundInput]:
    file, path = taken.file, Path(place)
    if not place or not path.is_file():
        return FoundInput(taken, place, InputState.MISSING)
    try:
        size = str(path.stat().st_size)
    except OSError:
        return FoundInput(taken, place, InputState.MISSING)
    if size != file.size and not digests:
        return FoundInput(taken, place, InputState.CHANGED, f"{size} bytes")
    if not digests:
        return FoundInput(taken, place, InputState.NOT_COMPARED)
    digest, length = yield from digested(path, token)
    same = (digest, str(length)) == (file.sha256, file.size)
    return FoundInput(taken, place, InputState.AGREES if same else InputState.CHANGED, digest)


def relocate(book: EngagementFile, file: InputReference, path: Path, token: CancelToken) -> Operation[None]:
    """Note that ``file`` is at ``path`` now; :class:`EngagementError` where other bytes are there."""
    digest, _ = yield from digested(path, token)
    if digest != file.sha256:
        raise EngagementError(
            "ENGAGEMENT.INPUT_CHANGED",
            f"{path.name} is not the {file.role} that was added",
            expected=file.sha256,
            observed=digest,
            action="Choose the file that was added; another one is added as another input.",
        )
    book.remember(file.sha256, path.absolute())


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
