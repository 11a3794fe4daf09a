"""Keys that sign a report: from a PKCS#12 file or a PKCS#11 token. Nothing of them is stored, and no pass phrase is logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor_app.errors import Location, ReportError

if TYPE_CHECKING:
    from asn1crypto import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate
    from pyhanko.sign.signers import Signer

MAX_KEY_BYTES = 2**20
MAX_CERTIFICATE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key on a PKCS#11 token: its module (a shared library), the token's label, labels of certificate and key."""

    module: Path
    token: str | None
    certificate: str
    key: str | None = None


def signer_from_pkcs12(data: bytes, *, file: str, passphrase: Callable[[], bytes]) -> Signer:
    """The signer in a PKCS#12 file; REPORT.SIGNING where it cannot be opened or holds no key with its certificate.

    ``passphrase`` is asked once, and only where the file is not readable without one.
    """
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives import serialization
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    key, certificate, others = _opened(data, file, passphrase)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    chain.register_multiple(
        [x509.Certificate.load(item.certificate.public_bytes(serialization.Encoding.DER)) for item in others]
    )
    return SimpleSigner(
        signing_cert=x509.Certificate.load(certificate.certificate.public_bytes(serialization.Encoding.DER)),
        signing_key=keys.PrivateKeyInfo.load(der),
        cert_registry=chain,
    )


def _opened(
    data: bytes, file: str, passphrase: Callable[[], bytes]
) -> tuple[PrivateKeyTypes, PKCS12Certificate, list[PKCS12Certificate]]:
    """Key, its certificate and the other certificates, tried without a pass phrase first."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    def load(secret: bytes | None) -> pkcs12.PKCS12KeyAndCertificates:
        return pkcs12.load_pkcs12(data, secret)

    try:
        held = load(None)
    except ValueError:
        try:
            held = load(passphrase())
        except ValueError:
            raise _refusal(file, "the PKCS#12 file cannot be opened", "Type its pass phrase again.") from None
    if held.key is None or held.cert is None:
        raise _refusal(file, "the PKCS#12 file holds no private key with its certificate", "Export both together.")
    return held.key, held.cert, held.additional_certs


@contextmanager
def signer_from_token(place: TokenKey, pin: Callable[[], str]) -> Iterator[Signer]:
    """The signer on a token while its session is open; REPORT.SIGNING where the token or the key is not there."""
    import pkcs11
    from pyhanko.config.pkcs11 import TokenCriteria
    from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

    try:
        session = open_pkcs11_session(
            str(place.module), token_criteria=TokenCriteria(label=place.token), user_pin=pin()
        )
    except (pkcs11.PKCS11Error, OSError, RuntimeError) as error:
        raise _refusal(
            place.module.name,
            f"the token cannot be used ({type(error).__name__})",
            "Check the module, the token's label and the PIN.",
        ) from None
    try:
        signer = PKCS11Signer(session, cert_label=place.certificate, key_label=place.key or place.certificate)
        certificate = signer.signing_cert
        # Tokens without a hashing ECDSA mechanism are common; the plain one, over our digest, is everywhere.
        signer.use_raw_mechanism = certificate is not None and certificate.public_key.algorithm == "ec"
        yield signer
    except pkcs11.PKCS11Error as error:
        raise _refusal(
            place.module.name,
            f"the token did not sign ({type(error).__name__})",
            "Check the labels of key and certificate.",
        ) from None
    finally:
        session.close()


def read_certificates(data: bytes, *, file: str) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM or DER file; REPORT.SIGNATURE's reader names them with ``--cert``."""
    from asn1crypto import pem, x509

    try:
        if not pem.detect(data):
            return (_strict(x509.Certificate.load(data, strict=True)),)
        blocks: Sequence[tuple[str, object, bytes]] = list(pem.unarmor(data, multiple=True))
        found = tuple(
            _strict(x509.Certificate.load(der, strict=True)) for kind, _, der in blocks if kind == "CERTIFICATE"
        )
    except (ValueError, TypeError) as error:
        raise _refusal(file, f"the file holds no certificate ({str(error)[:80]})", "Name a PEM or DER file.") from None
    if not found:
        raise _refusal(file, "the file holds no certificate", "Name a PEM or DER file with certificates.")
    return found


def _strict(certificate: x509.Certificate) -> x509.Certificate:
    """Parsed to its leaves now, so that nothing malformed comes up later."""
    _ = certificate.native
    return certificate


def _refusal(file: str, what: str, action: str) -> ReportError:
    return ReportError("REPORT.SIGNING", what, at=Location(file), action=action)
