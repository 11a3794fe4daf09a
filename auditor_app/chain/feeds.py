"""Prices from on-chain feeds in evidence, read again at the block by running the feed's own code on proven state.

A feed (Chainlink's ``AggregatorV3Interface``) is a contract; that it speaks of this pair is the word of the auditor who
named it at capture. A price never leaves the trust grade of its chain's block (:mod:`auditor_app.chain.grading`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from auditor_app import strict_json
from auditor_app.amounts import Amount
from auditor_app.chain.accounts import checksum_address
from auditor_app.chain.bundle import ProofBundle
from auditor_app.chain.grading import OWN_NODE, not_reexecuted
from auditor_app.chain.header import LAST_SECOND
from auditor_app.chain.observed import Grade, ObservedPrice
from auditor_app.chain.proven_state import DECIMALS, ProvenState
from auditor_app.chain.reexecution import NO_PYREVM, MachineMissingError, ReexecutionError, available
from auditor_app.chain.trie import TrieError
from auditor_app.errors import AuditError, ChainError, Location, UsageError
from auditor_app.findings import Finding, Limitation, finding
from auditor_app.instants import format_instant
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.typed import typed

LATEST_ROUND = bytes.fromhex("feaf968c")
"""Selector of ``latestRoundData()``: (roundId, answer, startedAt, updatedAt, answeredInRound)."""

MEDIA_TYPE = "application/vnd.por.price-feeds.v1+json"
MAX_BYTES = 64 * 2**20
MAX_DECIMALS = 36
_PROCEDURE = "funds"
_QUESTION = re.compile(
    r"([A-Za-z0-9._-]{1,32})/([A-Za-z0-9._-]{1,32})=(eip155:[0-9]{1,18}):(0x[0-9a-fA-F]{40})\Z", re.ASCII
)
_Digits = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,77})\Z")]


@dataclass(frozen=True, slots=True)
class FeedQuestion:
    """A feed that the auditor named: lower-case ``0x`` contract on a chain, and of which pair it gives the price."""

    chain: str
    contract: str
    symbol: str
    quote: str

    def sentence(self) -> str:
        """What will be asked, for the list before any request."""
        return f"price feed {checksum_address(self.contract)} ({self.symbol} in {self.quote}) on {self.chain}"


class FeedReading(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What an endpoint answered for one feed: the answer in 10**-decimals of the quote, and when it was set."""

    contract: Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-f]{40}\Z")]
    symbol: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    quote: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    answer: _Digits
    decimals: Annotated[int, msgspec.Meta(ge=0, le=MAX_DECIMALS)]
    updated_at: _Digits
    source: Annotated[str, msgspec.Meta(max_length=300)]


class FeedMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """One chain's feeds in order of pair, and the state on which they are asked again, where there is one."""

    chain: str
    feeds: tuple[FeedReading, ...]
    state: ProofBundle | None = None


def feeds_name(chain: str) -> str:
    """The member for a CAIP-2 chain."""
    return f"feeds/{chain.replace(':', '-')}.json"


def parse_feeds(texts: Iterable[str]) -> tuple[FeedQuestion, ...]:
    """Feeds as an auditor types them: ``ETH/USD=eip155:1:0x…``; :class:`UsageError` for anything else."""
    found = []
    for text in texts:
        match = _QUESTION.match(text)
        if not match:
            raise UsageError(
                "USAGE", f"{text[:80]!r} names no price feed", action="Write it as ETH/USD=eip155:1:0x… (pair=account)."
            )
        symbol, quote, chain, contract = match.groups()
        found.append(FeedQuestion(chain, contract.lower(), symbol, quote))
    pairs = [(item.symbol, item.quote) for item in found]
    if len(set(pairs)) != len(pairs):
        raise UsageError("USAGE", "one pair has two price feeds", action="Name one feed for each pair.")
    return tuple(found)


def encode_feeds(chain: str, feeds: Iterable[FeedReading], state: ProofBundle | None) -> bytes:
    """The member's bytes."""
    ordered = tuple(sorted(feeds, key=lambda item: (item.symbol, item.quote)))
    return msgspec.json.encode(FeedMember(chain=chain, feeds=ordered, state=state)) + b"\n"


def read_round(answer: bytes) -> tuple[int, int]:
    """Answer and time of ``latestRoundData()``; ``ValueError`` with a clause where it is no finished, positive price."""
    if len(answer) != 160:
        raise ValueError(f"it answered {len(answer)} bytes, not a round of five words")
    value = int.from_bytes(answer[32:64], "big", signed=True)
    updated = int.from_bytes(answer[96:128], "big")
    if value <= 0:
        raise ValueError(f"its price is {value}")
    if not 0 < updated <= LAST_SECOND:
        raise ValueError("its round was never finished")
    return value, updated


def read_decimals(answer: bytes) -> int:
    """What ``decimals()`` answered; ``ValueError`` with a clause for anything above :data:`MAX_DECIMALS`."""
    if len(answer) != 32 or int.from_bytes(answer, "big") > MAX_DECIMALS:
        raise ValueError("its decimals are no small number")
    return int.from_bytes(answer, "big")


