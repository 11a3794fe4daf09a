"""The hop from a trusted block to an earlier one (EIP-2935), on a real local node."""

from __future__ import annotations

import msgspec
import pytest

from auditor_app.chain.bundle import ProofBundle, make_bundle
from auditor_app.chain.evm import open_block
from auditor_app.chain.history import HISTORY_WINDOW, capture_history, earlier_block_hash
from auditor_app.errors import ChainError
from auditor_app.operation import run
from tests.unit.chain.conftest import Anvil
from tests.unit.chain.test_capture import CHAIN

pytestmark = pytest.mark.node


class Past:
    """A proof on the node of a block some way back."""

    def __init__(self, node: Anvil) -> None:
        node("anvil_mine", hex(30))
        self.number = node.mine()
        node("anvil_mine", hex(20))
        height = node.mine()
        node.mine()
        self.wanted = bytes.fromhex(node.hash_at(self.number)[2:])
        reader = open_block(node.rpc, 31337, height, None)
        reader.prepare()
        self.bundle: ProofBundle = run(capture_history(reader, CHAIN, self.number))
        self.trusted = bytes.fromhex(reader.block.hash[2:])
        self.height = height


@pytest.fixture(scope="module")
def past(anvil: Anvil) -> Past:
    return Past(anvil)


def test_an_earlier_blocks_hash_is_proven_under_a_later_one(past: Past) -> None:
    assert earlier_block_hash(past.bundle, past.trusted, past.number) == past.wanted


def test_another_number_trusted_hash_or_node_is_refused(past: Past) -> None:
    for number in (past.number - 1, past.number + 1, past.height, past.height + 1, past.height - HISTORY_WINDOW - 1):
        with pytest.raises(ChainError):
            earlier_block_hash(past.bundle, past.trusted, number)
    with pytest.raises(ChainError, match="does not hash"):
        earlier_block_hash(past.bundle, past.wanted, past.number)
    nodes = [bytes.fromhex(node[2:]) for node in past.bundle.nodes]
    header = bytes.fromhex(past.bundle.header[2:])
    for which in range(len(nodes)):
        with pytest.raises(ChainError):
            earlier_block_hash(
                make_bundle(CHAIN, header, nodes[:which] + nodes[which + 1 :], ()), past.trusted, past.number
            )
    with pytest.raises(ChainError, match="no path"):
        earlier_block_hash(make_bundle(CHAIN, header, [*nodes, b"\xc2\x80\x80"], ()), past.trusted, past.number)
    with pytest.raises(ChainError):
        twice = msgspec.structs.replace(past.bundle, nodes=past.bundle.nodes * 2)
        earlier_block_hash(twice, past.trusted, past.number)
