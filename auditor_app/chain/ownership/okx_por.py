r"""OKX's framings (okx/proof-of-reserves): its own header on most chains, EIP-191 over a digest on EVM chains.

OKX signs ``"OKX Signed Message:\n"`` and the message, each after its length: Keccak-256 of it on secp256k1 chains,
SHA-256 on EOS, the bytes themselves on Ed25519 chains. On UTXO chains it signs as everybody does.
"""

from __future__ import annotations

from eth_typing import BLSPubkey, BLSSignature
from py_ecc.bls.ciphersuites import G2ProofOfPossession

from auditor_app.chain.address.digests import keccak256, sha256
from auditor_app.chain.address.model import Family
from auditor_app.chain.ownership import bip137, multisig, starknet
from auditor_app.chain.ownership.binding import bound
from auditor_app.chain.ownership.encoding import EOS_PREFIX, from_eos, of_size, varstr
from auditor_app.chain.ownership.framing import Framing, check_ed25519, check_recoverable
from auditor_app.chain.ownership.keys import recover
from auditor_app.chain.ownership.model import Binds, Claim, Match, NoMatch, NotDecided

_HEADER = b"OKX Signed Message:\n"


def _framed(message: str) -> bytes:
    return varstr(_HEADER) + varstr(message.encode("utf-8"))


def _evm_digest(message: str) -> bytes:
    return keccak256(b"\x19Ethereum Signed Message:\n32" + keccak256(message.encode("utf-8")))


_RECOVERABLE = (
    Framing("OKX: EIP-191 over Keccak-256 of the message", _evm_digest),
    Framing("OKX Signed Message, Keccak-256", lambda message: keccak256(_framed(message))),
)
_ED25519 = (Framing("OKX Signed Message, Ed25519", _framed),)


def check(claim: Claim) -> Match | NoMatch | NotDecided:
    """Every chain of OKX's list, by its family."""
    family = claim.network.family
    if family is Family.ED25519:
        return check_ed25519(claim, _ED25519)
    if family is Family.STARK:
        return starknet.check(claim)
    if family is Family.UTXO:
        single = bip137.check(claim)
        return single if isinstance(single, Match) else multisig.check(claim)
    if claim.signatures[0].startswith(EOS_PREFIX):
        return _check_eos(claim)
    if claim.address is not None and claim.address.kind == "validator" and not claim.owners:
        return _check_validator(claim)
    return check_recoverable(claim, _RECOVERABLE)


def _check_eos(claim: Claim) -> Match | NoMatch:
    """A signature with a recovery byte, over SHA-256."""
    raw = from_eos(claim.signatures[0])
    if raw is None:
        return NoMatch("the EOS signature's checksum does not fit")
    key = recover(sha256(_framed(claim.message)), raw[1:], (raw[0] - 27) & 3)
    return NoMatch() if key is None else bound(claim, (key,), "OKX Signed Message, SHA-256 (EOS)")


def _check_validator(claim: Claim) -> Match | NoMatch:
    """A validator's BLS12-381 key as address: proof-of-possession ciphersuite (draft-irtf-cfrg-bls-signature-04)."""
    signature = of_size(claim.signatures[0], 96)
    if claim.address is None or signature is None:
        return NoMatch("the signature is not 96 bytes in hex or base64")
    if not _agrees_bls(claim.address.payload, _evm_digest(claim.message), signature):
        return NoMatch()
    return Match("OKX: BLS12-381 proof of possession", Binds.ADDRESS)


def _agrees_bls(key: bytes, message: bytes, signature: bytes) -> bool:
    return bool(G2ProofOfPossession.Verify(BLSPubkey(key), message, BLSSignature(signature)))
