"""The verification order, each step with a file that only that step refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor_app.errors import SnapshotError, UsageError
from auditor_app.findings import Severity, finding
from auditor_app.operation import Cancelled, CancelToken
from auditor_app.snapshot import consistency, layout
from auditor_app.snapshot.authentic import NotAuthentic
from auditor_app.snapshot.authenticate import authenticate_evidence, authenticate_snapshot
from auditor_app.snapshot.container import ArchiveContainer
from auditor_app.snapshot.envelope import Envelope
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import PAYLOAD_TYPE
from auditor_app.snapshot.trust import EMPTY, TrustStore, revoke_key, set_threshold
from auditor_app.snapshot.writing import build_statement, encode_statement, measure, write_enveloped, write_payload
from tests.properties.test_snapshot_mutations import contents, rebuilt
from tests.unit.snapshot import samples
from tests.unit.snapshot.samples import AUDITOR, FINANCE, ISSUER, NOW, STRANGER, TREASURY


def refused(path: Path, trust: TrustStore | None = None, **options: Any) -> SnapshotError:
    with pytest.raises(SnapshotError) as caught:
        samples.authenticate(path, trust, **options)
    return caught.value


def codes(path: Path, trust: TrustStore | None = None, **options: Any) -> list[str]:
    """Finding codes of a file that is not authentic; exit status 2."""
    error = refused(path, trust, **options)
    assert isinstance(error, NotAuthentic), error
    assert error.exit_status == 2
    assert error.code == error.findings[0].code
    return [item.code for item in error.findings]


def accepted(path: Path, trust: TrustStore | None = None, **options: Any) -> list[str]:
    """Finding codes of an authentic file."""
    authentic = samples.authenticate(path, trust, **options)
    authentic.members.close()
    return [item.code for item in authentic.findings]


def signed_payload(folder: Path, payload: bytes, *keys: SigningKey) -> Path:
    """Any payload with the example's members, properly signed."""
    path = folder / "payload.porsnap"
    measured = [measure(item.name, item.content) for item in samples.members()]
    write_payload(path, payload, measured, keys or (TREASURY, FINANCE))
    return path


def good_payload() -> bytes:
    members = samples.members()
    measured = [measure(item.name, item.content) for item in members]
    return encode_statement(build_statement(samples.predicate(), members, measured))


# ---- authentic


def test_a_fully_signed_snapshot_is_authentic(tmp_path: Path) -> None:
    authentic = samples.authenticate(samples.write(tmp_path))
    assert authentic.findings == ()
    assert authentic.file_name == "example.porsnap"
    assert authentic.threshold == 2
    assert {signer.signer for signer in authentic.signers} == {"Head of Treasury", "Finance Director"}
    assert {signer.issuer for signer in authentic.signers} == {ISSUER}
    assert authentic.signers[0].provenance == ("engagement letter, by A. Auditor, 2026-10-01T00:00:00Z",)
    assert authentic.trusted_time.source == "typed"
    assert authentic.members.read("ledger/spot-00000.csv", CancelToken()) == samples.LEDGER
    assert authentic.members.size("ledger/spot-00000.csv") == len(samples.LEDGER)
    authentic.members.close()


def test_without_a_typed_time_now_counts(tmp_path: Path) -> None:
    authentic = samples.authenticate(samples.write(tmp_path, validUntil=None), trusted_time=None)
    authentic.members.close()
    assert authentic.trusted_time.source == "now"
    assert authentic.trusted_time.instant > "2026"


