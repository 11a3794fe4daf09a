"""Where a block's hash came from, in a sentence: everything proven under it rests on that."""

from __future__ import annotations

from auditor_app.chain.evidence import plain_hash
from auditor_app.chain.observed import BlockOrigin
from auditor_app.engagement.record import Audit
from auditor_app.report.material import Material
from auditor_app.report.quantities import count_text

_FROM = {
    "snapshot": "Named by the issuer in the snapshot; nobody else's word is in the evidence.",
    "one-endpoint": "Named by one endpoint of the capture.",
    "two-endpoints": "Given by two endpoints on different hosts, in evidence of no pinned auditor.",
}


def origin_of(material: Material, chain: str) -> str:
    """:func:`block_origin`, with the person who typed the hash or the checkpoint where an engagement says so."""
    request = material.audit.request
    mine = {item for item in (*request.blocks, *request.checkpoints) if item[0] == chain}
    runs = () if material.papers is None else reversed(material.papers.runs)
    typed = ((run.stamp.person, {*run.action.parameters.blocks, *run.action.parameters.checkpoints}) for run in runs)
    return block_origin(material.audit, chain, next((who for who, named in typed if mine & named), None))


def block_origin(audit: Audit, chain: str, person: str | None = None) -> str:
    """Who names the hash of a chain's block: typed by the auditor, derived from a typed checkpoint, or somebody's word."""
    who = "the auditor" if person is None else person
    typed = dict(audit.request.blocks).get(chain)
    found = next((item for item in _blocks(audit) if item.chain == chain), None)
    named = next((block for name, _, block in audit.identity.chains if name == chain), "")
    checkpoint = dict(audit.request.checkpoints).get(chain)
    if checkpoint is not None:
        return _derived(checkpoint, found, who, named)
    if typed is not None:
        other = named and plain_hash(named) != plain_hash(typed)
        return f"Typed by {who}" + (
            f", who typed another hash: {typed}." if other else ", and compared with the snapshot's."
        )
    if found is None:
        return "Named by the issuer in the snapshot; no evidence of this network." if named else "No hash is named."
    if found.vouched:
        return f"{found.vouched[0].upper()}{found.vouched[1:]}, on different hosts, and compared with the snapshot's."
    return _FROM.get(found.hash_from, "Nobody is named for the hash in the evidence.")


def _derived(checkpoint: str, found: BlockOrigin | None, who: str, named: str) -> str:
    """The way from a checkpoint, or that there is none."""
    root = f"the beacon block root {plain_hash(checkpoint)} typed by {who}"
    if found is None or (way := found.derivation) is None:
        return f"No hash was derived from {root}: see the exceptions."
    if not found.vouched:
        compared = "; it is another hash than the evidence's"
    else:
        compared = ", and compared with the snapshot's" if named else ""
    return f"Derived by a light client's check from {root}: {way.told(count_text)}{compared}."


def _blocks(audit: Audit) -> tuple[BlockOrigin, ...]:
    return () if audit.evidence is None else audit.evidence.blocks
