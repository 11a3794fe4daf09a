"""Members of an evidence file that hold EVM transactions with their inclusion: what a block's own header says happened.

A transaction and its receipt stand in the tries of one block's header. An earlier block is tied to the snapshot's by
the history contract (EIP-2935); of a block that is not tied, the capturing auditor's endpoint is the only witness.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from auditor_app import strict_json
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.bundle import ProofBundle, make_bundle
from auditor_app.chain.evm_transaction import (
    EvmTransaction,
    Receipt,
    TransactionError,
    read_receipt,
    read_transaction,
)
from auditor_app.chain.header import Header, HeaderError, read_header
from auditor_app.chain.history import earlier_block_hashes
from auditor_app.chain.ownership.encoding import from_hex
from auditor_app.chain.trie import NodeTable, TrieError
from auditor_app.errors import AuditError, ChainError, Location
from auditor_app.snapshot.members import OwnershipRow
from auditor_app.typed import typed

MEDIA_TYPE = "application/vnd.por.evm-transactions.v1+json"
MAX_BYTES = 64 * 2**20
MAX_POSITION = 2**24

_Hex = Annotated[str, msgspec.Meta(pattern=r"^0x([0-9a-f]{2})+\Z")]
_Hash = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-f]{64}\Z")]
_Account = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-f]{40}\Z")]


class PlacedTransaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A transaction's id, the hash of its block and its position there."""

    id: _Hash
    block: _Hash
    position: Annotated[int, msgspec.Meta(ge=0, le=MAX_POSITION)]


class TokenDecimals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What a token answered to ``decimals()`` at capture: the capturing auditor's observation."""

    contract: _Account
    decimals: Annotated[int, msgspec.Meta(ge=0, le=255)]


class TransactionMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """One chain's transactions by id; header RLPs and trie nodes in order of their Keccak-256, each once.

    ``history`` proves, under the snapshot's block, the hashes of the ``earlier`` blocks.
    """

    chain: str
    transactions: tuple[PlacedTransaction, ...]
    headers: tuple[_Hex, ...]
    nodes: tuple[_Hex, ...]
    tokens: tuple[TokenDecimals, ...] = ()
    earlier: tuple[Annotated[int, msgspec.Meta(ge=0, le=2**53)], ...] = ()
    history: ProofBundle | None = None


@dataclass(frozen=True, slots=True)
class IncludedTransaction:
    """A transaction shown to stand in a block, its receipt, and the block's header."""

    transaction: EvmTransaction
    receipt: Receipt
    header: Header


def transactions_name(chain: str) -> str:
    """The member for a CAIP-2 chain."""
    return f"transactions/{chain.replace(':', '-')}.json"


def transaction_ids(rows: Iterable[OwnershipRow]) -> Mapping[str, tuple[str, ...]]:
    """Ids (64 lower-case hex digits) of transactions that an ownership list offers as proof, by EVM chain."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        chain = row.account.rpartition(":")[0]
        raw = from_hex(row.proof)
        if row.method == "txid" and chain.startswith("eip155:") and raw is not None and len(raw) == 32:
            found[chain][raw.hex()] = None
    return {chain: tuple(ids) for chain, ids in found.items()}


def encode_transactions(
    chain: str,
    placed: Iterable[PlacedTransaction],
    headers: Iterable[bytes],
    nodes: Iterable[bytes],
    *,
    tokens: Iterable[TokenDecimals] = (),
    earlier: Iterable[int] = (),
    history: ProofBundle | None = None,
) -> bytes:
    """The member's bytes, in canonical order."""
    member = TransactionMember(
        chain=chain,
        transactions=tuple(sorted(placed, key=lambda item: item.id)),
        headers=tuple("0x" + item.hex() for item in sorted(set(headers), key=keccak256)),
        nodes=tuple("0x" + item.hex() for item in sorted(set(nodes), key=keccak256)),
        tokens=tuple(sorted(tokens, key=lambda item: item.contract)),
        earlier=tuple(sorted(earlier)),
        history=history,
    )
    return msgspec.json.encode(member) + b"\n"


