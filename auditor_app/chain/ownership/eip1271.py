"""EIP-1271: a contract wallet itself says whether a signature is its own.

Only the chain can decide: the contract is asked again here, by running its code on state that the evidence proves
(:mod:`auditor_app.chain.wallets`). Without that state a row that offers it counts as unsigned, with the reason.
"""

from __future__ import annotations

from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.ownership import eip191
from auditor_app.chain.ownership.encoding import from_hex
from auditor_app.chain.ownership.model import Binds, Claim, ContractsUnknown, Match, NoMatch, NotDecided

IS_VALID_SIGNATURE = bytes.fromhex("1626ba7e")
"""Selector of ``isValidSignature(bytes32,bytes)`` and, in the first four bytes of a word, its answer for a valid one."""

GET_OWNERS, GET_THRESHOLD = bytes.fromhex("a0e67e2b"), bytes.fromhex("e75235b8")
"""Selectors of a Safe's ``getOwners()`` and ``getThreshold()``."""

MAX_OWNERS = 1000
_NO_STATE = "EIP-1271 needs the contract's code and state at the block"


def joined_signature(signatures: tuple[str, ...]) -> bytes | None:
    """The bytes that a wallet is given: one signature, or several one after the other; ``0x`` is none at all."""
    parts = [b"" if text == "0x" else from_hex(text) for text in signatures]
    return None if None in parts else b"".join(part for part in parts if part is not None)


def eip1271_calls(message: str, signature: bytes) -> tuple[tuple[str, bytes], ...]:
    """The scheme's name and call data, for each digest of a text that wallets are asked about."""
    digests = (("EIP-191", eip191.digest(message)), ("Keccak-256", keccak256(message.encode("utf-8"))))
    size = len(signature)
    padded = signature + bytes(-size % 32)
    tail = (64).to_bytes(32, "big") + size.to_bytes(32, "big") + padded
    return tuple((f"EIP-1271, {name}", IS_VALID_SIGNATURE + digest + tail) for name, digest in digests)


def check(claim: Claim) -> Match | NoMatch | NotDecided:
    """A contract's own answer at the evidence's block."""
    if claim.contracts is None or claim.address is None or not claim.chain:
        return NotDecided(_NO_STATE)
    signature = joined_signature(claim.signatures)
    if signature is None:
        return NoMatch("the signature is not hexadecimal")
    contract, unknown = claim.address.payload, ""
    for scheme, data in eip1271_calls(claim.message, signature):
        try:
            answer = claim.contracts.call(claim.chain, contract, data)
        except ContractsUnknown as reason:
            unknown = str(reason)
            continue
        if answer == IS_VALID_SIGNATURE.ljust(32, b"\0"):
            return Match(scheme, Binds.ADDRESS, _remark(claim, contract))
    return NotDecided(unknown) if unknown else NoMatch("the contract says that the signature is not its own")


def _remark(claim: Claim, contract: bytes) -> str:
    """Who vouches for the block and, where the wallet is a Safe, its threshold and owners."""
    contracts = claim.contracts
    if contracts is None:
        return ""
    vouched = f"the contract answered at {contracts.vouched(claim.chain)}"
    try:
        threshold = int.from_bytes(contracts.call(claim.chain, contract, GET_THRESHOLD), "big")
        owners = _addresses(contracts.call(claim.chain, contract, GET_OWNERS))
    except (ContractsUnknown, ValueError):
        return vouched
    if not 0 < threshold <= len(owners) or len(set(owners)) != len(owners):
        return vouched
    return f"{vouched}; {threshold} of {len(owners)} owners sign: {', '.join(owners)}"


def _addresses(answer: bytes) -> list[str]:
    """An ABI-encoded ``address[]``; ``ValueError`` for anything else."""
    words = [answer[start : start + 32] for start in range(0, len(answer), 32)]
    if len(answer) % 32 or len(words) < 2 or int.from_bytes(words[0], "big") != 32:
        raise ValueError("no list of addresses")
    if int.from_bytes(words[1], "big") != len(words) - 2 or len(words) > MAX_OWNERS + 2:
        raise ValueError("no list of addresses")
    if any(any(word[:12]) for word in words[2:]):
        raise ValueError("no list of addresses")
    return ["0x" + word[12:].hex() for word in words[2:]]
