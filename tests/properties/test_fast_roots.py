"""The fast path against the reference path: same totals, findings, roots and proofs on random ledgers and templates."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle import recompute as module
from auditor_app.merkle.compiled_pass import Declined, read_compiled
from auditor_app.merkle.inclusion import ProvableTree, verify_inclusion
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import LedgerResult
from auditor_app.merkle.rule import Layout, Node
from auditor_app.merkle.template import (
    Balances,
    BalanceText,
    Cell,
    Child,
    ChildSums,
    Hashed,
    Level,
    NumberForm,
    Odd,
    RowText,
    Sums,
    Template,
    TemplateRule,
    Text,
)
from auditor_app.merkle.tree import TreeBuilder
from auditor_app.merkle.tree_job import TreeJob
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.statement import Column, Commitment
from tests.unit.ledger.memory import MemoryLedger
from tests.unit.merkle.fast_ledgers import FEWEST, shrink_parts

TOKEN = CancelToken()
COLUMNS = parse_columns("id:token,BTC:decimal?,nonce:hex64?,ETH:decimal?,USDT:decimal-?,UNIT:base-units/6-?")

whole = st.sampled_from(["0", "1", "7", "42", "99999999", "100000000", "123456789012345", "9" * 17, "9" * 18, "9" * 30])
digits = st.text("0123456789", min_size=1, max_size=18) | st.sampled_from(
    ["0", "00", "5", "50", "9" * 18, "0" * 17 + "1"]
)
decimal = st.builds(
    lambda minus, units, behind: f"{minus}{units}{'.' + behind if behind else ''}",
    st.sampled_from(["", "", "-"]),
    whole,
    st.just("") | digits,
)
unsigned = decimal.map(lambda text: text.removeprefix("-"))
units = st.builds(
    lambda minus, number: f"{minus}{number}",
    st.sampled_from(["", "-"]),
    st.sampled_from([0, 1, 999999, 1000000, 10**18 - 1, 10**24, 10**60 - 1]) | st.integers(0, 10**12),
)
row = st.tuples(
    st.just("") | unsigned | decimal,
    st.just("") | st.just("a" * 64),
    st.just("") | unsigned,
    st.just("") | decimal,
    st.just("") | units,
)


@st.composite
def ledgers(draw: st.DrawFn) -> list[bytes]:
    """Some hundred rows made of a few, in every residue of a group's size."""
    some = draw(st.lists(row, min_size=1, max_size=6))
    count = draw(st.integers(FEWEST, 400) | st.sampled_from([64, 96, 128, 129, 160, 255, 256, 257]))
    step = draw(st.integers(1, 5))
    return [
        ",".join([f"u{(number * 7919) % 1009}", *some[number * step % len(some)]]).encode() for number in range(count)
    ]


form = st.sampled_from(
    [
        NumberForm(),
        NumberForm(whole=".0", zero="0.0"),
        NumberForm("fixed", 0),
        NumberForm("fixed", 8),
        NumberForm("fixed", 18),
    ]
)


@st.composite
def texts(draw: st.DrawFn, *, leaf: bool) -> BalanceText:
    number = draw(st.none() | form) if leaf else draw(form)
    return BalanceText(
        order=draw(st.sampled_from([None, ("USDT", "BTC"), ("ETH", "XRP", "BTC", "UNIT", "USDT")])),
        opening=draw(st.sampled_from(["", "{", "balances which follow here: "])),
        before=draw(st.sampled_from(["", '"'])),
        between=draw(st.sampled_from([":", '":"', ""])),
        after=draw(st.sampled_from(["", '"', "units, more than eight"])),
        joiner=draw(st.sampled_from(["", ",", " and furthermore "])),
        closing=draw(st.sampled_from(["", "}"])),
        named=draw(st.booleans()),
        number=number,
        absent=draw(st.sampled_from([None, "0", "0.00000000"])),
    )


