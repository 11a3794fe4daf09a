"""A customer's proof in the recalculated tree: found at its place, and every way in which it is another's is a finding."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from auditor_app.cli.main import main
from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle.counterexamples.ledgers import LEDGERS
from auditor_app.merkle.counterexamples.model import Book
from auditor_app.merkle.counterexamples.paths import path_to, tree_over
from auditor_app.merkle.locate import LocatedProof, locate
from auditor_app.merkle.published import ProofCheck, PublishedStep
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import LedgerResult
from auditor_app.merkle.rule import Node
from auditor_app.merkle.schemes import scheme_named
from auditor_app.operation import CancelToken, run
from auditor_app.selftest.exchange import BTC, CHAINS, Exchange, hand_over, token
from auditor_app.snapshot.statement import Commitment
from tests.unit.ledger.memory import MemoryLedger

TOKEN = CancelToken()
PADDED = {"okx-v1", "bitget", "bybit"}


class Tree:
    """A small ledger of one scheme with its recalculated tree and every customer's proof."""

    def __init__(self, name: str, count: int) -> None:
        self.book = Book(scheme_named(name), LEDGERS[name], count)
        self.rule = self.book.rule()
        coin = self.book.coins[0]
        self.rows = [self.book.row(f"u{number}", {coin: f"{number + 1}.5"}) for number in range(count)]
        self.leaves = [self.rule.leaf(row) for row in self.rows]
        self.levels = tree_over(self.rule, self.leaves)
        self.root = self.levels[-1][0]
        self.ledger = MemoryLedger(parse_columns(self.book.ledger.columns), [row.text for row in self.rows])
        commitment = Commitment(
            scheme=name,
            root=self.root.digest.hex(),
            leaf_count=str(count),
            parameters=dict(self.book.ledger.parameters),
        )
        self.result: LedgerResult = run(recompute(self.ledger, [commitment], totals=None, typed_root=None, token=TOKEN))
        assert self.result.commitments[0].match

    def path(self, place: int) -> list[PublishedStep]:
        return path_to(self.levels, place)

    def check(self, place: int, steps: list[PublishedStep] | None = None) -> ProofCheck:
        path = self.path(place) if steps is None else steps
        return self.book.check(self.rule, self.rows[place], self.leaves[place], path, self.root)

    def locate(self, check: ProofCheck) -> LocatedProof:
        commitment = self.result.commitments[0]
        return run(locate(check, self.ledger, self.result.trees[0], commitment, TOKEN, subject="proof"))


def codes(located: LocatedProof) -> list[str]:
    return [item.code for item in located.findings]


@pytest.mark.parametrize("count", [1, 2, 5, 8])
@pytest.mark.parametrize("name", ["mexc", "okx-v1", "bitget", "bybit", "coinex", "bitunix", "hotcoin"])
def test_every_customer_is_found_at_the_own_place(name: str, count: int) -> None:
    tree = Tree(name, count)
    for place in range(count):
        located = tree.locate(tree.check(place))
        assert (located.row, codes(located), located.siblings) == (place, [], len(tree.path(place)))


@pytest.mark.parametrize("name", sorted(PADDED))
def test_padding_that_the_file_shows_is_the_schemes_own(name: str) -> None:
    tree = Tree(name, 5)
    steps = [
        PublishedStep(step.sibling or tree.rule.partner(tree.levels[level][-1], level), step.side)
        for level, step in enumerate(tree.path(4))
    ]
    assert [step.sibling is None for step in tree.path(4)] == [True, True, False]
    assert codes(tree.locate(tree.check(4, steps))) == []
    assert steps[0].sibling is not None
    other = [dataclasses.replace(steps[0], sibling=tree.leaves[0]), *steps[1:]]
    assert "PROOF.SIBLING" in codes(tree.locate(tree.check(4, other)))


def test_a_leaf_that_no_row_gives() -> None:
    tree = Tree("mexc", 5)
    row = tree.book.row("u2", {"BTC": "99"})
    check = tree.book.check(tree.rule, row, tree.rule.leaf(row), tree.path(2), tree.root)
    located = tree.locate(check)
    assert located.row is None
    assert codes(located) == ["PROOF.SNAPSHOT_ROOT", "PROOF.NOT_IN_LEDGER"]


def test_the_leaf_at_another_place() -> None:
    tree = Tree("mexc", 8)
    located = tree.locate(tree.check(2, tree.path(5)))
    assert (located.row, located.shown_place) == (2, 5)
    assert codes(located) == ["PROOF.SNAPSHOT_ROOT", "PROOF.POSITION"]


def test_a_path_of_another_length() -> None:
    tree = Tree("mexc", 8)
    located = tree.locate(tree.check(0, tree.path(0)[:-1]))
    assert codes(located) == ["PROOF.SNAPSHOT_ROOT", "PROOF.POSITION"]


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("change", ["digest", "balance", "gone"])
def test_another_sibling(level: int, change: str) -> None:
    tree = Tree("mexc", 8)
    steps = tree.path(0)
    sibling = steps[level].sibling
    assert sibling is not None
    place = next(at for at, units in enumerate(sibling.sums) if units)
    other = {
        "digest": Node(bytes(16), sibling.sums),
        "balance": Node(sibling.digest, (*sibling.sums[:place], 1, *sibling.sums[place + 1 :])),
        "gone": None,
    }[change]
    steps[level] = PublishedStep(other, "right")
    located = tree.locate(tree.check(0, steps))
    assert codes(located) == ["PROOF.SNAPSHOT_ROOT", "PROOF.SIBLING"]
    assert located.findings[1].subject == f"proof, level {level}"