def test_a_cancelled_run_closes_the_file(tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        authenticate_snapshot(samples.write(tmp_path), samples.store(), token=token)


# ---- 5: signatures


def test_a_missing_signer_is_named(tmp_path: Path) -> None:
    path = samples.write(tmp_path, TREASURY)
    assert codes(path) == ["SIGNATURE.THRESHOLD"]
    assert "Finance Director" in str(refused(path))


def test_a_lower_threshold_is_the_auditors_choice(tmp_path: Path) -> None:
    store = set_threshold(samples.store(), ISSUER, 1)
    assert accepted(samples.write(tmp_path, TREASURY), store) == []
    assert accepted(samples.write(tmp_path), store) == []


def test_a_third_pinned_key_must_sign_too(tmp_path: Path) -> None:
    store = samples.pinned(samples.store(), STRANGER, "Chief Executive")
    assert codes(samples.write(tmp_path), store) == ["SIGNATURE.THRESHOLD"]


def test_two_keys_of_one_signer_are_one_signer(tmp_path: Path) -> None:
    store = samples.pinned(samples.pinned(EMPTY, TREASURY, "One Person"), FINANCE, "One Person")
    assert codes(samples.write(tmp_path), store) == ["SIGNATURE.THRESHOLD"]


def test_an_unknown_key_alone_and_beside_the_others(tmp_path: Path) -> None:
    assert codes(samples.write(tmp_path, STRANGER)) == ["SIGNATURE.UNKNOWN_KEY", "SIGNATURE.THRESHOLD"]
    assert codes(samples.write(tmp_path, TREASURY, FINANCE, STRANGER)) == ["SIGNATURE.UNKNOWN_KEY"]
    assert codes(samples.write(tmp_path), EMPTY) == [
        "SIGNATURE.UNKNOWN_KEY",
        "SIGNATURE.UNKNOWN_KEY",
        "SIGNATURE.THRESHOLD",
    ]


def enveloped(folder: Path, payload: bytes, *keys: SigningKey) -> Path:
    """The example's members below an envelope with exactly these signatures, repeated ones too."""
    path = folder / "enveloped.porsnap"
    measured = [measure(item.name, item.content) for item in samples.members()]
    write_enveloped(path, Envelope(PAYLOAD_TYPE, payload, tuple(k.sign(PAYLOAD_TYPE, payload) for k in keys)), measured)
    return path


def test_a_key_that_signed_twice_is_refused_beside_enough_others(tmp_path: Path) -> None:
    path = enveloped(tmp_path, good_payload(), TREASURY, TREASURY, FINANCE)
    assert codes(path) == ["SIGNATURE.INVALID"]
    assert "One key signed twice" in str(refused(path))
    assert codes(enveloped(tmp_path, good_payload(), TREASURY, TREASURY)) == ["SIGNATURE.INVALID"]
    twice = enveloped(tmp_path, good_payload(), TREASURY, FINANCE, STRANGER, STRANGER)
    assert codes(twice) == ["SIGNATURE.UNKNOWN_KEY", "SIGNATURE.INVALID"]


def test_a_snapshot_without_a_signature_is_told_from_one_of_strangers(tmp_path: Path) -> None:
    assert "was packed but not signed yet" in str(refused(enveloped(tmp_path, good_payload())))
    error = refused(enveloped(tmp_path, good_payload(), STRANGER))
    assert isinstance(error, NotAuthentic)
    assert error.findings[-1].message == "No pinned key signed the snapshot."


def test_only_signers_who_could_sign_are_asked_for(tmp_path: Path) -> None:
    path = samples.write(tmp_path, TREASURY)
    both = (
        "Fewer distinct keys and signers signed than the trust store asks for; there is none of Finance Director (exp"
    )
    assert both in str(refused(path))
    store = samples.pinned(samples.store(), STRANGER, "Chief Executive")
    store = revoke_key(store, STRANGER.keyid, revoked_at="2026-10-02T00:00:00Z", provenance=samples.PROVENANCE)
    assert both in str(refused(path, store))
    person = samples.pinned(samples.pinned(EMPTY, TREASURY, "One Person"), FINANCE, "One Person")
    assert "asks for (exp" in str(refused(samples.write(tmp_path), person))


@pytest.mark.parametrize(
    ("validity", "said"),
    [
        ({"not_after": "2026-11-02T23:59:59Z"}, "any time to 2026-11-02T23:59:59Z"),
        ({"not_before": "2026-11-03T00:00:01Z"}, "2026-11-03T00:00:01Z to any time"),
    ],
)
def test_an_expired_keys_validity_is_said(tmp_path: Path, validity: dict[str, str], said: str) -> None:
    store = samples.pinned(samples.pinned(EMPTY, TREASURY, "Head of Treasury"), FINANCE, "Finance Director", **validity)
    assert f"The key is pinned for {said}; the trusted time is {NOW}." in str(refused(samples.write(tmp_path), store))


def test_a_signature_over_another_payload_is_invalid(tmp_path: Path) -> None:
    payload = good_payload()
    other = TREASURY.sign(PAYLOAD_TYPE, payload + b" ")
    measured = [measure(item.name, item.content) for item in samples.members()]
    path = tmp_path / "other.porsnap"
    write_enveloped(path, Envelope(PAYLOAD_TYPE, payload, (other, FINANCE.sign(PAYLOAD_TYPE, payload))), measured)
    assert codes(path) == ["SIGNATURE.INVALID"]


def test_a_signature_over_another_payload_type_is_invalid(tmp_path: Path) -> None:
    payload = good_payload()
    signatures = (TREASURY.sign("application/json", payload), FINANCE.sign(PAYLOAD_TYPE, payload))
    measured = [measure(item.name, item.content) for item in samples.members()]
    path = tmp_path / "other.porsnap"
    write_enveloped(path, Envelope(PAYLOAD_TYPE, payload, signatures), measured)
    assert codes(path) == ["SIGNATURE.INVALID"]


def test_an_auditors_key_signs_no_snapshot(tmp_path: Path) -> None:
    assert codes(samples.write(tmp_path, TREASURY, FINANCE, AUDITOR)) == ["SIGNATURE.ROLE"]
    assert codes(samples.write(tmp_path, AUDITOR)) == ["SIGNATURE.ROLE"]


def test_keys_of_two_issuers_do_not_add_up(tmp_path: Path) -> None:
    store = samples.pinned(
        samples.pinned(EMPTY, TREASURY, "Head of Treasury"), FINANCE, "Finance Director", issuer="Other Ltd"
    )
    assert codes(samples.write(tmp_path), store) == ["SIGNATURE.ISSUER", "SIGNATURE.ISSUER"]


def test_the_issuer_named_is_the_one_whose_keys_signed(tmp_path: Path) -> None:
    assert codes(samples.write(tmp_path, issuer={"legalName": "Other Ltd"})) == ["SIGNATURE.ISSUER"]


def test_a_revoked_key_counts_before_its_revocation_only(tmp_path: Path) -> None:
    path = samples.write(tmp_path)
    store = revoke_key(samples.store(), FINANCE.keyid, revoked_at="2026-11-02T12:00:00Z", provenance=samples.PROVENANCE)
    assert codes(path, store) == ["SIGNATURE.REVOKED"]
    assert codes(path, store, trusted_time="2026-11-02T12:00:00Z") == ["SIGNATURE.REVOKED"]
    assert accepted(path, store, trusted_time="2026-11-02T11:59:59Z") == []
    assert accepted(samples.write(tmp_path, TREASURY), store) == [], "a revoked key is not asked for"


def test_with_every_key_revoked_nothing_is_authentic(tmp_path: Path) -> None:
    store = samples.store()
    for key in (TREASURY, FINANCE):
        store = revoke_key(store, key.keyid, revoked_at="2026-10-02T00:00:00Z", provenance=samples.PROVENANCE)
    assert codes(samples.write(tmp_path), store) == ["SIGNATURE.REVOKED", "SIGNATURE.REVOKED"]
    assert store.required(ISSUER, NOW) == 1


@pytest.mark.parametrize(
    "validity", [{"not_before": "2026-11-03T00:00:01Z"}, {"not_after": "2026-11-02T23:59:59Z"}], ids=str
)
def test_a_key_outside_its_validity_does_not_count(tmp_path: Path, validity: dict[str, str]) -> None:
    store = samples.pinned(samples.pinned(EMPTY, TREASURY, "Head of Treasury"), FINANCE, "Finance Director", **validity)
    assert codes(samples.write(tmp_path), store) == ["SIGNATURE.EXPIRED"]


def test_a_key_counts_on_the_first_and_last_second_of_its_validity(tmp_path: Path) -> None:
    store = samples.pinned(
        samples.pinned(EMPTY, TREASURY, "Head of Treasury"),
        FINANCE,
        "Finance Director",
        not_before=NOW,
        not_after=NOW,
    )
    assert accepted(samples.write(tmp_path), store) == []


def test_nothing_of_the_payload_is_parsed_before_the_threshold_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    original = consistency.parse_statement

    def noted(payload: bytes, kind: Any) -> Any:
        parsed.append(payload)
        return original(payload, kind)

    monkeypatch.setattr("auditor_app.snapshot.authenticate.parse_statement", noted)
    for keys in ((TREASURY,), (STRANGER,), (AUDITOR,)):
        refused(signed_payload(tmp_path, b"not even JSON", *keys))
    assert parsed == []
    accepted(samples.write(tmp_path))
    assert len(parsed) == 1


# ---- 6: the payload, parsed only now


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"not even JSON", "SNAPSHOT.JSON"),
        (b"\xef\xbb\xbf{}", "SNAPSHOT.JSON"),
        (b"{}", "SNAPSHOT.SCHEMA"),
        (b"[]", "SNAPSHOT.SCHEMA"),
        (b'{"a":1,"a":1}', "SNAPSHOT.JSON"),
        (b'{"a":NaN}', "SNAPSHOT.JSON"),
        (b'{"a":1.0}', "SNAPSHOT.JSON"),
        (b'{"a":1e3}', "SNAPSHOT.JSON"),
        (b'{"a":"\xff"}', "SNAPSHOT.JSON"),
        (b"[" * 17 + b"]" * 17, "SNAPSHOT.JSON"),
        (b'{"a":"\\ud800"}', "SNAPSHOT.JSON"),
        (b'{"\\udc00":"a"}', "SNAPSHOT.JSON"),
    ],
    ids=repr,
)
def test_a_signed_payload_that_is_no_statement_is_unusable(tmp_path: Path, payload: bytes, code: str) -> None:
    error = refused(signed_payload(tmp_path, payload))
    assert (error.code, error.exit_status) == (code, 3)


