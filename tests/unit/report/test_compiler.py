"""The typesetter in a process of its own: the same bytes, the same refusals, stopped when asked."""

from __future__ import annotations

import multiprocessing

import pytest

from auditor_app.errors import ReportError
from auditor_app.operation import Cancelled, CancelToken
from auditor_app.report.compiler import Job, compiled
from auditor_app.resource_files import resource

_HEAD = '#set document(title: "x", date: datetime(year: 2026, month: 1, day: 2))\n#set text(font: "IBM Plex Sans")\n'


def job(source: str) -> Job:
    return Job({"main.typ": (_HEAD + source).encode()}, {"word": "text"}, str(resource("fonts")), ("a-3a", "ua-1"))


def test_a_process_of_its_own_gives_the_same_bytes() -> None:
    work = job("= Title\n#sys.inputs.word")
    assert compiled(work, CancelToken(), apart=True) == compiled(work, CancelToken(), apart=False)


@pytest.mark.parametrize("apart", [True, False])
def test_what_typst_refuses_is_told(apart: bool) -> None:
    with pytest.raises(ReportError, match="could not be typeset") as caught:
        compiled(job("#panic()"), CancelToken(), apart=apart)
    assert "panicked" in caught.value.observed


def test_it_is_stopped_when_asked_and_leaves_no_process() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        compiled(job("#let n = 0\n#while true { n += 1 }"), token, apart=True)
    assert [child.name for child in multiprocessing.active_children() if child.name == "typesetter"] == []