@st.composite
def templates(draw: st.DrawFn) -> Template:
    leaf: list[Any] = [Text(b"leaf:"), Cell(), Cell("nonce"), RowText(), Text(b""), Balances(draw(texts(leaf=True)))]
    leaf.append(Hashed((Cell(), Balances(draw(texts(leaf=True))))))
    leaf.append(Hashed((RowText(),)))
    sums = draw(st.booleans())
    node: list[Any] = [
        Text(b"\x01"),
        Child("left", draw(st.sampled_from(["hex", "raw"]))),
        Child("right", draw(st.sampled_from(["hex", "raw"]))),
        Level(draw(st.integers(0, 1))),
        Level(1, from_root=True),
    ]
    if sums:
        node += [
            Sums(draw(texts(leaf=False))),
            ChildSums(draw(st.sampled_from(["left", "right"])), draw(texts(leaf=False))),
        ]
    size = draw(st.sampled_from([4, 8, 16, 32]))
    coins = (1,) * 5
    return Template(
        leaf=tuple(draw(st.permutations(leaf))[: draw(st.integers(1, 8))]),
        node=(*node[:3], *draw(st.permutations(node[3:]))),
        odd=draw(st.sampled_from(list(Odd))),
        pad=Node(b"p" * size, coins if sums else ()),
        digest_bytes=size,
        leaf_bytes=draw(st.sampled_from([None, None, 4, 8, 32])),
        sums=sums,
        zero_filled=draw(st.sampled_from([frozenset[str](), frozenset({"BTC", "XRP"})])),
        rounding=draw(st.none() | st.sampled_from([0, 2, 8, 18])),
    )


def read(source: MemoryLedger, rule: TemplateRule, threads: int) -> tuple[Any, Any]:
    """The tree of one rule by the fast path and by the reference."""
    quick = run(
        read_compiled(source, source.parts(TOKEN), [(rule, len(source.rows))], TOKEN, compare_ids=True, threads=threads)
    )
    assert not isinstance(quick, Declined)
    job = TreeJob(source, "any", {}, builder=TreeBuilder(rule), leaf_count=len(source.rows))
    tally, _ = run(module._read_by_reference(source, [job], source.parts(TOKEN), TOKEN))
    assert quick.tally.sums() == tally.sums()
    assert quick.tally.findings() == tally.findings()
    assert job.builder is not None
    slow = ProvableTree(job.builder.finish(), source.columns, {}, tuple(tally.part_rows))
    return quick.trees[0].finish(source, quick.tally.part_rows, {}), slow


@settings(deadline=None, max_examples=150)
@given(ledgers(), templates(), st.sampled_from([64, 128, 512]), st.data())
def test_any_template_gives_the_reference_tree(
    rows: list[bytes], template: Template, part_rows: int, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        shrink_parts(patch, part_rows)
        source = MemoryLedger(COLUMNS, rows, part_rows)
        layout = Layout.of(COLUMNS).with_coins(("XRP",), 8)
        rule = TemplateRule("any", layout, template, leaf_count=len(rows))
        quick, slow = read(source, rule, threads=data.draw(st.sampled_from([1, 2])))
        assert quick.root == slow.tree.root
        indices = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=6))
        assert run(quick.prove(source, indices, TOKEN)) == run(slow.prove(source, indices, TOKEN))


def both(source: MemoryLedger, commitments: Sequence[Commitment]) -> tuple[LedgerResult, LedgerResult]:
    """The result by the fast path and by the reference."""

    def result() -> LedgerResult:
        return run(recompute(source, commitments, totals={"BTC": "5"}, typed_root=None, token=TOKEN))

    quick = result()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "is_worth_it", lambda part: False)
        return quick, result()


@settings(deadline=None, max_examples=60)
@given(ledgers(), st.sampled_from([64, 128, 512]), st.booleans(), st.sampled_from(["tree", "id-ascending"]), st.data())
def test_published_schemes_give_the_reference_result(
    rows: list[bytes], part_rows: int, ordered: bool, order: Any, data: st.DataObject
) -> None:
    rows = sorted(set(rows)) if ordered and len(set(rows)) >= FEWEST else rows
    commitments = [
        Commitment(scheme="mexc", root="00" * 16, leaf_count=str(len(rows)), parameters={"proofId": "PR-1"}),
        Commitment(scheme="rfc6962-sha256", root="00" * 32, leaf_count=str(len(rows)), parameters={}),
    ]
    compare(rows, COLUMNS, commitments, part_rows, order, data)


