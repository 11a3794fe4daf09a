"""Every file that an exchange published, one row each: which profile it follows, which not, and what is found.

A row that must *not* match says where it first departs. Both tables are open: a scheme adds its rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle.proof_file import detect_file
from auditor_app.merkle.recompute import recompute_root
from auditor_app.merkle.schemes.bybit_coins import OFFLINE, RELEASES, places
from auditor_app.merkle.tree_file import check_tree, find_tree
from auditor_app.operation import CancelToken, run
from tests.unit.ledger.memory import MemoryLedger

pytestmark = pytest.mark.vectors


@dataclass(frozen=True, kw_only=True)
class ProofRow:
    """A customer's file, tried by ``--scheme auto``.

    ``readings`` are those that match; ``others`` maps a reading (its values joined by ``/``) to the level of its first
    difference, or to ``None`` where the file cannot be read that way. ``codes`` are the findings of all proofs;
    ``agrees`` is false where something that the file states does not recalculate. ``levels`` and ``root`` are ``None``
    where each of several proofs has its own; the roots are then compared with those of the ``anchor``.
    """

    file: str
    scheme: str
    readings: tuple[str, ...] = ("",)
    others: Mapping[str, int | None] = field(default_factory=dict)
    anchor: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    proofs: int = 1
    levels: int | None
    root: str | None
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


_CREDENTIALS = ("20000f995b5305144c082ad3443bf4db", "z2Ef6hx6QbRdixkL7c8rdBj", "z2NRjxCKJiWPh3rfdQVyaTS")
PROOFS += [
    ProofRow(  # proof.nonce is the leaf's digest in the first two audits, and the leaf's nonce in the third
        file=f"swissborg/userLiab_{number}.json",
        scheme="swissborg",
        anchor=f"swissborg/auditRoots_{number}.json",
        options={"credential": credential},
        readings=("nonce",) if number == 3 else ("leaf",),
        others={"leaf": 0} if number == 3 else {"nonce": (3, 15)[number - 1]},
        proofs=proofs,
        levels=None,
        root=None,
    )
    for number, (credential, proofs) in enumerate(zip(_CREDENTIALS, (6, 4, 11), strict=True), 1)
]
PROOFS += [
    ProofRow(
        file="gate/user_config.json",
        scheme="gate-zk",
        anchor=anchor,
        readings=("800",),
        others={"350": 28, "64": None},
        levels=28,
        root="2e7e01ad51d5c668e8d581be83fcfe806644b7c834876d540b188816a67778e6",
    )
    for anchor in ("gate/proof.csv", "gate/cex_config.json")
]

_RIVER = "60f88b597c9fa10bd1d8e2fc6ba59b2f9a47913735d31a07e95c7d465e28d8b2"


@dataclass(frozen=True, kw_only=True)
class TreeRow:
    """A whole published tree, tried by ``--scheme auto``; ``checks`` are observed values of some comparisons."""

    files: tuple[str, ...]
    scheme: str
    customer: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    leaves: int
    padding: int | None = None
    nodes: int
    disagreeing: int = 0
    root: str
    total: str | None = None
    codes: tuple[str, ...] = ()
    agrees: bool = True
    checks: Mapping[str, str] = field(default_factory=dict)


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
    TreeRow(  # merkle-schemes-more.md section 4 says that no nonce matches; all but account 3's do, with its balances
        files=("bitmex/liabilities-100-proof_README-9666730.csv",),
        scheme="bitmex",
        customer="bitmex/nonces.txt",
        options={"nonces": "all"},
        leaves=8,
        nodes=7,
        root="85b0a83970a74a6ad0ee5d4bec5d3afe0048d18b8342e31e2d3a45e0f17879c7",
        total="4000004000",
        codes=("TREE.UNTRACED",),
        agrees=False,
        checks={
            "account 1": "1000 in 2 leaves",
            "account 2": "3000 in 2 leaves",
            "account 3": "0 in 0 leaves",
            "account 4": "4000000000 in 3 leaves",
            "account 5": "0 in 1 leaves",
            "leaves that no nonce claims": "0",
        },
    ),
    TreeRow(files=("river/test.csv",), scheme="bitmex", leaves=4, nodes=3, root=_RIVER, total="1000643641021"),
    TreeRow(  # the list is of other accounts than the tree
        files=("river/test.csv",),
        scheme="bitmex",
        customer="river/fake_client_data.csv",
        options={"nonces": "all"},
        leaves=4,
        nodes=3,
        root=_RIVER,
        codes=("TREE.UNTRACED",) * 5 + ("TREE.UNCLAIMED",),
        agrees=False,
        checks={"leaves that no nonce claims": "4 leaves with 1000643641021 base units"},
    ),
    TreeRow(
        files=("silversixpence",),
        scheme="silversixpence",
        leaves=10_000,
        nodes=9_999,
        root="0d955039b7944c33a7721745870254532d0c904f2804b2a4cde52afaaa3cbba0",
    ),
    TreeRow(
        files=("olalonde/complete_tree.json",),
        scheme="olalonde",
        leaves=17,
        nodes=16,
        root="62ccfdc35d40daf0358d08af66e38066570fa2078669f4f9ac282279401a1a79",
        total="37618",
    ),
    TreeRow(  # the published table by the rule of its time: the padding is counted in the root's sum
        files=("bifubao/readme_output.tsv",),
        scheme="bifubao",
        customer="bifubao/inputs.txt",
        leaves=17,
        padding=4,
        nodes=23,
        root="ba2a3cdd04ea4c25",
        total="48421531263279",
        codes=("SCHEME.WEAK_HASH", "PROOF.SUMS"),
        agrees=False,
        checks={"rows that agree, padding duplicate": "41", "rows that agree, padding empty": "32"},
    ),
    TreeRow(
        files=("bifubao/readme_output.tsv",),
        scheme="bifubao",
        options={"padding": "empty"},
        leaves=17,
        padding=4,
        nodes=23,
        disagreeing=9,
        root="8740b8dd4e74bef1",
        codes=("SCHEME.WEAK_HASH", *(("PROOF.NODE",) * 9), "PROOF.SUMS"),
        agrees=False,
    ),
    *(
        TreeRow(files=(f"swissborg/auditRoots_{number}.json",), scheme="swissborg", leaves=26, nodes=1, root=root)
        for number, root in (
            (1, "fcc0832ea73189ddbb0f73eb37fe23a8803c0c7432c34af19ed00270256e1f23"),
            (2, "7860317298eab6776e8a4e3d592ffef6b11d66c4a2274617b1ad949c7af2a7d1"),
            (3, "3de257e5090a453b789bf1fc28a7aebf8f26105a137a5cf979a9c2e221ce2165"),
        )
    ),
    TreeRow(
        files=("gate/proof.csv", "gate/cex_config.json", "gate/PoR0612.csv"),
        scheme="gate-zk",
        leaves=1,
        nodes=1,
        root="2e7e01ad51d5c668e8d581be83fcfe806644b7c834876d540b188816a67778e6",
        total="equity 29774, debt 0",
        codes=("SCHEME.WEAK_HASH",),
    ),
]


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """A published list of customers, as a ledger."""

    file: str
    scheme: str
    columns: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    root: str


_ARMANINO = "id:token,balance1:decimal,balance2:decimal,balance3:decimal,balance4:decimal"
LEDGERS = [
    LedgerRow(
        file="armanino/example_input.txt",
        scheme="armanino-split",
        columns=_ARMANINO,
        root="aece07167a9b1391710bbef42ceafdceb3a0c0e0d43434070f6dea178daf0960",
    ),
    LedgerRow(
        file="armanino/example_input.txt",
        scheme="armanino-concat",
        columns=_ARMANINO,
        root="b03c200f074fe4ddf0cbbef4fbeda6a02e9f36349e5b8fb1130fad3a9af38ad9",
    ),
    LedgerRow(
        file="bifubao/inputs.txt",
        scheme="bifubao",
        columns="uid:token,BTC:base-units/8",
        parameters={"padding": "duplicate"},
        root="ba2a3cdd04ea4c25",
    ),
    LedgerRow(
        file="bifubao/inputs.txt",
        scheme="bifubao",
        columns="uid:token,BTC:base-units/8",
        parameters={"padding": "empty"},
        root="8740b8dd4e74bef1",
    ),
]

NOT_TREES = {
    "okx/okx_por_example.csv": "reserve addresses",
    "bybit/coin_orders.json": "facts that bybit_coins.py ships; compared with it below",
    "bitmex/liabilities-100.csv": "balances of the accounts; compared with their leaves in tests/unit/merkle/test_tree_files.py",
    "olalonde/accounts.json": "the accounts of the complete tree, without their nonces",
    "olalonde/accounts_float.json": "accounts without nonces and without an expected root",
    "bifubao/PROVENANCE.txt": "where the folder comes from",
    "gate/two_digit_tokens.json": "facts; the check reads the decimals off the published prices instead",
}
FOLDERS = (
    "mexc",
    "okx",
    "bitget",
    "bybit",
    "coinex",
    "bitunix",
    "hotcoin",
    "armanino",
    "bitmex",
    "river",
    "silversixpence",
    "olalonde",
    "bifubao",
    "swissborg",
    "gate",
)
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
        assert row.levels in (None, len(check.steps))
        assert row.root in (None, check.root) and (row.root or check.published_root_matches is not None)
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
    assert row.padding in (None, check.padding)
    assert row.total is None or row.total in check.totals.values()
    assert tuple(item.code for item in check.findings) == row.codes
    assert all(item.agrees for item in check.checks) == row.agrees
    assert {item.name: item.observed for item in check.checks if item.name in row.checks} == row.checks


@pytest.mark.parametrize("row", LEDGERS, ids=lambda row: f"{row.scheme} {'/'.join(row.parameters.values())}")
def test_ledger(row: LedgerRow, vectors: Path) -> None:
    lines = (vectors / "merkle" / row.file).read_bytes().replace(b"\t", b",").split(b"\n")
    rows = [line.strip() for line in lines if line.strip() and not line.startswith(b"#")]
    found = run(
        recompute_root(MemoryLedger(parse_columns(row.columns), rows), row.scheme, row.parameters, CancelToken())
    )
    assert found.root == row.root


@pytest.mark.parametrize("credential", ["wrong", "20000f995b5305144c082ad3443bf4dc"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_no_liability_agrees_under_another_credential(number: int, credential: str, vectors: Path) -> None:
    folder = vectors / "merkle/swissborg"
    found = detect_file(
        folder / f"userLiab_{number}.json",
        anchor=folder / f"auditRoots_{number}.json",
        options={"credential": credential},
    )
    assert all({"PROOF.LEAF"} <= {item.code for item in check.findings} for check in found.chosen.checks)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_stands_in_a_table(folder: str, vectors: Path) -> None:
    listed = {name for row in PROOFS for name in (row.file, row.anchor or "")}
    listed |= {row.file for row in LEDGERS}
    listed |= {name for row in TREES for name in (*row.files, row.customer or "")} | NOT_TREES.keys()
    found = {
        str(path.relative_to(vectors / "merkle")) for path in (vectors / "merkle" / folder).rglob("*") if path.is_file()
    }
    assert {name for name in found - listed if str(Path(name).parent) not in listed} == set()


def test_bybits_coin_lists_are_those_of_its_releases(vectors: Path) -> None:
    published = json.loads((vectors / "merkle/bybit/coin_orders.json").read_text())
    assert list(published) == list(RELEASES)
    for release, coins in published.items():
        assert RELEASES[release] == tuple(coin[0] for coin in coins)
        assert [places(release, coin[0]) for coin in coins] == [coin[1] for coin in coins]
        assert OFFLINE[release] == {coin[0] for coin in coins if coin[2:] == [False]}
