"""The engagement file on disk: one SQLite database that holds journal entries and the results they name.

The only module that opens it. Rows are added, never changed: there is no UPDATE or DELETE of an entry here. What a
crash leaves is the state before or after one :meth:`EngagementStore.append`, by SQLite's rollback journal with
``synchronous=EXTRA`` (https://www.sqlite.org/atomiccommit.html). A file is looked at query-only with
``trusted_schema=OFF`` and its schema compared word for word before anything else is done with it
(https://www.sqlite.org/security.html, "Untrusted SQLite Database Files").
"""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from auditor_app.errors import EngagementError, Location

APPLICATION_ID = 0x52414546
"""``RAEF``: what ``file`` and SQLite see in bytes 68 to 71 of the file."""
SCHEMA_VERSION = 1
MAX_DOCUMENT_BYTES = 256 * 2**20
MAX_ENTRY_BYTES = 8 * 2**20

_SCHEMA = (
    "CREATE TABLE documents (sha256 TEXT PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE entries (sequence INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE locations (sha256 TEXT PRIMARY KEY, path TEXT NOT NULL)",
)
_BUSY_MILLISECONDS = 5_000
_NOWHERE: Mapping[str, str] = MappingProxyType({})
_LOGGED = "the engagement file was switched to write-ahead logging, which could lose its last entries"


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One row of the journal as stored: nothing about it is checked yet."""

    sequence: int
    sha256: str
    body: bytes


class EngagementStore:
    """An open engagement file. A writer holds SQLite's RESERVED lock from opening to closing; readers need none."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, writable: bool) -> None:
        self.path = path
        self.writable = writable
        self._connection = connection
        self._written = self._count() if writable else 0

    @staticmethod
    def create(path: Path, first: StoredEntry) -> None:
        """Make a new file with its first entry, whole or not at all; a file of that name is never replaced."""
        temporary = ""
        try:
            descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            os.close(descriptor)
            _fill(temporary, first)
            os.chmod(temporary, 0o644)
            os.link(temporary, path)  # unlike a rename, fails if the name is taken
        except FileExistsError:
            raise EngagementError(
                "ENGAGEMENT.REFUSED",
                "the file is there already and is not replaced",
                at=Location(path.name),
                action="Choose another name.",
            ) from None
        except OSError as error:
            raise EngagementError(
                "OUTPUT.WRITE",
                f"the file cannot be written ({error.strerror})",
                at=Location(path.name),
                action="Choose a folder that exists and may be written.",
            ) from None
        finally:
            if temporary:
                Path(temporary).unlink(missing_ok=True)

    @staticmethod
    def open_reading(path: Path) -> EngagementStore:
        """Open query-only, beside a writer if there is one; :class:`EngagementError` unless it is an engagement file."""
        _require_header(path)
        mode = "rw" if _interrupted(path) and os.access(path, os.W_OK) else "ro"  # SQLite itself restores a cut write
        with _refusals(path):
            return EngagementStore(path, _inspected(path, mode), writable=False)

    @staticmethod
    def open_writing(path: Path) -> EngagementStore:
        """Open as the one writer; ENGAGEMENT.BUSY while there is another."""
        _require_header(path)
        with _refusals(path):
            connection = _inspected(path, "rw")
            try:
                connection.execute("PRAGMA query_only=OFF")
                connection.execute("PRAGMA synchronous=EXTRA")
                connection.execute("PRAGMA busy_timeout=0")
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
            except BaseException:
                connection.close()
                raise
            return EngagementStore(path, connection, writable=True)

    def entries(self) -> tuple[StoredEntry, ...]:
        """Every entry by its number, as of one moment."""
        with _refusals(self.path):
            rows = self._connection.execute("SELECT sequence, sha256, body FROM entries ORDER BY sequence").fetchall()
        if not all(isinstance(digest, str) and isinstance(body, bytes) for _, digest, body in rows):
            _damaged(self.path, "a journal entry is not stored as this program stores it")
        return tuple(StoredEntry(*row) for row in rows)

    def entries_as_found(self) -> tuple[tuple[StoredEntry, ...], frozenset[int]]:
        """Every entry whatever another program made of it, and the numbers of those of another type than ours."""
        query = (
            "SELECT sequence, CAST(sha256 AS BLOB), CAST(body AS BLOB), typeof(sha256) = 'text' AND typeof(body) = 'blob'"
            " FROM entries ORDER BY sequence"
        )
        with _refusals(self.path):
            rows = self._connection.execute(query).fetchall()
        stored = tuple(StoredEntry(number, digest.decode("utf-8", "replace"), body) for number, digest, body, _ in rows)
        return stored, frozenset(number for number, _, _, ours in rows if not ours)

    def document(self, sha256: str) -> bytes | None:
        """The bytes kept under a digest, not compared with it; ``None`` where there are none."""
        with _refusals(self.path):
            row = self._connection.execute("SELECT body FROM documents WHERE sha256 = ?", (sha256,)).fetchone()
        if row is not None and not isinstance(row[0], bytes):
            _damaged(self.path, "a kept result is not stored as this program stores it")
        return None if row is None else row[0]

    def document_digests(self) -> frozenset[str]:
        """The digests under which results are kept."""
        with _refusals(self.path):
            return frozenset(str(row[0]) for row in self._connection.execute("SELECT sha256 FROM documents"))

    def append(
        self,
        entries: Sequence[StoredEntry],
        documents: Mapping[str, bytes],
        locations: Mapping[str, str] = _NOWHERE,
    ) -> None:
        """Add entries with the documents they name, and where inputs are: all on the disk when this returns, or nothing."""
        with _refusals(self.path):
            try:
                for entry in entries:
                    self._connection.execute(
                        "INSERT INTO entries VALUES (?, ?, ?)", (entry.sequence, entry.sha256, entry.body)
                    )
                for digest, body in documents.items():
                    self._connection.execute("INSERT OR IGNORE INTO documents VALUES (?, ?)", (digest, body))
                for place in locations.items():
                    self._connection.execute("INSERT OR REPLACE INTO locations VALUES (?, ?)", place)
                self._connection.execute("COMMIT")
                self._written += len(entries)
            finally:
                self._lock_again()

    def remember(self, sha256: str, path: str) -> None:
        """Note where an input was last seen: a hint for this machine, not part of the journal and never exported."""
        with _refusals(self.path):
            try:
                self._connection.execute("INSERT OR REPLACE INTO locations VALUES (?, ?)", (sha256, path))
                self._connection.execute("COMMIT")
            finally:
                self._lock_again()

    def locations(self) -> Mapping[str, str]:
        """Where inputs were last seen, by digest."""
        with _refusals(self.path):
            rows = self._connection.execute("SELECT sha256, path FROM locations").fetchall()
        return {digest: path for digest, path in rows if isinstance(digest, str) and isinstance(path, str)}

    def forget_pages(self) -> None:
        """Let go of every page in memory, so that what is read next comes from the disk."""
        with _refusals(self.path):
            self._connection.execute("PRAGMA shrink_memory")

    def damage(self) -> str:
        """The first complaint of SQLite's integrity check, or an empty text."""
        with _refusals(self.path):
            row = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        return "" if row == ("ok",) else str(row[0])[:200]

    def _lock_again(self) -> None:
        """Undo what was not committed and take the lock for the next entry.

        Between a commit and this another process may have become the writer: then this one writes no more.
        """
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            self.writable = False
            return
        if self._count() != self._written:
            self._connection.execute("ROLLBACK")
            self.writable = False

    def _count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM entries").fetchone()[0])

    def close(self) -> None:
        """Let go of the file and the lock; a second call does nothing."""
        self._connection.close()


