"""Electrum servers: JSON-RPC messages, one on each line of a TLS connection (Electrum protocol 1.4).

Everything is asked in batches: servers of the ElectrumX family slow a client down that asks one by one.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Self

from auditor_app.chain.accounts import Account
from auditor_app.chain.readers.model import ChainReading, LookReading, LookTask, ReadingTask
from auditor_app.chain.readers.utxo_histories import HashAndHeight, Listing, look_from, read_from
from auditor_app.chain.rpc import Call, RpcMessages, RpcRefusal
from auditor_app.chain.transport import Conversation, TryAgain, Watch, is_count
from auditor_app.chain.utxo import HEADER_BYTES, UtxoTransaction
from auditor_app.operation import Operation, Progress

PROTOCOL = "1.4"
_BATCH = 100
_HEADERS_AT_ONCE = 2016
_HEX = re.compile(r"(?:[0-9a-f]{2})+\Z", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)


def read(task: ReadingTask) -> Operation[ChainReading]:
    """Every balance of the task, replayed from an Electrum server's histories."""
    with ElectrumServer(task) as server:
        return (yield from read_from(server, task, "Electrum histories"))


def look(task: LookTask) -> Operation[LookReading]:
    """Every balance as the server sums it up now."""
    with ElectrumServer(task.at(0)) as server:
        return (yield from look_from(server, task))


