"""Listing, capturing and looking for the window: the core's functions as operations, imported in the worker thread.

Listing opens no connection. Whatever does takes a :class:`~ui.connections.Permission` and the list that was on screen,
and stops where it would ask for anything that was not listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from auditor_app.errors import UsageError
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken, Operation, Progress
from ui.endpoints import ConfiguredEndpoint, Permission, inspect

if TYPE_CHECKING:
    from auditor_app.chain.capture import Captured
    from auditor_app.chain.deadline import ProofDeadline
    from auditor_app.chain.exchange_reading import AccountExchanges
    from auditor_app.chain.live import LiveResult
    from auditor_app.chain.observed import BlockOrigin, OwnBlock
    from auditor_app.chain.plan import CapturePlan, NotCaptured, PlannedReading
    from auditor_app.chain.proof_steps import ProofStep
    from auditor_app.snapshot.authentic import AuthenticSnapshot
    from auditor_app.snapshot.signing import SigningKey

_MAX_PEM = 2**16


@dataclass(frozen=True, slots=True)
class Subject:
    """Which snapshot, judged by which trust store at which time."""

    snapshot: Path
    trust_store: Path
    trusted_time: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """What would be asked, host by host, and what would not; ``payload_sha256`` names the snapshot it is for.

    ``without_endpoint`` are chains with claims that no configured endpoint serves; ``one_host`` those whose word is one
    host's only.
    """

    payload_sha256: str
    readings: tuple[PlannedReading, ...]
    left_out: tuple[NotCaptured, ...]
    without_endpoint: tuple[str, ...]
    one_host: tuple[str, ...]
    endpoints: tuple[ConfiguredEndpoint, ...]
    live: bool = False
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SigningFile:
    """A private key file and its pass phrase, which never appears in a ``repr``."""

    path: Path
    passphrase: str = field(repr=False, default="")


def list_requests(
    subject: Subject,
    configured: tuple[ConfiguredEndpoint, ...],
    token: CancelToken,
    *,
    live: bool = False,
    feeds: tuple[str, ...] = (),
) -> Operation[Listed]:
    """What a capture, or a ``live`` look, would ask of the configured endpoints. Asks nobody, not even the keyring.

    ``feeds`` are price feeds as the command line writes them; :class:`AuditError` for one that cannot be asked.
    """
    yield Progress(0, None, "requests", "Listing the requests")
    from auditor_app.chain.plan import readable_chains

    with _opened(subject, token) as snapshot:
        chains = readable_chains(snapshot, token)
        wanted = tuple(item for item in configured if item.chain in chains)
        wished = Wished(wanted, live=live, feeds=feeds)
        plan = yield from _plan(snapshot, wished, token, with_secrets=False)
    hosts: dict[str, set[str]] = {}
    for item in wanted:
        hosts.setdefault(item.chain, set()).add(inspect(item).host.lower())
    return Listed(
        snapshot.payload_sha256,
        plan.readings,
        plan.left_out,
        tuple(sorted(chains - set(hosts))),
        tuple(sorted(chain for chain, found in hosts.items() if len(found) == 1)),
        wanted,
        live,
        feeds,
    )


def capture_evidence(
    subject: Subject, listed: Listed, permission: Permission, key: SigningFile, output: Path, token: CancelToken
) -> Operation[Captured]:
    """Ask what was listed and write the signed evidence; what an interrupted capture left is not asked again."""
    yield Progress(0, None, "requests", "Reading the signing key")
    from auditor_app.chain.capture import Supplements, capture
    from auditor_app.chain.partial import PartialCapture

    signing = signing_key(key)
    with _opened(subject, token) as snapshot:
        plan = yield from _permitted_plan(snapshot, listed, permission, token)
        partial = PartialCapture(working_file(output), snapshot.payload_sha256)
        return (
            yield from capture(
                snapshot,
                plan,
                (signing,),
                output,
                captured_at=format_instant(datetime.now(UTC)),
                token=token,
                supplements=Supplements(partial=partial),
            )
        )


def look(subject: Subject, listed: Listed, permission: Permission, token: CancelToken) -> Operation[LiveResult]:
    """The listed balances at the newest blocks; writes nothing."""
    yield Progress(0, None, "requests", "Looking at the chains now")
    from auditor_app.chain.live import claimed_units, look_now

    with _opened(subject, token) as snapshot:
        plan = yield from _permitted_plan(snapshot, listed, permission, token)
        claims = claimed_units(snapshot, token)
        return (yield from look_now(snapshot.statement.predicate, plan, claims, token))


def read_steps(
    subject: Subject, evidence: Path, account: str, asset: str, origin: BlockOrigin | None, token: CancelToken
) -> Operation[tuple[ProofStep, ...]]:
    """How the evidence leads from a block's hash, of the run's ``origin``, to one balance; opens files only."""
    yield Progress(0, None, "steps", "Following the proof of one address")
    from auditor_app.chain.proof_steps import proof_steps
    from auditor_app.snapshot.authenticate import authenticate_evidence
    from auditor_app.snapshot.trust import load_store

    with _opened(subject, token) as snapshot:
        store = load_store(subject.trust_store)
        opened = authenticate_evidence(evidence, store, token=token, trusted_time=subject.trusted_time)
        try:
            return proof_steps(snapshot, opened, account, asset, token, origin=origin)
        finally:
            opened.members.close()


def derive_block(
    subject: Subject, evidence: Path, chain: str, checkpoint: str, token: CancelToken
) -> Operation[OwnBlock]:
    """The evidence's block on a chain, its hash derived from a typed beacon block root; opens files only."""
    yield Progress(0, None, "steps", "Deriving the block's hash")
    from auditor_app.chain.anchor import anchored_block
    from auditor_app.snapshot.authenticate import authenticate_evidence
    from auditor_app.snapshot.trust import load_store

    store = load_store(subject.trust_store)
    opened = authenticate_evidence(evidence, store, token=token, trusted_time=subject.trusted_time)
    try:
        return anchored_block(opened, chain, checkpoint, token)
    finally:
        opened.members.close()


