"""MEXC's two published proofs: the values of the issue, and every single-byte change of what the hash binds."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor_app.findings import exit_status
from auditor_app.merkle.proof_file import check_proof_file
from auditor_app.merkle.published import ProofCheck

pytestmark = pytest.mark.vectors
CURRENT, OLDER = "merkle_proof.json", "fcitem_main_merkle_proof_PR-2022-12-29.json"


def check(path: Path, **options: Any) -> ProofCheck:
    (found,) = check_proof_file(path, **options)
    return found


def test_the_current_form(vectors: Path) -> None:
    found = check(vectors / "merkle/mexc" / CURRENT, root="0x35D01FFEF2BEEC3FF0166C03F3D9B0CC")
    assert found.scheme == "mexc"
    assert found.root == "35d01ffef2beec3ff0166c03f3d9b0cc"
    assert found.leaf.digest == "8c288ee092d370002ff31d0f8f48eb5f"
    assert found.leaf.preimage == b"PR-2025-01-22,1745297673,ETH:195462.73"
    assert found.balances == {"BTC": "4386831.37", "ETH": "5001729.74", "USDC": "0", "USDT": "5099023.18"}
    assert found.root_matches is found.published_root_matches is True
    assert [item.agrees for item in found.checks] == [True] * 5
    assert found.findings == ()
    assert [step.sibling is None for step in found.steps] == [True, True, False, False]
    assert found.steps[0].node.preimage == b"8c288ee092d370002ff31d0f8f48eb5f,,ETH:195462.73"
    assert found.steps[-1].side == "left"


def test_the_older_form_with_negative_siblings(vectors: Path) -> None:
    found = check(vectors / "merkle/mexc" / OLDER)
    assert found.root == "54c765dc661e9a7ab551fa717c7a3016"
    assert found.root_matches is True
    assert found.published_root_matches is None
    assert found.balances["USDT"] == "-5888760774878256111.192399814872852614"
    assert [item.code for item in found.findings] == ["PROOF.NEGATIVE"] * 5
    assert sum(len(step.negative) for step in found.steps) == 8
    assert exit_status(found.findings) == 1


def test_another_published_root(vectors: Path) -> None:
    found = check(vectors / "merkle/mexc" / CURRENT, root="00" * 16)
    assert found.root_matches is True
    assert found.published_root_matches is False
    assert [item.code for item in found.findings] == ["PROOF.PUBLISHED_ROOT"]


def flipped(text: str, at: int) -> str:
    return text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]


def changes(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document with one byte of a hash, an amount, an id or a side changed."""
    entries = [document["self"], *document["pathList"]]
    for number, entry in enumerate(entries):
        for field, value in entry.items():
            if field == "type" and (entry["hash"] or number == 0) and value != 3:
                yield f"{number} type", changed(document, number, (field,), 3 - value)
            for at in range(len(value)) if isinstance(value, str) else ():
                yield f"{number} {field} {at}", changed(document, number, (field,), flipped(value, at))
            for coin, amount in value.items() if isinstance(value, dict) else ():
                for at in range(len(amount)):
                    yield f"{number} {coin} {at}", changed(document, number, (field, coin), flipped(amount, at))


def changed(document: dict[str, Any], number: int, keys: tuple[str, ...], value: Any) -> dict[str, Any]:
    other = copy.deepcopy(document)
    target = [other["self"], *other["pathList"]][number]
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = value
    return other


@pytest.mark.parametrize("name", [CURRENT, OLDER])
def test_every_single_change_is_refused_or_found(vectors: Path, tmp_path: Path, name: str) -> None:
    document = json.loads((vectors / "merkle/mexc" / name).read_text())
    before = {item.code for item in check(vectors / "merkle/mexc" / name).findings}
    path = tmp_path / "proof.json"
    unnoticed = []
    count = 0
    for what, other in changes(document):
        path.write_text(json.dumps(other))
        count += 1
        try:
            found = check(path)
        except Exception as error:
            assert getattr(error, "code", "") == "PROOF.UNREADABLE", what
            continue
        if not {item.code for item in found.findings} - before:
            unnoticed.append(what)
    assert count > 150
    assert unnoticed == []
