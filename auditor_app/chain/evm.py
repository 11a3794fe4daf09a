"""Reading an EVM chain at one block: which block an endpoint serves, and many balances in few requests.

Everything is pinned to the block's hash (EIP-1898) where the endpoint allows it, else to its height, and the hash is
compared again at the end. Bulk methods in order of preference: a reader contract placed by the state override of
``eth_call``, Multicall3, JSON batches; the first that the endpoint supports is used, in chunks that grow while it
answers and halve when it declines. This is the only file that imports web3 (for the ABI).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from web3 import Web3

from auditor_app.chain.evidence import plain_hash
from auditor_app.chain.rpc import JsonRpc, RpcRefusal
from auditor_app.errors import ChainError
from auditor_app.operation import Operation, Progress
from auditor_app.resource_files import resource

MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
"""The address of Multicall3 on more than 200 chains (github.com/mds1/multicall)."""

HEIGHT_IS_NOT_BLOCK_NUMBER = frozenset({42161, 42170, 421614})
"""Arbitrum chains, where ``block.number`` inside a call is the height of the parent chain."""

_READER_ADDRESS = "0x" + "a0d170" * 6 + "a0d1"
_ZERO_ADDRESS = "0x" + "00" * 20
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,63})\Z", re.ASCII)
_DATA = re.compile(r"0x([0-9a-f]{2})*\Z", re.ASCII)
_FIRST_CHUNK, _LARGEST_CHUNK, _BATCH_CHUNK = 500, 5000, 100
_BALANCE_OF, _DECIMALS = bytes.fromhex("70a08231"), bytes.fromhex("313ce567")
_AGGREGATE3, _ETH_BALANCE = bytes.fromhex("82ad56cb"), bytes.fromhex("4d2301cc")
_BLOCK_NUMBER, _CHAIN_ID = bytes.fromhex("42cbb15c"), bytes.fromhex("3408e470")


@dataclass(frozen=True, slots=True)
class EvmBlock:
    """A block as the endpoint shows it: ``hash`` and ``parent_hash`` with ``0x``, ``header`` its JSON fields."""

    chain_id: int
    height: int
    hash: str
    parent_hash: str
    header: dict[str, Any]


def quantity(value: Any, what: str, origin: str) -> int:
    """A JSON-RPC quantity: ``0x`` and hex without leading zeros, at most 256 bits, never negative."""
    if not isinstance(value, str) or not _QUANTITY.match(value):
        raise _unusable(origin, f"{what} is {_short(value)}, which is no quantity")
    return int(value, 16)


def binary(value: Any, what: str, origin: str) -> bytes:
    """JSON-RPC data: ``0x`` and whole bytes in lower-case hex."""
    if not isinstance(value, str) or not _DATA.match(value):
        raise _unusable(origin, f"{what} is {_short(value)}, which is no data")
    return bytes.fromhex(value[2:])


class EvmReader:
    """One endpoint at one block. Open it with :func:`open_block`."""

    def __init__(self, rpc: JsonRpc, block: EvmBlock) -> None:
        self.rpc = rpc
        self.block = block
        self._origin = rpc.endpoint.origin
        self._pin: dict[str, Any] | str = {"blockHash": block.hash, "requireCanonical": True}
        self._methods: list[tuple[str, _Method, int]] = []

    @property
    def pin(self) -> dict[str, Any] | str:
        """The block parameter of every call."""
        return self._pin

    def prepare(self) -> str:
        """Find out how this endpoint can be asked; returns the name of the bulk method. Call once."""
        try:
            self.rpc.call("eth_getBalance", [_ZERO_ADDRESS, self._pin])
        except RpcRefusal:
            self._pin = hex(self.block.height)
            self.rpc.call("eth_getBalance", [_ZERO_ADDRESS, self._pin])
        candidates: tuple[tuple[str, _Method, int], ...] = (
            ("state override", self._override, _LARGEST_CHUNK),
            ("Multicall3", self._multicall, _LARGEST_CHUNK),
            ("JSON batch", self._batch, _BATCH_CHUNK),
        )
        for name, method, largest in candidates:
            try:
                method(None, [_ZERO_ADDRESS])
            except RpcRefusal:
                continue
            self._methods.append((name, method, largest))
        if not self._methods:
            raise _unusable(self._origin, "it declines every way of reading balances")
        return self._methods[0][0]

    def token_decimals(self, token: str) -> int:
        """What the token itself says its decimals are; a token without code or answer is an error, never zero."""
        answer = self._call(token, _DECIMALS)
        if len(answer) != 32 or int.from_bytes(answer, "big") > 255:
            raise _unusable(self._origin, f"the token {token} does not say its decimals at this block")
        return int.from_bytes(answer, "big")

    def balances(self, token: str | None, holders: Sequence[str], note: str) -> Operation[list[int]]:
        """Raw balances of ``holders`` in order: native coins where ``token`` is ``None``."""
        found: list[int] = []
        remaining = list(self._methods)
        size = _FIRST_CHUNK
        while len(found) < len(holders):
            _, method, largest = remaining[0]
            chunk = holders[len(found) : len(found) + min(size, largest)]
            try:
                found += method(token, chunk)
                size = min(size * 2, _LARGEST_CHUNK)
            except RpcRefusal:
                if len(chunk) > 1:
                    size = len(chunk) // 2
                elif len(remaining) > 1:
                    remaining, size = remaining[1:], _FIRST_CHUNK
                else:
                    raise
            yield Progress(len(found), len(holders), "balances", note)
        return found

    def confirm(self) -> None:
        """Compare the hash at this height once more: a reorganisation in between would mix two blocks."""
        again = _block_at(self.rpc, self.block.height)
        if again.get("hash") != self.block.hash:
            raise _unusable(self._origin, f"the block at height {self.block.height} changed while it was read")

    def _call(self, to: str, data: bytes, override: dict[str, Any] | None = None) -> bytes:
        params: list[Any] = [{"to": to, "data": "0x" + data.hex()}, self._pin]
        if override is not None:
            params.append(override)
        return binary(self.rpc.call("eth_call", params), "the result of eth_call", self._origin)

    def _override(self, token: str | None, holders: Sequence[str]) -> list[int]:
        """All balances in one ``eth_call`` of a contract that exists only for that call."""
        data = _codec().encode(["address", "address[]"], [token or _ZERO_ADDRESS, list(holders)])
        answer = self._call(_READER_ADDRESS, data, {_READER_ADDRESS: {"code": _reader_code()}})
        number, chain_id, parent, balances = self._decoded(["uint256", "uint256", "bytes32", "uint256[]"], answer)
        self._compare(number, chain_id, parent)
        return self._counted(balances, holders)

    def _multicall(self, token: str | None, holders: Sequence[str]) -> list[int]:
        """Multicall3 ``aggregate3``; the first two answers name block and chain."""
        calls = [(MULTICALL3, False, _BLOCK_NUMBER), (MULTICALL3, False, _CHAIN_ID)]
        target, selector = (MULTICALL3, _ETH_BALANCE) if token is None else (token, _BALANCE_OF)
        calls += [(target, False, selector + _word(holder)) for holder in holders]
        answer = self._call(MULTICALL3, _AGGREGATE3 + _codec().encode(["(address,bool,bytes)[]"], [calls]))
        (results,) = self._decoded(["(bool,bytes)[]"], answer)
        if len(results) != len(calls) or not all(ok and len(data) == 32 for ok, data in results):
            raise RpcRefusal("CHAIN.ENDPOINT", f"the token or Multicall3 on {self._origin} gave an unusable answer")
        values = [int.from_bytes(data, "big") for _, data in results]
        self._compare(values[0], values[1], b"")
        return self._counted(values[2:], holders)

    def _batch(self, token: str | None, holders: Sequence[str]) -> list[int]:
        """One JSON-RPC batch with a request for each holder."""
        if token is None:
            raw = self.rpc.batch([("eth_getBalance", [holder, self._pin]) for holder in holders])
            values = [quantity(_kept(item), "a balance", self._origin) for item in raw]
        else:
            raw = self.rpc.batch(
                [
                    ("eth_call", [{"to": token, "data": "0x" + (_BALANCE_OF + _word(holder)).hex()}, self._pin])
                    for holder in holders
                ]
            )
            words = [binary(_kept(item), "the result of balanceOf", self._origin) for item in raw]
            if not all(len(word) == 32 for word in words):
                raise _unusable(self._origin, f"the token {token} gave no balance")
            values = [int.from_bytes(word, "big") for word in words]
        return self._counted(values, holders)

    def _decoded(self, types: list[str], answer: bytes) -> tuple[Any, ...]:
        """ABI-decoded output; an endpoint that ignored what was asked answers too short, which is a refusal."""
        from eth_abi.exceptions import DecodingError

        try:
            return tuple(_codec().decode(types, answer))
        except (DecodingError, OverflowError):
            raise RpcRefusal("CHAIN.ENDPOINT", f"{self._origin} gave an answer that is not of the asked form") from None

    def _compare(self, number: int, chain_id: int, parent: bytes) -> None:
        """The call itself must have run on the named chain and block."""
        if chain_id != self.block.chain_id:
            raise _unusable(self._origin, f"its call ran on chain {chain_id}, not {self.block.chain_id}")
        if chain_id in HEIGHT_IS_NOT_BLOCK_NUMBER:
            return
        if number != self.block.height:
            raise _unusable(self._origin, f"its call ran at block {number}, not {self.block.height}")
        if any(parent) and parent.hex() != plain_hash(self.block.parent_hash):
            raise _unusable(self._origin, f"its call ran on another fork: the parent's hash is 0x{parent.hex()}")

    def _counted(self, values: Sequence[int], holders: Sequence[str]) -> list[int]:
        if len(values) != len(holders):
            raise _unusable(self._origin, f"it gave {len(values)} balances for {len(holders)} accounts")
        return list(values)


_Method = Callable[[str | None, Sequence[str]], list[int]]


def open_block(rpc: JsonRpc, chain_id: int, height: int, expected_hash: str | None) -> EvmReader:
    """A reader at ``height``; :class:`ChainError` for another chain id, no such block, or another hash there."""
    origin = rpc.endpoint.origin
    served = quantity(rpc.call("eth_chainId", []), "the chain id", origin)
    if served != chain_id:
        raise _differs(origin, "it serves another chain", f"chain id {chain_id}", f"chain id {served}")
    header = _block_at(rpc, height)
    number = quantity(header.get("number"), "the block's number", origin)
    if number != height:
        raise _differs(origin, "it serves another block", f"height {height}", f"height {number}")
    found, parent = header.get("hash"), header.get("parentHash")
    if len(binary(found, "the block's hash", origin)) != 32 or len(binary(parent, "the parent's hash", origin)) != 32:
        raise _unusable(origin, "a block hash has a wrong length")
    if expected_hash is not None and plain_hash(str(found)) != plain_hash(expected_hash):
        raise _differs(
            origin, f"its block at height {height} is not the one that the snapshot names", expected_hash, str(found)
        )
    return EvmReader(rpc, EvmBlock(served, height, str(found), str(parent), header))


def _block_at(rpc: JsonRpc, height: int) -> dict[str, Any]:
    header = rpc.call("eth_getBlockByNumber", [hex(height), False])
    if not isinstance(header, dict):
        raise _unusable(rpc.endpoint.origin, f"it has no block at height {height}")
    return header


def _kept(item: Any) -> Any:
    if isinstance(item, RpcRefusal):
        raise item
    return item


def _word(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


@cache
def _codec() -> Any:
    return Web3().codec


@cache
def _reader_code() -> str:
    path = resource("contracts", "BalanceReader.json")
    return str(json.loads(path.read_text(encoding="ascii"))["contracts"]["BalanceReader"]["runtime"])


def _short(value: Any) -> str:
    text = repr(value)[:60]
    return "".join(c if c.isprintable() else " " for c in text)


def _unusable(origin: str, what: str) -> ChainError:
    return ChainError(
        "CHAIN.ENDPOINT",
        f"the endpoint {origin} gave no usable answer: {what}",
        action="Use another endpoint, or ask its operator.",
    )


def _differs(origin: str, what: str, expected: str, observed: str) -> ChainError:
    return ChainError(
        "CHAIN.ENDPOINT",
        f"the endpoint {origin} cannot be used: {what}",
        expected=expected,
        observed=observed,
        action="Compare with a second endpoint; if both agree, ask the issuer.",
    )
