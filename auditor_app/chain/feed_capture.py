"""Asking price feeds at the snapshot's block, with the code and proven state on which they can be asked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor_app.chain.bundle import ProofBundle
from auditor_app.chain.called_state import note_touched, state_of_calls, traced
from auditor_app.chain.evidence_file import ProofMember
from auditor_app.chain.feeds import (
    LATEST_ROUND,
    MEDIA_TYPE,
    FeedQuestion,
    FeedReading,
    encode_feeds,
    feeds_name,
    read_decimals,
    read_round,
)
from auditor_app.chain.header import HeaderError, encode_header
from auditor_app.chain.proven_state import DECIMALS
from auditor_app.chain.rpc import RpcRefusal
from auditor_app.chain.trie import TrieError
from auditor_app.errors import ChainError
from auditor_app.operation import Operation, Progress

if TYPE_CHECKING:
    from auditor_app.chain.evm import EvmReader


def capture_feeds(
    reader: EvmReader, chain: str, questions: Sequence[FeedQuestion]
) -> Operation[tuple[ProofMember | None, tuple[str, ...]]]:
    """The member with every feed that gives a price, and in words which give none or cannot be asked again offline."""
    origin = reader.rpc.endpoint.origin
    yield Progress(0, len(questions), "feeds", f"{origin}: price feeds")
    readings: list[FeedReading] = []
    notes: list[str] = []
    for question in questions:
        try:
            readings.append(_asked(reader, question))
        except (ValueError, RpcRefusal) as error:
            reason = error.what if isinstance(error, RpcRefusal) else str(error)
            notes.append(f"{origin}: the {question.sentence()} gives no price, because {reason}")
    if not readings:
        return None, tuple(notes)
    state: ProofBundle | None = None
    try:
        state = yield from _state(reader, chain, readings)
    except (HeaderError, TrieError, RpcRefusal, ValueError) as error:
        reason = error.what if isinstance(error, RpcRefusal) else str(error)
        notes.append(f"{origin}: price feeds cannot be asked again offline, because {reason}")
    return ProofMember(feeds_name(chain), MEDIA_TYPE, encode_feeds(chain, readings, state)), tuple(notes)


def compare_feeds(reader: EvmReader, told: Sequence[FeedReading]) -> tuple[str, ...]:
    """Ask another endpoint for what the chain's first one told of the feeds; in words which it does not answer.

    :class:`ChainError` where it answers otherwise: at one block a contract says one thing.
    """
    endpoint = reader.rpc.endpoint
    notes: list[str] = []
    for item in told:
        question = FeedQuestion(endpoint.chain, item.contract, item.symbol, item.quote)
        try:
            again = _asked(reader, question)
        except (ValueError, RpcRefusal) as error:
            reason = error.what if isinstance(error, RpcRefusal) else str(error)
            notes.append(f"{endpoint.origin}: the {question.sentence()} was not compared, because {reason}")
            continue
        if _said(again) != _said(item):
            raise ChainError(
                "CHAIN.ENDPOINT",
                f"two endpoints show different answers of the {question.sentence()} at height {reader.block.height}",
                expected=f"{_said(item)} from {item.source}",
                observed=f"{_said(again)} from {again.source}",
                action="Ask a third; do not capture before you know which answer is the right one.",
            )
    return tuple(notes)


def _said(item: FeedReading) -> str:
    return f"{item.answer} with {item.decimals} decimals, set at {item.updated_at}"


def _asked(reader: EvmReader, question: FeedQuestion) -> FeedReading:
    """The feed's answer at the block; ``ValueError`` with a clause where it is no price."""
    from auditor_app.chain.evm import binary

    calls = [{"to": question.contract, "data": "0x" + data.hex()} for data in (LATEST_ROUND, DECIMALS)]
    answers = reader.rpc.batch([("eth_call", [call, reader.pin]) for call in calls])
    for answer in answers:
        if isinstance(answer, RpcRefusal):
            raise answer
    origin = reader.rpc.endpoint.origin
    latest, decimals = (binary(answer, "a price feed's answer", origin) for answer in answers)
    value, updated = read_round(latest)
    return FeedReading(
        contract=question.contract,
        symbol=question.symbol,
        quote=question.quote,
        answer=str(value),
        decimals=read_decimals(decimals),
        updated_at=str(updated),
        source=reader.rpc.endpoint.source,
    )


def _state(reader: EvmReader, chain: str, readings: Sequence[FeedReading]) -> Operation[ProofBundle]:
    """What the feeds' calls read; ``ValueError`` where the endpoint cannot say."""
    from auditor_app.chain.prove import Found, access_list

    encoded = encode_header(reader.block.header)
    found = Found(set(), [], {}, set(), [])
    for item in readings:
        answers = reader.rpc.batch([traced(reader, item.contract, data) for data in (LATEST_ROUND, DECIMALS)])
        lists = [None if isinstance(answer, RpcRefusal) else access_list(answer) for answer in answers]
        if any(item is None for item in lists):
            raise ValueError("the endpoint does not say what their calls read")
        note_touched(found, item.contract, [touched for touched in lists if touched is not None])
    return (yield from state_of_calls(reader, chain, found, encoded, "price feeds"))
