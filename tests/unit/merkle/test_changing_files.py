"""Files that are changed under the work, at every moment of it: the undisturbed answer or a refusal, alike on both ways.

Moments are the first pass, the pass that confirms repeated ids, and the reading of proofs; each before and in the middle of
reading one part. Forms are the archive, the folder and the plain CSV file.
"""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor_app import sections
from auditor_app.errors import AuditError
from auditor_app.ledger import parts as ledger_parts
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger, SnapshotLedger
from auditor_app.merkle import recompute as module
from auditor_app.merkle.recompute import recompute
from auditor_app.merkle.tree_job import TreeJob
from auditor_app.operation import CancelToken, Operation, run
from auditor_app.snapshot import consistency
from auditor_app.snapshot.container import ArchiveContainer, FolderContainer
from tests.unit.merkle.bad_files import COLUMNS, rows, write_snapshot
from tests.unit.merkle.fast_ledgers import shrink_parts
from tests.unit.snapshot.samples import authenticate

PART = 64
MEMBER = "ledger/spot-00001.csv"
MOMENTS = ("first pass", "confirming", "proofs")
REFUSALS = {"MEMBER.DIGEST", "MEMBER.SIZE", "SNAPSHOT.CONTAINER", "SNAPSHOT.UNREADABLE", "LEDGER.CHANGED"}


# ---- what is done to a file


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"v,1,1\n")


def change(path: Path) -> None:
    """One bit of every 200th byte, size and times as before."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[::200] = bytes(byte ^ 1 for byte in data[::200])
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes()[::-1])
    os.replace(other, path)


def link(path: Path) -> None:
    """A link to the very same bytes."""
    other = path.parent.parent / "elsewhere"
    shutil.copy(path, other)
    path.unlink()
    path.symlink_to(other)


def remove(path: Path) -> None:
    path.unlink()


MEDDLING = (shrink, empty, grow, change, replace, link, remove)


# ---- when


class Moment:
    """Meddles once, at the ``which``-th reading of a part, before it or after its first piece."""

    def __init__(self, which: int, middle: bool, meddle: Callable[[], None]) -> None:
        self._left, self._middle, self._meddle = which, middle, meddle
        self.done = False

    def before(self) -> None:
        self._left -= 1
        if self._left == 0 and not self._middle:
            self._do()

    def piece(self) -> None:
        if self._left == 0 and self._middle and not self.done:
            self._do()

    def _do(self) -> None:
        self.done = True
        self._meddle()


def _watch(patch: pytest.MonkeyPatch, kind: Any, moment: Moment) -> None:
    """Tell the moment of every reading of :data:`MEMBER`."""
    read = kind.read

    def watched(self: Any, name: str, look: Any = None) -> bytes:
        if name != MEMBER:
            return bytes(read(self, name, look))
        moment.before()

        def follow(piece: memoryview) -> None:
            if look is not None:
                look(piece)
            moment.piece()

        return bytes(read(self, name, follow))

    patch.setattr(kind, "read", watched)


# ---- the work


def snapshot_work(path: Path, watch: Callable[[], None]) -> Operation[tuple[Any, ...]]:
    """Recalculate, then prove leaves of every part."""
    snapshot = authenticate(path)
    try:
        watch()
        ledger = snapshot.statement.predicate.ledgers[0]
        source = SnapshotLedger(snapshot, ledger)
        found = yield from recompute(
            source, ledger.commitments, totals=ledger.totals, typed_root=None, token=CancelToken()
        )
        proofs = []
        for tree in found.trees:
            proofs.append((yield from tree.prove(source, [3, PART + 5, 3 * PART - 1], CancelToken())))
        return found.findings, found.totals, found.commitments, tuple(proofs)
    finally:
        snapshot.members.close()


def csv_work(path: Path, watch: Callable[[], None]) -> Operation[tuple[Any, ...]]:
    """The same for a plain file."""
    source = CsvLedger(path, parse_columns(COLUMNS))
    watch()
    jobs = [TreeJob.prepared(source, "mexc", {"proofId": "x"})]
    tally, found = yield from module._all_passes(source, jobs, CancelToken())
    tree = jobs[0].tree
    assert tree is not None
    proofs = yield from tree.prove(source, [3, PART + 5, 3 * PART - 1], CancelToken())
    return found, tally.sums(), jobs[0].root, proofs


Watch = Callable[[pytest.MonkeyPatch], Moment]
Work = Callable[[Callable[[], None]], Operation[Any]]


def attempt(work: Work, watch: Watch, *, quick: bool) -> Any:
    """The answer, or the refusal's code."""
    with pytest.MonkeyPatch.context() as patch:
        shrink_parts(patch, PART)
        patch.setattr(consistency, "PART_ROWS", PART)
        patch.setattr(ledger_parts, "PART_ROWS", PART)
        patch.setattr(sections, "PIECE", 400)
        if not quick:
            patch.setattr(module, "is_worth_it", lambda part: False)
        moments: list[Moment] = []
        try:
            return run(work(lambda: moments.append(watch(patch))))
        except AuditError as error:
            assert error.sentence()
            return error.code
        finally:
            assert all(moment.done for moment in moments), "it never came to that moment"


def both_ways(work: Work, before: Callable[[], Watch]) -> Any:
    """The answer or the refusal's code, which both ways must give."""
    quick, slow = (attempt(work, before(), quick=way) for way in (True, False))
    assert quick == slow
    return quick


def parts() -> list[bytes]:
    """Four parts, of which two rows repeat an id."""
    made = [rows(PART, PART * at) for at in range(4)]
    twice = made[1].splitlines()[9].partition(b",")[0]
    made[3] = made[3].replace(made[3].splitlines()[40].partition(b",")[0], twice)
    return made


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_snapshot(tmp_path_factory.mktemp("whole"), parts(), part_rows=PART)


