"""What every test shares: where the vectors are, and an offscreen Qt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

VECTORS = Path(__file__).resolve().parents[2] / "shared" / "vectors"


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of third-party vectors; the test is skipped where it is absent."""
    if not VECTORS.is_dir():
        pytest.skip(f"the vectors folder {VECTORS} is absent")
    return VECTORS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked ``vectors`` where the folder is absent, saying so."""
    if VECTORS.is_dir():
        return
    for item in items:
        if item.get_closest_marker("vectors"):
            item.add_marker(pytest.mark.skip(reason=f"the vectors folder {VECTORS} is absent"))
