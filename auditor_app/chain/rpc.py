"""JSON-RPC over HTTP: calls and batches whose answers must belong to the requests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

from auditor_app import strict_json
from auditor_app.chain.endpoints import Endpoint
from auditor_app.chain.transport import Conversation, HttpConversation, Limits, OnExchange, TryAgain
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken

__all__ = ["JsonRpc", "Limits", "RpcRefusal"]

_RATE_LIMIT_CODES = frozenset({429, -32005, -32029, -32097})

Call = tuple[str, Sequence[Any]]
"""A method and its parameters."""


class RpcRefusal(ChainError):
    """The endpoint answered with a JSON-RPC error: the request reached it, and it declined."""


class RpcMessages:
    """The requests of one conversation and the answers to them, numbered so that no answer fits another request.

    ``numbers`` is how the answers' JSON numbers are read (:func:`auditor_app.strict_json.parse`).
    """

    def __init__(self, conversation: Conversation, numbers: strict_json.Numbers = "integers") -> None:
        self._conversation = conversation
        self._numbers = numbers
        self._ids = itertools.count(1)

    def request(self, calls: Sequence[Call], *, batched: bool) -> tuple[bytes, list[int]]:
        """The body of a request, and the ids in it."""
        ids = [next(self._ids) for _ in calls]
        messages = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in zip(ids, calls, strict=True)
        ]
        return json.dumps(messages if batched else messages[0], separators=(",", ":")).encode("ascii"), ids

    def results(self, data: bytes, ids: list[int], *, batched: bool) -> list[Any]:
        """The results in the order of ``ids``; an item may be an :class:`RpcRefusal`."""
        document = self._conversation.document(data, self._numbers)
        return [self._answer(answer) for answer in self._matched(document, ids, batched=batched)]

    def _matched(self, document: Any, ids: list[int], *, batched: bool) -> list[dict[str, Any]]:
        """The answers in the order of the requests; each id exactly once."""
        answers = document if batched and isinstance(document, list) else [document]
        if batched and isinstance(document, dict) and "error" in document:
            self._answer_error(document["error"], whole_batch=True)
        by_id = {_id_of(item): item for item in answers}
        if len(answers) != len(ids) or set(by_id) != set(ids):
            if len(ids) == 1 and len(answers) == 1 and isinstance(document, dict) and "error" in document:
                return [document]  # an error about a request whose id the endpoint could not read
            self._conversation.fail("its answers do not belong to the requests")
        return [by_id[number] for number in ids]

    def _answer(self, answer: dict[str, Any]) -> Any:
        error = answer.get("error")
        if error is not None:
            return self._answer_error(error, whole_batch=False)
        if "result" not in answer:
            self._conversation.fail("its answer holds neither a result nor an error")
        return answer["result"]

    def _answer_error(self, error: Any, *, whole_batch: bool) -> RpcRefusal:
        code = error.get("code") if isinstance(error, dict) else None
        message = error.get("message") if isinstance(error, dict) else error
        shown = self._conversation.shown(str(message))
        if code in _RATE_LIMIT_CODES:
            raise TryAgain(f"it limits the rate ({shown})")
        refusal = RpcRefusal(
            "CHAIN.ENDPOINT",
            f"the endpoint {self._conversation.endpoint.origin} declined: {shown} (code {code})",
            action="Use an endpoint that can answer this.",
        )
        if whole_batch:
            raise refusal
        return refusal


def _id_of(item: Any) -> int | None:
    number = item.get("id") if isinstance(item, dict) else None
    if isinstance(number, strict_json.NumberText):
        return int(number) if number.isdigit() else None
    return number if isinstance(number, int) else None


class JsonRpc(HttpConversation):
    """Calls and batches to one endpoint, retried with back-off where the endpoint asks for patience.

    ``requests`` counts HTTP exchanges; ``on_exchange`` is given every successful one.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        token: CancelToken,
        limits: Limits | None = None,
        on_exchange: OnExchange | None = None,
        numbers: strict_json.Numbers = "integers",
    ) -> None:
        super().__init__(endpoint, token, limits, on_exchange)
        self._messages = RpcMessages(self, numbers)

    def call(self, method: str, params: Sequence[Any]) -> Any:
        """The ``result`` of one call; :class:`RpcRefusal` for a JSON-RPC error, :class:`ChainError` for the rest."""
        answer = self._asked([(method, params)], batched=False)[0]
        if isinstance(answer, RpcRefusal):
            raise answer
        return answer

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results of many calls in one exchange, in order; an item may be an :class:`RpcRefusal`."""
        return self._asked(calls, batched=True) if calls else []

    def _asked(self, calls: Sequence[Call], *, batched: bool) -> list[Any]:
        body, ids = self._messages.request(calls, batched=batched)
        return self.ask("", body, lambda data: self._messages.results(data, ids, batched=batched))
