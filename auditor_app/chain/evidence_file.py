"""Writing an evidence file: balances by row, the blocks they are of, and the proofs beside them.

The same input gives the same bytes (Ed25519 and RSA keys aside from PSS salts): rows are sorted, the time is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor_app.chain.evidence import BALANCES
from auditor_app.errors import ChainError
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.members import BALANCE_FIELDS, BalanceRow, write_table
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import EvidenceBlock, EvidencePredicate
from auditor_app.snapshot.writing import Bytes, Member, write_signed

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class ProofMember:
    """One supporting member: its name in the container, media type and bytes."""

    name: str
    media_type: str
    data: bytes


def write_evidence(
    path: Path,
    snapshot: AuthenticSnapshot,
    balances: Iterable[BalanceRow],
    keys: Sequence[SigningKey],
    *,
    captured_at: str,
    blocks: Mapping[str, EvidenceBlock] | None = None,
    endpoints: Sequence[str] = (),
    proofs: Sequence[ProofMember] = (),
) -> str:
    """Write a signed ``*.porevidence`` for ``snapshot`` atomically; the SHA-256 (hex) of its payload.

    ``blocks`` defaults to the very blocks that the snapshot names. :class:`ChainError` where a row breaks the
    table's grammar; :class:`AuditError` where the file cannot be written.
    """
    rows = sorted(balances, key=lambda row: (row.account, row.asset, row.source))
    try:
        table = write_table(BALANCE_FIELDS, tuple((r.account, r.asset, str(r.amount), r.source) for r in rows))
    except ValueError as error:
        raise ChainError("CHAIN.ENDPOINT", f"the balances cannot be written: {error}") from None
    chosen = snapshot_blocks(snapshot) if blocks is None else blocks
    predicate = EvidencePredicate(
        format_version=FORMAT_VERSION,
        snapshot_payload_sha256=snapshot.payload_sha256,
        captured_at=captured_at,
        chains=dict(sorted(chosen.items())),
        endpoints=tuple(sorted(set(endpoints))),
    )
    members = [Member.table(BALANCES, "balances", table)]
    members += [Member(item.name, "proof", Bytes(item.data), None, item.media_type) for item in proofs]
    return write_signed(path, predicate, members, keys)


def snapshot_blocks(snapshot: AuthenticSnapshot) -> dict[str, EvidenceBlock]:
    """The blocks that the snapshot names, as evidence blocks."""
    return {
        chain: EvidenceBlock(block_height=block.block_height, block_hash=block.block_hash, hash_from="snapshot")
        for chain, block in snapshot.statement.predicate.chains.items()
    }
