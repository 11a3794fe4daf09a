"""The attack corpus gives its codes; with any one check taken out, or speaking always, the self-test fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor_app.amounts import Amount
from auditor_app.chain import addresses
from auditor_app.chain.ownership import check as ownership
from auditor_app.chain.ownership.model import Freshness
from auditor_app.cli.main import main
from auditor_app.engagement import supplied
from auditor_app.findings import Limitation
from auditor_app.ledger import grammar
from auditor_app.ledger.checks import LedgerTally
from auditor_app.ledger.scan import PartTally
from auditor_app.merkle import limitations, recompute, tree_job
from auditor_app.merkle.result import CommitmentCheck, TotalCheck
from auditor_app.merkle.scheme import Properties
from auditor_app.merkle.schemes import okx_tree_check
from auditor_app.operation import CancelToken, run
from auditor_app.resource_files import resource
from auditor_app.selftest import run as selftest_run
from auditor_app.selftest import zero_knowledge
from auditor_app.selftest.exchange import Exchange, audited, hand_over
from auditor_app.selftest.fixtures import load_fixtures
from auditor_app.selftest.run import CASES, Line, selftest
from auditor_app.snapshot import freshness

SLOW = "PL-08b"


def lines(only: list[str]) -> dict[str, Line]:
    return {line.id: line for line in run(selftest(CancelToken(), only))}


def test_every_fixture_gives_its_codes() -> None:
    found = run(selftest(CancelToken()))
    assert [(line.id, line.differences) for line in found if not line.agrees] == []
    assert len(found) == 22 + 2
    assert all(set(line.expected) <= set(line.got) for line in found)


@pytest.mark.vectors
@pytest.mark.parametrize("name", ["fixtures.json", "truncated64-collision.json"])
def test_the_shipped_files_are_the_vectors(vectors: Path, name: str) -> None:
    assert resource("attacks", name).read_bytes() == (vectors / "attacks" / name).read_bytes()


def test_clean_files_leave_nothing_to_report(tmp_path: Path) -> None:
    handed = hand_over(Exchange(), tmp_path)
    request = handed.request
    findings = audited(request).findings
    assert [item for item in findings if item.counts] == []
    words = ["verify", handed.snapshot, "--trust", request.trust_store, "--evidence", request.evidence]
    words += ["--nonce", request.nonce, "--previous", request.previous, "--challenge", request.challenge]
    words += ["--trusted-time", request.trusted_time, "--published-root", f"spot={handed.root}"]
    out = tmp_path / "out.json"
    assert main([*map(str, words), "--json", str(out)]) == 0
    assert json.loads(out.read_text())["verdicts"] == {"authentic": "agrees", "data": "agrees", "coverage": "agrees"}


def test_the_page_of_attacks_names_every_fixture_with_its_codes() -> None:
    page = (Path(__file__).parents[3] / "docs/attacks.md").read_text()
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| ")}
    for fixture in load_fixtures():
        row = next(text for ids, text in rows.items() if fixture.id in ids.split(", "))
        assert all(code in row for code in (*fixture.findings, *fixture.limitations)), fixture.id


# ---- taking checks out

Patch = Callable[[pytest.MonkeyPatch], None]


def answers(target: Any, name: str, answer: Any) -> Patch:
    """The check is there and finds nothing."""
    return lambda patch: patch.setattr(target, name, lambda *_, **__: answer)


def no_limitation(code: str) -> Patch:
    """The scheme's limitation is not drawn from its properties."""
    original = limitations.limitation_codes

    def left(properties: Properties) -> Iterator[str]:
        return (item for item in original(properties) if item != code)

    return lambda patch: patch.setattr(limitations, "limitation_codes", left)


def no_ledger_limitation(code: str) -> Patch:
    original = recompute._limitations

    def left(*given: Any) -> tuple[Limitation, ...]:
        return tuple(item for item in original(*given) if item.code != code)

    return lambda patch: patch.setattr(recompute, "_limitations", left)


def no_debts(*_: object, **__: object) -> Iterator[object]:
    return ()
    yield


def no_zk_limitation(patch: pytest.MonkeyPatch) -> None:
    original = zero_knowledge.range_findings
    patch.setattr(zero_knowledge, "range_findings", lambda *a, **k: (original(*a, **k)[0], ()))


