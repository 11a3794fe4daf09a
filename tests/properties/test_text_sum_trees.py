"""The text-hash sum trees against the naive second implementation: roots, totals, inclusion proofs, every byte of them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle.inclusion import verify_inclusion
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import LedgerResult
from auditor_app.merkle.schemes import scheme_named
from auditor_app.merkle.schemes.bybit_coins import RELEASES, places
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.statement import Commitment
from tests.properties.test_roots import every_change
from tests.unit.ledger.memory import MemoryLedger
from tests.unit.merkle import naive_text_sums as naive

TOKEN = CancelToken()
TWENTY = [
    "BTC",
    "USDT",
    "ETH",
    "LTC",
    "LINK",
    "XRP",
    "USDC",
    "DOGE",
    "BNB",
    "SOL",
    "ADA",
    "BGB",
    "NEAR",
    "XAUT",
    "TAO",
    "SUI",
    "ONDO",
    "HYPE",
    "PI",
    "USDGO",
]
FOUR = ["BTC", "ETH", "USDT", "USDC"]
ASSETS = [("BTC", 8), ("ETH", 18), ("USDT", 4)]
SNAPSHOT = "2026-09-21 00:00:00"
Rows = Sequence[Mapping[str, str]]


@dataclasses.dataclass(frozen=True)
class Case:
    """One scheme with parameters: its identity columns, its coins, and the naive tree."""

    scheme: str
    parameters: Mapping[str, str]
    identity: Sequence[str]
    coins: Sequence[str]
    tree: Callable[[Rows], naive.Tree]
    negatives: bool = True

    @property
    def name(self) -> str:
        return " ".join([self.scheme, *(value[:12] for value in self.parameters.values())])

    @property
    def columns(self) -> str:
        kinds = [f"{name}:{'token' if name == 'encryptUid' else 'hex64'}" for name in self.identity]
        return ",".join([*kinds, *(f"{coin}:decimal?-" for coin in self.coins)])

    def text(self, row: Mapping[str, str]) -> bytes:
        return ",".join(row.get(name, "") for name in (*self.identity, *self.coins)).encode()


def bybit(release: str) -> Case:
    coins = RELEASES[release]
    return Case(
        "bybit",
        {"release": release},
        ["userHash"],
        coins,
        lambda rows: naive.bybit(rows, coins, lambda coin: places(release, coin)),
    )


def bitget(numbers: str, order: str, coins: Sequence[str]) -> Case:
    return Case(
        "bitget",
        {"numbers": numbers, "order": order},
        ["encryptUid", "nonce"],
        coins,
        lambda rows: naive.bitget(rows, coins, numbers, order),
    )


PLACES = {"BTC": 8, "ETH": 0, "USDT": 6, "USDC": 8}
CASES = [
    Case("okx-v1", {}, ["nonce"], ["BTC", "ETH", "USDT"], naive.okx),
    Case("okx-v1-full", {}, ["userHash"], ["BTC", "USDT"], naive.okx_full),
    bitget("bare", "hashmap", FOUR),
    bitget("quoted", "hashmap", TWENTY),
    bitget("quoted", "listed", TWENTY),
    bybit("V0"),
    bybit("Asset20"),
    Case(
        "coinex",
        {"odd": "alone"},
        ["nonce"],
        ["USDT", "BTC", "CET"],
        lambda r: naive.coinex(r, [*FOUR, "CET"], "alone"),
    ),
    Case("coinex", {"odd": "repeated"}, ["nonce"], ["USDT", "BTC"], lambda r: naive.coinex(r, FOUR, "repeated")),
    Case(
        "bitunix",
        {"precisions": "ETH:0,USDT:6"},
        ["encryptUid", "nonce"],
        FOUR,
        lambda rows: naive.bitunix(rows, FOUR, PLACES),
    ),
    Case(
        "bitunix",
        {},
        ["encryptUid", "nonce"],
        FOUR,
        lambda rows: naive.bitunix(rows, FOUR, dict.fromkeys(FOUR, 8)),
    ),
    Case(
        "hotcoin",
        {"snapshotId": SNAPSHOT, "assets": "BTC:8,ETH:18,USDT:4"},
        ["accountId", "nonce"],
        ["BTC", "ETH", "USDT"],
        lambda rows: naive.hotcoin(rows, ASSETS, SNAPSHOT),
    ),
]

amounts = st.one_of(
    st.sampled_from(["0", "-0", "0.00", "0.00000067", "0.000000000000000001", "-1.50", "9" * 30, "0.000000009"]),
    st.tuples(st.integers(-(10**22), 10**22), st.text("0123456789", max_size=18)).map(
        lambda pair: f"{pair[0]}.{pair[1]}" if pair[1] else str(pair[0])
    ),
)


def identities(case: Case, count: int) -> list[dict[str, str]]:
    return [
        {name: hashlib.sha256(f"{name} {number}".encode()).hexdigest() for name in case.identity}
        for number in range(count)
    ]


@st.composite
def ledgers(draw: st.DrawFn, case: Case) -> list[dict[str, str]]:
    """Up to 300 rows made from a few distinct sets of balances, in any odd shape."""
    distinct = draw(
        st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(case.coins[:6], amounts)), min_size=1, max_size=4)
    )
    count = draw(st.one_of(st.integers(0, 20), st.integers(0, 300)))
    ids = identities(case, count)
    rows = [distinct[number % len(distinct)] | ids[number] for number in range(count)]
    if case.scheme == "bybit":  # every coin of the release stands in the file
        rows = [dict.fromkeys(case.coins, "0.00000000") | row for row in rows]
    return rows


def recomputed(case: Case, rows: Rows, part_rows: int = 64) -> tuple[MemoryLedger, LedgerResult]:
    source = MemoryLedger(parse_columns(case.columns), [case.text(row) for row in rows], part_rows)
    bits = scheme_named(case.scheme).properties.digest_bits
    commitment = Commitment(
        scheme=case.scheme, root="00" * (bits // 8), leaf_count=str(len(rows)), parameters=dict(case.parameters)
    )
    return source, run(recompute(source, [commitment], totals=None, typed_root=None, token=TOKEN))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_roots_and_proofs(case: Case, data: st.DataObject) -> None:
    rows = data.draw(ledgers(case))
    source, result = recomputed(case, rows, data.draw(st.sampled_from([3, 64, 2**18])))
    if not rows:
        assert result.commitments[0].recomputed is None
        assert "LEDGER.EMPTY" in [item.code for item in result.findings]
        return
    tree = case.tree(rows)
    assert result.commitments[0].recomputed == tree.root
    index = data.draw(st.integers(0, len(rows) - 1))
    (proof,) = run(result.trees[0].prove(source, [index], TOKEN))
    assert proof.row.encode() == case.text(rows[index])
    assert verify_inclusion(proof, tree.root, len(rows))
    assert not verify_inclusion(proof, tree.root, len(rows) + 2 ** len(proof.steps))
    for step, level in zip(proof.steps, tree.levels[1:], strict=True):
        digest, sums = level[index >> step.level]
        assert step.node == digest
        held = {coin: Decimal(text) for coin, text in step.node_balances.items()}
        assert {coin: value for coin, value in held.items() if value} == {c: v for c, v in sums.items() if v}


@pytest.mark.parametrize(("count", "index"), [(1, 0), (5, 4), (7, 2)])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_single_change_of_a_proof_fails(case: Case, count: int, index: int) -> None:
    """Every hash, side and amount that the scheme binds: amounts within the decimals that its sums keep."""
    held = [dict.fromkeys(case.coins[:3], f"{number}.25") for number in range(count)]
    if case.scheme == "bitunix":
        held = [row | {"ETH": str(number)} for number, row in enumerate(held)]
    if case.scheme == "bybit":
        held = [dict.fromkeys(case.coins, "0.00000000") | row for row in held]
    rows = [row | own for row, own in zip(held, identities(case, count), strict=True)]
    source, result = recomputed(case, rows)
    (proof,) = run(result.trees[0].prove(source, [index], TOKEN))
    root = case.tree(rows).root
    assert proof.root == root
    assert verify_inclusion(proof, root, count)
    changes = list(every_change(proof))
    assert len(changes) > 16
    assert [change for change in changes if verify_inclusion(change, root, count)] == []


def test_what_rounding_leaves_unbound_is_a_limitation() -> None:
    """A sibling's ninth decimal enters no hash of OKX's tree: it can be changed, and the scheme's page says so."""
    case = CASES[0]
    rows = [{"nonce": "ab" * 32, "BTC": "1"}, {"nonce": "cd" * 32, "BTC": "2.000000001"}]
    source, result = recomputed(case, rows)
    (proof,) = run(result.trees[0].prove(source, [0], TOKEN))
    step = proof.steps[0]
    for digit in "159":
        other = {**step.sibling_balances, "BTC": f"2.00000000{digit}"}
        changed = dataclasses.replace(proof, steps=(dataclasses.replace(step, sibling_balances=other),))
        assert verify_inclusion(changed, proof.root, 2)
    changed = dataclasses.replace(proof, steps=(dataclasses.replace(step, sibling_balances={"BTC": "2.00000001"}),))
    assert not verify_inclusion(changed, proof.root, 2)
    assert "TREE.ROUNDING" in {item.code for item in result.limitations}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_ledger_long_enough_for_the_compiled_way(case: Case) -> None:
    held = [
        {coin: text for coin, text in zip(case.coins, texts, strict=False) if text}
        for texts in (("1.50", "0", "-3"), ("0.00000067", "", "12.000000019"), ("-0", "9" * 29 + ".5", "0.10"))
    ]
    count = 2_347
    rows = [held[number % 3] | own for number, own in enumerate(identities(case, count))]
    if case.scheme == "bybit":
        rows = [dict.fromkeys(case.coins, "0.00000000") | row for row in rows]
    source, result = recomputed(case, rows, 2**18)
    tree = case.tree(rows)
    assert result.commitments[0].recomputed == tree.root
    for index in (0, 1_000, count - 1):
        (proof,) = run(result.trees[0].prove(source, [index], TOKEN))
        assert verify_inclusion(proof, tree.root, count)
