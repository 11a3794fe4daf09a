"""Committed first: what a record fixes, and every way in which it is refused afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor_app.errors import AuditError, SamplingError
from auditor_app.sampling.commitment import (
    CommitmentRecord,
    commit,
    load_record,
    refuse_other_snapshot,
)
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.records import write_any
from auditor_app.snapshot.authentic import AuthenticSnapshot

NOW = "2026-11-03T12:00:00Z"
FUTURE = "drand:quicknet:39031890"  # 2030-06-01


def committed(snapshot: AuthenticSnapshot, **changes: Any) -> CommitmentRecord:
    arguments: dict[str, Any] = {
        "ledger": None,
        "distribution": Distribution.HYPERGEOMETRIC,
        "confidence": "95%",
        "tolerable": "5%",
        "expected": "0",
        "source": FUTURE,
        "committed_at": NOW,
    }
    return commit(snapshot, **{**arguments, **changes})


@pytest.fixture
def record(make_snapshot: Callable[..., AuthenticSnapshot]) -> CommitmentRecord:
    return committed(make_snapshot())


def test_the_digest_is_that_of_the_sorted_compact_json(record: CommitmentRecord, tmp_path: Path) -> None:
    """RFC 8785 of an object of plain ASCII strings is sorted keys without spaces."""
    write_any(record, tmp_path / "r.json")
    document = json.loads((tmp_path / "r.json").read_bytes())
    text = json.dumps(document["committed"], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == document["commitmentSha256"] == record.digest.hex()
    assert document["committedAt"] == NOW
    assert set(document["committed"]) == {
        "format", "snapshotPayloadSha256", "ledger", "scheme", "root", "leafCount", "order", "method", "parameters",
        "source",
    }  # fmt: skip
    assert document["committed"]["parameters"] == {
        "confidence": "0.95",
        "tolerable": "0.05",
        "expected": "0",
        "population": "1000",
        "size": "57",
        "allowedDeviations": "0",
        "sampler": "rivest-consistent-sampler",
    }
    assert document["committed"]["source"]["chainHash"].startswith("52db9ba7")


def test_a_record_reads_back_as_itself(record: CommitmentRecord, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_any(record, path)
    again = load_record(path)
    assert (again.committed, again.digest, again.committed_at, again.plan) == (
        record.committed,
        record.digest,
        record.committed_at,
        record.plan,
    )
    assert again.source.text == FUTURE


@pytest.mark.parametrize(
    "source", ["dice", "block:eip155:1:24000000", "drand:default:9999999", f"secrets:{'aa' * 32}:{'bb' * 32}"]
)
def test_every_source_reads_back(source: str, make_snapshot: Callable[..., AuthenticSnapshot], tmp_path: Path) -> None:
    write_any(committed(make_snapshot(), source=source), tmp_path / "r.json")
    assert load_record(tmp_path / "r.json").source.text == source


def test_equal_rates_commit_to_the_same_digest_and_any_change_to_another(
    make_snapshot: Callable[..., AuthenticSnapshot], record: CommitmentRecord
) -> None:
    snapshot = make_snapshot()
    assert committed(snapshot, confidence="0.950").digest == record.digest
    others = [
        committed(snapshot, confidence="90%"),
        committed(snapshot, tolerable="4%"),
        committed(snapshot, expected="1%"),
        committed(snapshot, source="drand:quicknet:39031891"),
        committed(snapshot, source="dice"),
        committed(snapshot, distribution=Distribution.BINOMIAL),
        committed(make_snapshot(payload="5b" * 32)),
        committed(make_snapshot(root="00" * 32)),
        committed(make_snapshot(names=("margin",))),
        committed(make_snapshot(rows=1001)),
    ]
    assert len({record.digest, *(other.digest for other in others)}) == len(others) + 1


def test_a_round_that_was_published_is_refused(make_snapshot: Callable[..., AuthenticSnapshot]) -> None:
    """Round r of quicknet is published at 1692803367 + 3 (r − 1): round 1001 at 15:59:27 that day."""
    snapshot = make_snapshot()
    for moment in ("2023-08-23T15:59:27Z", "2023-08-23T15:59:28Z"):
        with pytest.raises(SamplingError, match="had spoken") as error:
            committed(snapshot, source="drand:quicknet:1001", committed_at=moment)
        assert error.value.code == "SAMPLE.COMMITMENT"
    assert committed(snapshot, source="drand:quicknet:1001", committed_at="2023-08-23T15:59:26Z").source.speaks_at


def test_a_file_that_is_there_is_never_replaced(record: CommitmentRecord, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("mine")
    with pytest.raises(AuditError, match="there already") as error:
        write_any(record, path)
    assert error.value.code == "SAMPLE.COMMITMENT"
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(record: CommitmentRecord, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be written"):
        write_any(record, tmp_path / "nowhere" / "r.json")


def _set(*path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("committed", "root", value="00" * 32), "was altered"),
        (_set("committed", "source", "round", value="39031891"), "was altered"),
        (_set("committed", "parameters", "size", value="1"), "was altered"),
        (_set("commitmentSha256", value="00" * 32), "was altered"),
        (_set("committedAt", value="2031-01-01T00:00:00Z"), "had spoken"),
        (_set("committedAt", value="2026-13-01T00:00:00Z"), "no commitment record"),
        (_set("committedAt", value="yesterday"), "no commitment record"),
        (_set("committed", "extra", value="1"), "no commitment record"),
        (_set("committed", "leafCount", value=1000), "no commitment record"),
        (_set("more", value="1"), "no commitment record"),
    ],
)
def test_an_altered_record_is_refused(
    change: Callable[[dict[str, Any]], None], message: str, record: CommitmentRecord, tmp_path: Path
) -> None:
    path = tmp_path / "r.json"
    write_any(record, path)
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(AuditError, match=message) as error:
        load_record(path)
    assert error.value.code == "SAMPLE.COMMITMENT"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("parameters", "size", value="1"), "not the one its rates give"),
        (_set("parameters", "allowedDeviations", value="9"), "not the one its rates give"),
        (
            _set("source", value={"kind": "drand", "chain": "quicknet", "chainHash": "00", "round": "39031890"}),
            "another form",
        ),
        (_set("source", value={"kind": "wheel"}), "cannot be read"),
        (_set("source", value={"kind": "drand", "chain": "quicknet", "round": "1"}), "had spoken|another form"),
    ],
)
def test_a_record_that_was_made_up_is_refused(
    change: Callable[[dict[str, Any]], None], message: str, record: CommitmentRecord, tmp_path: Path
) -> None:
    """The digest fits, but the content is not what this program would have committed to."""
    path = tmp_path / "r.json"
    write_any(record, path)
    document = json.loads(path.read_bytes())
    change(document["committed"])
    text = json.dumps(document["committed"], sort_keys=True, separators=(",", ":"))
    document["commitmentSha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(document))
    with pytest.raises(AuditError, match=message):
        load_record(path)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"\xef\xbb\xbf{}", b'{"a": 1, "a": 2}', b'{"a": 1.5}', b"x" * 70_000]
)
def test_what_is_no_record_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(data)
    with pytest.raises(AuditError) as error:
        load_record(path)
    assert error.value.code == "SAMPLE.COMMITMENT"


def test_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuditError) as error:
        load_record(tmp_path / "r.json")
    assert error.value.code == "SAMPLE.COMMITMENT"


def test_a_record_belongs_to_one_snapshot_and_ledger(
    make_snapshot: Callable[..., AuthenticSnapshot], record: CommitmentRecord
) -> None:
    assert refuse_other_snapshot(record, make_snapshot()).name == "spot"
    for other, message in (
        (make_snapshot(payload="5b" * 32), "another snapshot"),
        (make_snapshot(root="00" * 32), "another root"),
        (make_snapshot(declared=999), "another leaf count"),
        (make_snapshot(names=("margin",)), "no ledger 'spot'"),
    ):
        with pytest.raises(SamplingError, match=message):
            refuse_other_snapshot(record, other)


def test_the_ledger_is_named_where_there_are_several(make_snapshot: Callable[..., AuthenticSnapshot]) -> None:
    snapshot = make_snapshot(names=("spot", "margin"))
    with pytest.raises(SamplingError, match="not named"):
        committed(snapshot)
    assert committed(snapshot, ledger="margin").committed.ledger == "margin"
    with pytest.raises(SamplingError, match="no root was published"):
        committed(make_snapshot(committed=False))
