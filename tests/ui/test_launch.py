"""The console script: quick to open, honest without a display, and the command line underneath."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ui import launch

SLOW = ("matplotlib", "pandas", "web3", "scipy", "numpy", "numba", "typst", "pypdfium2", "py_ecc")


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_first_window_waits_for_no_heavy_library(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from ui.application import make_application
from ui.main_window import MainWindow
from ui.settings import Settings
settings = Settings(Path({str(tmp_path / "w.ini")!r}))
application = make_application(settings)
window = MainWindow(settings)
window.show()
application.processEvents()
print(sorted(set({SLOW!r}) & set(sys.modules)))
window.close()
"""
    done = python(code, QT_QPA_PLATFORM="offscreen")
    assert done.stdout.strip() == "[]", done.stderr


def test_the_command_line_runs_without_qt_and_without_a_display() -> None:
    code = """
import sys
from ui.launch import main
try:
    main(["--version"])
except SystemExit as stop:
    print(stop.code, any(name.startswith("PySide6") for name in sys.modules))
"""
    done = python(code, DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert done.stdout.splitlines()[-1] == "0 False"


def test_without_a_display_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert launch.main([]) == 3
    assert "no display" in capsys.readouterr().err


def test_open_names_a_missing_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert launch.main(["open", str(tmp_path / "nothing.porsnap")]) == 3
    assert "nothing.porsnap" in capsys.readouterr().err
    assert launch.main(["open"]) == 3


def test_help_names_the_window_and_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert launch.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "open FILE" in out
    assert "verify" in out


def test_everything_else_is_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert launch.main(["no-such-command"]) == 3
    assert "no-such-command" in capsys.readouterr().err


def test_open_takes_an_engagement_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(launch, "_window", lambda *arguments: asked.append(arguments) or 0)
    path = tmp_path / "acme.engagement"
    assert launch.main(["open", str(path)]) == 3
    path.write_bytes(b"x")
    assert launch.main(["open", str(path)]) == 0
    assert asked == [(None, None, path)]


@pytest.mark.parametrize("name", ["SEPTEMBER.PORSNAP", "book.engagement"])
def test_a_file_alone_is_opened_in_the_window(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def window(request: object, trust_store: object, engagement: object = None) -> int:
        opened.append(engagement if engagement is not None else getattr(request, "snapshot", None))
        return 0

    monkeypatch.setattr(launch, "_window", window)
    path = tmp_path / name
    path.write_text("x")
    assert launch.main([str(path)]) == 0
    assert opened == [path]
    assert launch.main([str(tmp_path / "gone.porsnap")]) == 3
