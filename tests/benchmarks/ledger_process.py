"""The measured side, in a process of its own: authenticate a snapshot, recalculate its ledger, build proofs.

``python -m tests.benchmarks.ledger_process SNAPSHOT THREADS REPETITIONS PROOFS`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from auditor_app import processors
from auditor_app.ledger import parts
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle import warm
from auditor_app.merkle.fast import reading
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import LedgerResult
from auditor_app.operation import CancelToken, run
from tests.unit.snapshot import samples

TOKEN = CancelToken()


def ledger_of(path: Path) -> SnapshotLedger:
    """The ledger of an authentic snapshot."""
    snapshot = samples.authenticate(path)
    return SnapshotLedger(snapshot, snapshot.statement.predicate.ledgers[0])


def root(path: Path, threads: int) -> tuple[float, LedgerResult]:
    """Seconds from the snapshot's bytes to root, totals and repeated ids, and the result."""
    for module in (reading, parts):
        module.processors = lambda: threads  # type: ignore[attr-defined]
    started = time.perf_counter()
    snapshot = samples.authenticate(path)
    declared = snapshot.statement.predicate.ledgers[0]
    source = SnapshotLedger(snapshot, declared)
    result = run(recompute(source, declared.commitments, totals=declared.totals, typed_root=None, token=TOKEN))
    seconds = time.perf_counter() - started
    snapshot.members.close()
    return seconds, result


def proofs(path: Path, result: LedgerResult, count: int) -> float:
    """Seconds for ``count`` inclusion proofs of leaves drawn at random."""
    indices = np.random.default_rng(7).integers(0, result.row_count, count).tolist()
    started = time.perf_counter()
    found = run(result.trees[0].prove(ledger_of(path), indices, TOKEN))
    assert len(found) == count
    return time.perf_counter() - started


def peak_mib() -> float:
    """The most memory that this process ever held."""
    if sys.platform == "linux":
        return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main(path: Path, threads: list[int], repetitions: int, proof_count: int) -> dict[str, object]:
    """Measure; the threads take turns, so that a busy machine disturbs all alike."""
    assert warm.readiness().ready
    best: dict[int, float] = {}
    result: LedgerResult | None = None
    for _ in range(repetitions):
        for number in threads:
            seconds, result = root(path, number)
            best[number] = min(seconds, best.get(number, seconds))
    assert result is not None
    peak = peak_mib()
    proving = min(proofs(path, result, proof_count) for _ in range(2)) if proof_count else 0.0
    return {
        "seconds": {str(number): seconds for number, seconds in best.items()},
        "root": result.commitments[0].recomputed,
        "totals": [str(total.total.at_scale(18).units) for total in result.totals],
        "codes": [item.code for item in result.findings],
        "peak": peak,
        "proofs": proving,
        "processors": processors.processors(),
    }


if __name__ == "__main__":
    _, snapshot, threads_wanted, rounds, wanted = sys.argv
    found = main(Path(snapshot), [int(one) for one in threads_wanted.split(",")], int(rounds), int(wanted))
    print(json.dumps(found))
