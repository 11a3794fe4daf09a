"""Capturing UTXO balances from a real node and a real Electrum server, and replaying them offline."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.capture import Captured, Supplements, capture
from auditor_app.chain.endpoints import Endpoint, parse_endpoints
from auditor_app.chain.histories import headers_name, histories_name
from auditor_app.chain.live import claimed_units, look_now
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import Grade, ReserveResult, typed_blocks
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.model import Binds, Freshness, Outcome, OwnershipLine
from auditor_app.chain.ownership.snapshot_list import read_table
from auditor_app.chain.plan import plan_capture
from auditor_app.chain.readers.electrum import ElectrumServer
from auditor_app.chain.readers.model import LookTask
from auditor_app.chain.sent import EvidenceTransactions
from auditor_app.chain.transport import Limits
from auditor_app.errors import ChainError, UsageError
from auditor_app.operation import run
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.members import OWNERSHIP_FIELDS, write_table
from auditor_app.snapshot.statement import Asset, BlockReference
from auditor_app.snapshot.trust import TrustStore
from tests.unit.chain.fake_endpoint import Fake
from tests.unit.chain.litecoin import (
    CHAIN,
    SECRET,
    Litecoin,
    esplora_of,
    missing,
    running_electrumx,
    running_esplora,
    running_litecoind,
    wait_for_electrumx,
)
from tests.unit.chain.snapshots import Members, snapshot
from tests.unit.chain.test_capture import KEY, NOW, TOKEN, trusting

ASSET = Asset(symbol="LTC", decimals=8, on_chain=(f"{CHAIN}/slip44:2",))
SPARE = "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"
ZERO = {"RESERVE.ZERO"}
"""One of the accounts has spent everything, and is listed all the same."""

QUICK = Supplements(limits=Limits(attempts=1, exchange_seconds=20))


@dataclass
class Bank:
    """Three accounts at a block that is no longer the newest; one of them has spent since, one spent before."""

    node: Litecoin
    electrum: str
    esplora: Fake
    accounts: tuple[tuple[str, int], ...]
    height: int
    hash: str
    spent: str
    """What the last account sent before the snapshot's block: 1.99 LTC."""
    later: str
    """What the first sent after it."""

    def snapshot(self, **changes: Any) -> AuthenticSnapshot:
        changes.setdefault("chains", {CHAIN: BlockReference(block_height=str(self.height), block_hash=self.hash)})
        rows = [(f"{CHAIN}:{address}", "LTC", amount) for address, amount in self.accounts]
        return snapshot(rows, columns=(("LTC",),), assets=(ASSET,), **changes)

    def url(self, kind: str) -> str:
        urls = {
            "electrum": f"electrum+tcp://{self.electrum}",
            "core": f"core+http://{self.node.address}/",
            "esplora": f"esplora+{self.esplora.url}/api",
        }
        return f"{CHAIN}={urls[kind]}"

    def endpoints(self, *kinds: str, own: str = "") -> tuple[Endpoint, ...]:
        hosts = {"electrum": self.electrum, "core": self.node.address}
        urls = [self.url(kind) for kind in kinds]
        return parse_endpoints(urls, own_nodes=[hosts[own]] if own else [], secrets=lambda host: SECRET)

    def capture(self, path: Path, *kinds: str, own: str = "", **changes: Any) -> Captured:
        held = self.snapshot(**changes)
        plan = plan_capture(held, self.endpoints(*kinds, own=own), TOKEN)
        return run(capture(held, plan, [KEY], path, captured_at=NOW, token=TOKEN, supplements=QUICK))


