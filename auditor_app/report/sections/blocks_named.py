"""Where a block's hash came from, in a sentence: everything proven under it rests on that."""

from __future__ import annotations

from auditor_app.chain.evidence import plain_hash
from auditor_app.chain.observed import BlockOrigin
from auditor_app.engagement.record import Audit

_FROM = {
    "snapshot": "Named by the issuer in the snapshot; nobody else's word is in the evidence.",
    "one-endpoint": "Named by one endpoint of the capture.",
    "two-endpoints": "Given by two endpoints on different hosts, in evidence of no pinned auditor.",
}


def block_origin(audit: Audit, chain: str) -> str:
    """Who names the hash of a chain's block, and whether the auditor typed it."""
    typed = dict(audit.request.blocks).get(chain)
    found = next((item for item in _blocks(audit) if item.chain == chain), None)
    named = next((block for name, _, block in audit.identity.chains if name == chain), "")
    if typed is not None:
        other = named and plain_hash(named) != plain_hash(typed)
        return "Typed by the auditor" + (
            f", who typed another hash: {typed}." if other else ", and compared with the snapshot's."
        )
    if found is None:
        return "Named by the issuer in the snapshot; no evidence of this network." if named else "No hash is named."
    if found.vouched:
        return f"{found.vouched[0].upper()}{found.vouched[1:]}, on different hosts, and compared with the snapshot's."
    return _FROM.get(found.hash_from, "Nobody is named for the hash in the evidence.")


def _blocks(audit: Audit) -> tuple[BlockOrigin, ...]:
    return () if audit.evidence is None else audit.evidence.blocks
