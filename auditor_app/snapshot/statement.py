"""The closed schema of the signed statement, ``porsnap`` 1.0: in-toto Statement v1 with our predicate.

Field names are the file's own in camelCase; every quantity is a decimal string; unknown fields are refused.
Structs are frozen; cross-field rules (totals name declared columns, members are subjects …) are checked by
:func:`auditor_app.snapshot.consistency.check_statement`, not by the schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from auditor_app.instants import PATTERN as INSTANT_PATTERN

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
SNAPSHOT_PREDICATE = "urn:x-reserve-auditor:snapshot:v1"
EVIDENCE_PREDICATE = "urn:x-reserve-auditor:evidence:v1"

Hex64 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,19})\Z")]
Units = Annotated[str, msgspec.Meta(pattern=r"^(0|-?[1-9][0-9]{0,59})\Z")]
Decimal = Annotated[str, msgspec.Meta(pattern=r"^-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?\Z")]
Instant = Annotated[str, msgspec.Meta(pattern=INSTANT_PATTERN)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
MemberName = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Caip2 = Annotated[str, msgspec.Meta(pattern=r"^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}\Z")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=5000)]
Decimals = Annotated[int, msgspec.Meta(ge=0, le=60)]


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every struct of the statement: frozen, closed, camelCase on the wire."""


class Digest(Closed, frozen=True, kw_only=True):
    """Digest of one member."""

    sha256: Hex64


class Annotations(Closed, frozen=True, kw_only=True):
    """What a member is: its role, size in bytes, and data rows where it is a table (without a header row)."""

    role: Literal["ledger", "addresses", "ownership", "funds", "balances", "proof"]
    size: Count
    rows: Count | None = None


class Subject(Closed, frozen=True, kw_only=True):
    """One member of the container, as signed."""

    name: MemberName
    digest: Digest
    media_type: Annotated[str, msgspec.Meta(max_length=128)]
    annotations: Annotations


class Issuer(Closed, frozen=True, kw_only=True):
    """Who signs."""

    legal_name: Text
    lei: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{20}\Z")] | None = None


class BlockReference(Closed, frozen=True, kw_only=True):
    """The block at which a chain's balances are claimed."""

    block_height: Count
    block_hash: Annotated[str, msgspec.Meta(pattern=r"^(0x)?[0-9a-zA-Z+/=_-]{16,128}\Z")] | None = None


class Asset(Closed, frozen=True, kw_only=True):
    """One asset: base units per unit are 10**decimals; ``on_chain`` lists its CAIP-19 ids."""

    symbol: Name
    decimals: Decimals
    on_chain: tuple[Annotated[str, msgspec.Meta(max_length=256)], ...]
    backs: Name | None = None


class Column(Closed, frozen=True, kw_only=True):
    """One ledger column, in row order; the first is the key."""

    name: Name
    type: Literal["hex64", "token", "base-units", "decimal"]
    decimals: Decimals | None = None
    optional: bool = False
    signed: bool = False


class Commitment(Closed, frozen=True, kw_only=True):
    """A Merkle root that the issuer published over one ledger."""

    scheme: Name
    root: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16,128}\Z")]
    leaf_count: Count
    parameters: dict[str, Annotated[str, msgspec.Meta(max_length=4096)]]
    published_at: Instant | None = None
    publication: Text | None = None


class Ledger(Closed, frozen=True, kw_only=True):
    """One liability ledger: parts of 2**18 rows in order, totals per amount column in base units."""

    name: Name
    members: tuple[MemberName, ...]
    row_count: Count
    order: Literal["id-ascending", "tree"]
    columns: Annotated[tuple[Column, ...], msgspec.Meta(min_length=2, max_length=64)]
    totals: dict[str, Units]
    commitments: tuple[Commitment, ...]


class Reserves(Closed, frozen=True, kw_only=True):
    """Member names of the reserve tables and the claimed totals per asset, in base units."""

    addresses: MemberName
    ownership: MemberName | None = None
    claimed_totals: dict[str, Units]


class Funds(Closed, frozen=True, kw_only=True):
    """The protection funds' member; never part of reserves."""

    member: MemberName


class Exclusion(Closed, frozen=True, kw_only=True):
    """Liabilities that the issuer declares it left out; totals in base units."""

    name: Text
    reason: Text
    rows: Count
    totals: dict[str, Units]


class Price(Closed, frozen=True, kw_only=True):
    """A price for valuing funds and mixed totals only."""

    symbol: Name
    quote: Name
    price: Decimal
    source: Text
    as_of: Instant


class SnapshotPredicate(Closed, frozen=True, kw_only=True):
    """What the exchange says under its signatures."""

    format_version: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,4}\.[0-9]{1,4}\Z")]
    snapshot_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_.:-]{1,128}\Z")]
    sequence: Count
    previous_payload_sha256: Hex64 | None = msgspec.field(default=None, name="previousPayloadSha256")
    issuer: Issuer
    engagement_nonce: Hex64 | None = None
    as_of: Instant
    created_at: Instant
    valid_until: Instant | None = None
    chains: dict[Caip2, BlockReference]
    assets: tuple[Asset, ...]
    ledgers: tuple[Ledger, ...]
    reserves: Reserves | None = None
    funds: Funds | None = None
    exclusions: tuple[Exclusion, ...] = ()
    prices: tuple[Price, ...] = ()


class SnapshotStatement(Closed, frozen=True, kw_only=True):
    """The signed in-toto statement of a snapshot."""

    type: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(name="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["urn:x-reserve-auditor:snapshot:v1"]
    predicate: SnapshotPredicate


class EvidenceBlock(Closed, frozen=True, kw_only=True):
    """The block that evidence was captured at, and where its hash came from."""

    block_height: Count
    block_hash: Annotated[str, msgspec.Meta(max_length=130)] | None = None
    hash_from: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class EvidencePredicate(Closed, frozen=True, kw_only=True):
    """What an auditor captured; ``endpoints`` are scheme and host only."""

    format_version: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,4}\.[0-9]{1,4}\Z")]
    snapshot_payload_sha256: Hex64 = msgspec.field(name="snapshotPayloadSha256")
    captured_at: Instant
    chains: dict[Caip2, EvidenceBlock]
    endpoints: tuple[Annotated[str, msgspec.Meta(max_length=300)], ...]


class EvidenceStatement(Closed, frozen=True, kw_only=True):
    """The signed in-toto statement of an evidence file."""

    type: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(name="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["urn:x-reserve-auditor:evidence:v1"]
    predicate: EvidencePredicate
