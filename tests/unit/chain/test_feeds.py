"""Price feeds: asked on a real node, run again offline on what the evidence proves, and everything that must not pass."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from Crypto.Hash import keccak

from auditor_app.chain import feeds as feeds_module
from auditor_app.chain import reexecution
from auditor_app.chain.bundle import TokenLayout
from auditor_app.chain.capture import Captured, capture
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.feeds import FeedMember, FeedQuestion, feeds_name, parse_feeds, read_decimals, read_round
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import Grade, ReserveResult, typed_blocks
from auditor_app.chain.plan import plan_capture
from auditor_app.chain.reexecution import available
from auditor_app.coverage.funds import protection_funds
from auditor_app.errors import ChainError, UsageError
from auditor_app.operation import run
from auditor_app.snapshot.authentic import AuthenticEvidence, AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.statement import Asset, BlockReference
from auditor_app.snapshot.trust import TrustStore
from tests.unit.chain.conftest import Anvil, call_data
from tests.unit.chain.fake_endpoint import Handler, fake_endpoint
from tests.unit.chain.servers import ends_at_once
from tests.unit.chain.snapshots import Members, snapshot
from tests.unit.chain.test_capture import CHAIN, KEY, NOW, TOKEN, holder, trusting

CONTRACTS = json.loads((Path(__file__).parent / "contracts" / "feeds.json").read_text())["contracts"]
needs_node = [pytest.mark.node, pytest.mark.skipif(not available(), reason="pyrevm has no wheel for this system")]
GUARDIAN = f"{CHAIN}:{holder(77)}"
PRICE = 1_627_33000000
SET_AT = 1_700_000_000


def selector(signature: str) -> str:
    return keccak.new(digest_bits=256, data=signature.encode()).hexdigest()[:8]


@dataclass
class Market:
    """A feed behind a proxy on a node, and a fund of ETH that it values."""

    node: Anvil
    feed: str
    broken: str
    height: int
    hash: str

    @property
    def question(self) -> FeedQuestion:
        return FeedQuestion(CHAIN, self.feed.lower(), "ETH", "USDT")

    def snapshot(self) -> AuthenticSnapshot:
        return snapshot(
            [],
            funds=[("Guardian", "guardian", "on-chain", GUARDIAN, "ETH", 10**19, "16273.3", "USDT")],
            assets=(Asset(symbol="ETH", decimals=18, on_chain=(f"{CHAIN}/slip44:60",)),),
            columns=(("ETH",),),
            chains={CHAIN: BlockReference(block_height=str(self.height), block_hash=self.hash)},
        )

    def capture(self, path: Path, *questions: FeedQuestion, more: tuple[str, ...] = ()) -> Captured:
        held = self.snapshot()
        endpoints = [self.node.endpoint(), *parse_endpoints([f"{CHAIN}={url}" for url in more])]
        plan = plan_capture(held, endpoints, TOKEN, questions or (self.question,))
        return run(capture(held, plan, [KEY], path, captured_at=NOW, token=TOKEN))

    def read(self, evidence: AuthenticEvidence, typed: str | None = None) -> ReserveResult:
        return observe(self.snapshot(), evidence, TOKEN, typed_blocks([] if typed is None else [(CHAIN, typed)]))


@pytest.fixture(scope="module")
def market(anvil: Anvil) -> Iterator[Market]:
    aggregator = str(anvil.send(None, CONTRACTS["Aggregator"]["creation"])["contractAddress"])
    proxy = str(anvil.send(None, CONTRACTS["FeedProxy"]["creation"] + f"{int(aggregator, 16):064x}")["contractAddress"])
    broken = str(anvil.send(None, CONTRACTS["Aggregator"]["creation"])["contractAddress"])  # has no round
    anvil.send(aggregator, call_data(selector("submit(int256,uint64)"), PRICE + 1, SET_AT - 3600))
    anvil.send(aggregator, call_data(selector("submit(int256,uint64)"), PRICE, SET_AT))
    anvil("anvil_setBalance", GUARDIAN.rpartition(":")[2], hex(10**19))
    height = anvil.mine()
    anvil.send(aggregator, call_data(selector("submit(int256,uint64)"), 7, SET_AT + 1))  # what "latest" would say
    anvil.mine()
    yield Market(anvil, proxy, broken, height, anvil.hash_at(height))


@pytest.fixture(scope="module")
def captured(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("feeds") / "e.porevidence"
    assert market.capture(path).notes == ()
    return path


def opened(path: Path, store: TrustStore | None = None) -> AuthenticEvidence:
    return authenticate_evidence(path, trusting(KEY) if store is None else store, token=TOKEN, trusted_time=NOW)


def with_member(evidence: AuthenticEvidence, data: bytes) -> AuthenticEvidence:
    names = [item.name for item in evidence.statement.subject]
    held = {name: evidence.members.read(name, TOKEN) for name in names}
    return replace(evidence, members=Members(held | {feeds_name(CHAIN): data}))


@pytest.fixture
def evidence(captured: Path) -> Iterator[AuthenticEvidence]:
    found = opened(captured)
    yield found
    found.members.close()


def reading(member: FeedMember, **changes: Any) -> FeedMember:
    return msgspec.structs.replace(member, feeds=(msgspec.structs.replace(member.feeds[0], **changes),))


def state(member: FeedMember, **changes: Any) -> FeedMember:
    assert member.state is not None
    return msgspec.structs.replace(member, state=msgspec.structs.replace(member.state, **changes))


def dropped_slot(member: FeedMember) -> FeedMember:
    """The account with most slots loses one: the call must fail, never read it as zero."""
    assert member.state is not None
    richest = max(member.state.touched, key=lambda item: len(item.slots))
    touched = tuple(
        msgspec.structs.replace(item, slots=item.slots[1:]) if item is richest else item
        for item in member.state.touched
    )
    return state(member, touched=touched)


def forwarded(url: str, body: Any) -> bytes:
    """What the node itself replies."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return bytes(answer.read())


