"""Machine code in the cache: made once, read again, never executed where it is not what was written or not ours."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from auditor_app.native import library
from auditor_app.native.build import BuildError
from auditor_app.native.library import MachineCode, MachineCodeError, address, cached_file, read_object


@pytest.fixture(scope="session")
def object_file() -> bytes:
    """The object file that this session made or found."""
    library.machine_code()
    path = cached_file()
    assert path is not None
    made = read_object(path)
    assert made is not None
    return made


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the user's own."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def builds(object_file: bytes, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the compiler was asked; it answers at once."""
    asked: list[int] = []

    def build() -> bytes:
        asked.append(1)
        return object_file

    monkeypatch.setattr(library, "_build", build)
    return asked


def load() -> MachineCode:
    library._machine_code.cache_clear()
    try:
        return library.machine_code()
    finally:
        library._machine_code.cache_clear()


def test_it_is_made_once_and_read_afterwards(cache: Path, builds: list[int]) -> None:
    load()
    (file,) = cache.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    load()
    assert len(builds) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:40],
        lambda data: b"",
        lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
    ],
    ids=["cut", "head", "empty", "changed"],
)
def test_a_damaged_file_is_made_again(cache: Path, builds: list[int], damage: object) -> None:
    load()
    (file,) = cache.iterdir()
    good = file.read_bytes()
    assert callable(damage)
    file.write_bytes(damage(good))
    load()
    assert len(builds) == 2
    assert file.read_bytes() == good


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize("mode", [0o660, 0o606])
def test_a_file_that_others_may_write_is_not_executed(cache: Path, builds: list[int], mode: int) -> None:
    load()
    (file,) = cache.iterdir()
    file.chmod(mode)
    load()
    assert len(builds) == 2


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_folder_that_others_may_write_is_not_used(cache: Path, builds: list[int]) -> None:
    cache.chmod(0o777)
    assert cached_file() is None
    load()
    assert len(builds) == 1
    assert not list(cache.iterdir())


def test_without_room_for_the_cache_it_works_all_the_same(
    cache: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    load()
    load()
    assert len(builds) == 2
    assert not list(cache.iterdir())


def test_a_folder_that_cannot_be_made_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert cached_file() is None


def test_the_file_name_follows_sources_and_processor(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cached_file()
    library.fingerprint.cache_clear()
    monkeypatch.setattr(library, "__version__", "9.9.9")
    second = cached_file()
    library.fingerprint.cache_clear()
    assert first is not None
    assert second is not None
    assert first != second


def test_what_the_compiler_refuses_is_a_clause(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor_app.native import build

    def refuse() -> bytes:
        raise BuildError("the compiled functions need PyErr_SetString")

    monkeypatch.setattr(build, "build", refuse)
    with pytest.raises(MachineCodeError, match=r"cannot be compiled here .*PyErr_SetString"):
        library._build()


def test_an_object_without_the_exports_is_refused() -> None:
    import llvmlite.binding as llvm

    machine = llvm.Target.from_default_triple().create_target_machine()
    with pytest.raises(MachineCodeError, match="lacks hash_messages"):
        MachineCode(machine.emit_object(llvm.parse_assembly("define i64 @other() { ret i64 0 }")))


def test_only_arrays_in_one_piece_have_an_address() -> None:
    table = np.zeros((4, 4), np.int64)
    assert address(table) == table.ctypes.data
    with pytest.raises(ValueError, match="in one piece"):
        address(table[:, 1:2])
