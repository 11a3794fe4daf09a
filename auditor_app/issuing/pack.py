"""Packing: read the ledgers once for rows, totals and roots, cut them into parts, write one canonical file.

Packing the same files with the same description and Ed25519 keys gives the same bytes. The ledger's own grammar must
hold; what the issuer *says* (totals, roots) is taken as given where given, and what differs is handed back as
findings so that the issuer sees what an auditor will.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from auditor_app.errors import AuditError, LedgerError, Location, SnapshotError, UsageError
from auditor_app.findings import Finding
from auditor_app.issuing.description import (
    CommitmentEntry,
    Description,
    LedgerEntry,
    Quantity,
    instant,
    load_description,
)
from auditor_app.issuing.tables import load_table
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.result import LedgerResult
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.adding_signatures import with_signatures
from auditor_app.snapshot.envelope import Envelope
from auditor_app.snapshot.layout import MAX_MEMBER_BYTES, Entry
from auditor_app.snapshot.members import read_addresses
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import PAYLOAD_TYPE, Column, Commitment, SnapshotPredicate
from auditor_app.snapshot.writing import (
    LEDGER_MEDIA_TYPE,
    FileRange,
    Measured,
    Member,
    build_statement,
    encode_statement,
    measure,
    write_enveloped,
)
from auditor_app.typed import typed

ADDRESSES, OWNERSHIP, FUNDS = "reserves/addresses.csv", "reserves/ownership.csv", "funds.csv"
_TO_COMPUTE = "0" * 64
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed snapshot: the SHA-256 (hex) of its payload, rows by ledger, and what an auditor would find."""

    payload_sha256: str
    rows: tuple[tuple[str, int], ...]
    roots: tuple[tuple[str, str, str], ...]
    """Ledger, scheme and root."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _PackedLedger:
    """One ledger's part of the predicate, its members, and the pass over its rows."""

    fields: Mapping[str, Any]
    members: tuple[tuple[Member, Measured], ...]
    findings: tuple[Finding, ...]


def pack(description: Path, out: Path, keys: Sequence[SigningKey], token: CancelToken) -> Operation[Packed]:
    """Pack what ``description`` names (paths are relative to it) into ``out``, signed by ``keys``, which may be none.

    :class:`AuditError`: ISSUER.INPUT for the description, a file or a key named twice, SNAPSHOT.GRAMMAR for rows that break the ledger
    grammar, SNAPSHOT.SCHEMA for a statement that no reader would take, OUTPUT.WRITE.
    """
    entry = load_description(description)
    folder = description.parent
    ledgers: list[_PackedLedger] = []
    for item in entry.ledgers:
        packed = yield from _ledger(item, entry, folder, description.name, token)
        ledgers.append(packed)
    tables, rest = _tables(entry, folder)
    members = [pair for ledger in ledgers for pair in ledger.members]
    members += [(member, measure(member.name, member.content)) for member in tables]
    predicate = _predicate(entry, [ledger.fields for ledger in ledgers], rest, description.name)
    try:
        statement = build_statement(predicate, [pair[0] for pair in members], [pair[1] for pair in members])
    except SnapshotError as error:
        raise AuditError(error.code, error.what, at=Location(description.name), action="Correct it.") from None
    payload = encode_statement(statement)
    token.check()
    envelope = with_signatures(Envelope(PAYLOAD_TYPE, payload, ()), keys, out.name)
    write_enveloped(out, envelope, [pair[1] for pair in members])
    return Packed(
        hashlib.sha256(payload).hexdigest(),
        tuple((ledger.name, int(ledger.row_count)) for ledger in predicate.ledgers),
        tuple((ledger.name, item.scheme, item.root) for ledger in predicate.ledgers for item in ledger.commitments),
        tuple(found for ledger in ledgers for found in ledger.findings),
    )


