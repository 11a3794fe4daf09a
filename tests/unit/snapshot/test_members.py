"""The small tables: what they hold, and the first byte that breaks them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.errors import SnapshotError
from auditor_app.snapshot import members
from auditor_app.snapshot.members import (
    AddressRow,
    BalanceRow,
    FundRow,
    OwnershipRow,
    read_addresses,
    read_balances,
    read_funds,
    read_ownership,
    write_table,
)
from tests.unit.snapshot import samples

ETH = "eip155:1:0x00000000219ab540356cBB839Cbe05303d7705Fa"
OWNERSHIP = (
    f"account,method,message,proof,extra\n{ETH},eip191,{base64.urlsafe_b64encode(b'I own').decode().rstrip('=')},0xab,\n"
).encode()


def test_rows_as_written() -> None:
    assert read_addresses(samples.ADDRESSES, "a") == (AddressRow(ETH, "USDT", 12_000_000, "cold"),)
    assert read_ownership(OWNERSHIP, "o") == (OwnershipRow(ETH, "eip191", "I own", "0xab", ""),)
    assert read_funds(samples.FUNDS, "f") == (
        FundRow("Guardian", "guardian", "ledger", "fund-1", "USDT", 5_000_000, "5", "USDT"),
    )
    assert read_balances(samples.BALANCES, "b") == (BalanceRow(ETH, "USDT", 12_000_000, "node.example"),)
    assert read_addresses(b"account,asset,claimed,role\n", "a") == ()


def error(data: bytes, read: Callable[[bytes, str], Any] = read_addresses) -> SnapshotError:
    with pytest.raises(SnapshotError) as caught:
        read(data, "member.csv")
    assert caught.value.at.file == "member.csv"
    return caught.value


HEADER = b"account,asset,claimed,role\n"


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        ("007", "claimed"),
        ("-1", "claimed"),
        ("1.0", "claimed"),
        ("1e3", "claimed"),
        ("+1", "claimed"),
        ("", "claimed"),
        ("NaN", "claimed"),
        ("1_000", "claimed"),
        ("1" * 61, "claimed"),
        ("１２", "claimed"),
        ("٣", "claimed"),
        (" 1", "claimed"),
        ('"1"', "claimed"),
        ("=1", "claimed"),
        ("US DT", "asset"),
        ("", "asset"),
        ("=USDT", "asset"),
        ("US\u202eDT", "asset"),
        ("0x00000000219ab540356cBB839Cbe05303d7705Fa", "account"),
        ("eip155:1:", "account"),
        ("eip155:1:0xab\r", "account"),
        ("warm", "role"),
        ("cold\r", "role"),
        ("", "role"),
        ("COLD", "role"),
    ],
)
def test_a_cell_outside_its_grammar_is_named_by_row_column_and_byte(cell: str, column: str) -> None:
    cells = {"account": ETH, "asset": "USDT", "claimed": "1", "role": "cold"}
    good = (",".join(cells.values()) + "\n").encode()
    bad = (",".join((cells | {column: cell}).values()) + "\n").encode()
    found = error(HEADER + good + bad)
    assert (found.code, found.at.row, found.at.column, found.exit_status) == ("SNAPSHOT.GRAMMAR", 3, column, 3)
    before = list(cells)[: list(cells).index(column)]
    assert found.at.byte == len(HEADER) + len(good) + sum(len(cells[name]) + 1 for name in before)


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b"", None),
        (b"account,asset,claimed,role", None),
        (b"\xef\xbb\xbf" + HEADER, 1),
        (b"account,asset,claimed,role\r\n", 1),
        (b"Account,asset,claimed,role\n", 1),
        (b"account,asset,claimed,role,\n", 1),
        (HEADER + b"\n", 2),
        (HEADER + b"a,b,c\n", 2),
        (HEADER + b"a,b,c,d,e\n", 2),
        (HEADER + f"{ETH},USDT,1,cold".encode(), None),
    ],
    ids=repr,
)
def test_a_table_of_another_shape_is_refused(data: bytes, row: int | None) -> None:
    found = error(data)
    assert (found.code, found.at.row) == ("SNAPSHOT.GRAMMAR", row)


@pytest.mark.parametrize("cell", ["a", "YQ==", "YR", "YWI+", "_w", "YQ\n", "Y Q"], ids=repr)
def test_text_has_one_base64url_form(cell: str) -> None:
    data = f"account,method,message,proof,extra\n{ETH},eip191,{cell},0xab,\n".encode()
    assert error(data, read_ownership).code == "SNAPSHOT.GRAMMAR"


def test_cells_and_texts_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_TEXT_BYTES", 4)
    assert error(OWNERSHIP, read_ownership).code == "SNAPSHOT.GRAMMAR"
    monkeypatch.undo()
    monkeypatch.setattr(members, "MAX_CELL_BYTES", 4)
    assert error(OWNERSHIP, read_ownership).code == "SNAPSHOT.GRAMMAR"


def test_an_on_chain_fund_names_an_account_and_a_ledger_fund_need_not() -> None:
    chain = samples.FUNDS.replace(b",ledger,", b",on-chain,")
    assert (error(chain, read_funds).at.row, error(chain, read_funds).at.column) == (2, "account")
    assert read_funds(samples.FUNDS.replace(b"fund-1", b""), "f")[0].account == ""
    assert read_funds(chain.replace(b"fund-1", ETH.encode()), "f")[0].custody == "on-chain"


@pytest.mark.parametrize("target", ["1.", ".5", "-1", "1e9", "01", ""])
def test_a_target_is_a_plain_decimal(target: str) -> None:
    data = samples.FUNDS.replace(b",5,USDT", f",{target},USDT".encode())
    assert error(data, read_funds).at.column == "target"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_any_text_survives_writing_and_reading(texts: list[tuple[str, str]]) -> None:
    rows = tuple((ETH, "bip322", message, "cHJvb2Y=", extra) for message, extra in texts)
    read = read_ownership(write_table(members.OWNERSHIP_FIELDS, rows), "o")
    assert [(row.message, row.extra) for row in read] == texts


@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_our_error(data: bytes) -> None:
    for role, read in members.READERS.items():
        header = ",".join(field.name for field in members.TABLES[role]).encode() + b"\n"
        for candidate in (data, header + data, header + data + b"\n"):
            try:
                read(candidate, "m")
            except SnapshotError as caught:
                assert caught.code in ("SNAPSHOT.GRAMMAR", "SNAPSHOT.LIMIT")


def test_writing_refuses_what_reading_would() -> None:
    with pytest.raises(ValueError, match="row 2, column claimed"):
        write_table(members.ADDRESS_FIELDS, ((ETH, "USDT", "007", "cold"),))
