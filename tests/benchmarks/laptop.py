"""Where one laptop ends: accounts × assets against time, memory and disk, up to a billion accounts.

``python -m tests.benchmarks.laptop`` measures on this machine and prints the table; ``--write`` puts it into
docs/performance.md; ``--quick`` leaves out the sizes that take minutes to make. What was not measured is computed from measured slopes and marked with ≈:

- Time on one core is proportional to the accounts; between 4 and 20 assets, and beyond, it is linear in the assets.
- On n cores the pass takes the longer of two: its work divided by n, or reading and digesting, which one thread does.
  What two threads took beyond that, for each account, is added.
- Memory grows by what the two largest runs of 4 assets differ in; each further core holds one more slice in work.
- Disk is the file, and in temporary files 8 bytes of fingerprint an account and the nodes of every 32 accounts.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor_app.ledger.source import PART_ROWS, SLICE_ROWS
from auditor_app.merkle.fast.pool import BYTES_IN_HAND
from auditor_app.merkle.warm import readiness
from auditor_app.operation import CancelToken
from tests.benchmarks.ledger_process import ledger_of
from tests.benchmarks.ledger_snapshots import Made, write_snapshot
from tests.benchmarks.ledgers import child, machine, write_between

MEASURED = ((2**20, 4), (10 * 2**20, 4), (40 * 2**20, 4), (2**20, 20), (10 * 2**20, 20))
QUICK = ((2**20, 4), (10 * 2**20, 4), (2**20, 20))
SHORT = ((2**13, 4), (2**14, 4), (2**13, 20))
ACCOUNTS = (10**6, 10**7, 4 * 10**7, 10**8, 10**9)
ASSETS = (4, 20, 60)
CORES = (2, 8, 16)
_FINGERPRINT, _GROUP, _DIGEST, _LIMBS = 8, 32, 4 * 5, 16


@dataclass(frozen=True)
class Run:
    """One measured size: seconds with one and two threads and of reading alone, peak memory, bytes of the file."""

    rows: int
    assets: int
    one: float
    two: float
    read: float
    peak: float
    size: int

    def each(self, seconds: float) -> float:
        """Nanoseconds an account."""
        return seconds / self.rows * 1e9


def measured(sizes: tuple[tuple[int, int], ...]) -> Iterator[Run]:
    """Each size on this machine, by MEXC's scheme; its snapshot is gone afterwards."""
    for rows, assets in sizes:
        with tempfile.TemporaryDirectory() as name:
            path = write_snapshot(Path(name), Made(rows, assets), "mexc")
            peak = child(path, "2", 1)["peak"]
            seconds = child(path, "1,2", 3 if rows < 2**22 else 1)["seconds"]
            yield Run(rows, assets, seconds["1"], seconds["2"], reading(path), peak, path.stat().st_size)


def reading(path: Path) -> float:
    """Seconds to read and digest all parts of a snapshot."""
    assert readiness().ready
    source = ledger_of(path)
    started = time.perf_counter()
    for _ in source.parts(CancelToken()):
        pass
    return time.perf_counter() - started


@dataclass(frozen=True)
class Slopes:
    """What is computed from: for each number of assets, nanoseconds an account; memory in MiB."""

    work: tuple[float, float]
    read: tuple[float, float]
    beyond: tuple[float, float]
    size: tuple[float, float]
    memory: tuple[float, float]

    @staticmethod
    def of(runs: list[Run]) -> Slopes:
        """From the largest run of each width, and the two largest of 4 assets."""
        narrow, wide = (
            max((run for run in runs if run.assets == assets), key=lambda run: run.rows) for assets in (4, 20)
        )
        smaller = sorted((run for run in runs if run.assets == 4), key=lambda run: run.rows)[-2]

        def line(four: float, twenty: float) -> tuple[float, float]:
            slope = (twenty - four) / 16
            return four - 4 * slope, slope

        growth = max(0.0, (narrow.peak - smaller.peak) / (narrow.rows - smaller.rows))
        return Slopes(
            line(narrow.each(narrow.one), wide.each(wide.one)),
            line(narrow.each(narrow.read), wide.each(wide.read)),
            line(*(run.each(max(0.0, run.two - max(run.read, run.one / 2))) for run in (narrow, wide))),
            line(narrow.size / narrow.rows, wide.size / wide.rows),
            (narrow.peak - growth * narrow.rows, growth),
        )

    def seconds(self, rows: int, assets: int, cores: int) -> float:
        """Seconds on ``cores`` cores."""
        work, read, beyond = (a + b * assets for a, b in (self.work, self.read, self.beyond))
        return rows * (max(read, work / cores) + max(0.0, beyond)) / 1e9

    def bytes_each(self, assets: int) -> float:
        """Bytes of a row."""
        return self.size[0] + self.size[1] * assets

    def mebibytes(self, rows: int, assets: int, cores: int) -> float:
        """Peak memory: as measured with two threads, more for longer rows and more slices in work."""
        extra = (self.bytes_each(assets) - self.bytes_each(4)) * 2 * PART_ROWS
        slices = min(self.bytes_each(assets) * SLICE_ROWS * (cores - 2), BYTES_IN_HAND)
        return self.memory[0] + self.memory[1] * rows + (extra + slices) / 2**20


def table(runs: list[Run]) -> str:
    """The rows as Markdown: what was measured, then what follows from it."""
    slopes = Slopes.of(runs)
    head = (
        "| accounts | assets | file | 2 cores | 8 cores | 16 cores | peak memory | temporary files |\n"
        + "|---" * 8
        + "|\n"
    )
    rows = "".join(_row(run.rows, run.assets, slopes, run) for run in runs)
    rows += "".join(
        _row(accounts, assets, slopes, None)
        for accounts in ACCOUNTS
        for assets in ASSETS
        if (accounts, assets) not in {(10**6, 4), (10**6, 20), (10**7, 4), (10**7, 20), (4 * 10**7, 4)}
    )
    return f"{machine()} ≈ is computed.\n\n{head}{rows}"


def _row(rows: int, assets: int, slopes: Slopes, run: Run | None) -> str:
    size = rows * slopes.bytes_each(assets) if run is None else run.size
    times = [f"≈ {_time(slopes.seconds(rows, assets, cores))}" for cores in CORES]
    memory = f"≈ {slopes.mebibytes(rows, assets, CORES[-1]):,.0f} MiB"
    if run is not None:
        times[0] = f"**{_time(run.two)}** ({_time(run.one)} on one)"
        memory = f"**{run.peak:,.0f} MiB**"
    disk = rows * (_FINGERPRINT + (_DIGEST + (_LIMBS + 1) * assets) / _GROUP)
    return f"| {rows:,} | {assets} | {_size(size)} | {' | '.join(times)} | {memory} | {_size(disk)} |\n"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _size(size: float) -> str:
    return f"{size / 1e6:,.0f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"


def main(arguments: list[str]) -> int:
    """Measure, print, and write where asked."""
    runs = []
    for run in measured(SHORT if "--short" in arguments else QUICK if "--quick" in arguments else MEASURED):
        runs.append(run)
        print(run, flush=True)
    text = table(runs)
    print(text)
    if "--write" in arguments:
        write_between("laptop", text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
