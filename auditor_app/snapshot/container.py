"""Opening a snapshot's container, as one canonical ZIP archive or as a plain folder, without trusting any of it.

The archive is opened once, every header is rebuilt from (name, size, CRC-32) and compared with the bytes that are
there, and members are read only by :meth:`Container.read`, whole, into memory. Nothing is extracted to disk.
"""

from __future__ import annotations

import os
import stat
import struct
import threading
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn, Protocol

from auditor_app.errors import Location, SignatureError, SnapshotError
from auditor_app.machine import machine_error
from auditor_app.sections import Look, read_section
from auditor_app.snapshot import layout
from auditor_app.snapshot.layout import Entry

try:
    from isal.isal_zlib import crc32
except ImportError:  # no wheel for this system: the same number, slower
    from zlib import crc32

_OPEN = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_WITHIN = "Ask for a file within the limit."
_CENTRAL_MAX = layout.CENTRAL.size + layout.MAX_NAME_BYTES + 28


class Container(Protocol):
    """An indexed container: names and sizes are known, contents are not trusted."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Size in bytes by member name, in the container's order."""
        ...

    @property
    def ordered(self) -> bool:
        """Whether the order of members is part of the container's bytes (an archive's is, a folder's is not)."""
        ...

    def read(self, name: str, look: Look | None = None) -> bytes:
        """All bytes of one member; ``SnapshotError`` when they are not what the index said.

        ``look`` sees the bytes piece by piece as they come in, and may raise to stop.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def open_container(path: Path) -> Container:
    """Open ``path`` once and index it; ``SnapshotError`` when it is not a canonical container.

    Links are refused, also as the last part of ``path`` itself.
    """
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        _unreadable(path, f"the file cannot be opened ({error.strerror})", "Check the path.")
    except ValueError:
        _unreadable(path, "the path holds a null character", "Check the path.")
    if stat.S_ISDIR(mode):
        return FolderContainer(path)
    return ArchiveContainer(path)


def _unreadable(path: Path, what: str, action: str = "Ask for the file again.") -> NoReturn:
    raise SnapshotError("SNAPSHOT.UNREADABLE", what, at=Location(path.name), action=action) from None


def _open_regular(path: Path, name: str, folder: int | None = None) -> tuple[int, int]:
    """A descriptor of a regular file that is no link, and its size."""
    try:
        if not getattr(os, "O_NOFOLLOW", 0) and path.is_symlink():
            _unreadable(path, "this is a link, not a file", "Name the file itself.")
        descriptor = os.open(name, _OPEN, dir_fd=folder)
    except OSError as error:
        wanting = machine_error(error)
        if wanting is not None:
            raise wanting from None
        _unreadable(path, f"the file cannot be opened ({error.strerror})", "Links are refused: name the file itself.")
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        _unreadable(path, "this is not a regular file", "Name a file.")
    return descriptor, status.st_size


class ArchiveContainer:
    """One canonical archive. Reading is safe from several threads."""

    ordered = True

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._lock = threading.Lock()
        self._descriptor, self._length = _open_regular(path, os.fspath(path))
        try:
            self._entries, self._offsets = self._index()
        except BaseException:
            self.close()
            raise
        self.sizes: Mapping[str, int] = MappingProxyType({entry.name: entry.size for entry in self._entries.values()})

    def read(self, name: str, look: Look | None = None) -> bytes:
        """All bytes of one member, its CRC-32 compared with the headers.

        :class:`SignatureError` where they differ: the file was changed after it was written.
        """
        entry = self._entries[name]
        crc = 0

        def follow(piece: memoryview) -> None:
            nonlocal crc
            crc = crc32(piece, crc)
            if look is not None:
                look(piece)

        data = self._at(self._offsets[name], entry.size, follow)
        if crc != entry.crc:
            raise SignatureError(
                "SNAPSHOT.CONTAINER",
                f"the CRC-32 of member {name} is not that of its bytes",
                at=Location(self._name, byte=self._offsets[name]),
                expected=f"{crc:08x}",
                observed=f"{entry.crc:08x}",
                action="Treat the file as changed on its way.",
            )
        return data

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _at(self, offset: int, size: int, look: Look | None = None) -> bytes:
        """Exactly ``size`` bytes at ``offset``."""
        data = read_section(self._read_into, offset, size, look)
        if len(data) < size:
            self._refuse("the file ended while it was read", offset)
        return data

    def _read_into(self, view: memoryview, offset: int) -> int:
        """A read at an offset; where the system has none, seek and read under a lock."""
        try:
            if hasattr(os, "preadv"):
                return os.preadv(self._descriptor, [view], offset)
            with self._lock:
                os.lseek(self._descriptor, offset, os.SEEK_SET)
                some = os.read(self._descriptor, len(view))
        except OSError as error:
            raise SnapshotError(
                "SNAPSHOT.UNREADABLE",
                f"the file cannot be read ({error.strerror})",
                at=Location(self._name),
                action="Copy the file again.",
            ) from None
        view[: len(some)] = some
        return len(some)

    def _index(self) -> tuple[dict[str, Entry], dict[str, int]]:
        """Take (name, size, CRC-32) from the central directory, rebuild all headers and compare every byte."""
        if self._length > layout.MAX_ARCHIVE_BYTES:
            self._limit("the file is over the size limit", f"at most {layout.MAX_ARCHIVE_BYTES} bytes")
        count, size, start = self._end()
        directory = self._at(start, size)
        entries = self._central(directory, count)
        layout.check_names((entry.name for entry in entries), file=self._name)
        if layout.archive_size(entries) != self._length:
            self._refuse("the archive's length is not the sum of its members and headers", start)
        offset = 0
        offsets: dict[str, int] = {}
        rebuilt: list[bytes] = []
        for entry in entries:
            header = layout.local_header(entry)
            self._compare(header, offset, f"the local header of {entry.name}")
            rebuilt.append(layout.central_header(entry, offset))
            offsets[entry.name] = offset + len(header)
            offset += len(header) + entry.size
        central = b"".join(rebuilt)
        self._compare(central, offset, "the central directory")
        self._compare(layout.end_records(len(entries), len(central), offset), offset + len(central), "the end record")
        return {entry.name: entry for entry in entries}, offsets

    def _end(self) -> tuple[int, int, int]:
        """Number of entries, size and offset of the central directory as the last record claims them."""
        length = self._length
        if length < layout.END.size:
            _unreadable(Path(self._name), "this is not a snapshot: it is too short for an archive")
        record = layout.END.unpack(self._at(length - layout.END.size, layout.END.size))
        if record[0] != layout.END_SIGN:
            if self._at(0, 4) != layout.LOCAL_SIGN:
                _unreadable(Path(self._name), "this is not a snapshot: it is no ZIP archive")
            self._refuse("the archive does not end in its end record; it was cut or something follows it", length)
        count, size, start = record[4], record[5], record[6]
        tail = layout.END.size
        before = length - tail - layout.LOCATOR.size - layout.END64.size
        if before >= 0 and self._at(length - tail - layout.LOCATOR.size, 4) == layout.LOCATOR_SIGN:
            wide = layout.END64.unpack(self._at(before, layout.END64.size))
            count, size, start = wide[7], wide[8], wide[9]
            tail = length - before
        if count > layout.MAX_MEMBERS + 2:
            self._limit("the container holds too many members", f"at most {layout.MAX_MEMBERS} members")
        if size > count * _CENTRAL_MAX or start + size + tail != length:
            self._refuse("the end record does not describe the central directory in front of it", length - tail)
        return count, size, start

    def _central(self, directory: bytes, count: int) -> list[Entry]:
        """(name, size, CRC-32) of each central header; everything else in it is compared later."""
        entries: list[Entry] = []
        position = 0
        while position < len(directory) and len(entries) < count:
            if position + layout.CENTRAL.size > len(directory):
                self._refuse("a central header is cut", position)
            fields = layout.CENTRAL.unpack_from(directory, position)
            name_at = position + layout.CENTRAL.size
            extra_at = name_at + fields[10]
            position = extra_at + fields[11] + fields[12]
            size = fields[9]
            if size == 0xFFFFFFFF and fields[11] >= 12 and extra_at + 12 <= len(directory):
                size = struct.unpack_from("<Q", directory, extra_at + 4)[0]
            name = directory[name_at:extra_at]
            if not name.isascii():
                self._refuse("a member name is not ASCII", name_at)
            self._check_size(name.decode("ascii"), size)
            entries.append(Entry(name.decode("ascii"), size, fields[7]))
        return entries

    def _check_size(self, name: str, size: int) -> None:
        limit = member_limit(name)
        if size > limit:
            self._limit(f"member {name[:80]!r} is over the size limit", f"at most {limit} bytes")

    def _compare(self, expected: bytes, offset: int, what: str) -> None:
        """Refuse bytes that are not the rebuilt ones, naming the first that differs."""
        if offset + len(expected) > self._length:
            self._refuse(f"{what} lies beyond the end of the file", offset)
        found = self._at(offset, len(expected))
        if found != expected:
            first = next(index for index, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b)
            self._refuse(f"{what} is not the canonical one", offset + first)

    def _refuse(self, what: str, byte: int) -> NoReturn:
        raise SnapshotError(
            "SNAPSHOT.CONTAINER",
            what,
            at=Location(self._name, byte=byte),
            action="Ask for the file again and compare its digest with the issuer's.",
        )

    def _limit(self, what: str, expected: str) -> NoReturn:
        raise SnapshotError("SNAPSHOT.LIMIT", what, at=Location(self._name), expected=expected, action=_WITHIN)


def member_limit(name: str) -> int:
    """The size limit of a member in bytes."""
    if name == layout.ENVELOPE:
        return layout.MAX_ENVELOPE_BYTES
    return layout.MAX_TIMESTAMP_BYTES if name == layout.TIMESTAMP else layout.MAX_MEMBER_BYTES


class FolderContainer:
    """The same members as plain files in a folder; links and anything that is no regular file are refused."""

    ordered = False

    def __init__(self, path: Path) -> None:
        self._path = path
        found: dict[str, int] = {}
        self._walk("", found)
        layout.check_names(found, file=path.name)
        for name, size in found.items():
            if size > member_limit(name):
                raise SnapshotError(
                    "SNAPSHOT.LIMIT",
                    "the member is over the size limit",
                    at=Location(name),
                    expected=f"at most {member_limit(name)} bytes",
                    action=_WITHIN,
                )
        self.sizes: Mapping[str, int] = MappingProxyType(dict(sorted(found.items())))

    def read(self, name: str, look: Look | None = None) -> bytes:
        """All bytes of one member; every folder on its way is opened without following links."""
        *folders, last = name.split("/")
        with os.fdopen(self._descend(folders, last)[0], "rb", buffering=0) as file:
            data = read_section(lambda view, _offset: file.readinto(view) or 0, 0, self.sizes[name], look)
            longer = file.read(1)
        if longer or len(data) != self.sizes[name]:
            raise SnapshotError(
                "SNAPSHOT.CONTAINER",
                "the member changed while it was read",
                at=Location(name),
                action="Open the folder again when nothing writes to it.",
            )
        return data

    def close(self) -> None:
        """Nothing is held open between reads."""

    def _descend(self, folders: list[str], last: str) -> tuple[int, int]:
        """Open a file below the root, one folder at a time where the system can."""
        if os.open not in os.supports_dir_fd:
            for depth in range(len(folders) + 1):
                if self._path.joinpath(*folders[:depth]).is_symlink():
                    _unreadable(self._path.joinpath(*folders[:depth]), "this folder is a link")
            whole = self._path.joinpath(*folders, last)
            return _open_regular(whole, os.fspath(whole))
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        try:
            folder = os.open(self._path, flags)
            try:
                for part in folders:
                    inner = os.open(part, flags, dir_fd=folder)
                    os.close(folder)
                    folder = inner
                return _open_regular(self._path.joinpath(*folders, last), last, folder)
            finally:
                os.close(folder)
        except OSError as error:
            wanting = machine_error(error)
            if wanting is not None:
                raise wanting from None
            _unreadable(self._path.joinpath(*folders), f"the folder cannot be opened ({error.strerror})")

    def _walk(self, folder: str, found: dict[str, int]) -> None:
        """Collect regular files; refuse links, devices, empty folders and more members than the limit."""
        here = self._path.joinpath(*folder.split("/")) if folder else self._path
        try:
            with os.scandir(here) as listing:
                items = list(islice(listing, layout.MAX_MEMBERS + 3))
        except OSError as error:
            _unreadable(here, f"the folder cannot be read ({error.strerror})")
        if not items:
            raise SnapshotError(
                "SNAPSHOT.CONTAINER",
                "the folder is empty",
                at=Location(folder or self._path.name),
                action="Ask for the folder as it was packed.",
            )
        for item in items:
            name = f"{folder}/{item.name}" if folder else item.name
            layout.check_name(name, file=self._path.name)  # also bounds how deep folders nest
            if item.is_dir(follow_symlinks=False):
                self._walk(name, found)
            elif item.is_file(follow_symlinks=False):
                found[name] = item.stat(follow_symlinks=False).st_size
            else:
                raise SnapshotError(
                    "SNAPSHOT.CONTAINER",
                    "this is a link or no regular file",
                    at=Location(name),
                    action="Ask for a folder of plain files.",
                )
            if len(found) > layout.MAX_MEMBERS + 2:
                raise SnapshotError(
                    "SNAPSHOT.LIMIT",
                    "the folder holds too many members",
                    at=Location(self._path.name),
                    expected=f"at most {layout.MAX_MEMBERS} members",
                    action=_WITHIN,
                )
