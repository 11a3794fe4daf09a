"""m-of-n addresses: compact message signatures of m distinct keys of the script whose hash is the address.

Both m and the keys are read from the script. One key counts once, whatever it signs and however often and in
whatever encoding it stands in the script.
"""

from __future__ import annotations

from btclib.script.script_pub_key import p2ms_m_and_keys_var

from auditor_app.chain.address.digests import hash160, sha256
from auditor_app.chain.address.model import Address
from auditor_app.chain.ownership.bip137 import recovered_key
from auditor_app.chain.ownership.encoding import from_hex, of_size
from auditor_app.chain.ownership.keys import uncompressed
from auditor_app.chain.ownership.model import Binds, Claim, Match, NoMatch


def check(claim: Claim) -> Match | NoMatch:
    """P2SH, P2WSH and P2SH-P2WSH multisignature addresses; the script stands in the row."""
    script = from_hex(claim.public_key)
    if script is None or claim.address is None:
        return NoMatch()
    kind = _kind(script, claim.address)
    if kind is None:
        return NoMatch("the script in the row does not hash to the address")
    try:
        needed, members = p2ms_m_and_keys_var(script)
    except ValueError:
        return NoMatch("the script in the row is no m-of-n script")
    signers = _signers(claim, frozenset(uncompressed(bytes(member)) for member in members))
    if len(signers) < needed:
        return NoMatch(f"{len(signers)} of the script's keys signed, {needed} are needed")
    magic = claim.network.magic.strip().rstrip(":")
    return Match(f"{magic}, {kind}, {needed} of {len(members)}", Binds.ADDRESS, f"{len(signers)} distinct keys signed")


def _kind(script: bytes, address: Address) -> str | None:
    program = sha256(script)
    if address.kind == "p2wsh" and address.payload == program:
        return "P2WSH"
    if address.kind == "p2sh" and address.payload == hash160(script):
        return "P2SH"
    if address.kind == "p2sh" and address.payload == hash160(b"\x00\x20" + program):
        return "P2SH-P2WSH"
    return None


def _signers(claim: Claim, members: frozenset[bytes | None]) -> frozenset[bytes]:
    """Keys of the script that signed, each once."""
    signers: set[bytes] = set()
    for text in claim.signatures:
        signature = of_size(text, 65)
        key = None if signature is None else recovered_key(claim.network.magic, claim.message, signature)
        if key is not None and key in members:
            signers.add(key)
    return frozenset(signers)
