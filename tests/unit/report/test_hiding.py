"""Identifiers in running text: replaced where they stand as identifiers, left where the same characters are something else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.report.hiding import hider

LONG = "0xDB868B36DB67AB41eADE7a738E6E25b07c910E30"
hide = hider({"12": "withheld", "4711": "withheld", "abc-9": "withheld", "leaf 12": "withheld", LONG: "0xDB86…0E30"})


@pytest.mark.parametrize(
    "text",
    [
        "12",
        "customer 12 was asked for 5 assets",
        "account:12",
        "customer-12",
        "accounts 12, 13 and 4711",
        "'12'",
        "The holder (12) did not answer.",
        "12 did not answer",
        "4711 denied transfers",
        "4711 sent two letters",
        "id=12",
        "Asked 4711.",
        "key 12 of the ledger",
        "abc-9",
        "ABC-9 answered",
        "is 12 the account?",
        "4711 balance differs",
        "4711 of the spot ledger denied it",
        "12 entry",
    ],
)
def test_an_identifier_is_replaced_wherever_it_stands_as_one(text: str) -> None:
    shown = hide(text)
    assert "withheld" in shown
    assert not re.search(r"\b(12|4711|abc-9)\b", shown, re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    [
        "1234",
        "a12",
        "x_12",
        "12 assets",
        "12 negative balances",
        "12 other drawn leaves",
        "12 of 14 balances",
        "3 of 12",
        "12 of the 14 balances",
        "12 of all drawn leaves",
        "12 of them against balances in other assets",
        "row 12",
        "2026-11-12",
        "12-11-2026",
        "12.5 USDT",
        "1.12",
        "4,712",
        "12,000",
        "12 %",
        "12%",
        "04711",
        "abc-91",
        "xabc-9",
        "section 12",
    ],
)
def test_a_count_a_date_or_part_of_a_longer_word_stays(text: str) -> None:
    assert hide(text) == text


def test_the_longest_identifier_that_begins_at_a_place_is_replaced() -> None:
    shown = hider({"ab": "1", "ab cd": "2", LONG: "3", f"eip155:1:{LONG}": "4", f"{LONG}00": "5"})
    assert shown(f"ab cd, ab, {LONG.upper()}, eip155:1:{LONG.lower()}, {LONG}00") == "2, 1, 3, 4, 5"
    assert shown(f"seen as x{LONG}y") == "seen as x3y"


def test_what_stands_in_place_of_an_identifier_is_not_searched_again() -> None:
    assert hider({"a1": "b2", "b2": "c3"})("a1 b2") == "b2 c3"


def test_letters_whose_lower_case_is_longer_move_nothing() -> None:
    assert hider({"k9": "withheld"})("İİİ K9 İ") == "İİİ withheld İ"


@given(
    st.lists(st.text(alphabet="abA1 ", min_size=1, max_size=16), max_size=6), st.text(alphabet="abA1 ,", max_size=60)
)
def test_no_long_identifier_is_left(names: list[str], text: str) -> None:
    shown = hider(dict.fromkeys(names, "#"))(text).lower()
    alone = [name for name in names if len(name) > 12 and not name.isdecimal()]
    assert not [name for name in alone if name.lower() in shown]
