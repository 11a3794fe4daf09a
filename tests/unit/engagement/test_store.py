"""The file on disk: ours or refused, one writer, whole or not at all, foreign content never run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor_app.engagement import file as engagement_file
from auditor_app.engagement.file import create, open_for_reading, open_for_writing
from auditor_app.engagement.store import APPLICATION_ID, EngagementStore
from auditor_app.engagement.terms import Person
from auditor_app.errors import EngagementError
from tests.unit.engagement import books

ROOT = Path(__file__).resolve().parents[3]


def _code(path: Path) -> str:
    with pytest.raises(EngagementError) as caught:
        open_for_reading(path).close()
    with pytest.raises(EngagementError) as again:
        open_for_writing(path).close()
    assert again.value.code == caught.value.code
    assert path.name in caught.value.sentence()
    return caught.value.code


def test_a_new_file_holds_the_terms_and_names_itself(tmp_path: Path) -> None:
    path = books.new(tmp_path)
    with open_for_reading(path) as book:
        assert book.papers.terms == books.terms()
        assert book.papers.head.length == 1
        assert book.papers.identity == book.papers.head.sha256
        assert {item.key for item in book.papers.procedures} >= {"root", "coverage", "ownership"}
    assert int.from_bytes(path.read_bytes()[68:72], "big") == APPLICATION_ID
    assert sorted(item.name for item in tmp_path.iterdir()) == [path.name]


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    path = books.new(tmp_path)
    before = path.read_bytes()
    with pytest.raises(EngagementError) as caught:
        books.new(tmp_path)
    assert caught.value.code == "ENGAGEMENT.REFUSED"
    assert path.read_bytes() == before
    with pytest.raises(EngagementError) as caught:
        books.new(tmp_path / "no folder")
    assert caught.value.code == "OUTPUT.WRITE"


def test_what_is_no_engagement_file_is_refused(tmp_path: Path) -> None:
    good = books.new(tmp_path).read_bytes()
    path = tmp_path / "other.engagement"
    for data in (b"", b"hello", b"SQLite format 3\x00" + bytes(200), good[:2000], good[:100] + bytes(len(good) - 100)):
        path.write_bytes(data)
        assert _code(path) == "ENGAGEMENT.UNREADABLE"
    assert _code(tmp_path / "gone.engagement") == "ENGAGEMENT.UNREADABLE"
    assert _code(tmp_path) == "ENGAGEMENT.UNREADABLE"
    os.mkfifo(tmp_path / "pipe.engagement")
    assert _code(tmp_path / "pipe.engagement") == "ENGAGEMENT.UNREADABLE"


def test_a_foreign_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "foreign.engagement"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = path.read_bytes()
    assert _code(path) == "ENGAGEMENT.UNREADABLE"
    assert path.read_bytes() == before


def _altered(tmp_path: Path, *statements: str) -> Path:
    path = books.new(tmp_path)
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return path


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    assert _code(_altered(tmp_path, "PRAGMA user_version=2")) == "ENGAGEMENT.VERSION"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER quiet AFTER INSERT ON entries BEGIN DELETE FROM documents; END",
        "CREATE VIEW extra AS SELECT 1",
        "CREATE INDEX more ON entries (sha256)",
        "DROP TABLE documents",
        "PRAGMA journal_mode=WAL",
        "PRAGMA user_version=0",
    ],
)
def test_a_file_with_other_tables_is_refused(tmp_path: Path, statement: str) -> None:
    assert _code(_altered(tmp_path, statement)) == "ENGAGEMENT.UNREADABLE"


def test_rows_of_other_types_are_refused(tmp_path: Path) -> None:
    path = _altered(tmp_path, "INSERT INTO entries VALUES (2, 'x', 'text')")
    assert _code(path) == "ENGAGEMENT.UNREADABLE"


def test_there_is_one_writer_and_any_number_of_readers(tmp_path: Path) -> None:
    path = books.new(tmp_path)
    with open_for_writing(path) as book:
        for _ in range(3):
            with pytest.raises(EngagementError) as caught:
                open_for_writing(path)
            assert caught.value.code == "ENGAGEMENT.BUSY"
            with open_for_reading(path) as reader:
                assert reader.papers == book.papers
            book.record(books.act(books.exception()))
    open_for_writing(path).close()


def test_another_process_cannot_write_either(tmp_path: Path) -> None:
    path = books.new(tmp_path)
    script = (
        "import sys; from pathlib import Path; from auditor_app.engagement.file import open_for_writing\n"
        "open_for_writing(Path(sys.argv[1]))"
    )
    with open_for_writing(path):
        done = subprocess.run(
            [sys.executable, "-c", script, path], check=False, cwd=ROOT, capture_output=True, text=True
        )
    assert done.returncode != 0
    assert "another process is writing to this engagement file" in done.stderr


_FOREIGN_WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
connection.execute("BEGIN IMMEDIATE")
"""


def _others_can_write(path: Path) -> bool:
    """Whether SQLite in another process gets the writer's lock."""
    command = [sys.executable, "-c", _FOREIGN_WRITER, path]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0 or "database is locked" in done.stderr
    return done.returncode == 0


