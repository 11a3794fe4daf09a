"""The demo, made once for all end-to-end tests, and the command line called as a script would."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor_app.demo.build import DemoFiles, build_demo
from auditor_app.operation import CancelToken, run

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON object and nothing else."""
        return json.loads(self.out)

    @property
    def codes(self) -> set[str]:
        """Codes of the findings in the JSON object."""
        return {item["code"] for item in self.json["findings"]}


def command(*arguments: object) -> Ended:
    """Run ``python -m auditor_app`` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "auditor_app", *map(str, arguments)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    """The demo's files, made by the product itself."""
    folder = tmp_path_factory.mktemp("demo")
    run(build_demo(folder, CancelToken()))
    return DemoFiles.of(folder)
