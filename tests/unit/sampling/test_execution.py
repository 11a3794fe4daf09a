"""Execution: every comparison exact, a missing answer a deviation, an alternative only where an answer is missing."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app import strict_json
from auditor_app.errors import SamplingError
from auditor_app.sampling import execution as module
from auditor_app.sampling.answers import (
    Answers,
    Replacement,
    observed_extract,
    read_extract,
    read_replacements,
    read_replies,
)
from auditor_app.sampling.conclusion import conclude
from auditor_app.sampling.drawn import DrawnItem, DrawnSample, Stratum, read_drawn
from auditor_app.sampling.execution import (
    ItemCheck,
    execute,
    execution_document,
    execution_findings,
    read_execution,
)
from auditor_app.sampling.tables import read_table
from tests.unit.sampling.executed import done, leaf, leaves

SAMPLE = leaves(leaf(3), leaf(17, "0.1", "7"), leaf(20, "0.00000001", "12"))
RIGHT = "item,BTC,USDT\n3,1.50,0\n17,0.10000000,7.0\n20,0.00000001,12\n"


def test_equal_amounts_agree_however_they_are_written() -> None:
    executed = done(SAMPLE, RIGHT)
    assert executed.deviations == 0
    assert executed.count("ledger", "agrees") == 3
    assert executed.items[0].tickmarks == ("ET", "EL")
    assert executed.items[2].found == {"BTC": "0.00000001", "USDT": "12"}
    assert executed.dummy_rejected
    assert execution_findings(executed) == ()


def test_one_unit_apart_is_a_deviation() -> None:
    executed = done(SAMPLE, RIGHT.replace("0.00000001", "0.00000002"))
    assert [item.deviates for item in executed.items] == [False, False, True]
    (check,) = [check for check in executed.items[2].checks if check.deviates]
    assert (check.outcome, check.expected, check.observed) == ("differs", "BTC 0.00000001", "BTC 0.00000002")
    assert check.tickmark == "ED"
    (found,) = execution_findings(executed)
    assert (found.code, found.subject) == ("SAMPLE.LEDGER", "ledger spot, item 20, extract")


def test_an_empty_amount_is_nothing() -> None:
    executed = done(SAMPLE, "item,BTC,USDT\n3,1.5,\n17,,7\n20,0.00000001,12\n")
    assert [item.deviates for item in executed.items] == [False, True, False]


def test_a_missing_answer_is_a_deviation() -> None:
    executed = done(SAMPLE, RIGHT, "item,answer\n3,agrees\n17,none\n")
    assert [item.deviates for item in executed.items] == [False, True, True]
    assert executed.count("confirmation", "no answer") == 2
    assert executed.items[1].tickmarks == ("ET", "EL", "EN")
    assert [item.code for item in execution_findings(executed)] == ["SAMPLE.NO_ANSWER"] * 2


def test_an_alternative_replaces_a_missing_answer_with_its_reason() -> None:
    instead = Replacement("17", "confirmation", "agreed to a withdrawal of the next day", "the letter came back")
    executed = done(SAMPLE, None, "item,answer\n3,agrees\n20,agrees\n", instead)
    assert executed.deviations == 0
    assert executed.items[1].tickmarks == ("ET", "EA")
    (note,) = execution_findings(executed)
    assert note.code == "SAMPLE.REPLACED"
    assert "the letter came back" in note.message
    assert not note.counts


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        (Replacement("3", "confirmation", "a", "b"), "the answer is there"),
        (Replacement("17", "ledger", "a", "b"), "not asked for"),
        (Replacement("17", "trace", "a", "b"), "not asked for"),
        (Replacement("99", "confirmation", "a", "b"), "not drawn"),
        (Replacement("17", "confirmation", "a", " "), "empty"),
        (Replacement("17", "confirmation", "a", "=b"), "formula"),
    ],
)
def test_nothing_else_is_replaced(instead: Replacement, words: str) -> None:
    with pytest.raises(SamplingError, match=words):
        done(SAMPLE, None, "item,answer\n3,differs\n20,agrees\n", instead)


def test_a_difference_stays_whatever_the_customer_agrees_to() -> None:
    executed = done(SAMPLE, None, "item,answer,BTC\n3,agrees,1.4\n17,differs,0.1\n20,agrees,\n")
    assert [item.deviates for item in executed.items] == [True, True, False]


def test_a_leaf_that_was_not_traced_deviates() -> None:
    executed = done(leaves(leaf(3, reached=False, observed="another root"), leaf(4)))
    assert [item.deviates for item in executed.items] == [True, False]
    assert executed.items[0].tickmarks == ("ED",)


def test_a_comparison_that_accepts_everything_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_compared", lambda item, check, *_: ItemCheck(check=check, outcome="agrees"))
    executed = done(SAMPLE, RIGHT)
    assert not executed.dummy_rejected
    assert [item.code for item in execution_findings(executed)] == ["SAMPLE.DUMMY"]


def test_the_document_reads_back() -> None:
    executed = done(SAMPLE, RIGHT, "item,answer,note\n3,none,moved away\n")
    kept = strict_json.canonical(execution_document(executed))
    parsed = strict_json.parse(kept, file="x", code="USAGE", max_bytes=10**6)
    assert read_execution(parsed) == executed
    for broken in ({}, {**parsed, "format": "other"}, {**parsed, "items": [{}]}):
        with pytest.raises(SamplingError, match="no executed sample"):
            read_execution(broken)


AMOUNTS = st.decimals(min_value=0, max_value=10**24, places=18, allow_nan=False).map(lambda value: f"{value:f}")


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, st.booleans()), min_size=1, max_size=12))
def test_deviations_are_those_of_a_naive_count(rows: list[tuple[str, str, bool]]) -> None:
    sample = leaves(*(leaf(number, book) for number, (book, _, _) in enumerate(rows)))
    given_rows = [(number, other if differs else book) for number, (book, other, differs) in enumerate(rows)]
    executed = done(sample, "item,BTC\n" + "".join(f"{number},{text}\n" for number, text in given_rows))
    with localcontext() as context:
        context.prec = 100
        wanted = [Decimal(rows[number][0]) != Decimal(text) for number, text in given_rows]
    assert [item.deviates for item in executed.items] == wanted


def test_observed_balances_of_a_run() -> None:
    items = [DrawnItem(id=name, key=name, book={"ETH": book}) for name, book in (("a", "3"), ("b", "5"), ("c", "1"))]
    base = leaves(*items, method="monetary-random", asset="ETH", total="9", interval="1")
    sample = DrawnSample(**{name: getattr(base, name) for name in base.__struct_fields__} | {"kind": "reserves"})
    rows = [
        {"account": "a", "asset": "ETH", "decimals": 2, "observed": "100"},
        {"account": "a", "asset": "ETH", "decimals": 2, "observed": "200"},
        {"account": "b", "asset": "ETH", "decimals": 2, "observed": "499"},
        {"account": "b", "asset": "USDT", "decimals": 2, "observed": "9"},
        {"account": "c", "asset": "ETH", "decimals": 2, "observed": None},
    ]
    executed = execute(sample, Answers(observed_extract(rows, sample, "ab" * 32)))
    assert [item.checks[1].outcome for item in executed.items] == ["agrees", "differs", "no answer"]
    assert executed.items[1].checks[1].observed == "ETH 4.99"
    with pytest.raises(SamplingError, match="reserve addresses only"):
        observed_extract(rows, SAMPLE, "ab" * 32)
    for strange in ({}, {"observed": "1.5"}, {"observed": "9" * 5000}, {"decimals": -1}, {"account": None}):
        row = rows[0] | strange if strange else {}
        with pytest.raises(SamplingError, match="balances cannot be read"):
            observed_extract([row], sample, "ab" * 32)


CELL = st.text(max_size=12) | st.sampled_from(
    ["item", "key", "BTC", "answer", "agrees", "3", "17", "1e5", "-1", "=cmd"]
)


@given(
    st.binary(max_size=200)
    | st.lists(st.lists(CELL, max_size=4).map(",".join), max_size=6)
    .map("\n".join)
    .map(lambda text: text.encode("utf-8", "replace"))
)
def test_whatever_is_imported_is_read_or_refused(data: bytes) -> None:
    """No table ends in anything but an extract, replies, alternatives, or an error that names the file."""
    for read in (read_extract, read_replies, read_replacements):
        try:
            read(read_table(data, "client.csv"), SAMPLE)
        except SamplingError as error:
            assert (error.code, error.at.file, bool(error.action)) == ("SAMPLE.TABLE", "client.csv", True)


VALUE = st.sampled_from(
    [
        "",
        "x",
        "-1",
        "0",
        "1",
        "1/0",
        "1e5",
        "9" * 40,
        None,
        True,
        [],
        {},
        ["a"],
        {"BTC": "x"},
        {"BTC": "0"},
        3,
        -1,
        "list",
        "leaves",
        "reserves",
        "monetary-cell",
    ]
)


@given(st.data())
def test_a_sample_that_was_edited_by_hand_is_used_or_refused(data: st.DataObject) -> None:
    """Whatever a file of a drawn or executed sample says, it ends in a result or in one kind of error."""
    strata = (
        Stratum(asset="BTC", low="1", high="", population="10", size="1"),
        Stratum(asset="", low="", high="", population="9", size="1"),
    )
    plain = leaves(leaf(1, stratum=0), leaf(2, stratum=1), strata=strata)
    base = leaves(leaf(1), leaf(2), method="monetary-cell", asset="BTC", total="9", interval="1")
    money = DrawnSample(**{name: getattr(base, name) for name in base.__struct_fields__} | {"kind": "reserves"})
    sample = data.draw(st.sampled_from([{**msgspec.to_builtins(plain), "kind": "list"}, msgspec.to_builtins(money)]))
    executed = execution_document(execute(money, Answers()))
    document = data.draw(st.sampled_from([sample, executed]))
    for _ in range(data.draw(st.integers(1, 3))):
        target: Any = document
        while True:
            keys = sorted(target) if isinstance(target, dict) else list(range(len(target)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if isinstance(target[key], dict | list | tuple) and data.draw(st.booleans()):
                target[key] = dict(target[key]) if isinstance(target[key], dict) else list(target[key])
                target = target[key]
                continue
            target[key] = data.draw(VALUE)
            break
    try:
        execution = read_execution(document) if document is executed else execute(read_drawn(document), Answers())
        conclude(execution)
    except SamplingError:
        pass
