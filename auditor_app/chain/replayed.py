"""Balances of a UTXO chain beside the histories in an evidence file: each is recalculated from its server's own.

Inclusion is proven under the block that the evidence names, unspentness is not: what is replayed keeps the grade of
its sources (:mod:`auditor_app.chain.utxo`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor_app.chain.accounts import decode_account
from auditor_app.chain.bundle import in_base_units
from auditor_app.chain.histories import headers_name, read_histories
from auditor_app.chain.observed import Grade
from auditor_app.chain.utxo import DECIMALS, UtxoEvidence, replay
from auditor_app.errors import ChainError, Location
from auditor_app.findings import Limitation
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.snapshot.members import BalanceRow
from auditor_app.snapshot.statement import Asset


def compare_histories(
    evidence: AuthenticEvidence, chain: str, rows: Sequence[BalanceRow], assets: Mapping[str, Asset], token: CancelToken
) -> tuple[Limitation, ...]:
    """Replay every history of ``chain`` and compare it with the rows of the same source; no network.

    :class:`ChainError` ``EVIDENCE.PROOF`` where a history does not hold, or gives another balance than a row, or where
    a source has a history for one account and none for another.
    """
    block = evidence.statement.predicate.chains[chain]
    histories = read_histories(evidence, chain, int(block.block_height), token)
    if not histories:
        return ()
    if block.block_hash is None:
        raise ChainError("EVIDENCE.PROOF", "there are histories, but no block hash", at=Location(headers_name(chain)))
    limits: tuple[Limitation, ...] = ()
    for history in histories:
        amounts, limits = _replayed(history, int(block.block_height), block.block_hash, token)
        own = [row for row in rows if row.source == history.source]
        if {_identity(row.account) for row in own} != set(amounts):
            raise ChainError(
                "EVIDENCE.PROOF",
                f"the histories of {history.source} are not of the accounts whose balances it gave",
                at=Location("balances.csv"),
            )
        for row in own:
            _compare(row, amounts[_identity(row.account)], assets)
    return limits


def _replayed(
    history: UtxoEvidence, height: int, block_hash: str, token: CancelToken
) -> tuple[dict[str, int], tuple[Limitation, ...]]:
    """Base units by account identity; the grade in the result is not used, the rows' sources decide it."""
    try:
        result = run(replay(history, height=height, block_hash=block_hash, grade=Grade.CLAIMED, token=token))
    except ChainError as error:
        raise ChainError("EVIDENCE.PROOF", error.what, at=error.at) from None
    for found in result.findings:
        raise ChainError("EVIDENCE.PROOF", f"{found.subject}: {found.message}", at=found.at)
    return {_identity(item.account): item.amount or 0 for item in result.balances}, result.limitations


def _compare(row: BalanceRow, replayed: int, assets: Mapping[str, Asset]) -> None:
    asset = assets.get(row.asset)
    expected = None if asset is None else in_base_units(replayed, DECIMALS, asset.decimals)
    if row.amount != expected:
        raise ChainError(
            "EVIDENCE.PROOF",
            f"the history gives another balance of {row.asset} for {row.account} than the evidence states",
            at=Location("balances.csv"),
            expected=str(expected),
            observed=f"{row.amount} from {row.source}",
        )


def _identity(account: str) -> str:
    return decode_account(account).identity
