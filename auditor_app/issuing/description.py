"""The TOML description that an exchange's engineer writes beside the CSV files; ``docs/snapshot-format.md`` explains it.

Names are the statement's own in kebab-case. Whatever can be counted or summed from the data may be left out.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal

import msgspec

from auditor_app.errors import AuditError, Location
from auditor_app.files import read_capped
from auditor_app.instants import format_instant, parse_instant
from auditor_app.typed import typed

_MAX_BYTES = 4 * 2**20

Moment = str
"""An instant: a TOML date-time with an offset, a TOML date (its midnight in UTC), or the same as text."""

Quantity = int | str
"""Base units, or a count, as a TOML integer or as text of digits."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """Base of every table of the description: closed, kebab-case."""


class IssuerEntry(Entry, frozen=True, kw_only=True):
    """``[issuer]``."""

    legal_name: str
    lei: str | None = None


class ChainEntry(Entry, frozen=True, kw_only=True):
    """``[chains."eip155:1"]``: the block at which this chain's balances are claimed."""

    block_height: Quantity
    block_hash: str | None = None


class AssetEntry(Entry, frozen=True, kw_only=True):
    """``[[assets]]``."""

    symbol: str
    decimals: int
    on_chain: tuple[str, ...] = ()
    backs: str | None = None


class CommitmentEntry(Entry, frozen=True, kw_only=True):
    """``[[ledgers.commitments]]``; without ``root`` it is recomputed from the ledger."""

    scheme: str
    root: str | None = None
    leaf_count: Quantity | None = None
    parameters: dict[str, str] = msgspec.field(default_factory=dict)
    published_at: Moment | None = None
    publication: str | None = None


class LedgerEntry(Entry, frozen=True, kw_only=True):
    """``[[ledgers]]``: one CSV file in the ledger grammar, cut into parts while it is packed."""

    name: str
    csv: str
    columns: str
    order: Literal["id-ascending", "tree"] = "tree"
    totals: dict[str, Quantity] | None = None
    commitments: tuple[CommitmentEntry, ...] = ()


class ReservesEntry(Entry, frozen=True, kw_only=True):
    """``[reserves]``; ``text = "plain"`` says that free text in the CSV files is not yet base64url."""

    addresses: str
    ownership: str | None = None
    text: Literal["base64url", "plain"] = "base64url"
    claimed_totals: dict[str, Quantity] | None = None


class FundsEntry(Entry, frozen=True, kw_only=True):
    """``[funds]``."""

    csv: str
    text: Literal["base64url", "plain"] = "base64url"


class ExclusionEntry(Entry, frozen=True, kw_only=True):
    """``[[exclusions]]``: liabilities that were left out, declared."""

    name: str
    reason: str
    rows: Quantity
    totals: dict[str, Quantity]


class PriceEntry(Entry, frozen=True, kw_only=True):
    """``[[prices]]``: decimal text, for valuing funds only."""

    symbol: str
    quote: str
    price: str
    source: str
    as_of: Moment


class Description(Entry, frozen=True, kw_only=True):
    """The whole description."""

    snapshot_id: str
    sequence: Quantity
    as_of: Moment
    created_at: Moment
    issuer: IssuerEntry
    previous_payload_sha256: str | None = msgspec.field(default=None, name="previous-payload-sha256")
    engagement_nonce: str | None = None
    valid_until: Moment | None = None
    chains: dict[str, ChainEntry] = msgspec.field(default_factory=dict)
    assets: tuple[AssetEntry, ...] = ()
    ledgers: tuple[LedgerEntry, ...] = ()
    reserves: ReservesEntry | None = None
    funds: FundsEntry | None = None
    exclusions: tuple[ExclusionEntry, ...] = ()
    prices: tuple[PriceEntry, ...] = ()


def load_description(path: Path) -> Description:
    """Read a description; :class:`AuditError` ISSUER.INPUT names what is wrong in it."""
    data = read_capped(path, max_bytes=_MAX_BYTES, code="ISSUER.INPUT")
    try:
        return typed(_plain(tomllib.loads(data.decode("utf-8"))), Description)
    except UnicodeDecodeError as error:
        what, byte = "the description is not UTF-8", error.start
        raise AuditError("ISSUER.INPUT", what, at=Location(path.name, byte=byte)) from None
    except ValueError as error:  # of TOML, of the schema, of a date
        raise AuditError(
            "ISSUER.INPUT",
            f"the description cannot be read: {error}",
            at=Location(path.name),
            action="Compare it with the example in docs/snapshot-format.md.",
        ) from None


def _plain(value: Any) -> Any:
    """The document with its dates and times as text; ``ValueError`` for a time without an offset."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        if value.tzinfo is None or value.microsecond:
            raise ValueError(f"{value} needs an offset such as Z, and no fractions of a second")
        return format_instant(value)
    return value.isoformat() if isinstance(value, date | time) else value


def instant(moment: Moment | None, *, name: str, file: str) -> str | None:
    """The instant as the statement writes it; :class:`AuditError` ISSUER.INPUT for one that does not exist."""
    try:
        return None if moment is None else format_instant(parse_instant(moment))
    except ValueError as error:
        raise AuditError(
            "ISSUER.INPUT",
            f"{name}: {error}",
            at=Location(file),
            action="Write a UTC instant like 2026-11-01T00:00:00Z.",
        ) from None