class IncludedTransactions:
    """What a member shows, everything in it compared at once.

    :class:`ChainError` ``EVIDENCE.PROOF`` where anything does not hold or stands there for no reason.
    """

    def __init__(self, data: bytes, chain: str, block_hash: bytes) -> None:
        self._where = transactions_name(chain)
        self._trusted = block_hash
        member = self._decoded(data, chain)
        self.decimals = {bytes.fromhex(item.contract[2:]): item.decimals for item in member.tokens}
        try:
            self._headers = self._read_headers(member)
            self._found = self._read_all(member)
        except (HeaderError, TrieError, TransactionError) as error:
            raise self._failed(str(error)) from None
        self._tied = {block_hash, *self._read_history(member)}
        if not {item.header.hash for item in self._found.values()} >= set(self._headers):
            raise self._failed("a header stands there that no transaction needs")

    def get(self, txid: str) -> IncludedTransaction | None:
        """The transaction with this id (64 lower-case hex digits), if the member holds it."""
        return self._found.get(txid)

    def tied(self, header: Header) -> bool:
        """Whether a block is the snapshot's own, or proven to be one of the 8,191 before it."""
        return header.hash in self._tied

    def _read_headers(self, member: TransactionMember) -> dict[bytes, Header]:
        headers: dict[bytes, Header] = {}
        for text in member.headers:
            raw = bytes.fromhex(text[2:])
            digest = keccak256(raw)
            headers[digest] = read_header(raw, digest)
        if list(headers) != sorted(headers) or len(headers) != len(member.headers):
            raise self._failed("headers are not in canonical order")
        return headers

    def _read_all(self, member: TransactionMember) -> dict[str, IncludedTransaction]:
        table = NodeTable(bytes.fromhex(node[2:]) for node in member.nodes)
        if table.digests() != sorted(table.digests()):
            raise self._failed("nodes are not in canonical order")
        found: dict[str, IncludedTransaction] = {}
        for item in member.transactions:
            header = self._headers.get(bytes.fromhex(item.block[2:]))
            if header is None:
                raise self._failed(f"the header of block {item.block} is missing")
            raw = table.lookup_position(header.transactions_root, item.position)
            receipt = table.lookup_position(header.receipts_root, item.position)
            if raw is None or receipt is None or keccak256(raw).hex() != item.id[2:]:
                raise self._failed(f"the transaction {item.id} does not stand at position {item.position} of its block")
            found[item.id[2:]] = IncludedTransaction(read_transaction(raw), read_receipt(receipt), header)
        if table.unused():
            raise self._failed(f"{table.unused()} nodes are on no path that was needed")
        return found

    def _read_history(self, member: TransactionMember) -> set[bytes]:
        """Hashes of earlier blocks that the snapshot's block proves; each must be that of a header in the member."""
        if member.history is None:
            if member.earlier:
                raise self._failed("earlier blocks are named without a proof of their hashes")
            return set()
        plain = make_bundle(member.chain, b"", (), ())
        if msgspec.structs.replace(member.history, header=plain.header, nodes=()) != plain:
            raise self._failed("the proof of earlier blocks is of another chain, or holds more than nodes")
        shown = earlier_block_hashes(member.history, self._trusted, member.earlier)
        for number, digest in shown.items():
            if digest not in self._headers or self._headers[digest].number != number:
                raise self._failed(f"block {number} is not the one that the snapshot's block remembers")
        return set(shown.values())

    def _decoded(self, data: bytes, chain: str) -> TransactionMember:
        try:
            document = strict_json.parse(data, file=self._where, code="EVIDENCE.PROOF", max_bytes=MAX_BYTES)
            member = typed(document, TransactionMember)
        except AuditError as error:
            raise ChainError("EVIDENCE.PROOF", error.what, at=error.at) from None
        except msgspec.ValidationError as error:
            raise self._failed(f"the transactions break their schema: {error}") from None
        ids = [item.id for item in member.transactions]
        contracts = [item.contract for item in member.tokens]
        earlier = list(member.earlier)
        in_order = (ids, contracts, earlier) == (sorted(set(ids)), sorted(set(contracts)), sorted(set(earlier)))
        if msgspec.json.encode(member) + b"\n" != data or not in_order or member.chain != chain:
            raise self._failed("the transactions are not in canonical form, or of another chain")
        return member

    def _failed(self, what: str) -> ChainError:
        return ChainError("EVIDENCE.PROOF", what, at=Location(self._where), action="Capture it again.")
