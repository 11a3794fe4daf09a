"""The reference scanner: exact sums, signs, order, and breaches named by file, row, column and byte."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.errors import LedgerError, Location
from auditor_app.ledger import scan as scanning
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.scan import EXAMPLES, scan_blocks, scan_part
from auditor_app.ledger.source import LedgerPart

GRAMMAR = Grammar.of(parse_columns("id:token,BTC:decimal?,ETH:base-units/8,X:decimal-?"))


def part(data: bytes, **fields: int) -> LedgerPart:
    return LedgerPart("ledger/spot-00000.csv", fields.pop("first_row", 0), data, **fields)


amounts = st.tuples(st.integers(0, 10**30 - 1), st.text("0123456789", max_size=18)).map(
    lambda pair: f"{pair[0]}.{pair[1]}" if pair[1] else str(pair[0])
)
signed = st.tuples(st.sampled_from(["", "-"]), amounts).map("".join)
rows = st.lists(
    st.tuples(
        st.from_regex(r"\A[0-9A-Za-z_.:-]{1,12}\Z"),
        st.one_of(st.just(""), signed),
        st.integers(-(10**60) + 1, 10**60 - 1).map(str),
        st.one_of(st.just(""), signed),
    ),
    max_size=30,
)


@given(rows, st.integers(1, 200))
def test_sums_signs_and_order_are_those_of_a_second_reading(rows: list[tuple[str, ...]], block: int) -> None:
    data = "".join(",".join(row) + "\n" for row in rows).encode()
    kept, scanning.BLOCK_BYTES = scanning.BLOCK_BYTES, block
    try:
        scan = scan_part(part(data), GRAMMAR)
    finally:
        scanning.BLOCK_BYTES = kept
    assert scan.rows == len(rows)
    for number, (position, unit) in enumerate([(1, 10**18), (2, 1), (3, 10**18)]):
        values = [Fraction(row[position]) * unit for row in rows if row[position]]
        assert scan.sums[number].total == sum(values)
        assert scan.sums[number].negatives == sum(value for value in values if value < 0)
    assert scan.negative_count == sum(row[1].startswith("-") + row[2].startswith("-") for row in rows)
    keys = [row[0].encode() for row in rows]
    assert scan.disorder_count == sum(later <= earlier for earlier, later in pairwise(keys))
    assert (scan.first_key, scan.last_key) == ((keys[0], keys[-1]) if keys else (b"", b""))


def test_a_minus_where_the_column_has_no_sign_is_counted_and_named_and_the_scan_goes_on() -> None:
    data = b"a,-0,1,-5\nb,1,-2,\nc,-3.5,1,\n"
    scan = scan_part(part(data, rows_before=10, bytes_before=1000), GRAMMAR)
    assert scan.rows == 3
    assert scan.negative_count == 3
    named = {(place.at.row, place.at.column, place.at.byte, place.key, place.text) for place in scan.negatives}
    assert named == {(11, "BTC", 1002, "a", "-0"), (12, "ETH", 1014, "b", "-2"), (13, "BTC", 1020, "c", "-3.5")}
    assert scan.sums[0].total == Fraction("-2.5") * 10**18


def test_examples_are_bounded_and_counts_are_not() -> None:
    scan = scan_part(part(b"a,-1,1,\n" * 1000), GRAMMAR)
    assert (scan.negative_count, len(scan.negatives)) == (1000, EXAMPLES)
    assert (scan.disorder_count, len(scan.disorder)) == (999, EXAMPLES)
    assert [place.at.row for place in scan.disorder[:2]] == [2, 3]


def test_a_breach_names_file_row_column_and_byte() -> None:
    good = b"a,1,1,\n" * 50_000
    with pytest.raises(LedgerError) as caught:
        scan_part(part(good + b"b,1,007,\n" + good, rows_before=7, bytes_before=100), GRAMMAR)
    assert caught.value.code == "SNAPSHOT.GRAMMAR"
    assert caught.value.at == Location("ledger/spot-00000.csv", 50_008, "ETH", 100 + len(good) + 5)


@pytest.mark.parametrize("tail", [b"b,1,1,", b"b,1,1,\r\n", b"\n", b"b\xff,1,1,\n", b"b,1,1,\n\x00"])
def test_a_breach_at_the_end_is_one_too(tail: bytes) -> None:
    with pytest.raises(LedgerError) as caught:
        scan_part(part(b"a,1,1,\n" + tail), GRAMMAR)
    assert caught.value.code == "SNAPSHOT.GRAMMAR"
    assert caught.value.at.row in (2, 3)


def test_blocks_cover_the_part_and_keep_the_cells_text() -> None:
    data = b"".join(b"k%d,0.00,1,-0.50\n" % number for number in range(40_000))
    blocks = list(scan_blocks(part(data, first_row=5), GRAMMAR))
    assert len(blocks) > 2
    assert b"".join(block.data for block in blocks) == data
    assert [block.first_row for block in blocks] == [
        5 + sum(len(before.cells) for before in blocks[:number]) for number in range(len(blocks))
    ]
    assert blocks[1].rows()[0] == b",".join(blocks[1].cells[0])
    assert blocks[0].cells[0] == (b"k0", b"0.00", b"1", b"-0.50")
    assert [column[0] for column in blocks[0].units] == [0, 1, -5 * 10**17]
