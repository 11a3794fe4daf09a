"""One of a thing, several of a thing."""

from __future__ import annotations

import pytest

from auditor_app.counts import counted, noun


@pytest.mark.parametrize(
    ("count", "said", "irregular"),
    [
        (0, "0 rows", "addresses"),
        (1, "1 row", "address"),
        (2, "2 rows", "addresses"),
        (1024, "1,024 rows", "addresses"),
    ],
)
def test_only_one_is_singular(count: int, said: str, irregular: str) -> None:
    assert counted(count, "row") == said
    assert noun(count, "address", "addresses") == irregular
