"""The documented codes are the program's codes."""

from __future__ import annotations

import re
from pathlib import Path

from auditor_app.findings.catalogue import CATALOGUE, LIMITATIONS
from auditor_app.findings.page import page

ROOT = Path(__file__).resolve().parents[3]
_CODE = re.compile(r"\"((?:[A-Z]+_?)+\.[A-Z][A-Z0-9_]*)\"")


def test_the_page_in_docs_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "finding-codes.md").read_text() == page(), "run `make docs`"


def test_every_code_written_in_the_core_stands_in_a_table() -> None:
    known = set(CATALOGUE) | set(LIMITATIONS)
    for path in (ROOT / "auditor_app").rglob("*.py"):
        if path.name == "catalogue.py":
            continue
        unknown = set(_CODE.findall(path.read_text())) - known
        assert not unknown, f"{path.name}: {sorted(unknown)}"
