"""More than 20,000 changed snapshots: none is accepted, and none gives anything but one of our errors."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from auditor_app.errors import AuditError, SnapshotError
from auditor_app.operation import CancelToken
from auditor_app.snapshot import layout
from auditor_app.snapshot.layout import Entry
from auditor_app.snapshot.trust import TrustStore
from tests.unit.snapshot import samples

Contents = list[tuple[str, bytes]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return samples.write(tmp_path_factory.mktemp("snapshot")).read_bytes()


def contents(archive: bytes) -> Contents:
    """Members of a canonical archive, read with Python's own ZIP reader."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return [(item.filename, file.read(item)) for item in file.infolist()]


def rebuilt(members: Contents) -> bytes:
    """A canonical archive of any members: only what is inside can be wrong with it."""
    body, central, offset = [], [], 0
    for name, data in members:
        entry = Entry(name, len(data), zlib.crc32(data))
        central.append(layout.central_header(entry, offset))
        body += [layout.local_header(entry), data]
        offset = sum(map(len, body))
    directory = b"".join(central)
    return b"".join(body) + directory + layout.end_records(len(members), len(directory), offset)


def refusal(path: Path, store: TrustStore) -> AuditError | None:
    """What authentication, or then reading every member, says; ``None`` when all of it was accepted."""
    try:
        authentic = samples.authenticate(path, store)
    except AuditError as error:
        return error
    try:
        for subject in authentic.statement.subject:
            authentic.members.read(subject.name, CancelToken())
    except AuditError as error:
        return error
    finally:
        authentic.members.close()
    return None


def bytes_from(seed: int) -> Callable[[], int]:
    """A fixed stream of pseudo-random bytes."""
    state = sha256(b"mutation %d" % seed).digest()
    position = 0

    def following() -> int:
        nonlocal state, position
        if position == len(state):
            state, position = sha256(state).digest(), 0
        position += 1
        return state[position - 1]

    return following


def everywhere(data: bytes) -> Iterator[bytes]:
    """A flipped bit, another value, a deleted and an inserted byte at every position, and every truncation."""
    following = bytes_from(1)
    for position, value in enumerate(data):
        head, tail = data[:position], data[position + 1 :]
        yield head + bytes([value ^ (1 << (position % 8))]) + tail
        yield head + bytes([(value + 1 + following() % 255) % 256]) + tail
        yield head + tail
        yield head + bytes([following()]) + data[position:]
        yield data[:position]


def inside(members: Contents) -> Iterator[bytes]:
    """Every byte of every signed member changed, removed or doubled, in an archive that is canonical again."""
    for index, (name, data) in enumerate(members[1:], start=1):
        for position, value in enumerate(data):
            for changed in (bytes([value ^ 1]), b"", bytes([value, value])):
                new = data[:position] + changed + data[position + 1 :]
                yield rebuilt([*members[:index], (name, new), *members[index + 1 :]])


def blocks(data: bytes) -> Iterator[bytes]:
    """Pieces moved, doubled, zeroed or cut out."""
    following = bytes_from(2)
    for _ in range(600):
        start = (following() << 8 | following()) % len(data)
        size = 1 + following() % 64
        piece = data[start : start + size]
        other = (following() << 8 | following()) % len(data)
        zeroed = data[:start] + bytes(len(piece)) + data[start + size :]
        swapped = bytearray(data)
        swapped[start : start + size], swapped[other : other + size] = data[other : other + size], piece
        yield from (zeroed, data[:start] + data[start + size :], data[:other] + piece + data[other:], bytes(swapped))


def test_no_changed_snapshot_is_accepted(original: bytes, tmp_path: Path) -> None:
    store = samples.store()
    path = tmp_path / "changed.porsnap"
    path.write_bytes(original)
    assert refusal(path, store) is None, "the unchanged snapshot is accepted"
    members = contents(original)
    assert rebuilt(members) == original
    count = 0
    for source in (everywhere(original), inside(members), blocks(original)):
        for changed in source:
            if changed == original:
                continue
            path.write_bytes(changed)
            assert refusal(path, store) is not None, f"change {count} was accepted"
            count += 1
    assert count >= 20_000


# ---- changes that take knowledge of the formats, each with what is said about it


def end(data: bytes, **fields: int) -> bytes:
    """The archive with fields of its end record overwritten."""
    names = ("disk", "first", "here", "count", "size", "offset", "comment")
    values = dict(zip(names, struct.unpack_from("<4H2IH", data, len(data) - 18), strict=True)) | fields
    return data[:-18] + struct.pack("<4H2IH", *values.values())


