"""The fast scanner against the reference scanner: same sums, same places, same refusals, byte for byte."""

from __future__ import annotations

import ctypes
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor_app.errors import LedgerError
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.fast_scan import CHUNK_ROWS, FastPartScan, RowCounter, ScanTable, Span, fast_scan_part, spans
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import scan_part
from auditor_app.ledger.source import LedgerPart, RowMarks
from auditor_app.native.layout import PRESENT
from auditor_app.native.limbs import BASE, WIDE

LAYOUTS = (
    "account:token,BTC:decimal",
    "account:token,BTC:decimal?,ETH:decimal-?,USDT:base-units/6",
    "id:hex64,nonce:token?,BTC:decimal-",
    "id:token,WEI:base-units/18,NEAR:base-units/24?-,UNIT:base-units/0,X:base-units/1-",
    "id:token,h:hex64?,BTC:decimal",
)

whole = st.one_of(
    st.just("0"),
    st.integers(1, 10**8).map(str),
    st.integers(10**7, 10**9).map(str),
    st.integers(10**17, 10**19).map(str),
    st.integers(10**29, 10**30 - 1).map(str),
)
fraction = st.one_of(
    st.just(""),
    st.text("0123456789", min_size=1, max_size=18).map(lambda digits: "." + digits),
    st.integers(7, 18).map(lambda size: "." + "9" * size),
)
sign = st.sampled_from(["", "", "", "-"])
CELLS = {
    "hex64": st.text("0123456789abcdef", min_size=64, max_size=64),
    "token": st.text("019AZaz_.:-", min_size=1, max_size=20) | st.just("x" * 128),
    "decimal": st.builds(lambda *parts: "".join(parts), sign, whole, fraction),
    "base-units": st.builds(
        lambda minus, units: minus + units, sign, whole | st.integers(10**35, 10**60 - 1).map(str) | st.just("9" * 60)
    ),
}


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[str, bytes]:
    layout = draw(st.sampled_from(LAYOUTS))
    cells = [
        CELLS[column.type] | st.just("") if column.optional else CELLS[column.type] for column in parse_columns(layout)
    ]
    rows = draw(st.lists(st.tuples(*cells).map(",".join), max_size=12))
    return layout, "".join(row + "\n" for row in rows).encode("ascii")


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A ledger with some bytes changed, put in, taken out or cut off."""
    layout, data = draw(ledgers())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        byte = draw(st.sampled_from(b"0019-.,\n\n\r a\x00\xff/:Gg") | st.integers(0, 255))
        way = draw(st.sampled_from(["put", "take", "change", "cut"]))
        head, tail = data[:at], data[at:]
        data = {
            "put": head + bytes([byte]) + tail,
            "take": head + tail[1:],
            "change": head + bytes([byte]) + tail[1:],
            "cut": head,
        }[way]
    return layout, data


def outcome(scan: Any, layout: str, data: bytes) -> object:
    """What a scanner says: the result, or everything in its refusal."""
    part = LedgerPart("ledger/spot-00001.csv", 2**18, data, rows_before=5, bytes_before=77)
    try:
        return scan(part, Grammar.of(parse_columns(layout)))
    except LedgerError as error:
        return (error.code, error.sentence(), error.at)


@given(ledgers())
@settings(deadline=None, max_examples=300)
@example((LAYOUTS[0], b""))
@example((LAYOUTS[0], b"a,-0\n"))
def test_valid_ledgers_give_the_same_scan(ledger: tuple[str, bytes]) -> None:
    assert outcome(fast_scan_part, *ledger) == outcome(scan_part, *ledger)


@given(damaged())
@settings(deadline=None, max_examples=1000)
@example((LAYOUTS[0], b"a,1"))
@example((LAYOUTS[0], b"a,1."))
@example((LAYOUTS[0], b"a,\n"))
@example((LAYOUTS[1], b"a,-,,1\n"))
@example((LAYOUTS[0], b"\n"))
@example((LAYOUTS[0], b"a,00\n"))
@example((LAYOUTS[0], b"a,0123456789012345678901\n"))
@example((LAYOUTS[0], b"a," + b"9" * 31 + b"\n"))
@example((LAYOUTS[0], b"a,1." + b"9" * 19 + b"\n"))
@example((LAYOUTS[0], b"y" * 129 + b",1\n"))
@example((LAYOUTS[0], b"y" * 300_000))
def test_damaged_ledgers_are_refused_at_the_same_byte(ledger: tuple[str, bytes]) -> None:
    assert outcome(fast_scan_part, *ledger) == outcome(scan_part, *ledger)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_random_bytes_of_the_grammars_alphabet(layout: str) -> None:
    """Short rows of the bytes that matter, in bulk: the automaton's every edge is walked."""
    generator = np.random.default_rng(20261)
    alphabet = np.frombuffer(b"0019-.,,,\n\nax", np.uint8)
    for _ in range(400):
        data = generator.choice(alphabet, generator.integers(1, 40)).tobytes()
        assert outcome(fast_scan_part, layout, data) == outcome(scan_part, layout, data)