def _ledger(
    entry: LedgerEntry, description: Description, folder: Path, file: str, token: CancelToken
) -> Operation[_PackedLedger]:
    """One pass for rows, totals and roots, one to cut the file into members."""
    columns = _columns(entry, description, file)
    path = folder / entry.csv
    source = CsvLedger(path, columns, entry.order)
    given = None if entry.totals is None else _quantities(entry.totals)
    placeholders = [_placeholder(item, file) for item in entry.commitments]
    result = yield from recompute(source, placeholders, totals=given, typed_root=None, token=token)
    _refuse_bad_grammar(result)
    members: list[tuple[Member, Measured]] = []
    for part in source.parts(token):
        yield Progress(part.first_row, result.row_count, "rows", f"Ledger {entry.name}: cutting parts")
        members.append(_part(entry.name, len(members), path, part.bytes_before, part.data))
    fields = {
        "name": entry.name,
        "members": [member.name for member, _ in members],
        "rowCount": str(result.row_count),
        "order": entry.order,
        "columns": msgspec.to_builtins(columns),
        "totals": _computed_totals(result, columns) if given is None else given,
        "commitments": [_commitment(item, result, number, file) for number, item in enumerate(entry.commitments)],
    }
    return _PackedLedger(fields, tuple(members), tuple(_findings(entry, result)))


def _columns(entry: LedgerEntry, description: Description, file: str) -> tuple[Column, ...]:
    """The columns in the ``--columns`` notation; ``decimal`` columns take their asset's decimals."""
    decimals = {asset.symbol: asset.decimals for asset in description.assets}
    try:
        columns = parse_columns(entry.columns)
    except UsageError as error:
        raise AuditError(
            "ISSUER.INPUT", f"ledger {entry.name}: {error.what}", at=Location(file), action=error.action
        ) from None
    return tuple(
        msgspec.structs.replace(column, decimals=decimals[column.name])
        if column.type == "decimal" and column.decimals is None and column.name in decimals
        else column
        for column in columns
    )


def _refuse_bad_grammar(result: LedgerResult) -> None:
    """A ledger that breaks its own grammar is not packed."""
    if not result.complete:
        breach = next(item for item in result.findings if item.code == "SNAPSHOT.GRAMMAR")
        raise LedgerError(breach.code, breach.message.rstrip("."), expected=breach.expected, observed=breach.observed)


def _part(ledger: str, number: int, path: Path, offset: int, data: bytes) -> tuple[Member, Measured]:
    """One member: a range of the CSV file, measured from the bytes that were read."""
    name = f"ledger/{ledger}-{number:05d}.csv"
    rows = data.count(b"\n")
    if len(data) > MAX_MEMBER_BYTES:
        raise AuditError(
            "ISSUER.INPUT",
            "a part of the ledger is over the size limit",
            at=Location(path.name, byte=offset),
            expected=f"at most {MAX_MEMBER_BYTES} bytes for {rows} rows",
            observed=f"{len(data)} bytes",
        )
    content = FileRange(path, offset, len(data))
    measured = Measured(Entry(name, len(data), zlib.crc32(data)), hashlib.sha256(data).hexdigest(), content)
    return Member(name, "ledger", content, rows, LEDGER_MEDIA_TYPE), measured


def _placeholder(entry: CommitmentEntry, file: str) -> Commitment:
    """The commitment as far as it is described; a root still to be computed stands as zeros."""
    fields = {
        "scheme": entry.scheme,
        "root": entry.root or _TO_COMPUTE,
        "leafCount": str(entry.leaf_count or 0),
        "parameters": entry.parameters,
        "publishedAt": instant(entry.published_at, name="published-at", file=file),
        "publication": entry.publication,
    }
    return _converted(fields, Commitment, file)


def _commitment(entry: CommitmentEntry, result: LedgerResult, number: int, file: str) -> Any:
    """The commitment with root and leaf count as given, else as recomputed; refused where neither is there."""
    check = result.commitments[number]
    root = entry.root or check.recomputed
    if root is None:
        reason = next((item.message for item in result.findings if item.procedure == "root"), "")
        raise AuditError(
            "ISSUER.INPUT",
            f"ledger {result.ledger}: the root of {entry.scheme} cannot be recomputed ({reason})",
            at=Location(file),
            action="Correct the scheme and its parameters, or give the root.",
        )
    count = check.leaf_count if entry.leaf_count is None else entry.leaf_count
    stated = msgspec.structs.replace(_placeholder(entry, file), root=root, leaf_count=str(count))
    return msgspec.to_builtins(stated)