@settings(deadline=None, max_examples=30)
@given(st.integers(FEWEST, 400), st.lists(st.tuples(unsigned, unsigned), min_size=1, max_size=5), st.data())
def test_leaves_shorter_than_nodes_give_the_reference_result(
    count: int, some: list[tuple[str, str]], data: st.DataObject
) -> None:
    rows = [",".join([f"u{number}", *some[number % len(some)]]).encode() for number in range(count)]
    commitments = [
        Commitment(scheme=scheme, root="00" * 32, leaf_count=str(count), parameters={})
        for scheme in ("armanino-split", "armanino-concat")
    ]
    compare(rows, parse_columns("id:token,BTC:decimal,ETH:decimal"), commitments, 64, "tree", data)


satoshi = st.sampled_from([0, 1, 99_999_999, 10**8, 2**53 + 1, 10**16]) | st.integers(0, 21 * 10**14)


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from([64, 128, 256, 512]),
    st.lists(
        st.tuples(satoshi, st.sampled_from([0, 7, 10**6, 10**18 - 3]), st.binary(min_size=32, max_size=32)),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([8, 18]),
    st.data(),
)
def test_keyed_leaves_give_the_reference_result(
    count: int, some: list[tuple[int, int, bytes]], decimals: int, data: st.DataObject
) -> None:
    rows = [
        f"{account + number % 3},{nonce.hex()},{value}".encode()
        for number, (value, account, nonce) in ((at, some[at % len(some)]) for at in range(count))
    ]
    commitments = [
        Commitment(scheme=scheme, root="00" * 32, leaf_count=str(count), parameters={"blockHeight": "800000"})
        for scheme in ("bitmex", "river")
    ]
    columns = parse_columns(f"account:token,nonce:hex64,BTC:base-units/{decimals}")
    compare(rows, columns, commitments, 64, "tree", data)


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ("7,{nonce},18446744073709551615", 128),
        ("7,{nonce},18446744073709551616", 128),
        ("7,{nonce},9999999999999999999", 128),
        ("007,{nonce},1", 128),
        ("alice,{nonce},1", 128),
        ("9999999999999999999,{nonce},1", 128),
        ("7,{nonce},-1", 128),
        ("7,{nonce},9000000000000000000", 128),
        ("7,{nonce},1", 100),
    ],
)
def test_what_keyed_leaves_cannot_hold_is_left_to_the_reference(row: str, count: int) -> None:
    rows = [f"1,{'ab' * 32},5".encode()] * count
    rows[70] = row.format(nonce="cd" * 32).encode()
    commitment = Commitment(scheme="bitmex", root="00" * 32, leaf_count=str(count), parameters={"blockHeight": "8"})
    with pytest.MonkeyPatch.context() as patch:
        shrink_parts(patch, 64)
        quick, slow = both(
            MemoryLedger(parse_columns("account:token,nonce:hex64,BTC:base-units/8"), rows, 64), [commitment]
        )
    assert dataclasses.replace(quick, trees=()) == dataclasses.replace(slow, trees=())


def compare(
    rows: list[bytes],
    columns: tuple[Column, ...],
    commitments: list[Commitment],
    part_rows: int,
    order: Literal["tree", "id-ascending"],
    data: st.DataObject,
) -> None:
    """Both ways' results and one proof of each tree."""
    with pytest.MonkeyPatch.context() as patch:
        shrink_parts(patch, part_rows)
        source = MemoryLedger(columns, rows, part_rows, order=order)
        quick, slow = both(source, commitments)
    assert [type(tree).__name__ for tree in quick.trees] == ["FastTree"] * len(commitments)
    assert dataclasses.replace(quick, trees=()) == dataclasses.replace(slow, trees=())
    with pytest.MonkeyPatch.context() as patch:
        shrink_parts(patch, part_rows)
        index = data.draw(st.integers(0, len(rows) - 1))
        for one, other, check in zip(quick.trees, slow.trees, quick.commitments, strict=True):
            (proof,) = run(one.prove(source, [index], TOKEN))
            assert (proof,) == run(other.prove(source, [index], TOKEN))
            assert verify_inclusion(proof, check.recomputed or "", len(rows))
