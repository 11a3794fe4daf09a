"""Bifubao's tables and SwissBorg's audits made here: each field that is bound, each comparison, each malformed form."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from auditor_app.errors import ProofError, UsageError
from auditor_app.merkle.proof_file import detect_file
from auditor_app.merkle.tree_file import check_tree, find_tree
from auditor_app.operation import CancelToken, run


def codes(path: Path, companion: Path | None = None, **options: str) -> list[str]:
    tree = find_tree([path])
    assert tree is not None
    found = run(check_tree(tree, CancelToken(), companion=companion, options=options))
    return [item.code for item in found.findings if item.code != "SCHEME.WEAK_HASH"]


# ---- Bifubao

USERS = [("aa", 5), ("bb", 7), ("cc", 11)]


def cut(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:8]


def table(path: Path, padding: str, users: list[tuple[str, int]] = USERS, *, ordered: bool = True) -> Path:
    level = [(cut((uid + f"{held:016d}").encode()), held) for uid, held in users]
    level = sorted(level) if ordered else sorted(level, reverse=True)
    lines: list[str] = []
    height = 0
    while True:
        if len(level) % 2 and len(level) > 1:
            level.append(level[-1] if padding == "duplicate" else (cut(b"EMPTY_NODE_STRING" + b"0" * 16), 0))
            notes = [""] * (len(level) - 1) + ["    // this is padding node"]
        else:
            notes = [""] * len(level)
        lines += [
            f"{len(lines) + at}\t{height}\t{held}\t{digest.hex()}{note}"
            for at, ((digest, held), note) in enumerate(zip(level, notes, strict=True))
        ]
        if len(level) == 1:
            break
        level = [
            (cut(struct.pack("<q", x + y) + a + b), x + y)
            for (a, x), (b, y) in zip(level[::2], level[1::2], strict=True)
        ]
        height += 1
    path.write_text("\n".join(lines) + "\n")
    return path


def inputs(path: Path, users: list[tuple[str, int]] = USERS) -> Path:
    path.write_text("".join(f"{uid}\t{held}\n" for uid, held in users))
    return path


def test_both_paddings_are_told_apart(tmp_path: Path) -> None:
    listed = inputs(tmp_path / "inputs.txt")
    path = tmp_path / "table.tsv"
    assert codes(table(path, "empty"), listed) == []
    assert codes(path, padding="duplicate") == ["PROOF.NODE"] * 3
    assert codes(table(path, "duplicate"), listed) == ["PROOF.SUMS"]  # padding is counted in the root
    with pytest.raises(UsageError):
        codes(path, padding="none")


def test_rows_lists_and_order_are_compared(tmp_path: Path) -> None:
    path = table(tmp_path / "table.tsv", "empty")
    assert "PROOF.NODE" in codes(path, inputs(tmp_path / "inputs.txt", [("aa", 5), ("bb", 7), ("cc", 12)]))
    assert "ROWS.COUNT" in codes(path, inputs(tmp_path / "inputs.txt", USERS[:2]))
    text = path.read_text()
    for row in (f"3\t{17}\t0\t2\n", f"3\t{23}\t0\t2\n", f"4\t{23}\t0\t2\n"):
        path.write_text(text + row)
        expected = {"3\t17": ["PROOF.SUMS"], "3\t23": [], "4\t23": ["ROWS.COUNT"]}["\t".join(row.split("\t")[:2])]
        assert codes(path) == expected
    assert codes(table(path, "empty", ordered=False)) == ["PROOF.NODE"]
    debt = table(path, "empty", [("aa", 5), ("bb", -7)])
    assert codes(debt) == ["PROOF.NEGATIVE"]


def test_every_changed_number_of_a_node_is_found(tmp_path: Path) -> None:
    path = table(tmp_path / "table.tsv", "empty")
    listed = inputs(tmp_path / "inputs.txt")
    lines = path.read_text().splitlines()
    for row, line in enumerate(lines):
        number, level, held, digest = line.partition(" ")[0].split("\t")
        for changed in ((str(int(held) + 1), digest), (held, digest[:-1] + ("1" if digest[-1] != "1" else "2"))):
            path.write_text("\n".join([*lines[:row], "\t".join([number, level, *changed]), *lines[row + 1 :]]))
            assert codes(path, listed), row


@pytest.mark.parametrize(
    "text",
    [
        "0\t0\t1\t" + "0" * 15,
        "0\t0\t1\t" + "0" * 16 + "\n2\t0\t1\t" + "0" * 16,
        "0\t0\t1\t" + "0" * 16 + "\n1\t2\t1\t" + "0" * 16,
        "0\t0\t1\t" + "0" * 16 + "\n1\t0\t1\t" + "0" * 16,
        "".join(f"{at}\t{int(at > 2)}\t1\t{'0' * 16}\n" for at in range(5)),
        f"0\t0\t1\t{'0' * 16}\nx\n",
    ],
)
def test_malformed_tables_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text(text)
    with pytest.raises(ProofError) as caught:
        tree = find_tree([path], scheme="bifubao")
        if tree is None:
            raise ProofError("PROOF.UNREADABLE", "not recognised")
        run(check_tree(tree, CancelToken()))
    assert caught.value.code == "PROOF.UNREADABLE"


# ---- SwissBorg

CREDENTIAL = "secret"


def derive(key: str, *parts: str) -> str:
    return hmac.new(key.encode(), ",".join(parts).encode(), "sha256").hexdigest()


def nonce(index: int) -> str:
    """The currency is spelt ``chf``: it enters the nonce as spelt, and the order in capitals."""
    audit = derive(CREDENTIAL, "SB PoL - Audit nonce derivation", "A1")
    tree = derive(audit, "SB PoL - Currency Merkle tree nonce derivation", "chf")
    return derive(tree, "SB PoL - Leaf nonce derivation", str(index))


def hx(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def audit(*, written: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A user's file and the audit's roots: two leaves, the user's the second."""
    own, other = hx(f"leaf,{nonce(1)},u1,2.5"), hx("leaf,x,u2,1")
    root = hx(f"inner,1,2.5,{other},{own}")
    parts = [("A1-chf", "chf", root, "3.5"), ("A1-BTC", "BTC", hx("b"), "7")]
    ordered = [
        text for part, _, digest, held in sorted(parts, key=lambda p: p[1].upper()) for text in (part, held, digest)
    ]
    roots = {
        "audit": {
            "commitment": {"digest": hx(",".join(["SB PoL - Audit commitment hash", *ordered]))},
            "id": "A1",
            "partitions": [
                {"commitment": {"digest": digest, "liability": held}, "currency": currency, "id": part}
                for part, currency, digest, held in parts
            ],
        }
    }
    user = {
        "user_id": "u1",
        "audit_id": "A1",
        "liabilities": [
            {
                "audit_partition_id": "A1-chf",
                "liability": "2.5",
                "proof": {
                    "leaf_index": 1,
                    "nonce": own if written == "leaf" else nonce(1),
                    "witnesses": [{"digest": other, "liability": "1"}],
                },
            }
        ],
    }
    return user, roots