def test_an_unknown_major_version_is_named_before_the_schema(tmp_path: Path) -> None:
    document = msgspec.json.decode(good_payload())
    document["predicate"] |= {"formatVersion": "2.0", "newField": "of version 2"}
    error = refused(signed_payload(tmp_path, msgspec.json.encode(document)))
    assert (error.code, error.observed) == ("SNAPSHOT.VERSION", "2.0")


def test_evidence_is_no_snapshot(tmp_path: Path) -> None:
    assert refused(samples.write_evidence(tmp_path, TREASURY, FINANCE)).code == "SNAPSHOT.SCHEMA"


# ---- 7: nonce, predecessor, dates


def test_the_nonce_must_be_the_auditors(tmp_path: Path) -> None:
    path = samples.write(tmp_path)
    assert accepted(path, nonce="cd" * 32) == []
    assert accepted(path, nonce="CD" * 32) == []
    assert accepted(path, nonce="ce" * 32) == ["FRESH.NONCE"]
    assert accepted(samples.write(tmp_path, engagementNonce=None), nonce="cd" * 32) == ["FRESH.NONCE"]


def test_the_predecessor_must_be_the_one_held(tmp_path: Path) -> None:
    path = samples.write(tmp_path)
    assert accepted(path, previous="ab" * 32) == []
    assert accepted(path, previous="ac" * 32) == ["FRESH.ROLLBACK"]
    assert accepted(samples.write(tmp_path, previousPayloadSha256=None, sequence="1"), previous="ab" * 32) == [
        "FRESH.ROLLBACK"
    ]


