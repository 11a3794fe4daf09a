"""Headers field by field: what is no header, no number and no time."""

from __future__ import annotations

from typing import Any

import pytest
import rlp as other_rlp
from eth_utils import keccak

from auditor_app.chain.header import FIELD_LISTS, LAST_SECOND, HeaderError, encode_header, read_header


def words(**changes: Any) -> list[Any]:
    """The fields of Frontier's header, by position."""
    fields: list[Any] = [b"\x01" * 32, b"\x02" * 32, b"\x03" * 20, b"\x04" * 32, b"\x05" * 32, b"\x06" * 32]
    fields += [bytes(256), b"", 100, 30_000_000, 0, 1_700_000_000, b"", b"\x07" * 32, bytes(8)]
    for position, value in changes.items():
        fields[int(position[1:])] = value
    return fields


def read(fields: Any) -> Any:
    encoded = other_rlp.encode(fields)
    return read_header(encoded, keccak(encoded))


def test_a_header_is_read_field_by_field() -> None:
    header = read(words())
    assert (header.parent_hash, header.coinbase, header.state_root) == (b"\x01" * 32, b"\x03" * 20, b"\x04" * 32)
    assert (header.number, header.gas_limit, header.timestamp) == (100, 30_000_000, 1_700_000_000)
    assert (header.transactions_root, header.receipts_root, header.mix) == (b"\x05" * 32, b"\x06" * 32, b"\x07" * 32)


@pytest.mark.parametrize("position", [0, 2, 3, 4, 5, 13])
def test_a_list_or_another_length_is_no_digest(position: int) -> None:
    size = len(words()[position])
    for value in ([b"\x01"] * size, b"\x01" * (size - 1), b"\x01" * (size + 1), b""):
        with pytest.raises(HeaderError, match="wrong length"):
            read(words(**{f"_{position}": value}))


@pytest.mark.parametrize("position", [8, 9, 11])
def test_a_number_is_a_scalar_of_eight_bytes(position: int) -> None:
    for value in (b"\x00", b"\x00\x01", b"\x01" * 9, [b"\x01"]):
        with pytest.raises(HeaderError, match="not canonical"):
            read(words(**{f"_{position}": value}))


def test_the_last_second_of_the_calendar_is_a_time() -> None:
    assert read(words(_11=LAST_SECOND)).timestamp == LAST_SECOND
    with pytest.raises(HeaderError, match="year 9999"):
        read(words(_11=LAST_SECOND + 1))


@pytest.mark.parametrize("fields", [b"\x01" * 20, b"", [], words()[:-1], words() + [b"\x01"] * 17])
def test_what_has_not_the_fields_of_a_header_is_none(fields: Any) -> None:
    with pytest.raises(HeaderError):
        read(fields)
    assert read(words() + [b"\x01"] * 16).number == 100  # of forks to come


def as_json(**changes: str) -> dict[str, str]:
    """The shortest list as a node gives it, with its own hash."""
    names = min(FIELD_LISTS.values(), key=len)
    values = [
        value if isinstance(value, bytes) else other_rlp.sedes.big_endian_int.serialize(value) for value in words()
    ]
    fields = {name: "0x" + value.hex() for name, value in zip(names, values, strict=True)}
    return fields | {"hash": "0x" + keccak(other_rlp.encode(words())).hex()} | changes


def test_a_header_in_json_has_the_encoding_that_hashes_to_its_hash() -> None:
    assert encode_header(as_json()) == other_rlp.encode(words())
    empty = next(name for name, value in as_json().items() if value == "0x")
    for zero in ("0x", "0x0", "0x00"):  # nodes write a zero in several ways
        assert encode_header(as_json(**{empty: zero})) == other_rlp.encode(words())


@pytest.mark.parametrize("value", ["", "12", "0xzz", "0x123", 5, "0x" + "1" * 4094, "0x" + "1" * 4095])
def test_a_field_that_is_no_hexadecimal_text_is_refused(value: Any) -> None:
    with pytest.raises(HeaderError):
        encode_header(as_json(extraData=value))
    short = {
        "": "no hexadecimal",
        "0x" + "1" * 4095: "no hexadecimal",
        "0x123": "cut short",
        "0x" + "1" * 4094: "no known",
    }
    if value in short:
        with pytest.raises(HeaderError, match=short[value]):
            encode_header(as_json(extraData=value))
