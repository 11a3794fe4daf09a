"""A time-stamping authority of the test's own: a root, a signer under it, and tokens over anything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from asn1crypto import algos, cms, tsp
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

_BEGIN, _END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Authority:
    """``root`` is what an auditor pins."""

    root: x509.Certificate
    signer: x509.Certificate
    key: rsa.RSAPrivateKey

    def root_pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def root_fingerprint(self) -> str:
        return self.root.fingerprint(hashes.SHA256()).hex()

    def stamp(self, data: bytes, at: datetime, algorithm: str = "sha256", label: str = "") -> bytes:
        """A TimeStampResp over the digest of ``data``; ``label`` names the digest as another algorithm's."""
        store = SimpleCertificateStore()
        store.register_multiple([_asn1(self.signer), _asn1(self.root)])
        key = self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        stamper = DummyTimeStamper(
            _asn1(self.signer), asn1_keys.PrivateKeyInfo.load(key), certs_to_embed=store, fixed_dt=at
        )
        request = tsp.TimeStampReq(
            {
                "version": 1,
                "message_imprint": tsp.MessageImprint(
                    {
                        "hash_algorithm": algos.DigestAlgorithm({"algorithm": label or algorithm}),
                        "hashed_message": hashlib.new(algorithm, data).digest(),
                    }
                ),
                "cert_req": True,
            }
        )
        return bytes(stamper.request_tsa_response(request).dump())


def token_of(response: bytes) -> bytes:
    """The bare token inside a response."""
    token: Any = tsp.TimeStampResp.load(response)["time_stamp_token"]
    assert isinstance(token, cms.ContentInfo)
    return bytes(token.dump())


@cache
def authority(name: str = "Example TSA", *, purpose: bool = True) -> Authority:
    """An authority; without ``purpose`` its signer's certificate is not for time stamps."""
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root_name, signer_name = _name(f"{name} root"), _name(name)
    root = (
        _builder(root_name, root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    usage = ExtendedKeyUsageOID.TIME_STAMPING if purpose else ExtendedKeyUsageOID.CODE_SIGNING
    signer = (
        _builder(signer_name, root_name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    return Authority(root, signer, key)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END + timedelta(days=1))
    )


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
