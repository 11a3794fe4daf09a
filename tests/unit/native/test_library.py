"""Machine code in the cache: made once, read again, never executed where it is not what was written or not ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from auditor_app.errors import AuditError
from auditor_app.native import cache as kept
from auditor_app.native import exports, layout, library
from auditor_app.native.build import BuildError
from auditor_app.native.cache import cached_files
from auditor_app.native.library import MachineCode, MachineCodeError, address

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def object_file() -> bytes:
    """The object file that this session made or found."""
    library.machine_code()
    made = kept.held_code()
    assert made is not None
    return made


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the user's own; nothing is kept anywhere else."""
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/nowhere")
    return folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


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
    assert cached_files() == ()
    assert not kept.can_keep()
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
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/nowhere")
    assert cached_files() == ()
    assert not kept.can_keep()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners of files are POSIX")
@pytest.mark.parametrize("trouble", ["cannot be made", "others may write", "somebody else's", "full", "read-only"])
def test_without_a_cache_folder_one_among_the_temporary_files_serves(
    cache: Path, temporary: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    write, uid = kept.write_atomically, os.getuid()
    if trouble == "cannot be made":
        cache.rmdir()
        cache.write_bytes(b"a file")
    elif trouble == "others may write":
        cache.chmod(0o777)
    elif trouble == "somebody else's":
        stat_of = Path.stat
        monkeypatch.setattr(
            Path,
            "stat",
            lambda self, **how: os.stat_result(
                [*stat_of(self, **how)[:4], uid + 1 if self == cache else uid, *stat_of(self, **how)[5:10]]
            ),
        )
    else:

        def refuse(path: Path, *data: bytes, mode: int) -> None:
            if path.parent == cache:
                raise AuditError(
                    "OUTPUT.WRITE", "No space left on device" if trouble == "full" else "Read-only file system"
                )
            write(path, *data, mode=mode)

        monkeypatch.setattr(kept, "write_atomically", refuse)
    load()
    load()
    assert len(builds) == 1
    (folder,) = temporary.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_where_the_cache_serves_nothing_lies_among_the_temporary_files(
    cache: Path, temporary: Path, builds: list[int]
) -> None:
    load()
    assert kept.can_keep()
    assert list(cache.iterdir())
    assert not list(temporary.iterdir())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners of files are POSIX")
def test_a_folder_that_somebody_prepared_among_the_temporary_files_is_not_used(
    cache: Path, temporary: Path, builds: list[int], object_file: bytes
) -> None:
    """Anybody may make a folder of that name there before us, with a file in it whose digest is right."""
    cache.chmod(0o777)
    trap = temporary / f"reserve-auditor-{os.getuid()}"
    trap.mkdir()
    trap.chmod(0o777)
    (trap / kept._name()).write_bytes(kept.packed(object_file))
    load()
    assert len(builds) == 1


@pytest.mark.parametrize("home", [None, "relative"])
def test_no_folder_is_made_where_the_program_happens_to_be_started(
    tmp_path: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    """Without a home, ``~`` would be a folder of that name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "" if home is None else home)
    if home is None:
        monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: f"~/.cache/{name}")
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/nowhere")
    load()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "big"])
def test_what_is_no_plain_file_is_not_read(
    cache: Path, builds: list[int], object_file: bytes, tmp_path: Path, kind: str
) -> None:
    file = cache / kept._name()
    if kind == "link":
        (tmp_path / "other").write_bytes(kept.packed(object_file))
        file.symlink_to(tmp_path / "other")
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.write_bytes(kept.packed(object_file))
        os.truncate(file, 2**24 + 1)
    assert kept.held_code() is None


# ---- code that does not fit this process


DIFFERENT: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a number of the layout": lambda patch: patch.setattr(layout, "CELLS_AHEAD", layout.CELLS_AHEAD * 2),
    "a new number of the layout": lambda patch: patch.setattr(layout, "NEW_PLACE", 3, raising=False),
    "how many arguments": lambda patch: patch.setattr(
        kept, "EXPORTS", {**exports.EXPORTS, "hash_nodes": ("nodes", 17)}
    ),
    "the sources": lambda patch: patch.setattr(kept, "_SOURCES", bytes(32)),
    "the program's version": lambda patch: patch.setattr(kept, "__version__", "9.9.9"),
    "a compiler's version": lambda patch: patch.setattr(
        kept, "_version", lambda name: "9" if name == "llvmlite" else ""
    ),
    "the processor": lambda patch: patch.setattr("llvmlite.binding.get_host_cpu_name", lambda: "znver9"),
    "what the processor can do": lambda patch: patch.setattr(
        "llvmlite.binding.get_host_cpu_features", type("F", (), {"flatten": lambda self: "+avx9"})
    ),
    "the interpreter": lambda patch: patch.setattr(kept.sys.implementation, "cache_tag", "cpython-399"),
}


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT)
def test_code_made_otherwise_is_not_loaded_under_any_name(
    cache: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    load()
    (file,) = cache.iterdir()
    with monkeypatch.context() as patch:
        change(patch)
        kept._surroundings.cache_clear()
        other = cache / kept._name()
        assert other != file
        assert kept.held_code() is None
        other.write_bytes(file.read_bytes())
        other.chmod(0o600)
        assert kept.held_code() is None, "the name alone does not make it fit"
    kept._surroundings.cache_clear()
    assert kept.held_code() is not None


_EDITED = """
import sys, os, pathlib
sys.path.insert(0, sys.argv[1])
from auditor_app.native import library, cache, layout
assert layout.__file__.startswith(sys.argv[1])
source = pathlib.Path(sys.argv[1], "auditor_app", "native", "layout.py")
def edit():
    text = source.read_text()
    status = source.stat()
    source.write_text(text.replace("CELLS_AHEAD = 2**10", "CELLS_AHEAD = 2**11"))
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
def built():
    if sys.argv[2] == "while it is compiled":
        edit()
    return b"object"
from auditor_app.native import build
build.build = built
if sys.argv[2] == "before":
    edit()
try:
    library._build() if sys.argv[2] != "before" else library.machine_code()
except library.MachineCodeError as error:
    print(error)
print(len(list(pathlib.Path(os.environ["NUMBA_CACHE_DIR"]).glob("*"))))
"""


@pytest.mark.parametrize("moment", ["before", "while it is compiled"])
def test_sources_that_are_edited_beneath_a_process_give_it_no_code(tmp_path: Path, moment: str) -> None:
    """It holds the old layout; what is made from the new sources, or was by another process, does not fit it."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "auditor_app", copy / "auditor_app", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "cache").mkdir(mode=0o700)
    done = subprocess.run(
        [sys.executable, "-c", _EDITED, str(copy), moment], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": "/dev/null/nowhere"},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["files of the program changed while it ran; start it again", "0"], done.stderr


def test_sources_that_are_gone_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: Path) -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    assert not kept.sources_changed()
    monkeypatch.setattr(Path, "read_bytes", gone)
    assert kept.sources_changed()


_STALE = """
import sys, os, pathlib, py_compile
copy = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(copy))
source = copy / "auditor_app" / "native" / "source" / "decimals.py"
status = source.stat()
text = source.read_bytes()
source.write_bytes(text.replace(b"return", b"return  "[:6]) .replace(b"10", b"12", 1))
os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
py_compile.compile(str(source))
source.write_bytes(text)
os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
from auditor_app.native import build
import auditor_app.native.source.decimals
try:
    build._check_as_written()
except build.BuildError as error:
    print(error)
"""


def test_stale_byte_code_is_not_compiled(tmp_path: Path) -> None:
    """Two edits within the second that Python's byte code is dated by, of equal length: Python runs the older one."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "auditor_app", copy / "auditor_app", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-c", _STALE, str(copy)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    name = "auditor_app.native.source.decimals"
    assert done.stdout == f"the byte code of {name} is not that of its source; remove __pycache__\n", done.stderr


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


_KILLED = """
import os, sys
from auditor_app.native import cache
def stop(descriptor):
    print("written", flush=True)
    sys.stdin.read()
os.fsync = stop
cache.store(b"object" * 10**5)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_process_that_is_killed_as_it_writes_leaves_nothing_that_is_run(
    cache: Path, object_file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had begun has another name, is never looked at, and is gone after the next time that code is kept."""
    running = subprocess.Popen(
        [sys.executable, "-c", _KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert running.stdin is not None
    assert running.stdout is not None
    assert running.stdout.readline() == "written\n"
    running.kill()
    running.wait()
    running.stdin.close()
    running.stdout.close()
    (begun,) = cache.iterdir()
    assert begun.name.startswith(".")
    assert kept.held_code() is None
    kept.store(object_file)
    assert kept.held_code() == object_file
    assert begun.exists(), "it might belong to a process that is still writing"
    os.utime(begun, (0, 0))
    kept.store(object_file)
    assert [path.name for path in cache.iterdir()] == [kept._name()]


def test_files_of_other_versions_do_not_pile_up(cache: Path, object_file: bytes) -> None:
    for number in range(20):
        old = cache / f"reserve-auditor-{number:020x}.bin"
        old.write_bytes(b"old")
        os.utime(old, (number, number))
    (cache / "somebody else's.bin").write_bytes(b"")
    kept.store(object_file)
    assert len(list(cache.iterdir())) == 10
    assert kept.held_code() == object_file
    assert (cache / "somebody else's.bin").exists()
