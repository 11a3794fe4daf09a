"""A snapshot of a token that computes balances, and evidence whose verification must run the token's code again."""

from __future__ import annotations

from pathlib import Path

import rlp as other_rlp
from eth_utils import keccak

from auditor_app.chain.bundle import MEDIA_TYPE, encode_bundle, make_bundle, member_name
from auditor_app.chain.evidence_file import ProofMember, write_evidence
from auditor_app.chain.reexecution import CALLER
from auditor_app.chain.state_proof import mapping_slot
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.members import ADDRESS_FIELDS, BalanceRow, write_table
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import Asset, BlockReference, Issuer, Reserves, SnapshotPredicate
from auditor_app.snapshot.trust import load_store
from auditor_app.snapshot.writing import Member, write_signed
from tests.ui.node import AUDITOR, ISSUER, AuditorFiles, auditor_files
from tests.unit.chain.test_proven import CHAIN, CONTRACT, EVM_A, HEIGHT, A
from tests.unit.chain.trie_builder import absence, build

SHARES = 21
DOUBLES = bytes.fromhex(
    "60003560e01c63313ce56714602b57"  # decimals() jumps
    "60043560005260026020526040600020546002026000526020"  # twice the word in slot 2's mapping
    "6000f3"
    "5b600660005260206000f3"
)
"""A token that keeps shares and says twice as much: no slot holds what ``balanceOf`` answers."""


def executed_files(folder: Path) -> AuditorFiles:
    """The claim is true; the snapshot names the block's hash."""
    made = auditor_files(folder)  # for its keys and trust store
    contract = bytes.fromhex(CONTRACT[2:])
    slot = mapping_slot(A, 2)
    storage_root, slots = build({slot: other_rlp.encode(SHARES)})
    empty = [0, 0, keccak(b"\x80"), keccak(b"")]
    accounts = {A: other_rlp.encode([*empty[:1], 7, *empty[2:]])}
    accounts[contract] = other_rlp.encode([1, 0, storage_root, keccak(DOUBLES)])
    root, proofs = build(accounts)
    coinbase = b"\x03" * 20
    words = [b"\x01" * 32, b"\x02" * 32, coinbase, root, b"\x04" * 32, b"\x05" * 32, bytes(256)]
    header = other_rlp.encode([*words, b"", HEIGHT, 30_000_000, 0, 1_700_000_000, b"", bytes(32), bytes(8)])
    digest = "0x" + keccak(header).hex()
    callers = sorted({coinbase, CALLER, bytes(20), *(n.to_bytes(20, "big") for n in range(1, 18))})
    nodes = [*proofs[contract], *slots[slot], *(node for who in callers for node in absence(accounts, who))]
    touched = {contract: [slot], **{who: [] for who in callers}}
    bundle = make_bundle(CHAIN, header, nodes, (), code=[DOUBLES], executed=[CONTRACT], touched=touched)
    predicate = SnapshotPredicate(
        format_version="1.0",
        snapshot_id="s",
        sequence="1",
        issuer=Issuer(legal_name="Example Exchange Ltd"),
        as_of="2026-11-01T00:00:00Z",
        created_at="2026-11-01T00:00:00Z",
        chains={CHAIN: BlockReference(block_height=str(HEIGHT), block_hash=digest)},
        assets=(Asset(symbol="REB", decimals=6, on_chain=(f"{CHAIN}/erc20:{CONTRACT}",)),),
        ledgers=(),
        reserves=Reserves(addresses="reserves/addresses.csv", claimed_totals={"REB": str(2 * SHARES)}),
    )
    rows = write_table(ADDRESS_FIELDS, [(EVM_A, "REB", str(2 * SHARES), "cold")])
    write_signed(made.snapshot, predicate, [Member.table("reserves/addresses.csv", "addresses", rows)], [ISSUER])
    snapshot = authenticate_snapshot(made.snapshot, load_store(made.trust), token=CancelToken())
    try:
        write_evidence(
            made.evidence,
            snapshot,
            [BalanceRow(EVM_A, "REB", 2 * SHARES, "node.example")],
            [SigningKey.of(AUDITOR)],
            captured_at="2026-11-02T00:00:00Z",
            endpoints=["https://node.example"],
            proofs=[ProofMember(member_name(CHAIN), MEDIA_TYPE, encode_bundle(bundle))],
        )
    finally:
        snapshot.members.close()
    return made
