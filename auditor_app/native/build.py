"""Makes the machine code for this processor: Numba turns each function into LLVM's language, LLVM into an object file.

Only public doors are used: Numba's ``inspect_llvm`` and llvmlite's binding. What a function cannot need (the interpreter,
Numba's run-time) must not be in it: a module that still names anything outside itself is refused.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from typing import Any

import llvmlite.binding as llvm
import numba

from auditor_app.native.exports import EXPORTS

_OUTSIDE = ("llvm.", "memset", "memcpy", "memmove")
"""What may be left to be found outside: LLVM's own, and what every C library has."""


class BuildError(Exception):
    """The machine code cannot be made on this machine."""


def build() -> bytes:
    """The object file that holds every export under its own name; :class:`BuildError` says why there is none."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = target_machine()
    module: Any = None
    for name, (source, count) in EXPORTS.items():
        function = getattr(importlib.import_module(f"auditor_app.native.source.{source}"), name)
        part = _module_of(name, function, count)
        module = part if module is None else _linked(module, part)
    _check_as_written()
    outside = [item.name for item in module.functions if item.is_declaration and not item.name.startswith(_OUTSIDE)]
    if outside:
        raise BuildError(f"the compiled functions need {', '.join(outside[:3])}")
    result: bytes = machine.emit_object(module)
    return result


def _check_as_written() -> None:
    """:class:`BuildError` where Python holds other code of a module than its source says: stale files of byte code."""
    for name, module in sorted(sys.modules.items()):
        loader = getattr(module, "__loader__", None)
        if not name.startswith("auditor_app.native.") or not isinstance(loader, SourceFileLoader):
            continue  # a bundle carries no source
        if loader.get_code(name) != loader.source_to_code(loader.get_data(loader.path), loader.path):
            raise BuildError(f"the byte code of {name} is not that of its source; remove __pycache__")


def target_machine() -> Any:
    """LLVM's description of this very processor."""
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="default",
        codemodel="jitdefault",
    )


def _module_of(name: str, function: Callable[..., int], count: int) -> Any:
    """One function as an LLVM module in which it alone can be seen, under its own name."""
    signature = numba.int64(*[numba.int64] * count)
    compiled = numba.njit(signature, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    module = llvm.parse_assembly(compiled.inspect_llvm(compiled.signatures[0]))
    seen = [item for item in module.functions if not item.is_declaration and item.linkage == llvm.Linkage.external]
    if len(seen) != 1:
        raise BuildError(f"the compiled function {name} is not the only one of its module")
    seen[0].name = name
    return module


def _linked(module: Any, part: Any) -> Any:
    """Two modules as one."""
    module.link_in(part)
    return module
