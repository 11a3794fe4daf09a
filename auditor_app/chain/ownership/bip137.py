"""BIP-137 and its relatives on other UTXO chains: ``X Signed Message:`` with a 65-byte compact signature.

The first byte carries the recovery id and the address type. Electrum and others sign for segregated witness
addresses with the byte of a compressed P2PKH key: that is taken too, and recorded as such.
"""

from __future__ import annotations

from auditor_app.chain.address.digests import compressed, hash160, sha256d
from auditor_app.chain.address.model import Address
from auditor_app.chain.ownership.encoding import of_size, varstr
from auditor_app.chain.ownership.keys import recover
from auditor_app.chain.ownership.model import Binds, Claim, Match, NoMatch

_FIRST_HEADER, _LAST_HEADER = 27, 42


def check(claim: Claim) -> Match | NoMatch:
    """Addresses of one key: P2PKH, P2SH-P2WPKH, P2WPKH."""
    signature = of_size(claim.signatures[0], 65)
    if signature is None:
        return NoMatch("the signature is not 65 bytes in base64 or hex", foreign=True)
    key = recovered_key(claim.network.magic, claim.message, signature)
    if key is None or claim.address is None:
        return NoMatch()
    kind = _scheme(signature[0], key, claim.address)
    return NoMatch() if kind is None else Match(f"{claim.network.magic.strip().rstrip(':')}, {kind}", Binds.ADDRESS)


def message_digest(magic: str, message: str) -> bytes:
    """Double SHA-256 over both texts, each after its length."""
    return sha256d(varstr(magic.encode("ascii")) + varstr(message.encode("utf-8")))


def recovered_key(magic: str, message: str, signature: bytes) -> bytes | None:
    """The uncompressed key behind a compact signature, or ``None``."""
    if not _FIRST_HEADER <= signature[0] <= _LAST_HEADER:
        return None
    return recover(message_digest(magic, message), signature[1:], (signature[0] - _FIRST_HEADER) & 3)


def _scheme(header: int, key: bytes, address: Address) -> str | None:
    """Which address type the header and the key spell, if it is this address."""
    short = hash160(compressed(key))
    if header <= 30:
        fits = address.kind == "p2pkh" and address.payload == hash160(key)
        return "P2PKH, uncompressed key" if fits else None
    if address.kind == "p2pkh":
        return "P2PKH" if header <= 34 and address.payload == short else None
    if address.kind == "p2sh" and address.payload == hash160(b"\x00\x14" + short):
        return {0: "P2SH-P2WPKH", -1: "P2SH-P2WPKH with the header of P2PKH"}.get((header - 35) // 4)
    if address.kind == "p2wpkh" and address.payload == short:
        return {1: "P2WPKH", -1: "P2WPKH with the header of P2PKH"}.get((header - 35) // 4)
    return None
