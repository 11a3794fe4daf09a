"""Capturing the snapshot's balances from endpoints that the auditor configured, into one signed evidence file.

What will be asked of whom is in the plan (:mod:`auditor_app.chain.plan`). No evidence is written until everything was
read: a capture that fails or is cancelled leaves none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor_app.chain.evidence_file import ProofMember, write_evidence
from auditor_app.chain.exchanges import ExchangeLog
from auditor_app.chain.feeds import FeedReading, decode_feeds, feeds_name
from auditor_app.chain.grading import TWO_ENDPOINTS
from auditor_app.chain.histories import MEDIA_TYPE_HEADERS, headers_name
from auditor_app.chain.plan import CapturePlan
from auditor_app.chain.readers.model import NO_SUPPLEMENTS, ChainReading, HeaderChain, ReadingTask, Supplements
from auditor_app.chain.readers.table import kind_of
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import EvidenceBlock

__all__ = ["NO_SUPPLEMENTS", "Captured", "Supplements", "capture"]

_RESUMED = ("Raw requests and replies of the interrupted attempt are not in the file.",)


@dataclass(frozen=True, slots=True)
class Captured:
    """What was written: the payload's SHA-256, how many balances, how many HTTP exchanges, and how each host was read.

    ``proven_chains`` have state proofs in the file; ``notes`` say what has none, and why.
    """

    payload_sha256: str
    balances: int
    requests: int
    methods: tuple[tuple[str, str], ...]
    proven_chains: tuple[str, ...]
    notes: tuple[str, ...]


def capture(
    snapshot: AuthenticSnapshot,
    plan: CapturePlan,
    keys: Sequence[SigningKey],
    path: Path,
    *,
    captured_at: str,
    token: CancelToken,
    supplements: Supplements = NO_SUPPLEMENTS,
) -> Operation[Captured]:
    """Read every balance of the plan and write the evidence file; :class:`ChainError` if any endpoint fails."""
    resumed = supplements.partial is not None and supplements.partial.resumed > 0
    logs = [ExchangeLog(endpoint, number) for number, endpoint in enumerate(plan.endpoints, start=1)]
    readings, supporting = yield from _read_all(snapshot, plan, logs, token, supplements)
    rows = [row for reading in readings for row in reading.rows]
    yield Progress(len(rows), len(rows), "balances", "Writing the evidence file")
    payload = write_evidence(
        path,
        snapshot,
        rows,
        keys,
        captured_at=captured_at,
        blocks=_agreed_blocks(readings),
        endpoints=[endpoint.origin for endpoint in plan.endpoints],
        proofs=[*supporting, *(member for log in logs for member in log.members())],
    )
    if supplements.partial is not None:
        supplements.partial.discard()
    return Captured(
        payload,
        len(rows),
        sum(reading.requests for reading in readings),
        tuple((reading.endpoint.origin, reading.method) for reading in readings),
        tuple(reading.endpoint.chain for reading in readings if reading.proven),
        (
            *(note for reading in readings for note in reading.notes),
            *(note for log in logs for note in log.notes()),
            *(_RESUMED if resumed and supplements.keep_exchanges else ()),
        ),
    )


def _read_all(
    snapshot: AuthenticSnapshot,
    plan: CapturePlan,
    logs: Sequence[ExchangeLog],
    token: CancelToken,
    supplements: Supplements,
) -> Operation[tuple[list[ChainReading], list[ProofMember]]]:
    """What each endpoint gave, in the plan's order, and the members that support it."""
    readings: list[ChainReading] = []
    headers: dict[str, HeaderChain] = {}
    told: dict[str, tuple[FeedReading, ...]] = {}
    for endpoint, log in zip(plan.endpoints, logs, strict=True):
        named = snapshot.statement.predicate.chains[endpoint.chain]
        task = ReadingTask(
            endpoint,
            int(named.block_height),
            named.block_hash,
            plan.targets[endpoint.chain],
            first=endpoint.chain not in {item.endpoint.chain for item in readings},
            token=token,
            supplements=supplements,
            headers=headers.get(endpoint.chain),
            wallets=plan.wallets.get(endpoint.chain, ()),
            feeds=plan.feeds.get(endpoint.chain, ()),
            sent=plan.sent.get(endpoint.chain, ()),
            told=told.get(endpoint.chain, ()),
            on_exchange=log.add if supplements.keep_exchanges else None,
        )
        reading = yield from kind_of(endpoint).read(task)
        readings.append(reading)
        if reading.headers is not None:
            headers[endpoint.chain] = reading.headers
        for member in reading.members:
            if member.name == feeds_name(endpoint.chain):
                told[endpoint.chain] = decode_feeds(member.data, endpoint.chain).feeds
    members = [member for reading in readings for member in reading.members]
    members += [
        ProofMember(headers_name(chain), MEDIA_TYPE_HEADERS, b"".join(kept.headers)) for chain, kept in headers.items()
    ]
    return readings, members


def _agreed_blocks(readings: Sequence[ChainReading]) -> dict[str, EvidenceBlock]:
    """One block per chain, which all its endpoints must show; two hosts that do are a source of its hash."""
    blocks: dict[str, EvidenceBlock] = {}
    hosts: dict[str, set[str]] = defaultdict(set)
    for reading in readings:
        chain, block = reading.endpoint.chain, reading.block
        hosts[chain].add(reading.endpoint.host.lower())
        known = blocks.setdefault(chain, block)
        if known.block_hash != block.block_hash:
            raise ChainError(
                "CHAIN.ENDPOINT",
                f"two endpoints show different blocks at height {block.block_height} of {chain}",
                expected=known.block_hash or "",
                observed=f"{block.block_hash} from {reading.endpoint.origin}",
                action="Ask a third; do not capture before you know which chain is the right one.",
            )
        if len(hosts[chain]) > 1:
            blocks[chain] = EvidenceBlock(
                block_height=block.block_height, block_hash=block.block_hash, hash_from=TWO_ENDPOINTS
            )
    return blocks
