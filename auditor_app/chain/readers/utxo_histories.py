"""UTXO chains by history: a server's lists, transactions, branches and headers, replayed to the snapshot's block.

What is read here is replayed at once as a verifier will replay it; a history that does not hold stops the capture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn, Protocol

from auditor_app.chain.accounts import Account
from auditor_app.chain.address.digests import sha256d
from auditor_app.chain.bundle import in_base_units
from auditor_app.chain.endpoints import Endpoint
from auditor_app.chain.evidence import plain_hash
from auditor_app.chain.evidence_file import ProofMember
from auditor_app.chain.histories import (
    MAX_TRANSACTIONS,
    MEDIA_TYPE,
    encode_histories,
    histories_name,
    script_of,
)
from auditor_app.chain.readers.model import (
    ChainReading,
    HeaderChain,
    LookReading,
    LookTask,
    ReadingTask,
    Target,
    differs,
    reference_of,
)
from auditor_app.chain.utxo import (
    DECIMALS,
    HEADER_BYTES,
    AddressHistory,
    UtxoEvidence,
    UtxoTransaction,
    merkle_roots,
    unspent_outputs,
)
from auditor_app.errors import ChainError
from auditor_app.operation import Operation, Progress
from auditor_app.snapshot.members import BalanceRow

Listing = tuple[tuple[str, int], ...]
"""Transaction ids and heights, as a server lists them for an account."""

HashAndHeight = tuple[str, int]


class HistoryServer(Protocol):
    """What Electrum and Esplora servers have in common; failures are :class:`ChainError`."""

    endpoint: Endpoint
    requests: int

    def ends(self, height: int) -> tuple[str, bytes]:
        """The hash of block 0, and the 80-byte header at a height."""
        ...

    def header(self, height: int) -> bytes:
        """The 80-byte header that the server shows at a height."""
        ...

    def newest(self) -> int:
        """The height of the server's newest block."""
        ...

    def balances(self, accounts: Sequence[tuple[Account, bytes]]) -> Operation[list[int]]:
        """Confirmed base units of each account at the newest block, on the server's word."""
        ...

    def listings(self, accounts: Sequence[tuple[Account, bytes]]) -> Operation[list[Listing]]:
        """Confirmed transactions of each account, which is given with its script."""
        ...

    def transactions(self, wanted: Sequence[HashAndHeight]) -> Operation[list[UtxoTransaction]]:
        """Transactions with their branches, in order."""
        ...

    def header_chain(self, first: int, last: int) -> Operation[tuple[bytes, ...] | None]:
        """Headers of all heights from ``first`` to ``last``; ``None`` if that is too much to ask."""
        ...

    def fail(self, what: str, action: str = ...) -> NoReturn:
        """Raise :class:`ChainError` naming the endpoint."""
        ...


def accepts(account: Account, asset_id: str) -> str | None:
    """The chain's own coin only; see :data:`~auditor_app.chain.readers.model.Accepts`."""
    kind, _ = reference_of(asset_id)
    if kind != "slip44":
        raise ValueError(f"assets of the kind {kind[:20]} are not captured on this chain")
    script_of(f"{account.chain}:{account.address}")
    return None


def read_from(server: HistoryServer, task: ReadingTask, method: str) -> Operation[ChainReading]:
    """Every balance of the task, replayed from what ``server`` gives."""
    yield Progress(0, None, "requests", f"{task.endpoint.origin}: comparing chain and block")
    block_hash = compared_block(task, *server.ends(task.height))
    histories = yield from _histories(server, task)
    chain, note = yield from _headers(server, task, histories)
    rows = _replayed(task, histories, chain, server, block_hash)
    if compared_block(task, *server.ends(task.height)) != block_hash:
        server.fail(f"the block at height {task.height} changed while it was read")
    members: tuple[ProofMember, ...] = ()
    if note is None:
        data = encode_histories(task.chain, task.endpoint.source, histories)
        members = (ProofMember(histories_name(task.chain, task.endpoint.netloc), MEDIA_TYPE, data),)
    return ChainReading(
        task.endpoint,
        task.block(block_hash),
        rows,
        method,
        server.requests,
        members,
        () if note is None else (note,),
        headers=chain if note is None else None,
    )


def look_from(server: HistoryServer, task: LookTask) -> Operation[LookReading]:
    """Every balance as ``server`` sums it up now; nothing is replayed."""
    yield Progress(0, None, "requests", f"{task.endpoint.origin}: asking for the newest block")
    height = server.newest()
    block_hash = compared_block(task.at(height), *server.ends(height))
    targets = distinct(task.targets)
    found = yield from server.balances([(target.account, script_of(target.text)) for target in targets])
    amounts = {target.account.identity: amount for target, amount in zip(targets, found, strict=True)}
    return LookReading(height, block_hash, rows_of(task.at(height), amounts))