def local(data: bytes, offset: int, **fields: int) -> bytes:
    """The archive with fields of the first local header overwritten."""
    names = ("version", "flags", "method", "time", "date", "crc", "packed", "size", "name", "extra")
    values = dict(zip(names, struct.unpack_from("<5H3I2H", data, offset + 4), strict=True)) | fields
    return data[: offset + 4] + struct.pack("<5H3I2H", *values.values()) + data[offset + 30 :]


def central(data: bytes, **fields: int) -> bytes:
    """The archive with fields of the first central header overwritten."""
    names = (
        *("made", "version", "flags", "method", "time", "date", "crc", "packed", "size", "name", "extra", "comment"),
        *("disk", "internal", "external", "offset"),
    )
    at = data.index(layout.CENTRAL_SIGN) + 4
    values = dict(zip(names, struct.unpack_from("<6H3I5H2I", data, at), strict=True)) | fields
    return data[:at] + struct.pack("<6H3I5H2I", *values.values()) + data[at + 42 :]


def deflated(data: bytes) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents(data):
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def stored_by_another_writer(data: bytes) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in contents(data):
            file.writestr(zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def with_zip64_end(data: bytes) -> bytes:
    """The archive with a truthful ZIP64 record that it does not need."""
    count, size, offset = struct.unpack_from("<H2I", data, len(data) - 12)
    wide = layout.END64.pack(layout.END64_SIGN, 44, 45, 45, 0, 0, count, count, size, offset)
    locator = layout.LOCATOR.pack(layout.LOCATOR_SIGN, 0, offset + size, 1)
    return data[:-22] + wide + locator + data[-22:]


def with_extra_field(data: bytes) -> bytes:
    """An extra field in the first local header, offsets repaired."""
    extra = struct.pack("<2H4s", 0x5455, 4, b"time")
    name_end = 30 + len(layout.ENVELOPE)
    moved = local(data, 0, extra=len(extra))[:name_end] + extra + data[name_end:]
    return end(moved, offset=struct.unpack_from("<I", data, len(data) - 6)[0] + len(extra))


def with_data_descriptor(data: bytes) -> bytes:
    return local(data, 0, flags=8, crc=0, packed=0, size=0)


def overlapping(data: bytes) -> bytes:
    """The second central header points into the first member."""
    at = data.index(layout.CENTRAL_SIGN, data.index(layout.CENTRAL_SIGN) + 4)
    return data[: at + 42] + struct.pack("<I", 0) + data[at + 46 :]


def zip64_size(data: bytes) -> bytes:
    """A ZIP64 field that claims sizes which 32 bits could hold."""
    at = data.index(layout.CENTRAL_SIGN)
    size = struct.unpack_from("<I", data, at + 24)[0]
    extra = struct.pack("<2H2Q", 1, 16, size, size)
    changed = central(data, packed=0xFFFFFFFF, size=0xFFFFFFFF, extra=len(extra))
    name_end = at + 46 + len(layout.ENVELOPE)
    directory = struct.unpack_from("<I", data, len(data) - 10)[0]
    return end(changed[:name_end] + extra + changed[name_end:], size=directory + len(extra))


def huge_zip64_size(data: bytes) -> bytes:
    at = data.index(layout.CENTRAL_SIGN)
    extra = struct.pack("<2H2Q", 1, 16, 2**63, 2**63)
    changed = central(data, packed=0xFFFFFFFF, size=0xFFFFFFFF, extra=len(extra))
    name_end = at + 46 + len(layout.ENVELOPE)
    directory = struct.unpack_from("<I", data, len(data) - 10)[0]
    return end(changed[:name_end] + extra + changed[name_end:], size=directory + len(extra))


def second_directory(data: bytes) -> bytes:
    """A whole canonical archive, and behind it its central directory and end record once more."""
    (offset,) = struct.unpack_from("<I", data, len(data) - 6)
    return data + end(data[offset:], offset=len(data))


ZIP_TRICKS: dict[str, Callable[[bytes], bytes]] = {
    "prepended bytes": lambda data: b"#!/bin/sh\n" + data,
    "appended bytes": lambda data: data + b"\0",
    "second directory behind the end": second_directory,
    "archive twice": lambda data: data + data,
    "archive comment": lambda data: end(data, comment=4) + b"note",
    "comment length lies": lambda data: end(data, comment=4),
    "disk number": lambda data: end(data, disk=1),
    "one entry fewer in the end record": lambda data: end(data, here=3, count=3),
    "one entry more in the end record": lambda data: end(data, here=5, count=5),
    "entries on this disk lie": lambda data: end(data, here=3),
    "directory offset lies": lambda data: end(data, offset=0),
    "directory size lies": lambda data: end(data, size=0),
    "no entries": lambda data: end(data[:0] + layout.end_records(0, 0, 0)),
    "deflated": deflated,
    "another writer": stored_by_another_writer,
    "method says deflated": lambda data: local(data, 0, method=8),
    "encrypted flag": lambda data: local(data, 0, flags=1),
    "UTF-8 flag": lambda data: central(data, flags=0x800),
    "data descriptor": with_data_descriptor,
    "local time stamp": lambda data: local(data, 0, time=1),
    "local CRC": lambda data: local(data, 0, crc=0),
    "local size": lambda data: local(data, 0, size=1),
    "central CRC": lambda data: central(data, crc=0),
    "both CRC": lambda data: central(local(data, 0, crc=0), crc=0),
    "central external attributes": lambda data: central(data, external=0o120777 << 16),
    "made by another system": lambda data: central(data, made=20),
    "central disk": lambda data: central(data, disk=1),
    "central comment": lambda data: central(data, comment=1),
    "name length lies": lambda data: central(data, name=0xFFFF),
    "extra field": with_extra_field,
    "ZIP64 record without need": with_zip64_end,
    "ZIP64 sizes without need": zip64_size,
    "ZIP64 size of 2^63": huge_zip64_size,
    "overlapping entries": overlapping,
}


@pytest.mark.parametrize("trick", ZIP_TRICKS)
def test_every_zip_trick_is_refused_as_a_container(original: bytes, tmp_path: Path, trick: str) -> None:
    changed = ZIP_TRICKS[trick](original)
    assert changed != original
    path = tmp_path / "trick.porsnap"
    path.write_bytes(changed)
    error = refusal(path, samples.store())
    assert isinstance(error, SnapshotError)
    assert error.code in ("SNAPSHOT.CONTAINER", "SNAPSHOT.UNREADABLE", "SNAPSHOT.LIMIT")
    assert error.exit_status == (2 if trick == "both CRC" else 3)
    assert error.at.file is not None


def envelope_changes(envelope: dict[str, object]) -> Iterator[tuple[str, bytes]]:
    """Envelopes that say the same in other bytes, or more, or less."""

    def compact(document: object) -> bytes:
        return json.dumps(document, separators=(",", ":")).encode()

    signatures = envelope["signatures"]
    payload = envelope["payload"]
    assert isinstance(signatures, list)
    assert isinstance(payload, str)
    stranger = samples.STRANGER.sign("application/vnd.in-toto+json", base64.b64decode(payload))
    extra = {"keyid": stranger.keyid, "sig": base64.b64encode(stranger.sig).decode()}
    yield "white space", json.dumps(envelope).encode()
    yield "trailing line feed", compact(envelope) + b"\n"
    yield "byte order mark", b"\xef\xbb\xbf" + compact(envelope)
    yield "member order", compact(dict(reversed(envelope.items())))
    yield "signature order", compact(envelope | {"signatures": signatures[::-1]})
    yield "a signature less", compact(envelope | {"signatures": signatures[:1]})
    yield "no signature", compact(envelope | {"signatures": []})
    yield "signature twice", compact(envelope | {"signatures": sorted([*signatures, signatures[0]], key=str)})
    yield (
        "a stranger's signature more",
        compact(envelope | {"signatures": sorted([*signatures, extra], key=lambda item: str(item["keyid"]))}),
    )
    yield (
        "signatures exchanged",
        compact(
            envelope
            | {
                "signatures": [
                    {"keyid": one["keyid"], "sig": other["sig"]}
                    for one, other in zip(signatures, signatures[::-1], strict=True)
                ]
            }
        ),
    )
    yield "unpadded base64", compact(envelope | {"payload": payload.rstrip("=")})
    yield "base64 with a line feed", compact(envelope | {"payload": payload + "\n"})
    yield "duplicate key", compact(envelope)[:-1] + b',"payload":"' + payload.encode() + b'"}'
    yield "unknown field", compact(envelope | {"x": 1})
    yield "escaped character", compact(envelope).replace(b"payloadType", b"payload\\u0054ype")
    yield "another payload type", compact(envelope | {"payloadType": "text/plain"})
    yield "number for a signature", compact(envelope | {"signatures": [1]})
    yield "text for signatures", compact(envelope | {"signatures": "x"})
    yield "seventeen signatures", compact(envelope | {"signatures": signatures[:1] * 17})
    yield "a list", compact([envelope])
    yield "NaN", b'{"payload":NaN}'
    yield "float", b'{"payload":1.5}'
    yield "deep", b"[" * 100
    yield "not UTF-8", b'{"payload":"\xff"}'
    yield "empty", b""


def test_every_changed_envelope_is_refused(original: bytes, tmp_path: Path) -> None:
    members = contents(original)
    path = tmp_path / "envelope.porsnap"
    seen = {}
    for what, data in envelope_changes(json.loads(members[0][1])):
        assert data != members[0][1], what
        path.write_bytes(rebuilt([(layout.ENVELOPE, data), *members[1:]]))
        error = refusal(path, samples.store())
        assert isinstance(error, SnapshotError), what
        seen[what] = (error.code, error.exit_status)
    assert seen["signature twice"] == ("SIGNATURE.INVALID", 2)
    assert seen["a stranger's signature more"] == ("SIGNATURE.UNKNOWN_KEY", 2)
    assert seen["no signature"] == ("SIGNATURE.THRESHOLD", 2)
    assert seen["a signature less"] == ("SIGNATURE.THRESHOLD", 2)
    assert seen["signatures exchanged"] == ("SIGNATURE.INVALID", 2)
    assert seen["seventeen signatures"] == ("SNAPSHOT.ENVELOPE", 3)
    assert seen["signature order"] == ("SNAPSHOT.ENVELOPE", 3)
    assert seen["duplicate key"] == ("SNAPSHOT.JSON", 3)
    assert seen["byte order mark"] == ("SNAPSHOT.JSON", 3)
    assert seen["another payload type"] == ("SNAPSHOT.ENVELOPE", 3)


def member_changes(members: Contents) -> Iterator[tuple[str, Contents, str]]:
    """Canonical archives with other members, and the code that each gives."""
    head, spot, addresses, funds = members
    yield "order of members", [head, addresses, spot, funds], "SNAPSHOT.CONTAINER"
    yield "envelope not first", [spot, head, addresses, funds], "SNAPSHOT.CONTAINER"
    yield "no envelope", [spot, addresses, funds], "SNAPSHOT.CONTAINER"
    yield "contents exchanged", [head, (spot[0], addresses[1]), (addresses[0], spot[1]), funds], "MEMBER.SIZE"
    yield "missing member", [head, spot, addresses], "MEMBER.MISSING"
    yield "unsigned member", [*members, ("zz.txt", b"x")], "MEMBER.MISSING"
    yield "member in a time stamp's place", [*members, ("timestamps/other.tsr", b"x")], "MEMBER.MISSING"
    yield "renamed member", [head, ("ledger/spot-1.csv", spot[1]), addresses, funds], "MEMBER.MISSING"
    yield "time stamp before the rest", [head, (layout.TIMESTAMP, b"x"), spot, addresses, funds], "SNAPSHOT.CONTAINER"
    yield "member twice", [*members, funds], "SNAPSHOT.CONTAINER"
    yield "name in capitals too", [*members, (funds[0].upper(), funds[1])], "SNAPSHOT.CONTAINER"
    yield "member and folder", [*members, ("funds.csv/x", b"x")], "SNAPSHOT.CONTAINER"
    for name in ("../x", "/x", "a/../b", "a//b", "./x", "a\\b", "C:x", ".x", "x.", "x ", "a\0b", "-x", "x/", "l" * 256):
        yield f"name {name!r}", [*members, (name, b"x")], "SNAPSHOT.CONTAINER"


def test_every_other_set_of_members_is_refused(original: bytes, tmp_path: Path) -> None:
    path = tmp_path / "members.porsnap"
    for what, changed, code in member_changes(contents(original)):
        path.write_bytes(rebuilt(changed))
        error = refusal(path, samples.store())
        assert isinstance(error, SnapshotError), what
        assert error.code == code, what


def test_a_false_crc_in_both_headers_is_noticed_when_the_member_is_read(original: bytes, tmp_path: Path) -> None:
    """The headers agree with each other, the digest fits: only the CRC of the data itself can say it."""
    members = contents(original)
    name, data = members[1]
    false = zlib.crc32(data) ^ 1
    offset = len(layout.local_header(Entry(layout.ENVELOPE, 0, 0))) + len(members[0][1])
    changed = local(original, offset, crc=false)
    at = changed.index(layout.CENTRAL_SIGN, changed.index(layout.CENTRAL_SIGN) + 4)
    changed = changed[: at + 16] + struct.pack("<I", false) + changed[at + 20 :]
    path = tmp_path / "crc.porsnap"
    path.write_bytes(changed)
    error = refusal(path, samples.store())
    assert error is not None
    assert (error.code, error.exit_status, error.at.file) == ("MEMBER.DIGEST", 2, name)