def _computed_totals(result: LedgerResult, columns: Sequence[Column]) -> dict[str, str]:
    """Exact totals in base units; refused where the rows hold more decimals than the asset has."""
    decimals = {column.name: column.decimals or 0 for column in columns}
    totals = {}
    for item in result.totals:
        units = item.total.base_units(decimals[item.asset])
        if units is None:
            raise AuditError(
                "ISSUER.INPUT",
                f"the total of {item.asset} is not a whole number of base units",
                at=Location(result.ledger),
                expected=f"at most {decimals[item.asset]} decimals",
                observed=item.total.plain(),
                action="Correct the asset's decimals or the rows.",
            )
        totals[item.asset] = str(units)
    return totals


def _findings(entry: LedgerEntry, result: LedgerResult) -> Iterator[Finding]:
    """What an auditor would find in the ledger, less what is only about values still to be computed."""
    computed = {f"ledger {result.ledger}, {item.scheme}" for item in entry.commitments if item.root is None}
    for item in result.findings:
        if not (item.procedure == "root" and item.subject in computed):
            yield item


def _tables(entry: Description, folder: Path) -> tuple[list[Member], dict[str, Any]]:
    """The small tables as members, and the parts of the predicate that name them."""
    found: list[Member] = []
    fields: dict[str, Any] = {}
    if entry.reserves is not None:
        reserves = entry.reserves
        addresses = load_table(folder / reserves.addresses, "addresses", reserves.text)
        found.append(Member.table(ADDRESSES, "addresses", addresses))
        fields["reserves"] = {"addresses": ADDRESSES, "claimedTotals": _claimed(addresses, reserves.claimed_totals)}
        if reserves.ownership is not None:
            ownership = load_table(folder / reserves.ownership, "ownership", reserves.text)
            found.append(Member.table(OWNERSHIP, "ownership", ownership))
            fields["reserves"]["ownership"] = OWNERSHIP
    if entry.funds is not None:
        found.append(Member.table(FUNDS, "funds", load_table(folder / entry.funds.csv, "funds", entry.funds.text)))
        fields["funds"] = {"member": FUNDS}
    return found, fields


def _claimed(addresses: bytes, given: Mapping[str, Quantity] | None) -> dict[str, str]:
    """Claimed totals as given, else the sums of the address list."""
    if given is not None:
        return _quantities(given)
    sums: Counter[str] = Counter()
    for row in read_addresses(addresses, ADDRESSES):
        sums[row.asset] += row.claimed
    return {asset: str(units) for asset, units in sums.items()}


def _predicate(
    entry: Description, ledgers: Sequence[Mapping[str, Any]], tables: Mapping[str, Any], file: str
) -> SnapshotPredicate:
    """The whole predicate."""
    prices = [
        {
            "symbol": p.symbol,
            "quote": p.quote,
            "price": p.price,
            "source": p.source,
            "asOf": instant(p.as_of, name="prices.as-of", file=file),
        }
        for p in entry.prices
    ]
    fields: dict[str, Any] = {
        "formatVersion": "1.0",
        "snapshotId": entry.snapshot_id,
        "sequence": str(entry.sequence),
        "previousPayloadSha256": entry.previous_payload_sha256,
        "issuer": {"legalName": entry.issuer.legal_name, "lei": entry.issuer.lei},
        "engagementNonce": entry.engagement_nonce,
        "asOf": instant(entry.as_of, name="as-of", file=file),
        "createdAt": instant(entry.created_at, name="created-at", file=file),
        "validUntil": instant(entry.valid_until, name="valid-until", file=file),
        "chains": {
            name: {"blockHeight": str(chain.block_height), "blockHash": chain.block_hash}
            for name, chain in entry.chains.items()
        },
        "assets": [
            {"symbol": a.symbol, "decimals": a.decimals, "onChain": a.on_chain, "backs": a.backs} for a in entry.assets
        ],
        "ledgers": list(ledgers),
        "exclusions": [
            {"name": e.name, "reason": e.reason, "rows": str(e.rows), "totals": _quantities(e.totals)}
            for e in entry.exclusions
        ],
        "prices": prices,
    }
    return _converted(fields | dict(tables), SnapshotPredicate, file)


def _quantities(given: Mapping[str, Quantity]) -> dict[str, str]:
    return {name: str(quantity) for name, quantity in given.items()}


def _converted(fields: Mapping[str, Any], kind: type[T], file: str) -> T:
    try:
        return typed(fields, kind)
    except msgspec.ValidationError as error:
        raise AuditError(
            "ISSUER.INPUT", f"the description breaks the format: {error}", at=Location(file), action="Correct it."
        ) from None
