"""One made-up exchange whose files agree in everything, until an attack changes one thing that it says.

The files are the real ones: a signed snapshot, a trust store, a signed evidence file. They are written with the
low-level writers, which write whatever they are told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor_app.amounts import Amount
from auditor_app.chain.evidence_file import write_evidence
from auditor_app.engagement.audit import perform
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.ledger.columns import amount_positions, parse_columns
from auditor_app.ledger.parts import CsvLedger
from auditor_app.merkle.recompute import recompute_root
from auditor_app.operation import CancelToken, run
from auditor_app.selftest.wallet import BITCOIN, ETHEREUM, Wallet
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.members import ADDRESS_FIELDS, OWNERSHIP_FIELDS, BalanceRow, write_table
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import (
    Asset,
    BlockReference,
    Column,
    Commitment,
    Issuer,
    Ledger,
    Reserves,
    SnapshotPredicate,
)
from auditor_app.snapshot.trust import EMPTY, Provenance, TrustStore, add_key, save_store
from auditor_app.snapshot.writing import LEDGER_MEDIA_TYPE, Bytes, Member, write_signed

ISSUER = "Example Exchange Ltd"
AS_OF = "2026-09-30T00:00:00Z"
CREATED_AT = "2026-10-01T08:00:00Z"
TRUSTED_TIME = "2026-11-01T00:00:00Z"
CHALLENGE = "Challenge 7d1f4c0be29a"
MESSAGE = f"{ISSUER} controls this address. {CHALLENGE}"
NONCE = "cd" * 32
PREVIOUS = "ab" * 32
LEDGER = "spot"
_PART = "ledger/spot-00000.csv"
_ADDRESSES = "reserves/addresses.csv"
_OWNERSHIP = "reserves/ownership.csv"
_PROVENANCE = Provenance(channel="engagement letter", by="A. Auditor", at="2026-09-01T00:00:00Z")

COLD = Wallet.number(1)
SECOND = Wallet.number(2)
BTC = Asset(symbol="BTC", decimals=8, on_chain=(f"{BITCOIN}/slip44:0",))
CHAINS = {
    BITCOIN: BlockReference(block_height="968000", block_hash="00" * 8 + "c3" * 24),
    ETHEREUM: BlockReference(block_height="25300000", block_hash="0x" + "5e" * 32),
}


def token(symbol: str, decimals: int = 8) -> Asset:
    """An ERC-20 asset with a made-up contract."""
    contract = hashlib.sha256(symbol.encode("ascii")).hexdigest()[:40]
    return Asset(symbol=symbol, decimals=decimals, on_chain=(f"{ETHEREUM}/erc20:0x{contract}",))


@dataclass(frozen=True, slots=True)
class Holding:
    """One reserve row: what the exchange claims, and what the evidence holds (the same unless said)."""

    wallet: Wallet
    account: str
    asset: str
    claimed: int
    message: str = MESSAGE
    observed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Everything the exchange hands over. What is ``None`` is as it honestly follows from the rest.

    ``rows`` are lines without LF. ``typed_root`` is what its website shows: the snapshot's root unless said.
    """

    rows: tuple[str, ...] = ("u1,100", "u2,70")
    columns: str = "id:token,BTC:base-units/8"
    order: Literal["tree", "id-ascending"] = "tree"
    scheme: str = "rfc6962-sha256"
    parameters: Mapping[str, str] = field(default_factory=dict)
    assets: tuple[Asset, ...] = (BTC,)
    holdings: tuple[Holding, ...] | None = None
    chains: Mapping[str, BlockReference] = field(default_factory=lambda: {BITCOIN: CHAINS[BITCOIN]})
    totals: Mapping[str, int] | None = None
    root: str | None = None
    row_count: int | None = None
    leaf_count: int | None = None
    typed_root: str | None = None
    sequence: str = "12"
    previous: str = PREVIOUS
    nonce: str = NONCE
    created_at: str = CREATED_AT
    published_at: str | None = CREATED_AT
    name: str = "exchange"

    @property
    def ledger_columns(self) -> tuple[Column, ...]:
        """The columns with the decimals of their assets."""
        return parse_columns(self.columns)

    @property
    def data(self) -> bytes:
        """The ledger's bytes."""
        return "".join(f"{row}\n" for row in self.rows).encode("utf-8")

    def sums(self, *, gross: bool = False) -> dict[str, int]:
        """Base units of each asset over all rows, added up cell by cell; debts left out of a ``gross`` sum."""
        columns, decimals = self.ledger_columns, {asset.symbol: asset.decimals for asset in self.assets}
        sums: dict[str, Fraction] = {}
        for position in amount_positions(columns):
            column = columns[position]
            cells = [row.split(",")[position] for row in self.rows]
            values = [Amount.parse(cell).fraction() for cell in cells if cell]
            scale = 1 if column.type == "base-units" else 10 ** decimals[column.name]
            sums[column.name] = sum((value for value in values if value > 0 or not gross), Fraction(0)) * scale
        return {name: -(-value.numerator // value.denominator) for name, value in sums.items()}

    def reserves(self) -> tuple[Holding, ...]:
        """The claimed reserves: by default what is owed, in one account for each asset."""
        if self.holdings is not None:
            return self.holdings
        accounts = {
            asset.symbol: COLD.bitcoin if asset.on_chain[0].startswith(BITCOIN) else COLD.ethereum
            for asset in self.assets
        }
        return tuple(
            Holding(COLD, accounts[symbol], symbol, amount)
            for symbol, amount in self.sums(gross=True).items()
            if amount
        )


@dataclass(frozen=True, slots=True)
class Handover:
    """The files of one exchange on disk, and the request for the run over them."""

    snapshot: Path
    payload_sha256: str
    root: str
    request: AuditRequest


def seeded(name: str) -> SigningKey:
    """The Ed25519 key whose seed is a digest of ``name``: public, for made-up files only."""
    seed = hashlib.sha256(b"reserve-auditor selftest key: " + name.encode("utf-8")).digest()
    return SigningKey.of(Ed25519PrivateKey.from_private_bytes(seed))


def hand_over(exchange: Exchange, folder: Path) -> Handover:
    """Write snapshot, evidence and trust store into ``folder``."""
    root = exchange.root or honest_root(exchange, folder)
    snapshot = folder / f"{exchange.name}.porsnap"
    predicate, members = _statement(exchange, root)
    payload = write_signed(snapshot, predicate, members, [seeded("treasury")])
    trust = _trust_store(folder / "trust.json")
    evidence = _capture(exchange, snapshot, trust, folder)
    request = AuditRequest(
        snapshot=snapshot,
        trust_store=folder / "trust.json",
        evidence=evidence,
        nonce=NONCE,
        previous=PREVIOUS,
        published_roots=((LEDGER, exchange.typed_root or root),),
        trusted_time=TRUSTED_TIME,
        challenge=CHALLENGE,
    )
    return Handover(snapshot, payload, root, request)


def audited(request: AuditRequest) -> Audit:
    """The whole run over the files."""
    return run(perform(request, CancelToken()))


def honest_root(exchange: Exchange, folder: Path) -> str:
    """The root of the rows as they are."""
    path = folder / f"{exchange.name}-rows.csv"
    path.write_bytes(exchange.data)
    ledger = CsvLedger(path, exchange.ledger_columns)
    return run(recompute_root(ledger, exchange.scheme, exchange.parameters, CancelToken())).root or ""


def _statement(exchange: Exchange, root: str) -> tuple[SnapshotPredicate, tuple[Member, ...]]:
    """What is signed, and the members."""
    rows = exchange.data.count(b"\n")
    addresses, ownership = _reserve_tables(exchange)
    commitment = Commitment(
        scheme=exchange.scheme,
        root=root,
        leaf_count=str(rows if exchange.leaf_count is None else exchange.leaf_count),
        parameters=dict(exchange.parameters),
        published_at=exchange.published_at,
    )
    totals = exchange.sums() if exchange.totals is None else exchange.totals
    ledger = Ledger(
        name=LEDGER,
        members=(_PART,),
        row_count=str(rows if exchange.row_count is None else exchange.row_count),
        order=exchange.order,
        columns=exchange.ledger_columns,
        totals={name: str(units) for name, units in totals.items()},
        commitments=(commitment,),
    )
    claimed: dict[str, int] = {}
    for row in exchange.reserves():
        claimed[row.asset] = claimed.get(row.asset, 0) + row.claimed
    predicate = SnapshotPredicate(
        format_version="1.0",
        snapshot_id=f"example-{exchange.sequence}",
        sequence=exchange.sequence,
        previous_payload_sha256=exchange.previous,
        issuer=Issuer(legal_name=ISSUER),
        engagement_nonce=exchange.nonce,
        as_of=AS_OF,
        created_at=exchange.created_at,
        chains=dict(exchange.chains),
        assets=exchange.assets,
        ledgers=(ledger,),
        reserves=Reserves(
            addresses=_ADDRESSES,
            ownership=_OWNERSHIP,
            claimed_totals={name: str(units) for name, units in claimed.items()},
        ),
    )
    members = (
        Member(_PART, "ledger", Bytes(exchange.data), rows, LEDGER_MEDIA_TYPE),
        Member.table(_ADDRESSES, "addresses", addresses),
        Member.table(_OWNERSHIP, "ownership", ownership),
    )
    return predicate, members


def _reserve_tables(exchange: Exchange) -> tuple[bytes, bytes]:
    """The list of addresses and that of signatures; every account signs once."""
    rows = exchange.reserves()
    addresses = write_table(ADDRESS_FIELDS, tuple((r.account, r.asset, str(r.claimed), "cold") for r in rows))
    signers = {row.account: row for row in reversed(rows)}
    signed = []
    for account, row in signers.items():
        method, signature = row.wallet.proof(account, row.message)
        signed.append((account, method, row.message, signature, ""))
    return addresses, write_table(OWNERSHIP_FIELDS, tuple(signed))


def _trust_store(path: Path) -> TrustStore:
    """The auditor's side: the issuer's key and the auditor's own."""
    store = EMPTY
    for name, role, issuer in (("treasury", "issuer", ISSUER), ("auditor", "auditor", "Example Audit LLP")):
        key = seeded(name)
        store = add_key(
            store,
            pem=key.public_pem(),
            typed_fingerprint=key.keyid,
            role="issuer" if role == "issuer" else "auditor",
            issuer=issuer,
            signer=name,
            provenance=_PROVENANCE,
        )
    save_store(path, store)
    return store


def _capture(exchange: Exchange, snapshot: Path, store: TrustStore, folder: Path) -> Path:
    """The evidence as an auditor's own node would have given it."""
    path = folder / f"{exchange.name}.porevidence"
    seen = {
        (row.account, row.asset): row.claimed if row.observed is None else row.observed for row in exchange.reserves()
    }
    balances = [BalanceRow(account, asset, amount, "own-node:selftest") for (account, asset), amount in seen.items()]
    opened = authenticate_snapshot(snapshot, store, token=CancelToken(), trusted_time=TRUSTED_TIME)
    try:
        write_evidence(path, opened, balances, [seeded("auditor")], captured_at=CREATED_AT)
    finally:
        opened.members.close()
    return path
