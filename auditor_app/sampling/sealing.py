"""Commitment records as files: the ``committed`` object, its digest, and the time beside it; never replaced."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from auditor_app import strict_json
from auditor_app.errors import Location, SamplingError
from auditor_app.files import read_capped, write_new
from auditor_app.instants import parse_instant
from auditor_app.snapshot.statement import Closed, Hex64, Instant
from auditor_app.typed import typed

_MAX_BYTES = 64 * 1024


class _Record(Closed, frozen=True, kw_only=True):
    committed: dict[str, Any]
    commitment_sha256: Hex64 = msgspec.field(name="commitmentSha256")
    committed_at: Instant


T = TypeVar("T", bound=Closed)


@dataclass(frozen=True, slots=True)
class Seal:
    """A record as read: what was committed, not judged yet, the digest that it states, and when."""

    committed: dict[str, Any]
    stated: str
    committed_at: str
    at: Location

    @property
    def format(self) -> str:
        """What kind of record it is."""
        return str(self.committed.get("format", ""))

    @property
    def digest(self) -> bytes:
        """SHA-256 over the RFC 8785 bytes of what is committed."""
        return sha256(strict_json.canonical(self.committed)).digest()

    def opened(self, kind: type[T]) -> T:
        """What was committed; :class:`SamplingError` ``SAMPLE.COMMITMENT`` where it is another kind or was altered."""
        try:
            committed = typed(self.committed, kind)
        except msgspec.ValidationError as error:
            raise _not_a_record(error, self.at) from None
        if self.digest.hex() != self.stated:
            raise SamplingError(
                "SAMPLE.COMMITMENT",
                "the commitment record was altered",
                at=self.at,
                expected=self.stated,
                observed=self.digest.hex(),
                action="Use the record as it was written.",
            )
        return committed


def digest_of(committed: Closed) -> bytes:
    """SHA-256 over the RFC 8785 bytes of what is committed."""
    return sha256(strict_json.canonical(msgspec.to_builtins(committed))).digest()


def write_seal(committed: Closed, committed_at: str, path: Path) -> None:
    """Write a record as JSON; a file of that name is never replaced."""
    record = _Record(
        committed=msgspec.to_builtins(committed),
        commitment_sha256=digest_of(committed).hex(),
        committed_at=committed_at,
    )
    data = (json.dumps(msgspec.to_builtins(record), indent=2) + "\n").encode("utf-8")
    write_new(path, data, code="SAMPLE.COMMITMENT")


def read_seal(path: Path) -> Seal:
    """Read a record; :class:`SamplingError` ``SAMPLE.COMMITMENT`` for a file that is none."""
    at = Location(path.name)
    data = read_capped(path, max_bytes=_MAX_BYTES, code="SAMPLE.COMMITMENT")
    document = strict_json.parse(data, file=path.name, code="SAMPLE.COMMITMENT", max_bytes=_MAX_BYTES)
    try:
        record = typed(document, _Record)
        parse_instant(record.committed_at)
    except (msgspec.ValidationError, ValueError) as error:
        raise _not_a_record(error, at) from None
    return Seal(record.committed, record.commitment_sha256, record.committed_at, at)


def _not_a_record(error: Exception, at: Location) -> SamplingError:
    return SamplingError(
        "SAMPLE.COMMITMENT",
        f"this is no commitment record: {error}",
        at=at,
        action="Name the record that the commitment wrote.",
    )
