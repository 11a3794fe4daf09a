"""What a signed statement must say about itself beyond its schema: names that resolve, parts that are whole.

Called only on statements whose bytes are authentic (or, by the issuer's side, before they are signed).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

import msgspec

from auditor_app import strict_json
from auditor_app.errors import AuditError, Location, SnapshotError
from auditor_app.findings import Finding, finding
from auditor_app.instants import parse_instant
from auditor_app.snapshot import layout
from auditor_app.snapshot.statement import (
    EVIDENCE_PREDICATE,
    SNAPSHOT_PREDICATE,
    Asset,
    Column,
    EvidencePredicate,
    EvidenceStatement,
    Ledger,
    SnapshotPredicate,
    SnapshotStatement,
    Subject,
)
from auditor_app.typed import typed

PART_ROWS = 2**18
"""Rows in every ledger part but the last."""

STATEMENT_FILE = "statement"
_MAJOR = "1"
_CAIP19 = re.compile(
    r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128}(?:/[-.%a-zA-Z0-9]{1,78})?\Z"
)
S = TypeVar("S", SnapshotStatement, EvidenceStatement)


def parse_statement(payload: bytes, kind: type[S]) -> S:
    """Parse the payload bytes into a statement of ``kind`` and check it.

    :class:`SnapshotError`: SNAPSHOT.JSON, SNAPSHOT.VERSION for an unknown major version, SNAPSHOT.SCHEMA.
    """
    try:
        document = strict_json.parse(
            payload, file=STATEMENT_FILE, code="SNAPSHOT.JSON", max_bytes=layout.MAX_ENVELOPE_BYTES
        )
    except AuditError as error:
        raise SnapshotError(error.code, error.what, at=error.at, action=error.action) from None
    _check_version(document)
    _check_kind(document, kind)
    try:
        statement = typed(document, kind)
    except msgspec.ValidationError as error:
        refuse(str(error))
    check_statement(statement)
    return statement


_KINDS: dict[object, tuple[type, str]] = {
    SNAPSHOT_PREDICATE: (SnapshotStatement, "a snapshot"),
    EVIDENCE_PREDICATE: (EvidenceStatement, "an evidence file"),
}


def _check_kind(document: Any, kind: type) -> None:
    """Say in words that one kind of file was named in place of the other; anything else is for the schema."""
    found = document.get("predicateType") if isinstance(document, dict) else None
    if not isinstance(found, str) or found not in _KINDS or _KINDS[found][0] is kind:
        return
    wanted = next(name for known, name in _KINDS.values() if known is kind)
    raise SnapshotError(
        "SNAPSHOT.SCHEMA",
        "this is another kind of file",
        expected=wanted,
        observed=_KINDS[found][1],
        action="Name each file where it belongs.",
    )


def check_statement(statement: SnapshotStatement | EvidenceStatement) -> None:
    """The cross-field rules; :class:`SnapshotError` SNAPSHOT.SCHEMA names the first breach."""
    subjects = _check_subjects(statement.subject)
    predicate = statement.predicate
    if isinstance(predicate, SnapshotPredicate):
        _check_assets(predicate)
        _check_ledgers(predicate, subjects)
        _check_members(predicate, subjects)
        _check_symbols(predicate)
    else:
        _check_evidence(predicate, subjects)
    _check_instants(predicate)


def date_findings(predicate: SnapshotPredicate, trusted_time: str) -> list[Finding]:
    """FRESH.DATES for dates that contradict each other or the trusted time."""

    def contradiction(message: str, expected: str, observed: str) -> Finding:
        return finding(
            "FRESH.DATES",
            procedure="freshness",
            subject="dates",
            message=message,
            expected=expected,
            observed=observed,
        )

    found = []
    created, until = predicate.created_at, predicate.valid_until
    if created < predicate.as_of:
        message = "The snapshot was created before the instant that it speaks of."
        found.append(contradiction(message, f"{predicate.as_of} or later", created))
    if created > trusted_time:
        message = "The snapshot's creation lies after the trusted time."
        found.append(contradiction(message, f"{trusted_time} or earlier", created))
    if until is not None and until < created:
        message = "The snapshot's validity ends before its creation."
        found.append(contradiction(message, f"{created} or later", until))
    if until is not None and until < trusted_time:
        message = "The snapshot's validity ended before the trusted time."
        found.append(contradiction(message, f"{trusted_time} or later", until))
    return found


def refuse(what: str) -> NoReturn:
    """Raise SNAPSHOT.SCHEMA about the statement."""
    raise SnapshotError(
        "SNAPSHOT.SCHEMA", what, at=Location(STATEMENT_FILE), action="Ask the issuer for a corrected file."
    )


def _check_version(document: Any) -> None:
    """Tell an unknown version from a broken schema before the schema of version 1 is asked."""
    predicate = document.get("predicate") if isinstance(document, dict) else None
    version = predicate.get("formatVersion") if isinstance(predicate, dict) else None
    if isinstance(version, str) and version.partition(".")[0] != _MAJOR:
        raise SnapshotError(
            "SNAPSHOT.VERSION",
            "the format version is not one this program knows",
            at=Location(STATEMENT_FILE),
            expected=f"{_MAJOR}.x",
            observed=version[:20],
            action="Use a program version that knows it.",
        )


def _check_subjects(subjects: tuple[Subject, ...]) -> dict[str, Subject]:
    if len(subjects) > layout.MAX_MEMBERS:
        raise SnapshotError(
            "SNAPSHOT.LIMIT",
            "the statement lists too many members",
            at=Location(STATEMENT_FILE),
            expected=f"at most {layout.MAX_MEMBERS}",
            action="The issuer has to pack larger parts.",
        )
    reserved = (layout.ENVELOPE, layout.TIMESTAMP)
    layout.check_names((*reserved, *(item.name for item in subjects)), file=STATEMENT_FILE)
    for item in subjects:
        if int(item.annotations.size) > layout.MAX_MEMBER_BYTES:
            refuse(f"the member {item.name} is stated to be over {layout.MAX_MEMBER_BYTES} bytes")
        if (item.annotations.rows is None) != (item.annotations.role == "proof"):
            refuse(f"the member {item.name} must state its rows exactly if it is a table")
    return {item.name: item for item in subjects}


def _check_assets(predicate: SnapshotPredicate) -> None:
    _once((asset.symbol for asset in predicate.assets), "the asset symbol")
    known = {asset.symbol for asset in predicate.assets}
    on_chain = [identifier for asset in predicate.assets for identifier in asset.on_chain]
    _once(on_chain, "the on-chain asset")
    for identifier in on_chain:
        if not _CAIP19.match(identifier):
            refuse(f"{identifier[:100]!r} is not a CAIP-19 asset id")
    for asset in predicate.assets:
        _check_backing(asset, known)


def _check_backing(asset: Asset, known: set[str]) -> None:
    if asset.backs is not None and (asset.backs not in known or asset.backs == asset.symbol):
        refuse(f"the asset {asset.symbol} backs {asset.backs}, which is not another asset of the snapshot")


def _check_ledgers(predicate: SnapshotPredicate, subjects: dict[str, Subject]) -> None:
    _once((ledger.name for ledger in predicate.ledgers), "the ledger name")
    decimals = {asset.symbol: asset.decimals for asset in predicate.assets}
    for ledger in predicate.ledgers:
        _check_columns(ledger, decimals)
        _check_parts(ledger, subjects)


def _check_columns(ledger: Ledger, decimals: dict[str, int]) -> None:
    where = f"ledger {ledger.name}"
    _once((column.name for column in ledger.columns), f"{where}: the column")
    key = ledger.columns[0]
    if key.type not in ("hex64", "token") or key.optional:
        refuse(f"{where}: the first column must be the key, hex64 or token, and not optional")
    symbols = set()
    for column in ledger.columns:
        is_amount = column.type in ("base-units", "decimal")
        if not is_amount and (column.signed or column.decimals is not None):
            refuse(f"{where}: the column {column.name} holds no amounts, so it has no sign and no decimals")
        if column.type == "base-units" and column.decimals is None:
            refuse(f"{where}: the column {column.name} holds base units, so it must say how many decimals")
        if is_amount:
            symbols.add(column.name)
            _check_decimals(column, decimals, where)
    if not symbols:
        refuse(f"{where}: there is no amount column")
    if stray := sorted(set(ledger.totals) - symbols):
        refuse(f"{where}: the total {stray[0]} names no amount column")


def _check_decimals(column: Column, decimals: dict[str, int], where: str) -> None:
    """An amount column is an asset, and speaks of the asset's own base units."""
    if column.name not in decimals:
        refuse(f"{where}: the column {column.name} is no asset of the snapshot")
    if column.decimals not in (None, decimals[column.name]):
        refuse(
            f"{where}: the column {column.name} has {column.decimals} decimals, "
            f"the asset {decimals[column.name]}; totals are in the asset's base units"
        )