PLAIN_ROWS = (
    b"acc:1,12.5\n",
    b"acc:1,12.5,,7\n",
    b"0123456789abcdef" * 4 + b",n-1,-0.000000001\n",
    b"a_b.c,123456789012345678901234567890123456,-1,0,18\n",
    b"x,,1234567890.123456789012345678\n",
)
"""One for each of the layouts."""


@given(damaged() | ledgers(), st.integers(0, 300), st.integers(0, 300))
@settings(deadline=None, max_examples=400)
def test_a_place_among_many_rows_is_the_same_place(ledger: tuple[str, bytes], before: int, behind: int) -> None:
    """Cells are looked for far ahead of the row that is read; what stands among them must not matter."""
    layout, data = ledger
    row = PLAIN_ROWS[LAYOUTS.index(layout)]
    data = before * row + data + behind * row
    assert outcome(fast_scan_part, layout, data) == outcome(scan_part, layout, data)


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 50), st.lists(st.integers(0, 3000), max_size=5))
@settings(deadline=None)
def test_rows_are_counted_and_marked_as_they_come_in(data: bytes, every: int, cuts: list[int]) -> None:
    data = data.replace(b"a", b"\n").replace(b"\x00", b"\n")
    counter = RowCounter(every)
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, stop in pairwise(bounds):
        counter.add(memoryview(data)[start:stop])
    ends = [place + 1 for place, byte in enumerate(data) if byte == 10]
    assert counter.marks() == RowMarks(len(ends), every, tuple(ends[every - 1 :: every]))
    marked = LedgerPart("part", 0, data, marks=counter.marks())
    assert spans(marked, every) == spans(LedgerPart("part", 0, data), every)


def test_base_units_of_36_digits_need_no_wide_limbs() -> None:
    data = (b"a," + b"1" * 18 + b"2" * 18 + b"\n") * 20
    table = ScanTable.of(Grammar.of(parse_columns("id:token,WEI:base-units/18")))
    (chunk,) = FastPartScan(LedgerPart("part", 0, data), table, keep_amounts=True).chunks()
    assert chunk.amounts[:, 0].tolist() == [[int("2" * 18), int("1" * 18)]] * 20
    assert chunk.longest_row == 39


def test_many_chunks_and_places_across_their_borders() -> None:
    rows = [f"{n:07d},{n % 7}.{n % 11},{'-' if n % 1000 == 0 else ''}{n},{n}" for n in range(2 * CHUNK_ROWS + 500)]
    rows[CHUNK_ROWS] = rows[CHUNK_ROWS - 1]
    rows[CHUNK_ROWS + 9], rows[CHUNK_ROWS + 10] = rows[CHUNK_ROWS + 10], rows[CHUNK_ROWS + 9]
    data = "".join(row + "\n" for row in rows).encode()
    layout = "id:token,A:decimal,B:base-units/8,C:decimal"
    assert outcome(fast_scan_part, layout, data) == outcome(scan_part, layout, data)
    broken = data[:-5] + b"x" + data[-4:]
    assert outcome(fast_scan_part, layout, broken) == outcome(scan_part, layout, broken)