@pytest.fixture(scope="module")
def undisturbed(archive: Path) -> tuple[Any, ...]:
    found = both_ways(
        lambda watch: snapshot_work(archive, lambda: None), lambda: lambda patch: Moment(0, False, lambda: None)
    )
    assert not isinstance(found, str)
    assert "LEAF.DUPLICATE" in [item.code for item in found[0]]
    return found


PLACES = [
    pytest.param(which, middle, meddle, id=f"{name}-{'middle' if middle else 'before'}-{meddle.__name__}")
    for which, name in enumerate(MOMENTS, 1)
    for middle in (False, True)
    for meddle in MEDDLING
]


@pytest.mark.parametrize(("which", "middle", "meddle"), PLACES)
def test_an_archive(
    archive: Path, undisturbed: Any, tmp_path: Path, which: int, middle: bool, meddle: Callable[[Path], None]
) -> None:
    """It is held open: another file of its name is not read; what changes in it is seen by CRC-32 and digest."""
    folder = tmp_path / "here"
    folder.mkdir()
    path = folder / archive.name

    def before() -> Watch:
        path.unlink(missing_ok=True)
        shutil.copy(archive, path)

        def watch(patch: pytest.MonkeyPatch) -> Moment:
            moment = Moment(which, middle, lambda: meddle(path))
            _watch(patch, ArchiveContainer, moment)
            return moment

        return watch

    found = both_ways(lambda watch: snapshot_work(path, watch), before)
    if meddle in (grow, replace, link, remove):
        assert found == undisturbed
    else:
        assert found in REFUSALS or found == undisturbed
        assert found in REFUSALS or meddle is not change or middle


@pytest.mark.parametrize(("which", "middle", "meddle"), PLACES)
def test_a_folder(
    archive: Path, undisturbed: Any, tmp_path: Path, which: int, middle: bool, meddle: Callable[[Path], None]
) -> None:
    """Every member is opened anew for every pass, and compared with the signed digest each time."""
    folder = tmp_path / "here" / "snapshot"

    def before() -> Watch:
        shutil.rmtree(folder.parent, ignore_errors=True)
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)

        def watch(patch: pytest.MonkeyPatch) -> Moment:
            moment = Moment(which, middle, lambda: meddle(folder / MEMBER))
            _watch(patch, FolderContainer, moment)
            return moment

        return watch

    found = both_ways(lambda watch: snapshot_work(folder, watch), before)
    assert found in REFUSALS or found == undisturbed
    if not middle or meddle in (shrink, empty, grow, change):
        assert found in REFUSALS or middle
    if meddle is link and not middle:
        assert found in REFUSALS, "a link is refused, also to the right bytes"


@pytest.mark.parametrize("which", [1, 2, 3], ids=MOMENTS)
@pytest.mark.parametrize("meddle", [shrink, empty, grow, change, replace, remove])
def test_a_plain_file(tmp_path: Path, which: int, meddle: Callable[[Path], None]) -> None:
    """Nobody signed it: size, times and identity are compared around every reading, so a change is refused even with its old date."""
    path = tmp_path / "here" / "ledger.csv"
    path.parent.mkdir()

    def before() -> Watch:
        path.write_bytes(b"".join(parts()))
        time.sleep(0.02)  # more than the tick of the clock that dates changes

        def watch(patch: pytest.MonkeyPatch) -> Moment:
            moment = Moment(which, False, lambda: meddle(path))
            opened = CsvLedger._open

            def watched(self: CsvLedger) -> Any:
                moment.before()
                return opened(self)

            patch.setattr(CsvLedger, "_open", watched)
            return moment

        return watch

    found = both_ways(lambda watch: csv_work(path, watch), before)
    assert found in ({"LEDGER.UNREADABLE"} if meddle is remove else {"LEDGER.CHANGED"})


@pytest.mark.parametrize("looked", [1, 2, 3, 4, 5, 7, 8])
@pytest.mark.parametrize("meddle", [shrink, grow, change, replace])
def test_a_plain_file_in_the_middle_of_a_pass(tmp_path: Path, looked: int, meddle: Callable[[Path], None]) -> None:
    """What is written under the reader's hands is no breach of the grammar: it is a file that changed.

    ``looked`` counts readings of a thousand bytes over all passes. What is read of a file that another one took the place
    of is the file that was opened, until the next pass opens the other.
    """
    path = tmp_path / "ledger.csv"

    def before() -> Watch:
        path.write_bytes(b"".join(parts()))
        time.sleep(0.02)

        def watch(patch: pytest.MonkeyPatch) -> Moment:
            patch.setattr(ledger_parts, "_CHUNK", 1000)
            moment = Moment(looked, False, lambda: meddle(path))
            reading = np.frombuffer

            def watched(data: Any, kind: Any) -> Any:
                if kind is np.uint8 and isinstance(data, bytes) and len(data) == 1000:
                    moment.before()
                return reading(data, kind)

            patch.setattr(ledger_parts.np, "frombuffer", watched)
            return moment

        return watch

    assert both_ways(lambda watch: csv_work(path, watch), before) == "LEDGER.CHANGED"


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_an_archive_that_was_cut_before_is_no_snapshot(archive: Path, tmp_path: Path, share: float) -> None:
    path = tmp_path / archive.name
    path.write_bytes(archive.read_bytes()[: int(share * archive.stat().st_size)])
    with pytest.raises(AuditError) as caught:
        authenticate(path)
    assert caught.value.code in ("SNAPSHOT.UNREADABLE", "SNAPSHOT.CONTAINER")