@pytest.mark.parametrize(("sequence", "previous"), [("2", None), ("1", "ab" * 32), ("0", "ab" * 32)])
def test_a_sequence_that_contradicts_its_predecessor_is_a_warning(
    tmp_path: Path, sequence: str, previous: str | None
) -> None:
    path = samples.write(tmp_path, sequence=sequence, previousPayloadSha256=previous)
    authentic = samples.authenticate(path)
    authentic.members.close()
    assert [(item.code, item.severity) for item in authentic.findings] == [("FRESH.ROLLBACK", Severity.WARNING)]


@pytest.mark.parametrize(
    "dates",
    [
        {"createdAt": "2026-10-31T23:59:59Z"},
        {"createdAt": "2026-11-03T00:00:01Z"},
        {"validUntil": "2026-11-02T23:59:59Z"},
        {"asOf": "2026-11-02T08:00:01Z"},
    ],
    ids=str,
)
def test_dates_that_contradict_are_exceptions(tmp_path: Path, dates: dict[str, str]) -> None:
    assert accepted(samples.write(tmp_path, **dates)) == ["FRESH.DATES"]


def test_a_validity_that_ends_before_the_creation_is_an_exception(tmp_path: Path) -> None:
    path = samples.write(tmp_path, validUntil="2026-11-02T07:59:59Z")
    assert accepted(path, trusted_time="2026-11-02T08:00:00Z") == ["FRESH.DATES", "FRESH.DATES"]


@pytest.mark.parametrize("option", ["nonce", "previous"])
def test_what_the_auditor_types_must_be_hex(tmp_path: Path, option: str) -> None:
    with pytest.raises(UsageError):
        samples.authenticate(samples.write(tmp_path), **{option: "short"})


def test_an_impossible_trusted_time_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        samples.authenticate(samples.write(tmp_path), trusted_time="yesterday")


# ---- 8: members (the archives with other members stand in tests/properties/test_snapshot_mutations.py)


def test_a_signed_size_that_is_not_the_members_is_named(tmp_path: Path) -> None:
    document = msgspec.json.decode(good_payload())
    document["subject"][1]["annotations"]["size"] = "97"
    assert codes(signed_payload(tmp_path, msgspec.json.encode(document))) == ["MEMBER.SIZE"]


