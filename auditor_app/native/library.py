"""The machine code as functions: loaded from the user's cache folder, made anew where it is not there or not ours.

Loading takes some milliseconds and does not need Numba; making it takes about twenty seconds, once for each processor and
version of the program. What lies in the cache and why it may be run: :mod:`auditor_app.native.cache`.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy.typing as npt

from auditor_app.native.cache import held_code, sources_changed, store
from auditor_app.native.exports import EXPORTS


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
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))  # a quarter of the time of the other door
    except (TypeError, ValueError):  # not to be written to, or empty
        return array.ctypes.data


_LOADING = threading.Lock()
_CHANGED = "files of the program changed while it ran; start it again"


def machine_code() -> MachineCode:
    """The loaded functions; :class:`MachineCodeError` where there can be none. Found out once in a process."""
    with _LOADING:
        return _machine_code()


def loaded() -> MachineCode | None:
    """The functions where :func:`machine_code` has given them before; nothing is loaded or made for the question."""
    return _machine_code() if _machine_code.cache_info().currsize else None


@cache
def _machine_code() -> MachineCode:
    if sources_changed():
        raise MachineCodeError(_CHANGED)
    made = held_code()
    if made is None:
        made = _build()
        store(made)
    try:
        return MachineCode(made)
    except (OSError, RuntimeError) as error:
        raise MachineCodeError(f"machine code cannot be loaded here ({error})") from None


def _build() -> bytes:
    """Make the object file; Numba is imported for this alone."""
    try:
        from numba.core.errors import NumbaError

        from auditor_app.native.build import BuildError, build
    except (ImportError, OSError) as error:
        raise MachineCodeError(f"Numba cannot be loaded ({error})") from None
    try:
        made = build()
    except (BuildError, NumbaError, OSError, RuntimeError) as error:
        raise MachineCodeError(f"code cannot be compiled here ({type(error).__name__}: {str(error)[:200]})") from None
    if sources_changed():
        raise MachineCodeError(_CHANGED)
    return made