def observed(bank: Bank, path: Path, store: TrustStore | None = None, typed: bool = False) -> ReserveResult:
    evidence = authenticate_evidence(path, trusting(KEY) if store is None else store, token=TOKEN, trusted_time=NOW)
    try:
        return observe(bank.snapshot(), evidence, TOKEN, typed_blocks([(CHAIN, bank.hash)] if typed else []))
    finally:
        evidence.members.close()


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    if reason := missing():
        pytest.skip(reason)
    with running_litecoind(tmp_path_factory.mktemp("node")) as node:
        legacy, segwit, wrapped = (node("getnewaddress", "", kind) for kind in ("legacy", "bech32", "p2sh-segwit"))
        for address, amount in ((legacy, 3), (segwit, 4), (segwit, 1), (wrapped, 2)):
            node("sendtoaddress", address, amount)
            node.mine()
            node("lockunspent", False, _coins(node, address))  # the wallet would spend them for the next payment
        spent = _spend(node, wrapped)
        height = node.mine()
        accounts = ((legacy, 300_000_000), (segwit, 500_000_000), (wrapped, 0))
        digest = str(node("getblockhash", height))
        later = _spend(node, legacy)
        node.mine()
        with (
            running_electrumx(node, tmp_path_factory.mktemp("electrumx")) as electrum,
            running_esplora(esplora_of(node, electrum)) as esplora,
        ):
            yield Bank(node, electrum, esplora, accounts, height, digest, spent, later)


def _coins(node: Litecoin, address: str) -> list[dict[str, Any]]:
    found = node("listunspent", 1, 9999, [address])
    return [{"txid": coin["txid"], "vout": coin["vout"]} for coin in found]


def _spend(node: Litecoin, address: str) -> str:
    """Move everything that an address holds somewhere else; the transaction's id."""
    node("lockunspent", True)
    coins = node("listunspent", 1, 9999, [address])
    total = sum(coin["amount"] for coin in coins) - Decimal("0.01")
    raw = node("createrawtransaction", _coins(node, address), {node("getnewaddress"): str(total)})
    return str(node("sendrawtransaction", node("signrawtransactionwithwallet", raw)["hex"]))


