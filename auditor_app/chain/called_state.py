"""Capturing what contract calls read: code, accounts and slots, as a bundle on which the calls can be run again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor_app.chain.bundle import ProofBundle, make_bundle
from auditor_app.chain.header import read_header
from auditor_app.chain.reexecution import CALLER, PRECOMPILES
from auditor_app.operation import Operation

if TYPE_CHECKING:
    from auditor_app.chain.evm import EvmReader
    from auditor_app.chain.prove import Found


def traced(reader: EvmReader, contract: str, data: bytes) -> tuple[str, list[Any]]:
    """The request that says which accounts and slots a call reads."""
    return "eth_createAccessList", [{"to": contract, "data": "0x" + data.hex()}, reader.pin]


def note_touched(found: Found, contract: str, lists: list[Mapping[bytes, set[bytes]]]) -> None:
    """Add a contract and what its calls read; precompiled contracts have no state."""
    found.executed.add(contract)
    found.touched.setdefault(bytes.fromhex(contract[2:]), set())
    for address, slots in ((a, s) for item in lists for a, s in item.items()):
        if address not in PRECOMPILES:
            found.touched.setdefault(address, set()).update(slots)


def state_of_calls(reader: EvmReader, chain: str, found: Found, encoded: bytes, what: str) -> Operation[ProofBundle]:
    """The proven state of everything noted in ``found`` under the header whose RLP is ``encoded``.

    :class:`~auditor_app.chain.trie.TrieError` where the node's proofs do not hold,
    :class:`~auditor_app.chain.rpc.RpcRefusal` where it gives none.
    """
    from auditor_app.chain.prove import codes_of, crossed_nodes, fetch_nodes

    header = read_header(encoded, bytes.fromhex(reader.block.hash[2:]))
    for address in (CALLER, header.coinbase):
        found.touched.setdefault(address, set())
    wanted = [
        ("0x" + address.hex(), ["0x" + slot.hex() for slot in sorted(slots)])
        for address, slots in found.touched.items()
    ]
    found.nodes.update((yield from fetch_nodes(reader, wanted, what)))
    code = codes_of(reader, found)
    nodes = crossed_nodes(found, header, ())
    return make_bundle(chain, encoded, nodes, [], code=code, executed=found.executed, touched=found.touched)
