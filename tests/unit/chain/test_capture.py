"""Capturing balances from a real local node into a signed evidence file, and reading it back."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from Crypto.Hash import keccak
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor_app.chain.accounts import checksum_address, decode_account
from auditor_app.chain.bundle import decode_bundle, in_base_units, member_name
from auditor_app.chain.capture import Captured, Supplements, capture
from auditor_app.chain.endpoints import Endpoint, parse_endpoints
from auditor_app.chain.evidence_file import write_evidence
from auditor_app.chain.evm import MULTICALL3, EvmReader, open_block
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import Grade, OwnBlock
from auditor_app.chain.partial import PartialCapture
from auditor_app.chain.plan import CapturePlan, plan_capture
from auditor_app.chain.proven_state import ProvenState
from auditor_app.chain.reexecution import available
from auditor_app.errors import ChainError, UsageError
from auditor_app.operation import Cancelled, CancelToken, Operation, run
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.members import BalanceRow
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import Asset, BlockReference
from auditor_app.snapshot.trust import Provenance, TrustStore, add_key
from tests.unit.chain.conftest import CONTRACTS, Anvil, call_data
from tests.unit.chain.fake_endpoint import Handler, fake_endpoint
from tests.unit.chain.snapshots import BTC_A, BTC_CHAIN, snapshot

CHAIN = Anvil.chain
TOKEN = CancelToken()
NOW = "2026-11-03T00:00:00Z"
KEY = SigningKey.of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def holder(number: int) -> str:
    return checksum_address(f"0x{'c0ffee':0<8}{number:032x}")


class Town:
    """A token and accounts on a node, at a block that is no longer the newest."""

    def __init__(self, node: Anvil) -> None:
        self.node = node
        self.token = node.deploy("Token")
        self.rebasing = node.deploy("Rebasing")
        self.reverting = node.deploy("Reverting")
        self.holders = [holder(number) for number in range(1, 8)]
        for number, address in enumerate(self.holders):
            node("anvil_setBalance", address, hex(10**18 * number + 1))
            node.send(self.token, _set(address, 1000 + number))
            node.send(self.rebasing, _set(address, 5 * 10**18))
        node.send(self.rebasing, call_data(_selector("setIndex(uint256)"), 3 * 10**18))
        self.height = node.mine()
        self.hash = node.hash_at(self.height)
        node.mine()  # anvil keeps the state of a block only once the next one is mined
        # afterwards everything moves: a reader that is not pinned sees other numbers
        for address in self.holders:
            node("anvil_setBalance", address, hex(7))
            node.send(self.token, _set(address, 7))
        node.mine()

    def assets(self) -> tuple[Asset, ...]:
        return (
            Asset(symbol="ETH", decimals=18, on_chain=(f"{CHAIN}/slip44:60",)),
            Asset(symbol="TOK", decimals=6, on_chain=(f"{CHAIN}/erc20:{self.token}",)),
            Asset(symbol="REB", decimals=8, on_chain=(f"{CHAIN}/erc20:{self.rebasing}",)),
            Asset(symbol="BTC", decimals=8, on_chain=(f"{BTC_CHAIN}/slip44:0",)),
        )

    def rows(self) -> list[tuple[str, str, int]]:
        found = []
        for number, address in enumerate(self.holders):
            found.append((f"{CHAIN}:{address}", "ETH", 10**18 * number + 1))
            found.append((f"{CHAIN}:{address}", "TOK", 1000 + number))
            found.append((f"{CHAIN}:{address}", "REB", 15 * 10**8))
        return found

    def snapshot(self, rows: list[tuple[str, str, int]] | None = None, **changes: object) -> AuthenticSnapshot:
        changes.setdefault("chains", {CHAIN: BlockReference(block_height=str(self.height), block_hash=self.hash)})
        changes.setdefault("assets", self.assets())
        return snapshot(self.rows() if rows is None else rows, columns=(("ETH",),), **changes)

    def reader(self) -> EvmReader:
        reader = open_block(self.node.rpc, 31337, self.height, self.hash)
        reader.prepare()
        return reader


def _selector(signature: str) -> str:
    return keccak.new(digest_bits=256, data=signature.encode()).hexdigest()[:8]


def _set(address: str, amount: int) -> str:
    return call_data(_selector("set(address,uint256)"), address, amount)


@pytest.fixture(scope="module")
def town(anvil: Anvil) -> Iterator[Town]:
    yield Town(anvil)


def do_capture(held: AuthenticSnapshot, endpoints: list[Endpoint], path: Path) -> tuple[CapturePlan, Captured]:
    plan = plan_capture(held, endpoints, TOKEN)
    return plan, run(capture(held, plan, [KEY], path, captured_at=NOW, token=TOKEN))


def trusting(key: SigningKey) -> TrustStore:
    return add_key(
        TrustStore(),
        pem=key.public_pem(),
        typed_fingerprint=key.keyid,
        role="auditor",
        issuer="Audit LLP",
        signer="A. Auditor",
        provenance=Provenance(channel="in person", by="A", at=NOW),
    )


@pytest.mark.node
def test_a_capture_reads_the_named_block_and_agrees_with_the_claims(town: Town, tmp_path: Path) -> None:
    held = town.snapshot([*town.rows(), (BTC_A, "BTC", 5)])
    path = tmp_path / "e.porevidence"
    plan, captured = do_capture(held, [town.node.endpoint()], path)
    assert captured.balances == 3 * len(town.holders)
    assert [(row.account, row.asset) for row in plan.left_out] == [(BTC_A, "BTC")]
    assert dict(captured.methods) == {town.node.url: "state override"}
    assert {reading.accounts for reading in plan.readings} == {len(town.holders)}

    evidence = authenticate_evidence(path, trusting(KEY), token=TOKEN, trusted_time=NOW)
    result = observe(held, evidence, TOKEN)
    evidence.members.close()
    assert [(line.observed, line.grade) for line in result.lines[:-1]] == [
        (claimed, Grade.ONE_SOURCE) for _, _, claimed in town.rows()
    ]
    assert [item.code for item in result.findings if item.code != "CHAIN.UNPINNED_BLOCK"] == ["EVIDENCE.MISSING"]


@pytest.mark.node
def test_the_same_evidence_by_a_key_that_is_not_pinned_is_observed_nowhere(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "e.porevidence"
    held = town.snapshot()
    do_capture(held, [town.node.endpoint()], path)
    evidence = authenticate_evidence(path, TrustStore(), token=TOKEN, trusted_time=NOW)
    result = observe(held, evidence, TOKEN)
    evidence.members.close()
    assert {item.code for item in result.findings} >= {"EVIDENCE.UNTRUSTED"}
    assert all(line.observed is None and line.grade is Grade.CLAIMED for line in result.lines)


@pytest.mark.node
def test_an_own_node_is_named_as_such(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "e.porevidence"
    held = town.snapshot()
    endpoint = parse_endpoints([f"{CHAIN}={town.node.url}"], own_nodes=[town.node.url.removeprefix("http://")])
    do_capture(held, list(endpoint), path)
    evidence = authenticate_evidence(path, trusting(KEY), token=TOKEN, trusted_time=NOW)
    assert {line.grade for line in observe(held, evidence, TOKEN).lines} == {Grade.OWN_NODE}
    evidence.members.close()


@pytest.mark.node
def test_every_bulk_method_reads_the_same_balances(town: Town) -> None:
    town.node("anvil_setCode", MULTICALL3, CONTRACTS["Multicall"]["runtime"])
    town.node.mine()
    rows = [10**18 * number + 1 for number in range(len(town.holders))]
    height = town.node.mine()
    late = open_block(town.node.rpc, 31337, height, None)
    late.prepare()
    for name, method in (("override", late._override), ("multicall", late._multicall), ("batch", late._batch)):
        assert method(None, town.holders) == [7] * len(rows), name
        assert method(town.token, town.holders) == [7] * len(rows), name
    reader = town.reader()
    assert reader._override(None, town.holders) == reader._batch(None, town.holders) == rows
    assert reader._override(town.token, town.holders) == reader._batch(town.token, town.holders)


@pytest.mark.node
def test_chunks_cover_every_holder_in_order(town: Town) -> None:
    reader = town.reader()
    many = [town.holders[number % len(town.holders)] for number in range(1700)]
    found = run(reader.balances(town.token, many, ""))
    assert found == [1000 + number % len(town.holders) for number in range(1700)]


@pytest.mark.node
def test_a_token_that_does_not_answer_is_an_error_never_zero(town: Town) -> None:
    reader = town.reader()
    for token in (town.reverting, holder(99)):
        with pytest.raises(ChainError):
            run(reader.balances(token, town.holders, ""))
    with pytest.raises(ChainError, match="does not say its decimals"):
        reader.token_decimals(holder(99))
    assert (reader.token_decimals(town.token), reader.token_decimals(town.rebasing)) == (6, 18)


@pytest.mark.node
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hash": "0x" + "ab" * 32}, "not the one that the snapshot names"),
        ({"chain_id": 1}, "another chain"),
        ({"height": 10**9}, "no block at height"),
    ],
)
def test_another_chain_block_or_hash_is_refused(town: Town, change: dict[str, object], words: str) -> None:
    asked = {"chain_id": 31337, "height": town.height, "hash": town.hash} | change
    with pytest.raises(ChainError, match=words):
        open_block(town.node.rpc, asked["chain_id"], asked["height"], asked["hash"])  # type: ignore[arg-type]


@pytest.mark.node
def test_a_failed_or_cancelled_capture_leaves_no_file(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "e.porevidence"
    bad = (*town.assets()[:1], Asset(symbol="TOK", decimals=6, on_chain=(f"{CHAIN}/erc20:{town.reverting}",)))
    held = town.snapshot([(f"{CHAIN}:{town.holders[0]}", "TOK", 1)], assets=bad)
    with pytest.raises(ChainError):
        do_capture(held, [town.node.endpoint()], path)
    cancelled = CancelToken()
    plan = plan_capture(town.snapshot(), [town.node.endpoint()], TOKEN)
    operation = capture(town.snapshot(), plan, [KEY], path, captured_at=NOW, token=cancelled)
    next(operation)
    cancelled.cancel()
    with pytest.raises(Cancelled):
        run(operation)
    assert list(tmp_path.iterdir()) == []


def _shifted(town: Town, decimals: int, *, access_lists: bool = True) -> Callable[[Handler, Any], None]:
    """The node behind an endpoint that says other decimals of the token."""

    def forged(request: Any) -> dict[str, Any] | None:
        call = request["params"][0] if request["method"] == "eth_call" else {}
        if call.get("to") == town.token.lower() and call["data"].startswith("0x313ce567"):
            return {"jsonrpc": "2.0", "id": request["id"], "result": f"0x{decimals:064x}"}
        if request["method"] == "eth_createAccessList" and not access_lists:
            return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "not available"}}
        return None

    def answer(handler: Handler, request: Any) -> None:
        many = request if isinstance(request, list) else [request]
        passed = [item for item in many if forged(item) is None]
        honest: list[Any] = []
        if passed:
            post = urllib.request.Request(
                town.node.url, json.dumps(passed).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(post, timeout=20) as reply:
                honest = json.loads(reply.read())
        found = [*honest, *(made for item in many if (made := forged(item)) is not None)]
        handler.reply(json.dumps(found if isinstance(request, list) else found[0]).encode())

    return answer


@pytest.mark.node
@pytest.mark.skipif(not available(), reason="pyrevm has no wheel for this system")
def test_an_endpoint_cannot_shift_every_balance_by_a_tokens_decimals(town: Town, tmp_path: Path) -> None:
    held, path = town.snapshot(), tmp_path / "e.porevidence"
    with fake_endpoint(_shifted(town, 3)) as fake, pytest.raises(ChainError, match=r"says 3 decimals .* and proves 6"):
        do_capture(held, [fake.endpoint(CHAIN)], path)
    assert not path.exists()
    with fake_endpoint(_shifted(town, 6)) as fake:
        assert do_capture(held, [fake.endpoint(CHAIN)], path)[1].notes == ()
    with fake_endpoint(_shifted(town, 6, access_lists=False)) as fake:
        notes = do_capture(held, [fake.endpoint(CHAIN)], path)[1].notes
    assert [note for note in notes if "6 decimals is its word alone" in note]
    assert "EVIDENCE.DECIMALS" in _limits(held, path)


def _limits(held: AuthenticSnapshot, path: Path) -> set[str]:
    """The limitations of evidence that a pinned auditor signed, under a typed hash."""
    evidence = authenticate_evidence(path, trusting(KEY), token=TOKEN, trusted_time=NOW)
    try:
        own = OwnBlock(held.statement.predicate.chains[CHAIN].block_hash or "")
        result = observe(held, evidence, TOKEN, {CHAIN: own})
    finally:
        evidence.members.close()
    assert Grade.PROVEN in {line.grade for line in result.lines}
    return {item.code for item in result.limitations}


@pytest.mark.node
@pytest.mark.skipif(not available(), reason="pyrevm has no wheel for this system")
def test_a_verifier_asks_the_tokens_own_code_for_its_decimals(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, path = town.snapshot(), tmp_path / "e.porevidence"
    do_capture(held, [town.node.endpoint()], path)
    assert "EVIDENCE.DECIMALS" not in _limits(held, path)
    evidence = authenticate_evidence(path, trusting(KEY), token=TOKEN, trusted_time=NOW)
    bundle = decode_bundle(evidence.members.read(member_name(CHAIN), TOKEN), "p")
    evidence.members.close()
    (layout,) = bundle.tokens
    assert layout.contract == town.token.lower()
    assert layout.contract in bundle.executed
    account, ids = decode_account(f"{CHAIN}:{town.holders[0]}"), (f"{CHAIN}/erc20:{town.token}",)
    forged = msgspec.structs.replace(bundle, tokens=(msgspec.structs.replace(layout, decimals=3),))
    for file, refused in ((bundle, False), (forged, True)):
        with ProvenState(file, bytes.fromhex(town.hash[2:]), town.height) as state:
            if refused:
                with pytest.raises(ChainError, match="said to have 3 decimals and its own code says 6"):
                    state.balance(account, ids, 6)
            else:
                assert state.balance(account, ids, 6) == 1000
    monkeypatch.setattr("auditor_app.chain.proven_state.available", lambda: False)
    with ProvenState(forged, bytes.fromhex(town.hash[2:]), town.height) as state:
        assert state.decimals_observed


@pytest.mark.node
def test_an_interrupted_capture_goes_on_where_it_stopped(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor_app.chain.readers.evm._KEPT_TOGETHER", 2)
    held, path, work = town.snapshot(), tmp_path / "e.porevidence", tmp_path / "e.partial"
    plan = plan_capture(held, [town.node.endpoint()], TOKEN)

    def attempt(token: CancelToken) -> Operation[Captured]:
        partial = PartialCapture(work, held.payload_sha256)
        kept = Supplements(partial=partial, keep_exchanges=False)
        return capture(held, plan, [KEY], path, captured_at=NOW, token=token, supplements=kept)

    token = CancelToken()
    operation = attempt(token)
    for progress in operation:
        if progress.unit == "balances" and PartialCapture(work, held.payload_sha256).resumed >= 10:
            token.cancel()
            break
    with pytest.raises(Cancelled):
        run(operation)
    assert [item.name for item in tmp_path.iterdir()] == ["e.partial"]
    kept = PartialCapture(work, held.payload_sha256).resumed
    assert 10 <= kept < 21
    with work.open("ab") as file:
        file.write(b'{"source":"127.0.')  # a crash in the middle of a line
    assert PartialCapture(work, held.payload_sha256).resumed == kept
    again = run(attempt(TOKEN))
    assert not work.exists()
    whole = tmp_path / "whole.porevidence"
    without = Supplements(keep_exchanges=False)
    fresh = run(capture(held, plan, [KEY], whole, captured_at=NOW, token=TOKEN, supplements=without))
    assert whole.read_bytes() == path.read_bytes()
    assert (again.balances, again.requests < fresh.requests) == (fresh.balances, True)


def test_a_working_file_of_another_snapshot_counts_for_nothing(tmp_path: Path) -> None:
    first = PartialCapture(tmp_path / "p", "11" * 32)
    first.add("host", "0x1", None, {"0xa": 5})
    assert PartialCapture(tmp_path / "p", "11" * 32).known("host", "0x1", None) == {"0xa": 5}
    assert PartialCapture(tmp_path / "p", "11" * 32).known("host", "0x2", None) == {}
    assert PartialCapture(tmp_path / "p", "22" * 32).resumed == 0


@pytest.mark.parametrize(
    ("raw", "token", "asset", "expected"),
    [(1_500_000, 6, 6, 1_500_000), (15 * 10**17, 18, 6, 1_500_000), (10**12 - 1, 18, 6, 0), (15, 1, 3, 1500)],
)
def test_a_tokens_own_decimals_become_the_asset_maps_rounded_down(
    raw: int, token: int, asset: int, expected: int
) -> None:
    assert in_base_units(raw, token, asset) == expected


def test_rows_that_cannot_be_captured_are_named_with_the_reason() -> None:
    chain = "eip155:1"
    address = f"{chain}:{holder(1)}"
    assets = (
        Asset(symbol="ETH", decimals=18, on_chain=(f"{chain}/slip44:60",)),
        Asset(symbol="NFT", decimals=0, on_chain=(f"{chain}/erc721:{holder(2)}",)),
        Asset(symbol="BTC", decimals=8, on_chain=(f"{BTC_CHAIN}/slip44:0",)),
    )
    rows = [
        (address, "ETH", 1),
        (address.lower(), "ETH", 1),
        (address, "NFT", 1),
        (address, "BTC", 1),
        (BTC_A, "BTC", 1),
        (f"eip155:10:{holder(1)}", "ETH", 1),
        (address[:-1], "ETH", 1),
    ]
    plan = plan_capture(snapshot(rows, assets=assets), parse_endpoints([f"{chain}=https://node.example/"]), TOKEN)
    assert [reading.accounts for reading in plan.readings] == [1]
    assert plan.readings[0].sentence() == "https://node.example: 1 native balances (ETH) on eip155:1 at block 100"
    assert len(plan.left_out) == 5
    assert all(row.reason for row in plan.left_out)


def test_an_endpoint_that_nothing_needs_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="nothing that can be read on eip155:56"):
        plan_capture(snapshot([]), parse_endpoints(["eip155:56=https://node.example/"]), TOKEN)


def test_written_evidence_is_deterministic_and_reads_back(tmp_path: Path) -> None:
    held = snapshot([(BTC_A, "BTC", 5)])
    rows = [BalanceRow(BTC_A, "BTC", 5, "b.example"), BalanceRow(BTC_A, "BTC", 5, "a.example")]
    first, second = tmp_path / "1.porevidence", tmp_path / "2.porevidence"
    for path, order in ((first, rows), (second, rows[::-1])):
        write_evidence(path, held, order, [KEY], captured_at=NOW, endpoints=["https://a.example"])
    assert first.read_bytes() == second.read_bytes()
    evidence = authenticate_evidence(first, trusting(KEY), token=TOKEN, trusted_time=NOW)
    assert observe(held, evidence, TOKEN).lines[0].grade is Grade.TWO_SOURCES
    evidence.members.close()
