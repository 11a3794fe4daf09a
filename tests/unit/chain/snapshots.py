"""Authentic snapshots and evidence made in memory, for tests that start after authentication."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence

from auditor_app.operation import CancelToken
from auditor_app.sections import Look
from auditor_app.snapshot.authentic import Authentic, AuthenticEvidence, AuthenticSnapshot, Signer, TrustedTime
from auditor_app.snapshot.statement import (
    Asset,
    BlockReference,
    Column,
    EvidenceBlock,
    EvidencePredicate,
    EvidenceStatement,
    Funds,
    Issuer,
    Ledger,
    Price,
    Reserves,
    SnapshotPredicate,
    SnapshotStatement,
)

BTC_CHAIN = "bip122:000000000019d6689c085ae165831e93"
BTC_A = f"{BTC_CHAIN}:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
BTC_B = f"{BTC_CHAIN}:1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
EVM_A = "eip155:1:0xdAC17F958D2ee523a2206206994597C13D831ec7"
EVM_B = "eip155:1:0x00000000219ab540356cBB839Cbe05303d7705Fa"
EVM_C = "eip155:1:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
USDT = "eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7"
ETH_HASH = "0x" + "ab" * 32
BTC_HASH = "00" * 8 + "cd" * 24
PAYLOAD = "11" * 32

ASSETS = (
    Asset(symbol="BTC", decimals=8, on_chain=(f"{BTC_CHAIN}/slip44:0",)),
    Asset(symbol="ETH", decimals=18, on_chain=("eip155:1/slip44:60",)),
    Asset(symbol="USDT", decimals=6, on_chain=(USDT,)),
)
CHAINS = {
    "eip155:1": BlockReference(block_height="100", block_hash=ETH_HASH),
    BTC_CHAIN: BlockReference(block_height="900", block_hash=BTC_HASH),
}
_WHO = Signer("22" * 32, "ed25519", "A. Auditor", "Audit LLP", ("engagement letter",))
_TIME = TrustedTime("2026-11-03T00:00:00Z", "typed")


class Members:
    """Members held in memory."""

    def __init__(self, members: Mapping[str, bytes | Exception]) -> None:
        self._members = members

    def read(self, name: str, token: CancelToken, look: Look | None = None) -> bytes:
        token.check()
        member = self._members[name]
        if isinstance(member, Exception):
            raise member
        if look is not None:
            look(memoryview(member))
        return member

    def size(self, name: str) -> int:
        member = self._members[name]
        return 0 if isinstance(member, Exception) else len(member)

    def close(self) -> None:
        return None


def b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def csv(header: str, rows: Iterable[Sequence[object]]) -> bytes:
    return (header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)).encode()


def predicate(
    *,
    assets: tuple[Asset, ...] = ASSETS,
    chains: Mapping[str, BlockReference] | None = None,
    claimed: Mapping[str, int] | None = None,
    columns: Sequence[tuple[str, ...]] = (("BTC", "ETH", "USDT"),),
    prices: tuple[Price, ...] = (),
    funds: bool = False,
) -> SnapshotPredicate:
    """A predicate with one ledger for each tuple of ``columns``; ``claimed=None`` declares no reserves."""
    ledgers = tuple(
        Ledger(
            name=f"ledger{number}",
            members=(),
            row_count="0",
            order="tree",
            columns=(
                Column(name="id", type="token"),
                *(Column(name=name, type="decimal", decimals=8) for name in names),
            ),
            totals={},
            commitments=(),
        )
        for number, names in enumerate(columns)
    )
    return SnapshotPredicate(
        format_version="1.0",
        snapshot_id="s",
        sequence="1",
        issuer=Issuer(legal_name="Example"),
        as_of="2026-11-01T00:00:00Z",
        created_at="2026-11-02T00:00:00Z",
        chains=dict(CHAINS if chains is None else chains),
        assets=assets,
        ledgers=ledgers,
        reserves=None
        if claimed is None
        else Reserves(addresses="reserves/addresses.csv", claimed_totals={k: str(v) for k, v in claimed.items()}),
        funds=Funds(member="funds.csv") if funds else None,
        prices=prices,
    )


def snapshot(
    addresses: Sequence[tuple[str, str, int]] = (), funds: Sequence[Sequence[object]] | None = None, **changes: object
) -> AuthenticSnapshot:
    """A snapshot with these reserve rows; claimed totals fit them unless ``claimed`` says otherwise."""
    sums: dict[str, int] = {}
    for _, asset, units in addresses:
        sums[asset] = sums.get(asset, 0) + units
    changes.setdefault("claimed", sums)
    members = {
        "reserves/addresses.csv": csv("account,asset,claimed,role", [(*row, "cold") for row in addresses]),
        "funds.csv": csv(
            "name,kind,custody,account,asset,claimed,target,target_unit",
            [(b64(str(name)), *rest) for name, *rest in funds or ()],
        ),
    }
    statement = SnapshotStatement(
        type="https://in-toto.io/Statement/v1",
        subject=(),
        predicate_type="urn:x-reserve-auditor:snapshot:v1",
        predicate=predicate(funds=funds is not None, **changes),  # type: ignore[arg-type]
    )
    return Authentic("x.porsnap", PAYLOAD, statement, Members(members), (_WHO,), 1, _TIME, (), ())


def evidence(
    balances: Sequence[tuple[str, str, int] | tuple[str, str, int, str]],
    *,
    payload: str = PAYLOAD,
    chains: Mapping[str, EvidenceBlock] | None = None,
    signed: bool = True,
    member: bytes | Exception | None = None,
    endpoints: tuple[str, ...] = ("https://node.example", "https://second.example"),
) -> AuthenticEvidence:
    """Evidence with these rows, by default read from one of two hosts and at the snapshot's own blocks."""
    rows = [(*row, "node.example")[:4] for row in balances]
    blocks = {
        chain: EvidenceBlock(block_height=block.block_height, block_hash=block.block_hash, hash_from="snapshot")
        for chain, block in CHAINS.items()
    }
    statement = EvidenceStatement(
        type="https://in-toto.io/Statement/v1",
        subject=(),
        predicate_type="urn:x-reserve-auditor:evidence:v1",
        predicate=EvidencePredicate(
            format_version="1.0",
            snapshot_payload_sha256=payload,
            captured_at="2026-11-03T00:00:00Z",
            chains=dict(blocks if chains is None else chains),
            endpoints=endpoints,
        ),
    )
    data = csv("account,asset,amount,source", rows) if member is None else member
    return Authentic(
        "x.porevidence",
        "33" * 32,
        statement,
        Members({"balances.csv": data}),
        (_WHO,) if signed else (),
        1,
        _TIME,
        (),
        (),
    )
