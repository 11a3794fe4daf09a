"""The Typst compiler: in this process for a short document, in processes of their own for the parts of a long one.

Typst keeps what it laid out for as long as its process lives, about 75 KiB for a row of an appendix. A process of its own gives
that back, leaves the window responsive, and can be stopped.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from auditor_app.errors import ReportError
from auditor_app.operation import CancelToken

_PATIENCE = 0.1


Standard = Literal["a-3a", "ua-1"]


@dataclass(frozen=True, slots=True)
class Job:
    """A project with ``main.typ`` and its data, the folder of fonts, and the PDF standards asked for."""

    project: Mapping[str, bytes]
    fonts: str
    standards: tuple[Standard, ...]


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where the typesetter works: a folder that holds the project and nothing else, and an empty one for packages."""

    project: str
    packages: str
    fonts: str
    standards: tuple[Standard, ...]


def compiled(job: Job, token: CancelToken, *, apart: bool) -> bytes:
    """The PDF of ``job``; :class:`ReportError` where Typst refuses it. ``apart`` takes a process of its own.

    The project lies in a folder of its own while this runs: held in memory, Typst's binding would parse every file.
    """
    with tempfile.TemporaryDirectory() as project, tempfile.TemporaryDirectory() as packages:
        for name, data in job.project.items():
            Path(project, name).write_bytes(data)
        work = partial(_compile, _Bench(project, packages, job.fonts, job.standards))
        answer = in_own_process(work, token) if apart else work()
    if isinstance(answer, str):
        raise ReportError(
            "REPORT.BUILD",
            "the document could not be typeset",
            observed=answer,
            action="Report this as a defect of the program.",
        )
    return answer


def _compile(bench: _Bench) -> bytes | str:
    """The PDF, or Typst's complaint."""
    import typst

    try:
        pdf: bytes = typst.compile(
            str(Path(bench.project, "main.typ")),
            root=bench.project,
            font_paths=[bench.fonts],
            ignore_system_fonts=True,
            pdf_standards=list(bench.standards),
            package_path=bench.packages,
            package_cache_path=bench.packages,
        )
    except typst.TypstError as error:
        return str(error.message)
    return pdf


def _serve(work: Callable[[], bytes | str], answer: Connection) -> None:
    """The other process."""
    answer.send(work())
    answer.close()


def in_own_process(work: Callable[[], bytes | str], token: CancelToken) -> bytes | str:
    """What ``work`` gives, from a process whose memory ends with it; a sentence where it ended without an answer."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(work, theirs), name="typesetter", daemon=True)
    process.start()
    theirs.close()
    try:
        token.check()
        while not ours.poll(_PATIENCE):
            token.check()
        token.check()
        answer: bytes | str = ours.recv()
    except EOFError:
        return "the typesetter ended without an answer; there may be too little memory"
    finally:
        ours.close()
        process.terminate()
        process.join()
        process.close()
    return answer