def _fill(path: str, first: StoredEntry) -> None:
    """The schema and the first entry in an empty file."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=EXTRA")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (first.sequence, first.sha256, first.body))
        connection.execute("COMMIT")
    finally:
        connection.close()


def _require_header(path: Path) -> None:
    """A regular file whose header is ours, so that SQLite makes no file, opens no device, restores no foreign one.

    Read through SQLite, ``immutable`` (no lock, no journal, no write), never by a descriptor of our own: closing one
    would drop every lock that this process has on the file (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
        unreadable = "" if os.access(path, os.R_OK) else "Permission denied"
    except (OSError, ValueError) as error:
        regular, unreadable = True, str(getattr(error, "strerror", None) or "no such name")
    if unreadable:
        raise EngagementError(
            "ENGAGEMENT.UNREADABLE",
            f"the file cannot be opened ({unreadable})",
            at=Location(path.name),
            action="Check the path.",
        )
    if not regular:
        _damaged(path, "this is not a regular file", "Name an engagement file.")
    _require_no_log(path)
    with _refusals(path), closing(_connected(path, "ro", "&immutable=1")) as connection:
        connection.execute("PRAGMA writable_schema=ON")  # a file that a writer makes longer meanwhile is not damaged
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark != APPLICATION_ID:
        _damaged(path, "this is a database of another program, not an engagement file", "Name an engagement file.")


def _require_no_log(path: Path) -> None:
    """No write-ahead log beside the file: SQLite would read its pages in place of the file's own."""
    place = path.resolve()
    if place.with_name(f"{place.name}-wal").exists():
        _damaged(path, _LOGGED, "Restore the file from a copy, without the file NAME-wal beside it.")


def _interrupted(path: Path) -> bool:
    """Whether a rollback journal lies beside the file: a write was cut, or one is going on."""
    place = path.resolve()
    return place.with_name(f"{place.name}-journal").exists()


def _connected(path: Path, mode: str, more: str = "") -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}{more}", uri=True, isolation_level=None, check_same_thread=False
    )


