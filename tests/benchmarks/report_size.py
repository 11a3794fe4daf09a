"""A report of 50 assets, 5,000 addresses and 500 sampled leaves: seconds, and peak memory of both its processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Measure

SECONDS, MEBIBYTES = 10, 500
ROWS = 5_550
_BUILD = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[1])
def main():
    from tests.unit.report import factory
    from tests.unit.report.conftest import build
    audit = factory.large(50, 5000, 500)
    started = time.perf_counter()
    report = build(audit)
    unit = 1 if sys.platform == "darwin" else 1024
    peaks = [resource.getrusage(who).ru_maxrss * unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": time.perf_counter() - started, "peaks": peaks, "pages": report.pages}))
if __name__ == "__main__":
    main()
"""


def measure() -> Iterator[Measure]:
    """Rows a second; ``AssertionError`` above 10 s, or 500 MiB in one process (issue 6)."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, str(root)], capture_output=True, text=True, check=True, cwd=root
    )
    result = json.loads(done.stdout)
    peaks = [peak / 2**20 for peak in result["peaks"]]
    assert max(peaks) < MEBIBYTES, peaks
    name = f"report, {ROWS:,} rows, {result['pages']} pages, {peaks[0]:.0f} and {peaks[1]:.0f} MiB"
    yield Measure(name, ROWS / result["seconds"], "rows", ROWS / SECONDS)
