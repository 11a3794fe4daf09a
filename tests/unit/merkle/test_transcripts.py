"""Proofs copied from web pages: BingX, Pionex, TopOne, against texts hashed here by hand."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from auditor_app.errors import ProofError
from auditor_app.merkle.proof_file import check_proof_file
from auditor_app.merkle.published import ProofCheck


def hx(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def raw(*hashes: str) -> str:
    return hashlib.sha256(b"".join(map(bytes.fromhex, hashes))).hexdigest()


A, B = hx("a"), hx("b")
BINGX_LEAF = hx(hx("12180864") + ",BTC:0.0,ETH:0.5,USDT:20384,USDC:0.0,Total:49875.12599")
BINGX = (
    "scheme: bingx\nuid: 12180864\nBTC: 0\nETH: 0.50\nUSDT: 20384\nUSDC: 0.00000000\nTotal: 49875.12599\n"
    f"leaf: {BINGX_LEAF}\npath: l:{A},r:{B}\nroot: {hx(hx(A + BINGX_LEAF) + B)}\n"
)
RECORD = hmac.new(b"n0nce", b"PR-7,42", "sha256").hexdigest()
PIONEX_LEAF = hx(f"{RECORD},ADA:123.2456,ETH:2.24120,Total:1234.567")
PIONEX = (
    "scheme: pionex\nproofId: PR-7\nuserId: 42\nnonce: n0nce\nETH: 2.24120\nADA: 123.2456\nTotal: 1234.567\n"
    f"leaf: {PIONEX_LEAF}\npath: 7:{A},2:{B}\nroot: {raw(B, raw(PIONEX_LEAF, A))}\n"
)
TOPONE_LEAF = (
    "3b44181df32e6fbad0273fd5bcaa8e273121d355a28933cd2b98a9e7c0bb3c7f"  # README of TopOne-API/proof-of-reserves
)
TOPONE = (
    f"scheme: topone\nuid: User12345\nUSDT: 100.25890\nleaf: {TOPONE_LEAF}\npath: 1{A},0{B}\n"
    f"root: {raw(B, raw(TOPONE_LEAF, A))}\n"
)
ALL = {"bingx": BINGX, "pionex": PIONEX, "topone": TOPONE}


def check(tmp_path: Path, text: str) -> ProofCheck:
    path = tmp_path / "proof.txt"
    path.write_text(text)
    (found,) = check_proof_file(path)
    return found


@pytest.mark.parametrize("scheme", ALL)
def test_transcripts_agree(scheme: str, tmp_path: Path) -> None:
    found = check(tmp_path, ALL[scheme])
    assert found.scheme == scheme
    assert found.root_matches is True
    assert found.findings == ()
    assert "SCHEME.UNCONFIRMED" in {item.code for item in found.limitations}


@pytest.mark.parametrize("scheme", ALL)
def test_every_changed_digit_is_found_or_refused(scheme: str, tmp_path: Path) -> None:
    text = ALL[scheme]
    first = text.index("\n") + 1
    digits = [at for at in range(first, len(text)) if text[at] in "0123456789abcdef" and text[at - 1] != "\n"]
    unnoticed = []
    for at in [at for at in digits if ":" in text[text.rindex("\n", 0, at) : at]][::5]:
        changed = text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]
        try:
            if not check(tmp_path, changed).findings:
                unnoticed.append(changed[at - 20 : at + 20])
        except ProofError as error:
            assert error.code == "PROOF.UNREADABLE"
    assert unnoticed == []


@pytest.mark.parametrize(
    "text",
    [
        "scheme: bingx\n",
        BINGX + "uid: 1\n",
        BINGX.replace("BTC: 0\n", "XRP: 0\n"),
        BINGX.replace("BTC: 0\n", "BTC: zero\n"),
        BINGX.replace("l:", "left:"),
        BINGX.replace(A, A[:-1]),
        BINGX.replace("uid: 12180864", "uid: 1,2"),
        "scheme: bingx\nuid 1\n",
        "scheme: bingx\n" + "".join(f"C{number}: 1\n" for number in range(300)),
        PIONEX.replace("Total: 1234.567\n", ""),
        PIONEX.replace(",2:", ",5:"),
        PIONEX.replace("7:", "0:"),
        PIONEX.replace(f",2:{B}", ""),
        PIONEX.replace("userId: 42", f"recordId: {A}\nuserId: 42"),
        PIONEX.replace(f"7:{A}", ",".join(f"{number}:{A}" for number in range(300, 100, -1))),
        TOPONE.replace(f"1{A}", f"2{A}"),
        TOPONE.replace("User", "Us\u00e9r"),
    ],
)
def test_malformed_transcripts_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ProofError) as caught:
        check(tmp_path, text)
    assert caught.value.code == "PROOF.UNREADABLE"
    assert caught.value.exit_status == 3
