"""Ledgers at full speed: the table of issue 4, each line a ratio within one run, with its goal.

``python -m tests.benchmarks.ledgers`` prints the table; ``--write`` also puts it into docs/performance.md. Ledgers are
made up deterministically in a temporary folder and removed with it. ``--short`` measures small ones, without goals.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor_app.ledger.source import PART_ROWS
from tests.benchmarks.ledger_schemes import schemes
from tests.benchmarks.ledger_snapshots import PROOF_ID, Made, naive_mexc, write_snapshot
from tests.benchmarks.measure import Measure, markdown

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "performance.md"
MOST_NAIVE_US = 12
"""Microseconds an account that the naive reference may take, and is counted with at most."""
_COLUMNS = "accountId:token,BTC:decimal,ETH:decimal,USDC:decimal,USDT:decimal"


@dataclass(frozen=True)
class Sizes:
    """How many accounts each measurement takes."""

    small: int = 2**20
    large: int = 10 * 2**20
    wide: int = 2**20
    proofs: int = 10_000
    repetitions: int = 5
    scheme: int = 2**17
    scheme_by_reference: int = 2**13


SHORT = Sizes(5_000, 9_000, 3_000, proofs=50, repetitions=1, scheme=2**12, scheme_by_reference=2**11)


def child(path: Path, threads: str, repetitions: int, proofs: int = 0) -> dict[str, Any]:
    """What a fresh process measures."""
    command = [sys.executable, "-m", "tests.benchmarks.ledger_process", str(path), threads]
    done = subprocess.run(
        [*command, str(repetitions), str(proofs)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def lines(sizes: Sizes = Sizes()) -> Iterator[Measure]:
    """Measure everything, one line after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _sum_tree(folder, sizes)
        yield from _native_tree(folder, sizes)
    yield from schemes(sizes.scheme, sizes.scheme_by_reference)


