"""A type met by two threads at once: msgspec alone ends the process, so everything goes through ``auditor_app.typed``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from auditor_app.typed import typed, typed_json

ROOT = Path(__file__).resolve().parents[2]

_MEET_AT_ONCE = """
import threading, time
import msgspec
from auditor_app.typed import typed, typed_json

def slow():  # an annotation is Python, and gives the interpreter away
    time.sleep(0.05)
    return int

class Inner(msgspec.Struct):
    a: "slow()"

class Outer(msgspec.Struct):
    first: "Inner"
    second: "Inner"

found = []

def meet():
    found.append({call})

threads = [threading.Thread(target=meet) for _ in range(4)]
for thread in threads:
    thread.start()
    time.sleep(0.01)
for thread in threads:
    thread.join()
print(*found)
"""


@pytest.mark.parametrize(
    "call",
    [
        'typed({"first": {"a": 1}, "second": {"a": 2}}, Outer).second.a',
        """typed_json(b'{"first": {"a": 1}, "second": {"a": 2}}', Outer).second.a""",
    ],
)
def test_four_threads_may_meet_a_type_for_the_first_time_at_once(call: str) -> None:
    program = _MEET_AT_ONCE.format(call=call)
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.split()) == (0, ["2"] * 4), done.stderr[-2000:]


def test_no_other_file_asks_msgspec_itself() -> None:
    calls = ("msgspec.convert(", "json.decode(", "msgspec.json.Decoder(")
    asking = [
        path.relative_to(ROOT).as_posix()
        for folder in ("auditor_app", "ui")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name != "typed.py" and any(call in path.read_text(encoding="utf-8") for call in calls)
    ]
    assert asking == []


def test_what_does_not_fit_is_told_as_before() -> None:
    with pytest.raises(msgspec.ValidationError, match="Expected `int`"):
        typed("x", int)
    with pytest.raises(msgspec.DecodeError):
        typed_json(b"{", int)
