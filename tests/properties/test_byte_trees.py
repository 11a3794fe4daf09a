"""The schemes over bytes, heaps and sorted leaves against the naive second implementation, and every byte of a proof."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle.inclusion import verify_inclusion
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import LedgerResult
from auditor_app.merkle.schemes import SCHEMES, scheme_named
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.statement import Commitment
from tests.properties.test_roots import every_change
from tests.unit.ledger.memory import MemoryLedger
from tests.unit.merkle import naive_byte_trees as naive

TOKEN = CancelToken()
HEX64, UNITS, DECIMAL = "hex64", "units", "decimal"


@dataclasses.dataclass(frozen=True)
class Case:
    """One scheme: its columns, the kind of each cell behind the key, the naive root, and whether any count fits."""

    scheme: str
    columns: str
    cells: tuple[str, ...]
    naive: Callable[[naive.Rows], str]
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    any_count: bool = True
    key: str = "token"
    bits: int = 256

    @property
    def name(self) -> str:
        return " ".join([self.scheme, *self.parameters.values()])


_AB = "id:token,A:decimal-,B:decimal-"
_BITMEX = "nonce:hex64,account:token,BTC:base-units/8"
CASES = [
    Case("armanino-split", _AB, (DECIMAL, DECIMAL), naive.armanino_split),
    Case("armanino-concat", _AB, (DECIMAL, DECIMAL), naive.armanino_concat),
    Case(
        "silversixpence",
        "id:token,salt:token,A:decimal,B:decimal",
        (HEX64, DECIMAL, DECIMAL),
        naive.silversixpence,
        {"auditId": "PR22NOV22"},
    ),
    *(
        Case(scheme, _BITMEX, (UNITS, UNITS), naive.bitmex, {"blockHeight": "840000"}, any_count=False, key=HEX64)
        for scheme in ("bitmex", "river")
    ),
    *(
        Case("bifubao", "uid:token,BTC:base-units/8", (UNITS,), naive.bifubao(rule), {"padding": rule}, bits=64)
        for rule in ("duplicate", "empty")
    ),
    Case("olalonde", "user:token,nonce:hex64,BTC:decimal", (HEX64, DECIMAL), naive.olalonde),
    Case("swissborg", "userId:token,leafNonce:hex64,BTC:decimal", (HEX64, DECIMAL), naive.swissborg),
    Case(
        "bingx",
        "uid:token,BTC:decimal,ETH:decimal,USDT:decimal,USDC:decimal,Total:decimal",
        (DECIMAL,) * 5,
        naive.bingx,
        any_count=False,
    ),
    Case("topone", "uid:token,USDT:decimal", (DECIMAL,), naive.topone, any_count=False),
    Case(
        "pionex",
        "recordId:hex64,ZEC:decimal?,ADA:decimal?,Total:decimal",
        ("optional", "optional", DECIMAL),
        naive.pionex,
        any_count=False,
        key=HEX64,
    ),
    Case("weex", "hash:hex64,BTC:decimal", (DECIMAL,), naive.weex, key=HEX64),
]
ELSEWHERE = {
    "rfc6962-sha256",
    "mexc",
    "okx-v1",
    "okx-v1-full",
    "bitget",
    "bybit",
    "coinex",
    "bitunix",
    "hotcoin",
    "htx-v1",
}

AMOUNTS = ["0", "0.00", "1.50", "7", "100.000", "12345678901234567890.123456789012345678", "0.000000000000000001", "10"]
units = st.integers(0, 2**40).map(str)
kinds = {
    UNITS: units,
    DECIMAL: st.sampled_from(AMOUNTS),
    "optional": st.sampled_from(["", "0", "2.50"]),
    HEX64: st.integers(0, 2**256 - 1).map(lambda value: f"{value:064x}"),
}


def key_of(case: Case, number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest() if case.key == HEX64 else f"u{number}"


@st.composite
def ledgers(draw: st.DrawFn, case: Case) -> list[tuple[str, ...]]:
    """0 to 300 rows; past the drawn ones they repeat, but for their keys."""
    cells = st.tuples(*(kinds[kind] for kind in case.cells))
    some = draw(st.lists(cells, min_size=1, max_size=6))
    count = draw(st.integers(0, 300) if case.any_count else st.sampled_from([0, 1, 2, 4, 8, 16, 32, 64, 128, 256]))
    return [(key_of(case, number), *some[number % len(some)]) for number in range(count)]


def recomputed(case: Case, rows: list[tuple[str, ...]]) -> tuple[MemoryLedger, LedgerResult]:
    source = MemoryLedger(parse_columns(case.columns), [",".join(row).encode() for row in rows], 100)
    digits = scheme_named(case.scheme).properties.digest_bits // 4
    claim = Commitment(
        scheme=case.scheme, root="00" * (digits // 2), leaf_count=str(len(rows)), parameters=dict(case.parameters)
    )
    return source, run(recompute(source, [claim], totals=None, typed_root=None, token=TOKEN))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_roots_and_proofs(case: Case, data: st.DataObject) -> None:
    rows = data.draw(ledgers(case))
    source, result = recomputed(case, rows)
    if not rows:
        assert result.commitments[0].recomputed is None
        assert "LEDGER.EMPTY" in {item.code for item in result.findings}
        return
    root = case.naive(rows)
    assert result.commitments[0].recomputed == root
    asked = sorted({0, len(rows) - 1, data.draw(st.integers(0, len(rows) - 1))})
    for index, proof in zip(asked, run(result.trees[0].prove(source, asked, TOKEN)), strict=True):
        assert proof.index == index
        assert verify_inclusion(proof, root, len(rows))


@pytest.mark.parametrize(("count", "index"), [(1, 0), (4, 2), (8, 7)])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_single_change_of_a_proof_fails(case: Case, count: int, index: int) -> None:
    cells = {UNITS: "12", DECIMAL: "1.25", "optional": "2.5", HEX64: "ab" * 32}
    made = [(key_of(case, number), *(cells[kind] for kind in case.cells)) for number in range(count)]
    source, result = recomputed(case, made)
    (proof,) = run(result.trees[0].prove(source, [index], TOKEN))
    assert verify_inclusion(proof, proof.root, count)
    changes = list(every_change(proof))
    assert len(changes) > 32
    assert [change for change in changes if verify_inclusion(change, proof.root, count)] == []
    if proof.position is not None and count > 1:
        moved = dataclasses.replace(proof, position=proof.position ^ 1)
        assert not verify_inclusion(moved, proof.root, count)


@pytest.mark.parametrize("case", [case for case in CASES if not case.any_count], ids=lambda case: case.name)
def test_counts_that_the_publisher_has_no_rule_for_are_refused(case: Case) -> None:
    cells = {UNITS: "12", DECIMAL: "1.25", "optional": "2.5"}
    rows = [(key_of(case, number), *(cells[kind] for kind in case.cells)) for number in range(3)]
    _, result = recomputed(case, rows)
    assert result.commitments[0].recomputed is None
    assert "SCHEME.PARAMETERS" in {item.code for item in result.findings}


def test_every_scheme_with_a_root_from_a_ledger_is_compared_with_a_naive_one() -> None:
    assert {case.scheme for case in CASES} | ELSEWHERE >= {
        name for name in SCHEMES if scheme_named(name).bind is not None
    }


# ---- what a scheme leaves unbound


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("armanino-split", ("u", "1", "23"), ("u", "12", "3")),  # no separator between balances
        ("silversixpence", ("u1", "23" * 2, "7", "8"), ("u12", "3" + "23", "7", "8")),  # nor between id and salt
        ("armanino-concat", ("u", "1.0", "2"), ("u", "1", "2.00")),  # values are hashed, not their text
        ("bingx", ("u", "1.0", "0", "0.00", "0", "1"), ("u", "1", "0.0", "0", "0", "1.00")),
    ],
)
def test_what_is_not_bound(name: str, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    case = next(case for case in CASES if case.scheme == name)
    roots = {recomputed(case, [row])[1].commitments[0].recomputed for row in (one, other)}
    assert len(roots) == 1


def test_a_repeated_tail_has_the_same_root_where_lone_nodes_are_duplicated() -> None:
    case = next(case for case in CASES if case.scheme == "weex")
    rows = [(key_of(case, number), "5") for number in range(3)]
    found = recomputed(case, rows)[1].commitments[0].recomputed
    assert found == recomputed(case, [*rows, rows[-1]])[1].commitments[0].recomputed