LAYOUT = TokenLayout(contract="0x" + "ff" * 20, decimals=6, index="2", key_first=True)


def with_stranger(member: FeedMember) -> tuple[str, ...]:
    """The state's nodes and one more that no call needs, in canonical order."""
    assert member.state is not None
    nodes = [*member.state.nodes, "0x" + (b"\xc2\x80\x80" * 12).hex()]
    return tuple(sorted(nodes, key=lambda text: keccak.new(digest_bits=256, data=bytes.fromhex(text[2:])).digest()))


class TestOnANode:
    pytestmark = needs_node

    def test_the_price_at_the_block_is_proven_under_a_typed_hash(
        self, market: Market, evidence: AuthenticEvidence
    ) -> None:
        result = market.read(evidence, market.hash)
        (price,) = result.prices
        assert (price.price.plain(), price.grade) == ("1627.33", Grade.PROVEN)
        assert price.as_of == "2023-11-14T22:13:20Z"
        assert market.feed.lower() in price.source.lower()
        fund = protection_funds(market.snapshot(), result, TOKEN)
        assert (fund.totals[0].observed, fund.totals[0].met) == ("16273.3", True)
        assert [item.code for item in fund.findings] == ["FUND.PRICE_STALE"]  # set in 2023, snapshot of 2026

    def test_without_a_typed_hash_it_is_worth_its_source(self, market: Market, evidence: AuthenticEvidence) -> None:
        (price,) = market.read(evidence).prices
        assert price.grade is Grade.ONE_SOURCE

    def test_another_endpoint_is_asked_for_the_same_answer(self, market: Market, tmp_path: Path) -> None:
        """The same node by another name agrees; whoever answers otherwise stops the capture; silence is noted."""

        def honest(handler: Handler, body: Any) -> None:
            handler.reply(forwarded(market.node.url, body))

        def lying(handler: Handler, body: Any) -> None:
            handler.reply(
                forwarded(market.node.url, body).replace(f"{PRICE:064x}".encode(), f"{PRICE + 1:064x}".encode())
            )

        def silent(handler: Handler, body: Any) -> None:
            handler.reply(forwarded(market.node.url, body).replace(f"{PRICE:064x}".encode(), b"0" * 64))

        with fake_endpoint(honest) as other:
            assert market.capture(tmp_path / "a.porevidence", more=(other.url,)).notes == ()
            assert any(market.feed.lower().encode() in body for _, body in other.seen)
        with fake_endpoint(silent) as other:
            (note,) = market.capture(tmp_path / "b.porevidence", more=(other.url,)).notes
            assert note.startswith(f"{other.url}: the price feed")
            assert note.endswith("was not compared, because its price is 0")
        with fake_endpoint(lying) as other:
            with pytest.raises(ChainError, match="two endpoints show different answers of the price feed") as caught:
                market.capture(tmp_path / "c.porevidence", more=(other.url,))
            assert caught.value.expected.startswith(f"{PRICE} with 8 decimals, set at {SET_AT} from 127.0.0.1:")
            assert caught.value.observed.startswith(f"{PRICE + 1} with 8 decimals, set at {SET_AT} from 127.0.0.1:")
        assert sorted(item.name for item in tmp_path.iterdir()) == ["a.porevidence", "b.porevidence"]

    def test_every_endpoint_that_will_be_asked_is_in_the_plan(self, market: Market) -> None:
        urls = [f"{CHAIN}={market.node.url}", f"{CHAIN}=https://second.example"]
        plan = plan_capture(market.snapshot(), parse_endpoints(urls), TOKEN, (market.question,))
        assert [item.origin for item in plan.readings if "price feed" in item.sentence()] == [
            market.node.url,
            "https://second.example",
        ]

    def test_without_a_pinned_auditor_there_is_no_price(self, market: Market, captured: Path) -> None:
        found = opened(captured, TrustStore())
        assert market.read(found, market.hash).prices == ()
        found.members.close()

    @pytest.mark.parametrize("reason", ["pyrevm is not installed", "ended while it started"])
    def test_where_calls_cannot_be_run_again_it_is_graded_lower_and_said(
        self, market: Market, evidence: AuthenticEvidence, monkeypatch: pytest.MonkeyPatch, reason: str
    ) -> None:
        if "pyrevm" in reason:
            monkeypatch.setattr(feeds_module, "available", lambda: False)
        else:
            monkeypatch.setattr(reexecution, "serve", ends_at_once)
        result = market.read(evidence, market.hash)
        assert result.prices[0].grade is Grade.ONE_SOURCE
        assert "EVIDENCE.PROOF" not in {item.code for item in result.findings}
        (limit,) = (item for item in result.limitations if item.code == "EVIDENCE.NOT_REEXECUTED")
        assert reason in limit.message

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda m: reading(m, answer=str(PRICE + 1)), "answers otherwise"),
            (lambda m: reading(m, decimals=7), "answers otherwise"),
            (lambda m: reading(m, updated_at=str(SET_AT + 1)), "answers otherwise"),
            (lambda m: reading(m, contract="0x" + "12" * 20), "not that of the feeds"),
            (lambda m: state(m, nodes=m.state.nodes[1:]), "missing"),
            (lambda m: state(m, code=m.state.code[1:]), "code of"),
            (lambda m: state(m, executed=(*m.state.executed, "0x" + "ff" * 20)), "not that of the feeds"),
            (lambda m: state(m, tokens=(LAYOUT,)), "not that of the feeds"),
            (lambda m: state(m, nodes=with_stranger(m)), "on no path"),
            (lambda m: reading(m, updated_at=str(253_402_300_800)), "canonical"),
            (lambda m: reading(m, answer="0"), "a price is zero"),
            (dropped_slot, "cannot be asked again|on no path"),
            (lambda m: state(m, chain="eip155:1"), "another chain"),
            (lambda m: state(m, header=m.state.header[:-2] + "01"), "does not hash"),
            (lambda m: msgspec.structs.replace(m, feeds=m.feeds * 2), "canonical"),
            (lambda m: msgspec.structs.replace(m, chain="eip155:1"), "of another chain"),
            (msgspec.json.encode, "canonical"),
            (lambda m: b"{}", "schema"),
        ],
    )
    def test_a_changed_member_gives_no_price(
        self,
        market: Market,
        evidence: AuthenticEvidence,
        change: Callable[[FeedMember], FeedMember | bytes],
        words: str,
    ) -> None:
        member = msgspec.json.decode(evidence.members.read(feeds_name(CHAIN), TOKEN), type=FeedMember)
        changed = change(member)
        data = changed if isinstance(changed, bytes) else msgspec.json.encode(changed) + b"\n"
        result = market.read(with_member(evidence, data), market.hash)
        assert result.prices == ()
        found = [item for item in result.findings if item.code == "EVIDENCE.PROOF"]
        assert len(found) == 1
        assert any(word in found[0].message for word in words.split("|")), found[0].message

    def test_a_feed_without_a_round_and_no_contract_are_left_out_and_said(self, market: Market, tmp_path: Path) -> None:
        nothing = FeedQuestion(CHAIN, "0x" + "77" * 20, "BTC", "USDT")
        unfinished = FeedQuestion(CHAIN, market.broken.lower(), "USDT", "USD")
        done = market.capture(tmp_path / "e", market.question, nothing, unfinished)
        assert len(done.notes) == 2
        assert "answered 0 bytes" in done.notes[0]
        assert "its price is 0" in done.notes[1]
        found = opened(tmp_path / "e")
        assert [item.symbol for item in market.read(found).prices] == ["ETH"]
        found.members.close()

    def test_the_list_before_a_capture_names_each_feed(self, market: Market) -> None:
        plan = plan_capture(market.snapshot(), [market.node.endpoint()], TOKEN, (market.question,))
        assert any("price feed 0x" in item.sentence() and "(ETH in USDT)" in item.sentence() for item in plan.readings)


