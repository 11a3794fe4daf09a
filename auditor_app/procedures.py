"""The procedures an engagement performs, with their working-paper reference and agreed wording.

The key stands in every finding; the wording is what the report prints in its procedure column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Procedure:
    """``key`` is stable; ``reference`` is the working-paper index (A engagement … G report)."""

    key: str
    reference: str
    title: str
    wording: str


_TABLE = (
    Procedure("engagement", "A1", "Engagement file", "Recalculated the hash chain of the engagement's journal and compared its head with heads issued earlier."),
    Procedure("history", "B6", "Series of snapshots", "Compared the issuer's successive snapshots: predecessors, roots for one date, addresses and signatures of control."),
    Procedure("container", "B1", "Container and envelope", "Compared every byte of the snapshot's container and signature envelope with the canonical form of the format."),
    Procedure("signatures", "B2", "Signatures", "Compared each signature with the public keys whose fingerprints were obtained over a second channel, and counted distinct keys and signers against the agreed threshold."),
    Procedure("freshness", "B3", "Identity and freshness", "Compared the snapshot's nonce, sequence, predecessor and dates with those held by the auditor."),
    Procedure("members", "B4", "Members", "Recalculated the SHA-256 digest and size of every member and compared them with the signed statement."),
    Procedure("timestamp", "B5", "Time stamp", "Inspected the time stamp token over the signed statement, where one was supplied."),
    Procedure("ledger", "C1", "Liability ledger", "Inspected every row of the liability ledgers for form, order, repeated identifiers and negative balances, and counted the rows."),
    Procedure("totals", "C2", "Liability totals", "Recalculated the total of every asset from all rows, in exact integers, and compared it with the published total."),
    Procedure("root", "C3", "Commitment", "Recalculated the Merkle root from every leaf and compared it with the root in the snapshot and with the root obtained from the exchange's own publication."),
    Procedure("proof", "C4", "Published proof", "Recalculated a customer's published inclusion proof from its leaf to its root."),
    Procedure("addresses", "D1", "Reserve addresses", "Inspected the list of reserve addresses for form, repetition and assets counted twice, and compared its sums with the claimed totals."),
    Procedure("ownership", "D2", "Control of addresses", "Inspected the proofs of control supplied for the reserve addresses."),
    Procedure("balances", "D3", "Balances on chain", "Compared the claimed balance of each address with the balance observed at the named block."),
    Procedure("coverage", "D4", "Coverage", "Recalculated, asset by asset, observed reserves against gross liabilities."),
    Procedure("funds", "D5", "Protection funds", "Compared the balances of the protection funds with their targets, apart from the reserves."),
    Procedure("sample", "E1", "Sample of leaves", "Selected leaves with public randomness committed to beforehand, and traced each to the published root by its inclusion proof."),
    Procedure("sample-list", "E2", "Reciprocal sample", "Selected items of a list obtained from elsewhere with public randomness committed to beforehand, and traced each to a leaf of the ledger and to the published root."),
    Procedure("sample-reserves", "E3", "Sample of reserve addresses", "Selected reserve addresses by monetary units with public randomness committed to beforehand, and compared their claimed with their observed balances."),
    Procedure("sample-execution", "E4", "Execution of samples", "Compared each selected item with an extract of the exchange's own ledger and with the customer's reply; counted a missing answer as a deviation unless an alternative procedure replaced it."),
    Procedure("sample-limits", "E5", "Limits of samples", "Calculated from the deviations found the most likely error and the upper limit at the agreed confidence."),
    Procedure("report", "G1", "Report", "Compiled this report from the findings."),
    Procedure("reperformance", "G2", "Re-performance", "Repeated every computed procedure from the original inputs and compared each result and the report's bytes."),
)  # fmt: skip

PROCEDURES: Mapping[str, Procedure] = MappingProxyType({procedure.key: procedure for procedure in _TABLE})
