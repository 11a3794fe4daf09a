"""Evidence files: one pinned auditor key makes them count; anyone else's are merely claimed; changed ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor_app.errors import SnapshotError
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.statement import EvidencePredicate
from auditor_app.snapshot.trust import EMPTY, TrustStore, revoke_key
from auditor_app.snapshot.writing import Member, write_signed
from tests.properties.test_snapshot_mutations import contents, rebuilt
from tests.unit.snapshot import samples
from tests.unit.snapshot.samples import AUDITOR, NOW, STRANGER, TREASURY


def opened(path: Path, trust: TrustStore | None = None, **options: Any) -> AuthenticEvidence:
    options = {"trusted_time": NOW} | options
    evidence = authenticate_evidence(path, trust or samples.store(), token=CancelToken(), **options)
    try:
        assert evidence.members.read("balances.csv", CancelToken()) == samples.BALANCES
    finally:
        evidence.members.close()
    return evidence


def test_a_pinned_auditor_makes_it_count(tmp_path: Path) -> None:
    evidence = opened(samples.write_evidence(tmp_path))
    assert [(item.signer, item.issuer) for item in evidence.signers] == [("Capturing Auditor", "Audit LLP")]
    alone = samples.pinned(EMPTY, AUDITOR, "Capturing Auditor", role="auditor", issuer=None)
    assert [(item.signer, item.issuer) for item in opened(samples.write_evidence(tmp_path), alone).signers] == [
        ("Capturing Auditor", "")
    ]
    assert (evidence.threshold, evidence.findings) == (1, ())
    assert evidence.statement.predicate.snapshot_payload_sha256 == "ab" * 32


@pytest.mark.parametrize("keys", [(STRANGER,), (AUDITOR, STRANGER), (TREASURY,), (AUDITOR, TREASURY)])
def test_any_other_signer_makes_it_a_claim(tmp_path: Path, keys: Any) -> None:
    evidence = opened(samples.write_evidence(tmp_path, *keys))
    assert evidence.signers == ()
    assert [item.code for item in evidence.findings] == ["EVIDENCE.UNTRUSTED"]


def test_a_revoked_or_expired_auditor_makes_it_a_claim(tmp_path: Path) -> None:
    path = samples.write_evidence(tmp_path)
    revoked = revoke_key(samples.store(), AUDITOR.keyid, revoked_at=NOW, provenance=samples.PROVENANCE)
    assert opened(path, revoked).signers == ()
    assert opened(path, revoked, trusted_time="2026-11-02T23:00:00Z").signers != ()


def refused(path: Path) -> SnapshotError:
    with pytest.raises(SnapshotError) as caught:
        opened(path)
    return caught.value


def test_a_changed_byte_is_invalid_and_a_cut_file_unreadable(tmp_path: Path) -> None:
    path = samples.write_evidence(tmp_path)
    data = path.read_bytes()
    at = data.index(b"12000000")
    path.write_bytes(data[:at] + b"13000000" + data[at + 8 :])
    error = refused(path)
    assert (error.code, error.exit_status) == ("EVIDENCE.INVALID", 2)
    path.write_bytes(data[:-1])
    error = refused(path)
    assert (error.code, error.exit_status) == ("EVIDENCE.UNREADABLE", 3)


def test_a_false_signature_under_a_pinned_keys_name_is_invalid(tmp_path: Path) -> None:
    path = samples.write_evidence(tmp_path)
    data = path.read_bytes()
    other = samples.write_evidence(tmp_path, capturedAt="2026-11-02T13:00:00Z").read_bytes()
    signature = data[data.index(b'"sig":"') : data.index(b'"}]}')]
    foreign = other[other.index(b'"sig":"') : other.index(b'"}]}')]
    members = contents(data)
    path.write_bytes(rebuilt([(members[0][0], members[0][1].replace(signature, foreign)), *members[1:]]))
    assert refused(path).code == "EVIDENCE.INVALID"


def test_a_snapshot_is_no_evidence(tmp_path: Path) -> None:
    assert refused(samples.write(tmp_path)).code == "EVIDENCE.UNREADABLE"


def test_unsigned_evidence_is_a_claim(tmp_path: Path) -> None:

    path = tmp_path / "unsigned.porevidence"
    predicate = msgspec.convert(samples.EVIDENCE, EvidencePredicate)
    write_signed(path, predicate, (Member.table("balances.csv", "balances", samples.BALANCES),), ())
    assert opened(path).signers == ()


def test_an_unsigned_member_makes_it_invalid(tmp_path: Path) -> None:
    path = samples.write_evidence(tmp_path)
    path.write_bytes(rebuilt([*contents(path.read_bytes()), ("proof.bin", b"x")]))
    error = refused(path)
    assert (error.code, error.exit_status) == ("EVIDENCE.INVALID", 2)
