"""Balances on UTXO chains, replayed offline from transactions, Merkle branches and block headers.

Inclusion is proven: each transaction's branch leads to the root in a header of a chain that ends in the named block.
That nothing was spent is not: whoever served the history can leave a spending transaction out, and no proof of
absence exists (``onchain.md``, section 2). So a replayed balance is never better than its sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from btclib.block import merkle_proof
from btclib.exceptions import BTClibRuntimeError
from btclib.tx import Tx

from auditor_app.chain.address.digests import sha256d
from auditor_app.chain.observed import Grade
from auditor_app.errors import ChainError, Location
from auditor_app.findings import Finding, Limitation, finding, limitation
from auditor_app.operation import CancelToken, Operation, Progress

HEADER_BYTES = 80
DECIMALS = 8
"""Values in transactions are hundred-millionths of a coin, on every chain made after Bitcoin."""

MAX_TRANSACTION_BYTES = 4_000_000
_INNER_NODE_BYTES = 64
_PROCEDURE = "balances"
_UNSPENT_LIMITATION = "UTXO.SPEND_WITHHELD"
_Outpoint = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class UtxoTransaction:
    """One transaction as served: block height, raw bytes, Merkle branch from leaf to root, position in the block.

    Hashes are in display order (reversed), as servers print them.
    """

    height: int
    raw: bytes
    branch: tuple[bytes, ...]
    position: int


@dataclass(frozen=True, slots=True)
class AddressHistory:
    """What a server said of one account: the transactions handed over, and its list of (txid, height)."""

    account: str
    script: bytes
    transactions: tuple[UtxoTransaction, ...]
    listed: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class UtxoEvidence:
    """Headers from ``first_height`` up, each 80 bytes, and the histories; ``source`` names the server's host."""

    chain: str
    first_height: int
    headers: tuple[bytes, ...]
    histories: tuple[AddressHistory, ...]
    source: str


