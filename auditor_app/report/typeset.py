"""Blocks to PDF through Typst: template and fonts from the bundle, values as JSON, nothing else within reach.

The compiler sees a folder made for it: the template files, the data, the drawn charts and the attachments. It has no
other folder, no system font, no package and no clock to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from auditor_app.operation import CancelToken
from auditor_app.report.cells import lean_table
from auditor_app.report.compiler import Job, Standard, compiled
from auditor_app.report.legible import covered_characters, legible
from auditor_app.resource_files import resource

STANDARDS: tuple[Standard, ...] = ("a-3a", "ua-1")
"""What Typst is asked to produce: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1)."""
_LONG = 1000  # rows of all tables


def typeset(document: msgspec.Struct, files: Mapping[str, bytes], token: CancelToken) -> bytes:
    """The PDF of ``document``, whose charts and attachments are ``files`` by name.

    Raises :class:`ReportError` when Typst refuses, for instance a figure without alternative text.
    """
    tree = _lean(printable(msgspec.to_builtins(document)))
    templates = {path.name: path.read_bytes() for path in sorted(resource("report").glob("*.typ"))}
    data = {
        "document.json": msgspec.json.encode(tree),
        "theme.json": msgspec.json.encode({"accent": tree["letterhead"]["accent"]}),
    }
    job = Job({**files, **templates, **data}, str(resource("fonts")), STANDARDS)
    return compiled(job, token, apart=_rows(tree) > _LONG)


def _rows(tree: dict[str, Any]) -> int:
    return sum(len(block.get("rows", ())) for section in tree["sections"] for block in section["blocks"])


def _lean(tree: dict[str, Any]) -> dict[str, Any]:
    """``tree`` with its tables made ready."""
    for section in tree["sections"]:
        section["blocks"] = [
            lean_table(block, wide=section["wide"]) if block["kind"] == "table" else block
            for block in section["blocks"]
        ]
    return tree


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
