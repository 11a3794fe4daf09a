"""The demo's Ethereum: an anvil with the main network's id, tokens at their well-known addresses, a wallet, a feed."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from Crypto.Hash import keccak
from eth_account import Account as OtherAccount

from auditor_app.chain.accounts import checksum_address
from auditor_app.chain.state_proof import mapping_slot
from tests.demo_world.keys import Key, seed
from tests.unit.chain.conftest import _BINARIES, DEPLOYER, Anvil, _started, call_data

CONTRACTS = Path(__file__).parents[1] / "unit" / "chain" / "contracts"
CHAIN = "eip155:1"
USDT, USDC = "0xdAC17F958D2ee523a2206206994597C13D831ec7", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
CODE_OF_USDC = "0x43506849D7C04F9138D1A2050bbF3A0c054402dd"
IMPLEMENTATION = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
BALANCES, DECIMALS = 2, 3
"""Slots of ``Coin.sol``."""

MILLION = 10**12
"""Base units of a million tokens of six decimals."""

ETHER = 10**18
INSTANT = 1_694_735_999
"""One second before the snapshot's instant, 15 September 2023."""

GENESIS = 18_137_993
PRICE = 1_627_33000000
"""USDT of one ETH, eight decimals."""

SENT = "0.00731552 ETH"
"""What the auditor asked the hot wallet to send to itself."""

COLD, HOT, GUARDIAN_A, GUARDIAN_B = (Key(f"ethereum {name}") for name in ("cold", "hot", "guardian a", "guardian b"))
OWNERS = sorted((Key(f"ethereum vault owner {n}") for n in (1, 2, 3)), key=lambda key: key.account)


def contract(file: str, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((CONTRACTS / file).read_text())["contracts"][name]
    return found


def selector(signature: str) -> str:
    return keccak.new(digest_bits=256, data=signature.encode()).hexdigest()[:8]


class Mainnet(Anvil):
    chain = CHAIN


@dataclass
class Ethereum:
    """The node at the snapshot's block, one block later, and what stands on it."""

    node: Mainnet
    vault: str
    feed: str
    sent: str
    height: int
    hash: str

    def eth(self) -> dict[str, int]:
        """Wei by account, as the chain has it."""
        return {COLD.evm: 28_000 * ETHER, self.vault: 9_000 * ETHER, HOT.evm: 408025 * ETHER // 100}

    def usdt(self) -> dict[str, int]:
        return {COLD.evm: 100 * MILLION, self.vault: 40 * MILLION, HOT.evm: 1025 * MILLION // 100}

    def usdc(self) -> dict[str, int]:
        return {self.vault: 35 * MILLION}


@contextmanager
def running() -> Iterator[Ethereum]:
    """A fresh node that has gone through the demo's history."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = ["--number", str(GENESIS), "--timestamp", str(INSTANT - 3600), "--chain-id", "1", "--accounts", "1"]
    command = [str(_BINARIES[0]), "--port", str(port), "--host", "127.0.0.1", "--silent", "--hardfork", "prague"]
    process = subprocess.Popen([*command, *start], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _started(port).rpc.close()
        node = Mainnet(port)
        yield _history(node)
        node.rpc.close()
    finally:
        process.terminate()
        process.wait(10)


def _history(node: Mainnet) -> Ethereum:
    node("anvil_impersonateAccount", DEPLOYER)
    node("anvil_setBalance", DEPLOYER, hex(10**24))
    vault = _vault(node)
    feed = _feed(node)
    coin, proxy = contract("coin.json", "Coin")["runtime"], contract("contracts.json", "Proxy")["runtime"]
    node("anvil_setCode", USDT, coin)
    node("anvil_setCode", CODE_OF_USDC, coin)
    node("anvil_setCode", USDC, proxy)
    node("anvil_setStorageAt", USDC, IMPLEMENTATION, "0x" + CODE_OF_USDC[2:].lower().rjust(64, "0"))
    made = Ethereum(node, vault, feed, "", 0, "")
    for token, holders in ((USDT, made.usdt() | _guardians()), (USDC, made.usdc())):
        node("anvil_setStorageAt", token, f"0x{DECIMALS:064x}", f"0x{6:064x}")
        others = {f"0x{seed(f'holder {n}')[:20].hex()}": 10**6 * n for n in range(1, 60)}
        for holder, units in (holders | others).items():
            slot = mapping_slot(bytes.fromhex(holder[2:]), BALANCES)
            node("anvil_setStorageAt", token, "0x" + slot.hex(), f"0x{units:064x}")
    node("anvil_setBalance", HOT.evm, hex(5_000 * ETHER))
    made.sent = _send_to_itself(node)
    for number in range(1, 60):
        node("anvil_setBalance", "0x" + seed(f"holder {number}")[:20].hex(), hex(ETHER * number))
    for holder, amount in (made.eth() | {GUARDIAN_B.evm: 6_300 * ETHER}).items():
        node("anvil_setBalance", holder, hex(amount))
    node("evm_setNextBlockTimestamp", hex(INSTANT))
    made.height = node.mine()
    made.hash = node.hash_at(made.height)
    node.mine()  # anvil keeps the state of a block only once the next one is mined
    return made


def _guardians() -> dict[str, int]:
    return {GUARDIAN_A.evm: 60 * MILLION, GUARDIAN_B.evm: 30 * MILLION}


def _vault(node: Mainnet) -> str:
    words = [64, 2, 3, *(int.from_bytes(key.account, "big") for key in OWNERS)]
    creation = contract("wallets.json", "SharedWallet")["creation"] + "".join(f"{word:064x}" for word in words)
    return checksum_address(str(node.send(None, creation)["contractAddress"]))


def _feed(node: Mainnet) -> str:
    aggregator = str(node.send(None, contract("feeds.json", "Aggregator")["creation"])["contractAddress"])
    creation = contract("feeds.json", "FeedProxy")["creation"] + f"{int(aggregator, 16):064x}"
    for price, before in ((PRICE - 112_000000, 4200), (PRICE, 600)):
        node.send(aggregator, call_data(selector("submit(int256,uint64)"), price, INSTANT - before))
    return checksum_address(str(node.send(None, creation)["contractAddress"]))


def _send_to_itself(node: Mainnet) -> str:
    nonce = int(node("eth_getTransactionCount", HOT.evm, "pending"), 16)
    fields = {"nonce": nonce, "gas": 21_000, "chainId": 1, "to": HOT.evm, "value": 7_315_520_000_000_000}
    fees = {"maxFeePerGas": 3 * 10**9, "maxPriorityFeePerGas": 10**8}
    signed = OtherAccount.from_key(seed("ethereum hot")).sign_transaction(fields | fees)
    return str(node("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex()))
