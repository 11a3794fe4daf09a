"""Attacks on when and what was published: a late root, a second root, an older snapshot shown again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor_app.selftest.case import Seen, Version
from auditor_app.selftest.exchange import Exchange, audited, hand_over
from auditor_app.selftest.fixtures import Fixture


def late_and_second_root(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A snapshot signed twenty days after its instant, and another one of the same instant with another root."""
    rows = ("u1,100",) if version is Version.ATTACK else Exchange().rows
    other = hand_over(Exchange(rows=rows, sequence="11", name="other"), folder)
    exchange = Exchange()
    if version is Version.ATTACK:
        signed_at = f"{fixture.inputs['signedAt']}T00:00:00Z"
        exchange = Exchange(created_at=signed_at, published_at=fixture.inputs["publication"])
    request = hand_over(exchange, folder).request
    return Seen.in_audit(audited(replace(request, earlier=(other.snapshot,))))


def older_snapshot(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """The auditor holds the digest of a later snapshot than the one that is handed over, and issued a new nonce."""
    held_sequence, shown_sequence = (str(number) for number in fixture.inputs["sequence"])
    held = hand_over(Exchange(sequence=held_sequence, name="held"), folder)
    exchange = Exchange(sequence=shown_sequence, nonce="ee" * 32)
    if version is Version.HONEST:
        exchange = Exchange(sequence=str(int(held_sequence) + 1), previous=held.payload_sha256)
    request = hand_over(exchange, folder).request
    return Seen.in_audit(audited(replace(request, previous=held.payload_sha256)))


def older_beside_later(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """The auditor holds the file of a later snapshot, and neither a nonce nor a digest."""
    held_sequence, shown_sequence = (str(number) for number in fixture.inputs["sequence"])
    held = hand_over(Exchange(sequence=held_sequence, name="held"), folder)
    sequence = shown_sequence if version is Version.ATTACK else str(int(held_sequence) + 1)
    request = hand_over(Exchange(sequence=sequence), folder).request
    return Seen.in_audit(audited(replace(request, previous=None, nonce=None, earlier=(held.snapshot,))))
