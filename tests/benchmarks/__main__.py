"""``python -m tests.benchmarks [NAME …]``: each benchmark's rate beside its bar; status 1 if one is missed."""

from __future__ import annotations

import importlib
import sys

BENCHMARKS = ("bulk_balances", "state_proofs", "ownership", "report_size", "test_memory", "window")
"""Modules with ``measure()``; one word adds a benchmark."""


def main(names: list[str]) -> int:
    """Print a table and return the exit status."""
    missed = 0
    for name in names or list(BENCHMARKS):
        for item in importlib.import_module(f"tests.benchmarks.{name}").measure():
            bar = "" if item.least is None else f"at least {item.least:,.0f}: {'reached' if item.reached else 'MISSED'}"
            print(f"{item.name:<50} {item.rate:>14,.0f} {item.unit}/s  {bar}")
            missed += not item.reached
    return 1 if missed else 0


sys.exit(main(sys.argv[1:]))
