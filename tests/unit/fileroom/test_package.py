"""Packages: read whole or refused, whatever was done to the archive."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from auditor_app.engagement import actions
from auditor_app.engagement.file import open_for_reading
from auditor_app.errors import EngagementError
from auditor_app.fileroom import package as package_room
from auditor_app.fileroom.differences import Difference, differences
from auditor_app.fileroom.package import export, read_package
from auditor_app.snapshot.writing import Bytes, measure, write_container
from tests.unit.engagement import books


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with books.staffed(tmp_path) as book:
        books.performed(book)
        pdf = b"%PDF-1.7"
        act = books.act(
            actions.IssueReport(
                kind="draft", run=5, date="2026-11-04", report_id="RA-1", report=books.digest(pdf), size="8"
            ),
            documents={books.digest(pdf): pdf},
        )
        book.record(act)
    with open_for_reading(book.path) as reader:
        export(reader, tmp_path / "p.zip")
    return tmp_path / "p.zip"


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, contents: dict[str, bytes]) -> None:
    """A canonical archive of other contents."""
    write_container(path, [measure(name, Bytes(data)) for name, data in contents.items()])


def refused(path: Path) -> str:
    with pytest.raises(EngagementError) as caught:
        read_package(path)
    assert caught.value.code == "ENGAGEMENT.PACKAGE"
    return caught.value.sentence()


def test_a_package_holds_what_the_engagement_holds(path: Path) -> None:
    package = read_package(path)
    with open_for_reading(path.parent / "book.engagement") as book:
        assert package.papers == book.papers
    assert package.documents == {5: books.RESULT, 6: b"%PDF-1.7"}
    assert package.before[6].head == package.papers.reports[0].head
    assert package.before[6].reports == ()


@pytest.mark.parametrize("name", ["package.json", "journal.jsonl", "papers.json", "results/000005-perform-run.json"])
def test_a_missing_or_edited_member_is_refused(path: Path, name: str) -> None:
    whole = members(path)
    rewrite(path, {key: data for key, data in whole.items() if key != name})
    assert "lacks" in refused(path)
    changed = whole[name].replace(b"1", b"2", 1) if b"1" in whole[name] else whole[name] + b" "
    rewrite(path, whole | {name: changed})
    refused(path)


def test_a_strange_member_is_refused(path: Path) -> None:
    rewrite(path, members(path) | {"keys/trust.json": b"{}"})
    assert "which no entry names" in refused(path)


def test_a_shortened_journal_does_not_fit_the_stated_head(path: Path) -> None:
    whole = members(path)
    lines = whole["journal.jsonl"].splitlines(keepends=True)
    del whole["reports/000006.pdf"]
    rewrite(path, whole | {"journal.jsonl": b"".join(lines[:-1])})
    assert "another journal head" in refused(path)


def test_compressed_nested_and_foreign_archives_are_refused(path: Path) -> None:
    whole = members(path)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in whole.items():
            archive.writestr(name, data)
        archive.writestr("results/bomb.json", bytes(50 * 2**20))
    path.write_bytes(bomb.getvalue())
    refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil", b"x")
    refused(path)
    for data in (b"", b"PK", b"hello" * 100):
        path.write_bytes(data)
        assert "package" in refused(path)
    path.unlink()
    path.mkdir()
    assert "folder" in refused(path)
    refused(path / "gone")


def test_limits_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_room, "MAX_MEMBERS", 3)
    assert "over its limits" in refused(path)
    with open_for_reading(path.parent / "book.engagement") as book, pytest.raises(EngagementError, match="too large"):
        export(book, path.parent / "q.zip")
    monkeypatch.undo()
    monkeypatch.setattr(package_room, "MAX_TOTAL_BYTES", 100)
    assert "over its limits" in refused(path)


def test_differences_are_named_by_their_place() -> None:
    recorded = {"a": [1, {"b": "x"}], "gone": 1, "t": True}
    repeated = {"a": [1, {"b": "y"}, 3], "new": None, "t": 1}
    assert list(differences(recorded, repeated)) == [
        Difference("a", "2 items", "3 items"),
        Difference("a[1].b", '"x"', '"y"'),
        Difference("gone", "1", "(absent)"),
        Difference("t", "true", "1"),
        Difference("new", "(absent)", "null"),
    ]
    assert list(differences(recorded, recorded)) == []
