"""MEXC proof files that are not what they should be: one clear error each, in bounded time and memory."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from auditor_app.errors import AuditError, ProofError, UsageError
from auditor_app.merkle.proof_file import check_proof_file
from auditor_app.merkle.published import ProofCheck

LEAF = hashlib.sha256(b"PR-1,42,BTC:1.50").hexdigest()[:32]
ROOT = hashlib.sha256(f"{'ab' * 16},{LEAF},BTC:3.5,ETH:0,USDC:0,USDT:0".encode()).hexdigest()[:32]


def proof() -> dict[str, Any]:
    """A sound proof of two leaves; the customer's is the right one."""
    return {
        "pathList": [
            {"level": 0, "type": 1, "hash": "ab" * 16, "balances": {"BTC": "2"}},
            {"level": 1, "type": 3, "hash": ROOT, "balances": {"BTC": "3.50"}},
        ],
        "self": {
            "level": 0,
            "type": 2,
            "hash": LEAF,
            "balances": {"BTC": "1.50"},
            "proofId": "PR-1",
            "accountId": "42",
        },
    }


def check(tmp_path: Path, document: Any, **options: Any) -> ProofCheck:
    path = tmp_path / "proof.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    (found,) = check_proof_file(path, **options)
    return found


def test_the_sound_proof(tmp_path: Path) -> None:
    found = check(tmp_path, proof(), root=ROOT)
    assert found.root == ROOT
    assert found.findings == ()
    assert found.root_matches is found.published_root_matches is True


def test_an_account_number_written_as_a_number(tmp_path: Path) -> None:
    document = proof()
    document["self"]["accountId"] = 42
    assert check(tmp_path, document).root == ROOT


def test_a_file_without_root(tmp_path: Path) -> None:
    document = proof()
    del document["pathList"][1]
    found = check(tmp_path, document)
    assert found.root == ROOT
    assert found.root_matches is None
    assert "root in the file" not in {item.name for item in found.checks}


def test_a_single_leaf_is_its_own_root(tmp_path: Path) -> None:
    document = proof()
    document["pathList"] = []
    assert check(tmp_path, document).root == LEAF
    document["pathList"] = [{"level": 0, "type": 3, "hash": LEAF, "balances": {"BTC": "1.5"}}]
    found = check(tmp_path, document)
    assert found.root_matches is True
    assert found.findings == ()


@pytest.mark.parametrize(
    ("where", "value", "code"),
    [
        (("self", "balances", "BTC"), "1.5", "PROOF.LEAF"),
        (("self", "hash"), "cd" * 16, "PROOF.LEAF"),
        (("self", "type"), 1, "PROOF.NODE"),
        (("pathList", 0, "hash"), "cd" * 16, "PROOF.ROOT"),
        (("pathList", 0, "type"), 2, "PROOF.ROOT"),
        (("pathList", 0, "balances", "BTC"), "2.1", "PROOF.ROOT"),
        (("pathList", 1, "hash"), "cd" * 16, "PROOF.ROOT"),
        (("pathList", 1, "balances", "BTC"), "3.4", "PROOF.SUMS"),
        (("pathList", 1, "balances"), {}, "PROOF.SUMS"),
        (("pathList", 0, "balances", "ETH"), "-1", "PROOF.NEGATIVE"),
        (("self", "balances", "ETH"), "-1", "PROOF.NEGATIVE"),
    ],
)
def test_what_does_not_agree_has_its_code(tmp_path: Path, where: tuple[Any, ...], value: Any, code: str) -> None:
    document = proof()
    target: Any = document
    for key in where[:-1]:
        target = target[key]
    target[where[-1]] = value
    assert code in {item.code for item in check(tmp_path, document).findings}


def entry(level: Any, **fields: Any) -> dict[str, Any]:
    return {"level": level, "type": 1, "hash": "ab" * 16, "balances": {"BTC": "2"}} | fields


@pytest.mark.parametrize(
    "path",
    [
        "not a list",
        [entry(0), entry(0)],
        [entry(3), entry(1)],
        [entry(0, type=3), entry(1)],
        [entry(0), entry(1, type=3), entry(2, type=3)],
        [entry(level) for level in range(10_000)],
        [entry(9999, type=3)],
        [entry(65, type=3)],
        [entry(-1)],
        [entry("x")],
        [entry("0")],
        [entry(0.5)],
        [entry(True)],
        [entry(None)],
        [entry(0, type=4)],
        [entry(0, hash="ab" * 15)],
        [entry(0, hash="AB" * 16)],
        [entry(0, hash="ab" * 32)],
        [entry(0, hash=None)],
        [entry(0, hash="", type=2)],
        [entry(0, hash="", type=1, balances={})],
        [entry(0, balances={"BTC": 2})],
        [entry(0, balances={"BTC": "2e5"})],
        [entry(0, balances={"BTC": "007"})],
        [entry(0, balances={"BTC": "１"})],
        [entry(0, balances={"BTC": "1\n"})],
        [entry(0, balances={"BTC": "1" * 61})],
        [entry(0, balances={"B,TC": "1"})],
        [entry(0, balances={f"C{number}": "1" for number in range(201)})],
        [entry(0, balances=None)],
        [entry(0, balance={"BTC": "2"})],
        ["entry"],
        [[[]]],
    ],
)
def test_a_path_that_cannot_be_one(tmp_path: Path, path: Any) -> None:
    started = time.monotonic()
    with pytest.raises(ProofError) as caught:
        check(tmp_path, proof() | {"pathList": path}, scheme="mexc")
    assert caught.value.code == "PROOF.UNREADABLE"
    assert caught.value.exit_status == 3
    assert "proof.json" in caught.value.sentence()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "fields",
    [
        {"hash": ""},
        {"proofId": "PR,1"},
        {"proofId": None},
        {"accountId": [42]},
        {"accountId": ""},
        {"accountId": "a,b"},
    ],
)
def test_an_own_entry_that_cannot_be_one(tmp_path: Path, fields: dict[str, Any]) -> None:
    document = proof()
    document["self"] |= fields
    with pytest.raises(ProofError):
        check(tmp_path, document)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe",
        b"{",
        b'{"pathList":[],"pathList":[],"self":{}}',
        b"[" * 5000,
        b'{"pathList":[{"level":NaN}],"self":{}}',
        b"PK\x03\x04 not a proof",
    ],
)
@pytest.mark.parametrize("scheme", ["auto", "mexc"])
def test_a_file_that_is_no_proof(tmp_path: Path, data: bytes, scheme: str) -> None:
    with pytest.raises(ProofError) as caught:
        check(tmp_path, data, scheme=scheme)
    assert caught.value.code == "PROOF.UNREADABLE"


def test_a_gigabyte_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(2**30)
    started = time.monotonic()
    with pytest.raises(ProofError, match="size limit"):
        check_proof_file(path)
    assert time.monotonic() - started < 2


def test_a_folder_and_an_absent_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ProofError) as caught:
            check_proof_file(path)
        assert caught.value.code == "PROOF.UNREADABLE"


@pytest.mark.parametrize(
    "options",
    [
        {"scheme": "nobody-knows"},
        {"scheme": "rfc6962-sha256"},
        {"root": "xyz"},
        {"root": ""},
        {"root": "abc"},
    ],
)
def test_wrong_use(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        check(tmp_path, proof(), **options)


def test_an_anchor_where_the_scheme_has_none(tmp_path: Path) -> None:
    (tmp_path / "anchor.json").write_text("{}")
    with pytest.raises(AuditError):
        check(tmp_path, proof(), anchor=tmp_path / "anchor.json")
