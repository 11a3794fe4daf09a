"""Bulk ERC-20 balances against naive ``balanceOf`` calls through web3, on the same local node."""

from __future__ import annotations

import time

from web3 import HTTPProvider, Web3

from auditor_app.chain.evm import open_block
from auditor_app.operation import run
from tests.benchmarks.measure import Measure
from tests.unit.chain.conftest import Anvil, call_data, running_anvil

HOLDERS = 20_000
NAIVE = 300
_ABI = [
    {
        "name": "balanceOf",
        "type": "function",
        "stateMutability": "view",
        "inputs": [{"name": "holder", "type": "address"}],
        "outputs": [{"name": "", "type": "uint256"}],
    }
]


def measure() -> list[Measure]:
    """The bulk reader must be at least 50 times as quick (issue 5); every result is compared."""
    with running_anvil() as node:
        token = node.deploy("Token")
        holders = [Web3.to_checksum_address(f"0x{number:040x}") for number in range(1, HOLDERS + 1)]
        for number in range(0, HOLDERS, HOLDERS // 20):
            node.send(token, call_data("3825d828", holders[number], number + 1))
        height = node.mine()
        node.mine()
        naive, bulk = _naive(node, token, holders, height), _bulk(node, token, holders, height)
    return [
        Measure("ERC-20 balances, naive balanceOf", naive, "balances/s"),
        Measure("ERC-20 balances, bulk", bulk, "balances/s", 50 * naive),
    ]


def _naive(node: Anvil, token: str, holders: list[str], height: int) -> float:
    contract = Web3(HTTPProvider(node.url)).eth.contract(Web3.to_checksum_address(token), abi=_ABI)
    started = time.perf_counter()
    found = [contract.functions.balanceOf(holder).call(block_identifier=height) for holder in holders[:NAIVE]]
    rate = NAIVE / (time.perf_counter() - started)
    assert found == [1] + [0] * (NAIVE - 1)
    return rate


def _bulk(node: Anvil, token: str, holders: list[str], height: int) -> float:
    reader = open_block(node.rpc, 31337, height, None)
    reader.prepare()
    started = time.perf_counter()
    found = run(reader.balances(token, holders, ""))
    rate = HOLDERS / (time.perf_counter() - started)
    step = HOLDERS // 20
    assert found == [number + 1 if number % step == 0 else 0 for number in range(HOLDERS)]
    return rate
