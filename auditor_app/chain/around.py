"""Reading the snapshot's accounts at blocks around its own, against window dressing, where endpoints keep past state.

The blocks before and after the snapshot's, and those 7 days away by their own time stamps. What an endpoint does not
know is left out with the reason. The result is the table of :mod:`auditor_app.chain.window`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from auditor_app.chain.plan import CapturePlan
from auditor_app.chain.readers.electrum import ElectrumServer
from auditor_app.chain.readers.esplora import EsploraServer
from auditor_app.chain.readers.model import NO_SUPPLEMENTS, ReadingTask, Supplements
from auditor_app.chain.readers.table import kind_of
from auditor_app.chain.rpc import JsonRpc
from auditor_app.chain.window import WindowBalance
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.authentic import AuthenticSnapshot

DAYS = (-7, 7)
_DAY = 86_400

TimeOf = Callable[[int], int | None]
"""A block's time stamp (Unix seconds) by its height; ``None`` where the endpoint has no such block."""


@dataclass(frozen=True, slots=True)
class AroundResult:
    """Balances by moment, and in words what could not be read."""

    balances: tuple[WindowBalance, ...]
    notes: tuple[str, ...]


def read_around(
    snapshot: AuthenticSnapshot, plan: CapturePlan, token: CancelToken, supplements: Supplements = NO_SUPPLEMENTS
) -> Operation[AroundResult]:
    """Every balance of the plan at each moment, from each chain's first endpoint; it raises for no endpoint's refusal."""
    balances: list[WindowBalance] = []
    notes: list[str] = []
    done: set[str] = set()
    for endpoint in plan.endpoints:
        if endpoint.chain in done:
            continue
        done.add(endpoint.chain)
        named = snapshot.statement.predicate.chains[endpoint.chain]
        task = ReadingTask(
            endpoint,
            int(named.block_height),
            named.block_hash,
            plan.targets[endpoint.chain],
            first=False,
            token=token,
            supplements=replace(supplements, partial=None),
        )
        for days, blocks, height in (yield from _moments(task, notes)):
            moment = replace(task, height=height, block_hash=None if days or blocks else task.block_hash)
            try:
                reading = yield from kind_of(endpoint).read(moment)
            except ChainError as error:
                notes.append(f"{endpoint.origin}: block {height} was not read: {error.what}")
                continue
            notes += reading.notes
            balances += [
                WindowBalance(row.account, row.asset, days, row.amount, row.source, blocks) for row in reading.rows
            ]
    return AroundResult(tuple(balances), tuple(dict.fromkeys(notes)))


def block_before(time_of: TimeOf, height: int, moment: int) -> int | None:
    """The newest block whose time stamp is not after ``moment``, looked for around ``height``; ``None`` if there is none.

    Time stamps are taken to grow with height, which is true to within hours on UTXO chains.
    """
    start = time_of(height)
    if start is None:
        return None
    sign, step = (1 if moment >= start else -1), 1
    while not _passed(time_of, max(0, height + sign * step), moment, sign) and height + sign * step > 0:
        step *= 2
    low, high = sorted((height, max(0, height + sign * step)))
    while high - low > 1:
        middle = (low + high) // 2
        found = time_of(middle)
        low, high = (middle, high) if found is not None and found <= moment else (low, middle)
    first, after = time_of(low), time_of(low + 1)
    return low if first is not None and first <= moment and after is not None and after > moment else None


def _passed(time_of: TimeOf, height: int, moment: int, sign: int) -> bool:
    found = time_of(height)
    return found is None or (found > moment if sign > 0 else found <= moment)


def _moments(task: ReadingTask, notes: list[str]) -> Operation[list[tuple[int, int, int]]]:
    """Days and blocks away from the snapshot's block, and the height."""
    moments = [(0, 0, task.height), (0, -1, task.height - 1), (0, 1, task.height + 1)]
    origin = task.endpoint.origin
    yield Progress(0, None, "requests", f"{origin}: looking for blocks {DAYS[0]} and +{DAYS[-1]} days away")
    try:
        with _times(task) as time_of:
            at = None if time_of is None else time_of(task.height)
            if time_of is None or at is None:
                notes.append(f"{origin}: blocks some days away are not looked for over this protocol")
                return moments
            for days in DAYS:
                height = block_before(time_of, task.height, at + days * _DAY)
                if height is None:
                    notes.append(f"{origin}: there is no block {days:+d} days from the snapshot's")
                else:
                    moments.append((days, 0, height))
    except ChainError as error:
        notes.append(f"{origin}: blocks some days away were not found: {error.what}")
    return moments


@contextmanager
def _times(task: ReadingTask) -> Iterator[TimeOf | None]:
    """How to ask an endpoint for a block's time; ``None`` where that is not known."""
    kind = (task.chain.partition(":")[0], task.endpoint.protocol)
    if kind == ("eip155", ""):
        with JsonRpc(task.endpoint, task.token, task.supplements.limits) as rpc:
            yield lambda height: _evm_time(rpc, height)
    elif kind == ("bip122", "electrum"):
        with ElectrumServer(task) as server:
            yield lambda height: _header_time(server.header, height)
    elif kind in (("bip122", ""), ("bip122", "esplora")):
        with EsploraServer(task.endpoint, task.token, task.supplements.limits) as esplora:
            yield lambda height: _header_time(esplora.header, height)
    else:
        yield None


def _evm_time(rpc: JsonRpc, height: int) -> int | None:
    from auditor_app.chain.evm import quantity

    block = rpc.call("eth_getBlockByNumber", [hex(height), False])
    return quantity(block.get("timestamp"), "a block's time", rpc.endpoint.origin) if isinstance(block, dict) else None


def _header_time(header: Callable[[int], bytes], height: int) -> int | None:
    try:
        return int.from_bytes(header(height)[68:72], "little")
    except ChainError:
        return None  # a height that is not there is declined
