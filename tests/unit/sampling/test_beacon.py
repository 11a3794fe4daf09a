"""Fetching a committed drand round from a relay: what is asked, what is taken, and every reply that is not about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor_app.errors import SamplingError
from auditor_app.operation import CancelToken, run
from auditor_app.sampling.beacon import fetch_round
from auditor_app.sampling.drand import CHAINS
from auditor_app.sampling.randomness import parse_source
from tests.unit.chain.fake_endpoint import Handler, fake_endpoint

SIGNATURE, PREVIOUS = "ab" * 48, "cd" * 96
GOOD: dict[str, Any] = {"round": 1000, "signature": SIGNATURE, "randomness": "00" * 32}
CHAINED = GOOD | {"signature": "ef" * 96, "previous_signature": PREVIOUS}


def fetched(source: str, reply: Any) -> tuple[str, list[str]]:
    """What is to be typed, and the paths that were asked for."""
    with fake_endpoint(lambda handler, _: _reply(handler, reply)) as relay:
        text = run(fetch_round(parse_source(source), relay.url, CancelToken()))
        return text, [path for path, _ in relay.seen]


def _reply(handler: Handler, reply: Any) -> None:
    handler.reply(json.dumps(reply).encode())


def test_the_round_of_the_committed_chain_is_asked_for_once() -> None:
    text, paths = fetched("drand:quicknet:1000", GOOD)
    assert text == f"drand:1000:{SIGNATURE}"
    assert paths == [f"/{CHAINS['quicknet'].hash}/public/1000"]


def test_a_chained_network_gives_the_signature_before_as_well() -> None:
    text, paths = fetched("drand:default:1000", CHAINED)
    assert text == f"drand:1000:{'ef' * 96}:{PREVIOUS}"
    assert paths == [f"/{CHAINS['default'].hash}/public/1000"]


@pytest.mark.parametrize(
    ("source", "reply"),
    [
        ("drand:quicknet:1000", GOOD | {"round": 1001}),
        ("drand:quicknet:1000", {"signature": SIGNATURE}),
        ("drand:quicknet:1000", {"round": 1000}),
        ("drand:quicknet:1000", GOOD | {"signature": 5}),
        ("drand:quicknet:1000", GOOD | {"signature": "not hexadecimal"}),
        ("drand:quicknet:1000", GOOD | {"signature": ""}),
        ("drand:quicknet:1000", [GOOD]),
        ("drand:quicknet:1000", "1000"),
        ("drand:default:1000", GOOD),  # without the signature before
        ("drand:default:1000", CHAINED | {"previous_signature": None}),
    ],
)
def test_a_reply_that_is_not_about_the_round_is_refused(source: str, reply: Any) -> None:
    with pytest.raises(SamplingError, match="did not give drand round 1000") as caught:
        fetched(source, reply)
    assert (caught.value.code, caught.value.expected) == ("SAMPLE.RANDOMNESS", "round 1000 with its signature")


def test_only_a_drand_round_is_fetched() -> None:
    with pytest.raises(SamplingError, match="only a drand round can be fetched") as caught:
        fetched("dice", GOOD)
    assert caught.value.observed == "dice"