@dataclass(frozen=True, slots=True)
class UtxoBalance:
    """One account's replayed balance in base units at the height; ``None`` if its history could not be replayed."""

    account: str
    amount: int | None
    outputs: int
    grade: Grade
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UtxoResult:
    """Replayed balances with what was found on the way."""

    chain: str
    height: int
    block_hash: str
    balances: tuple[UtxoBalance, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


def replay(
    evidence: UtxoEvidence, *, height: int, block_hash: str, grade: Grade, token: CancelToken
) -> Operation[UtxoResult]:
    """Every account's balance at ``height``, in the chain that ends there in ``block_hash`` (display order, hex).

    ``grade`` is what the source is worth: own node, one endpoint, or a claim; ``ValueError`` for ``PROVEN``, which
    no replay reaches. :class:`ChainError` ``EVIDENCE.INVALID`` if the headers do not lead to the block.
    """
    if grade is Grade.PROVEN:
        raise ValueError("a replayed balance is never proven")
    roots = merkle_roots(evidence, height, block_hash)
    depths: dict[int, int] = {}
    balances: list[UtxoBalance] = []
    findings: list[Finding] = []
    for number, history in enumerate(evidence.histories):
        token.check()
        yield Progress(number, len(evidence.histories), "addresses", "Replaying histories")
        try:
            unspent = unspent_outputs(history, roots, height, depths)
        except ChainError as error:
            findings.append(_fault(history, error))
            balances.append(UtxoBalance(history.account, None, 0, Grade.CLAIMED, (evidence.source,)))
            continue
        amount, source = sum(unspent.values()), (evidence.source,)
        balances.append(UtxoBalance(history.account, amount, len(unspent), grade, source))
    limits = (limitation(_UNSPENT_LIMITATION, subject=f"chain {evidence.chain}"),)
    return UtxoResult(evidence.chain, height, block_hash, tuple(balances), tuple(findings), limits)


def agreed(first: UtxoResult, second: UtxoResult) -> UtxoResult:
    """Two sources' results as one: equal balances are worth two sources, of different ones the lower is used.

    The sources must be different hosts; whether they are independent the auditor must judge.
    """
    if (first.chain, first.height, first.block_hash) != (second.chain, second.height, second.block_hash):
        raise ChainError("EVIDENCE.OTHER_BLOCK", "the two sources were asked about different blocks")
    others = {balance.account: balance for balance in second.balances}
    findings: list[Finding] = []
    balances = [_agreed_balance(mine, others.get(mine.account), findings) for mine in first.balances]
    return UtxoResult(
        first.chain,
        first.height,
        first.block_hash,
        tuple(balances),
        (*first.findings, *second.findings, *findings),
        first.limitations,
    )


def _agreed_balance(mine: UtxoBalance, other: UtxoBalance | None, findings: list[Finding]) -> UtxoBalance:
    if other is None or other.amount is None:
        return mine
    if mine.amount is None:
        return other
    sources = tuple(dict.fromkeys(mine.sources + other.sources))
    if mine.amount != other.amount:
        findings.append(
            finding(
                "EVIDENCE.DISAGREE",
                procedure=_PROCEDURE,
                subject=f"account {mine.account}",
                message="Two sources' histories give different balances: one of them left a transaction out.",
                expected=f"{mine.amount} ({', '.join(mine.sources)})",
                observed=f"{other.amount} ({', '.join(other.sources)})",
            )
        )
        return min(mine, other, key=lambda balance: balance.amount or 0)
    trusted = {mine.grade, other.grade}
    if Grade.CLAIMED in trusted or len(sources) < 2:
        return mine
    grade = Grade.OWN_NODE if Grade.OWN_NODE in trusted else Grade.TWO_SOURCES
    return UtxoBalance(mine.account, mine.amount, mine.outputs, grade, sources)


def merkle_roots(evidence: UtxoEvidence, height: int, block_hash: str) -> Mapping[int, bytes]:
    """Merkle root (display order) by height, of headers that link up to the named block; :class:`ChainError` else."""
    wanted = evidence.headers[: height - evidence.first_height + 1]
    if evidence.first_height + len(wanted) - 1 != height or any(len(header) != HEADER_BYTES for header in wanted):
        raise _invalid("the headers do not reach the named height in blocks of 80 bytes", evidence.chain)
    previous: bytes | None = None
    for number, header in enumerate(wanted, start=evidence.first_height):
        if previous is not None and header[4:36] != previous:
            raise _invalid(f"the header of block {number} does not follow the one before it", evidence.chain)
        previous = sha256d(header)
    if previous is None or previous[::-1].hex() != block_hash.lower():
        raise _invalid(
            f"the header of block {height} is not that of the named block",
            evidence.chain,
            expected=block_hash,
            observed="" if previous is None else previous[::-1].hex(),
        )
    return {number: header[36:68][::-1] for number, header in enumerate(wanted, start=evidence.first_height)}


def unspent_outputs(
    history: AddressHistory, roots: Mapping[int, bytes], height: int, depths: dict[int, int]
) -> dict[_Outpoint, int]:
    """Value by outpoint of what the account's script was paid and no transaction handed over has spent.

    ``depths`` keeps how long the branches of each block are, over all histories of one server: in one block all are
    equally long, and only the depth tells a transaction from an inner node (CVE-2017-12842).

    :class:`ChainError` ``EVIDENCE.INVALID`` for a transaction not shown to be in its block, or listed and not given.
    """
    transactions = _included(history, roots, height, depths)
    _check_listed(history, transactions, height)
    paid = {
        (txid, index): output.value
        for txid, transaction in transactions.items()
        for index, output in enumerate(transaction.vout)
        if output.script_pub_key.script == history.script
    }
    spent = {(entry.prev_out.tx_id, entry.prev_out.vout) for t in transactions.values() for entry in t.vin}
    return {point: value for point, value in paid.items() if point not in spent}


def _included(
    history: AddressHistory, roots: Mapping[int, bytes], height: int, depths: dict[int, int]
) -> dict[bytes, Tx]:
    """Transactions up to the height by id, each shown to be in its block."""
    found: dict[bytes, Tx] = {}
    for served in history.transactions:
        if served.height > height:
            continue
        transaction = parse_transaction(served.raw)
        root = roots.get(served.height)
        if root is None or not merkle_proof.verify(transaction.id, served.branch, served.position, root):
            raise _invalid(
                f"the transaction {transaction.id.hex()} is not shown to be in block {served.height}", history.account
            )
        if depths.setdefault(served.height, len(served.branch)) != len(served.branch):
            raise _invalid(f"two branches of block {served.height} are not equally long", history.account)
        found[transaction.id] = transaction
    return found


def _check_listed(history: AddressHistory, found: Mapping[bytes, Tx], height: int) -> None:
    """The transactions must be those that the server itself listed up to the height."""
    listed = {txid for txid, at in history.listed if 0 < at <= height}
    missing = listed - {txid.hex() for txid in found}
    if missing:
        raise _invalid(f"the listed transaction {min(missing)} was not handed over", history.account)


def parse_transaction(raw: bytes) -> Tx:
    """A transaction from its bytes; :class:`ChainError` ``EVIDENCE.INVALID`` for anything else.

    One of 64 bytes is refused: two hashes side by side can be one, so it may be an inner node of the tree.
    """
    if len(raw) > MAX_TRANSACTION_BYTES:
        raise _invalid("a transaction is over the size limit", "")
    try:
        transaction = Tx.parse(raw)
        size = len(transaction.serialize(include_witness=False))
    except (ValueError, BTClibRuntimeError):
        raise _invalid("a transaction cannot be read", "") from None
    if size == _INNER_NODE_BYTES:
        raise _invalid("a transaction is as long as an inner node of the Merkle tree and may be one", "")
    return transaction


def _fault(history: AddressHistory, error: ChainError) -> Finding:
    return finding(
        error.code,
        procedure=_PROCEDURE,
        subject=f"account {history.account}",
        message=f"The history of this account was not replayed: {error.what}.",
        expected=error.expected,
        observed=error.observed,
    )


def _invalid(what: str, subject: str, *, expected: str = "", observed: str = "") -> ChainError:
    return ChainError(
        "EVIDENCE.INVALID",
        what,
        at=Location(subject or None),
        expected=expected,
        observed=observed,
        action="Capture the histories again.",
    )
