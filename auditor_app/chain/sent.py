"""What evidence shows of a transaction that a reserve address is said to have sent: see the method ``txid``.

On an EVM chain it stands in a member of its own with its receipt; on a UTXO chain in the histories that balances are
replayed from, under headers that lead to the snapshot's block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from btclib.block import merkle_proof
from btclib.tx import Tx

from auditor_app.amounts import Amount
from auditor_app.chain.accounts import contract_of, decode_account
from auditor_app.chain.addresses import on_chain_ids
from auditor_app.chain.bundle import NATIVE_DECIMALS
from auditor_app.chain.evidence import plain_hash, same_block
from auditor_app.chain.grading import pins_of
from auditor_app.chain.histories import read_histories, script_of
from auditor_app.chain.observed import OwnBlocks
from auditor_app.chain.ownership.model import NotSent, SentTransaction, TransactionsUnknown
from auditor_app.chain.transactions import IncludedTransaction, IncludedTransactions, transactions_name
from auditor_app.chain.utxo import (
    DECIMALS,
    UtxoEvidence,
    UtxoTransaction,
    merkle_roots,
    parse_transaction,
)
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence, AuthenticSnapshot
from auditor_app.snapshot.statement import Asset, EvidenceBlock

_ENDPOINT = "on the word of the capturing auditor's endpoint"


class EvidenceTransactions:
    """Transactions as an evidence file shows them: see :class:`auditor_app.chain.ownership.model.Transactions`.

    ``own_blocks`` are the auditor's, by chain; the snapshot's asset map says which coins an amount is of.
    """

    def __init__(
        self, evidence: AuthenticEvidence, own_blocks: OwnBlocks, token: CancelToken, snapshot: AuthenticSnapshot
    ) -> None:
        self._evidence = evidence
        self._snapshot = snapshot
        self._token = token
        self._pins = pins_of(evidence, own_blocks)
        self._own_blocks = own_blocks
        self._members = {item.name for item in evidence.statement.subject}
        self._included: dict[str, IncludedTransactions] = {}
        self._histories: dict[str, tuple[UtxoEvidence, ...]] = {}

    def sent(self, account: str, txid: str) -> SentTransaction:
        """What the account sent in a transaction; :class:`NotSent` or :class:`TransactionsUnknown` otherwise."""
        chain = account.rpartition(":")[0]
        block = self._block(chain)
        try:
            if chain.startswith("eip155:"):
                return self._evm(chain, account, txid, block)
            if chain.startswith("bip122:"):
                return self._utxo(chain, account, txid, block)
        except ChainError as error:
            raise TransactionsUnknown(f"the evidence's transactions do not hold: {error.what}") from None
        raise TransactionsUnknown("no transactions of this chain can be decided from evidence")

    def _block(self, chain: str) -> EvidenceBlock:
        """The evidence's block of the chain, if it is the snapshot's and somebody vouches for it."""
        block = self._evidence.statement.predicate.chains.get(chain)
        named = self._snapshot.statement.predicate.chains.get(chain)
        same = self._evidence.statement.predicate.snapshot_payload_sha256 == self._snapshot.payload_sha256
        if block is None or block.block_hash is None or named is None or not same or not same_block(named, block):
            raise TransactionsUnknown("the evidence is of another snapshot or block, or holds none of this chain")
        own = self._own_blocks.get(chain)
        if own is not None and plain_hash(own.block_hash) != plain_hash(block.block_hash):
            raise TransactionsUnknown("the evidence is of another block than the auditor's own")
        if chain not in self._pins and not self._evidence.signers:
            raise TransactionsUnknown("nobody vouches for the block of the evidence: type its hash")
        return block

    def _evm(self, chain: str, account: str, txid: str, block: EvidenceBlock) -> SentTransaction:
        name = transactions_name(chain)
        if name not in self._members:
            raise TransactionsUnknown("the evidence holds no transactions of this chain")
        if chain not in self._included:
            data = self._evidence.members.read(name, self._token)
            try:
                digest = bytes.fromhex(plain_hash(block.block_hash or ""))
            except ValueError:
                raise TransactionsUnknown("the evidence's block hash is not hexadecimal") from None
            self._included[chain] = IncludedTransactions(data, chain, digest)
        shown = self._included[chain]
        found = shown.get(txid)
        if found is None:
            raise TransactionsUnknown("the evidence does not hold this transaction")
        tied = shown.tied(found.header)
        if not tied and not self._evidence.signers:
            raise TransactionsUnknown("nobody vouches for the transaction's block")
        pinned = self._pins.get(chain) if tied else None
        if pinned is None:
            vouched = _ENDPOINT if tied else f"{_ENDPOINT}, not tied to the snapshot's block"
        else:
            vouched = pinned if found.header.number == int(block.block_height) else f"tied to the one {pinned}"
        return SentTransaction(
            found.header.number,
            datetime.fromtimestamp(found.header.timestamp, UTC),
            self._evm_amounts(chain, account, found, shown.decimals),
            (found.transaction.data,),
            f"block {found.header.number}, whose hash is {vouched}",
        )

    def _evm_amounts(
        self, chain: str, account: str, found: IncludedTransaction, decimals: Mapping[bytes, int]
    ) -> Mapping[str, tuple[Amount, ...]]:
        """By symbol what the account sent; :class:`NotSent` where its key did not make the transaction."""
        holder = bytes.fromhex(decode_account(account).address[2:])
        transaction, receipt = found.transaction, found.receipt
        if transaction.chain_id not in (None, int(chain.partition(":")[2])):
            raise NotSent("the transaction is of another chain")
        if transaction.sender != holder:
            raise NotSent("the transaction was not sent by the address")
        if not receipt.succeeded:
            raise NotSent("the transaction failed, so it moved nothing")
        amounts: defaultdict[str, list[Amount]] = defaultdict(list)
        for asset, contract in self._placed(chain):
            if contract is None:
                amounts[asset.symbol].append(Amount(transaction.value, NATIVE_DECIMALS))
                continue
            token = bytes.fromhex(contract[2:])
            if token in decimals and self._evidence.signers:  # decimals are the capturing auditor's observation
                moved = [move.units for move in receipt.moves if (move.token, move.sender) == (token, holder)]
                amounts[asset.symbol] += [Amount(units, decimals[token]) for units in moved]
        return {symbol: tuple(found) for symbol, found in amounts.items()}

    def _placed(self, chain: str) -> list[tuple[Asset, str | None]]:
        """Each asset of the map with its contract on a chain (``None``: the chain's own coin)."""
        placed = []
        for asset in self._snapshot.statement.predicate.assets:
            for asset_id in on_chain_ids(asset, chain):
                try:
                    placed.append((asset, contract_of(asset_id)))
                except ValueError:
                    continue
        return placed

    def _utxo(self, chain: str, account: str, txid: str, block: EvidenceBlock) -> SentTransaction:
        height = int(block.block_height)
        if chain not in self._histories:
            self._histories[chain] = read_histories(self._evidence, chain, height, self._token)
        for history in self._histories[chain]:
            served = _served(history)
            if txid in served:
                roots = merkle_roots(history, height, plain_hash(block.block_hash or ""))
                included, transaction = served[txid]
                depths = {len(item.branch) for item, _ in served.values() if item.height == included.height}
                root = roots.get(included.height)
                branch = included.branch
                stands = root and merkle_proof.verify(transaction.id, branch, included.position, root)
                if not stands or len(depths) > 1:  # equally long in one block: CVE-2017-12842
                    raise TransactionsUnknown(f"the transaction is not shown to be in block {included.height}")
                return self._utxo_sent(account, txid, served, history)
        raise TransactionsUnknown("the evidence's histories do not hold this transaction")

    def _utxo_sent(
        self, account: str, txid: str, served: Mapping[str, tuple[UtxoTransaction, Tx]], history: UtxoEvidence
    ) -> SentTransaction:
        """What an included transaction paid; :class:`NotSent` unless an input spends an output of the account."""
        chain = history.chain
        included, transaction = served[txid]
        try:
            script = script_of(account)
        except ValueError as error:
            raise TransactionsUnknown(str(error)) from None
        spent = [served.get(entry.prev_out.tx_id.hex()) for entry in transaction.vin]
        outputs = [
            earlier[1].vout[entry.prev_out.vout]
            for entry, earlier in zip(transaction.vin, spent, strict=True)
            if earlier is not None and entry.prev_out.vout < len(earlier[1].vout)
        ]
        if not any(output.script_pub_key.script == script for output in outputs):
            raise NotSent("no input of the transaction spends an output of the address")
        header = history.headers[included.height - history.first_height]
        values = tuple(Amount(output.value, DECIMALS) for output in transaction.vout)
        symbols = [asset.symbol for asset, contract in self._placed(chain) if contract is None]
        return SentTransaction(
            included.height,
            datetime.fromtimestamp(int.from_bytes(header[68:72], "little"), UTC),
            dict.fromkeys(symbols, values),
            tuple(output.script_pub_key.script for output in transaction.vout),
            f"block {included.height}, under headers that lead to the one {self._pins.get(chain, _ENDPOINT)}",
        )


def _served(history: UtxoEvidence) -> Mapping[str, tuple[UtxoTransaction, Tx]]:
    """A server's transactions by id; the id is recalculated from the bytes."""
    found: dict[str, tuple[UtxoTransaction, Tx]] = {}
    for item in _distinct(history):
        try:
            transaction = parse_transaction(item.raw)
        except ChainError:
            continue  # the comparison of balances reports it
        found[transaction.id.hex()] = (item, transaction)
    return found


def _distinct(history: UtxoEvidence) -> Sequence[UtxoTransaction]:
    return list(dict.fromkeys(item for account in history.histories for item in account.transactions))
