"""Large reports: seconds, and peak memory of both processes; with and without proofs of control, and with many exceptions."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Measure

SECONDS = 10
_BUILD = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[1])
def main():
    from auditor_app.operation import CancelToken, run
    from auditor_app.report.document import ReportOptions, build_report
    from tests.unit.report import engaged, factory
    if sys.argv[2] != "exceptions":
        audit, papers = factory.large(50, 5000, 500), None
        audit = factory.controlled(audit) if sys.argv[2] == "controlled" else audit
    else:
        audit = factory.many(10_000)
        papers = engaged.papers(exceptions=engaged.logged(audit))
    started = time.perf_counter()
    report = run(build_report(audit, ReportOptions("2026-11-05", papers=papers), CancelToken()))
    unit = 1 if sys.platform == "darwin" else 1024
    peaks = [resource.getrusage(who).ru_maxrss * unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": time.perf_counter() - started, "peaks": peaks, "pages": report.pages}))
if __name__ == "__main__":
    main()
"""


def measure() -> Iterator[Measure]:
    """Rows a second; ``AssertionError`` above what a process may take: well below the 500 MiB of issue 6."""
    yield _measured("addresses", "5,000 addresses and 500 leaves", rows=5_550, most_mebibytes=350)
    yield _measured("controlled", "the same with 4,500 proofs of control", rows=10_050, most_mebibytes=420)
    yield _measured("exceptions", "10,000 exceptions", rows=10_000, most_mebibytes=420)


def _measured(kind: str, name: str, *, rows: int, most_mebibytes: int) -> Measure:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, str(root), kind], capture_output=True, text=True, check=True, cwd=root
    )
    result = json.loads(done.stdout)
    peaks = [peak / 2**20 for peak in result["peaks"]]
    assert max(peaks) < most_mebibytes, peaks
    told = f"report, {name}, {result['pages']} pages, {peaks[0]:.0f} and {peaks[1]:.0f} MiB"
    return Measure(told, rows / result["seconds"], "rows/s", rows / SECONDS)
