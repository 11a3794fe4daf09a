"""``python -m tests.benchmarks [NAME …]``: each benchmark's lines beside their goals; status 1 if one is missed."""

from __future__ import annotations

import importlib
import sys

BENCHMARKS = ("bulk_balances", "state_proofs", "ownership", "report_size", "test_memory", "window", "ledgers")
"""Modules with ``measure()``; one word adds a benchmark."""


def main(names: list[str]) -> int:
    """Print a table and return the exit status."""
    missed = 0
    for name in names or list(BENCHMARKS):
        for item in importlib.import_module(f"tests.benchmarks.{name}").measure():
            print(item.line, flush=True)
            missed += not item.reached
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
