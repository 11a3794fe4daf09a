"""Re-performance for the window: the core's operation, imported in the worker thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor_app.operation import CancelToken, Operation, Progress

if TYPE_CHECKING:
    from auditor_app.fileroom.reperform import Reperformance


@dataclass(frozen=True, slots=True)
class ReperformAsked:
    """A package, the re-performer's own trust store, and the folder of inputs."""

    package: Path
    trust: Path
    folder: Path


def reperform(asked: ReperformAsked, token: CancelToken) -> Operation[Reperformance]:
    """Repeat every computed procedure of the package; no key comes from it."""
    yield Progress(0, None, "files", "Reading the package")
    from auditor_app.fileroom.reperform import reperform as repeat

    return (yield from repeat(asked.package, asked.trust, asked.folder, token))
