"""Fetching a drand round from an endpoint that the auditor named, when asked to: never by itself.

The reply is nobody's word: its signature is compared with the pinned key like one that was typed.
"""

from __future__ import annotations

import re
from typing import Any

from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.transport import HttpConversation, Limits
from auditor_app.errors import SamplingError
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.sampling.drand import CHAINS
from auditor_app.sampling.randomness import Source

_LIMITS = Limits(max_bytes=64 * 1024, attempts=3, patience=15)
_HEX = re.compile(r"(?:[0-9a-f]{2}){48,96}\Z", re.ASCII)


def fetch_round(source: Source, url: str, token: CancelToken) -> Operation[str]:
    """The text to type for the committed drand round: ``drand:ROUND:SIGNATURE`` and, chained, ``:PREVIOUS``.

    ``url`` is the address of a drand relay, such as https://api.drand.sh. :class:`SamplingError` ``SAMPLE.RANDOMNESS``
    where the source is no drand round or the reply is not about it; :class:`~auditor_app.errors.ChainError` where the
    endpoint gives no answer.
    """
    if source.kind != "drand":
        raise SamplingError(
            "SAMPLE.RANDOMNESS",
            "only a drand round can be fetched",
            observed=source.text,
            action="Type what the committed source gave.",
        )
    name, number = source.committed["chain"], source.committed["round"]
    yield Progress(0, 1, "replies", f"Asking for drand round {number}")
    (endpoint,) = parse_endpoints([f"drand:{name}={url}"])
    with HttpConversation(endpoint, token, _LIMITS) as relay:
        reply = relay.ask(f"/{CHAINS[name].hash}/public/{number}", None, relay.document)
    yield Progress(1, 1, "replies", f"Asking for drand round {number}")
    chained = CHAINS[name].scheme == "chained"
    signatures = [_hex(reply, field) for field in (("signature", "previous_signature") if chained else ("signature",))]
    if not isinstance(reply, dict) or str(reply.get("round")) != number or None in signatures:
        raise SamplingError(
            "SAMPLE.RANDOMNESS",
            f"{endpoint.origin} did not give drand round {number}",
            expected=f"round {number} with its signature",
            observed=relay.shown(str(reply)),
            action="Wait until the round is published, or ask another relay.",
        )
    return ":".join(["drand", number, *(text for text in signatures if text is not None)])


def _hex(reply: Any, name: str) -> str | None:
    text = reply.get(name) if isinstance(reply, dict) else None
    return text if isinstance(text, str) and _HEX.match(text) else None
