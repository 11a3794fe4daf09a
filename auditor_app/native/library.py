"""The machine code as functions: loaded from the user's cache folder, made anew where it is not there or not ours.

Loading takes some milliseconds and does not need Numba; making it takes about twenty seconds, once for each processor and
version of the program. What lies in the cache is one object file behind its own SHA-256: a file that was cut off,
changed, or made by another version of the sources is made again, never executed.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import stat
import threading
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy.typing as npt

from auditor_app import __version__
from auditor_app.errors import AuditError
from auditor_app.files import write_atomically
from auditor_app.native.exports import EXPORTS

APPLICATION = "reserve-auditor"
_DIGEST_BYTES = 32
_MOST_BYTES = 2**24


class MachineCodeError(Exception):
    """Machine code cannot be made or run here; the text is a clause that says why."""


class MachineCode:
    """The exported functions, each of 64-bit integers; they run without the interpreter's lock."""

    def __init__(self, object_file: bytes) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(object_file))
        self._engine.finalize_object()
        self.hash_messages = self._function("hash_messages")
        self.scan_rows = self._function("scan_rows")
        self.find_rows = self._function("find_rows")
        self.fingerprint_ids = self._function("fingerprint_ids")
        self.mark_equals = self._function("mark_equals")
        self.take_marked = self._function("take_marked")
        self.leaf_sums = self._function("leaf_sums")
        self.hash_leaves = self._function("hash_leaves")
        self.hash_nodes = self._function("hash_nodes")
        self.hash_levels = self._function("hash_levels")
        self.write_balances = self._function("write_balances")

    def _function(self, name: str) -> Callable[..., int]:
        """One export: Numba's convention is (where the result goes, where an exception goes, the arguments)."""
        address = self._engine.get_function_address(name)
        if not address:
            raise MachineCodeError(f"the machine code lacks {name}")
        count = EXPORTS[name][1]
        kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * count)
        function = kind(address)

        def call(*arguments: int) -> int:
            result, failure = ctypes.c_int64(), ctypes.c_void_p()
            function(ctypes.addressof(result), ctypes.addressof(failure), *arguments)
            return result.value

        return call


def address(array: npt.NDArray[Any]) -> int:
    """Where an array's bytes begin; whoever passes it on keeps the array alive and in one piece."""
    if not array.flags.c_contiguous:
        raise ValueError("machine code takes arrays in one piece")
    return array.ctypes.data


_LOADING = threading.Lock()


def machine_code() -> MachineCode:
    """The loaded functions; :class:`MachineCodeError` where there can be none. Found out once in a process."""
    with _LOADING:
        return _machine_code()


def loaded() -> MachineCode | None:
    """The functions where :func:`machine_code` has given them before; nothing is loaded or made for the question."""
    return _machine_code() if _machine_code.cache_info().currsize else None


@cache
def _machine_code() -> MachineCode:
    path = cached_file()
    held = None if path is None else read_object(path)
    made = _build() if held is None else held
    if held is None and path is not None:
        _store(path, made)
    try:
        return MachineCode(made)
    except (OSError, RuntimeError) as error:
        raise MachineCodeError(f"machine code cannot be loaded here ({error})") from None


def _build() -> bytes:
    """Make the object file; Numba is imported for this alone."""
    try:
        from numba.core.errors import NumbaError

        from auditor_app.native.build import BuildError, build
    except ImportError as error:
        raise MachineCodeError(f"Numba cannot be loaded ({error})") from None
    try:
        return build()
    except (BuildError, NumbaError, OSError, RuntimeError) as error:
        raise MachineCodeError(f"code cannot be compiled here ({type(error).__name__}: {str(error)[:200]})") from None


def cached_file() -> Path | None:
    """Where the object file for this processor and these sources is kept; ``None`` where no folder is ours to use.

    ``NUMBA_CACHE_DIR`` is honoured; otherwise it is the user's own cache folder.
    """
    base = os.environ.get("NUMBA_CACHE_DIR")
    if not base:
        import platformdirs

        base = os.path.join(platformdirs.user_cache_dir(APPLICATION), "machine-code")
    folder = Path(base)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder / f"reserve-auditor-{fingerprint()}.bin" if _is_ours(folder) else None


def _is_ours(path: Path) -> bool:
    """Whether only this user can write there: what someone else put in the cache is not executed."""
    if not hasattr(os, "getuid"):
        return True
    found = path.stat()
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def read_object(path: Path) -> bytes | None:
    """The object file in the cache; ``None`` where it is absent, not ours, or not what was written."""
    try:
        if not path.is_file() or path.is_symlink() or not _is_ours(path) or path.stat().st_size > _MOST_BYTES:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    digest, made = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return made if hashlib.sha256(made).digest() == digest else None


def _store(path: Path, made: bytes) -> None:
    """Keep the object file for the next run; without room for it the next run makes it again."""
    try:
        write_atomically(path, hashlib.sha256(made).digest() + made, mode=0o600)
    except AuditError:
        return


@cache
def fingerprint() -> str:
    """Twenty hex digits over everything that the object file follows from: sources, compilers, processor."""
    digest = hashlib.sha256()
    features = llvm.get_host_cpu_features().flatten()
    for text in (
        __version__,
        _version("numba"),
        _version("llvmlite"),
        llvm.get_default_triple(),
        llvm.get_host_cpu_name(),
    ):
        digest.update(text.encode() + b"\0")
    digest.update(features.encode())
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *here.glob("source/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _version(package: str) -> str:
    """An installed package's version; nothing inside a bundle that carries none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
