"""Random ledgers against the naive second implementation: roots, totals, and proofs that break at every byte."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle.inclusion import verify_inclusion
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import InclusionProof, LedgerResult, ProofStep
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.statement import Commitment
from tests.unit.ledger.memory import MemoryLedger
from tests.unit.merkle import naive

COLUMNS = parse_columns("id:token,BTC:decimal?,ETH:decimal?,USDT:decimal-?")
COINS = ("BTC", "ETH", "USDT")
TOKEN = CancelToken()


def commitments(count: int) -> list[Commitment]:
    return [
        Commitment(scheme="mexc", root="00" * 16, leaf_count=str(count), parameters={"proofId": "PR-1"}),
        Commitment(scheme="rfc6962-sha256", root="00" * 32, leaf_count=str(count), parameters={}),
    ]


def recomputed(source: MemoryLedger) -> LedgerResult:
    return run(recompute(source, commitments(source.declared_rows), totals=None, typed_root=None, token=TOKEN))


amount = st.tuples(st.integers(0, 10**21), st.text("0123456789", max_size=18)).map(
    lambda pair: f"{pair[0]}.{pair[1]}" if pair[1] else str(pair[0])
)
balances = st.fixed_dictionaries(
    {}, optional={"BTC": amount, "ETH": st.sampled_from(["0", "0.00", "7", "1.50"]), "USDT": amount.map("-{}".format)}
)
ledgers = st.one_of(
    st.lists(balances, max_size=40),
    st.tuples(st.lists(balances, min_size=1, max_size=3), st.integers(1, 300)).map(
        lambda pair: [pair[0][number % len(pair[0])] for number in range(pair[1])]
    ),
).map(lambda found: [(f"u{number}", row) for number, row in enumerate(found)])


def text(account: str, row: dict[str, str]) -> bytes:
    return ",".join([account, *(row.get(coin, "") for coin in COINS)]).encode()


@settings(deadline=None, max_examples=60)
@given(ledgers, st.sampled_from([1, 3, 32, 64, 2**18]), st.data())
def test_roots_totals_and_proofs(ledger: list[tuple[str, dict[str, str]]], part_rows: int, data: st.DataObject) -> None:
    rows = [text(account, row) for account, row in ledger]
    source = MemoryLedger(COLUMNS, rows, part_rows)
    result = recomputed(source)
    mexc, native = result.commitments
    assert native.recomputed == naive.rfc6962_root(rows).hex()
    assert result.row_count == len(rows)
    for total in result.totals:
        column = [Fraction(row[total.asset]) for _, row in ledger if total.asset in row]
        assert total.total.fraction() == sum(column)
        assert total.gross.fraction() == sum(value for value in column if value > 0)
    if not rows:
        assert mexc.recomputed is None
        assert [item.code for item in result.findings if item.subject.endswith("mexc")] == [
            "SCHEME.WEAK_HASH",
            "LEDGER.EMPTY",
        ]
        return
    root, sums = naive.mexc_root(ledger, "PR-1")
    assert mexc.recomputed == root
    index = data.draw(st.integers(0, len(rows) - 1))
    for tree, check in zip(result.trees, result.commitments, strict=True):
        (proof,) = run(tree.prove(source, [index], TOKEN))
        assert proof.row.encode() == rows[index]
        assert verify_inclusion(proof, check.recomputed or "", len(rows))
        assert not verify_inclusion(proof, check.recomputed or "", len(rows) + 2 ** len(proof.steps))
    if proof.steps:
        top = run(result.trees[0].prove(source, [index], TOKEN))[0].steps[-1]
        assert top.node_balances == sums


def changed_character(character: str) -> str:
    return "1" if character != "1" else "2"


def every_change(proof: InclusionProof) -> Iterator[InclusionProof]:
    """The proof with one character changed, for each character of a hash, a side, an amount or the row."""
    for field in ("leaf", "root", "row"):
        value = getattr(proof, field)
        for at, character in enumerate(value):
            yield dataclasses.replace(proof, **{field: value[:at] + changed_character(character) + value[at + 1 :]})
    for number, step in enumerate(proof.steps):
        for other in changed_steps(step):
            yield dataclasses.replace(proof, steps=(*proof.steps[:number], other, *proof.steps[number + 1 :]))


def changed_steps(step: ProofStep) -> Iterator[ProofStep]:
    yield dataclasses.replace(step, side="left" if step.side == "right" else "right")
    yield dataclasses.replace(step, level=step.level + 1)
    yield dataclasses.replace(step, sibling=None if step.sibling else "00" * 16, sibling_balances={})
    for field in ("sibling", "node"):
        value = getattr(step, field) or ""
        for at, character in enumerate(value):
            yield dataclasses.replace(step, **{field: value[:at] + changed_character(character) + value[at + 1 :]})
        if value.upper() != value:
            yield dataclasses.replace(step, **{field: value.upper()})
    for field in ("sibling_balances", "node_balances"):
        amounts = getattr(step, field)
        for coin, value in amounts.items():
            for at, character in enumerate(value):
                other = value[:at] + changed_character(character) + value[at + 1 :]
                yield dataclasses.replace(step, **{field: {**amounts, coin: other}})
            yield dataclasses.replace(step, **{field: {**amounts, coin: value + ".0"}})


@pytest.mark.parametrize(("count", "index"), [(1, 0), (5, 4), (7, 2), (37, 33)])
@pytest.mark.parametrize("tree", [0, 1])
def test_each_single_change_of_a_proof_fails(count: int, index: int, tree: int) -> None:
    rows = [text(f"u{number}", {"BTC": f"{number}.25", "USDT": f"-{number}"}) for number in range(count)]
    source = MemoryLedger(COLUMNS, rows)
    result = recomputed(source)
    (proof,) = run(result.trees[tree].prove(source, [index], TOKEN))
    assert verify_inclusion(proof, proof.root, count)
    changes = list(every_change(proof))
    assert len(changes) > 32
    accepted = [change for change in changes if verify_inclusion(change, proof.root, count)]
    assert accepted == []
    for change in (dataclasses.replace(proof, index=index + 1), dataclasses.replace(proof, steps=proof.steps * 2)):
        assert proof.steps == () == change.steps or not verify_inclusion(change, proof.root, count)