def test_a_signed_digest_that_is_not_the_members_is_found_on_reading(tmp_path: Path) -> None:
    document = msgspec.json.decode(good_payload())
    document["subject"][1]["digest"]["sha256"] = "00" * 32
    authentic = samples.authenticate(signed_payload(tmp_path, msgspec.json.encode(document)))
    with pytest.raises(SnapshotError) as caught:
        authentic.members.read("reserves/addresses.csv", CancelToken())
    assert (caught.value.code, caught.value.exit_status) == ("MEMBER.DIGEST", 2)
    with pytest.raises(KeyError):
        authentic.members.read("never signed", CancelToken())
    authentic.members.close()


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing.porsnap"
    measured = [measure(item.name, item.content) for item in samples.members()[:2]]
    write_payload(path, good_payload(), measured, (TREASURY, FINANCE))
    error = refused(path)
    assert (error.code, error.at.file) == ("MEMBER.MISSING", "funds.csv")


def test_a_missing_member_is_missing_and_not_of_another_size(tmp_path: Path) -> None:
    members = contents(samples.write(tmp_path).read_bytes())
    path = tmp_path / "changed.porsnap"
    path.write_bytes(rebuilt(members[:-1]))
    assert codes(path) == ["MEMBER.MISSING"]
    path.write_bytes(rebuilt([*members, ("zz/unsigned.csv", b"x")]))
    assert codes(path) == ["MEMBER.MISSING"]


def test_members_stand_in_the_order_in_which_they_were_signed(tmp_path: Path) -> None:
    envelope, first, second, third = contents(samples.write(tmp_path).read_bytes())
    path = tmp_path / "changed.porsnap"
    for members, wanted, got in (
        ([envelope, second, first, third], first, second),
        ([envelope, first, third, second], second, third),
        ([first, envelope, second, third], envelope, first),
    ):
        path.write_bytes(rebuilt(members))
        error = refused(path)
        assert (error.code, error.expected, error.observed) == ("SNAPSHOT.CONTAINER", wanted[0], got[0])
        assert "the order in which they were signed" in error.what
        assert (error.at.file, error.exit_status) == (got[0], 3)


def test_a_container_without_an_envelope_is_no_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "changed.porsnap"
    path.write_bytes(rebuilt(contents(samples.write(tmp_path).read_bytes())[1:]))
    error = refused(path)
    assert (error.code, error.what) == ("SNAPSHOT.CONTAINER", "there is no member snapshot.dsse.json")


def test_whatever_is_refused_leaves_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Any] = []
    close = ArchiveContainer.close

    def noted(container: ArchiveContainer) -> None:
        closed.append(container)
        close(container)

    monkeypatch.setattr(ArchiveContainer, "close", noted)
    refused(samples.write(tmp_path, STRANGER))
    assert len(closed) == 1
    evidence = samples.write_evidence(tmp_path)
    evidence.write_bytes(rebuilt(contents(evidence.read_bytes())[:-1]))
    with pytest.raises(SnapshotError):
        authenticate_evidence(evidence, samples.store(), token=CancelToken())
    assert len(closed) == 2
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        authenticate_evidence(samples.write_evidence(tmp_path), samples.store(), token=token)
    assert len(closed) == 3


def test_what_is_not_authentic_is_told_by_its_first_critical_finding() -> None:
    note, grave = (
        finding(code, procedure="signatures", subject="s", message=f"{code}.")
        for code in ("ROOT.NOT_TIMESTAMPED", "MEMBER.MISSING")
    )
    assert (note.severity is Severity.CRITICAL, grave.severity is Severity.CRITICAL) == (False, True)
    error = NotAuthentic((note, grave))
    assert (error.code, error.what, error.findings) == ("MEMBER.MISSING", "MEMBER.MISSING", (note, grave))


def test_a_member_over_the_limit_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = samples.write(tmp_path)
    monkeypatch.setattr(layout, "MAX_MEMBER_BYTES", 50)
    error = refused(path)
    assert (error.code, error.expected) == ("SNAPSHOT.LIMIT", "at most 50 bytes")


def test_an_envelope_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = samples.write(tmp_path)
    monkeypatch.setattr(layout, "MAX_ENVELOPE_BYTES", 1000)
    assert refused(path).code == "SNAPSHOT.LIMIT"


def test_bytes_behind_the_payload_type_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "type.porsnap"
    measure_all = [measure(item.name, item.content) for item in samples.members()]
    write_enveloped(path, Envelope("text/" + "x" * 5000, b"{}", ()), measure_all)
    error = refused(path)
    assert error.code == "SNAPSHOT.ENVELOPE"
    assert len(error.sentence()) < 500
