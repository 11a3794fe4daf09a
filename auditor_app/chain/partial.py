"""Balances already read by a capture that was interrupted, so that it can go on where it stopped.

A local working file beside the evidence file, as believable as the auditor's own folder; it is no evidence, is never
read by a verification, and goes once the evidence is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor_app import strict_json
from auditor_app.errors import AuditError, ChainError, Location

_VERSION = "1"
_MAX_LINE = 2**24


class PartialCapture:
    """Balances by endpoint, block hash and token contract (an empty text for native coins), as the endpoint's reader keeps them.

    One JSON document per line, appended and flushed as balances arrive. A file for another snapshot, or a line cut
    short by a crash, counts for nothing from there on.
    """

    def __init__(self, path: Path, snapshot_payload: str) -> None:
        self._path = path
        self._head = {"version": _VERSION, "snapshot": snapshot_payload}
        self._known: dict[tuple[str, str, str], dict[str, int]] = {}
        kept = self._load()
        if not kept:
            self._write("w", self._head)

    @property
    def resumed(self) -> int:
        """How many balances an earlier attempt left."""
        return sum(map(len, self._known.values()))

    def known(self, source: str, block_hash: str, contract: str | None) -> Mapping[str, int]:
        """Amounts by what the reader calls an account."""
        return self._known.get((source, block_hash, contract or ""), {})

    def add(self, source: str, block_hash: str, contract: str | None, amounts: Mapping[str, int]) -> None:
        """Keep more amounts, on disk before this returns."""
        self._known.setdefault((source, block_hash, contract or ""), {}).update(amounts)
        line = {"source": source, "block": block_hash, "contract": contract or ""}
        self._write("a", line | {"amounts": {holder: str(amount) for holder, amount in amounts.items()}})

    def discard(self) -> None:
        """Remove the file: the capture is complete."""
        self._path.unlink(missing_ok=True)

    def _load(self) -> bool:
        """Read what an earlier attempt left; false if the file must be started anew."""
        try:
            lines = self._path.read_bytes().splitlines(keepends=True)
        except OSError:
            return False
        if not lines or self._parsed(lines[0]) != self._head:
            return False
        for number, line in enumerate(lines[1:], start=1):
            entry = self._parsed(line)
            try:
                if entry is None:
                    raise ValueError("cut short")
                amounts = {str(holder): int(amount) for holder, amount in entry["amounts"].items()}
                key = (str(entry["source"]), str(entry["block"]), str(entry["contract"]))
            except (KeyError, AttributeError, ValueError):
                self._path.write_bytes(b"".join(lines[:number]))
                break
            self._known.setdefault(key, {}).update(amounts)
        return True

    def _parsed(self, line: bytes) -> dict[str, Any] | None:
        if not line.endswith(b"\n"):
            return None
        try:
            entry = strict_json.parse(line, file=self._path.name, code="CHAIN.ENDPOINT", max_bytes=_MAX_LINE)
        except AuditError:
            return None
        return entry if isinstance(entry, dict) else None

    def _write(self, mode: str, document: Mapping[str, object]) -> None:
        try:
            with open(self._path, mode, encoding="ascii", opener=_private) as file:
                file.write(json.dumps(document, separators=(",", ":")) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ChainError(
                "OUTPUT.WRITE",
                f"the working file cannot be written ({error.strerror})",
                at=Location(str(self._path)),
                action="Choose a folder that exists and may be written.",
            ) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
