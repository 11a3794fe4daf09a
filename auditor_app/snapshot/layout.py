"""The canonical bytes of the container: every ZIP header as a function of (name, size, CRC-32) and nothing else.

Reader and writer share these functions, so an archive is canonical exactly when rebuilding its headers gives its
bytes back. The choices that the format leaves open are those of Python's ``zipfile`` for ``ZipInfo(name)``, so that an
issuer can write a canonical archive with a standard library. Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from auditor_app.errors import Location, SnapshotError

ENVELOPE = "snapshot.dsse.json"
TIMESTAMP = "timestamps/snapshot.tsr"

MAX_ENVELOPE_BYTES = 4 * 2**20
MAX_MEMBER_BYTES = 256 * 2**20
MAX_TIMESTAMP_BYTES = 2**20
MAX_MEMBERS = 100_000
MAX_ARCHIVE_BYTES = 2**40
MAX_NAME_BYTES = 255

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\Z")
_VERSION, _VERSION_ZIP64 = 20, 45
_DOS_TIME, _DOS_DATE = 0, 0x0021  # 1980-01-01 00:00:00, the earliest that the field can say
_ZIP64_TAG = 0x0001
_U16, _U32 = 0xFFFF, 0xFFFFFFFF
_ZIP64_FROM = 2**31
_MADE_BY = 3 << 8  # Unix
_ATTRIBUTES = 0o600 << 16

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
END64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR = struct.Struct("<4sIQI")
_PACK_AGAIN = "The issuer has to pack it again."
LOCAL_SIGN, CENTRAL_SIGN, END_SIGN = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END64_SIGN, LOCATOR_SIGN = b"PK\x06\x06", b"PK\x06\x07"


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored member: everything its headers follow from."""

    name: str
    size: int
    crc: int


def check_name(name: str, *, file: str) -> None:
    """Refuse a name that is not plain relative ASCII, so that it means one thing on every system."""
    if len(name) > MAX_NAME_BYTES or not all(_SEGMENT.match(part) and part[-1] != "." for part in name.split("/")):
        raise SnapshotError(
            "SNAPSHOT.CONTAINER",
            f"the member name {name[:80]!r} is not allowed",
            at=Location(file),
            expected="letters, digits, . _ - and / between folders, at most 255 characters",
            action=_PACK_AGAIN,
        )


def check_names(names: Iterable[str], *, file: str) -> None:
    """Refuse unsafe names, names that differ only in case, and a name that is also a folder of another."""
    seen: set[str] = set()
    folders: set[str] = set()
    for count, name in enumerate(names, start=1):
        if count > MAX_MEMBERS + 2:
            raise SnapshotError(
                "SNAPSHOT.LIMIT",
                "the container holds too many members",
                at=Location(file),
                expected=f"at most {MAX_MEMBERS} members",
                action=_PACK_AGAIN,
            )
        check_name(name, file=file)
        folded = name.lower()
        if folded in seen:
            raise SnapshotError(
                "SNAPSHOT.CONTAINER", f"the member name {name!r} occurs twice", at=Location(file), action=_PACK_AGAIN
            )
        seen.add(folded)
        parts = folded.split("/")
        folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
    for name in sorted(seen & folders):
        raise SnapshotError(
            "SNAPSHOT.CONTAINER", f"{name!r} is both a member and a folder", at=Location(file), action=_PACK_AGAIN
        )


def local_header(entry: Entry) -> bytes:
    """The local file header with its name and, from 2 GiB on, the ZIP64 field with both sizes."""
    large = entry.size >= _ZIP64_FROM
    extra = struct.pack("<2H2Q", _ZIP64_TAG, 16, entry.size, entry.size) if large else b""
    size = _U32 if large else entry.size
    version = _VERSION_ZIP64 if large else _VERSION
    name = entry.name.encode("ascii")
    fields = (LOCAL_SIGN, version, 0, 0, _DOS_TIME, _DOS_DATE, entry.crc, size, size, len(name), len(extra))
    return LOCAL.pack(*fields) + name + extra


def central_header(entry: Entry, offset: int) -> bytes:
    """The central directory header; the ZIP64 field holds only what reaches 2 GiB."""
    large, far = entry.size >= _ZIP64_FROM, offset >= _ZIP64_FROM
    wide = ([entry.size, entry.size] if large else []) + ([offset] if far else [])
    extra = struct.pack(f"<2H{len(wide)}Q", _ZIP64_TAG, 8 * len(wide), *wide) if wide else b""
    size = _U32 if large else entry.size
    version = _VERSION_ZIP64 if wide else _VERSION
    name = entry.name.encode("ascii")
    head = (
        CENTRAL_SIGN,
        _MADE_BY | version,
        version,
        0,
        0,
        _DOS_TIME,
        _DOS_DATE,
        entry.crc,
        size,
        size,
        len(name),
        len(extra),
    )
    return CENTRAL.pack(*head, 0, 0, 0, _ATTRIBUTES, _U32 if far else offset) + name + extra


def end_records(count: int, size: int, offset: int) -> bytes:
    """The end of central directory, preceded by the ZIP64 record and locator where a field does not fit."""
    wide = b""
    if count > _U16 or size >= _ZIP64_FROM or offset >= _ZIP64_FROM:
        numbers = (0, 0, count, count, size, offset)
        wide = END64.pack(END64_SIGN, END64.size - 12, _VERSION_ZIP64, _VERSION_ZIP64, *numbers)
        wide += LOCATOR.pack(LOCATOR_SIGN, 0, offset + size, 1)
    few, small, near = min(count, _U16), min(size, _U32), min(offset, _U32)
    return wide + END.pack(END_SIGN, 0, 0, few, few, small, near, 0)


def archive_size(entries: Iterable[Entry]) -> int:
    """The size in bytes of the whole canonical archive of ``entries``."""
    offset = directory = count = 0
    for entry in entries:
        directory += len(central_header(entry, offset))
        offset += len(local_header(entry)) + entry.size
        count += 1
    return offset + directory + len(end_records(count, directory, offset))
