"""Every file that an exchange published, one row each: which profile it follows, which not, and what is found.

A row that must *not* match says where it first departs. Both tables are open: a scheme adds its rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auditor_app.merkle.proof_file import detect_file
from auditor_app.merkle.schemes.bybit_coins import OFFLINE, RELEASES, places
from auditor_app.merkle.tree_file import check_tree, find_tree
from auditor_app.operation import CancelToken, run

pytestmark = pytest.mark.vectors


@dataclass(frozen=True, kw_only=True)
class ProofRow:
    """A customer's file, tried by ``--scheme auto``.

    ``readings`` are those that match; ``others`` maps a reading (its values joined by ``/``) to the level of its first
    difference, or to ``None`` where the file cannot be read that way. ``codes`` are the findings of all proofs;
    ``agrees`` is false where something that the file states does not recalculate.
    """

    file: str
    scheme: str
    readings: tuple[str, ...] = ("",)
    others: Mapping[str, int | None] = field(default_factory=dict)
    anchor: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    proofs: int = 1
    levels: int
    root: str
    balances: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    agrees: bool = True


_BYBIT = (
    "V0",
    "Asset20",
    "AssetMnt20",
    "Asset32",
    "Asset40",
    "Asset40V2",
    "Asset40V3",
    "Asset40V4",
    "Asset40V5",
    "Asset50",
)


def _other_releases(release: str) -> dict[str, None]:
    return {name: None for name in _BYBIT if name != release}


PROOFS = [
    ProofRow(file="mexc/merkle_proof.json", scheme="mexc", levels=4, root="35d01ffef2beec3ff0166c03f3d9b0cc"),
    ProofRow(  # a developer's test tree with debts on the path, and sums of 37 digits
        file="mexc/fcitem_main_merkle_proof_PR-2022-12-29.json",
        scheme="mexc",
        levels=17,
        root="54c765dc661e9a7ab551fa717c7a3016",
        balances={"BTC": "2022461336014837654.315761816459676993", "USDT": "-5888760774878256111.192399814872852614"},
        codes=("PROOF.NEGATIVE",) * 5,
    ),
    ProofRow(
        file="okx/merkle_proof_file.json",
        scheme="okx-v1",
        levels=23,
        root="ac6b39d2a0aa8112bd1aadff5e7d4b5c2b91cd54d595262ba4367f5d2db4160d",
        balances={"BTC": "95088.55505656", "ETH": "939953.49090361", "USDT": "3137909428.88369702"},
    ),
    ProofRow(
        file="okx/user_info_file.json",
        scheme="okx-v1-full",
        anchor="okx/full-liabilities-merkle-tree.txt",
        proofs=2,
        levels=5,
        root="9e98ebde32ef22ded88a5fb2d5e53d76ed57cb9c6b2c966f250721defe6ab041",
        balances={"BTC": "0.00005", "ETH": "0.1", "USDT": "1.42045977"},
    ),
    ProofRow(
        file="bitget/merkel_tree_bg_Au20221129.json",
        scheme="bitget",
        readings=("bare/hashmap",),
        others={"quoted/hashmap": 0, "quoted/listed": 0},
        levels=10,
        root="ffedeaf82363b23c",
        balances={"BTC": "19222776331.93374469", "ETH": "12507420973.30443462", "USDT": "92889184629.59267820"},
    ),
    ProofRow(
        file="bitget/readme_example_Au20221125.json",
        scheme="bitget",
        readings=("bare/hashmap",),
        others={"quoted/hashmap": 0, "quoted/listed": 0},
        levels=2,
        root="94d0d60f7cdce5fe",
    ),
    ProofRow(
        file="bybit/mock_user_merkle_tree_path_40.json",
        scheme="bybit",
        readings=("Asset40",),
        others=_other_releases("Asset40"),
        levels=3,
        root="8837e3a902aa996279fdc3d70e38e46cd18232dfb614c515a25ba34778eb1765",
    ),
    ProofRow(
        file="bybit/mock_user_merkle_tree_path_40_v2.json",
        scheme="bybit",
        readings=("Asset40V2",),
        others=_other_releases("Asset40V2"),
        levels=14,
        root="8a9e4bb937aac2d92559791fa711ffa6a38c4861564b87ad8f1f42f5d0ac6c93",
    ),
    ProofRow(
        file="bybit/mock_user_merkle_tree_path_40_v3.json",
        scheme="bybit",
        readings=("Asset40V3",),
        others=_other_releases("Asset40V3"),
        levels=14,
        root="16feee2e085a19df2c076984f886a7260ac612dde853986257299e244a517576",
    ),
    ProofRow(  # the publisher's own verifier, the reading "repeated", rejects the publisher's own sample
        file="coinex/coinex_merkle_proof_file.json",
        scheme="coinex",
        readings=("alone",),
        others={"repeated": 8},
        levels=8,
        root="b272a9a8142f3942dc640936d267ce785ae9d29aaf904c1ec1f0990242047569",
        balances={"CET": "14442925.91120209", "USDT": "4837050599.79548026"},
    ),
    ProofRow(  # merkle-schemes-more.md section 2 says that this root does not recalculate; it does, for the naive rule too
        file="bitunix/bitunix_merkle_tree.json",
        scheme="bitunix",
        levels=18,
        root="7d409a80ebbbf4cef17f3f9c5f56f6e26040f1ca285395897cf695b21391679d",
        balances={"USDT": "1104067001417930580.14728307"},
    ),
    ProofRow(
        file="hotcoin/sample-proof.json",
        scheme="hotcoin",
        anchor="hotcoin/sample-anchor.json",
        levels=19,
        root="d52c3dc794f1f692595d55912a4576f576b9e173dd46a4411c4c7cf32428b1b1",
        balances={"BTC": "1551965187.28112499", "USDT": "15508999808943.6727"},
    ),
]


@dataclass(frozen=True, kw_only=True)
class TreeRow:
    """A whole published tree, tried by ``--scheme auto``."""

    files: tuple[str, ...]
    scheme: str
    customer: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    leaves: int
    nodes: int
    disagreeing: int = 0
    root: str
    codes: tuple[str, ...] = ()


TREES = [
    TreeRow(  # the three padding nodes repeat a sibling's hash with zero balances: a warning, as the scheme pads so
        files=("okx/full-liabilities-merkle-tree.txt",),
        scheme="okx-v1-full",
        customer="okx/user_info_file.json",
        leaves=21,
        nodes=23,
        root="9e98ebde32ef22ded88a5fb2d5e53d76ed57cb9c6b2c966f250721defe6ab041",
        codes=("TREE.HASH_NOT_BINDING",),
    ),
]

NOT_TREES = {
    "okx/okx_por_example.csv": "reserve addresses",
    "bybit/coin_orders.json": "facts that bybit_coins.py ships; compared with it below",
}
FOLDERS = ("mexc", "okx", "bitget", "bybit", "coinex", "bitunix", "hotcoin")
"""Folders of which every file must stand in a table; a scheme adds its own."""


@pytest.mark.parametrize("row", PROOFS, ids=lambda row: row.file)
def test_proof(row: ProofRow, vectors: Path) -> None:
    folder = vectors / "merkle"
    found = detect_file(
        folder / row.file, anchor=None if row.anchor is None else folder / row.anchor, options=row.options
    )
    tried = [("/".join(attempt.profile.reading.values()), attempt) for attempt in found.attempts]
    assert {attempt.profile.scheme for _, attempt in tried} == {row.scheme}
    assert tuple(name for name, attempt in tried if attempt.matches) == row.readings
    assert {
        name: None if attempt.difference is None else attempt.difference.level
        for name, attempt in tried
        if not attempt.matches
    } == row.others
    checks = found.chosen.checks
    assert len(checks) == row.proofs
    assert tuple(item.code for check in checks for item in check.findings) == row.codes
    for check in checks:
        assert len(check.steps) == row.levels
        assert check.root == row.root
        assert all(item.agrees for item in check.checks) == row.agrees
        assert {coin: check.balances[coin] for coin in row.balances} == row.balances


@pytest.mark.parametrize("row", TREES, ids=lambda row: row.files[0])
def test_tree(row: TreeRow, vectors: Path) -> None:
    folder = vectors / "merkle"
    tree = find_tree([folder / name for name in row.files])
    assert tree is not None
    companion = None if row.customer is None else folder / row.customer
    check = run(check_tree(tree, CancelToken(), companion=companion, options=row.options))
    assert (check.scheme, check.leaves, check.nodes) == (row.scheme, row.leaves, row.nodes)
    assert (check.disagreeing, check.root) == (row.disagreeing, row.root)
    assert tuple(item.code for item in check.findings) == row.codes
    assert all(item.agrees for item in check.checks)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_stands_in_a_table(folder: str, vectors: Path) -> None:
    listed = {name for row in PROOFS for name in (row.file, row.anchor or "")}
    listed |= {name for row in TREES for name in (*row.files, row.customer or "")} | NOT_TREES.keys()
    found = {
        str(path.relative_to(vectors / "merkle")) for path in (vectors / "merkle" / folder).rglob("*") if path.is_file()
    }
    assert found - listed == set()


def test_bybits_coin_lists_are_those_of_its_releases(vectors: Path) -> None:
    published = json.loads((vectors / "merkle/bybit/coin_orders.json").read_text())
    assert list(published) == list(RELEASES)
    for release, coins in published.items():
        assert RELEASES[release] == tuple(coin[0] for coin in coins)
        assert [places(release, coin[0]) for coin in coins] == [coin[1] for coin in coins]
        assert OFFLINE[release] == {coin[0] for coin in coins if coin[2:] == [False]}
