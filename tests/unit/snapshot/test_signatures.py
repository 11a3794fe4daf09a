"""The four algorithms: a round trip each, and what must not pass."""

from __future__ import annotations

from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from auditor_app.errors import AuditError
from auditor_app.snapshot.envelope import pae
from auditor_app.snapshot.signatures import (
    ALGORITHMS,
    P256_ORDER,
    SECP256K1_ORDER,
    KeyRefused,
    fingerprint,
    is_strict_low_s,
    load_public_pem,
    load_spki,
    spki,
)
from auditor_app.snapshot.signing import PrivateKey, SigningKey, load_private_pem

TYPE, MESSAGE = "type", b"payload"


@cache
def private(algorithm: str) -> PrivateKey:
    """One key of each kind; RSA costs a second."""
    match algorithm:
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "ecdsa-p256-sha256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ecdsa-secp256k1-sha256":
            return ec.generate_private_key(ec.SECP256K1())
        case _:
            return rsa.generate_private_key(65537, 3072)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_what_one_key_signs_only_that_key_and_message_verify(algorithm: str) -> None:
    key = SigningKey.of(private(algorithm))
    assert key.algorithm == algorithm
    signature = key.sign(TYPE, MESSAGE).sig
    public, found = load_spki(spki(private(algorithm).public_key()))
    assert found.verify(public, signature, pae(TYPE, MESSAGE))
    assert not found.verify(public, signature, pae(TYPE, MESSAGE + b"x"))
    assert not found.verify(public, signature[:-1], pae(TYPE, MESSAGE))
    others = [item for item in ALGORITHMS.values() if item is not found and item.accepts(public)]
    assert others == []
    for other in ALGORITHMS.values():
        if other is not found:
            assert not other.verify(public, signature, pae(TYPE, MESSAGE)) or other.name.startswith("ecdsa")


@pytest.mark.parametrize(
    ("algorithm", "order"), [("ecdsa-p256-sha256", P256_ORDER), ("ecdsa-secp256k1-sha256", SECP256K1_ORDER)]
)
def test_the_other_half_of_ecdsa_does_not_pass(algorithm: str, order: int) -> None:
    key = SigningKey.of(private(algorithm))
    public, found = load_spki(spki(key.private.public_key()))
    for attempt in range(8):  # a nonce may give a low S by itself
        message = b"%d" % attempt
        low = key.sign(TYPE, message).sig
        r, s = decode_dss_signature(low)
        high = encode_dss_signature(r, order - s)
        assert s <= order // 2
        assert found.verify(public, low, pae(TYPE, message))
        assert not found.verify(public, high, pae(TYPE, message))


def test_ecdsa_with_trailing_bytes_inside_or_behind_does_not_pass() -> None:
    key = SigningKey.of(private("ecdsa-p256-sha256"))
    public, found = load_spki(spki(key.private.public_key()))
    signature = key.sign(TYPE, MESSAGE).sig
    longer = bytes([0x30, 0x81, signature[1]]) + signature[2:]  # BER's long form of the same length
    assert not found.verify(public, signature + b"\0", pae(TYPE, MESSAGE))
    assert not found.verify(public, longer, pae(TYPE, MESSAGE))


def test_strict_der_does_not_rest_on_the_librarys_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that takes anything for (1, 1) makes no second encoding pass."""
    monkeypatch.setattr("auditor_app.snapshot.signatures.decode_dss_signature", lambda _: (1, 1))
    assert is_strict_low_s(bytes.fromhex("3006020101020101"), P256_ORDER)
    assert not is_strict_low_s(bytes.fromhex("308106020101020101"), P256_ORDER)


@pytest.mark.parametrize(("salt", "digest"), [(20, hashes.SHA256()), (32, hashes.SHA512())])
def test_other_pss_parameters_do_not_pass(salt: int, digest: hashes.HashAlgorithm) -> None:
    key = private("rsa-pss-sha256")
    assert isinstance(key, rsa.RSAPrivateKey)
    public, found = load_spki(spki(key.public_key()))
    signature = key.sign(MESSAGE, padding.PSS(padding.MGF1(digest), salt), digest)
    assert not found.verify(public, signature, MESSAGE)
    assert not found.verify(public, key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256()), MESSAGE)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
        ed448.Ed448PrivateKey.generate(),
    ],
    ids=["rsa-2048", "p-384", "ed448"],
)
def test_other_keys_are_refused(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey) -> None:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(KeyRefused):
        load_spki(der)


def test_a_small_exponent_is_refused() -> None:
    modulus = private("rsa-pss-sha256").public_key().public_numbers().n  # type: ignore[union-attr]
    weak = rsa.RSAPublicNumbers(3, modulus).public_key()
    with pytest.raises(KeyRefused):
        load_spki(spki(weak))


def test_one_key_has_one_der_and_one_fingerprint() -> None:
    public = private("ecdsa-p256-sha256").public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    usual = spki(public)
    point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    with pytest.raises(KeyRefused, match="usual DER form"):
        load_spki(compressed)
    assert load_public_pem(SigningKey.of(private("ecdsa-p256-sha256")).public_pem()) == usual
    assert len(fingerprint(usual)) == 64


def test_a_private_key_or_certificate_file_is_not_taken_for_a_public_key() -> None:
    for pem, word in ((_pem(private("ed25519")), "private"), (b"-----BEGIN CERTIFICATE-----", "certificate")):
        with pytest.raises(KeyRefused, match=word):
            load_public_pem(pem)
    with pytest.raises(KeyRefused):
        load_public_pem(b"nothing")


def test_an_encrypted_key_opens_with_its_pass_phrase_only() -> None:
    pem = _pem(private("ed25519"), b"secret")
    opened = load_private_pem(pem, file="k.pem", passphrase=lambda: b"secret")
    assert opened.keyid == SigningKey.of(private("ed25519")).keyid
    with pytest.raises(AuditError, match=r"k\.pem: .*pass phrase"):
        load_private_pem(pem, file="k.pem", passphrase=lambda: b"other")


def test_a_signing_key_never_shows_itself() -> None:
    assert "private" not in repr(SigningKey.of(private("ed25519")))


def test_unusable_private_keys_say_why() -> None:
    for pem in (b"nonsense", _pem(ec.generate_private_key(ec.SECP384R1())), _pem(ed448.Ed448PrivateKey.generate())):
        with pytest.raises(AuditError) as caught:
            load_private_pem(pem, file="k.pem", passphrase=lambda: b"")
        assert caught.value.code == "TRUST.KEY"


def _pem(key: PrivateKey | ed448.Ed448PrivateKey, phrase: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(phrase) if phrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
