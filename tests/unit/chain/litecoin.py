"""A Litecoin regtest node, an ElectrumX server and an Esplora stand-in on loopback."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.unit.chain.fake_endpoint import Fake, Handler, fake_endpoint

_TOOLS = Path(__file__).resolve().parents[3] / ".node"
_DAEMON = _TOOLS / "ltc" / "usr" / "lib" / "litecoin" / "litecoind"
_LIBRARIES = _TOOLS / "ltc" / "usr" / "lib" / "x86_64-linux-gnu"
_ELECTRUMX = _TOOLS / "electrumx" / "bin" / "electrumx_server"
CHAIN = "bip122:530827f38f93b43ed12af0b3ad25a288"
SECRET = "user:password"


def missing() -> str:
    """Why the servers cannot run here; empty if they can."""
    if sys.platform != "linux" or not _DAEMON.is_file() or not _ELECTRUMX.is_file():
        return "litecoind or ElectrumX is absent: sh packaging/set-up.sh node (Debian only)"
    return ""


class Litecoin:
    """A running litecoind with a wallet that has coins."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"127.0.0.1:{port}"

    def __call__(self, method: str, *params: Any) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": params}, default=str).encode()
        request = urllib.request.Request(f"http://{self.address}/", body)
        request.add_header("Authorization", "Basic " + base64.b64encode(SECRET.encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                answer = json.loads(reply.read(), parse_float=Decimal)
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(error.read().decode()) from None
        return answer["result"]

    def mine(self, count: int = 1) -> int:
        """Mine blocks to the wallet and return the height."""
        self("generatetoaddress", count, self("getnewaddress"))
        return int(self("getblockcount"))

    def wait_for_rpc(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self("getblockcount")
                return
            except (RuntimeError, OSError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@contextmanager
def running_litecoind(folder: Path) -> Iterator[Litecoin]:
    """A fresh node with 101 blocks; it ends with the context."""
    node = Litecoin(_free_port())
    user, _, password = SECRET.partition(":")
    options = [f"-rpcuser={user}", f"-rpcpassword={password}", f"-rpcport={node.port}", "-rpcbind=127.0.0.1"]
    options += ["-rpcallowip=127.0.0.1", "-listen=0", "-dnsseed=0", "-txindex=1", "-fallbackfee=0.001"]
    process = subprocess.Popen(
        [str(_DAEMON), "-regtest", f"-datadir={folder}", *options],
        env={**os.environ, "LD_LIBRARY_PATH": str(_LIBRARIES)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        node.wait_for_rpc()
        node("createwallet", "test")
        node.mine(101)
        yield node
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def running_electrumx(node: Litecoin, folder: Path) -> Iterator[str]:
    """An ElectrumX server beside the node; yields host and port once it has the node's newest block."""
    port = _free_port()
    settings = {
        "COIN": "Litecoin",
        "NET": "regtest",
        "DB_ENGINE": "leveldb",
        "DB_DIRECTORY": str(folder),
        "DAEMON_URL": f"http://{SECRET}@{node.address}/",
        "SERVICES": f"tcp://127.0.0.1:{port}",
        "ALLOW_ROOT": "1",
        "PEER_DISCOVERY": "off",
        "PEER_ANNOUNCE": "",
        "COST_SOFT_LIMIT": "0",
        "COST_HARD_LIMIT": "0",
    }
    process = subprocess.Popen(
        [str(_ELECTRUMX)], env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for_electrumx(port, int(node("getblockcount")))
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def wait_for_electrumx(port: int, height: int) -> None:
    """Until the server answers and has a block at ``height``."""
    deadline = time.monotonic() + 40
    while True:
        try:
            if "result" in ask_electrumx(port, "blockchain.block.header", height):
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError("ElectrumX did not start")
        time.sleep(0.1)


def ask_electrumx(port: int, method: str, *params: Any) -> dict[str, Any]:
    """One call, without the program's own client."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock, sock.makefile("rwb") as file:
        for number, (name, arguments) in enumerate((("server.version", ("test", "1.4")), (method, params))):
            request = {"jsonrpc": "2.0", "id": number, "method": name, "params": arguments}
            file.write(json.dumps(request).encode() + b"\n")
            file.flush()
            answer: dict[str, Any] = json.loads(file.readline())
    return answer


def esplora_of(node: Litecoin, electrumx: str) -> Callable[[str], bytes | None]:
    """What Esplora's documented API says of the node's chain, by path; ``None`` for an unknown path."""
    port = int(electrumx.partition(":")[2])

    def history(address: str) -> list[dict[str, Any]]:
        script = bytes.fromhex(node("validateaddress", address)["scriptPubKey"])
        key = sha256(script).digest()[::-1].hex()
        listed = ask_electrumx(port, "blockchain.scripthash.get_history", key)["result"]
        newest_first = [item for item in reversed(listed) if item["height"] > 0]
        return [
            {"txid": item["tx_hash"], "status": {"confirmed": True, "block_height": item["height"]}}
            for item in newest_first
        ]

    def sums(address: str) -> dict[str, int]:
        unspent = node("scantxoutset", "start", [f"addr({address})"])["total_amount"]
        received = sum(
            int(output["value"] * 10**8)
            for item in history(address)
            for output in node("getrawtransaction", item["txid"], True)["vout"]
            if address in output["scriptPubKey"].get("addresses", [])
        )
        return {"funded_txo_sum": received, "spent_txo_sum": received - int(unspent * 10**8)}

    def block(height: int) -> dict[str, Any]:
        header = node("getblockheader", node("getblockhash", height))
        return {
            "id": header["hash"],
            "height": height,
            "version": header["version"],
            "timestamp": header["time"],
            "bits": int(header["bits"], 16),
            "nonce": header["nonce"],
            "merkle_root": header["merkleroot"],
            "previousblockhash": header.get("previousblockhash"),
            "difficulty": 4.656542373906925e-10,
        }

    def answer(path: str) -> bytes | None:
        match path.strip("/").split("/"):
            case ["blocks", "tip", "height"]:
                return str(node("getblockcount")).encode()
            case ["address", address]:
                return json.dumps({"address": address, "chain_stats": sums(address)}).encode()
            case ["block-height", height]:
                return str(node("getblockhash", int(height))).encode()
            case ["block", digest, "header"]:
                return str(node("getblockheader", digest, False)).encode()
            case ["blocks", top]:
                return json.dumps([block(n) for n in range(int(top), max(-1, int(top) - 10), -1)]).encode()
            case ["address", address, "txs", "chain", *last]:
                listed = history(address)
                start = next((n + 1 for n, item in enumerate(listed) if [item["txid"]] == last), 0)
                return json.dumps(listed[start : start + 25]).encode()
            case ["tx", txid, "hex"]:
                return str(node("getrawtransaction", txid)).encode()
            case ["tx", txid, "merkle-proof"]:
                height = node("getblockheader", node("getrawtransaction", txid, True)["blockhash"])["height"]
                place = ask_electrumx(port, "blockchain.transaction.get_merkle", txid, height)["result"]
                return json.dumps({**place, "block_height": height}).encode()
        return None

    return answer


@contextmanager
def running_esplora(answer: Callable[[str], bytes | None]) -> Iterator[Fake]:
    """``answer`` served over HTTP under /api."""

    def reply(handler: Handler, _: Any) -> None:
        body = answer(handler.path.removeprefix("/api"))
        handler.reply(b"Not found" if body is None else body, 404 if body is None else 200)

    with fake_endpoint(reply) as fake:
        yield fake


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
