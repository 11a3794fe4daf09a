"""``chain ownership`` and ``chain challenge`` as scripts see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor_app.chain.ownership.model import Outcome
from auditor_app.cli.main import main
from tests.unit.chain.ownership.wallets import Wallet

P2PKH = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
HEAD = "coin,address,snapshot height,balance,message,signature"


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(("coin,snapshot height,balance", "BTC,1,4", "", HEAD, *rows)) + "\n", encoding="utf-8")
    return path


def signed(message: str) -> str:
    return f"BTC,{P2PKH},1,3.0,{message},{Wallet.number(1).bitcoin(message)}"


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    status = main(["chain", "ownership", *arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_json_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "list.csv", signed("ours"), "BTC,1EHNa6Q4Jz2uvNExL497mE43ikXhwF6kZm,1,1,-,-")
    status, document = run_json(capsys, str(path), "--as-of", "2026-11-22")
    assert status == 1
    first, second = document["rows"]  # type: ignore[misc]
    wanted = {"asset": "BTC", "account": P2PKH, "amount": "3.0", "method": "bip137", "result": "valid"}
    assert first.items() >= (wanted | {"binds": "address", "freshness": "replayable"}).items()
    assert (second["result"], second["binds"], second["method"]) == ("unsigned", "nothing", None)
    share = document["shareByValue"]["BTC"]  # type: ignore[index]
    assert share["total"] == "4.0"
    assert share["stale"] == {"amount": "3.0", "percent": "75.0000"}
    assert share["none"] == {"amount": "1.0", "percent": "25.0000"}
    assert document["counts"] == {"valid": 1, "invalid": 0, "unsigned": 1, "undecodable": 0}
    assert set(document["counts"]) == {outcome.value for outcome in Outcome}  # type: ignore[call-overload]


def test_the_challenge_makes_a_message_fresh_and_the_status_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chain", "challenge", "--for", "Example audit", "--json"]) == 0
    text = json.loads(capsys.readouterr().out)["challenge"]
    path = write(tmp_path / "list.csv", signed(text))
    status, document = run_json(capsys, str(path), "--challenge", text)
    assert status == 0
    assert document["rows"][0]["freshness"] == "fresh"  # type: ignore[index]


def test_an_earlier_list_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    january = write(tmp_path / "january.csv", signed("2026-11-22"))
    february = write(tmp_path / "february.csv", signed("2026-11-22"))
    _, document = run_json(capsys, str(february), "--as-of", "2026-11-22", "--earlier", str(january))
    assert document["rows"][0]["seenBefore"] == "january.csv, row 5"  # type: ignore[index]
    assert [found["code"] for found in document["findings"]] == ["OWNERSHIP.REPEATED"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("arguments", [["--as-of", "yesterday"], ["--challenge", " "]])
def test_unusable_options_end_with_three(tmp_path: Path, arguments: list[str]) -> None:
    assert main(["chain", "ownership", str(write(tmp_path / "l.csv", signed("m"))), *arguments]) == 3


def test_an_unreadable_list_ends_with_three_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "list.csv", f"BTC,{P2PKH},1,3.0,a,b,c")
    assert main(["chain", "ownership", str(path)]) == 3
    assert "list.csv, row 5: the line has more cells than the header" in capsys.readouterr().err
    assert main(["chain", "ownership", str(tmp_path / "absent.csv")]) == 3


def test_control_characters_of_a_list_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "list.csv", f"\x1b[2JBTC,{P2PKH},1,3.0,-,-")
    assert main(["chain", "ownership", str(path)]) == 1
    assert "\x1b" not in capsys.readouterr().err