def _sum_tree(folder: Path, sizes: Sizes) -> Iterator[Measure]:
    made = Made(sizes.small, 4)
    parts = [made.part(number) for number in range(-(-made.rows // PART_ROWS))]
    naive, (root, totals, repeated) = _timed(lambda: naive_mexc(parts))
    assert not repeated
    each = naive / made.rows
    naive = min(naive, MOST_NAIVE_US / 1e6 * made.rows)  # a slow moment of the machine flatters no ratio
    yield Measure("naive plain Python, `mexc`, 4 assets", each * 1e6, "µs an account", MOST_NAIVE_US, at_most=True)
    path = write_snapshot(folder, made, "mexc")
    found = child(path, "1,2", sizes.repetitions)
    assert (found["root"], found["totals"]) == (root, [str(one) for one in totals])
    one, two = found["seconds"]["1"], found["seconds"]["2"]
    size = f"{made.rows:,} accounts"
    yield Measure("the same work, two threads", naive / two, "times the naive", 25, detail=_each(two, made))
    yield Measure("two threads against one", one / two, "times", 1.7, detail=_each(one, made))
    csv = folder / "ledger.csv"
    csv.write_bytes(b"".join(parts))
    parts.clear()
    whole = min(_whole_process(csv, root) for _ in range(max(1, sizes.repetitions // 2)))
    yield Measure(
        "as a whole process, start-up included", naive / whole, "times the naive", 12, detail=f"{whole:.2f} s"
    )
    csv.unlink()
    small = child(path, "2", max(1, sizes.repetitions // 2))
    yield Measure(f"peak memory, {size}", small["peak"], "MiB", 700, at_most=True)
    path.unlink()
    yield from _large(folder, sizes, small, small["seconds"]["2"] / made.rows)  # as often, and a moment before


def _large(folder: Path, sizes: Sizes, small: dict[str, Any], each: float) -> Iterator[Measure]:
    made = Made(sizes.large, 4)
    path = write_snapshot(folder, made, "mexc")
    peak = child(path, "2", 1)["peak"]
    found = child(path, "2", max(1, sizes.repetitions // 2), sizes.proofs)
    seconds = found["seconds"]["2"]
    path.unlink()
    size = f"{made.rows:,} accounts"
    yield Measure(
        f"cost of an account, {size} against {sizes.small:,}",
        seconds / made.rows / each,
        "times",
        1.1,
        at_most=True,
        detail=_each(seconds, made),
    )
    yield Measure(f"peak memory, {size}", peak, "MiB", 700, at_most=True)
    yield Measure("peak memory, the larger against the smaller", peak / small["peak"], "times", 1.15, at_most=True)
    yield Measure(
        f"{sizes.proofs:,} inclusion proofs from {size}",
        found["proofs"],
        "s",
        0.05 * seconds + 2,
        at_most=True,
        detail=f"5 % of {seconds:.2f} s and 2 s",
    )


def _native_tree(folder: Path, sizes: Sizes) -> Iterator[Measure]:
    made = Made(sizes.wide, 20)
    path = write_snapshot(folder, made, "rfc6962-sha256")
    size = path.stat().st_size
    found = child(path, "1,2", sizes.repetitions)
    one, two = found["seconds"]["1"], found["seconds"]["2"]
    yield Measure("`rfc6962-sha256`, 20 assets, one core", size / one / 1e6, "MB/s", 300, detail=_each(one, made))
    plain = min(_read_and_digest(path) for _ in range(max(2, sizes.repetitions // 2)))
    yield Measure(
        "`rfc6962-sha256`, two cores, against sha256sum and a plain read",
        two / plain,
        "times",
        2.5,
        at_most=True,
        detail=f"{two:.2f} s against {plain:.2f} s",
    )


def _timed(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _each(seconds: float, made: Made) -> str:
    return f"{seconds / made.rows * 1e9:.0f} ns an account"


def _whole_process(csv: Path, root: str) -> float:
    """Seconds of ``ledger root`` from start to end."""
    parameters = ["--scheme", "mexc", "--param", f"proofId={PROOF_ID}", "--columns", _COLUMNS, "--json"]
    command = [sys.executable, "-m", "auditor_app", "ledger", "root", str(csv), *parameters]
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    seconds = time.perf_counter() - started
    assert json.loads(done.stdout)["root"] == root
    return seconds


def _read_and_digest(path: Path) -> float:
    """Seconds of ``sha256sum`` and of a plain read of the same file; ``hashlib`` where there is no such command."""

    def digest() -> None:
        try:
            subprocess.run(["sha256sum", str(path)], check=True, capture_output=True)
        except FileNotFoundError:
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")

    def read() -> None:
        with path.open("rb", buffering=0) as file:
            while file.read(2**20):
                pass

    return _timed(digest)[0] + _timed(read)[0]


def measure() -> Iterator[Measure]:
    """The table of issue 4."""
    return lines()


def table(found: list[Measure]) -> str:
    """The lines as Markdown, with machine and date."""
    return f"{machine()}\n\n{markdown(found)}"


def machine() -> str:
    model = platform.processor() or platform.machine()
    if sys.platform == "linux":
        names = [row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    today = dt.datetime.now(dt.UTC).date().isoformat()
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return f"{today}, {model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}{load}."


def write_between(name: str, text: str) -> None:
    """Put a generated part into docs/performance.md, between its two markers."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    page = DOCUMENT.read_text(encoding="utf-8")
    head, found, rest = page.partition(begin)
    assert found and end in rest, f"docs/performance.md has no place for {name}"
    DOCUMENT.write_text(head + begin + text + end + rest.partition(end)[2], encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Print the table as it comes; 1 if a goal is missed."""
    short = "--short" in arguments
    found = []
    for line in lines(SHORT if short else Sizes()):
        found.append(line)
        print(line.line, flush=True)
    if "--write" in arguments:
        write_between("measured", table(found))
    return 0 if short or all(line.reached for line in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
