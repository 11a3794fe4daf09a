"""Certificates and keys of made-up signers, and a time-stamping authority as a pyHanko time stamper."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.unit.snapshot.tsa import authority

PASSPHRASE = b"correct horse"
_DER = serialization.Encoding.DER


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def root(name: str = "Example Root") -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    return _root(name)


@cache
def _root(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2045, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


@cache
def person(
    name: str, *, until: int = 2044, issuer: str = "Example Root"
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    ca, ca_key = root(issuer)
    key = ec.generate_private_key(ec.SECP256R1())
    flags = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(until, 1, 1, tzinfo=UTC))
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **flags), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    return certificate, key


def p12(name: str, *, passphrase: bytes | None = PASSPHRASE, **options: object) -> bytes:
    certificate, key = person(name, **options)  # type: ignore[arg-type]
    cipher: serialization.KeySerializationEncryption = (
        serialization.NoEncryption() if passphrase is None else serialization.BestAvailableEncryption(passphrase)
    )
    issuer = str(options.get("issuer", "Example Root"))
    return pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, [root(issuer)[0]], cipher)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(item.public_bytes(serialization.Encoding.PEM) for item in certificates)


def asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(_DER))


def stamper(at: datetime) -> DummyTimeStamper:
    held = authority()
    store = SimpleCertificateStore()
    store.register_multiple([asn1(held.signer), asn1(held.root)])
    key = held.key.private_bytes(_DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return DummyTimeStamper(asn1(held.signer), asn1_keys.PrivateKeyInfo.load(key), certs_to_embed=store, fixed_dt=at)
