"""Gate's files made here: forged totals, broken chains, left-out accounts, and the customer's file."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from auditor_app.errors import ProofError
from auditor_app.merkle.poseidon import FIELD, poseidon
from auditor_app.merkle.profiles import Attempt
from auditor_app.merkle.proof_file import detect_file
from auditor_app.merkle.published_tree import TreeCheck
from auditor_app.merkle.schemes.gate_rule import (
    Asset,
    assets_commitment,
    empty_nodes,
    leaf_of,
    sparse_root,
    totals_commitment,
)
from auditor_app.merkle.tree_file import check_tree, find_tree
from auditor_app.operation import CancelToken, run

SLOTS = 64
IDS = ["11" * 32, "ab" * 32, "ff" * 32]
COINS = [("btc", 8, "50000.5"), ("tiny", 2, "0.00000001"), ("eth", 8, "3000")]
HELD = [
    [("1.5", "0.5"), ("0", "0"), ("0", "0")],
    [("0", "0"), ("7.129", "0"), ("0", "0")],
    [("0", "0"), ("0", "0"), ("2", "0")],
]


def units(text: str, digits: int) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole + fraction[:digits].ljust(digits, "0"))


PRICES = [units(price, 16 - digits) for _, digits, price in COINS]


def amounts(row: list[tuple[str, str]]) -> tuple[tuple[int, int, int], ...]:
    found = (
        (index, units(plus, COINS[index][1]), units(minus, COINS[index][1])) for index, (plus, minus) in enumerate(row)
    )
    return tuple(item for item in found if item[1] or item[2])


def leaf(number: int) -> int:
    held = amounts(HELD[number])
    equity, debt = (sum(item[part] * PRICES[item[0]] for item in held) for part in (1, 2))
    return leaf_of(int(IDS[number], 16), equity, debt, assets_commitment(held, SLOTS))


def b64(value: int) -> str:
    return base64.b64encode(value.to_bytes(32, "big")).decode()


def totals(rows: list[list[tuple[str, str]]]) -> list[Asset]:
    sums = [[0, 0] for _ in COINS]
    for row in rows:
        for index, plus, minus in amounts(row):
            sums[index][0] += plus
            sums[index][1] += minus
    return [Asset(name, *both, price) for (name, _, _), both, price in zip(COINS, sums, PRICES, strict=True)]


def write_totals(folder: Path, assets: list[Asset]) -> None:
    listed = [
        {"TotalEquity": a.equity, "TotalDebt": a.debt, "BasePrice": a.price, "Symbol": a.symbol, "Index": index}
        for index, a in enumerate(assets)
    ]
    (folder / "cex_config.json").write_text(json.dumps({"CexAssetsInfo": listed}))


def write_batches(
    folder: Path, batches: list[tuple[int, int, int, int]], *, commitments: list[int] | None = None
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(
        ["id", "created_at", "cex_asset_list_commitments", "account_tree_roots", "batch_commitment", "batch_number"]
    )
    for number, (before, after, first, last) in enumerate(batches):
        stated = poseidon((before, after, first, last)) if commitments is None else commitments[number]
        pairs = [json.dumps([b64(a), b64(b)]) for a, b in ((first, last), (before, after))]
        writer.writerow([number + 1, "", *pairs, b64(stated), number])
    (folder / "proof.csv").write_text(text.getvalue())


def write_list(folder: Path, rows: list[list[tuple[str, str]]]) -> None:
    heading = ["rn", "main_uid_hashed", *(f"{kind}{name}" for name, _, _ in COINS for kind in ("e_", "d_", ""))]
    heading += [f"{name}_usdt_price" for name, _, _ in COINS]
    lines = [",".join(heading)]
    for number, row in enumerate(rows):
        cells = [cell for plus, minus in row for cell in (plus, minus, "0")]
        lines.append(",".join([str(number + 1), IDS[number], *cells, *(price for _, _, price in COINS)]))
    (folder / "list.csv").write_text("\n".join(lines))


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Three accounts in two batches."""
    middle, end = sparse_root([leaf(0)], SLOTS), sparse_root([leaf(0), leaf(1), leaf(2)], SLOTS)
    one, all_ = totals(HELD[:1]), totals(HELD)
    start, half, last = (
        totals_commitment(one, SLOTS, before=True),
        totals_commitment(one, SLOTS),
        totals_commitment(all_, SLOTS),
    )
    write_totals(tmp_path, all_)
    write_batches(tmp_path, [(empty_nodes(SLOTS)[-1], middle, start, half), (middle, end, half, last)])
    write_list(tmp_path, HELD)
    return tmp_path


