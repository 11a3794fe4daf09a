"""How a message becomes what is signed, and the two engines that try framings in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditor_app.chain.ownership.binding import bound, named_key
from auditor_app.chain.ownership.encoding import of_size
from auditor_app.chain.ownership.keys import agrees_ed25519, from_eip2098, recover
from auditor_app.chain.ownership.model import Claim, Match, NoMatch

Frame = Callable[[str], bytes | None]
"""Digest (secp256k1) or bytes (Ed25519) to be signed; ``None`` where the framing does not take the message."""


@dataclass(frozen=True, slots=True)
class Framing:
    """One way to frame a message; ``scheme`` is what the report prints."""

    scheme: str
    frame: Frame


def check_recoverable(claim: Claim, framings: Iterable[Framing], *, compact: bool = False) -> Match | NoMatch:
    """``r ‖ s ‖ v`` signatures of secp256k1 keys: each framing recovers keys, which must bind the claim.

    ``compact`` also takes the 64 bytes of EIP-2098.
    """
    signatures = [of_size(text, 65) or (_compact(text) if compact else None) for text in claim.signatures]
    raw = tuple(signature for signature in signatures if signature is not None)
    if len(raw) != len(signatures):
        return NoMatch("a signature is not 65 bytes in hex or base64", foreign=True)
    reason = NoMatch()
    for framing in framings:
        digest = framing.frame(claim.message)
        keys = () if digest is None else _recovered(digest, raw)
        if not keys:
            continue
        verdict = bound(claim, keys, framing.scheme)
        if isinstance(verdict, Match):
            return verdict
        reason = verdict if verdict.reason else reason
    return reason


def check_ed25519(claim: Claim, framings: Iterable[Framing]) -> Match | NoMatch:
    """64-byte Ed25519 signatures; the key stands in the row or, on some chains, is the address."""
    key = _ed25519_key(claim)
    if key is None:
        return NoMatch("the row holds no public key of 32 bytes")
    signature = of_size(claim.signatures[0], 64)
    if signature is None:
        return NoMatch("the signature is not 64 bytes in hex or base64")
    for framing in framings:
        framed = framing.frame(claim.message)
        if framed is not None and agrees_ed25519(key, framed, signature):
            return bound(claim, (key,), framing.scheme)
    return NoMatch()


def _compact(text: str) -> bytes | None:
    raw = of_size(text, 64)
    return None if raw is None else from_eip2098(raw)


def _recovered(digest: bytes, signatures: tuple[bytes, ...]) -> tuple[bytes, ...]:
    keys = [recover(digest, raw[:64], raw[64] - 27 if raw[64] >= 27 else raw[64]) for raw in signatures]
    found = tuple(key for key in keys if key is not None)
    return found if len(found) == len(keys) else ()


def _ed25519_key(claim: Claim) -> bytes | None:
    if claim.public_key:
        return named_key(claim)
    payload = b"" if claim.address is None else claim.address.payload
    if claim.address is not None and len(payload) == 32 and claim.network.controls(payload, claim.address):
        return payload
    return None