@pytest.mark.node
@pytest.mark.parametrize(("kind", "method"), [("electrum", "Electrum histories"), ("esplora", "Esplora histories")])
def test_a_past_balance_is_captured_and_replayed_offline(
    bank: Bank, tmp_path: Path, kind: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "e.porevidence"
    captured = bank.capture(path, kind)
    assert (captured.balances, captured.notes, captured.proven_chains) == (3, (), ())
    assert [item for _, item in captured.methods] == [method]
    monkeypatch.setattr(socket, "socket", None)
    for typed in (False, True):  # a typed hash makes no replay proven
        result = observed(bank, path, typed=typed)
        assert {item.code for item in result.findings} == ZERO
        assert [(line.observed, line.grade) for line in result.lines] == [
            (amount, Grade.ONE_SOURCE) for _, amount in bank.accounts
        ]
        assert "UTXO.SPEND_WITHHELD" in {item.code for item in result.limitations}


@pytest.mark.node
def test_two_servers_are_two_sources_and_an_own_one_is_an_own_node(bank: Bank, tmp_path: Path) -> None:
    path = tmp_path / "e.porevidence"
    endpoints = bank.endpoints("electrum", "esplora")
    elsewhere = (endpoints[0], replace(endpoints[1], host="localhost"))
    held = bank.snapshot()
    plan = plan_capture(held, elsewhere, TOKEN)
    run(capture(held, plan, [KEY], path, captured_at=NOW, token=TOKEN, supplements=QUICK))
    assert {line.grade for line in observed(bank, path).lines} == {Grade.TWO_SOURCES}
    unpinned = observed(bank, path, TrustStore(), typed=True)
    assert {(line.observed, line.grade) for line in unpinned.lines} == {(None, Grade.CLAIMED)}
    bank.capture(path, "electrum", "esplora")  # two ports of one host are one source
    assert {line.grade for line in observed(bank, path).lines} == {Grade.ONE_SOURCE}
    bank.capture(path, "electrum", own="electrum")
    assert {line.grade for line in observed(bank, path).lines} == {Grade.OWN_NODE}


@pytest.mark.node
def test_a_node_scans_its_unspent_outputs_only_at_its_newest_block(bank: Bank, tmp_path: Path) -> None:
    path = tmp_path / "e.porevidence"
    with pytest.raises(ChainError, match="another block than the snapshot's") as refused:
        bank.capture(path, "core", own="core")
    assert "invalidateblock" in refused.value.action
    assert "scanblocks" in refused.value.action
    assert refused.value.expected == f"height {bank.height}, hash {bank.hash}"
    assert not path.exists()
    later = str(bank.node("getblockhash", bank.height + 1))
    bank.node("invalidateblock", later)
    try:
        captured = bank.capture(path, "core", own="core")
        assert captured.methods[0][1] == "scantxoutset"
        found = {(line.address.claimed, line.observed, line.grade) for line in observed(bank, path).lines}
        assert found == {(amount, amount, Grade.OWN_NODE) for _, amount in bank.accounts}
    finally:
        bank.node("reconsiderblock", later)


@pytest.mark.node
@pytest.mark.parametrize("kind", ["electrum", "esplora", "core"])
@pytest.mark.parametrize(
    ("chains", "words"),
    [
        ({CHAIN: BlockReference(block_height="103", block_hash="ab" * 32)}, "not the one that the snapshot names"),
        ({CHAIN: BlockReference(block_height="99999")}, "(declined|gave no usable answer)"),
    ],
)
def test_another_block_is_refused(bank: Bank, tmp_path: Path, kind: str, chains: Any, words: str) -> None:
    with pytest.raises(ChainError, match=words):
        bank.capture(tmp_path / "e", kind, chains=chains)


@pytest.mark.node
@pytest.mark.parametrize("kind", ["electrum", "esplora", "core"])
def test_another_chain_is_refused(bank: Bank, tmp_path: Path, kind: str) -> None:
    other = "bip122:000000000933ea01ad0ee984209779ba"
    endpoints = tuple(replace(item, chain=other) for item in bank.endpoints(kind))
    rows = [(f"{other}:{bank.node('getnewaddress', '', 'legacy')}", "LTC", 1)]
    held = snapshot(
        rows,
        columns=(("LTC",),),
        assets=(replace_id(other),),
        chains={other: BlockReference(block_height=str(bank.height), block_hash=bank.hash)},
    )
    plan = plan_capture(held, endpoints, TOKEN)
    with pytest.raises(ChainError, match="another chain"):
        run(capture(held, plan, [KEY], tmp_path / "e", captured_at=NOW, token=TOKEN, supplements=QUICK))


def replace_id(chain: str) -> Asset:
    return Asset(symbol="LTC", decimals=8, on_chain=(f"{chain}/slip44:2",))


@pytest.fixture(scope="module")
def captured(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evidence") / "e.porevidence"
    bank.capture(path, "electrum")
    return path


class Tampered:
    """A captured evidence file whose members a test may change after authentication."""

    def __init__(self, bank: Bank, path: Path) -> None:
        self.bank = bank
        self.evidence = authenticate_evidence(path, trusting(KEY), token=TOKEN, trusted_time=NOW)
        self.members = {
            item.name: self.evidence.members.read(item.name, TOKEN) for item in self.evidence.statement.subject
        }
        self.evidence.members.close()

    def codes(self, **_: Any) -> list[str]:
        changed = replace(self.evidence, members=Members(dict(self.members)))
        result = observe(self.bank.snapshot(), changed, TOKEN)
        found = sorted({item.code for item in result.findings} - ZERO)
        assert all(line.observed is None for line in result.lines) == bool(found)
        return found


def _drop_transaction(document: dict[str, Any]) -> None:
    document["transactions"].pop(next(iter(document["transactions"])))


def _withhold_spend(document: dict[str, Any]) -> None:
    """Leave the newest transaction out everywhere: its account then seems to hold more than its row says."""
    newest = max(document["transactions"], key=lambda txid: document["transactions"][txid]["height"])
    document["transactions"].pop(newest)
    for account in document["accounts"]:
        account["listed"] = [item for item in account["listed"] if item["txid"] != newest]


def _add_account(document: dict[str, Any]) -> None:
    document["accounts"].append({**document["accounts"][-1], "account": document["accounts"][-1]["account"] + "x"})


def _drop_account(document: dict[str, Any]) -> None:
    document["accounts"].pop()


def _drop_account_whole(document: dict[str, Any]) -> None:
    """With the transactions that only it lists, so that nothing is left over."""
    document["accounts"].pop()
    listed = {item["txid"] for account in document["accounts"] for item in account["listed"]}
    document["transactions"] = {k: v for k, v in document["transactions"].items() if k in listed}


def _spare_account(document: dict[str, Any]) -> None:
    """Another account of the chain, without transactions, of which no row speaks."""
    document["accounts"].append({"account": f"{CHAIN}:{SPARE}", "listed": []})
    document["accounts"].sort(key=lambda item: item["account"])


def _spare_transaction(document: dict[str, Any]) -> None:
    document["transactions"]["ff" * 32] = next(iter(document["transactions"].values()))


def _other_order(document: dict[str, Any]) -> None:
    document["transactions"] = dict(reversed(document["transactions"].items()))


def _other_branch(document: dict[str, Any]) -> None:
    item = next(item for item in document["transactions"].values() if item["branch"])
    item["branch"][0] = "00" * 32


def _other_raw(document: dict[str, Any]) -> None:
    item = next(iter(document["transactions"].values()))
    item["raw"] = item["raw"][:-2] + "01"


def _other_chain(document: dict[str, Any]) -> None:
    document["chain"] = "bip122:000000000019d6689c085ae165831e93"


@pytest.mark.node
@pytest.mark.parametrize(
    "change",
    [
        _drop_transaction,
        _withhold_spend,
        _add_account,
        _drop_account,
        _drop_account_whole,
        _spare_account,
        _spare_transaction,
        _other_order,
        _other_branch,
        _other_raw,
        _other_chain,
    ],
)
def test_histories_that_do_not_give_the_rows_make_the_chain_unusable(bank: Bank, captured: Path, change: Any) -> None:
    held = Tampered(bank, captured)
    assert held.codes() == []
    name = histories_name(CHAIN, bank.electrum)
    document = json.loads(held.members[name])
    change(document)
    held.members[name] = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    assert held.codes() == ["EVIDENCE.MISSING", "EVIDENCE.PROOF"]


@pytest.mark.node
def test_headers_must_lead_to_the_named_block(bank: Bank, captured: Path) -> None:
    name = headers_name(CHAIN)
    whole = Tampered(bank, captured).members[name]
    for changed in (b"", whole[:-1], whole[80:], whole[:-80], bytes([whole[70] ^ 1]).join([whole[:70], whole[71:]])):
        held = Tampered(bank, captured)
        held.members[name] = changed
        assert held.codes() == ["EVIDENCE.MISSING", "EVIDENCE.PROOF"]
    held = Tampered(bank, captured)
    held.members[histories_name(CHAIN, bank.electrum)] += b" "
    assert held.codes() == ["EVIDENCE.MISSING", "EVIDENCE.PROOF"]


@pytest.mark.node
def test_esplora_without_headers_in_bulk_keeps_no_histories_and_says_so(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor_app.chain.readers.esplora._MOST_HEADERS", 1)
    path = tmp_path / "e.porevidence"
    captured = bank.capture(path, "esplora")
    assert "name an Electrum server before it" in captured.notes[0]
    assert [line.observed for line in observed(bank, path).lines] == [amount for _, amount in bank.accounts]
    evidence = authenticate_evidence(path, trusting(KEY), token=TOKEN, trusted_time=NOW)
    names = {item.name.partition("/")[0] for item in evidence.statement.subject}
    assert names == {"balances.csv", "exchanges"}
    evidence.members.close()
    both = bank.capture(path, "electrum", "esplora")  # the first server's headers serve the second
    assert both.notes == ()


@pytest.mark.node
@pytest.mark.parametrize("kind", ["electrum", "esplora", "core"])
def test_raw_exchanges_are_kept_without_secrets(bank: Bank, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "e.porevidence"
    tip = BlockReference(block_height=str(bank.node("getblockcount")), block_hash=bank.node("getbestblockhash"))
    captured = bank.capture(path, kind, chains={CHAIN: tip})
    evidence = authenticate_evidence(path, trusting(KEY), token=TOKEN, trusted_time=NOW)
    (name,) = (item.name for item in evidence.statement.subject if item.name.startswith("exchanges/"))
    data = evidence.members.read(name, TOKEN)
    evidence.members.close()
    lines = [json.loads(line) for line in data.splitlines()]
    assert len(lines) == captured.requests - (kind == "electrum")  # the greeting is not kept
    assert {line["origin"] for line in lines} == {bank.endpoints(kind)[0].origin}
    assert all(line["reply"] and re.fullmatch(r"20..-..-..T..:..:..Z", line["at"]) for line in lines)
    assert SECRET.encode() not in data
    asked = {"electrum": "LINE", "esplora": "GET /block-height/0", "core": "POST"}[kind]
    assert asked in {line["asked"] for line in lines}


@pytest.mark.node
@pytest.mark.parametrize("kind", ["electrum", "esplora", "core"])
def test_the_newest_balances_are_looked_at(bank: Bank, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held = bank.snapshot()
    plan = plan_capture(held, bank.endpoints(kind), TOKEN)
    claims = claimed_units(held, TOKEN)
    result = run(look_now(held.statement.predicate, plan, claims, TOKEN, QUICK.limits))
    (asked,) = plan.readings
    newest = (CHAIN, bank.node("getblockcount"), bank.node("getbestblockhash"), asked.origin)
    assert result.blocks == (newest,)
    legacy, segwit, wrapped = bank.accounts
    assert [(line.claimed, line.now) for line in result.lines] == [
        (legacy[1], 0),  # spent after the snapshot's block
        (segwit[1], segwit[1]),
        (wrapped[1], 0),
    ]
    assert result.notes == ()
    other = "bip122:000000000933ea01ad0ee984209779ba"
    moved = replace(plan, endpoints=tuple(replace(item, chain=other) for item in plan.endpoints))
    moved = replace(moved, targets={other: plan.targets[CHAIN]})
    with pytest.raises(ChainError, match="another chain"):
        run(look_now(held.statement.predicate, moved, claims, TOKEN, QUICK.limits))


@pytest.mark.node
def test_an_electrum_server_may_announce_a_block_while_it_is_asked(bank: Bank) -> None:
    """Its announcement comes between answers, on the same connection."""
    with ElectrumServer(LookTask(bank.endpoints("electrum")[0], (), TOKEN, QUICK.limits).at(0)) as server:
        before = server.newest()
        bank.node.mine()
        wait_for_electrumx(int(bank.electrum.partition(":")[2]), before + 1)
        time.sleep(0.5)  # the announcement is on its way, or here
        assert server.newest() == before + 1
        assert len(server.header(before + 1)) == 80


def test_a_protocol_of_another_chain_is_a_usage_error() -> None:
    held = snapshot([])
    for text in ("eip155:1=electrum+ssl://node.example:50002", "bip122:0=electrum+https://node.example"):
        with pytest.raises(UsageError):
            plan_capture(held, parse_endpoints([text], secrets=lambda host: SECRET), TOKEN)
    with pytest.raises(UsageError, match="anyone on the way"):
        parse_endpoints(["bip122:0=electrum+tcp://node.example:50001"])


def test_a_nodes_password_is_looked_up_and_shown_nowhere() -> None:
    (endpoint,) = parse_endpoints([f"{CHAIN}=core+http://127.0.0.1:9332/"], secrets=lambda host: SECRET)
    assert SECRET not in repr(endpoint) + endpoint.origin + endpoint.source + endpoint.target
    with pytest.raises(ChainError, match="none is stored"):
        parse_endpoints([f"{CHAIN}=core+http://127.0.0.1:9332/"], secrets=lambda host: None)


@pytest.fixture(scope="module")
def replayable(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence with an Electrum server's histories."""
    path = tmp_path_factory.mktemp("sent") / "e"
    bank.capture(path, "electrum")
    return path


def sent(
    bank: Bank,
    path: Path,
    account: int,
    txid: str,
    message: str,
    *,
    typed: bool = False,
    store: TrustStore | None = None,
) -> OwnershipLine:
    """The row of a transaction id, decided on the evidence."""
    evidence = authenticate_evidence(path, trusting(KEY) if store is None else store, token=TOKEN, trusted_time=NOW)
    address = f"{CHAIN}:{bank.accounts[account][0]}"
    table = write_table(OWNERSHIP_FIELDS, ((address, "txid", message, txid, ""),))
    try:
        shown = EvidenceTransactions(
            evidence, typed_blocks([(CHAIN, bank.hash)] if typed else []), TOKEN, bank.snapshot()
        )
        rows = read_table(table, file="own.csv")
        now = datetime.now(UTC).strftime("%Y-%m-%d")
        return run(check_rows(rows, challenge=None, as_of=now, token=TOKEN, transactions=shown)).lines[0]
    finally:
        evidence.members.close()


@pytest.mark.node
def test_a_transaction_in_a_history_shows_control_of_the_address_that_it_spends_from(
    bank: Bank, replayable: Path
) -> None:
    line = sent(bank, replayable, 2, bank.spent, "1.99 LTC")
    assert (line.outcome, line.binds, line.freshness) == (Outcome.VALID, Binds.ADDRESS, Freshness.FRESH)
    assert "on the word of the capturing auditor's endpoint" in line.note
    assert "from the auditor" in sent(bank, replayable, 2, bank.spent, "1.99 LTC", typed=True).note
    assert sent(bank, replayable, 2, bank.spent, "1.99 LTC", typed=True, store=TrustStore()).outcome is Outcome.VALID
    unsigned = sent(bank, replayable, 2, bank.spent, "1.99 LTC", store=TrustStore())
    assert (unsigned.outcome, "nobody vouches" in unsigned.note) == (Outcome.UNSIGNED, True)


@pytest.mark.node
def test_another_amount_address_or_transaction_shows_nothing(bank: Bank, replayable: Path) -> None:
    assert "does not send" in sent(bank, replayable, 2, bank.spent, "1.98 LTC").note
    other = sent(bank, replayable, 0, bank.spent, "1.99 LTC")
    assert (other.outcome, other.note) == (
        Outcome.INVALID,
        "no input of the transaction spends an output of the address",
    )
    later = sent(bank, replayable, 0, bank.later, "2.99 LTC")
    assert (later.outcome, "do not hold" in later.note) == (Outcome.UNSIGNED, True)


@pytest.mark.node
@pytest.mark.parametrize("field", ["branch", "position", "raw", "height"])
def test_a_transaction_moved_in_its_history_shows_nothing(bank: Bank, replayable: Path, field: str) -> None:
    evidence = authenticate_evidence(replayable, trusting(KEY), token=TOKEN, trusted_time=NOW)
    names = [item.name for item in evidence.statement.subject]
    held = {name: evidence.members.read(name, TOKEN) for name in names}
    name = next(name for name in names if name.endswith(".json") and name.startswith("histories/"))
    document = json.loads(held[name])
    entry = document["transactions"][bank.spent]
    changed = {"branch": ["ab" * 32], "position": entry["position"] + 1, "height": entry["height"] - 1}
    entry[field] = changed.get(field, entry["raw"][:-2] + "01")
    held[name] = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    other = replace(evidence, members=Members(held))
    shown = EvidenceTransactions(other, {}, TOKEN, bank.snapshot())
    rows = read_table(
        write_table(OWNERSHIP_FIELDS, ((f"{CHAIN}:{bank.accounts[2][0]}", "txid", "1.99 LTC", bank.spent, ""),)),
        file="own.csv",
    )
    line = run(check_rows(rows, challenge=None, as_of=None, token=TOKEN, transactions=shown)).lines[0]
    assert line.outcome is Outcome.UNSIGNED
    assert "not shown to be in block" in line.note or "do not hold" in line.note
    evidence.members.close()
