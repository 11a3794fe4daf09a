"""The working papers of an issuer's series of snapshots (B6): the same history as report, window and command line."""

from __future__ import annotations

from collections.abc import Iterable

from auditor_app.engagement.history import History
from auditor_app.report.tables import Row, WorkingTable, numbers, texts, units

_PAPER = "B6"


def history_tables(series: History | None) -> list[WorkingTable]:
    """Snapshots, rates, accounts that moved, repeated signatures, roots; none without a series."""
    if series is None:
        return []
    return [_snapshots(series), _leaves(series), _rates(series), _moved(series), _repeated(series), _roots(series)]


def _snapshots(series: History) -> WorkingTable:
    columns = (
        *texts("as of", "snapshot"),
        *numbers("sequence"),
        *texts("chain", "payload SHA-256", "previous payload SHA-256"),
        *numbers("addresses", "came", "went"),
    )
    rows: list[Row] = []
    for point in series.points:
        moved = series.movement(point)
        counts = (None, None) if moved is None else (str(len(moved.came)), str(len(moved.went)))
        rows.append(
            (
                point.as_of,
                point.snapshot_id,
                str(point.sequence),
                series.link(point),
                point.payload_sha256,
                point.previous,
                str(len(point.accounts)),
                *counts,
            )
        )
    return WorkingTable(_PAPER, "series", "Series of snapshots", columns, tuple(rows))


def _leaves(series: History) -> WorkingTable:
    rows = tuple((point.as_of, name, str(count)) for point in series.points for name, count in point.leaf_counts)
    columns = (*texts("as of", "ledger"), *numbers("rows counted"))
    return WorkingTable(_PAPER, "series-leaves", "Rows of each ledger over time", columns, rows)


def _rates(series: History) -> WorkingTable:
    columns = (
        *texts("asset", "as of"),
        *numbers("liabilities", "observed", "difference", "rate percent, rounded down"),
    )
    rows: list[Row] = []
    for asset in series.assets():
        for as_of, point in series.series(asset):
            amounts = (None, None, None) if point is None else (point.liabilities, point.observed, point.difference)
            scale = 0 if point is None else point.decimals
            printed = (units(value, scale) for value in amounts)
            rows.append((asset, as_of, *printed, None if point is None else point.rate))
    return WorkingTable(_PAPER, "series-rates", "Rates and amounts over time", columns, tuple(rows))


def _moved(series: History) -> WorkingTable:
    def moves() -> Iterable[Row]:
        for item in series.movements:
            yield from ((item.as_of, "came", account) for account in item.came)
            yield from ((item.as_of, "went", account) for account in item.went)

    columns = texts("as of", "which way", "account")
    return WorkingTable(_PAPER, "series-addresses", "Addresses that came and went", columns, tuple(moves()))


def _repeated(series: History) -> WorkingTable:
    rows = tuple(
        (item.sha256, "; ".join(item.accounts), "; ".join(item.seen), "yes" if item.every else "no")
        for item in series.repeated
    )
    columns = texts("signature SHA-256", "accounts", "seen as of", "in every snapshot")
    return WorkingTable(_PAPER, "series-signatures", "Signatures seen in several snapshots", columns, rows)


def _roots(series: History) -> WorkingTable:
    rows = tuple(
        (point.as_of, point.snapshot_id, item.ledger, item.scheme, item.root, item.source)
        for point, item in series.roots
    )
    columns = texts("as of", "snapshot", "ledger", "scheme", "root", "seen")
    return WorkingTable(_PAPER, "series-roots", "Roots by instant", columns, rows)
