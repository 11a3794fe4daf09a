"""Repeated ids in ledgers of several parts, as an adversary would place them; a count in plain Python is the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor_app.findings import Finding
from auditor_app.ledger import checks
from auditor_app.merkle.fast import part, search
from tests.unit.merkle.bad_files import both, of_csv

PART, SLICE, CHUNK = 2**18, 2**16, 2**12
ROWS = PART + 5000


def ids(count: int = ROWS) -> list[str]:
    return [f"u{number * 7919 % 1000003}" for number in range(count)]


def duplicate(tmp_path: Path, names: list[str]) -> Finding | None:
    """The finding of both ways."""
    path = tmp_path / "ledger.csv"
    path.write_text("".join([f"{name},1,0\n" for name in names]))
    found = [item for item in both(of_csv(path)).result.findings if item.code == "LEAF.DUPLICATE"]
    assert len(found) <= 1
    return found[0] if found else None


def expected(names: list[str]) -> list[tuple[str, int, int, int]]:
    """Id, count, first and second row of each repeated one, in row order."""
    counted = Counter(names)
    places: dict[str, list[int]] = {}
    for row, name in enumerate(names, 1):
        if counted[name] > 1 and len(places.setdefault(name, [])) < 2:
            places[name].append(row)
    return [(name, counted[name], *rows) for name, rows in places.items()]  # type: ignore[misc]


BORDERS = [CHUNK, SLICE, PART]


@pytest.mark.parametrize("place", BORDERS)
def test_neighbours_on_either_side_of_every_border(tmp_path: Path, place: int) -> None:
    names = ids()
    names[place] = names[place - 1]
    item = duplicate(tmp_path, names)
    assert item is not None
    assert item.observed == "1"
    assert [at.row for at in item.places] == [place, place + 1]
    assert names[place] in item.message


def test_the_first_and_the_last_row_of_a_ledger(tmp_path: Path) -> None:
    names = ids()
    names[-1] = names[0]
    item = duplicate(tmp_path, names)
    assert item is not None
    assert [at.row for at in item.places] == [1, ROWS]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ["same"] * ROWS,
        lambda: ids(ROWS // 2) * 2,
        lambda: [name for name in ids(ROWS // 2) for _ in (1, 2)],
        lambda: [*ids(), *reversed(ids(5000))],
        lambda: ["a", "b"] * (ROWS // 2),
        lambda: [*ids(), "x" * 128, "x" * 127, "x" * 128],
    ],
    ids=["all equal", "one part against the other", "pairs", "mirrored", "two ids", "longest"],
)
def test_every_repeated_id_is_counted_and_the_first_are_named(tmp_path: Path, make: Callable[[], list[str]]) -> None:
    names = make()
    repeated = expected(names)
    item = duplicate(tmp_path, names)
    assert item is not None
    assert item.observed == str(len(repeated))
    for name, count, first, second in repeated[:10]:
        named = f"{name} occurs {count} times, first in ledger.csv, row {first}, column account and ledger.csv, row {second}"
        assert named in item.message
    assert [at.row for at in item.places] == [row for one in repeated[:10] for row in one[2:]]


def test_ids_that_differ_in_one_byte_or_length_are_not_repeated(tmp_path: Path) -> None:
    names = [
        *ids(3000),
        *["a" * size for size in range(1, 129)],
        *["a" * 60 + mark + "b" * 67 for mark in "cdefgh.-_:"],
    ]
    assert duplicate(tmp_path, names) is None


@pytest.fixture
def colliding(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make fingerprints keep so many of their bits only, on both ways."""

    def keep(bits: int) -> None:
        mask = np.uint64((1 << bits) - 1)
        result = part.FingerprintPass.result
        monkeypatch.setattr(part.FingerprintPass, "result", lambda self: result(self) & mask)
        keyed = checks.keyed_fingerprints

        def few() -> Any:
            whole = keyed()
            return lambda some: type(whole(some))("q", [value & int(mask) for value in whole(some)])

        monkeypatch.setattr("auditor_app.merkle.recompute.keyed_fingerprints", few)

    return keep


@pytest.mark.parametrize("bits", [0, 1, 10])
def test_fingerprints_that_collide_are_no_alarm(tmp_path: Path, colliding: Callable[[int], None], bits: int) -> None:
    colliding(bits)
    assert duplicate(tmp_path, ids(30_000)) is None


@pytest.mark.parametrize("bits", [0, 1, 10])
def test_a_repeated_id_among_fingerprints_that_collide_is_named(
    tmp_path: Path, colliding: Callable[[int], None], bits: int
) -> None:
    colliding(bits)
    names = ids(30_000)
    names[29_000] = names[17]
    item = duplicate(tmp_path, names)
    assert item is not None
    assert item.observed == "1"
    assert [at.row for at in item.places] == [18, 29_001]


def test_two_million_equal_fingerprints_are_no_alarm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In bounded memory: only so many ids are held to be compared."""
    from auditor_app.ledger.columns import parse_columns
    from auditor_app.ledger.parts import CsvLedger
    from auditor_app.operation import CancelToken, run

    path = tmp_path / "ledger.csv"
    path.write_text("".join([f"u{number},1,0\n" for number in range(2_000_000)]))
    result = part.FingerprintPass.result
    monkeypatch.setattr(part.FingerprintPass, "result", lambda self: result(self) & np.uint64(0))
    hunt = search.FastDuplicateSearch()
    source = CsvLedger(path, parse_columns("account:token,BTC:base-units/8,USDT:decimal"))
    run(hunt.collect(source, CancelToken()))
    assert run(hunt.trace(source, CancelToken())) == ((), 1)


def test_an_issuer_cannot_prepare_ids_that_collide() -> None:
    """Another key, other fingerprints: two searches agree on none of a thousand ids."""
    one, two = checks.keyed_fingerprints(), checks.keyed_fingerprints()
    names = [name.encode() for name in ids(1000)]
    assert not set(one(names)) & set(two(names))
    assert search.FastDuplicateSearch().key != search.FastDuplicateSearch().key