def read_exchanges(subject: Subject, evidence: Path, account: str, token: CancelToken) -> Operation[AccountExchanges]:
    """The raw requests and replies of the evidence that name an account; opens files only."""
    yield Progress(0, None, "requests", "Looking for raw requests")
    from auditor_app.chain.exchange_reading import exchanges_about
    from auditor_app.snapshot.authenticate import authenticate_evidence
    from auditor_app.snapshot.trust import load_store

    store = load_store(subject.trust_store)
    opened = authenticate_evidence(evidence, store, token=token, trusted_time=subject.trusted_time)
    try:
        return exchanges_about(opened, account, token)
    finally:
        opened.members.close()


def read_deadlines(subject: Subject, token: CancelToken) -> Operation[tuple[ProofDeadline, ...]]:
    """Until when state proofs of the snapshot's blocks can be had, from its signed statement alone."""
    yield Progress(0, None, "files", "Reading the snapshot's blocks")
    from auditor_app.chain.deadline import proof_deadlines

    with _opened(subject, token) as snapshot:
        predicate = snapshot.statement.predicate
        return proof_deadlines(predicate.chains, predicate.as_of)


def keep_key(host: str, secret: str, token: CancelToken) -> Operation[None]:
    """Put a key into the system keyring: a locked one may take its time."""
    yield Progress(0, None, "keys", "Asking the system keyring")
    from auditor_app.chain.endpoints import store_secret

    token.check()
    store_secret(host, secret)


def keys_held(hosts: tuple[str, ...], token: CancelToken) -> Operation[Mapping[str, bool]]:
    """For which hosts a key is in the environment or the keyring; the keys themselves go nowhere."""
    yield Progress(0, None, "keys", "Asking the system keyring")
    from auditor_app.chain.endpoints import lookup_secret

    held = {}
    for host in hosts:
        token.check()
        held[host] = bool(lookup_secret(host))
    return held


def working_file(output: Path) -> Path:
    """Where a capture keeps what it has read until the evidence is written."""
    return output.with_name(f"{output.name}.partial")


def encrypted(path: Path) -> bool:
    """Whether a PEM file asks for a pass phrase; :class:`AuditError` where it cannot be read."""
    return b"ENCRYPTED" in _pem(path)


def _pem(path: Path) -> bytes:
    from auditor_app.files import read_capped

    return read_capped(path, max_bytes=_MAX_PEM, code="TRUST.KEY")


def signing_key(key: SigningFile) -> SigningKey:
    """The key in a file; :class:`AuditError` TRUST.KEY where it is none."""
    from auditor_app.snapshot.signing import load_private_pem

    return load_private_pem(_pem(key.path), file=key.path.name, passphrase=lambda: key.passphrase.encode("utf-8"))


@dataclass(frozen=True, slots=True)
class Wished:
    """Whom to ask, whether for a live look, and for which price feeds."""

    endpoints: tuple[ConfiguredEndpoint, ...]
    live: bool = False
    feeds: tuple[str, ...] = ()


def _plan(
    snapshot: AuthenticSnapshot, wished: Wished, token: CancelToken, *, with_secrets: bool
) -> Operation[CapturePlan]:
    from auditor_app.chain.endpoints import lookup_secret, parse_endpoints
    from auditor_app.chain.feeds import parse_feeds
    from auditor_app.chain.plan import balances_alone, planning

    endpoints = parse_endpoints(
        [item.specification for item in wished.endpoints],
        own_nodes={inspect(item).netloc for item in wished.endpoints if item.own_node},
        secrets=lookup_secret if with_secrets else lambda _: "not:needed",
    )
    plan = yield from planning(snapshot, endpoints, token, parse_feeds(wished.feeds))
    return balances_alone(plan) if wished.live else plan


def _permitted_plan(
    snapshot: AuthenticSnapshot, listed: Listed, permission: Permission, token: CancelToken
) -> Operation[CapturePlan]:
    """The plan with its secrets; :class:`UsageError` unless it asks exactly what was listed, of permitted endpoints."""
    wished = Wished(listed.endpoints, live=listed.live, feeds=listed.feeds)
    plan = yield from _plan(snapshot, wished, token, with_secrets=True)
    same = plan.readings == listed.readings and snapshot.payload_sha256 == listed.payload_sha256
    if not plan.readings or not same or not set(listed.endpoints) <= set(permission.endpoints):
        raise UsageError(
            "USAGE",
            "nothing was asked, because snapshot or endpoints are no longer those that the requests were listed for",
            action="List the requests again.",
        )
    return plan


@contextmanager
def _opened(subject: Subject, token: CancelToken) -> Iterator[AuthenticSnapshot]:
    """The snapshot, authenticated; closed afterwards."""
    from auditor_app.snapshot.authenticate import authenticate_snapshot
    from auditor_app.snapshot.trust import load_store

    authentic = authenticate_snapshot(
        subject.snapshot, load_store(subject.trust_store), token=token, trusted_time=subject.trusted_time
    )
    try:
        yield authentic
    finally:
        authentic.members.close()
