"""Deterministic snapshots of any size, written piece by piece, and the naive reference that they are compared with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auditor_app.ledger.source import PART_ROWS
from auditor_app.snapshot.writing import LEDGER_MEDIA_TYPE, Member, write_signed
from tests.unit.snapshot import samples

PROOF_ID = "PR-2026-11-01"
COINS = ("BTC", "ETH", "USDC", "USDT")
DECIMALS = 8
_TAILS = 2**14
_ID_SPAN = 2**35


@dataclass(frozen=True)
class Made:
    """A made-up ledger: ``rows`` accounts with ``assets`` amounts of eight decimals, ids in no order, none twice."""

    rows: int
    assets: int

    @property
    def columns(self) -> list[dict[str, object]]:
        names = COINS if self.assets == len(COINS) else [f"A{number:02d}" for number in range(self.assets)]
        amounts = [{"name": name, "type": "decimal", "decimals": DECIMALS} for name in names]
        return [{"name": "accountId", "type": "token"}, *amounts]

    def tails(self) -> tuple[list[str], np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
        """The amounts that rows are made of in turn, as text and in base units."""
        units = np.random.default_rng(20261101).integers(0, 10**13, (_TAILS, self.assets))
        texts = [
            ",".join(f"{unit // 10**DECIMALS}.{unit % 10**DECIMALS:08d}".rstrip("0").rstrip(".") for unit in row)
            for row in units.tolist()
        ]
        return texts, units

    def part(self, number: int) -> bytes:
        """The bytes of one part."""
        first = number * PART_ROWS
        texts, _ = self.tails()
        ids = 10**10 + (np.arange(first, min(first + PART_ROWS, self.rows)) * 2654435761) % _ID_SPAN
        return "".join([f"{one},{texts[index % _TAILS]}\n" for index, one in enumerate(ids.tolist(), first)]).encode(
            "ascii"
        )

    def totals(self) -> dict[str, str]:
        """Totals in base units."""
        _, units = self.tails()
        whole, rest = divmod(self.rows, _TAILS)
        sums = [int(column) for column in units.sum(axis=0) * whole + units[:rest].sum(axis=0)]
        names = [str(column["name"]) for column in self.columns[1:]]
        return {name: str(value) for name, value in zip(names, sums, strict=True)}


@dataclass(frozen=True)
class Part:
    """One part as content to be written; made anew each time, so that no CSV lies beside the snapshot."""

    made: Made
    number: int

    def chunks(self) -> Iterator[bytes]:
        yield self.made.part(self.number)


def write_snapshot(folder: Path, made: Made, scheme: str) -> Path:
    """A signed snapshot of the ledger; its root is not known yet and stands as zeros."""
    count = -(-made.rows // PART_ROWS)
    names = [f"ledger/spot-{number:05d}.csv" for number in range(count)]
    members = [
        Member(name, "ledger", Part(made, number), min(PART_ROWS, made.rows - number * PART_ROWS), LEDGER_MEDIA_TYPE)
        for number, name in enumerate(names)
    ]
    commitment = {
        "scheme": scheme,
        "root": "00" * (16 if scheme == "mexc" else 32),
        "leafCount": str(made.rows),
        "parameters": {"proofId": PROOF_ID} if scheme == "mexc" else {},
    }
    ledger = {
        "name": "spot",
        "members": names,
        "rowCount": str(made.rows),
        "order": "tree",
        "columns": made.columns,
        "totals": made.totals(),
        "commitments": [commitment],
    }
    assets = [{"symbol": column["name"], "decimals": DECIMALS, "onChain": []} for column in made.columns[1:]]
    path = folder / f"{scheme}-{made.rows}-{made.assets}.porsnap"
    stated = samples.predicate(assets=assets, ledgers=[ledger], reserves=None, funds=None)
    write_signed(path, stated, members, (samples.TREASURY, samples.FINANCE))
    return path


_ROW = re.compile(rb"[0-9A-Za-z_.:-]{1,128}(?:,(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,18})?)*\Z")
_SCALE = 18
Held = tuple[str, tuple[int, ...]]


def plain(units: int) -> str:
    """Units of 10**-18 as plain decimal text."""
    whole, rest = divmod(units, 10**_SCALE)
    return f"{whole}.{rest:018d}".rstrip("0") if rest else str(whole)


def naive_mexc(parts: Iterable[bytes]) -> tuple[str, list[int], bool]:
    """Root, totals in units of 10**-18 and whether an id repeats: plain Python, one row after the other.

    The same work in a second implementation that shares no code with the program: digest of every part, the grammar
    of every row, up to eighteen decimals, exact sums, every id seen.
    """
    seen: set[str] = set()
    repeated = False
    pending: list[Held | None] = []
    for data in parts:
        hashlib.sha256(data).digest()
        for row in data.splitlines():
            if not _ROW.match(row):
                raise ValueError(row)
            account, *cells = row.decode("ascii").split(",")
            repeated = repeated or account in seen
            seen.add(account)
            units = []
            for cell in cells:
                whole, _, rest = cell.partition(".")
                units.append(int(whole + rest.ljust(_SCALE, "0")))
            listed = ",".join([f"{coin}:{cell}" for coin, cell in zip(COINS, cells, strict=True)])
            node = hashlib.sha256(f"{PROOF_ID},{account},{listed}".encode()).hexdigest()[:32], tuple(units)
            level = 0
            while level < len(pending) and (waiting := pending[level]) is not None:
                pending[level] = None
                node = _parent(waiting, node)
                level += 1
            if level == len(pending):
                pending.append(None)
            pending[level] = node
    root, totals = _close(pending)
    return root, list(totals), repeated


def _parent(left: Held, right: Held | None) -> Held:
    """The node above two nodes, or above a lone one."""
    sums = left[1] if right is None else tuple([one + two for one, two in zip(left[1], right[1], strict=True)])
    listed = ",".join([f"{coin}:{plain(units)}" for coin, units in zip(COINS, sums, strict=True)])
    text = f"{left[0]},{'' if right is None else right[0]},{listed}"
    return hashlib.sha256(text.encode()).hexdigest()[:32], sums


def _close(pending: Sequence[Held | None]) -> Held:
    """Lone nodes climb with an empty right hash until one root is left."""
    carried: Held | None = None
    for level, waiting in enumerate(pending):
        if level == len(pending) - 1 and carried is None and waiting is not None:
            return waiting
        if waiting is not None and carried is not None:
            carried = _parent(waiting, carried)
        elif waiting is not None or carried is not None:
            carried = _parent(waiting or carried, None)  # type: ignore[arg-type]
    assert carried is not None
    return carried
