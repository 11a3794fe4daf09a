"""The demo's other chains: servers on loopback that answer as documented about a made-up Bitcoin, Tron and Solana."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import base58
from btclib.b32 import address_from_witness
from btclib.tx import OutPoint, Tx, TxIn, TxOut

from auditor_app.chain.address.digests import sha256d
from auditor_app.chain.histories import script_of as output_script
from auditor_app.chain.readers.tron import ALWAYS_HOLDS
from tests.demo_world.keys import Key, script_of, seed, solana_key
from tests.unit.chain.fake_endpoint import Fake, Handler, fake_endpoint
from tests.unit.chain.http_chains import TOKEN_PROGRAM, answering, sol_account, sol_state

COIN = 10**8

# Bitcoin -------------------------------------------------------------------------------------------------------------

BITCOIN = "bip122:000000000019d6689c085ae165831e93"
GENESIS = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
FIRST, LAST = 807_572, 807_600
BTC_TIME = 1_694_735_700
COLD, HOT = Key("bitcoin cold"), Key("bitcoin hot")
MEMBERS = [Key(f"bitcoin vault {n}") for n in (1, 2, 3)]
VAULT_SCRIPT = script_of(2, MEMBERS)
VAULT = address_from_witness(0, hashlib.sha256(VAULT_SCRIPT).digest())
BTC = {COLD.bitcoin: 2_100 * COIN, VAULT: 60_450_000_000, HOT.bitcoin: 137 * COIN}


class Bitcoin:
    """Headers from :data:`FIRST` to :data:`LAST`, and the transactions of the exchange in them."""

    def __init__(self) -> None:
        self.blocks: dict[int, list[Tx]] = {
            height: [_stranger(height, n) for n in range(3)] for height in range(FIRST, LAST + 1)
        }
        funded = _pay(_anything(1), {COLD.bitcoin: 2_100 * COIN})
        vault = _pay(_anything(2), {VAULT: 60_450_000_000})
        hot = _pay(_anything(3), {HOT.bitcoin: 150 * COIN})
        change = _pay((hot.id, 0), {_elsewhere(9): 1_299_990_000, HOT.bitcoin: 137 * COIN})
        for height, transaction in ((FIRST, funded), (FIRST + 4, vault), (FIRST + 9, hot), (LAST - 3, change)):
            self.blocks[height].insert(height % 3, transaction)
        self.headers: dict[int, bytes] = {}
        previous = hashlib.sha256(b"the block before").digest()
        for height, transactions in self.blocks.items():
            root = _levels([item.id[::-1] for item in transactions])[-1][0]
            fields = struct.pack("<3I", BTC_TIME - 600 * (LAST - height), 0x1705DD01, height)
            self.headers[height] = struct.pack("<I", 0x20000000) + previous + root + fields
            previous = sha256d(self.headers[height])

    @property
    def hash(self) -> str:
        return sha256d(self.headers[LAST])[::-1].hex()

    def history(self, address: str) -> list[tuple[int, Tx]]:
        """Transactions that pay an address or spend from it, newest first."""
        script = output_script(f"{BITCOIN}:{address}")
        own: set[tuple[bytes, int]] = set()
        found = []
        for height, transactions in self.blocks.items():
            for item in transactions:
                paid = [n for n, output in enumerate(item.vout) if output.script_pub_key.script == script]
                spends = any((entry.prev_out.tx_id, entry.prev_out.vout) in own for entry in item.vin)
                own.update((item.id, n) for n in paid)
                if paid or spends:
                    found.append((height, item))
        return found[::-1]

    def esplora(self, path: str) -> bytes | None:
        match path.strip("/").split("/"):
            case ["block-height", "0"]:
                return GENESIS.encode()
            case ["block-height", height]:
                return sha256d(self.headers[int(height)])[::-1].hex().encode()
            case ["block", digest, "header"]:
                return next(h.hex().encode() for h in self.headers.values() if sha256d(h)[::-1].hex() == digest)
            case ["blocks", top]:
                return json.dumps([self._block(n) for n in range(int(top), max(FIRST - 1, int(top) - 10), -1)]).encode()
            case ["address", address, "txs", "chain", *last]:
                entries = [
                    {"txid": item.id.hex(), "status": {"confirmed": True, "block_height": height}}
                    for height, item in self.history(address)
                ]
                return json.dumps([] if last else entries).encode()
            case ["tx", txid, "hex"]:
                return self._placed(txid)[2].serialize(include_witness=True).hex().encode()
            case ["tx", txid, "merkle-proof"]:
                height, position, _ = self._placed(txid)
                levels = _levels([item.id[::-1] for item in self.blocks[height]])
                branch = _branch(levels, position)
                return json.dumps({"block_height": height, "merkle": branch, "pos": position}).encode()
        return None

    def core(self, handler: Handler, request: Any) -> None:
        method, params = request["method"], request["params"]
        if method == "getblockhash":
            handler.result(request, GENESIS if params == [0] else sha256d(self.headers[params[0]])[::-1].hex())
        elif method == "getblockheader":
            handler.result(request, next(h.hex() for h in self.headers.values() if sha256d(h)[::-1].hex() == params[0]))
        else:
            unspents = [
                {
                    "scriptPubKey": output_script(f"{BITCOIN}:{address}").hex(),
                    "amount": f"{amount // COIN}.{amount % COIN:08d}",
                }
                for address, amount in BTC.items()
            ]
            scan = {"success": True, "height": LAST, "bestblock": self.hash, "unspents": unspents}
            handler.result(request, scan)

    def _placed(self, txid: str) -> tuple[int, int, Tx]:
        return next(
            (height, position, item)
            for height, transactions in self.blocks.items()
            for position, item in enumerate(transactions)
            if item.id.hex() == txid
        )

    def _block(self, height: int) -> dict[str, Any]:
        header = self.headers[height]
        version, time, bits, nonce = struct.unpack("<I", header[:4]) + struct.unpack("<3I", header[68:])
        return {
            "id": sha256d(header)[::-1].hex(),
            "height": height,
            "version": version,
            "timestamp": time,
            "bits": bits,
            "nonce": nonce,
            "merkle_root": header[36:68][::-1].hex(),
            "previousblockhash": header[4:36][::-1].hex(),
        }


def _anything(number: int) -> tuple[bytes, int]:
    return hashlib.sha256(b"an earlier transaction %d" % number).digest(), 0


def _elsewhere(number: int) -> str:
    return Key(f"a customer {number}").bitcoin


def _stranger(height: int, number: int) -> Tx:
    return _pay((hashlib.sha256(b"%d %d" % (height, number)).digest(), 1), {_elsewhere(100 + number): 10_000 + height})


def _pay(spent: tuple[bytes, int], outputs: dict[str, int]) -> Tx:
    paid = [TxOut(value, output_script(f"{BITCOIN}:{address}")) for address, value in outputs.items()]
    return Tx(2, 0, [TxIn(OutPoint(*spent))], paid)


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Merkle tree levels, leaves first, in internal byte order; a lone node is paired with itself."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        row = levels[-1] + ([levels[-1][-1]] if len(levels[-1]) % 2 else [])
        levels.append([sha256d(row[n] + row[n + 1]) for n in range(0, len(row), 2)])
    return levels


def _branch(levels: list[list[bytes]], position: int) -> list[str]:
    branch = []
    for row in levels[:-1]:
        sibling = position ^ 1
        branch.append(row[min(sibling, len(row) - 1)][::-1].hex())
        position //= 2
    return branch


# Tron ----------------------------------------------------------------------------------------------------------------

TRON = "tron:0x2b6653dc"
TRON_HEIGHT = 54_700_000
TRON_HASH = f"{TRON_HEIGHT:016x}" + hashlib.sha256(b"made-up tron block").hexdigest()[:48]
TRON_USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
TRON_KEY = Key("tron cold")
TRON_UNITS = 37 * 10**12


def _tron_call(request: Any) -> Any:
    word = {"decimals()": 6, "balanceOf(address)": TRON_UNITS}[request["function_selector"]]
    return {"result": {"result": True}, "constant_result": [f"{word:064x}"]}


TRON_REPLIES = {
    "getblockbynum": {"blockID": TRON_HASH},
    "getnowblock": {"blockID": TRON_HASH},
    "getaccount": {"address": ALWAYS_HOLDS, "balance": 10**9},
    "triggerconstantcontract": _tron_call,
}

# Solana --------------------------------------------------------------------------------------------------------------

SOLANA = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"
SLOT = 217_300_000
SOL_HASH = base58.b58encode(hashlib.sha256(b"made-up solana block").digest()).decode()
MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
SOL_KEY = solana_key("solana cold")
SOL_ACCOUNT = base58.b58encode(bytes(SOL_KEY.verify_key)).decode()
SOL_UNITS = 8_125_000_000_000
_TOKEN_ACCOUNT = base58.b58encode(seed("solana token account")).decode()
_HELD = base58.b58decode(MINT) + bytes(SOL_KEY.verify_key) + SOL_UNITS.to_bytes(8, "little") + bytes(93)

SOLANA_REPLIES = {
    "getGenesisHash": {"result": "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"},
    "getBlock": {"result": {"blockhash": SOL_HASH}},
    "getMultipleAccounts": sol_state(SLOT + 200, [sol_account(1, TOKEN_PROGRAM, bytes(44) + b"\x06" + bytes(37))]),
    "getTokenAccountsByOwner": sol_state(
        SLOT + 200, [{"pubkey": _TOKEN_ACCOUNT, "account": sol_account(1, TOKEN_PROGRAM, _HELD)}]
    ),
    "getSignaturesForAddress": {"result": [{"signature": "x", "slot": SLOT - 90_000}]},
}


@contextmanager
def served(bitcoin: Bitcoin) -> Iterator[dict[str, Fake]]:
    """Every server, by name."""

    def esplora(handler: Handler, _: Any) -> None:
        body = bitcoin.esplora(handler.path.removeprefix("/api"))
        handler.reply(b"Not found" if body is None else body, 404 if body is None else 200)

    with (
        fake_endpoint(bitcoin.core) as core,
        fake_endpoint(esplora) as histories,
        fake_endpoint(answering(TRON_REPLIES)) as tron,
        fake_endpoint(answering(SOLANA_REPLIES)) as solana,
    ):
        yield {"core": core, "esplora": histories, "tron": tron, "solana": solana}


def solana_signature(message: str) -> str:
    return base64.b64encode(SOL_KEY.sign(message.encode()).signature).decode()