TAKEN_OUT: dict[str, tuple[str, str, Patch]] = {
    "totals": ("PL-07", "TOTALS.MISMATCH", answers(recompute, "total_findings", [])),
    "totals under unbound sums": ("PL-01", "TOTALS.MISMATCH", answers(recompute, "total_findings", [])),
    "negative balances": ("PL-02", "LEAF.NEGATIVE", answers(PartTally, "_note_negatives", None)),
    "repeated ids": ("PL-06", "LEAF.DUPLICATE", answers(recompute, "duplicate_finding", None)),
    "repeated tail": ("PL-04", "LEAF.DUPLICATE", answers(recompute, "duplicate_finding", None)),
    "row count": ("PL-04", "ROWS.COUNT", answers(LedgerTally, "_count_findings", ())),
    "leaf count": ("PL-05", "ROWS.COUNT", answers(recompute, "root_findings", [])),
    "roots": ("PL-12", "ROOT.MISMATCH", lambda patch: patch.setattr(CommitmentCheck, "match", property(lambda _: True))),
    "digest width": ("PL-09", "SCHEME.WEAK_HASH", answers(tree_job, "weak_hash", ())),
    "hashes with two balances": ("PL-10", "TREE.HASH_NOT_BINDING", answers(okx_tree_check, "_binding", ())),
    "grammar": ("PL-11", "SNAPSHOT.GRAMMAR", lambda patch: patch.setitem(grammar._CELL, "hex64", rb"[^,\n]+")),
    "sums not bound": ("PL-01", "TREE.SUM_NOT_BOUND", no_limitation("TREE.SUM_NOT_BOUND")),
    "no separators": ("PL-03", "SCHEME.AMBIGUOUS", no_limitation("SCHEME.AMBIGUOUS")),
    "duplicated odd nodes": ("PL-04", "SCHEME.DUPLICATES_ODD", no_limitation("SCHEME.DUPLICATES_ODD")),
    "no domains": ("PL-05", "SCHEME.NO_DOMAIN_SEPARATION", no_limitation("SCHEME.NO_DOMAIN_SEPARATION")),
    "rounding": ("PL-08", "TREE.ROUNDING", no_limitation("TREE.ROUNDING")),
    "unique ids": ("PL-06", "ID_UNIQUENESS", no_ledger_limitation("ID_UNIQUENESS")),
    "completeness": ("PL-12", "COMPLETENESS", no_ledger_limitation("COMPLETENESS")),
    "addresses twice": ("RS-01", "ADDRESS.DUPLICATE", answers(addresses, "coins_of", frozenset())),
    "wrapped forms": ("RS-02", "ASSET.WRAPPED_DOUBLE_COUNT", answers(addresses, "_wrapped", [])),
    "balances around": ("RS-03", "RESERVE.WINDOW", answers(supplied, "window_findings", [])),
    "old signatures": ("RS-04", "OWNERSHIP.STALE", answers(ownership, "freshness_of", Freshness.FRESH)),
    "block hashes": ("RS-05", "CHAIN.UNPINNED_BLOCK", answers(addresses, "unpinned_blocks", [])),
    "own assets": ("RS-06", "ASSET.SELF_ISSUED", answers(supplied, "self_issued_findings", [])),
    "ranges": ("ZK-01", "RANGE.FIELD", answers(zero_knowledge, "range_findings", ((), ()))),
    "proofs not checked": ("ZK-01", "ZK.NOT_CHECKED", no_zk_limitation),
    "debts": ("ZK-02", "LEAF.NET_DEBT", lambda patch: patch.setattr(supplied, "debts_found", no_debts)),
    "late roots": ("PB-01", "ROOT.NOT_TIMESTAMPED", answers(supplied, "lateness_findings", [])),
    "second roots": ("PB-01", "ROOT.EQUIVOCATION", answers(supplied, "equivocation_findings", [])),
    "nonces": ("PB-02", "FRESH.NONCE", answers(freshness, "_nonce", [])),
    "predecessors": ("PB-02", "FRESH.ROLLBACK", answers(freshness, "_predecessor", [])),
    "sequences": ("PB-02b", "FRESH.ROLLBACK", answers(supplied, "_order", [])),
}  # fmt: skip
"""Check, the fixture that must notice that it is gone, the code that is then missing, and how it is taken out."""


@pytest.mark.parametrize("check", TAKEN_OUT)
def test_the_selftest_notices_a_check_that_was_taken_out(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, code, patch = TAKEN_OUT[check]
    patch(monkeypatch)
    line = lines([name])[name]
    assert code in line.expected
    assert any(code in difference and "not" in difference for difference in line.differences), line.differences
    assert main(["selftest", name]) == 1


def test_the_selftest_notices_a_check_that_always_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    original = recompute.total_findings
    wrong = TotalCheck("spot", "BTC", 8, 1, Amount(2))
    monkeypatch.setattr(recompute, "total_findings", lambda checks: original([*checks, wrong]))
    assert "TOTALS.MISMATCH is found in honest files" in lines(["PL-07"])["PL-07"].differences


def test_a_fixture_that_is_not_there_is_a_difference_or_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["selftest", "PL-99"]) == 3
    left = tuple(fixture for fixture in load_fixtures() if fixture.id not in ("PL-02", SLOW))
    monkeypatch.setattr(selftest_run, "load_fixtures", lambda: left)
    monkeypatch.setattr(selftest_run, "CASES", {name: CASES[name] for name in ("PL-02", "PL-06")})
    found = {line.id: line.differences for line in run(selftest(CancelToken()))}
    assert found["PL-06"] == ()
    assert found["PL-02"] == ("the fixture is missing from the installed files",)
    assert found["RS-01"] == ("this program has no case for it",)


def test_one_line_a_fixture_beginning_with_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "PL-06", "RS-01", "--json"]) == 0
    captured = capsys.readouterr()
    first, second, *_ = captured.err.splitlines()
    assert first.startswith("PL-06") and "expected LEAF.DUPLICATE" in first and "got LEAF.DUPLICATE" in first
    assert second.startswith("RS-01")
    document = json.loads(captured.out)
    assert document["agrees"] is True
    assert [item["id"] for item in document["fixtures"]] == ["PL-06", "RS-01"]


def test_every_code_of_the_corpus_has_a_check_that_can_be_taken_out() -> None:
    needed = {code for fixture in load_fixtures() for code in (*fixture.findings, *fixture.limitations)}
    assert needed == {code for _, code, _ in TAKEN_OUT.values()}
