"""Cells made ready: what surely stands on one line, where long words may break, what is kept whole."""

from __future__ import annotations

from typing import Any

import pytest

from auditor_app.report.cells import BREAK, WHOLE, lean_table


def lean(*items: dict[str, Any], share: float = 1, labels: bool = False, wide: bool = False) -> dict[str, Any]:
    columns = [{"title": "a", "share": share, "align": "left"}, {"title": "b", "share": 10 - share, "align": "left"}]
    block = {"kind": "table", "columns": columns, "rows": [[list(items), []]], "size": "tiny", "labels": labels}
    row: dict[str, Any] = lean_table(block, wide=wide)["rows"][0]
    return row


def given(text: str, weight: str = "plain") -> dict[str, Any]:
    return {"kind": "given", "text": text, "weight": weight}


def code(text: str) -> dict[str, Any]:
    return {"kind": "code", "text": text}


def test_a_short_row_has_one_line_and_a_wide_or_broken_one_more() -> None:
    assert lean(given("BTC"))["lines"] == 1
    assert lean(given("W" * 12))["lines"] > 1
    assert lean(given("BTC"), {"kind": "newline"}, given("cold"))["lines"] == 2
    assert lean(given("several words that do not fit beside each other"))["lines"] > 4
    assert lean(given("W" * 12), wide=True, share=3)["lines"] == 1


def test_widths_are_those_of_the_fonts() -> None:
    # 482 points wide: a tenth less padding is 39.2 points, 5.5 em of 7.1 points, ten monospaced letters of 0.552 em.
    assert lean(code("0" * 9))["lines"] == 1
    assert lean(code("0" * 10))["lines"] == 2
    assert lean(given("i" * 18))["lines"] == 1
    assert lean(given("i" * 24))["lines"] == 2


def test_long_words_get_places_to_break_and_short_ones_none() -> None:
    (runs, _) = lean(given(f"ab {'x' * 30} cd"))["cells"]
    assert runs == [["", f"ab {BREAK.join(['xxxx'] * 7 + ['xx'])} cd"]]
    assert lean(given("ab cd"))["cells"][0] == [["", "ab cd"]]


def test_an_option_is_not_cut_at_its_hyphens() -> None:
    (runs, _) = lean(code("--trust store.json --x"))["cells"]
    assert runs[0][1].split(" ")[0] == f"{WHOLE}--trust"
    assert BREAK in runs[0][1]


def test_a_mark_stays_with_its_letter() -> None:
    (runs, _) = lean(given("a\u0301" * 40))["cells"]
    pieces = runs[0][1].split(BREAK)
    assert len(pieces) > 1
    assert all(piece.startswith("a") for piece in pieces)


def test_amounts_break_between_groups_only_where_they_must() -> None:
    amount = {"kind": "quantity", "text": "\u202f".join(["123"] * 8), "tone": None}
    (runs, _) = lean(amount)["cells"]
    assert runs == [["q", BREAK.join(["123", *(["\u00a0123"] * 7)])]]
    assert lean({**amount, "tone": "exception"}, share=5)["cells"][0] == [["qexception", "\u00a0".join(["123"] * 8)]]


@pytest.mark.parametrize(("labels", "style"), [(True, "m"), (False, "")])
def test_labels_mute_the_first_column(labels: bool, style: str) -> None:
    assert lean(given("Item"), labels=labels)["cells"][0] == [[style, "Item"]]
    assert lean(given("Item", "strong"), labels=labels)["cells"][0] == [["s", "Item"]]


def test_a_very_long_row_may_break_over_pages() -> None:
    assert lean(given("word " * 200))["whole"]
    assert not lean(given("word " * 400))["whole"]


@pytest.mark.parametrize("text", ["( " * 9 + "x", "word ! " * 9, "a \u201d" * 9, "a / b" * 9])
def test_lines_are_not_counted_where_a_break_is_not_sure(text: str) -> None:
    """Rules of UAX 14 keep some spaces together: LB13 and LB14, and quotation marks."""
    assert lean(given(text))["lines"] == 0


def test_a_row_that_may_break_over_pages_has_no_fixed_height() -> None:
    assert lean(given("word " * 400))["lines"] == 0


def test_a_short_table_is_not_cut_and_one_that_may_not_fit_is() -> None:
    def together(rows: int, *items: dict[str, Any], size: str = "small") -> bool:
        block = {
            "kind": "table",
            "size": size,
            "labels": False,
            "columns": [{"share": 1}],
            "rows": [[list(items)]] * rows,
        }
        return bool(lean_table(block, wide=False)["together"])

    assert together(10, given("BTC"))
    assert not together(40, given("BTC"))
    assert not together(0)
    assert not together(10, *[given("x"), {"kind": "newline"}] * 4)
    assert not together(2, given("word " * 400)), "its height is not known"
    assert [together(rows, given("BTC"), size="tiny") for rows in (4, 5)] == [True, False]


def test_the_groups_of_a_hash_need_less_than_words() -> None:
    hashed = " ".join(["0a1b"] * 16)
    assert lean({"kind": "digits", "text": hashed}, wide=True, share=4.22)["lines"] == 1
    assert lean(code(hashed), wide=True, share=4.22)["lines"] == 2
