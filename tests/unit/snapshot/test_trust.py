"""The trust store: what may enter, what may be read back, and how little it takes to be refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor_app.errors import TrustStoreError
from auditor_app.snapshot.trust import (
    EMPTY,
    TrustStore,
    add_key,
    add_time_authority,
    load_store,
    normal_fingerprint,
    revoke_key,
    save_store,
    set_threshold,
)
from tests.unit.snapshot import samples, tsa
from tests.unit.snapshot.samples import AUDITOR, FINANCE, ISSUER, NOW, PROVENANCE, STRANGER, TREASURY


def refused(work: Callable[[], object]) -> TrustStoreError:
    with pytest.raises(TrustStoreError) as caught:
        work()
    assert caught.value.exit_status == 3
    return caught.value


def test_a_store_reads_back_as_it_was_written(tmp_path: Path) -> None:
    store = add_time_authority(
        set_threshold(samples.store(), ISSUER, 1),
        pem=tsa.authority().root_pem(),
        typed_fingerprint=tsa.authority().root_fingerprint(),
        name="TSA",
        provenance=PROVENANCE,
    )
    path = tmp_path / "trust.json"
    save_store(path, store)
    assert load_store(path) == store
    document = json.loads(path.read_text())
    assert document["version"] == "3"
    assert document["issuers"] == {ISSUER: {"threshold": "1"}}
    assert set(document["keys"][0]) == {
        "spkiSha256",
        "spki",
        "algorithm",
        "role",
        "issuer",
        "signer",
        "notBefore",
        "notAfter",
        "revokedAt",
        "provenance",
    }
    assert [item.name for item in tmp_path.iterdir()] == ["trust.json"]


def test_no_key_enters_without_its_typed_fingerprint() -> None:
    for typed in (TREASURY.keyid, "", "00" * 31, TREASURY.keyid[:-1], "０" * 64):
        error = refused(lambda typed=typed: add(STRANGER, typed_fingerprint=typed))  # type: ignore[misc]
        assert error.code == "TRUST.FINGERPRINT"
    assert add(STRANGER).keys[-1].spki_sha256 == STRANGER.keyid


def test_a_fingerprint_may_be_typed_in_groups() -> None:
    spaced = " ".join(STRANGER.keyid[at : at + 4] for at in range(0, 64, 4))
    assert normal_fingerprint(f" {spaced.upper()} ") == STRANGER.keyid
    assert normal_fingerprint(":".join(STRANGER.keyid[at : at + 2] for at in range(0, 64, 2))) == STRANGER.keyid


def add(key: Any, store: TrustStore | None = None, **options: Any) -> TrustStore:
    fields = {
        "pem": key.public_pem(),
        "typed_fingerprint": key.keyid,
        "role": "issuer",
        "issuer": ISSUER,
        "signer": "Somebody",
        "provenance": PROVENANCE,
    }
    return add_key(samples.store() if store is None else store, **(fields | options))


def test_a_key_has_one_role_and_one_entry() -> None:
    for options in ({"role": "auditor"}, {"role": "issuer"}, {"issuer": "Other Ltd"}, {"signer": "Other"}):
        error = refused(lambda options=options: add(TREASURY, **options))  # type: ignore[misc]
        assert error.code == "TRUST.KEY"
        assert "already pinned, with the role issuer" in error.what
    assert "with the role auditor" in refused(lambda: add(AUDITOR)).what


@pytest.mark.parametrize(
    "options",
    [
        {"issuer": None},
        {"issuer": ""},
        {"signer": ""},
        {"not_before": "2026-11-01"},
        {"not_before": "2026-13-01T00:00:00Z"},
        {"not_before": "2026-11-02T00:00:00Z", "not_after": "2026-11-01T00:00:00Z"},
        {"pem": b"nothing"},
    ],
    ids=str,
)
def test_a_badly_described_key_does_not_enter(options: dict[str, Any]) -> None:
    assert refused(lambda: add(STRANGER, **options)).code in ("TRUST.KEY", "TRUST.STORE")


def test_an_auditors_key_needs_no_issuer() -> None:
    store = add(STRANGER, role="auditor", issuer=None)
    assert store.keys[-1].issuer is None
    assert ISSUER in store.issuers
    assert store.issuer_keys(ISSUER) == samples.store().issuer_keys(ISSUER)


def test_a_revocation_is_recorded_and_never_moved_later() -> None:
    store = revoke_key(samples.store(), TREASURY.keyid.upper(), revoked_at=NOW, provenance=PROVENANCE)
    key = store.key(TREASURY.keyid)
    assert key is not None
    assert (key.revoked_at, len(key.provenance)) == (NOW, 2)
    later = "2026-12-01T00:00:00Z"
    assert (
        refused(lambda: revoke_key(store, TREASURY.keyid, revoked_at=later, provenance=PROVENANCE)).code == "TRUST.KEY"
    )
    earlier = revoke_key(store, TREASURY.keyid, revoked_at="2026-10-01T00:00:00Z", provenance=PROVENANCE)
    assert earlier.key(TREASURY.keyid).revoked_at == "2026-10-01T00:00:00Z"  # type: ignore[union-attr]
    assert refused(lambda: revoke_key(store, STRANGER.keyid, revoked_at=NOW, provenance=PROVENANCE)).code == "TRUST.KEY"


def test_the_default_threshold_is_every_unrevoked_key() -> None:
    store = samples.store()
    assert store.required(ISSUER, NOW) == 2
    store = samples.pinned(store, STRANGER, "Chief Executive")
    assert store.required(ISSUER, NOW) == 3
    store = revoke_key(store, STRANGER.keyid, revoked_at=NOW, provenance=PROVENANCE)
    assert store.required(ISSUER, NOW) == 2
    assert store.required(ISSUER, "2026-11-02T23:59:59Z") == 3
    assert set_threshold(set_threshold(store, ISSUER, 1), ISSUER, None) == store


@pytest.mark.parametrize("threshold", [0, -1, 3])
def test_a_threshold_that_cannot_be_met_or_asks_for_nothing_is_refused(threshold: int) -> None:
    assert refused(lambda: set_threshold(samples.store(), ISSUER, threshold)).code == "TRUST.KEY"
    assert refused(lambda: set_threshold(samples.store(), "Other Ltd", 1)).code == "TRUST.KEY"


def test_a_time_authority_enters_with_its_fingerprint_once() -> None:
    authority = tsa.authority()
    fields = {"pem": authority.root_pem(), "name": "TSA", "provenance": PROVENANCE}
    wrong = refused(lambda: add_time_authority(EMPTY, typed_fingerprint="00" * 32, **fields))  # type: ignore[arg-type]
    assert wrong.code == "TRUST.FINGERPRINT"
    store = add_time_authority(EMPTY, typed_fingerprint=authority.root_fingerprint(), **fields)  # type: ignore[arg-type]
    again = lambda: add_time_authority(store, typed_fingerprint=authority.root_fingerprint(), **fields)  # type: ignore[arg-type] # noqa: E731
    assert refused(again).code == "TRUST.KEY"
    junk = lambda: add_time_authority(EMPTY, typed_fingerprint="00" * 32, **(fields | {"pem": b"x"}))  # type: ignore[arg-type] # noqa: E731
    assert refused(junk).code == "TRUST.KEY"


def spoiled(document: dict[str, Any], kind: str) -> None:
    """Change one thing that makes a store unusable."""
    key = document["keys"][0]
    match kind:
        case "version":
            document["version"] = "2"
        case "unknown field":
            document["extra"] = "x"
        case "unknown key field":
            key["trusted"] = True
        case "missing field":
            del key["signer"]
        case "another public key":
            key["spki"] = document["keys"][1]["spki"]
        case "another fingerprint":
            key["spkiSha256"] = "00" * 32
        case "another algorithm":
            key["algorithm"] = "ecdsa-p256-sha256"
        case "unknown algorithm":
            key["algorithm"] = "ed25519 "
        case "unknown role":
            key["role"] = "both"
        case "key twice":
            document["keys"].append(key | {"role": "auditor"})
        case "issuer unknown":
            key["issuer"] = "Other Ltd"
        case "no issuer":
            key["issuer"] = None
        case "no provenance":
            key["provenance"] = []
        case "impossible date":
            key["notAfter"] = "2026-02-30T00:00:00Z"
        case "threshold zero":
            document["issuers"][ISSUER]["threshold"] = "0"
        case "threshold number":
            document["issuers"][ISSUER]["threshold"] = 1
        case "not base64":
            key["spki"] = "?"
        case "certificate":
            document["timeAuthorities"] = [
                {"name": "x", "certificateSha256": "00" * 32, "certificate": "AAAA", "provenance": key["provenance"]}
            ]


@pytest.mark.parametrize(
    "kind",
    [
        "version",
        "unknown field",
        "unknown key field",
        "missing field",
        "another public key",
        "another fingerprint",
        "another algorithm",
        "unknown algorithm",
        "unknown role",
        "key twice",
        "issuer unknown",
        "no issuer",
        "no provenance",
        "impossible date",
        "threshold zero",
        "threshold number",
        "not base64",
        "certificate",
    ],
)
def test_a_store_that_we_did_not_write_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "trust.json"
    save_store(path, samples.store())
    document = json.loads(path.read_text())
    before = json.dumps(document)
    spoiled(document, kind)
    assert json.dumps(document) != before
    path.write_text(json.dumps(document))
    assert refused(lambda: load_store(path)).code == "TRUST.STORE"


@pytest.mark.parametrize(
    "data", [b"", b"{}x", b'{"version":"3","version":"3"}', b"\xef\xbb\xbf{}", b"[1.5]", b"\xff"], ids=repr
)
def test_a_store_that_is_no_strict_json_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "trust.json"
    path.write_bytes(data)
    assert refused(lambda: load_store(path)).code == "TRUST.STORE"


def test_a_missing_store_is_named(tmp_path: Path) -> None:
    error = refused(lambda: load_store(tmp_path / "none.json"))
    assert error.code == "TRUST.STORE"
    assert "none.json" in error.sentence()


def test_the_same_store_gives_the_same_bytes(tmp_path: Path) -> None:
    """Writing is deterministic: the same store gives the same bytes."""
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    save_store(first, samples.store())
    save_store(second, load_store(first))
    assert first.read_bytes() == second.read_bytes()
    assert FINANCE.keyid.encode() in first.read_bytes()
