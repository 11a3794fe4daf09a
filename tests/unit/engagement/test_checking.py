"""``engagement check``: every kind of change behind the program's back, each found by what should find it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor_app.engagement import actions
from auditor_app.engagement.checking import CheckResult, KnownHead, check
from auditor_app.engagement.file import open_for_reading, open_for_writing
from auditor_app.engagement.journal import Head
from auditor_app.engagement.signed_sign_off import SignedStatement, authenticated, signed
from auditor_app.engagement.terms import InputReference
from auditor_app.errors import EngagementError
from auditor_app.operation import CancelToken, run
from tests.unit.engagement import books
from tests.unit.snapshot import samples

Rows = list[tuple[int, str, bytes]]


def checked(path: Path, *heads: KnownHead, **options: object) -> CheckResult:
    return run(check(path, heads, CancelToken(), **options))


def codes(result: CheckResult) -> set[str]:
    return {item.code for item in result.findings}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Seven entries: people, two runs and an exception."""
    with books.staffed(tmp_path) as book:
        books.performed(book)
        books.performed(book, b'{"verdicts":{"data":"agrees"}}')
        book.record(books.act(books.exception()))
        return book.path


def _rewrite(path: Path, change: Callable[[Rows], Rows]) -> None:
    """Replace the journal's rows as somebody with a database tool would."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT sequence, sha256, body FROM entries ORDER BY sequence").fetchall()
    connection.execute("DELETE FROM entries")
    connection.executemany("INSERT INTO entries VALUES (?, ?, ?)", change(rows))
    connection.commit()
    connection.close()


def _chained(bodies: list[bytes]) -> Rows:
    """A journal written anew: every number, link and digest in order."""
    rows: Rows = []
    previous = "0" * 64
    for number, body in enumerate(bodies, start=1):
        document = json.loads(body) | {"sequence": str(number), "previous": previous}
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        previous = hashlib.sha256(text).hexdigest()
        rows.append((number, previous, text))
    return rows


def _head(path: Path) -> Head:
    with open_for_reading(path) as book:
        return book.papers.head


def test_an_untouched_file_has_no_finding_and_says_what_it_cannot_show(path: Path) -> None:
    result = checked(path)
    assert result.findings == ()
    assert [item.code for item in result.limitations] == ["ENGAGEMENT.NO_HEAD", "ENGAGEMENT.WORD_OF_KEEPER"]
    assert result.head == _head(path)
    with_head = checked(path, KnownHead(result.head.sha256, 0, "typed"))
    assert with_head.findings == ()
    assert [item.code for item in with_head.limitations] == ["ENGAGEMENT.WORD_OF_KEEPER"]


def _edit(rows: Rows) -> Rows:
    return [*rows[:6], (7, rows[6][1], rows[6][2].replace(b'"99"', b'"97"'))]


def _edit_with_digest(rows: Rows) -> Rows:
    body = rows[3][2].replace(books.CLIENT.encode(), b"X. Lient")
    assert body != rows[3][2]
    return [*rows[:3], (4, hashlib.sha256(body).hexdigest(), body), *rows[4:]]


def _drop(rows: Rows) -> Rows:
    return [*rows[:3], *rows[4:]]


def _drop_first(rows: Rows) -> Rows:
    return rows[1:]


def _drop_and_renumber(rows: Rows) -> Rows:
    return [*rows[:3], *((number - 1, digest, body) for number, digest, body in rows[4:])]


def _swap(rows: Rows) -> Rows:
    return [*rows[:4], (5, *rows[5][1:]), (6, *rows[4][1:]), rows[6]]


def _reformat(rows: Rows) -> Rows:
    body = rows[6][2] + b" "
    return [*rows[:6], (7, hashlib.sha256(body).hexdigest(), body)]


def _repeat_key(rows: Rows) -> Rows:
    body = rows[6][2][:-1] + b',"sequence":"7"}'
    return [*rows[:6], (7, hashlib.sha256(body).hexdigest(), body)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_edit, "journal entry 7"),
        (_edit_with_digest, "journal entry 5"),
        (_drop, "journal entry 5"),
        (_drop_first, "journal entry 2"),
        (_drop_and_renumber, "journal entry 4"),
        (_swap, "journal entry 5"),
        (_reformat, "journal entry 7"),
        (_repeat_key, "journal entry 7"),
        (lambda rows: [], "journal"),
    ],
)
def test_edited_dropped_and_moved_entries_are_found_without_a_head(
    path: Path, change: Callable[[Rows], Rows], place: str
) -> None:
    _rewrite(path, change)
    result = checked(path)
    found = [item for item in result.findings if item.code == "ENGAGEMENT.JOURNAL"]
    assert place in {item.subject for item in found}
    for opening in (open_for_reading, open_for_writing):
        with pytest.raises(EngagementError) as caught:
            opening(path)
        assert caught.value.code == "ENGAGEMENT.JOURNAL"


@pytest.mark.parametrize(
    ("statement", "code", "place"),
    [
        ("UPDATE entries SET body = replace(body, '99', '97') WHERE sequence = 7", "ENGAGEMENT.JOURNAL", "entry 7"),
        ("UPDATE entries SET body = CAST(body AS TEXT) WHERE sequence = 7", "ENGAGEMENT.JOURNAL", "entry 7"),
        ("UPDATE entries SET sha256 = x'FF' WHERE sequence = 7", "ENGAGEMENT.JOURNAL", "entry 7"),
        ("INSERT INTO entries VALUES (-5, 'x', 7)", "ENGAGEMENT.JOURNAL", "entry -5"),
        ("UPDATE documents SET body = 'text'", "ENGAGEMENT.DOCUMENT", ""),
    ],
)
def test_what_other_programs_store_as_text_is_a_finding_and_no_refusal(
    path: Path, statement: str, code: str, place: str
) -> None:
    """SQLite's own functions give text where this program keeps bytes."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()
    found = [(item.code, item.subject) for item in checked(path).findings]
    assert any(item[0] == code and place in item[1] for item in found), found
    with pytest.raises(EngagementError), open_for_reading(path) as book:
        for run in book.papers.runs:
            book.document(run.action.result)


