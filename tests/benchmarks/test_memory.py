"""Peak memory of a root from a plain CSV file, in a process of its own: short in the tests, ten million rows on request.

``python -m tests.benchmarks.test_memory 10000000`` prints rate and peak memory of both first schemes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.measure import Measure

COLUMNS = "account:token,BTC:decimal?,ETH:decimal?,USDC:decimal?,USDT:decimal?"
SCHEMES = {"mexc": ["--param", "proofId=PR-2026-11-01"], "rfc6962-sha256": []}
LIMIT = 2**30
_MEASURE = """
import pathlib, resource, sys
from auditor_app.cli.main import main
status = main(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.platform == "linux":  # the call above remembers the process that started this one
    peak = pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
print(peak, file=sys.stderr)
sys.exit(status)
"""


def write_ledger(path: Path, rows: int) -> None:
    """A deterministic ledger of four assets, about 62 bytes a row, written block by block."""
    generator = np.random.default_rng(20261101)
    with path.open("w", encoding="ascii", newline="\n") as file:
        for start in range(0, rows, 100_000):
            count = min(100_000, rows - start)
            amounts = generator.integers(0, 10**12, (count, 4)).tolist()
            file.writelines(
                f"{10**10 + start + number},{a // 10**8}.{a % 10**8:08d},{b // 10**8}.{b % 10**8:08d},"
                f"{c // 10**6}.{c % 10**6:06d},{d // 10**6}.{d % 10**6:06d}\n"
                for number, (a, b, c, d) in enumerate(amounts)
            )


def peak_of(path: Path, scheme: str) -> tuple[int, float, dict[str, object]]:
    """Peak resident bytes, seconds and the result of ``ledger root`` in a fresh process."""
    command = ["ledger", "root", str(path), "--scheme", scheme, *SCHEMES[scheme], "--columns", COLUMNS, "--json"]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    return int(done.stderr.split()[-1]) * unit, seconds, json.loads(done.stdout)


@pytest.mark.skipif(os.name != "posix", reason="resource usage is read from the POSIX call")
def test_a_short_ledger_stays_far_below_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    write_ledger(path, 100_000)
    peak, _, result = peak_of(path, "mexc")
    assert result["leafCount"] == 100_000
    assert peak < LIMIT // 4


def measure_all(rows: int) -> Iterator[Measure]:
    """Rows a second of the whole process, its peak memory in the name; ``AssertionError`` above the limit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.csv"
        write_ledger(path, rows)
        for scheme in SCHEMES:
            peak, seconds, _ = peak_of(path, scheme)
            assert peak < LIMIT, f"{scheme} took {peak} bytes"
            yield Measure(f"{scheme}, {rows:,} rows, {peak / 2**20:.0f} MiB", rows / seconds, "rows/s")


def measure() -> Iterator[Measure]:
    """Ten million rows must fit in 1 GiB (issue 2)."""
    yield from measure_all(10_000_000)


if __name__ == "__main__":
    for item in measure_all(int(sys.argv[1])):
        print(item.line, flush=True)