@dataclass(frozen=True, slots=True)
class FeedPrices:
    """Prices that evidence gives for this snapshot's blocks, and what was found on the way."""

    prices: tuple[ObservedPrice, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


def read_feeds(
    evidence: AuthenticEvidence, pins: Mapping[str, str], unusable: frozenset[str], *, trusted: bool, token: CancelToken
) -> FeedPrices:
    """Every feed of every chain that is not ``unusable``, asked again on proven state; no network.

    ``pins`` says who vouches for a chain's block hash, ``trusted`` whether a pinned auditor signed: which contract
    speaks of which pair is that auditor's word, so without it there are no prices.
    """
    prices: list[ObservedPrice] = []
    findings: list[Finding] = []
    limits: list[Limitation] = []
    present = {subject.name for subject in evidence.statement.subject}
    for chain in evidence.statement.predicate.chains:
        token.check()
        if not trusted or chain in unusable or feeds_name(chain) not in present:
            continue
        try:
            member = decode_feeds(evidence.members.read(feeds_name(chain), token), chain)
            found, missing = _asked_again(evidence, member, pins.get(chain), token)
        except ChainError as error:
            findings.append(_not_held(error, chain))
            continue
        prices += found
        if missing:
            limits += not_reexecuted(chain, missing)
    return FeedPrices(tuple(prices), tuple(findings), tuple(limits))


def _asked_again(
    evidence: AuthenticEvidence, member: FeedMember, pin: str | None, token: CancelToken
) -> tuple[list[ObservedPrice], str]:
    """The member's prices, and why their contracts could not be run again on this installation."""
    block = evidence.statement.predicate.chains[member.chain]
    by_source = [_price(item, _source_grade(item), item.source, member.chain) for item in member.feeds]
    if member.state is None or not available():
        return by_source, "" if member.state is None else NO_PYREVM
    if block.block_hash is None or member.state.chain != member.chain:
        raise _failed("its state is of another chain, or of no block", member.chain)
    try:
        block_hash = bytes.fromhex(block.block_hash.removeprefix("0x"))
    except ValueError:
        raise _failed("the block hash is not hexadecimal", member.chain) from None
    if member.state.tokens or set(member.state.executed) != {item.contract for item in member.feeds}:
        raise _failed("its state is not that of the feeds", member.chain)
    prices = []
    with ProvenState(member.state, block_hash, int(block.block_height), token) as state:
        state.refuse_spare_nodes()
        for item in member.feeds:
            try:
                _compare(item, state, member.chain)
            except MachineMissingError as error:
                return by_source, str(error)
            if pin is None:
                prices.append(_price(item, _source_grade(item), item.source, member.chain))
            else:
                prices.append(_price(item, Grade.PROVEN, f"run again on proven state, block hash {pin}", member.chain))
    return prices, ""


def _compare(item: FeedReading, state: ProvenState, chain: str) -> None:
    """The contract's own answer must be the one in the file; :class:`ChainError` otherwise."""
    try:
        value, updated = read_round(state.call(item.contract, LATEST_ROUND))
        decimals = read_decimals(state.call(item.contract, DECIMALS))
    except MachineMissingError:
        raise
    except (ReexecutionError, TrieError, ValueError) as error:
        raise _failed(f"the feed {item.contract} cannot be asked again: {error}", chain) from None
    if updated > state.header.timestamp:
        raise _failed(f"the feed {item.contract} was set after the block", chain)
    if (value, decimals, updated) != (int(item.answer), item.decimals, int(item.updated_at)):
        raise ChainError(
            "EVIDENCE.PROOF",
            f"the feed {item.contract} answers otherwise than the evidence states",
            at=Location(feeds_name(chain)),
            expected=f"{value} with {decimals} decimals at {updated}",
            observed=f"{item.answer} with {item.decimals} decimals at {item.updated_at}",
        )


def _price(item: FeedReading, grade: Grade, source: str, chain: str) -> ObservedPrice:
    moment = datetime.fromtimestamp(int(item.updated_at), UTC)
    return ObservedPrice(
        item.symbol,
        item.quote,
        Amount(int(item.answer), item.decimals),
        f"feed {chain}:{checksum_address(item.contract)} ({source})",
        format_instant(moment),
        grade,
    )


def _source_grade(item: FeedReading) -> Grade:
    return Grade.OWN_NODE if item.source.startswith(OWN_NODE) else Grade.ONE_SOURCE


def decode_feeds(data: bytes, chain: str) -> FeedMember:
    """The member of a chain; :class:`ChainError` ``EVIDENCE.PROOF`` unless it is in canonical form."""
    name = feeds_name(chain)
    try:
        document = strict_json.parse(data, file=name, code="EVIDENCE.PROOF", max_bytes=MAX_BYTES)
        member = typed(document, FeedMember)
    except AuditError as error:
        raise ChainError("EVIDENCE.PROOF", error.what, at=error.at) from None
    except msgspec.ValidationError as error:
        raise _failed(f"the feeds break their schema: {error}", chain) from None
    pairs = [(item.symbol, item.quote) for item in member.feeds]
    stale_form = msgspec.json.encode(member) + b"\n" != data or pairs != sorted(set(pairs))
    if stale_form or member.chain != chain or any(int(item.updated_at) > LAST_SECOND for item in member.feeds):
        raise _failed("the feeds are not in canonical form, or of another chain", chain)
    if any(not int(item.answer) for item in member.feeds):
        raise _failed("a price is zero", chain)
    return member


def _failed(what: str, chain: str) -> ChainError:
    return ChainError("EVIDENCE.PROOF", what, at=Location(feeds_name(chain)), action="Capture the feeds again.")


def _not_held(error: AuditError, chain: str) -> Finding:
    return finding(
        "EVIDENCE.PROOF",
        procedure=_PROCEDURE,
        subject=f"price feeds of {chain}",
        message=f"Price feeds were asked again on the evidence's state and do not hold: {error.what}. None was used.",
        expected=error.expected,
        observed=error.observed,
        at=error.at,
    )
