"""Compiled functions, kept between runs where a folder can be written, compiled again where not.

Numba notices a change only in the file that holds a cached function, not in what that function calls. The cache
folder's name therefore holds a digest of the sources of every compiled module and of the versions that compiled them:
an older program's machine code can never be taken for ours.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import numba
import platformdirs
from numba.extending import intrinsic

from auditor_app import __version__

F = TypeVar("F", bound=Callable[..., Any])

APPLICATION = "reserve-auditor"
PROBE_BYTES = 8 * 2**20
"""More than all compiled functions need on disk: a folder that cannot take this much is not used."""

_SOURCES = ("auditor_app.native", "auditor_app.ledger", "auditor_app.merkle")


def compiled(signature: object) -> Callable[[F], F]:
    """Compile a function for exactly one signature, without the GIL, reading machine code from the cache if it is there.

    Compilation happens where the decorator stands, so importing a module of compiled functions is what warms it.
    """

    def decorate(function: F) -> F:
        result: F = numba.njit(signature, nogil=True, error_model="numpy", cache=cache_folder() is not None)(function)
        return result

    return decorate


def inlined(function: F) -> F:
    """A part of compiled functions: compiled into whatever calls it, never alone."""
    result: F = numba.njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return result


def instruction(generator: Callable[..., Any]) -> Any:
    """A function of compiled code whose machine instructions ``generator`` writes."""
    return intrinsic(generator)


@cache
def cache_folder() -> Path | None:
    """The folder for machine code, created and tried; ``None`` where there is none (read-only, full): compile each run.

    ``NUMBA_CACHE_DIR`` is honoured; otherwise it is the user's own cache folder. Numba is told once, here.
    """
    base = os.environ.get("NUMBA_CACHE_DIR") or os.path.join(platformdirs.user_cache_dir(APPLICATION), "compiled")
    folder = Path(base) / fingerprint()
    if not is_usable(folder):
        return None
    numba.config.CACHE_DIR = str(folder)
    return folder


def is_usable(folder: Path, probe_bytes: int = PROBE_BYTES) -> bool:
    """Whether ``folder`` can be made, is ours, and takes ``probe_bytes`` (or already holds compiled functions)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            return False  # machine code that someone else put there is not executed
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(probe_bytes if not any(folder.iterdir()) else 1))
            probe.flush()
    except OSError:
        return False
    return True


@cache
def fingerprint() -> str:
    """Sixteen hex digits over program version, Numba version and every source file that compiled code comes from."""
    digest = hashlib.sha256(f"{__version__} {numba.__version__}".encode())
    for package in _SOURCES:
        spec = find_spec(package)
        for root in sorted(spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(root).rglob("*.py")):
                text = path.read_bytes()
                if b"native" in text:
                    digest.update(text)
    return digest.hexdigest()[:16]
