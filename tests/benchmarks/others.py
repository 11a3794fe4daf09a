"""The benchmarks of evidence and proofs of control as a table: ``python -m tests.benchmarks.others [--write]``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

from tests.benchmarks.ledgers import machine, write_between
from tests.benchmarks.measure import Measure, markdown

MODULES = ("bulk_balances", "state_proofs", "ownership")


def measures() -> Iterator[Measure]:
    """Every line, as it is measured."""
    for name in MODULES:
        for item in importlib.import_module(f"tests.benchmarks.{name}").measure():
            print(item.line, flush=True)
            yield item


def main(arguments: list[str]) -> int:
    """Print, write where asked; 1 if a goal is missed."""
    found = list(measures())
    if "--write" in arguments:
        write_between("others", f"{machine()}\n\n{markdown(found)}")
    return 0 if all(item.reached for item in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
