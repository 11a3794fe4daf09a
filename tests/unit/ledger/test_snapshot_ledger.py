"""A snapshot's ledger as a source: members in order, counts as signed, rows as they are."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.ledger.source import PART_ROWS
from auditor_app.operation import CancelToken
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


def source() -> tuple[SnapshotLedger, Members]:
    members = Members()
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
    parts = list(ledger.parts(CancelToken()))
    assert [(part.name, part.data) for part in parts] == list(DATA.items())
    assert [part.first_row for part in parts] == [0, 2]
    assert [part.declared_rows for part in parts] == [2, None]
    assert members.read_names == list(DATA)
    assert ledger.read_part(1, CancelToken()).data == b"c,3\n"
    assert ledger.read_part(1, CancelToken()).first_row == PART_ROWS


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
