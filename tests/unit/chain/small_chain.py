"""Five blocks of Bitcoin's kind made in memory, and what a node, an Electrum and an Esplora server say of them."""

from __future__ import annotations

import json
import struct
from hashlib import sha256
from typing import Any

from btclib.script.witness import Witness
from btclib.tx import OutPoint, Tx, TxIn, TxOut

from auditor_app.chain.address.digests import sha256d
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.statement import Asset, BlockReference
from tests.unit.chain.snapshots import BTC_CHAIN, snapshot

GENESIS = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
SCRIPT = bytes.fromhex("0014751e76e8199196d454941c45d1b3a323f1433bd6")
OTHER = bytes.fromhex("0014") + b"\x07" * 20
ASSET = Asset(symbol="BTC", decimals=8, on_chain=(f"{BTC_CHAIN}/slip44:0",))
HEIGHT, TIP = 2, 4
THEN, NOW = 800_000_000, 300_000_000
"""The account's balance at the snapshot's height and at the tip."""


def _pay(script: bytes, value: int, spends: bytes, index: int = 0) -> Tx:
    return Tx(2, 0, [TxIn(OutPoint(spends, index), b"\x51", 0xFFFFFFFF, Witness())], [TxOut(value, script)])


FIRST = _pay(SCRIPT, 500_000_000, b"\x01" * 32)
SECOND = _pay(SCRIPT, 300_000_000, b"\x02" * 32)
SPEND = _pay(OTHER, 400_000_000, FIRST.id)
TRANSACTIONS = {1: FIRST, 2: SECOND, 3: SPEND, 4: _pay(OTHER, 1, b"\x03" * 32)}
"""One transaction in each block, which then is the block's Merkle root."""


def _headers() -> dict[int, bytes]:
    headers = {0: struct.pack("<I", 1) + bytes(32) + bytes(32) + struct.pack("<3I", 0, 0, 0)}
    for height, transaction in TRANSACTIONS.items():
        previous = sha256d(headers[height - 1])
        stamp = struct.pack("<3I", 1_700_000_000 + 600 * height, 0x207FFFFF, height)
        headers[height] = struct.pack("<I", 2) + previous + transaction.id[::-1] + stamp
    return headers


HEADERS = _headers()


def hash_at(height: int) -> str:
    """In display order; block 0 has Bitcoin's own."""
    return GENESIS if height == 0 else sha256d(HEADERS[height])[::-1].hex()


def small_snapshot(height: int = HEIGHT) -> AuthenticSnapshot:
    """It claims what the account held at the height."""
    return snapshot(
        [(f"{BTC_CHAIN}:{ADDRESS}", "BTC", THEN if height == HEIGHT else NOW)],
        columns=(("BTC",),),
        assets=(ASSET,),
        chains={BTC_CHAIN: BlockReference(block_height=str(height), block_hash=hash_at(height))},
    )


_LISTED = [(height, TRANSACTIONS[height]) for height in (1, 2, 3)]
_RAW = {item.id.hex(): (height, item.serialize(include_witness=True).hex()) for height, item in TRANSACTIONS.items()}
_SCRIPT_HASH = sha256(SCRIPT).digest()[::-1].hex()


def core(method: str, params: list[Any]) -> Any:
    """A node's answer; ``KeyError`` for what it does not know. The node stands at the tip."""
    if method == "getblockcount":
        return TIP
    if method == "getblockhash":
        return {height: hash_at(height) for height in range(TIP + 1)}[params[0]]
    if method == "getblockheader":
        return {hash_at(height): header.hex() for height, header in HEADERS.items()}[params[0]]
    assert (method, params) == ("scantxoutset", ["start", [f"raw({SCRIPT.hex()})"]])
    unspents = [{"scriptPubKey": SCRIPT.hex(), "amount": 3.0, "height": 2, "vout": 0, "txid": SECOND.id.hex()}]
    return {"success": True, "height": TIP, "bestblock": hash_at(TIP), "unspents": unspents, "total_amount": 3.0}


def electrum(method: str, params: list[Any]) -> Any:
    """An Electrum server's answer."""
    match method:
        case "server.version":
            return ["fake 1.0", "1.4"]
        case "server.features":
            return {"genesis_hash": GENESIS}
        case "blockchain.block.header":
            return HEADERS[params[0]].hex()
        case "blockchain.block.headers":
            first, count = params
            return {"count": count, "hex": "".join(HEADERS[first + n].hex() for n in range(count)), "max": 2016}
        case "blockchain.headers.subscribe":
            return {"height": TIP, "hex": HEADERS[TIP].hex()}
        case "blockchain.scripthash.get_history":
            assert params == [_SCRIPT_HASH]
            return [{"tx_hash": item.id.hex(), "height": height} for height, item in _LISTED]
        case "blockchain.scripthash.get_balance":
            return {"confirmed": NOW, "unconfirmed": -5}
        case "blockchain.transaction.get":
            return _RAW[params[0]][1]
        case "blockchain.transaction.get_merkle":
            return {"merkle": [], "block_height": params[1], "pos": 0}
    raise KeyError(method)


def esplora(path: str) -> bytes:
    """An Esplora server's answer; ``KeyError`` for an unknown path."""
    match path.strip("/").split("/"):
        case ["blocks", "tip", "height"]:
            return str(TIP).encode()
        case ["block-height", height]:
            return hash_at(int(height)).encode()
        case ["block", digest, "header"]:
            return {hash_at(height): header.hex() for height, header in HEADERS.items()}[digest].encode()
        case ["blocks", top]:
            return json.dumps([_block(height) for height in range(int(top), -1, -1)]).encode()
        case ["address", address]:
            assert address == ADDRESS
            return json.dumps({"chain_stats": {"funded_txo_sum": THEN, "spent_txo_sum": THEN - NOW}}).encode()
        case ["address", _, "txs", "chain", *last]:
            newest_first = [] if last else list(reversed(_LISTED))
            status = {"confirmed": True}
            return json.dumps(
                [{"txid": item.id.hex(), "status": {**status, "block_height": height}} for height, item in newest_first]
            ).encode()
        case ["tx", txid, "hex"]:
            return _RAW[txid][1].encode()
        case ["tx", txid, "merkle-proof"]:
            return json.dumps({"block_height": _RAW[txid][0], "merkle": [], "pos": 0}).encode()
    raise KeyError(path)


def _block(height: int) -> dict[str, Any]:
    header = HEADERS[height]
    version, stamp, bits, nonce = struct.unpack("<I64x3I", header)
    return {
        "height": height,
        "version": version,
        "previousblockhash": header[4:36][::-1].hex() if height else None,
        "merkle_root": header[36:68][::-1].hex(),
        "timestamp": stamp,
        "bits": bits,
        "nonce": nonce,
    }