def test_a_cut_end_is_found_by_a_head_only(path: Path) -> None:
    head = _head(path)
    _rewrite(path, lambda rows: rows[:-1])
    assert checked(path).findings == ()
    for known in (KnownHead(head.sha256, 0, "typed"), KnownHead(head.sha256, head.length, "report")):
        assert codes(checked(path, known)) == {"ENGAGEMENT.HEAD"}


def test_a_journal_written_anew_is_found_by_a_head_only(path: Path) -> None:
    head, identity = _head(path), _identity(path)
    _rewrite(path, lambda rows: _chained([row[2].replace(b'"99"', b'"100"') for row in rows]))
    assert checked(path).findings == ()
    assert codes(checked(path, KnownHead(head.sha256, 0, "typed"))) == {"ENGAGEMENT.HEAD"}
    assert codes(checked(path, KnownHead(head.sha256, head.length, "typed"))) == {"ENGAGEMENT.HEAD"}
    assert codes(checked(path, KnownHead(head.sha256, 0, "typed", "ff" * 32))) == {"ENGAGEMENT.HEAD"}
    with open_for_writing(path) as book:
        for _ in range(3):
            book.record(books.act(books.exception()))
    assert codes(checked(path, KnownHead(head.sha256, head.length, "typed", identity))) == {"ENGAGEMENT.HEAD"}


def _identity(path: Path) -> str:
    with open_for_reading(path) as book:
        return book.papers.identity


def test_an_earlier_head_still_stands_in_a_longer_journal(path: Path) -> None:
    head = _head(path)
    with open_for_writing(path) as book:
        book.record(books.act(books.exception()))
    assert checked(path, KnownHead(head.sha256, head.length, "report", _identity(path))).findings == ()