def test_opening_again_in_one_process_keeps_the_lock(tmp_path: Path) -> None:
    """POSIX drops all locks of a process on a file when it closes any descriptor of it."""
    path = books.new(tmp_path)
    link = tmp_path / "link.engagement"
    link.symlink_to(path)
    assert _others_can_write(path)
    with open_for_writing(path) as book:
        for name in (path, link):
            open_for_reading(name).close()
            with pytest.raises(EngagementError, match="another process is writing"):
                open_for_writing(name)
            assert not _others_can_write(path)
        book.record(books.act(books.exception()))
        assert not _others_can_write(path)
    assert _others_can_write(path)


def test_a_write_ahead_log_beside_the_file_is_not_read(tmp_path: Path) -> None:
    """SQLite would show its pages, though the header says that there is none."""
    path = books.new(tmp_path)
    clean = path.read_bytes()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("DELETE FROM entries")
    log = (tmp_path / f"{path.name}-wal").read_bytes()
    connection.close()
    path.write_bytes(clean)
    (tmp_path / f"{path.name}-wal").write_bytes(log)
    assert _code(path) == "ENGAGEMENT.UNREADABLE"
    assert path.read_bytes() == clean
    assert (tmp_path / f"{path.name}-wal").read_bytes() == log


def test_a_cut_write_is_restored_through_a_link_too(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    path = books.new(folder)
    script = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('PRAGMA cache_size=1')\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "for number in range(300):\n"
        "    connection.execute('INSERT INTO documents VALUES (?, zeroblob(5000))', (str(number),))\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, path], check=True)
    assert path.with_name(f"{path.name}-journal").exists()
    link = tmp_path / "link.engagement"
    link.symlink_to(path)
    with open_for_reading(link) as book:
        assert book.papers.head.length == 1
        assert book.store.document_digests() == frozenset()
    assert not path.with_name(f"{path.name}-journal").exists()


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    path = books.new(tmp_path)
    with open_for_reading(path) as book, pytest.raises(EngagementError, match="read-only"):
        book.record(books.act(books.exception()))
    path.chmod(0o444)
    before = path.read_bytes()
    store = EngagementStore.open_reading(path)
    with pytest.raises(EngagementError) as caught:
        store.append(store.entries(), {})
    assert caught.value.code == "OUTPUT.WRITE"
    store.close()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "evil\u202eexe.pdf", "x" * 5000, "a\x00b\x1b[31m", "#set text()"]
)
def test_hostile_names_are_kept_literally(tmp_path: Path, name: str) -> None:
    path = tmp_path / "book.engagement"
    create(path, terms=books.terms(client=name), person=Person(name=name, roles=("preparer",)), at=books.START)
    with open_for_writing(path) as book:
        book.record(books.act(books.exception(item=name), by=name))
    with open_for_reading(path) as book:
        papers = book.papers
    assert (papers.terms.client, papers.people[0].name, papers.exceptions[0].item) == (name, name, name)


def test_what_cannot_be_kept_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    path = books.new(tmp_path)
    with open_for_writing(path) as book:
        before = book.papers
        for item in ("x" * 5001, "", "\ud800"):
            with pytest.raises(EngagementError) as caught:
                book.record(books.act(books.exception(item=item)))
            assert caught.value.code == "ENGAGEMENT.REFUSED"
        with pytest.raises(EngagementError, match="does not have the digest"):
            book.record(books.act(books.run_action(), documents={books.digest(books.RESULT): b"other"}))
        assert book.papers == before
    with open_for_reading(path) as book:
        assert book.papers == before


def test_a_writer_that_lost_its_turn_writes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a commit and the next lock another process may come in: the entry stays, and nothing is mixed."""
    path = books.new(tmp_path)
    again = EngagementStore._lock_again

    def slow(store: EngagementStore) -> None:
        monkeypatch.setattr(EngagementStore, "_lock_again", again)
        with open_for_writing(path) as other:
            other.record(books.act(books.exception("from the other process")))
        again(store)

    with open_for_writing(path) as book:
        monkeypatch.setattr(EngagementStore, "_lock_again", slow)
        book.record(books.act(books.exception("first")))
        assert not book.writable
        with pytest.raises(EngagementError, match="another process became its writer"):
            book.record(books.act(books.exception("third")))
        with open_for_writing(path) as third:
            assert [line.item for line in third.papers.exceptions] == ["first", "from the other process"]


class _State:
    """Stands in for the papers after one entry."""


def test_a_long_journal_is_read_without_keeping_the_papers_after_every_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each holds all exceptions so far: together they would take memory with the square of the journal's length."""
    alive: weakref.WeakSet[_State] = weakref.WeakSet()
    most = 0

    def states(*_: object, **__: object) -> Iterator[_State]:
        nonlocal most
        for _ in range(50):
            state = _State()
            alive.add(state)
            most = max(most, len(alive))
            yield state

    monkeypatch.setattr(engagement_file, "states_of", states)
    assert isinstance(engagement_file.papers_of((), file="book.engagement"), _State)
    assert most <= 3
