"""What the made-up exchange hands over instead of proof: a header and a state that nobody ever saw, consistent to the last bit.

Anybody can do this in a few lines, which is why a perfect proof under a block hash that nobody vouches for stays
``claimed``. The block's hash stands in the exchange's own snapshot.
"""

from __future__ import annotations

from auditor_app.chain import rlp
from auditor_app.chain.accounts import decode_account
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.bundle import MEDIA_TYPE, encode_bundle, make_bundle, member_name
from auditor_app.chain.evidence_file import ProofMember
from auditor_app.chain.state_proof import NO_CODE
from auditor_app.chain.trie import EMPTY_ROOT, NodeTable
from auditor_app.chain.trie_building import build_trie
from auditor_app.snapshot.members import BalanceRow
from auditor_app.snapshot.statement import EvidenceBlock

CHAIN = "eip155:42161"
HEIGHT = 131_200_000
HOST = "arbitrum.example-exchange.example"
_TIME = 1_694_735_995
_STRANGERS = 40
"""Accounts beside the exchange's, so that the state looks like one."""


def fabricated_evidence(claims: dict[str, int]) -> tuple[EvidenceBlock, list[BalanceRow], ProofMember]:
    """Block, balances and proofs in which each CAIP-10 account of ``claims`` holds that many wei."""
    wealth = {bytes.fromhex(decode_account(account).address[2:]): amount for account, amount in claims.items()}
    strangers = {keccak256(b"stranger %d" % number)[:20]: 10**18 * number for number in range(1, _STRANGERS)}
    accounts = {keccak256(who): _account(amount) for who, amount in (strangers | wealth).items()}
    state_root, nodes = build_trie(accounts)
    header = _header(state_root)
    table = NodeTable(nodes.values())
    for who in wealth:
        table.lookup(state_root, who)
    bundle = make_bundle(CHAIN, header, table.crossed(), ())
    block_hash = "0x" + keccak256(header).hex()
    rows = [BalanceRow(account, "ETH", amount, HOST) for account, amount in claims.items()]
    block = EvidenceBlock(block_height=str(HEIGHT), block_hash=block_hash, hash_from="two-endpoints")
    return block, rows, ProofMember(member_name(CHAIN), MEDIA_TYPE, encode_bundle(bundle))


def _account(balance: int) -> bytes:
    return rlp.encode([b"", rlp.scalar(balance), EMPTY_ROOT, NO_CODE])


def _header(state_root: bytes) -> bytes:
    """A header of the fields of London, with nothing behind any of its hashes but the state."""
    made_up = [keccak256(b"made up %d" % number) for number in range(4)]
    return rlp.encode(
        [
            made_up[0],
            keccak256(b"\xc0"),
            b"\xa4\xb0".rjust(20, b"\0"),
            state_root,
            made_up[1],
            made_up[2],
            bytes(256),
            b"\x01",
            rlp.scalar(HEIGHT),
            rlp.scalar(2**50),
            rlp.scalar(1_234_567),
            rlp.scalar(_TIME),
            b"",
            made_up[3],
            bytes(8),
            rlp.scalar(10**8),
        ]
    )
