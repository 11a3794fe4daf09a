"""The proof member of one EVM chain in an evidence file: a header, trie nodes each once, and where tokens keep balances.

Everything in it can be made up by whoever made the file; only a block hash from elsewhere gives it weight
(``onchain.md``, "Who says which block?"). The JSON is canonical, so that no byte of it is free.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec

from auditor_app import strict_json
from auditor_app.chain.accounts import Account, contract_of
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.header import Header, HeaderError, read_header
from auditor_app.chain.state_proof import AccountState, account_state, mapping_slot, slot_value
from auditor_app.chain.trie import NodeTable, TrieError
from auditor_app.errors import AuditError, ChainError, Location

NATIVE_DECIMALS = 18
"""Of every EVM chain's own coin as balances are counted by its nodes."""

MEDIA_TYPE = "application/vnd.por.evm-state.v1+json"
MAX_BUNDLE_BYTES = 256 * 2**20

_Hex = Annotated[str, msgspec.Meta(pattern=r"^0x([0-9a-f]{2})+\Z")]
_Address = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-f]{40}\Z")]
_Digits = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,77})\Z")]


class TokenLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Where a token keeps its balances: ``mapping(address => uint256)`` at slot ``index``, and its decimals.

    The layout is the capturer's observation (at capture the slot held what ``balanceOf`` said, for every account);
    the trie proves the slot, not its meaning.
    """

    contract: _Address
    decimals: Annotated[int, msgspec.Meta(ge=0, le=255)]
    index: _Digits
    key_first: bool

    def slot(self, holder: bytes) -> bytes:
        """The 32-byte slot of a holder's balance."""
        return mapping_slot(holder, int(self.index), key_first=self.key_first)


class ProofBundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """One chain's proofs: header RLP, nodes in order of their Keccak-256, token layouts in order of contract."""

    chain: str
    header: _Hex
    nodes: tuple[_Hex, ...]
    tokens: tuple[TokenLayout, ...]


ProofCapture = tuple[ProofBundle | None, tuple[str, ...]]
"""What a capture of proofs gives: the bundle, or ``None`` where nothing can be proven, and in words what was left out."""


def member_name(chain: str) -> str:
    """The bundle's member for a CAIP-2 chain."""
    return f"proofs/{chain.replace(':', '-')}.json"


def make_bundle(chain: str, header: bytes, nodes: Iterable[bytes], tokens: Iterable[TokenLayout]) -> ProofBundle:
    """A bundle in canonical order; each node once."""
    return ProofBundle(
        chain=chain,
        header="0x" + header.hex(),
        nodes=tuple("0x" + node.hex() for node in sorted(set(nodes), key=keccak256)),
        tokens=tuple(sorted(tokens, key=lambda item: item.contract)),
    )


def encode_bundle(bundle: ProofBundle) -> bytes:
    """The member's bytes."""
    return msgspec.json.encode(bundle) + b"\n"


def decode_bundle(data: bytes, name: str) -> ProofBundle:
    """The bundle of a member; :class:`ChainError` ``EVIDENCE.PROOF`` unless it is in canonical form."""
    try:
        document = strict_json.parse(data, file=name, code="EVIDENCE.PROOF", max_bytes=MAX_BUNDLE_BYTES)
        bundle = msgspec.convert(document, ProofBundle)
    except AuditError as error:
        raise ChainError("EVIDENCE.PROOF", error.what, at=error.at) from None
    except msgspec.ValidationError as error:
        raise ChainError("EVIDENCE.PROOF", f"the proofs break their schema: {error}", at=Location(name)) from None
    if encode_bundle(bundle) != data:
        raise ChainError("EVIDENCE.PROOF", "the proofs are not in canonical form", at=Location(name))
    return bundle


class ProvenState:
    """The state of one chain at one block, as far as a bundle's nodes reach. Each node is hashed and decoded once."""

    def __init__(self, bundle: ProofBundle, block_hash: bytes, height: int) -> None:
        """:class:`ChainError` ``EVIDENCE.PROOF`` where the header is not that of the block."""
        self._where = member_name(bundle.chain)
        nodes = [bytes.fromhex(node[2:]) for node in bundle.nodes]
        try:
            self.header: Header = read_header(bytes.fromhex(bundle.header[2:]), block_hash)
            self._nodes = NodeTable(nodes)
        except (HeaderError, TrieError) as error:
            raise self._failed(str(error)) from None
        if self.header.number != height:
            raise self._failed(f"the header is that of block {self.header.number}, not {height}")
        digests = self._nodes.digests()
        self._tokens = {layout.contract: layout for layout in bundle.tokens}
        if digests != sorted(digests) or list(self._tokens) != sorted(self._tokens):
            raise self._failed("nodes or tokens are not in canonical order")
        if len(self._tokens) != len(bundle.tokens):
            raise self._failed("a token is described twice")
        if any(int(layout.index) >= 2**256 for layout in bundle.tokens):
            raise self._failed("a token's slot is out of range")
        self._contracts: dict[str, AccountState] = {}
        self._used_tokens: set[str] = set()

    def balance(self, account: Account, asset_ids: Sequence[str], decimals: int) -> int | None:
        """The proven sum of an account's balances of an asset, in its base units, rounded down.

        ``None`` where one of the asset's tokens has no layout here; :class:`ChainError` where nodes are missing or
        prove nothing.
        """
        contracts = [contract_of(item) for item in asset_ids]
        if any(contract is not None and contract not in self._tokens for contract in contracts):
            return None
        holder = bytes.fromhex(account.address[2:])
        try:
            return sum(self._one(holder, contract, decimals) for contract in contracts)
        except TrieError as error:
            raise self._failed(f"{error} (account {account.address})") from None

    def needs_layout(self, asset_ids: Sequence[str]) -> bool:
        """Whether the proof of this asset also rests on a token's layout, which no trie proves."""
        return any(contract_of(item) is not None for item in asset_ids)

    def finish(self) -> None:
        """Refuse nodes and layouts that no balance needed: nothing in a proof may stand there for no reason."""
        if self._nodes.unused():
            raise self._failed(f"{self._nodes.unused()} nodes are on no path that was needed")
        if set(self._tokens) != self._used_tokens:
            raise self._failed("a token is described that no balance needs")

    def _one(self, holder: bytes, contract: str | None, decimals: int) -> int:
        if contract is None:
            balance = account_state(self._nodes, self.header.state_root, holder).balance
            return in_base_units(balance, NATIVE_DECIMALS, decimals)
        layout = self._tokens[contract]
        self._used_tokens.add(contract)
        token = self._contracts.get(contract)
        if token is None:
            token = account_state(self._nodes, self.header.state_root, bytes.fromhex(contract[2:]))
            self._contracts[contract] = token
        if not token.has_code:
            raise TrieError(f"the token {contract} has no code at this block")
        word = slot_value(self._nodes, token.storage_root, layout.slot(holder))
        return in_base_units(word, layout.decimals, decimals)

    def _failed(self, what: str) -> ChainError:
        return ChainError("EVIDENCE.PROOF", what, at=Location(self._where), action="Capture the balances again.")


def in_base_units(raw: int, token_decimals: int, asset_decimals: int) -> int:
    """A token's own units in the asset map's base units; what the map cannot hold is dropped, never added.

    The same asset can have other decimals on another chain: USDT has 6 on Ethereum and 18 on BNB Smart Chain.
    """
    if asset_decimals >= token_decimals:
        return raw * int(10 ** (asset_decimals - token_decimals))
    return raw // int(10 ** (token_decimals - asset_decimals))
