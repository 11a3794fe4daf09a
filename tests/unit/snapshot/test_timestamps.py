"""Time stamps: a pinned authority gives the trusted time; everything else is a finding and gives none."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor_app.snapshot import layout
from auditor_app.snapshot.container import open_container
from auditor_app.snapshot.inspection import read_unauthenticated
from auditor_app.snapshot.timestamps import check_timestamp
from auditor_app.snapshot.trust import TrustStore, add_time_authority, revoke_key
from auditor_app.snapshot.writing import write_signed
from tests.unit.snapshot import samples, tsa

PAYLOAD = b"payload"
STAMPED = datetime(2026, 11, 2, 10, 0, 0, tzinfo=UTC)


def pinned(store: TrustStore | None = None, authority: tsa.Authority | None = None) -> TrustStore:
    made = authority or tsa.authority()
    return add_time_authority(
        store or samples.store(),
        pem=made.root_pem(),
        typed_fingerprint=made.root_fingerprint(),
        name="Example TSA",
        provenance=samples.PROVENANCE,
    )


def codes(token: bytes, store: TrustStore | None = None) -> list[str]:
    check = check_timestamp(token, PAYLOAD, store or pinned())
    assert check.instant is None
    return [item.code for item in check.findings]


def test_a_pinned_authority_gives_the_time() -> None:
    response = tsa.authority().stamp(PAYLOAD, STAMPED)
    check = check_timestamp(response, PAYLOAD, pinned())
    assert (check.instant, check.authority, check.findings) == ("2026-11-02T10:00:00Z", "Example TSA", ())
    bare = check_timestamp(tsa.token_of(response), PAYLOAD, pinned())
    assert bare.instant == check.instant


def test_no_pinned_authority_is_a_warning_without_a_time() -> None:
    assert codes(tsa.authority().stamp(PAYLOAD, STAMPED), samples.store()) == ["TIMESTAMP.UNPINNED"]


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"nonsense",
        base64.b64encode(b"x" * 2000),
        tsa.authority().stamp(b"another payload", STAMPED),
        tsa.authority().stamp(PAYLOAD, STAMPED, "sha512"),
        tsa.authority().stamp(PAYLOAD, STAMPED, label="sha512_256"),
        tsa.authority("Other TSA").stamp(PAYLOAD, STAMPED),
        tsa.authority("No purpose", purpose=False).stamp(PAYLOAD, STAMPED),
    ],
    ids=[
        "empty",
        "nonsense",
        "base64",
        "other payload",
        "other digest",
        "digest under another name",
        "other authority",
        "other purpose",
    ],
)
def test_what_does_not_fit_is_invalid(token: bytes) -> None:
    assert codes(token) == ["TIMESTAMP.INVALID"]


def test_a_certificate_without_the_purpose_does_not_pass_under_its_own_root() -> None:
    wrong = tsa.authority("No purpose", purpose=False)
    assert codes(wrong.stamp(PAYLOAD, STAMPED), pinned(authority=wrong)) == ["TIMESTAMP.INVALID"]


def test_no_flipped_byte_of_a_token_gives_another_time() -> None:
    token = tsa.authority().stamp(PAYLOAD, STAMPED)
    store = pinned()
    for position in range(0, len(token), 7):
        changed = token[:position] + bytes([token[position] ^ 1]) + token[position + 1 :]
        check = check_timestamp(changed, PAYLOAD, store)
        assert check.instant in (None, "2026-11-02T10:00:00Z"), position
        assert (check.instant is None) == bool(check.findings)


def stamped_snapshot(folder: Path, token: bytes | None) -> Path:
    path = folder / "stamped.porsnap"
    write_signed(path, samples.predicate(), samples.members(), (samples.TREASURY, samples.FINANCE), timestamp=token)
    return path


def payload_of(path: Path) -> bytes:
    container = open_container(path)
    try:
        return read_unauthenticated(container, path.name)[0].payload
    finally:
        container.close()


def test_keys_are_judged_at_the_stamped_time(tmp_path: Path) -> None:
    payload = payload_of(stamped_snapshot(tmp_path, None))
    path = stamped_snapshot(tmp_path, tsa.authority().stamp(payload, STAMPED))
    store = revoke_key(
        pinned(), samples.FINANCE.keyid, revoked_at="2026-11-02T11:00:00Z", provenance=samples.PROVENANCE
    )
    authentic = samples.authenticate(path, store)
    authentic.members.close()
    assert (authentic.trusted_time.instant, authentic.trusted_time.source) == ("2026-11-02T10:00:00Z", "timestamp")
    assert authentic.threshold == 2
    assert authentic.payload_sha256 == hashlib.sha256(payload).hexdigest()


def test_a_bad_token_is_a_finding_and_the_typed_time_counts(tmp_path: Path) -> None:
    path = stamped_snapshot(tmp_path, b"nonsense")
    authentic = samples.authenticate(path, pinned())
    authentic.members.close()
    assert [item.code for item in authentic.findings] == ["TIMESTAMP.INVALID"]
    assert authentic.trusted_time.source == "typed"


def test_a_token_over_the_limit_is_refused(tmp_path: Path) -> None:
    from auditor_app.errors import SnapshotError

    path = stamped_snapshot(tmp_path, b"x" * (layout.MAX_TIMESTAMP_BYTES + 1))
    with pytest.raises(SnapshotError) as caught:
        samples.authenticate(path, pinned())
    assert caught.value.code == "SNAPSHOT.LIMIT"
