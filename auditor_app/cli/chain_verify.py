"""``reserve-auditor chain verify``: re-perform an evidence file against its snapshot, with no network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auditor_app.amounts import Amount
from auditor_app.chain.anchor import read_own_blocks
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import AddressLine, ReserveResult
from auditor_app.cli.terminal import add_json_option, drive, emit_json, finding_json, limitation_json, say, say_findings
from auditor_app.cli.typed_hashes import add_block_options, block_options
from auditor_app.coverage.shares import GRADES, value_by_grade
from auditor_app.engagement.document import blocks_document
from auditor_app.errors import SignatureError
from auditor_app.findings import exit_status
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.snapshot.authenticate import authenticate_evidence, authenticate_snapshot
from auditor_app.snapshot.trust import load_store


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("evidence", type=Path, metavar="EVIDENCE")
    parser.add_argument("--snapshot", type=Path, required=True, metavar="S", help="the snapshot it was captured for")
    parser.add_argument("--trust", type=Path, required=True, metavar="T", help="the trust store")
    add_block_options(parser)
    parser.add_argument("--time", dest="trusted_time", metavar="T", help="the instant at which keys are judged")
    add_json_option(parser)
    parser.set_defaults(handler=_verify)


def _verify(options: argparse.Namespace) -> int:
    token = CancelToken()
    blocks, checkpoints = block_options(options)
    store = load_store(options.trust)
    snapshot = authenticate_snapshot(options.snapshot, store, token=token, trusted_time=options.trusted_time)
    try:
        evidence = authenticate_evidence(options.evidence, store, token=token, trusted_time=options.trusted_time)
        try:
            own = drive(read_own_blocks(evidence, blocks, checkpoints, token))
            result = observe(snapshot, evidence, token, own.blocks)
        finally:
            evidence.members.close()
    finally:
        snapshot.members.close()
    result = replace(result, findings=(*own.findings, *result.findings))
    emit_json(options.json, _document(evidence, result))
    _say(evidence, result)
    changed = any(item.code == "EVIDENCE.INVALID" for item in result.findings)
    return SignatureError.exit_status if changed else exit_status(result.findings)


def _say(evidence: AuthenticEvidence, result: ReserveResult) -> None:
    predicate = evidence.statement.predicate
    say(f"{evidence.file_name}  captured {predicate.captured_at}")
    for origin in () if result.evidence is None else result.evidence.blocks:
        say(f"  {origin.chain}  height {origin.height}  hash {origin.block_hash or '(none)'}")
        if origin.vouched:
            say(f"    whose hash is {origin.vouched}")
        if (way := origin.derivation) is not None:
            say(f"    from checkpoint {way.checkpoint}: {way.told()}")
    for asset, grade, amount in _by_grade(result.lines):
        say(f"  {asset:<8} {grade:<12} {amount.grouped()}")
    for price in result.prices:
        say(
            f"  {price.symbol}/{price.quote}  {price.grade.value:<12} {price.price.plain()} at {price.as_of}, {price.source}"
        )
    say_findings(result.findings)


def _by_grade(lines: Sequence[AddressLine]) -> list[tuple[str, str, Amount]]:
    """Asset, grade and amount, in the order of the list; a claimed line counts what is claimed."""
    graded = ((share.asset, zip(GRADES, share.amounts, strict=True)) for share in value_by_grade(lines))
    return [(asset, grade, amount) for asset, parts in graded for grade, amount in parts if amount.units]


def _document(evidence: AuthenticEvidence, result: ReserveResult) -> dict[str, object]:
    predicate = evidence.statement.predicate
    return {
        "evidence": {
            "payloadSha256": evidence.payload_sha256,
            "snapshotPayloadSha256": predicate.snapshot_payload_sha256,
            "capturedAt": predicate.captured_at,
            "signers": [{"signer": item.signer, "spkiSha256": item.spki_sha256} for item in evidence.signers],
            "endpoints": list(predicate.endpoints),
        },
        "chains": blocks_document(result.evidence),
        "lines": [_line_document(line) for line in result.lines],
        "byGrade": [
            {"asset": asset, "grade": grade, "amount": str(amount.units)}
            for asset, grade, amount in _by_grade(result.lines)
        ],
        "prices": [
            {
                "symbol": price.symbol,
                "quote": price.quote,
                "price": price.price.plain(),
                "asOf": price.as_of,
                "grade": price.grade.value,
                "source": price.source,
            }
            for price in result.prices
        ],
        "findings": [finding_json(item) for item in result.findings],
        "limitations": [limitation_json(item) for item in result.limitations],
    }


def _line_document(line: AddressLine) -> dict[str, object]:
    return {
        "account": line.address.account,
        "asset": line.address.asset,
        "claimed": str(line.address.claimed),
        "observed": None if line.observed is None else str(line.observed),
        "grade": line.grade.value,
        "source": line.source,
        "counted": line.counted,
    }