@pytest.fixture(params=["leaf", "nonce"])
def documents(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both readings of ``proof.nonce``."""
    return audit(written=request.param)


def found(tmp_path: Path, user: Any, roots: Any, credential: str | None = CREDENTIAL) -> list[str]:
    one, two = tmp_path / "user.json", tmp_path / "roots.json"
    one.write_text(json.dumps(user))
    two.write_text(json.dumps(roots))
    options = {} if credential is None else {"credential": credential}
    checks = detect_file(one, anchor=two, options=options).chosen.checks
    return [item.code for check in checks for item in check.findings]


def test_liabilities_and_roots_agree(tmp_path: Path, documents: tuple[dict[str, Any], dict[str, Any]]) -> None:
    user, roots = documents
    assert found(tmp_path, user, roots) == []
    assert found(tmp_path, user, roots, None) == []
    assert "PROOF.LEAF" in found(tmp_path, user, roots, "other")
    assert codes(tmp_path / "roots.json") == []


def test_each_change_is_found(tmp_path: Path, documents: tuple[dict[str, Any], dict[str, Any]]) -> None:
    for which, keys in (
        (0, ["user_id"]),
        (0, ["audit_id"]),
        (0, ["liabilities", 0, "liability"]),
        (0, ["liabilities", 0, "proof", "nonce"]),
        (0, ["liabilities", 0, "proof", "witnesses", 0, "digest"]),
        (0, ["liabilities", 0, "proof", "witnesses", 0, "liability"]),
        (1, ["audit", "commitment", "digest"]),
        (1, ["audit", "id"]),
        (1, ["audit", "partitions", 0, "commitment", "digest"]),
        (1, ["audit", "partitions", 0, "commitment", "liability"]),
        (1, ["audit", "partitions", 1, "commitment", "liability"]),
    ):
        changed = copy.deepcopy(documents)
        target: Any = changed[which]
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] = ("1" if target[keys[-1]][0] != "1" else "2") + target[keys[-1]][1:]
        assert found(tmp_path, *changed), keys
    swapped = copy.deepcopy(documents)
    swapped[0]["liabilities"][0]["proof"]["leaf_index"] = 0
    assert found(tmp_path, *swapped)


def test_a_changed_partition_changes_the_audits_digest(
    tmp_path: Path, documents: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    _, roots = documents
    path = tmp_path / "roots.json"
    roots["audit"]["partitions"][1]["commitment"]["liability"] = "8"
    path.write_text(json.dumps(roots))
    assert codes(path) == ["PROOF.NODE"]
    roots["audit"]["partitions"][1]["commitment"]["liability"] = "-8"
    path.write_text(json.dumps(roots))
    assert codes(path) == ["PROOF.NODE", "PROOF.NEGATIVE"]


@pytest.mark.parametrize(
    ("which", "keys", "value"),
    [
        (0, ["liabilities"], []),
        (0, ["user_id"], "a,b"),
        (0, ["liabilities", 0, "audit_partition_id"], "A1-XYZ"),
        (0, ["liabilities", 0, "liability"], "x"),
        (0, ["liabilities", 0, "liability"], 5),
        (0, ["liabilities", 0, "proof"], None),
        (0, ["liabilities", 0, "proof", "leaf_index"], 2),
        (0, ["liabilities", 0, "proof", "leaf_index"], -1),
        (0, ["liabilities", 0, "proof", "nonce"], "00"),
        (0, ["liabilities", 0, "proof", "witnesses"], [{}] * 1000),
        (0, ["liabilities", 0, "proof", "witnesses"], [[]]),
        (1, ["audit"], []),
        (1, ["audit", "partitions"], []),
        (1, ["audit", "partitions", 1, "currency"], "CHF"),
        (1, ["audit", "partitions", 0, "commitment"], {}),
        (1, ["audit", "commitment", "digest"], "zz"),
    ],
)
def test_malformed_audits_are_refused(
    which: int, keys: list[Any], value: Any, tmp_path: Path, documents: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    target: Any = documents[which]
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = value
    with pytest.raises(ProofError) as caught:
        found(tmp_path, *documents)
    assert caught.value.code == "PROOF.UNREADABLE"
