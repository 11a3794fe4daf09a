"""Esplora servers (the HTTP API of blockstream.info and mempool.space): histories, raw transactions, Merkle branches.

Lists come in pages of 25; headers come ten at a time, so that only short header chains are asked for.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Any

from auditor_app.chain.accounts import Account
from auditor_app.chain.readers.model import ChainReading, LookReading, LookTask, ReadingTask
from auditor_app.chain.readers.utxo_histories import HashAndHeight, Listing, look_from, read_from
from auditor_app.chain.transport import HttpConversation
from auditor_app.chain.utxo import UtxoTransaction
from auditor_app.operation import Operation, Progress

_MOST_HEADERS = 20_000
_MOST_PAGES = 2000
"""Of one account's transactions, 25 each."""

_HEX = re.compile(rb"(?:[0-9a-f]{2})+\s*\Z", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_DIGITS = re.compile(rb"(?:0|[1-9][0-9]{0,9})\s*\Z", re.ASCII)
_SUM = re.compile(r"(?:0|[1-9][0-9]{0,24})\Z", re.ASCII)
_COUNT = re.compile(r"(?:0|[1-9][0-9]{0,9})\Z", re.ASCII)


def read(task: ReadingTask) -> Operation[ChainReading]:
    """Every balance of the task, replayed from an Esplora server's histories."""
    with EsploraServer(task.endpoint, task.token, task.supplements.limits, task.on_exchange) as server:
        return (yield from read_from(server, task, "Esplora histories"))


def look(task: LookTask) -> Operation[LookReading]:
    """Every balance as the server sums it up now."""
    with EsploraServer(task.endpoint, task.token, task.limits) as server:
        return (yield from look_from(server, task))


class EsploraServer(HttpConversation):
    """One server as :class:`~auditor_app.chain.readers.utxo_histories.HistoryServer`."""

    def ends(self, height: int) -> tuple[str, bytes]:
        """The hash of block 0, and the header at a height."""
        return self._hex("/block-height/0", 32).hex(), self.header(height)

    def header(self, height: int) -> bytes:
        """The header at a height."""
        return self._hex(f"/block/{self._hex(f'/block-height/{height}', 32).hex()}/header", None)

    def newest(self) -> int:
        """The newest block's height."""

        def read_height(data: bytes) -> int:
            if not _DIGITS.match(data):
                self.fail(f"it sent {self._start(data)!r} where a height was asked for")
            return int(data)

        return self.ask("/blocks/tip/height", None, read_height)

    def balances(self, accounts: Sequence[tuple[Account, bytes]]) -> Operation[list[int]]:
        """Confirmed amounts by address: all that was received less all that was spent."""
        found = []
        for number, (account, _) in enumerate(accounts):
            yield Progress(number, len(accounts), "balances", f"{self.endpoint.origin}: balances")
            answer = self._json(f"/address/{account.address}")
            sums = answer.get("chain_stats") if isinstance(answer, dict) else None
            if not isinstance(sums, dict):
                self.fail("it has no sums for an address")
            received, spent = self._sum(sums.get("funded_txo_sum")), self._sum(sums.get("spent_txo_sum"))
            if received < spent:
                self.fail("a balance is negative")
            found.append(received - spent)
        return found

    def listings(self, accounts: Sequence[tuple[Account, bytes]]) -> Operation[list[Listing]]:
        """Confirmed transactions by address, page after page."""
        found = []
        for number, (account, _) in enumerate(accounts):
            yield Progress(number, len(accounts), "accounts", f"{self.endpoint.origin}: histories")
            found.append((yield from self._listing(account.address)))
        return found

    def transactions(self, wanted: Sequence[HashAndHeight]) -> Operation[list[UtxoTransaction]]:
        """Raw transactions with their branches."""
        found = []
        for number, (txid, height) in enumerate(wanted):
            yield Progress(number, len(wanted), "transactions", f"{self.endpoint.origin}: transactions")
            raw = self._hex(f"/tx/{txid}/hex", None)
            place = self._json(f"/tx/{txid}/merkle-proof")
            branch = place.get("merkle") if isinstance(place, dict) else None
            if not isinstance(branch, list) or self._count(place.get("block_height")) != height:
                self.fail("a Merkle branch is not of the listed block")
            nodes = tuple(bytes.fromhex(self._hash(node)) for node in branch)
            found.append(UtxoTransaction(height, raw, nodes, self._count(place.get("pos"))))
        return found

    def header_chain(self, first: int, last: int) -> Operation[tuple[bytes, ...] | None]:
        """Headers rebuilt from their fields, ten a page; ``None`` for more than 20,000."""
        if last - first >= _MOST_HEADERS:
            return None
        headers: dict[int, bytes] = {}
        top = last
        while top >= first:
            page = self._json(f"/blocks/{top}")
            if not isinstance(page, list) or not page or len(page) > 100:
                self.fail("its list of blocks is no list")
            for item in page:
                headers[self._count(item.get("height") if isinstance(item, dict) else None)] = self._header(item)
            if top not in headers:
                self.fail(f"its list of blocks lacks block {top}")
            while top in headers:
                top -= 1
            yield Progress(last - top, last - first + 1, "headers", f"{self.endpoint.origin}: block headers")
        return tuple(headers[height] for height in range(first, last + 1))

    def _listing(self, address: str) -> Operation[Listing]:
        found: dict[str, int] = {}
        last = ""
        for page_number in range(_MOST_PAGES):
            page = self._json(f"/address/{address}/txs/chain" + (f"/{last}" if last else ""))
            if not isinstance(page, list):
                self.fail("a history is no list")
            if not page:
                return tuple(found.items())
            yield Progress(page_number, None, "pages", f"{self.endpoint.origin}: history of {address}")
            entries = [self._entry(item) for item in page]
            if entries[-1][0] in found:
                self.fail("its pages of a history repeat themselves")
            found |= entries
            last = entries[-1][0]
        self.fail(f"the history of {address} is too long", "Use an Electrum server or a node of your own.")

    def _entry(self, item: Any) -> HashAndHeight:
        status = item.get("status") if isinstance(item, dict) else None
        if not isinstance(status, dict) or status.get("confirmed") is not True:
            self.fail("a history names a transaction without its block")
        return self._hash(item.get("txid")), self._count(status.get("block_height"))

    def _header(self, item: dict[str, Any]) -> bytes:
        previous = item.get("previousblockhash")
        hashes = [self._hash("00" * 32 if previous is None else previous), self._hash(item.get("merkle_root"))]
        numbers = [self._count(item.get(name)) for name in ("version", "timestamp", "bits", "nonce")]
        if max(numbers) >= 2**32:
            self.fail("a block's field is out of range")
        version, *rest = numbers
        joined = b"".join(bytes.fromhex(text)[::-1] for text in hashes)
        return struct.pack("<I", version) + joined + struct.pack("<3I", *rest)

    def _json(self, path: str) -> Any:
        return self.ask(path, None, lambda data: self.document(data, "text"))

    def _hex(self, path: str, size: int | None) -> bytes:
        """A reply that is hexadecimal text, not JSON."""

        def read_hex(data: bytes) -> bytes:
            if not _HEX.match(data):
                self.fail(f"it sent {self._start(data)!r} where a hash was asked for")
            return bytes.fromhex(data.decode("ascii"))

        raw = self.ask(path, None, read_hex)
        if size is not None and len(raw) != size:
            self.fail("a block's hash has a wrong length")
        return raw

    def _start(self, data: bytes) -> str:
        return self.shown(data[:60].decode("ascii", "replace"))

    def _hash(self, value: Any) -> str:
        if not isinstance(value, str) or not _HASH.match(value):
            self.fail("a hash is not of 64 hexadecimal digits")
        return str(value)

    def _sum(self, value: Any) -> int:
        if not isinstance(value, str) or not _SUM.match(value):
            self.fail("the sums of an address are no numbers of base units")
        return int(value)

    def _count(self, value: Any) -> int:
        if not isinstance(value, str) or not _COUNT.match(value):
            self.fail("a number is not of the documented form")
        return int(value)