def test_a_round_is_five_words_with_a_positive_answer_and_a_time() -> None:
    def words(*numbers: int) -> bytes:
        return b"".join((number % 2**256).to_bytes(32, "big") for number in numbers)

    assert read_round(words(9, 5, 1, 7, 9)) == (5, 7)
    for bad in (
        words(9, 0, 1, 7, 9),
        words(9, -5, 1, 7, 9),
        words(9, 5, 1, 0, 9),
        words(9, 5, 1, 253_402_300_800, 9),
        words(1),
    ):
        with pytest.raises(ValueError, match=r"price is|never finished|bytes"):
            read_round(bad)
    assert read_decimals(words(8)) == 8
    for bad in (words(37), words(2**255), b"", words(8, 8)):
        with pytest.raises(ValueError, match="decimals"):
            read_decimals(bad)


def test_feeds_are_typed_as_pair_and_account() -> None:
    account = "0x" + "AB" * 20
    assert parse_feeds([f"ETH/USD=eip155:1:{account}"]) == (FeedQuestion("eip155:1", account.lower(), "ETH", "USD"),)
    for bad in ("ETH=eip155:1:" + account, "ETH/USD=solana:x:" + account, "ETH/USD=eip155:1:0x12", ""):
        with pytest.raises(UsageError):
            parse_feeds([bad])
    with pytest.raises(UsageError, match="two price feeds"):
        parse_feeds([f"ETH/USD=eip155:1:{account}", f"ETH/USD=eip155:10:{account}"])
    with pytest.raises(UsageError, match=r"names no block|no endpoint"):
        plan_capture(snapshot([]), [], TOKEN, parse_feeds([f"ETH/USD=eip155:1:{account}"]))