def check(folder: Path) -> TreeCheck:
    tree = find_tree([folder])
    assert tree is not None
    return run(check_tree(tree, CancelToken()))


def codes(folder: Path) -> list[str]:
    return [item.code for item in check(folder).findings][1:]  # the note on 254 bits


def test_everything_published_agrees(gate: Path) -> None:
    found = check(gate)
    assert (found.scheme, found.leaves, found.nodes) == ("gate-zk", 3, 2)
    assert codes(gate) == []
    assert all(item.agrees for item in found.checks)
    assert found.totals["tiny"] == "equity 712, debt 0"
    assert "ZK.NOT_CHECKED" in {item.code for item in found.limitations}


def test_a_price_beyond_64_bits_stands_for_a_debt(gate: Path) -> None:
    """The zkmerkle bug that hknio showed: debt 1 and price p hash like debt 0 and price 2**64 + p."""
    honest = totals(HELD)
    assert honest[2].debt == 0
    owing = [*honest[:2], Asset("eth", honest[2].equity, 1, honest[2].price)]
    forged = [*honest[:2], Asset("eth", honest[2].equity, 0, honest[2].price + 2**64)]
    assert totals_commitment(owing, SLOTS) == totals_commitment(forged, SLOTS)
    (gate / "list.csv").unlink()
    (gate / "proof.csv").unlink()
    write_totals(gate, forged)
    assert codes(gate) == ["RANGE.FIELD"]


def test_more_debt_than_equity_in_one_asset(gate: Path) -> None:
    (gate / "list.csv").unlink()
    (gate / "proof.csv").unlink()
    write_totals(gate, [Asset("aave", 0, 10**16, 5)])
    assert codes(gate) == ["PROOF.NEGATIVE"]


def test_a_wrong_commitment_and_broken_chains(gate: Path) -> None:
    (gate / "list.csv").unlink()
    (gate / "cex_config.json").unlink()
    empty, a, b = empty_nodes(SLOTS)[-1], 5, 6
    write_batches(gate, [(empty, a, 1, 2), (a, b, 2, 3)], commitments=[poseidon((empty, a, 1, 2)), 7])
    assert codes(gate) == ["PROOF.NODE"]
    for batches in ([(empty, a, 1, 2), (b, a, 2, 3)], [(empty, a, 1, 2), (a, b, 9, 3)], [(a, b, 1, 2)]):
        write_batches(gate, batches)
        assert codes(gate) == ["PROOF.NODE"]


def test_totals_that_no_batch_commits_to(gate: Path) -> None:
    changed = totals(HELD)
    write_totals(gate, [Asset("btc", changed[0].equity - 1, changed[0].debt, changed[0].price), *changed[1:]])
    assert codes(gate) == ["PROOF.SUMS", "PROOF.SUMS"]  # after the last batch, and beside the list


def test_an_account_that_is_missing_from_the_list(gate: Path) -> None:
    write_list(gate, HELD[:2])
    assert sorted(codes(gate)) == ["PROOF.ROOT", "PROOF.SUMS"]


def test_an_account_that_owes_more_than_it_holds_is_named(gate: Path) -> None:
    write_list(gate, [*HELD[:2], [("0", "0"), ("0", "0"), ("1", "2")]])
    assert "PROOF.NEGATIVE" in codes(gate)
    write_list(gate, [*HELD[:2], [("0", "0"), ("0", "0"), ("-1", "0")]])
    assert "RANGE.FIELD" in codes(gate)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("list.csv", "1.5", "x"),
        ("list.csv", "1.5", ""),
        ("list.csv", "1.5,", ""),
        ("list.csv", IDS[0], "11"),
        ("list.csv", "d_btc", "x_btc"),
        ("list.csv", "e_tiny", "e_btc"),
        ("proof.csv", '"0"', '"3"'),
        ("proof.csv", "=", "!"),
        ("proof.csv", "[", "{"),
        ("cex_config.json", '"Index": 1', '"Index": 2'),
        ("cex_config.json", '"TotalDebt": 0', '"TotalDebt": -1'),
        ("cex_config.json", '"TotalDebt": 0', '"TotalDebt": 0.5'),
        ("cex_config.json", '"TotalDebt": 0', '"TotalDebt": "0"'),
    ],
)
def test_malformed_files_are_refused(name: str, old: str, new: str, gate: Path) -> None:
    text = (gate / name).read_text()
    assert old in text
    (gate / name).write_text(text.replace(old, new, 1))
    with pytest.raises(ProofError) as caught:
        check(gate)
    assert (caught.value.code, caught.value.exit_status) == ("PROOF.UNREADABLE", 3)


