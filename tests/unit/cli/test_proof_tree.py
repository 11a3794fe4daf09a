"""``proof tree`` and transcripts from the command line: what is printed, and the exit status."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from auditor_app.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit status, and what was printed: JSON on the one stream, words on the other."""
    status = main(list(arguments))
    printed = capsys.readouterr()
    return status, printed.out or printed.err


@pytest.fixture
def levels(tmp_path: Path) -> Path:
    left, right = hashlib.sha256(b"a").digest(), hashlib.sha256(b"b").digest()
    root = hashlib.sha256(left + right).hexdigest()
    (tmp_path / "tree-level1.csv").write_text(f"{root},1,{left.hex()},{right.hex()}\n")
    return tmp_path


def test_a_folder_is_a_tree(levels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed = run(capsys, "proof", "tree", str(levels), "--json")
    found = json.loads(printed)
    assert (status, found["scheme"], found["leaves"], found["nodes"]) == (0, "silversixpence", 2, 1)
    assert "TREE.NO_SUMS" in {item["code"] for item in found["limitations"]}
    status, printed = run(capsys, "proof", "tree", str(levels), "--root", found["root"])
    assert status == 0
    assert "published root: agrees" in printed
    assert run(capsys, "proof", "tree", str(levels), "--root", "00" * 32)[0] == 1


def test_bad_trees_and_options_end_with_status_3(levels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = levels / "tree-level1.csv"
    assert run(capsys, "proof", "tree", str(levels), "--param", "nonces=all")[0] == 3
    assert run(capsys, "proof", "tree", str(levels), "--scheme", "nothing")[0] == 3
    assert run(capsys, "proof", "tree", str(levels / "missing"))[0] == 3
    path.write_text(path.read_text() + "x\n")
    assert run(capsys, "proof", "tree", str(levels))[0] == 3
    path.write_text("x\n")
    assert run(capsys, "proof", "tree", str(levels))[0] == 3


def test_a_transcript_is_a_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "proof.txt"
    path.write_text(
        "scheme: topone\nuid: User12345\nUSDT: 100.25890\n"
        "leaf: 3b44181df32e6fbad0273fd5bcaa8e273121d355a28933cd2b98a9e7c0bb3c7f\n"
    )
    status, printed = run(capsys, "proof", "check", str(path))
    assert status == 0
    assert "matches topone" in printed
    path.write_text(path.read_text().replace("100.25890", "100.25891"))
    assert run(capsys, "proof", "check", str(path))[0] == 1
