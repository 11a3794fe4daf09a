"""``proof tree`` and transcripts from the command line: what is printed, and the exit status."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
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


def test_proof_check_takes_a_whole_tree(levels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = levels / "tree-level1.csv"
    tree = json.loads(run(capsys, "proof", "tree", str(path), "--json")[1])
    for given in (path, levels):
        status, printed = run(capsys, "proof", "check", str(given), "--json")
        assert (status, json.loads(printed)) == (0, tree)
    keys = {"scheme", "leaf", "root", "balances", "rootMatches", "publishedRootMatches", "checks", "findings"}
    assert keys <= tree.keys()
    assert (tree["leaf"], tree["rootMatches"], tree["publishedRootMatches"]) == (None, True, None)
    status, printed = run(capsys, "proof", "check", str(path), "--root", "00" * 32, "--json")
    assert (status, json.loads(printed)["publishedRootMatches"]) == (1, False)


def test_a_tree_with_a_wrong_node_does_not_match(levels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = levels / "tree-level1.csv"
    path.write_text("00" + path.read_text()[2:])
    status, printed = run(capsys, "proof", "check", str(path), "--json")
    found = json.loads(printed)
    assert (status, found["rootMatches"], found["disagreeing"]) == (1, False, 1)


def test_a_whole_tree_is_not_traced_in_a_ledger(levels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed = run(capsys, "proof", "check", str(levels), "--snapshot", "s", "--trust", "t")
    assert status == 3
    assert "whole tree of the scheme silversixpence" in printed


def test_other_schemes_of_the_same_form_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tree.csv"
    path.write_text(f"block_height:1\n{'00' * 32},5\n")
    status, printed = run(capsys, "proof", "check", str(path))
    assert status == 0
    assert "the files have the form of river too" in printed
    assert "form of" not in run(capsys, "proof", "check", str(path), "--scheme", "river")[1]


@pytest.mark.parametrize("action", ["check", "tree"])
def test_limitations_are_printed_once_beside_the_result(
    action: str, levels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run(capsys, "proof", action, str(levels))[1]
    assert printed.count("limitation TREE.NO_SUMS") == 1


def test_a_proof_is_printed_with_its_limitations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "proof.txt"
    path.write_text("scheme: topone\nuid: User12345\nUSDT: 100.25890\n")
    assert "limitation SCHEME.UNCONFIRMED" in run(capsys, "proof", "check", str(path))[1]


def test_a_table_with_a_byte_order_mark_is_not_taken_for_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "reserves.csv"
    path.write_bytes(b"\xef\xbb\xbfcoin,address\n")
    status, printed = run(capsys, "proof", "check", str(path))
    assert status == 3
    assert "no known scheme" in printed
    path.write_bytes(b"\xef\xbb\xbf{}")
    assert "byte order mark" in run(capsys, "proof", "check", str(path))[1]


def test_a_file_of_a_gigabyte_is_refused_by_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.write(b'{"self":')
        file.truncate(2**30)
    status, printed = run(capsys, "proof", "check", str(path))
    assert status == 3
    assert "over the size limit (expected at most 4194304 bytes)." in printed


def test_a_reader_that_leaves_early_sees_no_traceback() -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "auditor_app", "scheme", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout is not None and program.stderr is not None
    program.stdout.close()
    with program.stderr:
        assert program.stderr.read() == b""
    assert program.wait() == 141
