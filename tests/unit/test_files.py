"""Files put in place: several at once, on the disk before anything says so, and none of them where one has no room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor_app.errors import AuditError
from auditor_app.files import staged


def test_several_files_come_into_their_places_when_asked(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"old")
    with staged(((one, b"1"), (two, b"2"))) as put:
        assert one.read_bytes() == b"old"
        assert not two.exists()
        put()
    assert (one.read_bytes(), two.read_bytes()) == (b"1", b"2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_without_room_for_the_second_nothing_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    synced, calls = os.fsync, iter((True, False))

    def full(descriptor: int) -> None:
        if not next(calls):
            raise OSError(28, "No space left on device")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AuditError, match="No space left") as caught, staged(((one, b"1"), (two, b"2"))):
        pytest.fail("both were taken to be on the disk")
    assert caught.value.code == "OUTPUT.WRITE"
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_put_in_place_is_removed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="refused"), staged(((tmp_path / "one", b"1"),)):
        raise ValueError("refused")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="a folder") as caught, staged(((tmp_path / "one", b"1"), (tmp_path, b"2"))):
        pytest.fail("it was taken to be on the disk")
    assert caught.value.code == "OUTPUT.WRITE"
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_was_taken_meanwhile_is_said(tmp_path: Path) -> None:
    one = tmp_path / "one"
    with pytest.raises(AuditError, match="cannot be written"), staged(((one, b"1"),)) as put:
        one.mkdir()
        put()
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
