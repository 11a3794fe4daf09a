"""The typesetter in a process of its own: the same bytes, the same refusals, stopped when asked."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor_app.errors import ReportError
from auditor_app.operation import Cancelled, CancelToken
from auditor_app.report.compiler import Job, compiled
from auditor_app.resource_files import resource

_HEAD = '#set document(title: "x", date: datetime(year: 2026, month: 1, day: 2))\n#set text(font: "IBM Plex Sans")\n'


def job(source: str) -> Job:
    project = {"main.typ": (_HEAD + source).encode(), "word.json": b'"text"'}
    return Job(project, str(resource("fonts")), ("a-3a", "ua-1"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files go; nothing may stay there, cancelled or not."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_process_of_its_own_gives_the_same_bytes() -> None:
    work = job('= Title\n#json("word.json")')
    assert compiled(work, CancelToken(), apart=True) == compiled(work, CancelToken(), apart=False)


@pytest.mark.parametrize("apart", [True, False])
def test_what_typst_refuses_is_told(apart: bool) -> None:
    with pytest.raises(ReportError, match="could not be typeset") as caught:
        compiled(job("#panic()"), CancelToken(), apart=apart)
    assert "panicked" in caught.value.observed


@pytest.mark.parametrize("path", ["../x.json", "/etc/passwd", "@preview/x:0.1.0"])
def test_nothing_outside_its_folder_is_read(path: str, folder: Path) -> None:
    (folder / "x.json").write_bytes(b"1")
    source = f'#import "{path}"' if path.startswith("@") else f'#read("{path}")'
    with pytest.raises(ReportError, match="could not be typeset"):
        compiled(job(source), CancelToken(), apart=False)
    (folder / "x.json").unlink()


def test_it_is_stopped_when_asked_and_leaves_no_process() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        compiled(job("#let n = 0\n#while true { n += 1 }"), token, apart=True)
    assert [child.name for child in multiprocessing.active_children() if child.name == "typesetter"] == []