def _check_parts(ledger: Ledger, subjects: dict[str, Subject]) -> None:
    """Each part but the last holds exactly 2**18 rows, so that parts are whole subtrees."""
    where = f"ledger {ledger.name}"
    for position, name in enumerate(ledger.members):
        subject = _subject(subjects, name, "ledger", where)
        rows = int(subject.annotations.rows or 0)
        last = position == len(ledger.members) - 1
        if rows > PART_ROWS or (not last and rows != PART_ROWS):
            refuse(f"{where}: the part {name} holds {rows} rows; every part but the last holds {PART_ROWS}")


def _check_members(predicate: SnapshotPredicate, subjects: dict[str, Subject]) -> None:
    """Every member has one use, and its role says the same."""
    used = [name for ledger in predicate.ledgers for name in ledger.members]
    if predicate.reserves is not None:
        _subject(subjects, predicate.reserves.addresses, "addresses", "reserves")
        used.append(predicate.reserves.addresses)
        if predicate.reserves.ownership is not None:
            _subject(subjects, predicate.reserves.ownership, "ownership", "reserves")
            used.append(predicate.reserves.ownership)
    if predicate.funds is not None:
        _subject(subjects, predicate.funds.member, "funds", "funds")
        used.append(predicate.funds.member)
    _once(used, "the member")
    if unused := sorted(set(subjects) - set(used)):
        refuse(f"the member {unused[0]} is listed but nothing refers to it")


