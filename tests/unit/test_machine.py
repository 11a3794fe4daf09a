"""What the machine lacks, as one error with a code, on the command line and from any operation; nothing else is hidden."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor_app.cli import main as command_line
from auditor_app.errors import AuditError
from auditor_app.findings import CATALOGUE
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.parts import CsvLedger
from auditor_app.machine import MachineError, machine_error
from auditor_app.operation import Operation, Progress, run
from auditor_app.processors import THREADS, processors
from auditor_app.snapshot.container import open_container


def os_error(number: int, path: str | None = None) -> OSError:
    return OSError(number, "as the system says", path)


WANTING = [
    (MemoryError(), "MACHINE.MEMORY"),
    (os_error(errno.ENOMEM), "MACHINE.MEMORY"),
    (os_error(errno.ENOSPC, "/somewhere/file"), "MACHINE.DISK"),
    (os_error(errno.EDQUOT), "MACHINE.DISK"),
    (os_error(errno.EIO), "MACHINE.DISK"),
    (os_error(errno.EMFILE), "MACHINE.FILES"),
    (os_error(errno.ENFILE), "MACHINE.FILES"),
    (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), "MACHINE.DISK"),
]


def failing(error: BaseException) -> Operation[int]:
    yield Progress(0, None, "steps", "working")
    raise error


@pytest.mark.parametrize(("error", "code"), WANTING)
def test_every_want_of_the_machine_has_a_code_and_an_action(error: Exception, code: str) -> None:
    with pytest.raises(MachineError) as caught:
        run(failing(error))
    assert caught.value.code == code
    assert CATALOGUE[code].area.value == "use"
    assert caught.value.action.endswith("run again.")
    assert caught.value.__context__ is None, "it holds on to the work"
    if error.__class__ is OSError and error.filename:
        assert error.filename in caught.value.sentence()


@pytest.mark.parametrize(
    "error", [PermissionError(13, "denied"), ValueError("x"), FileNotFoundError(2, "no"), OSError("x")]
)
def test_what_is_no_want_of_the_machine_is_raised_as_it_is(error: Exception) -> None:
    assert machine_error(error) is None
    with pytest.raises(type(error)) as caught:
        run(failing(error))
    assert caught.value is error


@pytest.mark.parametrize(("error", "code"), WANTING)
def test_the_command_line_says_it_and_leaves_no_traceback(
    error: Exception, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(options: object) -> int:
        raise error

    monkeypatch.setattr("auditor_app.cli.ledger.root_command", refuse)
    words = ["ledger", "root", "x.csv", "--scheme", "mexc", "--columns", "a:token,b:decimal", "--json"]
    assert command_line.main(words) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["code"] == code
    assert said.err.startswith("reserve-auditor: ")
    assert "Traceback" not in said.err


def test_memory_that_lacks_before_the_command_is_read_is_said_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(names: object) -> Iterator[None]:
        raise MemoryError

    monkeypatch.setattr(command_line, "build_parser", refuse)
    assert command_line.main(["ledger"]) == 3
    assert "not enough memory" in capsys.readouterr().err


def test_an_input_is_not_replaced_by_the_error_about_it(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"u,1\n")
    words = ["ledger", "root", str(path), "--scheme", "mexc", "--columns", "a:token,b:decimal", "--json", str(path)]
    assert command_line.main(words) == 3
    assert path.read_bytes() == b"u,1\n"


@pytest.mark.parametrize(
    ("said", "expected"), [("1", 1), ("0", 1), ("99999", None), ("x", None), ("", None), ("-1", None)]
)
def test_fewer_threads_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, said: str, expected: int | None) -> None:
    monkeypatch.delenv(THREADS, raising=False)
    own = processors()
    monkeypatch.setenv(THREADS, said)
    assert processors() == (own if expected is None else expected)


def test_it_is_an_error_of_ours() -> None:
    assert issubclass(MachineError, AuditError)


@pytest.mark.parametrize("form", ["archive", "folder", "plain"])
def test_too_many_open_files_are_not_called_a_bad_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    path = tmp_path / "it"
    if form == "folder":
        path.mkdir()
        (path / "snapshot.dsse.json").write_bytes(b"{}")
    else:
        path.write_bytes(b"u,1\n")
    container = open_container(path) if form == "folder" else None

    def refuse(*arguments: object, **options: object) -> int:
        raise os_error(errno.EMFILE)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(MachineError) as caught:
        if container is not None:
            container.read("snapshot.dsse.json")
        elif form == "plain":
            CsvLedger(path, parse_columns("a:token,b:decimal"))
        else:
            open_container(path)
    assert caught.value.code == "MACHINE.FILES"
