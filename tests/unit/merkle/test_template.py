"""Rules made of pieces: every odd-node rule, number form and level count against a recursive second reading."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.errors import LedgerError
from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle import tree_job
from auditor_app.merkle.recompute import recompute_root
from auditor_app.merkle.rule import Layout, Node, Row
from auditor_app.merkle.scheme import Binder, Properties, Scheme
from auditor_app.merkle.store import NodeStore
from auditor_app.merkle.template import (
    Balances,
    BalanceText,
    Cell,
    Child,
    ChildSums,
    Level,
    NumberForm,
    Odd,
    Sums,
    Template,
    TemplateRule,
    Text,
)
from auditor_app.merkle.tree import TreeBuilder
from auditor_app.operation import CancelToken, run
from tests.unit.ledger.memory import MemoryLedger
from tests.unit.merkle.naive import plain

COLUMNS = parse_columns("id:token,BTC:decimal?,ETH:decimal?-")
LAYOUT = Layout.of(COLUMNS)
JSON = BalanceText(order=("ETH", "BTC"), opening="{", before='"', between='":"', after='"', closing="}", absent="0")
FIXED = BalanceText(named=False, joiner="", number=NumberForm("fixed", 8))
PAD = Node(b"\x11" * 32, (0, 0))


def rule(odd: Odd, *, from_root: bool = False, rounding: int | None = None, count: int | None = None) -> TemplateRule:
    """A rule with every kind of piece."""
    return TemplateRule(
        "test",
        LAYOUT,
        Template(
            leaf=(Cell(), Text(b"|"), Balances(JSON)),
            node=(
                Child("left"),
                Child("right", "raw"),
                Sums(JSON),
                Level(1, from_root=from_root),
                ChildSums("left", FIXED),
                ChildSums("right", FIXED),
            ),
            lone=(Child("left", "raw"), Sums(JSON)) if odd is Odd.ALONE else (),
            odd=odd,
            pad=PAD,
            rounding=rounding,
        ),
        leaf_count=count,
    )


def cut(value: Fraction, places: int) -> Fraction:
    """Towards zero."""
    whole = abs(value) * 10**places
    return Fraction(whole.numerator // whole.denominator, 10**places) * (1 if value >= 0 else -1)


def fixed(value: Fraction) -> str:
    text = str(abs(cut(value, 8)) * 10**8).rjust(9, "0")
    sign = "-" if cut(value, 8) < 0 else ""
    return f"{sign}{text[:-8]}.{text[-8:]}"


Sum = dict[str, Fraction]


class Second:
    """The same scheme, written out by hand and recursively."""

    def __init__(self, odd: Odd, from_root: bool, rounding: int | None, rows: list[tuple[str, Sum]]) -> None:
        self.odd, self.from_root, self.rounding, self.rows = odd, from_root, rounding, rows
        self.depth = 0
        while 2**self.depth < len(rows):
            self.depth += 1

    def json(self, sums: Sum) -> str:
        return "{" + ",".join(f'"{coin}":"{plain(sums.get(coin, Fraction(0)))}"' for coin in ("ETH", "BTC")) + "}"

    def fixed(self, sums: Sum) -> str:
        return "".join(fixed(sums[coin]) for coin in ("BTC", "ETH") if coin in sums)

    def root(self) -> bytes:
        found = self.node(0, self.depth)
        assert found is not None
        return found[0]

    def node(self, low: int, height: int) -> tuple[bytes, Sum] | None:
        if low >= len(self.rows):
            return None
        if height == 0:
            account, sums = self.rows[low]
            return hashlib.sha256(f"{account}|{self.json(sums)}".encode()).digest(), sums
        left = self.node(low, height - 1)
        right = self.node(low + 2 ** (height - 1), height - 1)
        assert left is not None
        if right is None:
            if self.odd is Odd.PROMOTE:
                return left
            if self.odd is Odd.ALONE:
                return hashlib.sha256(left[0] + self.json(left[1]).encode()).digest(), left[1]
            zero = {"BTC": Fraction(0), "ETH": Fraction(0)}
            right = {
                Odd.DUPLICATE: left,
                Odd.ZERO_COPY: (left[0], zero),
                Odd.PAD: (b"\x11" * 32, zero),
            }[self.odd]
        sums = {
            coin: left[1].get(coin, Fraction(0)) + right[1].get(coin, Fraction(0)) for coin in {*left[1], *right[1]}
        }
        if self.rounding is not None:
            sums = {coin: cut(value, self.rounding) for coin, value in sums.items()}
        level = self.depth - height + 1 if self.from_root else height + 1
        text = self.json(sums) + str(level) + self.fixed(left[1]) + self.fixed(right[1])
        return hashlib.sha256(left[0].hex().encode() + right[0] + text.encode()).digest(), sums


amount = st.tuples(st.integers(-(10**12), 10**12), st.sampled_from([1, 8, 9, 18])).map(
    lambda pair: Fraction(pair[0], 10 ** pair[1])
)
ledgers = st.lists(
    st.fixed_dictionaries({}, optional={"BTC": amount.map(abs), "ETH": amount}), min_size=1, max_size=40
).map(lambda found: [(f"u{number}", row) for number, row in enumerate(found)])


def row_text(account: str, sums: Mapping[str, Fraction]) -> bytes:
    return ",".join([account, *(plain(sums[coin]) if coin in sums else "" for coin in ("BTC", "ETH"))]).encode()


def registered(monkeypatch: pytest.MonkeyPatch, bind: Binder) -> None:
    """Make ``recompute`` know a scheme ``test``."""
    properties = Properties(digest_bits=256, binds_child_sums=True, domain_separation=False, field_separators=False)
    scheme = Scheme(name="test", title="Test", source="", properties=properties, bind=bind)
    monkeypatch.setattr(tree_job, "scheme_named", lambda name: scheme)


@given(ledgers, st.sampled_from(Odd), st.booleans(), st.sampled_from([None, 2]))
def test_every_rule_agrees_with_the_second_reading(
    ledger: list[tuple[str, Sum]], odd: Odd, from_root: bool, rounding: int | None
) -> None:
    made = rule(odd, from_root=from_root, rounding=rounding, count=len(ledger))
    builder = TreeBuilder(made)
    for number, (account, sums) in enumerate(ledger):
        units = tuple(int(sums[coin] * 10**18) if coin in sums else None for coin in ("BTC", "ETH"))
        row = row_text(account, sums)
        builder.add([made.leaf(Row(number, row, tuple(row.split(b",")), units))])
    root = builder.finish().root
    assert root is not None
    assert root.digest == Second(odd, from_root, rounding, ledger).root()


@pytest.mark.parametrize("declared", [None, 5, 6, 100])
def test_a_rule_that_counts_from_the_root_gets_the_counted_rows(
    monkeypatch: pytest.MonkeyPatch, declared: int | None
) -> None:
    registered(monkeypatch, lambda layout, given, count: rule(Odd.ZERO_COPY, from_root=True, count=count))
    ledger = [(f"u{number}", {"BTC": Fraction(number)}) for number in range(5)]
    source = MemoryLedger(COLUMNS, [row_text(*row) for row in ledger], declared=declared)
    found = run(recompute_root(source, "test", {}, CancelToken()))
    assert found.root == Second(Odd.ZERO_COPY, True, None, ledger).root().hex()


class PowerOfTwo(TemplateRule):
    """A rule without an odd-node rule: it takes 2**k leaves."""

    def depth(self, leaf_count: int) -> int:
        if leaf_count & (leaf_count - 1):
            raise LedgerError("SCHEME.PARAMETERS", "the leaf count is not a power of two")
        return super().depth(leaf_count)


def test_a_rule_that_refuses_a_leaf_count_gives_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    template = Template(leaf=(Cell(),), node=(Child("left"), Child("right")), odd=Odd.PROMOTE)
    registered(monkeypatch, lambda layout, given, count: PowerOfTwo("test", layout, template))
    rows = [b"a,,", b"b,,", b"c,,", b"d,,"]
    assert run(recompute_root(MemoryLedger(COLUMNS, rows), "test", {}, CancelToken())).root
    with pytest.raises(LedgerError, match="power of two"):
        run(recompute_root(MemoryLedger(COLUMNS, rows[:3]), "test", {}, CancelToken()))


def test_a_column_that_the_scheme_needs_and_the_ledger_lacks() -> None:
    with pytest.raises(LedgerError) as caught:
        TemplateRule("t", LAYOUT, Template(leaf=(Cell("nonce"),), node=(Child("left"),), odd=Odd.PROMOTE))
    assert caught.value.code == "SCHEME.PARAMETERS"
    assert "nonce" in caught.value.what


@pytest.mark.parametrize(
    ("units", "scale", "expected_plain", "expected_fixed"),
    [
        (0, 18, "0", "0.00000000"),
        (-5, 18, "-0.000000000000000005", "0.00000000"),
        (150_000_000, 8, "1.5", "1.50000000"),
        (-150_000_009, 9, "-0.150000009", "-0.15000000"),
        (7, 0, "7", "7.00000000"),
        (10**60, 18, "1" + "0" * 42, "1" + "0" * 42 + ".00000000"),
    ],
)
def test_number_forms(units: int, scale: int, expected_plain: str, expected_fixed: str) -> None:
    assert NumberForm().writer(scale)(units) == expected_plain
    assert NumberForm("fixed", 8).writer(scale)(units) == expected_fixed
    assert NumberForm("fixed", 0).writer(scale)(units) == expected_fixed.partition(".")[0].replace("-0", "0")


@given(
    st.lists(
        st.builds(
            Node,
            st.binary(max_size=64),
            st.lists(st.one_of(st.none(), st.integers(-(10**90), 10**90)), max_size=5).map(tuple),
            st.binary(max_size=9),
        ),
        max_size=20,
    )
)
def test_a_store_gives_back_what_it_was_given(nodes: list[Node]) -> None:
    store = NodeStore()
    for node in nodes:
        store.append(node)
    assert len(store) == len(nodes)
    assert [store[number] for number in range(len(nodes))] == nodes
    with pytest.raises(IndexError):
        store[len(nodes)]
