"""What readers share that ask for one account after another and can trust no state proof: Tron, Solana, XRP, TON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from auditor_app.chain.addresses import on_chain_ids
from auditor_app.chain.bundle import in_base_units
from auditor_app.chain.readers.model import Accepts, ReadingTask, Target
from auditor_app.counts import counted
from auditor_app.operation import Operation, Progress
from auditor_app.snapshot.members import BalanceRow

_ROWS = "rows"
"""Under what the working file keeps amounts that are already in the asset map's units."""


class Untold(Exception):
    """The endpoint cannot tell this balance at this block; the message is a clause. It is never read as zero."""


ReadOne = Callable[[Target, str | None], tuple[int, int]]
"""Raw balance and decimals of one account's token (``None``: the chain's coin); :class:`Untold` where it cannot be said."""


def read_rows(
    task: ReadingTask, block_hash: str, accepts: Accepts, read_one: ReadOne
) -> Operation[tuple[tuple[BalanceRow, ...], tuple[str, ...]]]:
    """A row for each target whose every token was told, and a note for each reason why others were not.

    What an interrupted capture was told of the block with ``block_hash`` is not asked again.
    """
    partial, source = task.supplements.partial, task.endpoint.source
    known = {} if partial is None else dict(partial.known(source, block_hash, _ROWS))
    rows: list[BalanceRow] = []
    untold: Counter[tuple[str, str]] = Counter()
    for number, target in enumerate(task.targets):
        task.token.check()
        yield Progress(number, len(task.targets), "balances", f"{task.endpoint.origin}: balances on {task.chain}")
        symbol = target.asset.symbol
        place = f"{symbol} {target.text}"
        if place in known:
            rows.append(BalanceRow(target.text, symbol, known[place], source))
            continue
        try:
            found = [
                read_one(target, accepts(target.account, asset_id))
                for asset_id in on_chain_ids(target.asset, task.chain)
            ]
        except Untold as reason:
            untold[symbol, str(reason)] += 1
            continue
        amount = sum(in_base_units(raw, decimals, target.asset.decimals) for raw, decimals in found)
        if partial is not None:
            partial.add(source, block_hash, _ROWS, {place: amount})
        rows.append(BalanceRow(target.text, symbol, amount, source))
    notes = [
        f"{task.endpoint.origin}: {counted(count, f'balance of {symbol} was', f'balances of {symbol} were')} not captured, because {reason}"
        for (symbol, reason), count in untold.items()
    ]
    return tuple(rows), tuple(notes)
