"""Drawing end to end in memory: seed, leaves, their way to the published root, the dummy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from auditor_app.errors import AuditError, SamplingError
from auditor_app.findings import Severity
from auditor_app.ledger.parts import SnapshotLedger
from auditor_app.merkle.inclusion import verify_inclusion
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import InclusionProof, LedgerResult
from auditor_app.operation import Cancelled, CancelToken, run
from auditor_app.sampling import draw as drawing
from auditor_app.sampling.commitment import CommitmentRecord, commit
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.draw import draw, tree_of
from auditor_app.sampling.dummy import dummy_of
from auditor_app.sampling.result import SampleResult
from auditor_app.snapshot.authentic import AuthenticSnapshot

BEFORE_ROUND_1000 = "2023-08-23T15:00:00Z"
SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
DRAND = f"drand:1000:{SIGNATURE}"
DICE = "dice:11223344556611223344"

MakeSnapshot = Callable[..., AuthenticSnapshot]


def committed(snapshot: AuthenticSnapshot, source: str = "dice", confidence: str = "95%") -> CommitmentRecord:
    return commit(
        snapshot,
        ledger=None,
        distribution=Distribution.HYPERGEOMETRIC,
        confidence=confidence,
        tolerable="5%",
        expected="0",
        source=source,
        committed_at=BEFORE_ROUND_1000,
    )


def recomputed(snapshot: AuthenticSnapshot) -> LedgerResult:
    (ledger,) = snapshot.statement.predicate.ledgers
    operation = recompute(
        SnapshotLedger(snapshot, ledger), ledger.commitments, totals=None, typed_root=None, token=CancelToken()
    )
    return run(operation)


def drawn(
    snapshot: AuthenticSnapshot, record: CommitmentRecord, randomness: str = DICE, extend_to: int | None = None
) -> SampleResult:
    return run(draw(record, snapshot, (recomputed(snapshot),), randomness, CancelToken(), extend_to=extend_to))


def test_a_sample_is_what_anyone_can_repeat_from_the_record(make_snapshot: MakeSnapshot) -> None:
    """The whole draw again, from the specification's words and with nothing of the program's."""
    snapshot = make_snapshot()
    record = committed(snapshot, "drand:quicknet:1000")
    sample = drawn(snapshot, record, DRAND)

    randomness = hashlib.sha256(bytes.fromhex(SIGNATURE)).digest()
    parts = b"por-sample/v1" + bytes.fromhex(sample.commitment) + (1000).to_bytes(8, "big") + randomness
    seed = hashlib.sha256(parts).hexdigest()
    prefix = hashlib.sha256(seed.encode()).hexdigest()
    tickets = {str(int(hashlib.sha256(f"{prefix}{i}".encode()).hexdigest(), 16))[::-1]: i for i in range(1000)}
    assert sample.seed == seed
    assert [item.index for item in sample.items] == [tickets[ticket] for ticket in sorted(tickets)[:57]]

    rows = snapshot.members.read("ledger/spot-00000.csv", CancelToken()).decode().split("\n")
    assert [item.key for item in sample.items] == [rows[item.index].split(",")[0] for item in sample.items]
    assert (sample.size, sample.population, sample.allowed_deviations, sample.deviations) == (57, 1000, 0, 0)
    assert all(item.included for item in sample.items)
    assert sample.dummy_rejected
    assert sample.findings == ()


def test_a_round_enters_the_seed_as_eight_bytes_and_dice_as_zero(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(rows=10)
    sample = drawn(snapshot, committed(snapshot))
    parts = b"por-sample/v1" + bytes.fromhex(sample.commitment) + bytes(8) + b"11223344556611223344"
    assert sample.seed == hashlib.sha256(parts).hexdigest()
    assert sample.randomness == DICE


def test_a_weaker_source_is_a_note_that_changes_no_verdict(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(rows=10)
    (note,) = drawn(snapshot, committed(snapshot)).findings
    assert (note.code, note.severity, note.counts) == ("SAMPLE.WEAKER_SOURCE", Severity.NOTE, False)


def test_another_root_than_the_published_one_fails_every_drawn_leaf(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(rows=100, root="00" * 32)
    sample = drawn(snapshot, committed(snapshot))
    missed = [item for item in sample.findings if item.code == "SAMPLE.INCLUSION"]
    assert len(missed) == sample.deviations == len(sample.items) == sample.size
    assert all(item.counts and item.expected == "00" * 32 for item in missed)
    message = "The drawn leaf's inclusion proof does not lead to the published root."
    proofs = [item.proof for item in sample.items]
    assert [(item.message, item.observed) for item in missed] == [(message, proof and proof.root) for proof in proofs]
    assert sample.dummy_rejected


def test_a_drawn_leaf_without_a_row_is_a_deviation(make_snapshot: MakeSnapshot) -> None:
    """The issuer declares 100 rows and hands over 60."""
    snapshot = make_snapshot(rows=60, declared=100)
    sample = drawn(snapshot, committed(snapshot))
    absent = [item for item in sample.items if item.index >= 60]
    assert absent
    assert all(not item.included and item.proof is None and item.key == "" for item in absent)
    assert {item.index for item in sample.items if item.included} == {i.index for i in sample.items if i.index < 60}
    assert sum(item.code == "SAMPLE.INCLUSION" for item in sample.findings) == len(absent) == sample.deviations
    told = {(item.message, item.observed) for item in sample.findings if item.code == "SAMPLE.INCLUSION"}
    assert told == {("The ledger has no row for the drawn leaf.", "no row")}


def test_a_verifier_that_accepts_everything_shows_itself(
    make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot(rows=10)
    record = committed(snapshot)
    monkeypatch.setattr(drawing, "verify_inclusion", lambda *_: True)
    sample = drawn(snapshot, record)
    assert not sample.dummy_rejected
    assert "SAMPLE.DUMMY" in [item.code for item in sample.findings if item.counts]


def first_proof(snapshot: AuthenticSnapshot) -> tuple[InclusionProof, int]:
    result = recomputed(snapshot)
    (tree,) = result.trees
    source = SnapshotLedger(snapshot, snapshot.statement.predicate.ledgers[0])
    (proof,) = run(tree.prove(source, [3], CancelToken()))
    return proof, tree.leaf_count


@pytest.mark.parametrize("rows", [5, 64, 1000])
def test_the_dummy_is_right_in_every_step_but_the_last(rows: int, make_snapshot: MakeSnapshot) -> None:
    """A verifier that recalculates the path and forgets to compare the root would accept it."""
    proof, leaf_count = first_proof(make_snapshot(rows=rows))
    dummy = dummy_of(proof, b"seed", leaf_count)
    assert dummy.row != proof.row
    assert dummy.row.partition(",")[2] == proof.row.partition(",")[2]
    assert not verify_inclusion(dummy, proof.root, leaf_count)
    reached = dummy.steps[-1].node
    assert reached != proof.root
    assert verify_inclusion(replace(dummy, root=reached), reached, leaf_count)


@pytest.mark.parametrize(
    ("source", "typed", "message"),
    [
        ("drand:quicknet:1001", DRAND, "not what the commitment named"),
        ("drand:quicknet:1001", DRAND.replace("1000", "1001"), "not that of drand quicknet round 1001"),
        ("drand:quicknet:1000", DICE, "not what the commitment named"),
        ("block:bitcoin:900000", DRAND, "not what the commitment named"),
        ("dice", "block:" + "ab" * 32, "not what the commitment named"),
    ],
)
def test_there_is_no_shopping_for_seeds(source: str, typed: str, message: str, make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(rows=10)
    with pytest.raises(SamplingError, match=message) as error:
        drawn(snapshot, committed(snapshot, source), typed)
    assert error.value.code == "SAMPLE.RANDOMNESS"


def test_a_round_dated_before_its_commitment_is_refused_at_the_draw_too(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(rows=10)
    late = replace(committed(snapshot, "drand:quicknet:1000"), committed_at="2023-08-23T15:59:24Z")
    with pytest.raises(SamplingError, match="had spoken"):
        drawn(snapshot, late, DRAND)
    just_in_time = replace(late, committed_at="2023-08-23T15:59:23Z")
    assert drawn(snapshot, just_in_time, DRAND).dummy_rejected


def test_a_record_of_another_snapshot_draws_nothing(make_snapshot: MakeSnapshot) -> None:
    record = committed(make_snapshot(payload="5b" * 32))
    with pytest.raises(SamplingError, match="another snapshot"):
        drawn(make_snapshot(), record)


def test_a_ledger_without_a_tree_is_named(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot()
    result = replace(recomputed(snapshot), trees=())
    with pytest.raises(AuditError, match="no tree") as error:
        run(draw(committed(snapshot), snapshot, (result,), DICE, CancelToken()))
    assert error.value.code == "SAMPLE.INCLUSION"


def test_an_extension_keeps_every_leaf_already_drawn(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot()
    record = committed(snapshot)
    small, large = drawn(snapshot, record), drawn(snapshot, record, extend_to=90)
    assert large.items[: len(small.items)] == small.items
    assert (len(large.items), large.size) == (90, small.size)
    for size in (small.size - 1, 1001):
        with pytest.raises(SamplingError, match="cannot be extended"):
            drawn(snapshot, record, extend_to=size)


def test_a_draw_can_be_cancelled(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(rows=10)
    token = CancelToken()
    operation = draw(committed(snapshot), snapshot, (recomputed(snapshot),), DICE, token)
    assert next(operation).total == 10
    token.cancel()
    with pytest.raises(Cancelled):
        run(operation)


def test_the_tree_is_that_of_the_committed_ledger_and_scheme() -> None:
    wanted, other, elsewhere = (SimpleNamespace(scheme=scheme) for scheme in ("mexc", "bitget", "mexc"))
    ledgers: Any = [
        SimpleNamespace(ledger="futures", trees=(elsewhere,)),
        SimpleNamespace(ledger="spot", trees=(other, wanted)),
    ]
    found: Any = tree_of(CommittedTo("spot", "mexc"), ledgers)
    assert found is wanted
    for ledger, scheme in (("margin", "mexc"), ("spot", "okx-v1"), ("futures", "bitget")):
        with pytest.raises(
            SamplingError, match=f"no tree of scheme {scheme} could be recalculated over ledger {ledger}"
        ):
            tree_of(CommittedTo(ledger, scheme), ledgers)


class CommittedTo(NamedTuple):
    """Which tree a commitment names."""

    ledger: str
    scheme: str
