"""Commitment records of every kind: leaves of a ledger, items of an imported list, monetary units of reserves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from auditor_app.files import write_new
from auditor_app.sampling import commitment, reciprocal, reserves
from auditor_app.sampling.commitment import CommitmentRecord
from auditor_app.sampling.reciprocal import ListRecord
from auditor_app.sampling.reserves import ReserveRecord
from auditor_app.sampling.sealing import read_seal, write_seal
from auditor_app.sampling.stratified_limit import serves

AnyRecord: TypeAlias = CommitmentRecord | ListRecord | ReserveRecord


def load_any(path: Path) -> AnyRecord:
    """Read and inspect a record of any kind; errors as :func:`~auditor_app.sampling.commitment.load_record`."""
    seal = read_seal(path)
    if seal.format == reciprocal.FORMAT:
        return reciprocal.opened_list(seal)
    if seal.format == reserves.FORMAT:
        return reserves.opened_reserves(seal)
    return commitment.opened(seal)


def write_any(record: AnyRecord, path: Path) -> None:
    """Write a record as JSON; a file of that name is never replaced."""
    write_seal(record.committed, record.committed_at, path)


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a drawn or executed sample or an evaluation as a JSON file; one that is there is never replaced."""
    write_new(path, (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii"), code="OUTPUT.WRITE")


def record_document(record: AnyRecord) -> dict[str, Any]:
    """What a commitment fixes, as plain JSON: what commands print and journals keep.

    ``bounded`` says of strata whether their sizes bound the rate below the tolerable one, as the plan wants it.
    """
    start = {"commitment": record.digest.hex(), "committedAt": record.committed_at}
    if isinstance(record, ReserveRecord):
        committed = record.committed
        return {
            **start,
            "kind": "reserves",
            "method": committed.method,
            "asset": committed.asset,
            "accounts": committed.accounts,
            "total": committed.total,
            "decimals": str(committed.decimals),
            "size": committed.parameters.size,
            "source": record.source.text,
        }
    plan = record.plan
    shared = {
        "population": str(plan.population),
        "size": str(record.size),
        "allowedDeviations": str(plan.allowed_deviations),
        "source": record.source.text,
    }
    if isinstance(record, ListRecord):
        listed = record.committed
        return {
            **start,
            "kind": "list",
            "ledger": listed.ledger,
            "scheme": listed.scheme,
            "root": listed.root,
            "listSha256": listed.list_sha256,
            "compare": listed.compare,
            **shared,
        }
    leaves = record.committed
    document: dict[str, Any] = {
        **start,
        "ledger": leaves.ledger,
        "scheme": leaves.scheme,
        "root": leaves.root,
        **shared,
    }
    if leaves.strata:
        document["strata"] = [
            {"label": item.label, "population": item.population, "size": item.size} for item in leaves.strata
        ]
        populations, sizes = ([int(getattr(item, name)) for item in leaves.strata] for name in ("population", "size"))
        document["bounded"] = serves(plan, populations, sizes)
    return document
