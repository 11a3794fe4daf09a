"""From keys that signed to what the signature binds: the address, the owners a list names, or a bare key."""

from __future__ import annotations

import base58

from auditor_app.chain.address.digests import ripemd160
from auditor_app.chain.address.model import Address, AddressError, Family
from auditor_app.chain.ownership.encoding import of_size
from auditor_app.chain.ownership.keys import uncompressed
from auditor_app.chain.ownership.model import Binds, Claim, Match, NoMatch

_MAX_EOS_KEY = 80


def bound(claim: Claim, keys: tuple[bytes, ...], scheme: str) -> Match | NoMatch:
    """What the keys that signed bind; ``keys`` are in the order of the claim's signatures.

    The address itself comes first. Owners count only if every one named signed, each once. A key alone counts
    only where the chain cannot lead from a key to the address, or the row names no address.
    """
    controlled = None if claim.address is None else claim.network.controls(keys[0], claim.address)
    if controlled:
        return Match(scheme, Binds.ADDRESS)
    if claim.owners:
        return _by_owners(claim, keys, scheme)
    named = named_key(claim)
    if named in keys:
        if controlled is None:
            return Match(
                scheme, Binds.KEY, "the address does not follow from the key; who holds it stands on chain only"
            )
        return NoMatch("the key in the row signed, but it does not lead to the address")
    return NoMatch()


def named_key(claim: Claim) -> bytes | None:
    """The public key of the row, raw: 65 bytes for secp256k1, 32 for Ed25519; ``None`` if there is none."""
    if claim.network.family is Family.ED25519:
        return of_size(claim.public_key, 32)
    raw = _eos_key(claim.public_key) or of_size(claim.public_key, 33, 64, 65)
    return None if raw is None else uncompressed(raw)


def _by_owners(claim: Claim, keys: tuple[bytes, ...], scheme: str) -> Match | NoMatch:
    try:
        owners = [claim.network.decode(text) for text in claim.owners]
    except AddressError as error:
        return NoMatch(f"an owner named in the row cannot be decoded: {error}")
    accounts = {(owner.kind, owner.payload) for owner in owners}
    if len(accounts) != len(owners):
        return NoMatch("the row names the same owner twice")
    if not all(_signed(claim, keys, owner) for owner in owners):
        return NoMatch("not every owner named in the row signed")
    return Match(scheme, Binds.OWNER, "that these owners control the address stands on chain only")


def _signed(claim: Claim, keys: tuple[bytes, ...], owner: Address) -> bool:
    return any(claim.network.controls(key, owner) for key in keys)


def _eos_key(text: str) -> bytes | None:
    """``EOS…`` and ``PUB_K1_…``: base58 of the key and the head of a RIPEMD-160 (over the key, or key and ``K1``)."""
    for prefix, suffix in (("PUB_K1_", b"K1"), ("EOS", b"")):
        if text.startswith(prefix) and len(text) <= _MAX_EOS_KEY:
            try:
                raw = base58.b58decode(text[len(prefix) :])
            except ValueError:
                return None
            return raw[:33] if ripemd160(raw[:33] + suffix)[:4] == raw[33:] else None
    return None
