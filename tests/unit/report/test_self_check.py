"""The self-check passes what the template makes and names each thing that is taken away."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest

from auditor_app.errors import ReportError
from auditor_app.report.document import Report
from auditor_app.report.self_check import check_pdf


def _check(report: Report, pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(report.pdf)) as document, document.open_metadata() as metadata:
        title = str(metadata["dc:title"])
    return check_pdf(pdf, title=title, attachments=[item.name for item in report.exhibits])


def test_it_passes_and_counts_the_pages(small: Report) -> None:
    assert _check(small, small.pdf) == small.pages > 10


def _first(document: Any, kind: str) -> Any:
    waiting = [document.Root.StructTreeRoot]
    while waiting:
        node = waiting.pop()
        if isinstance(node, pikepdf.Dictionary):
            if node.get("/S") == kind:
                return node
            children = node.get("/K", [])
            waiting.extend(children if isinstance(children, pikepdf.Array) else [children])
    raise AssertionError(kind)


def _no_font_file(document: Any) -> None:
    for item in document.objects:
        if hasattr(item, "get") and item.get("/Type") == "/FontDescriptor":
            for key in ("/FontFile2", "/FontFile3"):
                if key in item:
                    del item[key]
            return


def _metadata(document: Any, old: bytes, new: bytes) -> None:
    stream = document.Root.Metadata
    changed = stream.read_bytes().replace(old, new)
    assert changed != stream.read_bytes()
    stream.write(changed)


_DAMAGE: dict[str, Callable[[Any], None]] = {
    "no structure tree": lambda document: document.Root.__delitem__("/StructTreeRoot"),
    "not marked as tagged": lambda document: document.Root.__delitem__("/MarkInfo"),
    "no document language": lambda document: document.Root.__delitem__("/Lang"),
    "window title": lambda document: document.Root.__delitem__("/ViewerPreferences"),
    "output intent": lambda document: document.Root.__delitem__("/OutputIntents"),
    "is not embedded": _no_font_file,
    "not identified as PDF/A-3a": lambda document: _metadata(document, b"pdfaid:conformance>A<", b"pdfaid:conformance>B<"),
    "not identified as PDF/UA-1": lambda document: _metadata(document, b"pdfuaid:part>1<", b"pdfuaid:part>2<"),
    "another title": lambda document: _metadata(document, b"Example Exchange Ltd", b"Another Exchange Ltd"),
    "attachment findings.json is missing": lambda document: document.Root.__setitem__("/AF", pikepdf.Array()),
    "has no relationship": lambda document: document.Root.AF[0].__delitem__("/AFRelationship"),
    "script, open action": lambda document: document.Root.__setitem__("/OpenAction", pikepdf.Dictionary(S=pikepdf.Name.JavaScript)),
    "figure without alternative text": lambda document: _first(document, "/Figure").__delitem__("/Alt"),
    "no TH in the structure": lambda document: [
        item.__setitem__("/S", pikepdf.Name.TD)
        for item in document.objects
        if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/TH"
    ],
}  # fmt: skip


@pytest.mark.parametrize("problem", list(_DAMAGE))
def test_it_names_what_is_broken(small: Report, problem: str) -> None:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(small.pdf)) as document:
        _DAMAGE[problem](document)
        document.save(buffer, fix_metadata_version=False)
    with pytest.raises(ReportError) as caught:
        _check(small, buffer.getvalue())
    assert problem in caught.value.observed


def test_it_refuses_what_is_no_pdf(small: Report) -> None:
    with pytest.raises(ReportError, match="self-check"):
        _check(small, b"not a PDF")


def test_it_refuses_an_attachment_nobody_asked_for(small: Report) -> None:
    with pytest.raises(ReportError) as caught:
        check_pdf(small.pdf, title="x", attachments=["findings.json"])
    assert "an attachment that was not asked for" in caught.value.observed
