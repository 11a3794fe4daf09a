"""From a trusted block back to one of the 8,191 before it: the history contract of EIP-2935, proven by its storage.

Since Prague the hash of block *n* stands in slot ``n mod 8191`` of a contract; a storage proof under a later block's
header therefore gives the hash of an earlier one without anybody's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor_app.chain.bundle import ProofBundle, make_bundle
from auditor_app.chain.header import HeaderError, encode_header, read_header
from auditor_app.chain.state_proof import account_state, slot_value
from auditor_app.chain.trie import NodeTable, TrieError
from auditor_app.errors import ChainError
from auditor_app.operation import Operation

if TYPE_CHECKING:
    from auditor_app.chain.evm import EvmReader

HISTORY_CONTRACT = bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935")
HISTORY_WINDOW = 8191


def earlier_block_hash(bundle: ProofBundle, trusted_hash: bytes, number: int) -> bytes:
    """The hash of block ``number`` under the state of the later block ``trusted_hash``.

    :class:`ChainError` ``EVIDENCE.PROOF`` where the proof does not hold or the block is out of reach.
    """
    return earlier_block_hashes(bundle, trusted_hash, (number,))[number]


def earlier_block_hashes(bundle: ProofBundle, trusted_hash: bytes, numbers: Sequence[int]) -> dict[int, bytes]:
    """The hashes of several earlier blocks under one later block; errors as :func:`earlier_block_hash`."""
    found: dict[int, bytes] = {}
    try:
        header = read_header(bytes.fromhex(bundle.header[2:]), trusted_hash)
        table = NodeTable(bytes.fromhex(node[2:]) for node in bundle.nodes)
        for number in numbers:
            if not header.number - HISTORY_WINDOW <= number < header.number:
                raise _failed(f"block {number} is not among the {HISTORY_WINDOW} before block {header.number}")
            word = _stored(table, header.state_root, number)
            if not word:
                raise _failed(f"the history contract holds no hash of block {number}")
            found[number] = word.to_bytes(32, "big")
    except (HeaderError, TrieError) as error:
        raise _failed(str(error)) from None
    if table.unused():
        raise _failed("nodes are on no path that was needed")
    return found


def capture_history(reader: EvmReader, chain: str, *numbers: int) -> Operation[ProofBundle]:
    """The proof, under the reader's block, of the hashes of earlier blocks; compared before it is kept."""
    from auditor_app.chain.prove import fetch_nodes

    try:
        encoded = encode_header(reader.block.header)
        header = read_header(encoded, bytes.fromhex(reader.block.hash[2:]))
        slots = ["0x" + _slot(number).hex() for number in numbers]
        nodes = yield from fetch_nodes(reader, [("0x" + HISTORY_CONTRACT.hex(), slots)], "block history")
        table = NodeTable(nodes)
        for number in numbers:
            _stored(table, header.state_root, number)
    except (HeaderError, TrieError) as error:
        raise _failed(str(error)) from None
    bundle = make_bundle(chain, encoded, table.crossed(), ())
    earlier_block_hashes(bundle, header.hash, numbers)
    return bundle


def _stored(table: NodeTable, state_root: bytes, number: int) -> int:
    contract = account_state(table, state_root, HISTORY_CONTRACT)
    return slot_value(table, contract.storage_root, _slot(number))


def _slot(number: int) -> bytes:
    return (number % HISTORY_WINDOW).to_bytes(32, "big")


def _failed(what: str) -> ChainError:
    return ChainError("EVIDENCE.PROOF", f"the block history's proof does not hold: {what}", action="Capture it again.")
