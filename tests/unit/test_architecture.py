"""The core runs where Qt does not exist, and the demo of the house rules stays true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_IMPORT_EVERYTHING = """
import importlib, pkgutil, sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"PySide6", "shiboken6", "ui"}:
            raise ImportError(f"{name} is blocked")
        return None

sys.meta_path.insert(0, NoQt())
import auditor_app
names = [m.name for m in pkgutil.walk_packages(auditor_app.__path__, "auditor_app.") if not m.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_every_core_module_imports_with_qt_blocked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_EVERYTHING], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_nothing_else_stands_at_the_top() -> None:
    allowed = {"auditor_app", "ui", "resources", "tests", "packaging", "docs", "pyproject.toml", "README.md"}
    allowed |= {"CHANGELOG.md", "LICENSE", "Makefile", "uv.lock"}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    tops = {name.split("/")[0] for name in tracked}
    assert {name for name in tops if not name.startswith(".")} <= allowed


def test_packaging_does_not_hide_the_pypi_package() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists()
