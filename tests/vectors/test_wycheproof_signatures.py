"""Project Wycheproof: every vector of our four algorithms, and of their near neighbours that must not pass."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from auditor_app.snapshot.signatures import (
    ALGORITHMS,
    P256_ORDER,
    SECP256K1_ORDER,
    KeyRefused,
    is_strict_low_s,
    load_spki,
)

pytestmark = pytest.mark.vectors

_ORDERS = {"ecdsa-p256-sha256": P256_ORDER, "ecdsa-secp256k1-sha256": SECP256K1_ORDER}


def _cases(vectors: Path, name: str) -> list[tuple[bytes, dict[str, Any]]]:
    document = json.loads((vectors / "signatures" / "wycheproof" / name).read_text())
    return [(bytes.fromhex(group["publicKeyDer"]), test) for group in document["testGroups"] for test in group["tests"]]


@pytest.mark.parametrize(
    ("name", "algorithm", "accepted"),
    [
        ("ed25519_test.json", "ed25519", 88),
        ("ecdsa_secp256r1_sha256_test.json", "ecdsa-p256-sha256", None),
        ("ecdsa_secp256k1_sha256_test.json", "ecdsa-secp256k1-sha256", None),
        ("ecdsa_secp256k1_sha256_bitcoin_test.json", "ecdsa-secp256k1-sha256", None),
        ("rsa_pss_3072_sha256_mgf1_32_test.json", "rsa-pss-sha256", None),
        ("rsa_pss_4096_sha256_mgf1_32_test.json", "rsa-pss-sha256", None),
    ],
)
def test_a_signature_passes_exactly_where_wycheproof_says_valid(
    vectors: Path, name: str, algorithm: str, accepted: int | None
) -> None:
    seen: Counter[bool] = Counter()
    for der, test in _cases(vectors, name):
        try:
            key, found = load_spki(der)
        except KeyRefused:
            assert test["result"] != "valid", test
            continue
        assert found.name == algorithm
        passed = ALGORITHMS[algorithm].verify(key, bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))
        high_s = algorithm in _ORDERS and _is_high_s(bytes.fromhex(test["sig"]), _ORDERS[algorithm])
        assert passed == (test["result"] == "valid" and not high_s), (test["tcId"], test["comment"])
        seen[passed] += 1
    assert seen[True] > 20
    assert seen[False] > 20
    if accepted is not None:
        assert seen[True] == accepted


def _is_high_s(signature: bytes, order: int) -> bool:
    """Whether the only thing that speaks against a signature is its high S, computed without our check."""
    try:
        return decode_dss_signature(signature)[1] > order // 2
    except ValueError:
        return False


@pytest.mark.parametrize(
    "name",
    [
        "ecdsa_secp256r1_sha256_p1363_test.json",
        "ecdsa_secp256k1_sha256_p1363_test.json",
    ],
)
def test_raw_r_and_s_are_no_der(vectors: Path, name: str) -> None:
    for der, test in _cases(vectors, name):
        key, algorithm = load_spki(der)
        signature = bytes.fromhex(test["sig"])
        assert not is_strict_low_s(signature, _ORDERS[algorithm.name])
        assert not algorithm.verify(key, signature, bytes.fromhex(test["msg"]))


@pytest.mark.parametrize(
    "name",
    [
        "rsa_pss_2048_sha256_mgf1_0_test.json",
        "rsa_pss_2048_sha256_mgf1_32_test.json",
        "rsa_pss_2048_sha256_mgf1sha1_20_test.json",
        "rsa_pss_misc_test.json",
    ],
)
def test_short_rsa_keys_are_refused(vectors: Path, name: str) -> None:
    for der, _ in _cases(vectors, name):
        with pytest.raises(KeyRefused):
            load_spki(der)


def test_sha_512_with_a_longer_salt_does_not_pass(vectors: Path) -> None:
    for der, test in _cases(vectors, "rsa_pss_4096_sha512_mgf1_64_test.json"):
        key, algorithm = load_spki(der)
        assert not algorithm.verify(key, bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))
