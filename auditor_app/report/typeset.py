"""Blocks to PDF through Typst: template and fonts from the bundle, values as JSON, nothing else within reach.

The compiler sees a folder made for it: the template files, the data, the drawn charts and the attachments. It has no
other folder, no system font, no package and no clock to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import msgspec

from auditor_app.errors import ReportError
from auditor_app.operation import CancelToken
from auditor_app.report import parts
from auditor_app.report.cells import lean_table
from auditor_app.report.compiler import Job, Standard, compiled, in_own_process
from auditor_app.report.joined import Sections, joined
from auditor_app.report.legible import covered_characters, legible
from auditor_app.report.parts import rows_of, typeset_apart
from auditor_app.resource_files import resource

STANDARDS: tuple[Standard, ...] = ("a-3a", "ua-1")
"""What Typst is asked to produce: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1)."""
_LONG = 1000  # rows of all tables
_NOTHING: Mapping[str, bytes] = MappingProxyType({})


def typeset(document: msgspec.Struct, files: Mapping[str, bytes], token: CancelToken) -> bytes:
    """The PDF of ``document``, whose charts and attachments are ``files`` by name.

    Raises :class:`ReportError` when Typst refuses, for instance a figure without alternative text.
    """
    tree = _lean(printable(msgspec.to_builtins(document)))
    fixed = {path.name: path.read_bytes() for path in sorted(resource("report").glob("*.typ"))}
    fixed["theme.json"] = msgspec.json.encode({"accent": tree["letterhead"]["accent"]})
    fonts = str(resource("fonts"))
    rows = sum(map(rows_of, tree["sections"]))

    def set_in_type(data: Mapping[str, Any], more: Mapping[str, bytes] = _NOTHING) -> bytes:
        project = {**more, **fixed, "document.json": msgspec.json.encode(data)}
        headed = all(section["headed"] for section in data["sections"])
        return compiled(Job(project, fonts, STANDARDS if headed else STANDARDS[:1]), token, apart=rows > _LONG)

    sections = typeset_apart(tree, set_in_type) if rows > parts.WHOLE else []
    whole = set_in_type(tree, files)
    return _bound(whole, sections, token) if sections else whole


def _bound(whole: bytes, sections: Sections, token: CancelToken) -> bytes:
    """The parts in their places, in a process of its own as well: tens of thousands of objects are held meanwhile."""
    answer = in_own_process(partial(joined, whole, sections), token)
    if isinstance(answer, str):
        raise ReportError(
            "REPORT.BUILD",
            "the parts of the document could not be put together",
            observed=answer,
            action="Report this as a defect of the program.",
        )
    return answer


def _lean(tree: dict[str, Any]) -> dict[str, Any]:
    """``tree`` with its tables made ready; every section has its heading and keeps no page free."""
    tree["part"] = False
    for section in tree["sections"]:
        section |= {"headed": True, "kept": 0}
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
