"""BIP-322 v2.0.0: a message is signed by spending a virtual output of the address; simple, full, proof of funds.

The script engine is btclib's. A signature it finds inconclusive (rules of a later upgrade) is not valid.
"""

from __future__ import annotations

from btclib.exceptions import BTClibRuntimeError, InconclusiveError
from btclib.script.script_pub_key import address as bitcoin_address
from btclib_wallet import bip322
from ecc.exceptions import EccRuntimeError

from auditor_app.chain.address.utxo import script_pub_key
from auditor_app.chain.ownership.model import Binds, Claim, Match, NoMatch

_NAMES = {bip322.SIMPLE: "simple", bip322.FULL: "full", bip322.PROOF_OF_FUNDS: "proof of funds"}
_MAX_SIGNATURE = 400_000


def check(claim: Claim) -> Match | NoMatch:
    """Any address whose output script the engine can run.

    The signature commits to the output script, not to its spelling: on other chains the script's Bitcoin
    spelling stands in.
    """
    text = claim.signatures[0]
    if claim.address is None or len(text) > _MAX_SIGNATURE:
        return NoMatch()
    try:
        signature = bip322.Sig.b64decode(text)
        spelling = bitcoin_address(script_pub_key(claim.address))
        bip322.assert_as_valid(claim.message.encode("utf-8"), spelling, signature, legacy=False)
    except InconclusiveError:
        return NoMatch("the BIP-322 signature is inconclusive under today's rules")
    except (ValueError, BTClibRuntimeError, EccRuntimeError):
        return NoMatch()
    note = (
        ""
        if signature.variant != bip322.PROOF_OF_FUNDS
        else "that the further outputs are unspent stands on chain only"
    )
    return Match(f"BIP-322 {_NAMES[signature.variant]}", Binds.ADDRESS, note)
