"""The state of one chain at one block, as far as a bundle of proofs reaches: what is read here needs nobody's word.

A balance comes straight from the state trie, from the slot of a token with a known layout, or from running the
token's own code again on proven state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from auditor_app.chain.accounts import Account, contract_of, is_evm_chain
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.bundle import NATIVE_DECIMALS, ProofBundle, TokenLayout, in_base_units, member_name
from auditor_app.chain.header import Header, HeaderError, read_header
from auditor_app.chain.reexecution import (
    NO_PYREVM,
    MachineMissingError,
    ProvenAccount,
    Reexecution,
    ReexecutionError,
    available,
)
from auditor_app.chain.state_proof import NO_CODE, AccountState, account_state, slot_value
from auditor_app.chain.trie import NodeTable, TrieError
from auditor_app.errors import ChainError, Location
from auditor_app.operation import CancelToken

BALANCE_OF, DECIMALS = bytes.fromhex("70a08231"), bytes.fromhex("313ce567")
"""Selectors of ERC-20 ``balanceOf(address)`` and ``decimals()``."""

MAX_DECIMALS = 255
"""ERC-20's ``decimals`` is a byte."""


class ProvenState:
    """Balances under one bundle's header. A context manager: re-execution has a process of its own.

    Each node is hashed and decoded once; ``token`` ends the waiting for that process. :class:`ChainError` ``EVIDENCE.PROOF`` for everything that does not hold.
    """

    def __init__(self, bundle: ProofBundle, block_hash: bytes, height: int, token: CancelToken | None = None) -> None:
        self._token = token
        self._where = member_name(bundle.chain)
        if not is_evm_chain(bundle.chain):
            raise self._failed(f"{bundle.chain} is not the id of an EVM chain")
        self._chain_id = int(bundle.chain.partition(":")[2])
        try:
            self.header: Header = read_header(bytes.fromhex(bundle.header[2:]), block_hash)
            self._nodes = NodeTable(bytes.fromhex(node[2:]) for node in bundle.nodes)
        except (HeaderError, TrieError) as error:
            raise self._failed(str(error)) from None
        if self.header.number != height:
            raise self._failed(f"the header is that of block {self.header.number}, not {height}")
        self._tokens = {layout.contract: layout for layout in bundle.tokens}
        self._executed = frozenset(bundle.executed)
        self._code = {keccak256(raw := bytes.fromhex(code[2:])): raw for code in bundle.code}
        self._check_order(bundle)
        self._contracts: dict[str, AccountState] = {}
        self._decimals: dict[str, int] = {}
        self._used_tokens: set[str] = set()
        self._machine: Reexecution | None = None
        self._missing = "" if available() else NO_PYREVM
        self._touched = self._read_touched(bundle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._machine is not None:
            self._machine.__exit__()
            self._machine = None

    def balance(self, account: Account, asset_ids: Sequence[str], decimals: int) -> int | None:
        """The proven sum of an account's balances of an asset, in its base units, rounded down.

        ``None`` where nothing here proves one of the asset's tokens, or where it can only be re-executed and this
        installation cannot.
        """
        contracts = [contract_of(item) for item in asset_ids]
        self._used_tokens.update(contract for contract in contracts if contract is not None)
        if not all(self._provable(contract) for contract in contracts):
            return None
        holder = bytes.fromhex(account.address[2:])
        try:
            return sum(self._one(holder, contract, decimals) for contract in contracts)
        except MachineMissingError:
            return None
        except (TrieError, ReexecutionError) as error:
            raise self._failed(f"{error} (account {account.address})") from None

    def call(self, contract: str, data: bytes) -> bytes:
        """What a contract (lower-case ``0x`` address) among the executed ones answers to ``data``.

        :class:`ReexecutionError` or :class:`TrieError` where it cannot be run to an answer on what is proven.
        """
        if contract not in self._executed:
            raise ReexecutionError(f"the state of {contract} was not captured")
        return self._answer(contract, data)

    def rests_on_layout(self, asset_ids: Sequence[str]) -> bool:
        """Whether the proof of this asset also rests on a token's layout, which no trie proves."""
        return any(contract_of(item) in self._tokens for item in asset_ids)

    @property
    def not_reexecuted(self) -> str:
        """Why balances stay unproven only because this installation cannot run calls, as a clause; empty otherwise."""
        return self._missing if self._executed - set(self._tokens) else ""

    @property
    def decimals_observed(self) -> bool:
        """Whether some token's decimals are the capturing auditor's word: not asked of its own code on proven state."""
        return bool(set(self._tokens) - self._executed) or bool(self._tokens and self._missing)

    def finish(self) -> None:
        """Refuse nodes and tokens that no balance needed: nothing in a proof may stand there for no reason."""
        self.refuse_spare_nodes()
        if not {*self._tokens, *self._executed} <= self._used_tokens:
            raise self._failed("a token is described that no balance needs")

    def refuse_spare_nodes(self) -> None:
        """Refuse nodes that nothing read so far has crossed."""
        if self._nodes.unused():
            raise self._failed(f"{self._nodes.unused()} nodes are on no path that was needed")

    def _provable(self, contract: str | None) -> bool:
        return contract is None or contract in self._tokens or contract in self._executed

    def _one(self, holder: bytes, contract: str | None, decimals: int) -> int:
        if contract is None:
            balance = account_state(self._nodes, self.header.state_root, holder).balance
            return in_base_units(balance, NATIVE_DECIMALS, decimals)
        layout = self._tokens.get(contract)
        if layout is None:
            raw = self._call(contract, BALANCE_OF + holder.rjust(32, b"\0"))
            return in_base_units(raw, self._decimals_of(contract), decimals)
        token = self._contract(contract)
        self._compare_decimals(layout)
        word = slot_value(self._nodes, token.storage_root, layout.slot(holder))
        return in_base_units(word, layout.decimals, decimals)

    def _compare_decimals(self, layout: TokenLayout) -> None:
        """With what the token's own code answers, where that was captured and calls can be run here."""
        if layout.contract not in self._executed:
            return
        try:
            own = self._decimals_of(layout.contract)
        except MachineMissingError:
            return  # the limitation says so
        if own != layout.decimals:
            said = f"the token {layout.contract} is said to have {layout.decimals} decimals"
            raise TrieError(f"{said} and its own code says {own}")

    def _decimals_of(self, contract: str) -> int:
        """What a token's own code answers; more than a byte holds is refused, since a power of ten is taken of it."""
        if contract not in self._decimals:
            answer = self._call(contract, DECIMALS)
            if answer > MAX_DECIMALS:
                raise ReexecutionError(f"the token {contract} answers decimals that no byte holds")
            self._decimals[contract] = answer
        return self._decimals[contract]

    def _contract(self, contract: str) -> AccountState:
        token = self._contracts.get(contract)
        if token is None:
            token = account_state(self._nodes, self.header.state_root, bytes.fromhex(contract[2:]))
            self._contracts[contract] = token
        if not token.has_code:
            raise TrieError(f"the contract {contract} has no code at this block")
        return token

    def _answer(self, contract: str, data: bytes) -> bytes:
        """A re-executed call of a contract that has code."""
        self._contract(contract)
        if self._missing:
            raise MachineMissingError(self._missing)
        try:
            return self._running().call(bytes.fromhex(contract[2:]), data)
        except MachineMissingError:
            self.__exit__()  # a process can be ended from outside: once more, so that it changes nothing that is said
        try:
            return self._running().call(bytes.fromhex(contract[2:]), data)
        except MachineMissingError as error:
            self._missing = str(error)
            raise

    def _running(self) -> Reexecution:
        if self._machine is None:
            self._machine = Reexecution(self._chain_id, self.header, self._touched, self._token).__enter__()
        return self._machine

    def _call(self, contract: str, data: bytes) -> int:
        """One word from a re-executed call."""
        answer = self._answer(contract, data)
        if len(answer) != 32:
            raise ReexecutionError(f"the token {contract} answered {len(answer)} bytes")
        return int.from_bytes(answer, "big")

    def _read_touched(self, bundle: ProofBundle) -> dict[bytes, ProvenAccount]:
        """Every touched account with its code and slots, proven now: so no node of theirs is left over."""
        accounts: dict[bytes, ProvenAccount] = {}
        used_code = set()
        try:
            for item in bundle.touched:
                address = bytes.fromhex(item.address[2:])
                state = account_state(self._nodes, self.header.state_root, address)
                if state.has_code and state.code_hash not in self._code:
                    raise self._failed(f"the code of {item.address} is missing")
                used_code.add(state.code_hash)
                slots = {
                    int(slot, 16): slot_value(self._nodes, state.storage_root, bytes.fromhex(slot[2:]))
                    for slot in item.slots
                }
                code = self._code[state.code_hash] if state.has_code else b""
                accounts[address] = ProvenAccount(state.nonce, state.balance, code, slots)
        except TrieError as error:
            raise self._failed(str(error)) from None
        if set(self._code) - used_code - {NO_CODE} or (bundle.touched and not bundle.executed):
            raise self._failed("code or accounts stand in the proofs that no call needs")
        return accounts

    def _check_order(self, bundle: ProofBundle) -> None:
        """Canonical order, nothing twice, slots within range."""
        touched = [item.address for item in bundle.touched]
        contracts = [layout.contract for layout in bundle.tokens]
        nodes, code = self._nodes.digests(), list(self._code)
        in_order = nodes == sorted(nodes) and code == sorted(code)
        if not in_order or any(items != sorted(set(items)) for items in (touched, contracts, list(bundle.executed))):
            raise self._failed("nodes, code, tokens or accounts are not in canonical order")
        if len(self._code) != len(bundle.code):
            raise self._failed("code stands in the proofs twice")
        if any(list(item.slots) != sorted(set(item.slots)) for item in bundle.touched):
            raise self._failed("slots are not in canonical order")
        if any(int(layout.index) >= 2**256 for layout in bundle.tokens):
            raise self._failed("a token's slot is out of range")

    def _failed(self, what: str) -> ChainError:
        return ChainError("EVIDENCE.PROOF", what, at=Location(self._where), action="Capture the balances again.")