def test_the_list_needs_the_prices(gate: Path) -> None:
    (gate / "cex_config.json").unlink()
    with pytest.raises(ProofError):
        check(gate)


# ---- the customer's file


def customer(own: int | None = None, **changed: Any) -> dict[str, Any]:
    """The second account's file, in a tree of two; ``own`` is another leaf of its."""
    siblings = [leaf(0), *empty_nodes(SLOTS)[1:28]]
    node = leaf(1) if own is None else own
    node = poseidon((siblings[0], node))
    for beside in siblings[1:]:
        node = poseidon((node, beside))
    worth = 712 * PRICES[1]
    found = {
        "Arrangement": 1,
        "UniqueIdentification": IDS[1],
        "TotalAssetEquity": worth,
        "TotalAssetDebt": 0,
        "AssetDetails": [{"Index": 1, "Equity": 712, "Debt": 0}],
        "TreeRootHash": f"{node:064x}",
        "MerkleProofEncode": [b64(item) for item in siblings],
    }
    return {**found, **changed}


def attempt(path: Path, document: dict[str, Any], anchor: Path | None = None) -> Attempt:
    path.write_text(json.dumps(document))
    return detect_file(path, anchor=anchor, options={"slots": "64"}).chosen


def found_codes(path: Path, document: dict[str, Any], anchor: Path | None = None) -> list[str]:
    return [item.code for check in attempt(path, document, anchor).checks for item in check.findings]


def test_a_customers_path(gate: Path) -> None:
    path = gate / "user_config.json"
    assert found_codes(path, customer()) == []
    assert found_codes(path, customer(), gate / "cex_config.json") == []
    assert found_codes(path, customer(), gate / "proof.csv") == ["PROOF.PUBLISHED_ROOT"]  # that tree has three accounts
    (check,) = attempt(path, customer()).checks
    assert "ZK.NOT_CHECKED" in {item.code for item in check.limitations}


@pytest.mark.parametrize(
    "changed",
    [
        {"Arrangement": 0},
        {"UniqueIdentification": "ac" + IDS[1][2:]},
        {"TotalAssetEquity": 712 * PRICES[1] + 1},
        {"TotalAssetDebt": 1},
        {"AssetDetails": [{"Index": 1, "Equity": 713, "Debt": 0}]},
        {"AssetDetails": [{"Index": 2, "Equity": 712, "Debt": 0}]},
        {"AssetDetails": []},
        {"TreeRootHash": "00" * 32},
        {"MerkleProofEncode": [b64(1)] * 28},
    ],
)
def test_each_change_of_a_customers_file_is_found(changed: dict[str, Any], gate: Path) -> None:
    assert found_codes(gate / "user_config.json", customer(**changed)) == ["PROOF.ROOT"]


def test_amounts_beyond_64_bits_and_totals_that_are_no_sum(gate: Path) -> None:
    path = gate / "user_config.json"
    owing = leaf_of(int(IDS[1], 16), 712 * PRICES[1], 0, assets_commitment(((0, 0, 1), (1, 712, 0)), SLOTS))
    hidden = [{"Index": 1, "Equity": 712 + 2**64, "Debt": 0}]  # the same packed element, without the debt
    assert found_codes(path, customer(owing, AssetDetails=hidden)) == ["RANGE.FIELD"]
    assert "PROOF.SUMS" in found_codes(path, customer(TotalAssetEquity=1), gate / "cex_config.json")


@pytest.mark.parametrize(
    "changed",
    [
        {"Arrangement": 2**28},
        {"Arrangement": -1},
        {"Arrangement": "1"},
        {"UniqueIdentification": "zz" * 32},
        {"TotalAssetEquity": 10**41},
        {"AssetDetails": {}},
        {"AssetDetails": [{"Index": 64, "Equity": 1, "Debt": 0}]},
        {"AssetDetails": [{"Index": 1, "Equity": 1, "Debt": 0}] * 2},
        {"TreeRootHash": "00"},
        {"MerkleProofEncode": [b64(1)] * 27},
        {"MerkleProofEncode": [b64(1)] * 10_000},
        {"MerkleProofEncode": ["AA=="] * 28},
        {"MerkleProofEncode": [base64.b64encode(FIELD.to_bytes(32, "big")).decode()] * 28},
        {"MerkleProofEncode": [1] * 28},
    ],
)
def test_malformed_customers_files_are_refused(changed: dict[str, Any], gate: Path) -> None:
    with pytest.raises(ProofError) as caught:
        attempt(gate / "user_config.json", customer(**changed))
    assert caught.value.code == "PROOF.UNREADABLE"
