"""The benchmarks of large ledgers, kept alive by a short run: every line is measured, every result compared."""

from __future__ import annotations

import os

import pytest

from tests.benchmarks.ledger_schemes import CASES
from tests.benchmarks.ledgers import SHORT, lines, table


@pytest.mark.skipif(os.name != "posix", reason="sha256sum and the peak of a process are POSIX")
def test_every_line_is_measured() -> None:
    found = list(lines(SHORT))
    assert len(found) == 11 + len(CASES)
    assert all(line.value > 0 for line in found)
    assert table(found).count("\n|") == 13 + len(CASES)
