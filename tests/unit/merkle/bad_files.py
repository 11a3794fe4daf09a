"""Real files for the tests of bad input: snapshots and CSV ledgers on disk, read the fast way and by the reference."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from auditor_app.errors import AuditError
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger, SnapshotLedger
from auditor_app.merkle import recompute as module
from auditor_app.merkle.fast.proofs import FastTree
from auditor_app.merkle.recompute import recompute, recompute_root
from auditor_app.merkle.result import LedgerResult
from auditor_app.operation import CancelToken, Operation, run
from auditor_app.snapshot import consistency
from auditor_app.snapshot.writing import LEDGER_MEDIA_TYPE, Bytes, Member, write_signed
from tests.unit.merkle.fast_ledgers import shrink_parts
from tests.unit.snapshot import samples

COLUMNS = "account:token,BTC:base-units/8,USDT:decimal"
Reader = Callable[[CancelToken], Operation[Any]]


def rows(count: int, first: int = 0) -> bytes:
    """Rows in no order, none twice."""
    return b"".join([b"u%07d,%d,%d.25\n" % (at * 7919 % 9999991, at, at % 97) for at in range(first, first + count)])


def write_snapshot(
    folder: Path,
    parts: Sequence[bytes],
    *,
    declared: Sequence[int] | None = None,
    total: int | None = None,
    order: Literal["tree", "id-ascending"] = "tree",
    columns: str = COLUMNS,
    part_rows: int | None = None,
    schemes: Sequence[str] = ("mexc", "rfc6962-sha256"),
) -> Path:
    """A signed snapshot of one ledger; ``declared`` are each part's rows as the issuer states them, ``total`` the ledger's."""
    counted = [part.count(b"\n") for part in parts]
    stated = list(counted if declared is None else declared)
    names = [f"ledger/spot-{number:05d}.csv" for number in range(len(parts))]
    members = [
        Member(name, "ledger", Bytes(part), count, LEDGER_MEDIA_TYPE)
        for name, part, count in zip(names, parts, stated, strict=True)
    ]
    described = [
        {"name": item.name, "type": item.type}
        | (
            {"decimals": 18 if item.decimals is None else item.decimals}
            if item.type in ("base-units", "decimal")
            else {}
        )
        for item in parse_columns(columns)
    ]
    count = str(sum(stated) if total is None else total)
    known = (
        {"scheme": "mexc", "root": "00" * 16, "leafCount": count, "parameters": {"proofId": "PR-1"}},
        {"scheme": "rfc6962-sha256", "root": "00" * 32, "leafCount": count, "parameters": {}},
    )
    commitments = [item for item in known if item["scheme"] in schemes]
    ledger = {
        "name": "spot", "members": names, "rowCount": count, "order": order, "columns": described,
        "totals": {}, "commitments": commitments,
    }  # fmt: skip
    assets = [{"symbol": item["name"], "decimals": item["decimals"], "onChain": []} for item in described[1:]]
    for asset in assets:
        ledger["totals"][asset["symbol"]] = "0"  # type: ignore[index]
    path = folder / "bad.porsnap"
    predicate = samples.predicate(assets=assets, ledgers=[ledger], reserves=None, funds=None)
    with pytest.MonkeyPatch.context() as patch:
        _shrink(patch, part_rows)
        write_signed(path, predicate, members, (samples.TREASURY, samples.FINANCE))
    return path


def _shrink(patch: pytest.MonkeyPatch, part_rows: int | None) -> None:
    """Let the format's part have so many rows."""
    if part_rows is not None:
        shrink_parts(patch, part_rows)
        patch.setattr(consistency, "PART_ROWS", part_rows)


def of_snapshot(path: Path) -> Reader:
    """Recalculate the ledger of a snapshot on disk, opened anew."""

    def read(token: CancelToken) -> Operation[LedgerResult]:
        snapshot = samples.authenticate(path)
        try:
            ledger = snapshot.statement.predicate.ledgers[0]
            source = SnapshotLedger(snapshot, ledger)
            return (
                yield from recompute(source, ledger.commitments, totals=ledger.totals, typed_root=None, token=token)
            )
        finally:
            snapshot.members.close()

    return read


def of_csv(path: Path, columns: str = COLUMNS, scheme: str = "rfc6962-sha256") -> Reader:
    """The root of a plain CSV file, opened anew."""

    def read(token: CancelToken) -> Operation[Any]:
        return (yield from recompute_root(CsvLedger(path, parse_columns(columns)), scheme, {}, token))

    return read


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of it: a result without its trees, or everything in a refusal; and which way was gone."""

    result: Any
    refusal: tuple[object, ...] | None
    quick: bool

    @property
    def codes(self) -> list[str]:
        return [item.code for item in self.result.findings] if self.refusal is None else [str(self.refusal[0])]


def outcome(read: Reader, token: CancelToken | None = None) -> Outcome:
    """Run it to its end."""
    try:
        found = run(read(token or CancelToken()))
    except AuditError as error:
        return Outcome(None, (error.code, error.sentence(), error.at, error.exit_status), quick=False)
    trees = getattr(found, "trees", ())
    quick = any(isinstance(tree, FastTree) for tree in trees)
    return Outcome(dataclasses.replace(found, trees=()) if trees else found, None, quick)


def both(
    read: Reader, *, part_rows: int | None = None, before: Callable[[], CancelToken | None] | None = None
) -> Outcome:
    """The outcome of both ways, which must be one; the fast one's. ``before`` is called before each, for its token."""
    found = []
    for quick in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            _shrink(patch, part_rows)
            if not quick:
                patch.setattr(module, "is_worth_it", lambda part: False)
            found.append(outcome(read, None if before is None else before()))
    fast, slow = found
    assert not slow.quick
    assert fast.refusal == slow.refusal
    assert fast.result == slow.result
    return fast