def compared_block(task: ReadingTask, genesis: str, header: bytes) -> str:
    """The hash of the header at the snapshot's height, once chain and hash are those that the snapshot names."""
    origin, reference = task.endpoint.origin, task.chain.partition(":")[2]
    if not genesis.startswith(reference):
        raise differs(origin, "it serves another chain", f"genesis block {reference}…", f"genesis block {genesis}")
    if len(header) != HEADER_BYTES:
        raise differs(origin, "its block header is not of 80 bytes", "80 bytes", f"{len(header)} bytes")
    found = sha256d(header)[::-1].hex()
    if task.block_hash is not None and found != plain_hash(task.block_hash):
        what = f"its block at height {task.height} is not the one that the snapshot names"
        raise differs(origin, what, task.block_hash, found)
    return found


def rows_of(task: ReadingTask, amounts: Mapping[str, int]) -> tuple[BalanceRow, ...]:
    """A row for each target from amounts by account identity, in the asset map's decimals."""
    return tuple(
        BalanceRow(
            target.text,
            target.asset.symbol,
            in_base_units(amounts[target.account.identity], DECIMALS, target.asset.decimals),
            task.endpoint.source,
        )
        for target in task.targets
    )


def distinct(targets: Sequence[Target]) -> list[Target]:
    """One target for each account."""
    return list({target.account.identity: target for target in targets}.values())


def _histories(server: HistoryServer, task: ReadingTask) -> Operation[list[AddressHistory]]:
    """Each account's list up to the height, with every transaction on it."""
    targets = distinct(task.targets)
    scripts = [script_of(target.text) for target in targets]
    listings = yield from server.listings([(t.account, s) for t, s in zip(targets, scripts, strict=True)])
    past = [tuple(sorted({e for e in listing if 0 < e[1] <= task.height})) for listing in listings]
    wanted = sorted({entry for listing in past for entry in listing}, key=lambda entry: (entry[1], entry[0]))
    if len(wanted) > MAX_TRANSACTIONS:
        server.fail(
            f"the accounts have {len(wanted)} transactions, more than the {MAX_TRANSACTIONS} that are replayed",
            "Read them from a node of your own (core+http).",
        )
    served = yield from server.transactions(wanted)
    by_entry = dict(zip(wanted, served, strict=True))
    return [
        AddressHistory(target.text, script, tuple(by_entry[entry] for entry in listing), listing)
        for target, script, listing in zip(targets, scripts, past, strict=True)
    ]


def _headers(
    server: HistoryServer, task: ReadingTask, histories: Sequence[AddressHistory]
) -> Operation[tuple[HeaderChain, str | None]]:
    """Headers from the earliest transaction to the block: another server's, or this one's.

    Where there are none in bulk, only those of blocks that matter, with a note: they link to nothing and are not kept.
    """
    heights = {item.height for history in histories for item in history.transactions} | {task.height}
    known = task.headers
    if known is not None and known.first_height <= min(heights):
        return known, None
    headers = yield from server.header_chain(min(heights), task.height)
    if headers is not None:
        return HeaderChain(min(heights), headers), None
    note = (
        f"{task.endpoint.origin}: its histories are not kept in the file, because it gives no headers in bulk; "
        "name an Electrum server before it"
    )
    return HeaderChain(task.height, (server.header(task.height),)), note


def _replayed(
    task: ReadingTask,
    histories: Sequence[AddressHistory],
    chain: HeaderChain,
    server: HistoryServer,
    block_hash: str,
) -> tuple[BalanceRow, ...]:
    evidence = UtxoEvidence(task.chain, chain.first_height, chain.headers, tuple(histories), task.endpoint.source)
    amounts: dict[str, int] = {}
    try:
        roots = dict(merkle_roots(evidence, task.height, block_hash))
        for height in {item.height for history in histories for item in history.transactions} - set(roots):
            task.token.check()
            roots[height] = server.header(height)[36:68][::-1]
        depths: dict[int, int] = {}
        for target, history in zip(distinct(task.targets), histories, strict=True):
            amounts[target.account.identity] = sum(unspent_outputs(history, roots, task.height, depths).values())
    except ChainError as error:
        if error.code == "EVIDENCE.INVALID":
            server.fail(f"its history does not hold: {error.what}")
        raise
    return rows_of(task, amounts)
