"""Input files are listed by role, name, size and digest, never by folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from auditor_app.engagement.inputs import input_files
from auditor_app.engagement.record import AuditRequest, InputFile, SampleRequest
from auditor_app.errors import AuditError
from auditor_app.operation import Cancelled, CancelToken, run


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
