"""Bad ledgers as real files, read the fast way and by the reference: one outcome, one finding, named the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor_app.operation import CancelToken
from tests.unit.merkle.bad_files import both, of_csv, of_snapshot, rows, write_snapshot

ROOT = Path(__file__).resolve().parents[3]

# ---- a part that lies about its row count


@pytest.mark.parametrize(
    ("sizes", "declared", "total", "codes"),
    [
        ((3000,), (3001,), None, {"ROWS.COUNT"}),
        ((3000,), (2999,), None, {"ROWS.COUNT"}),
        ((3000,), (3000,), 5000, {"ROWS.COUNT"}),
        ((64, 64, 30), (64, 64, 31), None, {"ROWS.COUNT"}),
        ((64, 63, 64), (64, 64, 64), None, {"ROWS.COUNT"}),
        ((64, 65, 64), (64, 64, 64), None, {"ROWS.COUNT"}),
        ((40, 64, 64), (64, 64, 64), None, {"ROWS.COUNT"}),
        ((65, 64), (64, 64), None, {"ROWS.COUNT"}),
        ((64, 0, 64), (64, 64, 64), None, {"ROWS.COUNT"}),
    ],
)
def test_a_part_that_lies_about_its_rows(
    tmp_path: Path, sizes: tuple[int, ...], declared: tuple[int, ...], total: int | None, codes: set[str]
) -> None:
    firsts = [sum(sizes[:at]) for at in range(len(sizes))]
    parts = [rows(size, first) for size, first in zip(sizes, firsts, strict=True)]
    small = 64 if len(sizes) > 1 else None
    path = write_snapshot(tmp_path, parts, declared=declared, total=total, part_rows=small)
    found = both(of_snapshot(path), part_rows=small)
    assert set(found.codes) >= codes
    assert found.result.row_count == sum(sizes)
    named = [item for item in found.result.findings if item.code == "ROWS.COUNT"]
    lies = [at for at, (size, said) in enumerate(zip(sizes, declared, strict=True)) if size != said]
    assert {item.at.file for item in named} >= {f"ledger/spot-{at:05d}.csv" for at in lies}


def test_a_full_part_of_the_real_size_with_one_row_too_many(tmp_path: Path) -> None:
    size = 2**18 + 1
    path = write_snapshot(tmp_path, [rows(size), rows(40, size)], declared=(2**18, 40), schemes=["rfc6962-sha256"])
    found = both(of_snapshot(path))
    assert "ROWS.COUNT" in found.codes
    assert found.result.row_count == size + 40


# ---- rows at the limits of the grammar

_LIMIT_60, _LIMIT_48 = b"9" * 60, b"9" * 30 + b"." + b"9" * 18


def test_rows_at_the_digit_limit_add_up_exactly(tmp_path: Path) -> None:
    count = 4100
    data = b"".join([b"u%d,%s,%s\n" % (at, _LIMIT_60, _LIMIT_48) for at in range(count)])
    found = both(of_snapshot(write_snapshot(tmp_path, [data])))
    assert found.quick
    units, plain = found.result.totals
    assert units.total.units == count * (10**60 - 1)
    assert plain.total.at_scale(18).units == count * (10**48 - 1)
    assert all(check.recomputed for check in found.result.commitments)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (b"9" * 61 + b",1", "BTC"),
        (b"1," + b"9" * 31, "USDT"),
        (b"1,1." + b"9" * 19, "USDT"),
        (b"1,1.", "USDT"),
        (b"1,-", "USDT"),
        (b"00,1", "BTC"),
        (b"1e3,1", "BTC"),
        (b"1,1,1", "USDT"),
        (b"1", "BTC"),
        (b"+1,1", "BTC"),
        (b"\xef\xbc\x91,1", "BTC"),
        (b"1,1\r", "USDT"),
    ],
)
def test_one_digit_more_is_refused_at_its_byte(tmp_path: Path, cells: bytes, column: str) -> None:
    before = rows(2500)
    path = write_snapshot(tmp_path, [before + b"u," + cells + b"\n" + rows(100, 2500)])
    found = both(of_snapshot(path))
    (item,) = [item for item in found.result.findings if item.code == "SNAPSHOT.GRAMMAR"]
    assert not found.result.complete
    assert (item.at.row, item.at.column) == (2501, column)
    assert len(before) <= item.at.byte <= len(before) + len(cells) + 3


@pytest.mark.parametrize("end", [b"", b"u,1,1", b"\n", b"u,1,1\n\n", b"\0"])
def test_ends_that_are_no_rows(tmp_path: Path, end: bytes) -> None:
    found = both(of_snapshot(write_snapshot(tmp_path, [rows(2100) + end])))
    assert ("SNAPSHOT.GRAMMAR" in found.codes) == bool(end)


# ---- one endless row


@pytest.mark.parametrize("byte", [b"x", b"9", b",", b"\0"])
@pytest.mark.parametrize("feed", [b"\n", b""])
def test_a_part_of_one_row(tmp_path: Path, byte: bytes, feed: bytes) -> None:
    """Sixteen megabytes here; 255 MiB below, in a process of its own for its memory."""
    found = both(of_snapshot(write_snapshot(tmp_path, [byte * 2**24 + feed], declared=[1])))
    assert found.codes == ["SNAPSHOT.GRAMMAR"]
    (item,) = found.result.findings
    assert item.at.row == 1
    assert item.at.byte == (0 if byte in b",\0" else 128)


_ENDLESS = """
import json, pathlib, resource, sys
from auditor_app.merkle import recompute as module
from tests.unit.merkle.bad_files import of_snapshot, outcome
read = of_snapshot(pathlib.Path(sys.argv[1]))
if sys.argv[2] == "slow":
    module.is_worth_it = lambda part: False
