"""Input files are listed by role, name, size and digest, never by folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from auditor_app.engagement import audit
from auditor_app.engagement.audit import perform
from auditor_app.engagement.inputs import input_files, state_of
from auditor_app.engagement.record import AuditRequest, InputFile, SampleRequest
from auditor_app.errors import AuditError
from auditor_app.operation import Cancelled, CancelToken, Operation, run
from auditor_app.snapshot.trust import save_store
from tests.unit.snapshot import samples


def test_every_named_file_is_listed_with_its_digest(tmp_path: Path) -> None:
    names = ("a.porsnap", "trust.json", "e.porevidence", "r.json")
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    snapshot, trust, evidence, record = (tmp_path / name for name in names)
    request = AuditRequest(snapshot, trust, evidence, sample=SampleRequest(record, "dice:1"))
    roles = ("snapshot", "trust store", "evidence", "sample record")
    assert run(input_files(request, CancelToken())) == tuple(
        InputFile(role, name, len(name), hashlib.sha256(name.encode()).hexdigest())
        for role, name in zip(roles, names, strict=True)
    )


def test_a_snapshot_kept_as_a_folder_has_no_digest(tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_bytes(b"{}")
    listed = run(input_files(AuditRequest(tmp_path, tmp_path / "trust.json"), CancelToken()))
    assert [item.role for item in listed] == ["trust store"]


def test_a_missing_file_is_named_and_cancelling_stops(tmp_path: Path) -> None:
    request = AuditRequest(tmp_path / "gone.porsnap", tmp_path / "trust.json")
    with pytest.raises(AuditError, match=r"gone\.porsnap"):
        run(input_files(request, CancelToken()))
    (tmp_path / "gone.porsnap").write_bytes(b"x")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run(input_files(request, token))


def test_a_snapshot_that_another_file_took_the_place_of_is_refused(tmp_path: Path) -> None:
    """The report would name the digest of a file that nobody looked at."""
    snapshot, store = tmp_path / "a.porsnap", tmp_path / "trust.json"
    snapshot.write_bytes(b"one")
    store.write_bytes(b"{}")
    request = AuditRequest(snapshot, store)
    before = state_of(snapshot)
    assert [item.role for item in run(input_files(request, CancelToken(), before))] == ["snapshot", "trust store"]
    other = tmp_path / "other"
    other.write_bytes(b"two")
    status = snapshot.stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(other, snapshot)
    with pytest.raises(AuditError, match="replaced or changed while the procedures were performed") as caught:
        run(input_files(request, CancelToken(), before))
    assert caught.value.code == "LEDGER.CHANGED"


def test_a_snapshot_replaced_during_the_run_gives_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = samples.write(tmp_path, samples.TREASURY, samples.FINANCE)
    save_store(tmp_path / "trust.json", samples.store())
    request = AuditRequest(snapshot, tmp_path / "trust.json", trusted_time=samples.NOW)
    assert run(perform(request, CancelToken())).inputs[0].name == snapshot.name
    read = audit.customers_debts

    def replaced(*arguments: Any) -> Operation[Any]:
        other = tmp_path / "other"
        other.write_bytes(snapshot.read_bytes())
        os.replace(other, snapshot)
        return (yield from read(*arguments))

    monkeypatch.setattr(audit, "customers_debts", replaced)
    with pytest.raises(AuditError) as caught:
        run(perform(request, CancelToken()))
    assert caught.value.code == "LEDGER.CHANGED"
