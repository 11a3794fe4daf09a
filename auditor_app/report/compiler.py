"""The Typst compiler: in this process for a short document, in one of its own for a long one.

Typst keeps what it laid out for as long as its process lives, about 400 MiB for 5,000 addresses. A process of its own gives
that back, leaves the window responsive, and can be stopped.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection

from auditor_app.errors import ReportError
from auditor_app.operation import CancelToken

_PATIENCE = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """An in-memory project with ``main.typ``, its inputs as text, the folder of fonts, and the PDF standards asked for."""

    project: Mapping[str, bytes]
    inputs: Mapping[str, str]
    fonts: str
    standards: tuple[str, ...]


def compiled(job: Job, token: CancelToken, *, apart: bool) -> bytes:
    """The PDF of ``job``; :class:`ReportError` where Typst refuses it. ``apart`` takes a process of its own."""
    answer = _apart(job, token) if apart else _compile(job)
    if isinstance(answer, str):
        raise ReportError(
            "REPORT.BUILD",
            "the document could not be typeset",
            observed=answer,
            action="Report this as a defect of the program.",
        )
    return answer


def _compile(job: Job) -> bytes | str:
    """The PDF, or Typst's complaint."""
    import typst

    with tempfile.TemporaryDirectory() as empty:
        try:
            pdf: bytes = typst.compile(  # type: ignore[call-overload]  # its stub omits the in-memory project
                dict(job.project),
                root=empty,
                font_paths=[job.fonts],
                ignore_system_fonts=True,
                sys_inputs=dict(job.inputs),
                pdf_standards=list(job.standards),
                package_path=empty,
                package_cache_path=empty,
            )
        except typst.TypstError as error:
            return str(error.message)
    return pdf


def _serve(job: Job, answer: Connection) -> None:
    """The other process."""
    answer.send(_compile(job))
    answer.close()


def _apart(job: Job, token: CancelToken) -> bytes | str:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(job, theirs), name="typesetter", daemon=True)
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