def _inspected(path: Path, mode: str) -> sqlite3.Connection:
    """A query-only connection to a file that proved to be an engagement file of a version known here."""
    connection = _connected(path, mode)
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_DOCUMENT_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        _require_ours(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    """The version, and exactly our tables: no trigger, view or index of somebody else's."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise EngagementError(
            "ENGAGEMENT.VERSION",
            "the engagement file was written by a newer program",
            at=Location(path.name),
            expected=f"version {SCHEMA_VERSION}",
            observed=f"version {version}",
            action="Use a program version that knows it; this one does not write to it.",
        )
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        _damaged(path, _LOGGED)
    found = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name").fetchall()
    if version != SCHEMA_VERSION or tuple(row[0] for row in found) != _SCHEMA:
        _damaged(path, "the tables of the engagement file are not those that this program writes")


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        _refuse(path, error)


def _refuse(path: Path, error: sqlite3.Error) -> NoReturn:
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    at = Location(path.name)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise EngagementError(
            "ENGAGEMENT.BUSY",
            "another process is writing to this engagement file",
            at=at,
            action="Close it there first, or open it read-only.",
        ) from None
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        interrupted = _interrupted(path)
        raise EngagementError(
            "OUTPUT.WRITE",
            "the last write was cut and the file must be restored before it is read"
            if interrupted
            else "the engagement file may not be written here",
            at=at,
            action="Open it once for writing, which restores it." if interrupted else "Open it read-only, or copy it.",
        ) from None
    if primary in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_TOOBIG):
        raise EngagementError(
            "OUTPUT.WRITE", f"nothing was written ({error})", at=at, action="Free some space."
        ) from None
    _damaged(path, f"this is no engagement file, or it is damaged ({error})")


def _damaged(path: Path, what: str, action: str = "Restore it from a copy.") -> NoReturn:
    raise EngagementError("ENGAGEMENT.UNREADABLE", what, at=Location(path.name), action=action) from None
