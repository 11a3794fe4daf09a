"""``kill -9`` at any point leaves the state before or after one entry, with its documents, and nothing between."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
KILLS = 200

_KILLER = """
import hashlib, os, signal, sys, time
from pathlib import Path
from auditor_app.engagement.file import open_for_reading, open_for_writing
from tests.unit.engagement import books

folder, kills = Path(sys.argv[1]), int(sys.argv[2])


def write_for_ever(path):
    with open_for_writing(path) as book:
        os.write(ready, b"x")
        while True:
            number = book.papers.head.length
            books.performed(book, hashlib.sha256(b"%d" % number).digest() * 400)


for kill in range(kills):
    if kill % 10 == 0:
        path, length = books.new(folder, f"book-{kill}.engagement"), 1
    seed = hashlib.sha256(b"kill %d" % kill).digest()
    read, ready = os.pipe()
    child = os.fork()
    if child == 0:
        write_for_ever(path)
    os.read(read, 1)
    time.sleep(int.from_bytes(seed[:4], "big") / 2**32 * 0.006)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(read), os.close(ready)
    torn = path.with_name(path.name + "-journal").exists()
    with open_for_reading(path) as book:
        papers = book.papers
        assert papers.head.length >= length, (papers.head.length, length)
        assert len(papers.runs) == papers.head.length - 1
        for run in papers.runs[length - 1:]:
            assert hashlib.sha256(book.document(run.action.result)).hexdigest() == run.action.result
    length = papers.head.length
    print("torn" if torn else "whole")
    if kill % 10 == 9:
        with open_for_writing(path) as book:
            books.performed(book)
"""


def test_killed_at_200_random_points() -> None:
    """In memory where the system has such a folder: what a killed process leaves does not depend on the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        done = subprocess.run(
            [sys.executable, "-c", _KILLER, folder, str(KILLS)],
            check=False,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        left = sorted(item.suffix for item in folder.iterdir())
    assert done.returncode == 0, done.stderr
    seen = done.stdout.split()
    assert len(seen) == KILLS
    print(seen.count("torn"), "of", KILLS, "kills fell into a write")
    assert "torn" in seen, "no kill fell into a write: the test shows nothing"
    assert left == [".engagement"] * (KILLS // 10)
