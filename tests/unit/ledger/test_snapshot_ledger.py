"""A snapshot's ledger as a source: members in order, counts as signed, rows as they are."""

from __future__ import annotations

import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from auditor_app.errors import Location, SignatureError
from auditor_app.ledger import parts
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.ledger.source import PART_ROWS
from auditor_app.operation import Cancelled, CancelToken
from auditor_app.sections import Look
from auditor_app.snapshot.statement import Asset, Column, Ledger

COLUMNS = (
    Column(name="id", type="token"),
    Column(name="BTC", type="base-units", decimals=8),
    Column(name="ETH", type="decimal"),
)
ASSETS = (Asset(symbol="BTC", decimals=8, on_chain=()), Asset(symbol="ETH", decimals=18, on_chain=()))
DATA = {"ledger/a-00000.csv": b"a,1\nb,2\n", "ledger/a-00001.csv": b"c,3\n"}


class Members:
    """Reads from memory."""

    def __init__(self) -> None:
        self.read_names: list[str] = []

    def read(self, name: str, token: CancelToken, look: Look | None = None) -> bytes:
        self.read_names.append(name)
        if look is not None:
            look(memoryview(DATA[name]))
        return DATA[name]

    def size(self, name: str) -> int:
        return len(DATA[name])

    def close(self) -> None:
        """Nothing to let go of."""


def source(members: Members | None = None) -> tuple[SnapshotLedger, Members]:
    members = members or Members()
    subject = [
        SimpleNamespace(name=name, annotations=SimpleNamespace(rows=rows))
        for name, rows in (("ledger/a-00000.csv", "2"), ("ledger/a-00001.csv", None))
    ]
    statement = SimpleNamespace(subject=subject, predicate=SimpleNamespace(assets=ASSETS))
    snapshot = SimpleNamespace(members=members, statement=statement)
    ledger = Ledger(
        name="spot", members=tuple(DATA), row_count="9", order="tree", columns=COLUMNS, totals={}, commitments=()
    )
    return SnapshotLedger(cast(Any, snapshot), ledger), members


def test_a_column_that_names_no_decimals_has_those_of_its_asset() -> None:
    columns = source()[0].columns
    assert [(column.name, column.decimals) for column in columns] == [("id", None), ("BTC", 8), ("ETH", 18)]


def test_parts_are_the_members() -> None:
    ledger, members = source()
    found = list(ledger.parts(CancelToken()))
    assert [(part.name, part.data) for part in found] == list(DATA.items())
    assert [part.first_row for part in found] == [0, 2]
    assert [part.declared_rows for part in found] == [2, None]
    assert members.read_names == list(DATA)
    assert ledger.read_part(1, CancelToken()).data == b"c,3\n"
    assert ledger.read_part(1, CancelToken()).first_row == PART_ROWS


@pytest.fixture
def both_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processors, and members that are worth a thread however small."""
    monkeypatch.setattr(parts, "processors", lambda: 2)
    monkeypatch.setattr(parts, "_WORTH_A_THREAD", 0)


class Meeting(Members):
    """Lets nobody read the first member until another thread has begun the second; members named in ``bad`` fail."""

    def __init__(self, *bad: str) -> None:
        super().__init__()
        self._bad = bad
        self._begun = threading.Event()

    def read(self, name: str, token: CancelToken, look: Look | None = None) -> bytes:
        if name == list(DATA)[1]:
            self._begun.set()
        assert self._begun.wait(20)
        if name in self._bad:
            raise SignatureError("MEMBER.DIGEST", "not the bytes that were signed", at=Location(name))
        return super().read(name, token, look)


@pytest.mark.usefixtures("both_at_once")
def test_the_second_member_is_read_beside_the_first() -> None:
    ledger, _ = source(Meeting())
    found = list(ledger.parts(CancelToken()))
    assert [(part.name, part.data) for part in found] == list(DATA.items())
    assert [part.first_row for part in found] == [0, 2]
    assert [part.declared_rows for part in found] == [2, None]


@pytest.mark.usefixtures("both_at_once")
@pytest.mark.parametrize("bad", [[0], [1], [0, 1]])
def test_what_is_wrong_with_a_member_is_raised_in_its_turn(bad: list[int]) -> None:
    names = list(DATA)
    ledger, _ = source(Meeting(*[names[number] for number in bad]))
    taken = []
    with pytest.raises(SignatureError) as caught:
        for part in ledger.parts(CancelToken()):
            taken.append(part.name)
    assert taken == names[: bad[0]]
    assert caught.value.at is not None
    assert caught.value.at.file == names[bad[0]]


@pytest.mark.usefixtures("both_at_once")
def test_a_second_member_that_is_cancelled_stops_the_pass() -> None:
    class Stopped(Meeting):
        def read(self, name: str, token: CancelToken, look: Look | None = None) -> bytes:
            data = super().read(name, token, look)
            if name == list(DATA)[1]:
                raise Cancelled
            return data

    found = source(Stopped())[0].parts(CancelToken())
    next(found)
    with pytest.raises(Cancelled):
        next(found)


def test_what_was_declared() -> None:
    ledger, _ = source()
    assert (ledger.name, ledger.order, ledger.declared_rows) == ("spot", "tree", 9)
    assert [column.name for column in ledger.columns] == [column.name for column in COLUMNS]
    assert ledger.total_bytes == 12


_RACE = """
import sys, threading, time
from auditor_app.ledger import parts
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "llvmlite":  # in the middle of the module that machine code is loaded by
            begun.set()
            time.sleep(0.5)
begun = threading.Event()
sys.meta_path.insert(0, Slow())
thread = threading.Thread(target=lambda: __import__("auditor_app.native.library"))
thread.start()
assert begun.wait(20)
print(parts._row_counter())
thread.join()
"""


def test_rows_are_counted_while_another_thread_loads_the_library() -> None:
    """The window imports ahead of need: a run that begins meanwhile must not meet half a module."""
    done = subprocess.run([sys.executable, "-c", _RACE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "None\n"
