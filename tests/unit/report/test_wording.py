"""Nothing the program writes into a report reads as assurance."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor_app.errors import ReportError
from auditor_app.findings import CATALOGUE, LIMITATIONS
from auditor_app.procedures import PROCEDURES
from auditor_app.report.blocks import Column, Heading, Mark, Notice, Said
from auditor_app.report.elements import ELEMENTS
from auditor_app.report.wording import forbidden_words

_CORE = Path(__file__).resolve().parents[3] / "auditor_app"


@pytest.mark.parametrize(
    "text",
    [
        "We verified it.", "a validated root", "was tested", "reviewed by", "We examined", "this ensures", "certified",
        "the audited entity", "The exchange is solvent", "fully backed", "FULLY-BACKED", "funds are safe", "guaranteed",
        "verification", "verifies", "no guarantee",
    ],
)  # fmt: skip
def test_words_of_assurance_are_found(text: str) -> None:
    assert len(forbidden_words(text)) == 1


@pytest.mark.parametrize("text", ["Reserve Auditor", "an auditor key", "attested", "the latest block", "certificate"])
def test_other_words_are_not(text: str) -> None:
    assert forbidden_words(text) == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Said("The root was verified."),
        lambda: Heading(2, "Verified"),
        lambda: Mark("agrees", "Safe"),
        lambda: Column("Tested", 1),
        lambda: Notice("agrees", "Guaranteed", ()),
    ],
)
def test_blocks_with_such_words_cannot_be_made(make: object) -> None:
    assert callable(make)
    with pytest.raises(ReportError, match="agreed-upon procedures must not use"):
        make()


def _shared_texts() -> Iterator[str]:
    for entry in CATALOGUE.values():
        yield entry.meaning
        yield entry.action
    yield from LIMITATIONS.values()
    for procedure in PROCEDURES.values():
        yield f"{procedure.title} {procedure.wording}"
    for element in ELEMENTS:
        yield element.name


def test_shared_tables_keep_to_the_vocabulary() -> None:
    assert [text for text in _shared_texts() if forbidden_words(text)] == []


def _sentences(path: Path) -> Iterator[str]:
    """String literals with a space in them; docstrings, argparse help and the names of repositories left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    skipped |= {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg in ("help", "source")
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
            and " " in node.value
        ):
            yield node.value


def test_messages_written_anywhere_in_the_core_keep_to_the_vocabulary() -> None:
    found = [
        f"{path.name}: {text}"
        for path in sorted(_CORE.rglob("*.py"))
        if path.parent.name not in ("cli", "demo") and path.name != "wording.py"
        for text in _sentences(path)
        if forbidden_words(text)
    ]
    assert found == []
