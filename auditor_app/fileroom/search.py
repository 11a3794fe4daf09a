"""Finding the original inputs again: by size and SHA-256 in a folder, whatever their names are now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor_app.engagement.taking import digested
from auditor_app.engagement.terms import InputReference
from auditor_app.errors import EngagementError
from auditor_app.operation import CancelToken, Operation

MAX_FILES = 10_000


class Missing(EngagementError):
    """An input is not in the folder."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be an input."""

    path: Path
    size: int


class Shelf:
    """The files of one folder; each is digested at most once, and only where its size fits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = tuple(_files(folder))
        self._digests: dict[Path, str] = {}

    def find(self, wanted: InputReference, token: CancelToken) -> Operation[Path]:
        """Where ``wanted`` is, the file of its own name first; :class:`Missing` where it is not."""
        found = yield from self._all(wanted, token)
        if found:
            return found[0]
        changed = any(item.path.name == wanted.name for item in self._files)
        raise Missing(
            "REPERFORM.NOT_PERFORMED",
            f"the {wanted.role} {wanted.name} "
            + ("is there with other bytes than were used" if changed else "is not in the folder"),
            expected=wanted.sha256,
            action="Supply the original file: --inputs DIR.",
        )

    def find_folder(self, wanted: Sequence[InputReference], token: CancelToken) -> Operation[Path]:
        """The folder that holds every file of ``wanted`` under its own name; :class:`Missing` where none does."""
        folders: list[Path] = []
        for number, file in enumerate(wanted):
            found = yield from self._all(file, token)
            if not found:
                yield from self.find(file, token)
            here = [path.parent for path in found if path.name == file.name]
            folders = [folder for folder in here if not number or folder in folders]
        if folders:
            return folders[0]
        raise Missing(
            "REPERFORM.NOT_PERFORMED",
            "no folder holds the report's template as it was used",
            expected=", ".join(file.name for file in wanted),
            action="Supply the template's folder with these files under their own names.",
        )

    def _all(self, wanted: InputReference, token: CancelToken) -> Operation[list[Path]]:
        """Every file with these bytes, those of its own name first."""
        fitting = [item.path for item in self._files if str(item.size) == wanted.size]
        found = []
        for path in sorted(fitting, key=lambda path: (path.name != wanted.name, str(path))):
            if path not in self._digests:
                self._digests[path] = (yield from digested(path, token))[0]
            if self._digests[path] == wanted.sha256:
                found.append(path)
        return found


def _files(folder: Path) -> Iterator[Candidate]:
    """Regular files at any depth, links not followed, at most :data:`MAX_FILES`."""
    seen = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_symlink() or not path.is_file():
                continue
            seen += 1
            if seen > MAX_FILES:
                raise EngagementError(
                    "ENGAGEMENT.REFUSED",
                    f"the folder holds more than {MAX_FILES} files",
                    action="Name a smaller folder.",
                )
            yield Candidate(path, path.stat().st_size)