def test_a_proof_without_a_path_is_found_by_its_leaf() -> None:
    tree = Tree("mexc", 5)
    for place in range(5):
        pathless = dataclasses.replace(tree.check(place), complete=False)
        located = tree.locate(pathless)
        assert (located.row, located.shown_place, codes(located)) == (place, None, [])


def test_leaves_that_the_scheme_arranges_are_looked_for() -> None:
    """Olalonde's heap has leaves on two levels, so sides alone do not give the row."""
    book = Book(scheme_named("olalonde"), LEDGERS["olalonde"], 5)
    rule = book.rule()
    rows = [book.row(f"u{number}", {"BTC": str(number + 1)}) for number in range(5)]
    ledger = MemoryLedger(book.columns, [row.text for row in rows])
    made = run(recompute(ledger, [Commitment(scheme="olalonde", root="00" * 32, leaf_count="5", parameters={})],
                         totals=None, typed_root=None, token=TOKEN))  # fmt: skip
    commitment = dataclasses.replace(made.commitments[0], published=str(made.commitments[0].recomputed))
    for place, own in enumerate(run(made.trees[0].prove(ledger, range(5), TOKEN))):
        steps = [
            PublishedStep(
                rule.node(bytes.fromhex(str(step.sibling)), step.sibling_balances),
                "left" if step.side == "left" else "right",
            )
            for step in own.steps
        ]
        root = rule.node(bytes.fromhex(own.root), own.steps[-1].node_balances)
        check = book.check(rule, rows[place], rule.leaf(rows[place]), steps, root)
        located = run(locate(check, ledger, made.trees[0], commitment, TOKEN, subject="proof"))
        assert (located.row, codes(located)) == (place, [])
        turned = [PublishedStep(steps[0].sibling, "left" if steps[0].side == "right" else "right"), *steps[1:]]
        check = book.check(rule, rows[place], rule.leaf(rows[place]), turned, root)
        located = run(locate(check, ledger, made.trees[0], commitment, TOKEN, subject="proof"))
        assert codes(located) == ["PROOF.SNAPSHOT_ROOT", "PROOF.POSITION"]


# ---- the command


def proof_file(tree: Tree, place: int, path: Path) -> Path:
    def entry(level: int, kind: int, node: Node) -> dict[str, object]:
        return {"level": level, "type": kind, "hash": node.digest.hex(), "balances": tree.rule.balances(node)}

    steps = enumerate(tree.path(place))
    listed = [entry(level, 1 if s.side == "left" else 2, s.sibling) for level, s in steps if s.sibling is not None]
    account, *cells = tree.rows[place].text.decode().split(",")
    own = entry(0, 2 if place % 2 else 1, tree.leaves[place])
    own |= {
        "balances": dict(zip(tree.book.coins, cells, strict=True)),
        "proofId": "PR-2026-09-30",
        "accountId": account,
    }
    root = entry(len(tree.levels) - 1, 3, tree.root)
    path.write_text(json.dumps({"pathList": [*listed, root], "self": own}))
    return path


def test_proof_check_against_a_snapshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = Tree("mexc", 5)
    exchange = Exchange(
        rows=tuple(row.text.decode() for row in tree.rows),
        columns=tree.book.ledger.columns,
        scheme="mexc",
        parameters=tree.book.ledger.parameters,
        assets=(BTC, token("ETH")),
        chains=CHAINS,
    )
    handed = hand_over(exchange, tmp_path)
    proof = proof_file(tree, 3, tmp_path / "customer.json")
    words = [
        "proof",
        "check",
        str(proof),
        "--snapshot",
        str(handed.snapshot),
        "--trust",
        str(handed.request.trust_store),
    ]
    words += ["--trusted-time", "2026-11-01T00:00:00Z", "--json"]
    assert main([*words, "--root", handed.root]) == 0
    traced = json.loads(capsys.readouterr().out)["ledger"]
    assert traced["rootInSnapshot"] == traced["rootRecomputed"] == traced["rootTyped"] == handed.root
    assert traced["proofs"] == [{"leaf": tree.leaves[3].digest.hex(), "row": 4, "siblingsCompared": 3}]
    assert main([*words, "--root", "ab" * 16]) == 1
    document = json.loads(capsys.readouterr().out)
    assert "PROOF.PUBLISHED_ROOT" in [item["code"] for item in document["findings"]]
    assert "ROOT.TYPED_MISMATCH" in [item["code"] for item in document["ledger"]["findings"]]
    fewer = hand_over(dataclasses.replace(exchange, rows=exchange.rows[:3], name="fewer"), tmp_path)
    assert main([*(str(fewer.snapshot) if word == str(handed.snapshot) else word for word in words)]) == 1
    found = [item["code"] for item in json.loads(capsys.readouterr().out)["ledger"]["findings"]]
    assert {"PROOF.SNAPSHOT_ROOT", "PROOF.NOT_IN_LEDGER"} <= set(found)
    assert main(words[:5]) == 3
    assert main([*words, "--ledger", "margin"]) == 3
