"""Blocks to PDF through Typst: template and fonts from the bundle, values as JSON, nothing else within reach.

The compiler sees an in-memory project: the template files, the drawn charts and the attachments. It has no folder,
no system font, no package and no clock to read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

import msgspec

from auditor_app.errors import ReportError
from auditor_app.report.legible import covered_characters, legible
from auditor_app.resource_files import resource

STANDARDS = ("a-3a", "ua-1")
"""What Typst is asked to produce: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1)."""


def typeset(document: msgspec.Struct, files: Mapping[str, bytes]) -> bytes:
    """The PDF of ``document``, whose charts and attachments are ``files`` by name.

    Raises :class:`ReportError` when Typst refuses, for instance a figure without alternative text.
    """
    import typst

    tree = printable(msgspec.to_builtins(document))
    project = dict(files)
    project |= {path.name: path.read_bytes() for path in sorted(resource("report").glob("*.typ"))}
    with tempfile.TemporaryDirectory() as empty:
        try:
            pdf: bytes = typst.compile(  # type: ignore[call-overload]  # its stub omits the in-memory project
                project,
                root=empty,
                font_paths=[str(resource("fonts"))],
                ignore_system_fonts=True,
                sys_inputs={
                    "document": msgspec.json.encode(tree).decode(),
                    "theme": msgspec.json.encode({"accent": tree["letterhead"]["accent"]}).decode(),
                },
                pdf_standards=list(STANDARDS),
                package_path=empty,
                package_cache_path=empty,
            )
        except typst.TypstError as error:
            raise ReportError(
                "REPORT.BUILD",
                "the document could not be typeset",
                observed=str(error.message),
                action="Report this as a defect of the program.",
            ) from None
    return pdf


def printable(tree: Any) -> Any:
    """Every string of a JSON tree made literal and drawable; keys are the program's own."""
    covered = covered_characters()

    def walk(node: Any) -> Any:
        if isinstance(node, str):
            return legible(node, covered)
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        return [walk(item) for item in node] if isinstance(node, list | tuple) else node

    return walk(tree)
