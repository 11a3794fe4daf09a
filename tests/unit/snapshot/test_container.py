"""Archives and folders: what Python's own ZIP writer and reader say, ZIP64, links, limits, files that change."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from pathlib import Path

import pytest

from auditor_app.errors import SnapshotError
from auditor_app.operation import CancelToken
from auditor_app.snapshot import layout
from auditor_app.snapshot.container import open_container
from auditor_app.snapshot.layout import Entry
from auditor_app.snapshot.writing import Bytes, measure, write_container
from tests.unit.snapshot import samples


def refused(path: Path) -> SnapshotError:
    with pytest.raises(SnapshotError) as caught:
        samples.authenticate(path).members.close()
    assert caught.value.exit_status == 3
    return caught.value


def folder(tmp_path: Path) -> Path:
    """The example snapshot as a folder."""
    root = tmp_path / "folder.porsnap"
    with zipfile.ZipFile(samples.write(tmp_path)) as archive:
        archive.extractall(root)  # our own archive, not an untrusted one
    return root


# ---- archives


def test_an_independent_reader_finds_the_same_members(tmp_path: Path) -> None:
    path = samples.write(tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {item.compress_type for item in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.namelist() == [
            "snapshot.dsse.json",
            "ledger/spot-00000.csv",
            "reserves/addresses.csv",
            "funds.csv",
        ]
        assert archive.read("funds.csv") == samples.FUNDS
    assert list(open_container(path).sizes) == archive.namelist()


def test_headers_follow_from_name_size_and_crc_as_an_independent_writer_makes_them() -> None:
    data = b"some bytes"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a/b.csv"), data)
    entry = Entry("a/b.csv", len(data), zlib.crc32(data))
    ours = layout.local_header(entry) + data
    assert (
        ours + layout.central_header(entry, 0) + layout.end_records(1, len(layout.central_header(entry, 0)), len(ours))
        == buffer.getvalue()
    )


def test_zip64_sizes_and_offsets_as_an_independent_reader_reads_them(tmp_path: Path) -> None:
    """A sparse file: five GiB of nothing, then a small member behind them."""
    big, small = Entry("big", 5 * 2**30, 0), Entry("small", 4, zlib.crc32(b"data"))
    second = len(layout.local_header(big)) + big.size
    directory = layout.central_header(big, 0) + layout.central_header(small, second)
    path = tmp_path / "sparse.zip"
    with path.open("wb") as file:
        file.write(layout.local_header(big))
        file.seek(second)
        file.write(layout.local_header(small) + b"data")
        start = file.tell()
        file.write(directory + layout.end_records(2, len(directory), start))
    assert path.stat().st_size == layout.archive_size([big, small])
    with zipfile.ZipFile(path) as archive:
        first, last = archive.infolist()
        assert (first.file_size, first.compress_size, first.header_offset) == (big.size, big.size, 0)
        assert (last.file_size, last.header_offset) == (4, second)
        assert archive.read("small") == b"data"
        with archive.open("big") as member:
            assert member.read(1) == b"\0"
    assert refused(path).code == "SNAPSHOT.LIMIT"


def test_seventy_thousand_members_need_zip64_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    write_container(path, [measure(f"m/{number:05d}", Bytes(b"%d" % number)) for number in range(70_000)])
    container = open_container(path)
    assert len(container.sizes) == 70_000
    assert container.read("m/69999") == b"69999"
    container.close()
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 70_000
        assert archive.read("m/65536") == b"65536"


def test_the_number_of_members_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = samples.write(tmp_path)
    monkeypatch.setattr(layout, "MAX_MEMBERS", 1)
    assert refused(path).code == "SNAPSHOT.LIMIT"


def test_the_size_of_the_archive_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = samples.write(tmp_path)
    monkeypatch.setattr(layout, "MAX_ARCHIVE_BYTES", path.stat().st_size - 1)
    assert refused(path).code == "SNAPSHOT.LIMIT"


def test_a_claimed_number_of_members_is_limited_before_they_are_looked_at(tmp_path: Path) -> None:
    path = samples.write(tmp_path)
    data = path.read_bytes()
    wide = layout.END64.pack(layout.END64_SIGN, 44, 45, 45, 0, 0, 2**40, 2**40, 0, len(data) - 22)
    locator = layout.LOCATOR.pack(layout.LOCATOR_SIGN, 0, len(data) - 22, 1)
    path.write_bytes(data[:-22] + wide + locator + data[-22:])
    assert refused(path).code == "SNAPSHOT.LIMIT"


@pytest.mark.parametrize("data", [b"", b"PK", b"x" * 21, b"x" * 22, b"PK\x05\x06" + bytes(17), b"\x89PNG" * 100])
def test_what_is_no_archive_is_unreadable(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "no.porsnap"
    path.write_bytes(data)
    assert refused(path).code == "SNAPSHOT.UNREADABLE"


def test_a_missing_file_a_link_and_a_device_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none").code == "SNAPSHOT.UNREADABLE"
    link = tmp_path / "link.porsnap"
    link.symlink_to(samples.write(tmp_path))
    assert "link" in refused(link).sentence().lower()
    fifo = tmp_path / "fifo.porsnap"
    os.mkfifo(fifo)
    for special in (fifo, Path("/dev/zero")):
        error = refused(special)
        assert (error.code, error.what) == ("SNAPSHOT.UNREADABLE", "this is not a regular file")
    assert refused(tmp_path / "nul\0name").code == "SNAPSHOT.UNREADABLE"


def test_a_file_that_shrinks_while_open_is_noticed(tmp_path: Path) -> None:
    path = samples.write(tmp_path)
    authentic = samples.authenticate(path)
    os.truncate(path, 100)
    with pytest.raises(SnapshotError) as caught:
        authentic.members.read("funds.csv", CancelToken())
    assert caught.value.exit_status == 2
    authentic.members.close()


def test_a_file_replaced_while_open_is_still_the_one_that_was_opened(tmp_path: Path) -> None:
    path = samples.write(tmp_path)
    authentic = samples.authenticate(path)
    other = tmp_path / "other"
    other.write_bytes(b"something else")
    other.replace(path)
    assert authentic.members.read("funds.csv", CancelToken()) == samples.FUNDS
    authentic.members.close()


def test_a_refused_archive_leaves_no_open_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.porsnap"
    path.write_bytes(samples.write(tmp_path).read_bytes() + b"x")
    before = set(Path("/proc/self/fd").iterdir()) if Path("/proc/self/fd").exists() else set()
    refused(path)
    after = set(Path("/proc/self/fd").iterdir()) if Path("/proc/self/fd").exists() else set()
    assert len(after) == len(before)


# ---- folders


def test_a_folder_of_the_same_files_is_the_same_snapshot(tmp_path: Path) -> None:
    authentic = samples.authenticate(folder(tmp_path))
    assert authentic.file_name == "folder.porsnap"
    for subject in authentic.statement.subject:
        assert authentic.members.read(subject.name, CancelToken())
    authentic.members.close()


def test_a_link_to_a_member_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "funds.csv").rename(tmp_path / "funds.csv")
    (root / "funds.csv").symlink_to(tmp_path / "funds.csv")
    assert refused(root).code == "SNAPSHOT.CONTAINER"


def test_a_linked_folder_inside_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "ledger").rename(tmp_path / "ledger")
    (root / "ledger").symlink_to(tmp_path / "ledger")
    assert refused(root).code == "SNAPSHOT.CONTAINER"


def test_a_linked_root_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder(tmp_path))
    assert refused(link).code == "SNAPSHOT.UNREADABLE"


def test_a_member_that_becomes_a_link_is_refused_when_it_is_read(tmp_path: Path) -> None:
    root = folder(tmp_path)
    authentic = samples.authenticate(root)
    (root / "funds.csv").rename(tmp_path / "moved.csv")
    (root / "funds.csv").symlink_to(tmp_path / "moved.csv")
    with pytest.raises(SnapshotError):
        authentic.members.read("funds.csv", CancelToken())
    (root / "ledger").rename(tmp_path / "moved")
    (root / "ledger").symlink_to(tmp_path / "moved")
    with pytest.raises(SnapshotError):
        authentic.members.read("ledger/spot-00000.csv", CancelToken())
    authentic.members.close()


def test_a_pipe_an_empty_folder_and_unsafe_names_are_refused(tmp_path: Path) -> None:
    root = folder(tmp_path)
    os.mkfifo(root / "pipe")
    assert refused(root).code == "SNAPSHOT.CONTAINER"
    (root / "pipe").unlink()
    (root / "empty").mkdir()
    assert refused(root).code == "SNAPSHOT.CONTAINER"
    (root / "empty").rmdir()
    (root / ".hidden").write_bytes(b"")
    assert refused(root).code == "SNAPSHOT.CONTAINER"
    (root / ".hidden").unlink()
    samples.authenticate(root).members.close()


def test_names_that_differ_only_in_case_and_deep_nesting_are_refused(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "FUNDS.csv").write_bytes(b"")
    if len(list(root.iterdir())) == 5:  # a file system that keeps case
        assert "occurs twice" in refused(root).what
    (root / "FUNDS.csv").unlink()
    deep = root
    for _ in range(1500):
        deep = deep / "a"
        try:
            deep.mkdir()
        except OSError:
            break
    assert "not allowed" in refused(root).what
    while deep != root:  # deeper than whoever clears temporary folders can go
        if deep.is_dir():
            deep.rmdir()
        deep = deep.parent


def test_a_member_that_grows_or_shrinks_is_noticed_by_the_folder_itself(tmp_path: Path) -> None:
    root = folder(tmp_path)
    container = open_container(root)
    for data in (samples.FUNDS + b"x", samples.FUNDS[:-1]):
        (root / "funds.csv").write_bytes(data)
        with pytest.raises(SnapshotError) as caught:
            container.read("funds.csv")
        assert caught.value.code == "SNAPSHOT.CONTAINER"


def test_an_extra_a_missing_and_a_grown_member_are_not_authentic(tmp_path: Path) -> None:
    root = folder(tmp_path)
    for change, code in (("extra", "MEMBER.MISSING"), ("grown", "MEMBER.SIZE"), ("missing", "MEMBER.MISSING")):
        funds = root / "funds.csv"
        if change == "extra":
            (root / "extra.csv").write_bytes(b"x")
        elif change == "grown":
            (root / "extra.csv").unlink()
            funds.write_bytes(samples.FUNDS + b"\n")
        else:
            funds.unlink()
        with pytest.raises(SnapshotError) as caught:
            samples.authenticate(root)
        assert (caught.value.code, caught.value.exit_status) == (code, 2)


def test_a_member_that_changes_between_index_and_reading_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path)
    authentic = samples.authenticate(root)
    (root / "funds.csv").write_bytes(samples.FUNDS.replace(b"5000000", b"6000000"))
    with pytest.raises(SnapshotError) as caught:
        authentic.members.read("funds.csv", CancelToken())
    assert caught.value.exit_status == 2
    authentic.members.close()


def test_the_folders_members_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path)
    monkeypatch.setattr(layout, "MAX_MEMBERS", 1)
    error = refused(root)
    assert (error.code, error.what) == ("SNAPSHOT.LIMIT", "the folder holds too many members")
    monkeypatch.undo()
    monkeypatch.setattr(layout, "MAX_MEMBER_BYTES", 10)
    assert refused(root).code == "SNAPSHOT.LIMIT"
