"""BIP-127: a transaction that proves control of outputs and can never be mined.

Its first input spends the outpoint (SHA-256 of ``Proof-of-Reserves: `` and the message, 0); every further input is
signed like a payment; one output takes the whole sum, without a fee.
"""

from __future__ import annotations

from btclib.exceptions import BTClibRuntimeError
from btclib.script.engine import verify_transaction
from btclib.tx import Tx, TxOut
from ecc.exceptions import EccRuntimeError

from auditor_app.chain.address.digests import sha256
from auditor_app.chain.address.utxo import script_pub_key
from auditor_app.chain.ownership.encoding import from_base64, from_hex
from auditor_app.chain.ownership.model import Binds, Claim, Match, NoMatch, Prevout

_PREFIX = "Proof-of-Reserves: "
_SIGHASH_ALL, _SIGHASH_DEFAULT = 1, 0


def check(claim: Claim) -> Match | NoMatch:
    """The transaction stands in the row in hex or base64, the outputs it spends beside it."""
    raw = from_hex(claim.signatures[0]) or from_base64(claim.signatures[0])
    if raw is None or claim.address is None or not claim.prevouts:
        return NoMatch("the row holds no transaction, or not the outputs it spends", foreign=True)
    try:
        transaction = Tx.parse(raw)
    except (ValueError, BTClibRuntimeError):
        return NoMatch("the proof is no transaction", foreign=True)
    reason = _shape_fault(transaction, claim) or _script_fault(transaction, claim.prevouts)
    if reason:
        return NoMatch(reason)
    paid = sum(output.value for output in claim.prevouts if output.script == script_pub_key(claim.address))
    return Match(
        "BIP-127", Binds.ADDRESS, f"outputs of {paid} base units signed; that they are unspent stands on chain only"
    )


def _shape_fault(transaction: Tx, claim: Claim) -> str:
    """Why this is no proof for the message, the address and the outputs, or an empty text.

    The library parses no transaction without inputs or outputs, or that spends one output twice.
    """
    commitment = sha256((_PREFIX + claim.message).encode("utf-8"))
    first, *rest = [entry.prev_out for entry in transaction.vin]
    if first.tx_id not in (commitment, commitment[::-1]) or first.vout != 0:
        return "the first input does not commit to the message"
    spent = [(point.tx_id.hex(), point.vout) for point in rest]
    if spent != [(output.transaction, output.index) for output in claim.prevouts]:
        return "the inputs are not the outputs named in the row"
    outputs = transaction.vout
    if len(outputs) != 1 or outputs[0].value != sum(output.value for output in claim.prevouts):
        return "the one output does not take the whole sum"
    if claim.address is not None and not any(o.script == script_pub_key(claim.address) for o in claim.prevouts):
        return "no input spends an output of the address"
    return ""


def _script_fault(transaction: Tx, prevouts: tuple[Prevout, ...]) -> str:
    """Run every input but the commitment through the script engine; all signatures must cover everything."""
    # the commitment's output does not exist; by the standard an OP_TRUE of value 0 stands in for it
    outputs = [TxOut(0, b"\x51"), *(TxOut(output.value, output.script) for output in prevouts)]
    hash_types: list[int] = []
    try:
        verify_transaction(outputs, transaction, check_amounts=False, hash_types=hash_types)
    except (ValueError, BTClibRuntimeError, EccRuntimeError):
        return "an input's signature does not fit"
    if not set(hash_types) <= {_SIGHASH_ALL, _SIGHASH_DEFAULT}:
        return "a signature does not cover the whole transaction"
    return ""
