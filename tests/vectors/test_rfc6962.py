"""The inclusion and consistency vectors of transparency-dev/merkle, those of subtrees too: every file counted."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from auditor_app.merkle.rfc6962 import contains, includes, includes_in_subtree, is_extended_by

pytestmark = pytest.mark.vectors


def cases(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    return [(str(path), json.loads(path.read_text())) for path in sorted(folder.rglob("*.json"))]


def raw(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def test_inclusion_vectors(vectors: Path) -> None:
    found = cases(vectors / "rfc6962/testdata/inclusion")
    wrong = [
        name
        for name, case in found
        if includes(
            case["leafIdx"],
            case["treeSize"],
            raw(case["leafHash"]),
            [raw(h) for h in case["proof"] or []],
            raw(case["root"]),
        )
        is case["wantErr"]
    ]
    assert not wrong
    assert len(found) == 98
    assert {case["wantErr"] for _, case in found} == {True, False}


def test_consistency_vectors(vectors: Path) -> None:
    found = cases(vectors / "rfc6962/testdata/consistency")
    wrong = [
        name
        for name, case in found
        if is_extended_by(
            case["size1"], case["size2"], raw(case["root1"]), raw(case["root2"]), [raw(h) for h in case["proof"] or []]
        )
        is case["wantErr"]
    ]
    assert not wrong
    assert len(found) == 98
    assert {case["wantErr"] for _, case in found} == {True, False}


def test_subtree_inclusion_vectors(vectors: Path) -> None:
    found = cases(vectors / "rfc6962/testdata/subtreeinclusion")
    wrong = [
        name
        for name, case in found
        if includes_in_subtree(
            case["leafIdx"],
            case["start"],
            case["end"],
            leaf=raw(case["leafHash"]),
            path=[raw(h) for h in case["proof"] or []],
            root=raw(case["root"]),
        )
        is case["wantErr"]
    ]
    assert not wrong
    assert len(found) == 204
    assert {case["wantErr"] for _, case in found} == {True, False}


def test_subtree_consistency_vectors(vectors: Path) -> None:
    found = cases(vectors / "rfc6962/testdata/subtreeconsistency")
    wrong = [
        name
        for name, case in found
        if contains(
            case["start"],
            case["end"],
            case["size"],
            subtree=raw(case["root1"]),
            root=raw(case["root2"]),
            path=[raw(h) for h in case["proof"] or []],
        )
        is case["wantErr"]
    ]
    assert not wrong
    assert len(found) == 118
    assert {case["wantErr"] for _, case in found} == {True, False}
