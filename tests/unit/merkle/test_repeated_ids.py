"""Repeated ids in ledgers of several parts, as an adversary would place them; a count in plain Python is the oracle."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor_app.errors import Location
from auditor_app.findings import Finding
from auditor_app.ledger import duplicates, repeats
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.duplicates import Repeated, RepeatedIds
from auditor_app.ledger.parts import CsvLedger
from auditor_app.merkle.fast import part, same_print, search
from auditor_app.operation import CancelToken, run
from tests.unit.merkle.bad_files import both, of_csv, of_snapshot, rows, write_snapshot

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
        keyed = duplicates.keyed_fingerprints

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


def trace(path: Path, kind: Any = None, most_places: int = 0) -> tuple[RepeatedIds, int]:
    """What a search says of a file, and how often it was read."""
    source = CsvLedger(path, parse_columns("account:token,BTC:base-units/8,USDT:decimal"))
    read = []
    parts = source.parts

    def counted(token: CancelToken) -> Any:
        read.append(1)
        return parts(token)

    source.parts = counted  # type: ignore[method-assign]
    hunt = search.FastDuplicateSearch() if kind is None else kind(duplicates.keyed_fingerprints())
    run(hunt.collect(source, CancelToken()))
    return run(hunt.trace(source, CancelToken(), most_places)), len(read)


def naive(names: list[str], most_places: int = 0) -> RepeatedIds:
    """All of it by counting, with everything in memory."""
    counted = Counter(names)
    named = expected(names)
    rows = [at for at, name in enumerate(names) if counted[name] > 1]

    def at(row: int) -> Location:
        return Location("ledger.csv", row, "account")

    return RepeatedIds(
        len(named),
        len(rows),
        tuple(Repeated(name, count, at(first), at(second)) for name, count, first, second in named[:10]),
        tuple(divmod(row, PART) for row in rows[:most_places]),
    )


KINDS = pytest.mark.parametrize("kind", [None, duplicates.DuplicateSearch], ids=["compiled", "reference"])

MANY: dict[str, Callable[[int], list[str]]] = {
    "every id twice, far apart": lambda rows: ids(rows // 2) * 2,
    "every id twice, side by side": lambda rows: [name for name in ids(rows // 2) for _ in (1, 2)],
    "one in ten": lambda rows: [*ids(rows - rows // 10), *ids(rows // 10)],
    "three times and once": lambda rows: [*ids(rows // 4) * 3, *[f"v{at}" for at in range(rows // 4)]],
    "all equal": lambda rows: ["same"] * rows,
    "two": lambda rows: ["a", "b"] * (rows // 2),
}


@KINDS
@pytest.mark.parametrize("make", MANY.values(), ids=MANY)
def test_more_ids_than_are_held_are_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, make: Callable[[int], list[str]]
) -> None:
    """With room for a few hundred ids and fingerprints, 40,000 rows: every share costs a pass, none an id."""
    for module, name, value in (
        (duplicates, "MOST_HELD", 700),
        (repeats, "GROUP", 900),
        (repeats, "TOGETHER", 100),
        (repeats, "_CHUNK", 64),
        (repeats, "HELD_IN_MEMORY", 3000),
    ):
        monkeypatch.setattr(module, name, value)
    store = repeats.FingerprintStore.__init__
    monkeypatch.setattr(repeats.FingerprintStore, "__init__", lambda self: store(self, 3000))
    names = make(12_000)
    path = tmp_path / "ledger.csv"
    path.write_text("".join([f"{name},1,0\n" for name in names]))
    found, passes = trace(path, kind, 1000)
    assert found == naive(names, 1000)
    repeated = len(expected(names))
    assert passes >= 1 + repeated // 900
    assert passes <= 2 + 4 * repeated // 700


@KINDS
@pytest.mark.parametrize("bits", [0, 3, 9])
def test_more_colliding_ids_than_are_held_are_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colliding: Callable[[int], None], kind: Any, bits: int
) -> None:
    """Fingerprints of which a few bits are left tell nothing apart: the ids themselves do."""
    colliding(bits)
    keyed = duplicates.keyed_fingerprints
    monkeypatch.setattr(
        duplicates,
        "keyed_fingerprints",
        lambda: lambda some: array("q", [value & (1 << bits) - 1 for value in keyed()(some)]),
    )
    monkeypatch.setattr(duplicates, "MOST_HELD", 3000)
    monkeypatch.setattr(same_print, "MOST_SHARED", 50)
    names = ids(8_000)
    names[7_000:7_300] = names[17:317]
    names[40] = names[18]
    path = tmp_path / "ledger.csv"
    path.write_text("".join([f"{name},1,0\n" for name in names]))
    assert trace(path, kind, 300)[0] == naive(names, 300)


def test_a_few_ids_that_share_a_fingerprint_cost_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colliding: Callable[[int], None]
) -> None:
    colliding(20)
    names = ids(30_000)
    names[29_000:29_050] = names[17:67]
    path = tmp_path / "ledger.csv"
    path.write_text("".join([f"{name},1,0\n" for name in names]))
    assert trace(path, None, 300) == (naive(names, 300), 2)


def test_parts_that_lie_about_their_rows_still_name_the_right_ones(tmp_path: Path) -> None:
    """Repeated ids in a snapshot's parts, of which one is short: file and row are the part's own."""
    parts = [rows(64), rows(63, 64), rows(64, 127)]
    again = parts[0].splitlines()[5].partition(b",")[0]
    parts[2] = parts[2].replace(parts[2].splitlines()[9].partition(b",")[0], again)
    path = write_snapshot(tmp_path, parts, declared=(64, 64, 64), part_rows=64)
    (item,) = [one for one in both(of_snapshot(path), part_rows=64).result.findings if one.code == "LEAF.DUPLICATE"]
    assert [(at.file, at.row) for at in item.places] == [("ledger/spot-00000.csv", 6), ("ledger/spot-00002.csv", 10)]


def test_an_issuer_cannot_prepare_ids_that_collide() -> None:
    """Another key, other fingerprints: two searches agree on none of a thousand ids."""
    one, two = duplicates.keyed_fingerprints(), duplicates.keyed_fingerprints()
    names = [name.encode() for name in ids(1000)]
    assert not set(one(names)) & set(two(names))
    assert search.FastDuplicateSearch().key != search.FastDuplicateSearch().key
