"""Cosmos ADR-036: an amino sign document that can never be a transaction, signed by a secp256k1 key.

The public key stands in the row: such signatures carry no recovery byte.
"""

from __future__ import annotations

import base64
import json

from auditor_app.chain.address.digests import sha256
from auditor_app.chain.ownership.binding import bound, named_key
from auditor_app.chain.ownership.encoding import of_size
from auditor_app.chain.ownership.keys import agrees_ecdsa
from auditor_app.chain.ownership.model import Claim, Match, NoMatch


def sign_document(signer: str, message: str) -> bytes:
    """The canonical JSON that wallets sign for arbitrary data."""
    data = base64.b64encode(message.encode("utf-8")).decode("ascii")
    document = {
        "account_number": "0",
        "chain_id": "",
        "fee": {"amount": [], "gas": "0"},
        "memo": "",
        "msgs": [{"type": "sign/MsgSignData", "value": {"data": data, "signer": signer}}],
        "sequence": "0",
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def check(claim: Claim) -> Match | NoMatch:
    """Accounts of one key on chains of the Cosmos kind."""
    key = named_key(claim)
    signature = of_size(claim.signatures[0], 64)
    if claim.address is None or key is None or signature is None:
        return NoMatch("the row holds no secp256k1 key, or the signature is not 64 bytes", foreign=True)
    if not agrees_ecdsa(key, sha256(sign_document(claim.address.text, claim.message)), signature):
        return NoMatch()
    return bound(claim, (key,), "ADR-036")
