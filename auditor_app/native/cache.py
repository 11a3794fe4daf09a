"""Where machine code is kept between runs, and why what is found there may be run.

A file is named by its identity: a digest over everything that the code follows from (sources, layout, compilers,
processor, interpreter). It begins with a SHA-256 over that identity and the code, so a file that was cut off, changed,
renamed or made from other sources is made again, never run. That digest protects from accidents, not from an attacker:
whoever can write the file can write the digest. From other users of the machine the file system protects: folder and
file must belong to this user (or to nobody who could not do anything anyway), and nobody else may be able to write to them.
Whoever can act as this user can change the program itself.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import llvmlite.binding as llvm

from auditor_app import __version__
from auditor_app.errors import AuditError
from auditor_app.files import write_atomically
from auditor_app.native import layout, limbs
from auditor_app.native.exports import EXPORTS

APPLICATION = "reserve-auditor"
_DIGEST_BYTES = 32
_MOST_BYTES = 2**24
_MOST_FILES = 8
_BEGUN = 600
"""Seconds after which a file that is not yet in place was left by a process that is no more."""


def _sources_digest() -> bytes:
    """Over the sources as they stand on the disk now; over nothing inside a bundle that carries none."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *here.glob("source/*.py")]):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(here).as_posix()} {len(data)}\n".encode() + data)
    return digest.digest()


_SOURCES = _sources_digest()
"""As they were when this process imported them."""


def sources_changed() -> bool:
    """Whether the sources are others than this process has imported, or gone: what they would make does not fit it."""
    try:
        return _sources_digest() != _SOURCES
    except OSError:
        return True


@cache
def _surroundings() -> bytes:
    """Everything but the layout: what makes the code, and where it runs."""
    texts = (
        __version__,
        *map(_version, ("numba", "llvmlite", "numpy")),
        llvm.get_default_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        sys.implementation.cache_tag or "",
        f"{struct.calcsize('P')} {sys.byteorder}",
    )
    return hashlib.sha256(_SOURCES + "\0".join(texts).encode()).digest()


def _layout() -> bytes:
    """Every number that Python and machine code must agree on, as this process holds them."""
    held = {
        (module.__name__, name): value
        for module in (layout, limbs)
        for name, value in vars(module).items()
        if isinstance(value, int)
    }
    return repr((sorted(held.items()), sorted(EXPORTS.items()))).encode()


def identity() -> bytes:
    """What names the machine code that fits this very process."""
    return hashlib.sha256(_surroundings() + _layout()).digest()


def _version(package: str) -> str:
    """An installed package's version; nothing inside a bundle that carries none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


# ---- files


def cached_files() -> tuple[Path, ...]:
    """Where the code for this process is, if it was kept, the best place first; none where no folder is ours."""
    return tuple(folder / _name() for folder in _folders() if _is_usable(folder))


def can_keep() -> bool:
    """Whether there is a folder to keep code in, which is made if need be."""
    return any(_is_made(folder) and os.access(folder, os.W_OK) for folder in _folders())


def _name() -> str:
    return f"{APPLICATION}-{identity().hex()[:20]}.bin"


def _folders() -> list[Path]:
    """Folders in which it may be, whether or not they are there.

    ``NUMBA_CACHE_DIR`` is honoured; otherwise it is the user's own cache folder. Where that cannot be had (a home that
    is read-only, full, somebody else's, missing), a folder of this user's own among the temporary files serves.
    """
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        folders = [Path(named)]
    else:
        import platformdirs

        folders = [Path(platformdirs.user_cache_dir(APPLICATION)) / "machine-code"]
    if hasattr(os, "getuid"):
        with suppress(OSError):
            folders.append(Path(tempfile.gettempdir()) / f"{APPLICATION}-{os.getuid()}")
    return [folder for folder in folders if folder.is_absolute()]


def _is_made(folder: Path) -> bool:
    """Whether the folder is there, or could be made, and is ours alone."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _is_usable(folder)


def _is_usable(folder: Path) -> bool:
    """Whether the folder is there and ours alone."""
    try:
        return _is_ours(folder.stat()) and folder.is_dir()
    except OSError:
        return False


def _is_ours(found: os.stat_result) -> bool:
    """Whether only this user can write there: what someone else put in the cache is not executed."""
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def held_code() -> bytes | None:
    """The code that was kept for this process, if any."""
    found = (read_object(path) for path in cached_files())
    return next((made for made in found if made is not None), None)


def read_object(path: Path) -> bytes | None:
    """The object file in the cache; ``None`` where it is absent, not ours, not what was written, or not for this process."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    try:
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or not _is_ours(found) or found.st_size > _MOST_BYTES:
                return None
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    made = data[_DIGEST_BYTES:]
    return made if data == packed(made) else None


def packed(made: bytes) -> bytes:
    """An object file as it is kept."""
    return hashlib.sha256(identity() + made).digest() + made


def store(made: bytes) -> None:
    """Keep the object file for the next run; without room for it anywhere the next run makes it again."""
    for folder in _folders():
        if _is_made(folder):
            _tidy(folder)
            with suppress(AuditError):
                write_atomically(folder / _name(), packed(made), mode=0o600)
                return


def _tidy(folder: Path) -> None:
    """Remove what a killed process had begun to write, and all but the newest few files of other versions."""
    with suppress(OSError):
        begun = [path for path in folder.glob(f".{APPLICATION}-*.bin.*") if time.time() - path.stat().st_mtime > _BEGUN]
        kept = sorted(folder.glob(f"{APPLICATION}-*.bin"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in [*begun, *kept[_MOST_FILES:]]:
            path.unlink(missing_ok=True)
