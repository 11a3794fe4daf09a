"""One truthful loopback server of every kind that is read, and a way to make it fail from its n-th answer on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from auditor_app.chain.capture import Captured, Supplements, capture
from auditor_app.chain.endpoints import Endpoint, parse_endpoints
from auditor_app.chain.observe import observe
from auditor_app.chain.observed import Grade, ReserveResult
from auditor_app.chain.partial import PartialCapture
from auditor_app.chain.plan import plan_capture
from auditor_app.chain.transport import Limits
from auditor_app.operation import CancelToken, run
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.statement import Asset, BlockReference
from tests.ui import node as evm_node
from tests.unit.chain import small_chain
from tests.unit.chain.fake_endpoint import Handler, LineHandler, fake_endpoint, fake_line_endpoint
from tests.unit.chain.http_chains import Chain, answering, solana, ton, tron, xrp
from tests.unit.chain.snapshots import BTC_CHAIN, EVM_B, USDT, snapshot
from tests.unit.chain.test_capture import KEY, NOW, TOKEN, trusting
from tests.unit.chain.test_proven import EVM_A

HASTY = Limits(
    connect_seconds=1, exchange_seconds=0.25, max_bytes=200_000, attempts=2, first_wait=0.01, longest_wait=0.02, patience=1
)  # fmt: skip
CALM = Limits(exchange_seconds=30, attempts=2)
SECRET = "sentinel-7f3c9a51"

Fault = Callable[[Any], None]
"""What a server does instead of answering; it is given the handler of one request."""


@dataclass
class Trouble:
    """From its ``start``-th answer on (0 is the first) a server shows ``fault``."""

    fault: Fault | None = None
    start: int = 0
    answered: int = 0

    def strikes(self) -> bool:
        self.answered += 1
        return self.fault is not None and self.answered > self.start


@dataclass
class Kind:
    """A snapshot with one account or more, and a server that tells the truth about it."""

    name: str
    held: AuthenticSnapshot
    chain: str
    scheme: str
    truth: Callable[[Any, Any], None]
    grade: Grade = Grade.ONE_SOURCE
    lines: bool = False
    path: str = field(default="/{key}")

    @contextmanager
    def served(self, trouble: Trouble) -> Iterator[str]:
        """The server's host and port."""

        def answer(handler: Any, request: Any) -> None:
            if trouble.strikes():
                assert trouble.fault is not None
                trouble.fault(handler)
            else:
                self.truth(handler, request)

        if self.lines:
            with fake_line_endpoint(answer) as (netloc, _):
                yield netloc
        else:
            with fake_endpoint(answer) as fake:
                yield fake.url.removeprefix("http://")

    def specification(self, netloc: str) -> str:
        return f"{self.chain}={self.scheme}{netloc}{'' if self.lines else self.path}"

    def endpoints(self, netloc: str) -> tuple[Endpoint, ...]:
        return parse_endpoints([self.specification(netloc)], secrets=lambda _: self.secret)

    @property
    def secret(self) -> str:
        """A node's is a user and a password."""
        return f"user:{SECRET}" if self.name == "core" else SECRET

    def capture(self, folder: Path, netloc: str, token: CancelToken = TOKEN, limits: Limits = HASTY) -> Captured:
        """Into ``folder/e.porevidence``, with a working file beside it."""
        path = folder / "e.porevidence"
        plan = plan_capture(self.held, self.endpoints(netloc), TOKEN)
        kept = Supplements(limits=limits, partial=PartialCapture(folder / "e.partial", self.held.payload_sha256))
        return run(capture(self.held, plan, [KEY], path, captured_at=NOW, token=token, supplements=kept))

    def seen(self, folder: Path) -> list[Any]:
        """Account, observed and grade of each line."""
        return [(line.address.account, line.observed, line.grade) for line in self.observed(folder).lines]

    def observed(self, folder: Path) -> ReserveResult:
        evidence = authenticate_evidence(folder / "e.porevidence", trusting(KEY), token=TOKEN, trusted_time=NOW)
        try:
            return observe(self.held, evidence, TOKEN)
        finally:
            evidence.members.close()


def _evm(handler: Handler, document: Any) -> None:
    many = document if isinstance(document, list) else [document]
    replies = [evm_node._reply(item) for item in many]
    handler.reply(json.dumps(replies if isinstance(document, list) else replies[0]).encode())


def _core(handler: Handler, request: Any) -> None:
    try:
        handler.result(request, small_chain.core(request["method"], request["params"]))
    except KeyError:
        handler.error(request, -8, "Block height out of range")


def _esplora(handler: Handler, _request: Any) -> None:
    try:
        handler.reply(small_chain.esplora(handler.path.partition("?")[0].removeprefix("/api")))
    except KeyError:
        handler.reply(b"Not found", 404)


def electrum(handler: LineHandler, request: Any) -> None:
    """Answer a line, which may be a batch."""
    many = request if isinstance(request, list) else [request]
    found = [
        {"jsonrpc": "2.0", "id": item["id"], "result": small_chain.electrum(item["method"], item["params"])}
        for item in many
    ]
    handler.reply(json.dumps(found if isinstance(request, list) else found[0]).encode())


def _of(chain: Chain, name: str) -> Kind:
    truth = answering(chain.replies)

    def answer(handler: Any, request: Any) -> None:
        truth(handler, request)

    return Kind(name, chain.snapshot(), chain.chain, "http://", answer, path="/?key={key}")


def _evm_snapshot() -> AuthenticSnapshot:
    rows = [(EVM_A, "ETH", 7 * 10**18), (EVM_B, "ETH", 5 * 10**18), (EVM_A, "USDT", 9_000_000), (EVM_B, "USDT", 10**6)]
    assets = (
        Asset(symbol="ETH", decimals=18, on_chain=("eip155:1/slip44:60",)),
        Asset(symbol="USDT", decimals=6, on_chain=(USDT,)),
    )
    block = BlockReference(block_height=str(evm_node.HEIGHT), block_hash=evm_node.THEN.hash)
    return snapshot(rows, columns=(("ETH", "USDT"),), assets=assets, chains={"eip155:1": block})


KINDS = (
    Kind("evm", _evm_snapshot(), "eip155:1", "http://", _evm),
    Kind("core", small_chain.small_snapshot(small_chain.TIP), BTC_CHAIN, "core+http://", _core, path="/"),
    Kind("electrum", small_chain.small_snapshot(), BTC_CHAIN, "electrum+tcp://", electrum, lines=True),
    Kind("esplora", small_chain.small_snapshot(), BTC_CHAIN, "esplora+http://", _esplora, path="/api?key={key}"),
    _of(tron(), "tron"),
    _of(tron(token=True), "trc20"),
    _of(solana(), "solana"),
    _of(solana(token=True), "spl"),
    _of(xrp(), "xrp"),
    _of(ton(), "ton"),
)


@cache
def truth_of(name: str) -> tuple[int, list[Any]]:
    """How many answers an honest capture takes, and what is observed then."""
    kind = next(kind for kind in KINDS if kind.name == name)
    with TemporaryDirectory() as folder:
        return _honest(kind, Path(folder))


def _honest(kind: Kind, folder: Path) -> tuple[int, list[Any]]:
    trouble = Trouble()
    with kind.served(trouble) as netloc:
        kind.capture(folder, netloc, limits=CALM)
    return trouble.answered, kind.seen(folder)