class ElectrumServer(Conversation):
    """One server as :class:`~auditor_app.chain.readers.utxo_histories.HistoryServer`."""

    def __init__(self, task: ReadingTask) -> None:
        super().__init__(task.endpoint, task.token, task.supplements.limits, task.on_exchange)
        self._messages = RpcMessages(self)
        self._sock: socket.socket | None = None
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._sock is not None:
            self._sock.close()
            self._sock, self._unread = None, b""

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results of many calls, in order; :class:`ChainError` where the server declines one."""
        if not calls:
            return []
        results = self.patiently(lambda: self._exchange(calls, batched=True))
        refused = next((item for item in results if isinstance(item, RpcRefusal)), None)
        if refused is not None:
            raise refused
        return results

    def ends(self, height: int) -> tuple[str, bytes]:
        """The hash of block 0, and the header at a height."""
        features, header = self.batch([("server.features", []), ("blockchain.block.header", [height])])
        found = features.get("genesis_hash") if isinstance(features, dict) else None
        genesis = self._matching(found, _HASH, "the genesis block's hash")
        return genesis, bytes.fromhex(self._matching(header, _HEX, "a block header"))

    def header(self, height: int) -> bytes:
        """The header at a height."""
        (answer,) = self.batch([("blockchain.block.header", [height])])
        return bytes.fromhex(self._matching(answer, _HEX, "a block header"))

    def newest(self) -> int:
        """The newest block's height. The server goes on to announce blocks; such lines are skipped."""
        (answer,) = self.batch([("blockchain.headers.subscribe", [])])
        height = answer.get("height") if isinstance(answer, dict) else None
        if not is_count(height):
            self.fail("it names no newest block")
        return height

    def balances(self, accounts: Sequence[tuple[Account, bytes]]) -> Operation[list[int]]:
        """Confirmed amounts by script hash."""
        calls: list[Call] = [("blockchain.scripthash.get_balance", [_script_hash(script)]) for _, script in accounts]
        answers = yield from self._in_batches(calls, "balances")
        return [self._amount(answer) for answer in answers]

    def listings(self, accounts: Sequence[tuple[Account, bytes]]) -> Operation[list[Listing]]:
        """Confirmed transactions by script hash."""
        calls: list[Call] = [("blockchain.scripthash.get_history", [_script_hash(script)]) for _, script in accounts]
        answers = yield from self._in_batches(calls, "histories")
        return [self._listing(answer) for answer in answers]

    def transactions(self, wanted: Sequence[HashAndHeight]) -> Operation[list[UtxoTransaction]]:
        """Raw transactions with their branches."""
        calls: list[Call] = []
        for txid, height in wanted:
            calls.append(("blockchain.transaction.get", [txid, False]))
            calls.append(("blockchain.transaction.get_merkle", [txid, height]))
        answers = iter((yield from self._in_batches(calls, "transactions")))
        return [self._transaction(height, answers) for _, height in wanted]

    def header_chain(self, first: int, last: int) -> Operation[tuple[bytes, ...] | None]:
        """Headers in runs of 2,016."""
        headers: list[bytes] = []
        while first + len(headers) <= last:
            start = first + len(headers)
            count = min(_HEADERS_AT_ONCE, last - start + 1)
            (answer,) = self.batch([("blockchain.block.headers", [start, count])])
            raw = bytes.fromhex(self._matching((answer or {}).get("hex"), _HEX, "block headers"))
            if len(raw) % HEADER_BYTES or not raw or len(raw) > count * HEADER_BYTES:
                self.fail("its block headers are not of 80 bytes each")
            headers += [raw[at : at + HEADER_BYTES] for at in range(0, len(raw), HEADER_BYTES)]
            yield Progress(len(headers), last - first + 1, "headers", f"{self.endpoint.origin}: block headers")
        return tuple(headers)

    def _in_batches(self, calls: Sequence[Call], what: str) -> Operation[list[Any]]:
        answers: list[Any] = []
        while len(answers) < len(calls):
            answers += self.batch(calls[len(answers) : len(answers) + _BATCH])
            yield Progress(len(answers), len(calls), "requests", f"{self.endpoint.origin}: {what}")
        return answers

    def _amount(self, answer: Any) -> int:
        amount = answer.get("confirmed") if isinstance(answer, dict) else None
        if not is_count(amount):
            self.fail("a balance is no number of base units")
        return amount

    def _listing(self, answer: Any) -> Listing:
        if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
            self.fail("a history is no list")
        found = []
        for item in answer:
            height = item.get("height")
            txid = self._matching(item.get("tx_hash"), _HASH, "a transaction's id")
            if height != -1 and not is_count(height):
                self.fail("a transaction's height is no number")
            if height > 0:
                found.append((txid, height))
        return tuple(found)

    def _transaction(self, height: int, answers: Iterator[Any]) -> UtxoTransaction:
        raw = bytes.fromhex(self._matching(next(answers), _HEX, "a transaction"))
        place = next(answers)
        branch = place.get("merkle") if isinstance(place, dict) else None
        position = place.get("pos") if isinstance(place, dict) else None
        if not isinstance(branch, list) or not is_count(position) or position >= 2**32:
            self.fail("a Merkle branch is not of the documented form")
        nodes = tuple(bytes.fromhex(self._matching(node, _HASH, "a branch's node")) for node in branch)
        return UtxoTransaction(height, raw, nodes, position)

    def _matching(self, value: Any, form: re.Pattern[str], what: str) -> str:
        if not isinstance(value, str) or not form.match(value):
            self.fail(f"{what} is not hexadecimal of the right length")
        return value

    def _exchange(self, calls: Sequence[Call], *, batched: bool) -> list[Any]:
        """One line there, one line back; ``TryAgain`` where patience may help."""
        body, ids = self._messages.request(calls, batched=batched)
        with self._connection() as sock:
            data = self._line(sock, body)
        results = self._messages.results(data, ids, batched=batched)
        self.keep("LINE", body, data)
        return results

    @contextmanager
    def _connection(self) -> Iterator[socket.socket]:
        """The connection, greeted once; after any failure it is made anew."""
        try:
            if self._sock is None:
                self._sock = self.connected()
                body, ids = self._messages.request([("server.version", ["reserve-auditor", PROTOCOL])], batched=False)
                (answer,) = self._messages.results(self._line(self._sock, body), ids, batched=False)
                if isinstance(answer, RpcRefusal):
                    raise answer
            yield self._sock
        except BaseException:
            self.close()
            raise

    def _line(self, sock: socket.socket, body: bytes) -> bytes:
        self.requests += 1
        with Watch(sock, time.monotonic() + self.limits.exchange_seconds, self.token) as watch:
            try:
                sock.sendall(body + b"\n")
                return self._answer(sock.recv)
            except OSError as error:
                self.token.check()
                if watch.late or isinstance(error, TimeoutError):
                    raise TryAgain(f"it did not answer within {self.limits.exchange_seconds:g} s") from None
                raise TryAgain(f"the connection failed ({type(error).__name__})") from None

    def _answer(self, receive: Callable[[int], bytes]) -> bytes:
        """The next line that answers something: a server may announce a new block at any time."""
        while True:
            line = self._received(receive)
            if line[:1] == b"[":
                return line
            document = self.document(line)
            if not isinstance(document, dict) or "method" not in document or "id" in document:
                return line

    def _received(self, receive: Callable[[int], bytes]) -> bytes:
        """Bytes up to the next line feed, within the cap; what came behind it is kept for the next line."""
        chunks, size = [self._unread], len(self._unread)
        while b"\n" not in chunks[-1]:
            chunk = receive(2**16)
            if not chunk:
                self.token.check()
                raise TryAgain("it closed the connection")
            chunks.append(chunk)
            size += len(chunk)
            if size > self.limits.max_bytes:
                self.too_large()
        line, _, self._unread = b"".join(chunks).partition(b"\n")
        return self.without_secret(line)


def _script_hash(script: bytes) -> str:
    """How the Electrum protocol names a script."""
    return sha256(script).digest()[::-1].hex()
