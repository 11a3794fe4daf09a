"""The finished PDF read back: is everything in it that the template asked for?

No full PDF/A-3 or PDF/UA validator is to be had offline, so the report says "produced as". What can be read back
with pikepdf is: structure tree, language, title, identifiers, output intent, embedded fonts, attachments.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from auditor_app.errors import ReportError

_PDFA, _PDFUA = "http://www.aiim.org/pdfa/ns/id/", "http://www.aiim.org/pdfua/ns/id/"
_RELATIONSHIPS = frozenset({"/Data", "/Source", "/Supplement", "/Alternative"})
_LANGUAGE = "en"


def check_pdf(pdf: bytes, *, title: str, attachments: Sequence[str]) -> int:
    """The number of pages of a document that holds what it must; :class:`ReportError` naming the first gap."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            problems = list(_problems(document, title, attachments))
            pages = len(document.pages)
    except pikepdf.PdfError as error:
        raise _refusal(f"it cannot be read back: {str(error)[:120]}") from None
    if problems:
        raise _refusal("; ".join(problems))
    return pages


def _refusal(observed: str) -> ReportError:
    return ReportError(
        "REPORT.BUILD",
        "the finished document failed its self-check, so no file was written",
        observed=observed,
        action="Report this as a defect of the program.",
    )


def _problems(document: Any, title: str, attachments: Sequence[str]) -> Iterator[str]:
    root = document.Root
    yield from _tag_problems(root)
    if str(root.get("/Lang", "")).split("-")[0] != _LANGUAGE:
        yield "no document language"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle", False):
        yield "the window title would not be the document's title"
    yield from _metadata_problems(document, title)
    intents = root.get("/OutputIntents", [])
    if not any(item.get("/S") == "/GTS_PDFA1" and "/DestOutputProfile" in item for item in intents):
        yield "no PDF/A output intent with a colour profile"
    for name in sorted(set(_fonts_not_embedded(document))):
        yield f"font {name} is not embedded"
    yield from _attachment_problems(document, attachments)
    if "/JavaScript" in root.get("/Names", {}) or "/OpenAction" in root or document.is_encrypted:
        yield "script, open action or encryption"


def _tag_problems(root: Any) -> Iterator[str]:
    if not root.get("/MarkInfo", {}).get("/Marked", False):
        yield "not marked as tagged"
    if "/StructTreeRoot" not in root:
        yield "no structure tree"
        return
    kinds = set(_structure_kinds(root.StructTreeRoot))
    for kind in ("/H1", "/Table", "/TH", "/TD"):
        if kind not in kinds:
            yield f"no {kind[1:]} in the structure tree"
    if "/StructFigureWithoutAlt" in kinds:
        yield "a figure without alternative text"


def _structure_kinds(tree: Any) -> Iterator[str]:
    """The structure types in the tree; a figure without ``/Alt`` yields a type of its own."""
    import pikepdf

    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, pikepdf.Dictionary):
            continue
        kind = str(node.get("/S", ""))
        if kind:
            yield kind
        if kind == "/Figure" and not str(node.get("/Alt", "")):
            yield "/StructFigureWithoutAlt"
        children = node.get("/K")
        if isinstance(children, pikepdf.Array):
            waiting.extend(children)
        elif children is not None:
            waiting.append(children)


def _metadata_problems(document: Any, title: str) -> Iterator[str]:
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        if not metadata.get("dc:title"):
            yield "no title in the metadata"
        elif str(metadata["dc:title"]) != title:
            yield "another title in the metadata"
        if (metadata.get(f"{{{_PDFA}}}part"), metadata.get(f"{{{_PDFA}}}conformance")) != ("3", "A"):
            yield "not identified as PDF/A-3a"
        if metadata.get(f"{{{_PDFUA}}}part") != "1":
            yield "not identified as PDF/UA-1"


def _fonts_not_embedded(document: Any) -> Iterator[str]:
    for item in document.objects:
        if not hasattr(item, "get") or item.get("/Type") != "/FontDescriptor":
            continue
        if not any(key in item for key in ("/FontFile", "/FontFile2", "/FontFile3")):
            yield str(item.get("/FontName", "without a name"))


def _attachment_problems(document: Any, expected: Sequence[str]) -> Iterator[str]:
    found = {}
    for specification in document.Root.get("/AF", []):
        found[str(specification.get("/UF", specification.get("/F", "")))] = str(
            specification.get("/AFRelationship", "")
        )
    for name in expected:
        if name not in found:
            yield f"attachment {name} is missing"
        elif found[name] not in _RELATIONSHIPS:
            yield f"attachment {name} has no relationship"
    if set(found) - set(expected):
        yield "an attachment that was not asked for"