def test_an_entry_against_the_rules_is_found(path: Path) -> None:
    _rewrite(
        path,
        lambda rows: _chained(
            [row[2].replace(b'"person":"P. Reparer"', b'"person":"X"') if row[0] == 7 else row[2] for row in rows]
        ),
    )
    result = checked(path)
    assert codes(result) == {"ENGAGEMENT.RULE"}
    assert result.papers is None
    _rewrite(path, lambda rows: _chained([row[2].replace(b"raise-exception", b"erase-exception") for row in rows]))
    assert "ENGAGEMENT.JOURNAL" in codes(checked(path))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM documents",
        "UPDATE documents SET body = x'7b7d'",
        "INSERT INTO documents VALUES ('ab', x'00')",
    ],
)
def test_changed_missing_and_strange_results_are_found(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    assert codes(checked(path)) == {"ENGAGEMENT.DOCUMENT"}


def test_a_damaged_page_is_found(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 + 5 : 4096 + 20] = b"\xff" * 15
    path.write_bytes(data)
    try:
        found = codes(checked(path))
    except EngagementError as error:
        found = {error.code}
    assert "ENGAGEMENT.UNREADABLE" in found


def test_a_clock_that_runs_backwards_is_a_warning(path: Path) -> None:
    with open_for_writing(path) as book:
        book.record(books.act(books.exception(), at="2026-11-01T00:00:00Z"))
    assert codes(checked(path)) == {"ENGAGEMENT.CLOCK"}


def test_a_moved_and_a_changed_input_are_told_apart(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.porsnap"
    file.write_bytes(b"one")
    digest = hashlib.sha256(b"one").hexdigest()
    with open_for_writing(path) as book:
        reference = InputReference(role="snapshot", name=file.name, size="3", sha256=digest)
        book.record(books.act(actions.AddInput(input=reference)))
        book.remember(digest, file)
    assert checked(path, inputs=True).findings == ()
    file.write_bytes(b"two")
    assert codes(checked(path, inputs=True)) == {"ENGAGEMENT.INPUT_CHANGED"}
    assert checked(path).findings == ()
    file.unlink()
    assert codes(checked(path, inputs=True)) == {"ENGAGEMENT.INPUT_MISSING"}


def _statement(path: Path, **changes: str) -> SignedStatement:
    head = _head(path)
    fields = {
        "engagement": _identity(path),
        "length": str(head.length),
        "head": head.sha256,
        "role": "preparer",
        "person": books.PREPARER,
        "at": books.at(2),
    }
    return SignedStatement(**(fields | changes))


def test_a_signed_sign_off_is_a_head_from_outside(path: Path) -> None:
    text = signed(_statement(path), samples.AUDITOR)
    statement = authenticated(text, samples.store(), file="signed.json")
    assert statement == _statement(path)
    known = KnownHead.of(statement, "signed.json")
    assert checked(path, known).findings == ()
    _rewrite(path, lambda rows: rows[:6])
    assert codes(checked(path, known)) == {"ENGAGEMENT.HEAD"}
    for key in (samples.STRANGER, samples.TREASURY):
        with pytest.raises(EngagementError, match="no pinned auditor"):
            authenticated(signed(_statement(path), key), samples.store(), file="signed.json")
    for broken in ("{}", "", text.replace('"sig":"', '"sig":"AA')):
        with pytest.raises(EngagementError) as caught:
            authenticated(broken, samples.store(), file="signed.json")
        assert caught.value.code == "ENGAGEMENT.SIGN_OFF"
    forged = json.loads(text)
    forged["signatures"][0]["sig"] = "A" * 86 + "=="
    with pytest.raises(EngagementError, match="does not fit"):
        authenticated(json.dumps(forged, separators=(",", ":")), samples.store(), file="signed.json")


def test_a_signed_sign_off_in_the_journal_is_compared_with_its_entry(path: Path) -> None:
    good, other = _statement(path), _statement(path, length="3")
    for statement, expected in ((good, set()), (other, {"ENGAGEMENT.SIGN_OFF", "ENGAGEMENT.HEAD"})):
        with open_for_writing(path) as book:
            envelope = signed(statement, samples.AUDITOR)
            book.record(books.act(actions.SignOff(role="preparer", envelope=envelope)))
        assert codes(checked(path, store=samples.store())) == expected
        _rewrite(path, lambda rows: rows[:-1])
    with open_for_writing(path) as book:
        envelope = signed(good, samples.STRANGER)
        book.record(books.act(actions.SignOff(role="preparer", envelope=envelope)))
    assert codes(checked(path, store=samples.store())) == {"ENGAGEMENT.SIGN_OFF"}
    assert checked(path).findings == ()
