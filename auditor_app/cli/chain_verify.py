"""``reserve-auditor chain verify``: re-perform an evidence file against its snapshot, with no network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from auditor_app.amounts import Amount
from auditor_app.chain.anchor import anchored_block
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import AddressLine, ReserveResult
from auditor_app.cli.terminal import add_json_option, emit_json, finding_json, limitation_json, say, say_findings
from auditor_app.cli.typed_hashes import typed_hashes
from auditor_app.coverage.shares import GRADES, value_by_grade
from auditor_app.errors import SignatureError, UsageError
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
    parser.add_argument(
        "--block",
        action="append",
        default=[],
        metavar="CHAIN=HASH",
        help="a block hash from a source of your own; state proofs under it are proven whoever captured them",
    )
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        metavar="CHAIN=ROOT",
        help="a finalised beacon block root from a source of your own; the evidence's light-client data lead from it "
        "to the block",
    )
    parser.add_argument("--time", dest="trusted_time", metavar="T", help="the instant at which keys are judged")
    add_json_option(parser)
    parser.set_defaults(handler=_verify)


def _verify(options: argparse.Namespace) -> int:
    token = CancelToken()
    blocks, checkpoints = typed_hashes(options.block), typed_hashes(options.checkpoint)
    if both := sorted(set(blocks) & set(checkpoints)):
        raise UsageError("USAGE", f"{both[0]} has a typed block and a typed checkpoint", action="Type one of them.")
    store = load_store(options.trust)
    snapshot = authenticate_snapshot(options.snapshot, store, token=token, trusted_time=options.trusted_time)
    try:
        evidence = authenticate_evidence(options.evidence, store, token=token, trusted_time=options.trusted_time)
        try:
            blocks |= {chain: anchored_block(evidence, chain, root, token) for chain, root in checkpoints.items()}
            result = observe(snapshot, evidence, token, blocks)
        finally:
            evidence.members.close()
    finally:
        snapshot.members.close()
    emit_json(options.json, _document(evidence, result))
    _say(evidence, result)
    changed = any(item.code == "EVIDENCE.INVALID" for item in result.findings)
    return SignatureError.exit_status if changed else exit_status(result.findings)


def _say(evidence: AuthenticEvidence, result: ReserveResult) -> None:
    predicate = evidence.statement.predicate
    say(f"{evidence.file_name}  captured {predicate.captured_at}")
    for chain, block in predicate.chains.items():
        say(f"  {chain}  height {block.block_height}  hash {block.block_hash or '(none)'}")
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
        "chains": [
            {
                "chain": chain,
                "blockHeight": block.block_height,
                "blockHash": block.block_hash,
                "hashFrom": block.hash_from,
            }
            for chain, block in predicate.chains.items()
        ],
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