def _check_symbols(predicate: SnapshotPredicate) -> None:
    known = {asset.symbol for asset in predicate.assets}
    totals = [("claimedTotals", predicate.reserves.claimed_totals)] if predicate.reserves is not None else []
    totals += [(f"exclusion {item.name}", item.totals) for item in predicate.exclusions]
    for where, named in totals:
        if stray := sorted(set(named) - known):
            refuse(f"{where}: {stray[0]} is no asset of the snapshot")
    for price in predicate.prices:
        if price.symbol not in known:
            refuse(f"prices: {price.symbol} is no asset of the snapshot")


def _check_evidence(predicate: EvidencePredicate, subjects: dict[str, Subject]) -> None:
    roles = Counter(item.annotations.role for item in subjects.values())
    if roles["balances"] != 1 or set(roles) - {"balances", "proof"}:
        refuse("evidence holds one member with the role balances, and otherwise only proofs")
    for endpoint in predicate.endpoints:
        if not re.match(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9.:\[\]_-]+\Z", endpoint):
            refuse("an endpoint is given as scheme and host only")


def _check_instants(predicate: SnapshotPredicate | EvidencePredicate) -> None:
    instants: list[str | None]
    if isinstance(predicate, SnapshotPredicate):
        instants = [predicate.as_of, predicate.created_at, predicate.valid_until]
        instants += [item.published_at for ledger in predicate.ledgers for item in ledger.commitments]
        instants += [price.as_of for price in predicate.prices]
    else:
        instants = [predicate.captured_at]
    for instant in instants:
        try:
            if instant is not None:
                parse_instant(instant)
        except ValueError as error:
            refuse(f"a date does not exist: {error}")


def _subject(subjects: dict[str, Subject], name: str, role: str, where: str) -> Subject:
    subject = subjects.get(name)
    if subject is None:
        refuse(f"{where}: the member {name} is not listed among the signed members")
    if subject.annotations.role != role:
        refuse(f"{where}: the member {name} has the role {subject.annotations.role}, not {role}")
    return subject


def _once(names: Iterable[str], what: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        refuse(f"{what} {sorted(twice)[0]} occurs twice")