def test_carries_reach_the_highest_limb() -> None:
    """The digit limit in every cell, in as many rows as make the sums carry over all their limbs."""
    rows = 3000
    text = "9" * 60
    data = "".join(f"{n:05d},{text},-{text},{'9' * 30}.{'9' * 18}\n" for n in range(rows)).encode()
    scan = fast_scan_part(
        LedgerPart("part", 0, data), Grammar.of(parse_columns("id:token,A:base-units/0,B:base-units/18-,C:decimal"))
    )
    assert [(item.total, item.negatives) for item in scan.sums] == [
        (rows * (10**60 - 1), 0),
        (-rows * (10**60 - 1), -rows * (10**60 - 1)),
        (rows * (10**48 - 1), 0),
    ]


def test_the_longest_plain_cells_carry_from_digit_group_to_digit_group() -> None:
    rows = CHUNK_ROWS + 77
    cells = ["9" * 16 + "." + "9" * 15, "9" * 15 + "." + "9" * 16, "99999999.99999999"]
    data = "".join(f"{n:05d},{','.join(cells)}\n" for n in range(rows)).encode()
    table = ScanTable.of(Grammar.of(parse_columns("id:token,A:decimal,B:decimal,C:decimal")))
    scan = FastPartScan(LedgerPart("part", 0, data), table, keep_amounts=True)
    units = [int(whole + part.ljust(18, "0")) for whole, _, part in (cell.partition(".") for cell in cells)]
    for chunk in scan.chunks():
        assert (chunk.amounts == [[one % BASE, one // BASE] for one in units]).all()
    assert [item.total for item in scan.result().sums] == [rows * one for one in units]


def test_amounts_are_laid_out_in_limbs() -> None:
    data = b"a,12.5,7\nb,123456789012345678901.000000000000000001,1000000\n"
    part = LedgerPart("part", 0, data)
    table = ScanTable.of(Grammar.of(parse_columns("id:token,A:decimal,B:base-units/6")))
    scan = FastPartScan(part, table, keep_amounts=True)
    (chunk,) = scan.chunks()
    assert chunk.amounts.shape == (2, 2, WIDE)
    assert chunk.amounts[0, 0].tolist() == [5 * 10**17, 12, 0, 0, 0]
    assert chunk.amounts[1, 0].tolist() == [1, 123456789012345678901 % BASE, 123, 0, 0]
    assert chunk.amounts[:, 1].tolist() == [[7, 0, 0, 0, 0], [1_000_000, 0, 0, 0, 0]]
    assert (chunk.marks == PRESENT).all()


def test_places_beyond_two_gigabytes_are_places() -> None:
    """A part of a plain file may be as long; nothing but its last rows is ever touched here."""
    rows = b"b,1\na,2\nccc,3\n"
    start = 2**31 + 5
    try:
        data = bytes(start + len(rows))
    except MemoryError:
        pytest.skip("this machine lends no two gigabytes of address space")
    place = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
    assert place is not None
    ctypes.memmove(place + start, rows, len(rows))
    table = ScanTable.of(Grammar.of(parse_columns("id:token,A:decimal")))
    scan = FastPartScan(LedgerPart("part", 0, data), table, Span(start, len(data), 0), keep_amounts=False)
    (chunk,) = scan.chunks()
    assert [scan.key(chunk, row) for row in range(3)] == [b"b", b"a", b"ccc"]
    assert (scan.result().first_key, scan.result().last_key, scan.result().disorder_count) == (b"b", b"ccc", 1)
    assert scan.result().disorder[0].at.byte == start + 4


@pytest.mark.parametrize(
    "cell",
    [
        "1.2.3",
        "1..2",
        "1.2.",
        "1.2:",
        "1.2a",
        "1.-2",
        "1:2",
        ".5",
        "5.",
        "01",
        "00",
        "00.1",
        "a",
        "",
        "-",
        "9" * 31,
        f"{'9' * 15}:",
        "1." + "9" * 19,
        "1." + "9" * 15 + ".",
        "1_0.5",
        "1,2",
        "1\n2",
    ],
)
def test_a_bad_amount_among_plain_rows_is_refused_where_the_reference_refuses_it(cell: str) -> None:
    row = b"acc:1,12.5\n"
    data = 40 * row + f"a,{cell}\n".encode() + 40 * row
    wanted = outcome(scan_part, LAYOUTS[0], data)
    assert outcome(fast_scan_part, LAYOUTS[0], data) == wanted
    with pytest.raises(LedgerError):
        fast_scan_part(LedgerPart("part", 0, data), Grammar.of(parse_columns(LAYOUTS[0])))
