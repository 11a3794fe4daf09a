"""What a state root proves of accounts and storage: balances and slots, or their absence, without anybody's word."""

from __future__ import annotations

from dataclasses import dataclass

from auditor_app.chain import rlp
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.rlp import RlpError
from auditor_app.chain.trie import EMPTY_ROOT, NodeTable, TrieError

NO_CODE = keccak256(b"")


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account under a state root; an absent account has no coins, no code and no storage."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes

    @property
    def has_code(self) -> bool:
        """Whether it is a contract."""
        return self.code_hash != NO_CODE


ABSENT = AccountState(0, 0, EMPTY_ROOT, NO_CODE)


def account_state(nodes: NodeTable, state_root: bytes, address: bytes) -> AccountState:
    """The account at 20-byte ``address``; :class:`TrieError` where the nodes prove neither it nor its absence."""
    value = nodes.lookup(state_root, address)
    return ABSENT if value is None else read_account(value)


def read_account(value: bytes) -> AccountState:
    """The account that a leaf of the state trie holds; :class:`TrieError` for anything but the four fields."""
    try:
        fields = rlp.decode(value)
        if not isinstance(fields, list) or len(fields) != 4:
            raise TrieError("an account does not have four fields")
        nonce, balance, storage_root, code_hash = fields
        if not isinstance(storage_root, bytes) or not isinstance(code_hash, bytes):
            raise TrieError("an account's hashes are no bytes")
        if (len(storage_root), len(code_hash)) != (32, 32):
            raise TrieError("an account's hashes have a wrong length")
        return AccountState(rlp.integer(nonce, 8), rlp.integer(balance), storage_root, code_hash)
    except RlpError as error:
        raise TrieError(f"an account is not canonical RLP: {error}") from None


def slot_value(nodes: NodeTable, storage_root: bytes, slot: bytes) -> int:
    """The word in a 32-byte storage slot, 0 where it is proven absent."""
    value = nodes.lookup(storage_root, slot)
    if value is None:
        return 0
    try:
        word = rlp.integer(rlp.decode(value))
    except RlpError as error:
        raise TrieError(f"a storage value is not canonical RLP: {error}") from None
    if not word:
        raise TrieError("a zero is stored, which is written as absence")
    return word


def mapping_slot(holder: bytes, index: int, *, key_first: bool = True) -> bytes:
    """Where ``mapping(address => …)`` at slot ``index`` keeps a holder's word.

    Solidity hashes key then slot, Vyper slot then key (``key_first=False``).
    """
    key, slot = holder.rjust(32, b"\0"), index.to_bytes(32, "big")
    return keccak256(key + slot if key_first else slot + key)
