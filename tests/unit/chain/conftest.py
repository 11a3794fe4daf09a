"""A local Ethereum node on loopback, and the contracts that are put on it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.endpoints import Endpoint, parse_endpoints
from auditor_app.chain.rpc import JsonRpc
from auditor_app.operation import CancelToken

_ROOT = Path(__file__).resolve().parents[3]
_BINARIES = sorted((_ROOT / ".node" / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil*"))
CONTRACTS = json.loads((Path(__file__).parent / "contracts" / "contracts.json").read_text())["contracts"]
DEPLOYER = "0x" + "d0" * 20


class Anvil:
    """A running anvil: raw calls, contracts at any address, blocks mined on demand."""

    chain = "eip155:31337"

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.rpc = JsonRpc(self.endpoint(), CancelToken())

    def endpoint(self) -> Endpoint:
        return parse_endpoints([f"{self.chain}={self.url}"])[0]

    def __call__(self, method: str, *params: Any) -> Any:
        return self.rpc.call(method, params)

    def deploy(self, name: str) -> str:
        """Deploy a contract of ``Contracts.sol`` and return its address."""
        receipt = self.send(None, CONTRACTS[name]["creation"])
        return str(receipt["contractAddress"])

    def creation(self, name: str) -> str:
        """Creation code of a contract, to which constructor arguments are appended."""
        return str(CONTRACTS[name]["creation"])

    def send(self, to: str | None, data: str) -> dict[str, Any]:
        """A transaction from an account with unlimited coins, mined at once."""
        transaction = {"from": DEPLOYER, "data": data, "gas": hex(8_000_000)} | ({} if to is None else {"to": to})
        transaction_hash = self("eth_sendTransaction", transaction)
        receipt = None
        deadline = time.monotonic() + 20
        while receipt is None and time.monotonic() < deadline:
            receipt = self("eth_getTransactionReceipt", transaction_hash)
        assert receipt is not None
        assert receipt["status"] == "0x1"
        return dict(receipt)

    def mine(self) -> int:
        """Mine a block and return its height."""
        self("anvil_mine", hex(1))
        return int(self("eth_blockNumber"), 16)

    def hash_at(self, height: int) -> str:
        return str(self("eth_getBlockByNumber", hex(height), False)["hash"])


def call_data(selector: str, *words: int | str) -> str:
    """ABI call data of a function whose arguments are all words."""
    return "0x" + selector + "".join(f"{int(w, 16) if isinstance(w, str) else w:064x}" for w in words)


@contextmanager
def running_anvil() -> Iterator[Anvil]:
    """A fresh anvil; ``FileNotFoundError`` where the binary is absent."""
    if not _BINARIES:
        raise FileNotFoundError("anvil is absent: npm install --prefix .node --ignore-scripts @foundry-rs/anvil@1.7.1")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(_BINARIES[0]), "--port", str(port), "--host", "127.0.0.1", "--silent", "--hardfork", "prague"]
    process = subprocess.Popen([*command, "--accounts", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        node = _started(port)
        node("anvil_impersonateAccount", DEPLOYER)
        node("anvil_setBalance", DEPLOYER, hex(10**24))
        node.mine()
        yield node
        node.rpc.close()
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    """One anvil for the session; skipped where the binary is absent."""
    if not _BINARIES:
        pytest.skip("anvil is absent: npm install --prefix .node --ignore-scripts @foundry-rs/anvil@1.7.1")
    with running_anvil() as node:
        yield node


def _started(port: int) -> Anvil:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return Anvil(port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
