"""The record of a run as one plain JSON object: what ``verify --json`` prints and the report attaches.

Quantities are decimal strings: counts and base units as integers, ``decimals`` beside them; percentages as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor_app.chain.observed import EvidenceSummary
from auditor_app.chain.ownership.model import OwnershipResult
from auditor_app.coverage.lines import CoverageLine, FundLine, FundTotal
from auditor_app.engagement.record import Audit, SnapshotIdentity
from auditor_app.findings import Finding, Verdict
from auditor_app.findings.document import finding_document, limitation_document
from auditor_app.merkle.result import CommitmentCheck, TotalCheck


def audit_document(audit: Audit) -> dict[str, Any]:
    """Everything that another auditor compares when re-performing the run."""
    return {
        "verdicts": _verdicts(audit.verdicts.authentic, audit.verdicts.data, audit.verdicts.coverage),
        "snapshot": _snapshot(audit.identity),
        "commitments": [_commitment(check) for check in audit.commitments],
        "totals": [_total(check) for check in audit.totals],
        "blocks": blocks_document(audit.evidence),
        "coverage": [_coverage(line) for line in audit.coverage],
        "funds": [_fund(total, audit.funds) for total in audit.fund_totals],
        "ownership": None if audit.ownership is None else _ownership(audit.ownership),
        "findings": [finding_document(item) for item in audit.findings],
        "limitations": [limitation_document(item) for item in audit.limitations],
    }


def stopped_document(findings: Sequence[Finding], *, reached: bool) -> dict[str, Any]:
    """The same object for a run that stopped before anything was read: nothing in it claims to be checked.

    ``reached`` is whether authentication gave an answer; it is then an exception, otherwise not checked.
    """
    authentic = Verdict.EXCEPTIONS if reached else Verdict.NOT_CHECKED
    return {
        "verdicts": _verdicts(authentic, Verdict.NOT_CHECKED, Verdict.NOT_CHECKED),
        "snapshot": None,
        "commitments": [],
        "totals": [],
        "blocks": [],
        "coverage": [],
        "funds": [],
        "ownership": None,
        "findings": [finding_document(item) for item in findings],
        "limitations": [],
    }


def _verdicts(authentic: Verdict, data: Verdict, coverage: Verdict) -> dict[str, str]:
    return {"authentic": authentic.value, "data": data.value, "coverage": coverage.value}


def _snapshot(identity: SnapshotIdentity) -> dict[str, Any]:
    return {
        "id": identity.snapshot_id,
        "sequence": str(identity.sequence),
        "issuer": identity.issuer,
        "asOf": identity.as_of,
        "createdAt": identity.created_at,
        "payloadSha256": identity.payload_sha256,
        "signers": [
            {"signer": item.signer, "issuer": item.issuer, "spkiSha256": item.spki_sha256, "algorithm": item.algorithm}
            for item in identity.signers
        ],
        "threshold": str(identity.threshold),
        "trustedTime": {"instant": identity.trusted_time.instant, "source": identity.trusted_time.source},
    }


def blocks_document(evidence: EvidenceSummary | None) -> list[dict[str, Any]]:
    """The blocks of the evidence: who names each hash, who else vouches for it, and the checkpoint it was derived from."""
    return [
        {
            "chain": block.chain,
            "blockHeight": block.height,
            "blockHash": block.block_hash or None,
            "hashFrom": block.hash_from or None,
            "vouchedFor": block.vouched or None,
            "derivedFrom": None
            if (way := block.derivation) is None
            else {
                "checkpoint": way.checkpoint,
                "finalizedHeight": str(way.finalized_height),
                "slot": str(way.slot),
                "signed": f"{way.signed} of {way.members}",
            },
        }
        for block in (() if evidence is None else evidence.blocks)
    ]


def _commitment(check: CommitmentCheck) -> dict[str, Any]:
    """``published`` is the root typed from the exchange's website where one was typed, else the snapshot's claim."""
    return {
        "ledger": check.ledger,
        "scheme": check.scheme,
        "published": check.typed if check.typed is not None else check.published,
        "publishedFrom": "snapshot" if check.typed is None else "typed",
        "claimed": check.published,
        "recomputed": check.recomputed,
        "match": check.match if check.typed is None else check.typed_match,
        "claimedMatch": check.match,
        "leafCount": str(check.leaf_count),
        "claimedLeafCount": str(check.claimed_leaf_count),
        "parameters": dict(check.parameters),
        "digestBits": check.digest_bits,
    }


def _total(check: TotalCheck) -> dict[str, Any]:
    return {
        "ledger": check.ledger,
        "asset": check.asset,
        "decimals": check.decimals,
        "published": None if check.published is None else str(check.published),
        "recomputed": check.recomputed_base_units(),
        "match": check.match,
    }


def _coverage(line: CoverageLine) -> dict[str, Any]:
    return {
        "asset": line.asset,
        "decimals": line.decimals,
        "liabilities": _units(line.liabilities),
        "claimed": str(line.claimed),
        "observed": _units(line.observed),
        "difference": _units(line.difference),
        "rate": line.rate,
        "debts": str(line.debts),
        "netLiabilities": _units(line.net_liabilities),
        "netRate": line.net_rate,
    }


def _fund(total: FundTotal, accounts: Sequence[FundLine]) -> dict[str, Any]:
    return {
        "name": total.name,
        "kind": total.kind,
        "custody": total.custody,
        "claimed": total.claimed,
        "observed": total.observed,
        "target": total.target,
        "unit": total.unit,
        "rate": total.rate,
        "met": total.met,
        "prices": [
            {
                "symbol": price.symbol,
                "quote": price.quote,
                "price": price.price,
                "source": price.source,
                "asOf": price.as_of,
                "grade": price.grade,
                "stale": price.stale,
            }
            for price in total.prices
        ],
        "accounts": [
            {
                "account": line.account,
                "asset": line.asset,
                "decimals": line.decimals,
                "claimed": str(line.claimed),
                "observed": _units(line.observed),
                "grade": line.grade,
            }
            for line in accounts
            if line.name == total.name
        ],
    }


def _ownership(result: OwnershipResult) -> dict[str, Any]:
    return {
        "challenge": result.challenge,
        "rows": [
            {
                "asset": line.row.asset,
                "account": line.row.account,
                "amount": None if line.row.amount is None else line.row.amount.plain(),
                "method": line.method,
                "result": line.outcome.value,
                "binds": line.binds.value,
                "freshness": line.freshness.value,
            }
            for line in result.lines
        ],
        "shareByValue": [
            {
                "asset": share.asset,
                "total": share.total.plain(),
                "fresh": share.fresh.plain(),
                "stale": share.stale.plain(),
                "indirect": share.indirect.plain(),
                "none": share.none.plain(),
            }
            for share in result.shares
        ],
    }


def _units(value: int | None) -> str | None:
    return None if value is None else str(value)
