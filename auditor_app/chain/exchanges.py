"""Raw requests and replies of a capture, kept in the evidence file beside what was made of them.

They prove nothing (whoever made the file could have made them up) and no verification reads them; they are there for
a second auditor who wants to see what an endpoint said. Secrets are in no request: they stand in a URL or a header,
which are not kept, and are blotted out of replies.
"""

from __future__ import annotations

import base64
import json

from auditor_app.chain.endpoints import Endpoint
from auditor_app.chain.evidence_file import ProofMember
from auditor_app.chain.transport import Exchange

MEDIA_TYPE = "application/vnd.por.exchanges.v1+jsonl"
MAX_BYTES = 128 * 2**20


class ExchangeLog:
    """The exchanges with one endpoint, the ``number``-th of the capture, up to a size cap.

    One JSON object a line: ``at`` (when the reply was complete, by the capturing machine's clock), ``origin``, ``asked``
    (verb and path behind the endpoint's own), ``request`` and ``reply`` as text, or ``…Base64`` where they are none.
    """

    def __init__(self, endpoint: Endpoint, number: int, max_bytes: int = MAX_BYTES) -> None:
        self._endpoint = endpoint
        self._number = number
        self._room = max_bytes
        self._lines: list[bytes] = []
        self._left_out = 0

    def add(self, exchange: Exchange) -> None:
        """Keep one exchange if there is room."""
        line = {"at": exchange.at, "origin": exchange.origin, "asked": exchange.asked}
        line |= _text("request", exchange.request) | _text("reply", exchange.reply)
        data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"
        if self._left_out or len(data) > self._room:
            self._left_out += 1
            return
        self._room -= len(data)
        self._lines.append(data)

    def members(self) -> tuple[ProofMember, ...]:
        """The member for the evidence file; none if nothing was kept."""
        folder = self._endpoint.chain.replace(":", "-")
        host = self._endpoint.netloc.lower().replace(":", "-")
        name = f"exchanges/{folder}/{self._number}-{host}.jsonl"
        return (ProofMember(name, MEDIA_TYPE, b"".join(self._lines)),) if self._lines else ()

    def notes(self) -> tuple[str, ...]:
        """In words what was left out."""
        if not self._left_out:
            return ()
        return (f"{self._endpoint.origin}: {self._left_out} raw exchanges were not kept, because they are too large",)


def _text(name: str, data: bytes) -> dict[str, str]:
    try:
        return {name: data.decode("utf-8")}
    except UnicodeDecodeError:
        return {name + "Base64": base64.b64encode(data).decode("ascii")}