found = outcome(read).result.findings
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.platform == "linux":
    peak = int(pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
print(json.dumps({"peak": peak // 1024, "found": [(item.code, item.message) for item in found]}))
"""


@pytest.mark.skipif(os.name != "posix", reason="the peak of a process is POSIX")
@pytest.mark.parametrize("before", [0, 2100])
def test_a_part_of_255_mebibytes_in_one_row(tmp_path: Path, before: int) -> None:
    """Behind two thousand good rows the compiled scanner meets it, too."""
    path = write_snapshot(tmp_path, [rows(before) + b"9" * (255 * 2**20 - 2**16)], declared=[before + 1])
    found = []
    for way in ("fast", "slow"):
        command = [sys.executable, "-c", _ENDLESS, str(path), way]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        found.append(json.loads(done.stdout))
        assert found[-1]["peak"] < 700
    assert found[0]["found"] == found[1]["found"]
    ((code, message),) = found[0]["found"]
    assert code == "SNAPSHOT.GRAMMAR"
    place = f"row {before + 1}, column account, byte {len(rows(before)) + 128}"
    assert message.startswith(f"ledger/spot-00000.csv, {place}: the cell has more than 128 characters")


# ---- files that change while they are read


class Meddling(CancelToken):
    """Does something to a file when the work has looked at it ``after`` times."""

    def __init__(self, after: int, meddle: Callable[[], None]) -> None:
        super().__init__()
        self._left, self._meddle = after, meddle

    def check(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._meddle()
        super().check()


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"v,1,1\n")


def _shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _change(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def _replace(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(b"u,1,1\n" * 5000)
    os.replace(other, path)


def _replace_alike(path: Path) -> None:
    """Another file with the same size and time."""
    status = path.stat()
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes()[::-1])
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(other, path)


CSV = rows(2**18 + 3000)
"""More than one part."""


@pytest.mark.parametrize("meddle", [_grow, _shrink, _change])
def test_a_plain_ledger_that_changes_is_refused_and_never_half_counted(
    tmp_path: Path, meddle: Callable[[Path], None]
) -> None:
    path = tmp_path / "ledger.csv"

    def before() -> CancelToken:
        path.write_bytes(CSV)
        return Meddling(2, lambda: meddle(path))

    found = both(of_csv(path), before=before)
    assert found.refusal is not None
    assert found.refusal[0] == "LEDGER.CHANGED"
    assert "changed while it was read" in str(found.refusal[1])


@pytest.mark.parametrize("meddle", [_replace, _replace_alike])
def test_a_plain_ledger_that_another_file_takes_the_place_of(tmp_path: Path, meddle: Callable[[Path], None]) -> None:
    """One pass reads the file it opened; another pass would read the new one, and is refused."""
    path = tmp_path / "ledger.csv"

    def before() -> CancelToken:
        path.write_bytes(b"u,1,1\n" + CSV + b"u,1,1\n")
        return Meddling(2, lambda: meddle(path))

    found = both(of_csv(path), before=before)
    assert found.refusal is not None
    assert found.refusal[0] == "LEDGER.CHANGED"


@pytest.mark.parametrize("meddle", [_shrink, _change])
def test_a_snapshot_that_changes_is_not_authentic(tmp_path: Path, meddle: Callable[[Path], None]) -> None:
    parts = [rows(64, 64 * at) for at in range(40)]
    path = write_snapshot(tmp_path, parts, part_rows=64)
    whole = path.read_bytes()

    def before() -> CancelToken:
        path.write_bytes(whole)
        return Meddling(3, lambda: meddle(path))

    found = both(of_snapshot(path), part_rows=64, before=before)
    assert found.refusal is not None
    assert found.refusal[0] == "MEMBER.DIGEST"
    assert found.refusal[3] == 2


@pytest.mark.parametrize("meddle", [_grow, _replace, _replace_alike])
def test_a_snapshot_is_read_from_the_file_that_was_authenticated(
    tmp_path: Path, meddle: Callable[[Path], None]
) -> None:
    """What follows the archive, or another file of its name, is not what was signed, and is not read."""
    parts = [rows(64, 64 * at) for at in range(40)]
    path = write_snapshot(tmp_path, parts, part_rows=64)
    whole = path.read_bytes()
    undisturbed = both(of_snapshot(path), part_rows=64)

    def before() -> CancelToken:
        path.write_bytes(whole)
        return Meddling(3, lambda: meddle(path))

    found = both(of_snapshot(path), part_rows=64, before=before)
    assert found.result == undisturbed.result
