"""Series of snapshots: how each follows the one before, rates and amounts over time, addresses, signatures, roots."""

from __future__ import annotations

from auditor_app.engagement.history import HISTORY, AssetPoint, History, SnapshotPoint
from auditor_app.report.blocks import (
    Cell,
    Chart,
    Column,
    Given,
    Heading,
    Inline,
    Mark,
    Newline,
    PageBlock,
    Paragraph,
    Quantity,
    Said,
    Table,
    Tone,
    code,
    digits,
    given,
    quantity,
    said,
)
from auditor_app.report.charts import rates_charts
from auditor_app.report.history_figure import charted
from auditor_app.report.material import Material
from auditor_app.report.quantities import amount_text, count_text, percent_text, plural, shown_decimals
from auditor_app.report.redaction import WITHHELD

LISTED = 100
"""Accounts of one movement that are printed; the attachment holds all of them."""
_LINKS = {
    "first": Mark("none", "First here"),
    "in order": Mark("agrees", "In order"),
    "broken": Mark("exception", "See findings"),
}


def build(material: Material) -> tuple[PageBlock, ...]:
    """Nothing where the engagement holds fewer than two snapshots of the issuer."""
    series = material.history
    if series is None:
        return ()
    return (
        Paragraph(_introduction(series)),
        _snapshots(series),
        *_findings(material),
        Heading(2, "Reserve rates over time"),
        *_chart(series),
        *_rates(series),
        Heading(2, "Addresses that came and went"),
        *_movements(series),
        Heading(2, "Signatures of control seen in several snapshots"),
        *_repeated(series),
        Heading(2, "Roots by instant"),
        *_roots(series),
    )


def _introduction(series: History) -> Cell:
    return (
        Said(f"{plural(len(series.points), 'snapshot')} of "),
        Given(series.points[0].issuer, "strong"),
        Said(
            " are recorded in this engagement before this report; each stands as it came out when the procedures were last "
            "performed on it, oldest first."
        ),
    )


def _snapshots(series: History) -> Table:
    columns = (
        Column("As of (UTC), snapshot", 1.5),
        Column("Sequence", 0.55, "right"),
        Column("Chain", 0.8),
        Column("Payload SHA-256, and the predecessor that it names", 2.9),
        Column("Leaves by ledger", 1.1),
        Column("Addresses", 0.6, "right"),
    )
    return Table(columns, tuple(_snapshot(series, point) for point in series.points), "small")


def _snapshot(series: History, point: SnapshotPoint) -> tuple[Cell, ...]:
    leaves: list[Inline] = []
    for name, rows in point.leaf_counts:
        leaves += [*([Newline()] if leaves else []), Given(name), Said(f"  {count_text(rows)}")]
    after: Cell = said("names no predecessor", "muted")
    if point.previous is not None:
        after = (Said("after ", "muted"), *digits(point.previous))
    return (
        (Given(point.as_of, "strong"), Newline(), Given(point.snapshot_id, "muted")),
        quantity(count_text(point.sequence)),
        (_LINKS[series.link(point)],),
        (*digits(point.payload_sha256), Newline(), *after),
        tuple(leaves),
        quantity(count_text(len(point.accounts))),
    )


def _findings(material: Material) -> tuple[PageBlock, ...]:
    """By their numbers; their words stand with all others."""
    found = [item for item in (*material.exceptions, *material.notes) if item.finding.procedure == HISTORY]
    if not found:
        words = "The series gave rise to no finding: no sequence number is used twice, and one root was seen for each instant."
        return (Paragraph(said(words)),)
    columns = (Column("No.", 0.4), Column("Subject", 1.6), Column("What was found", 3.4), Column("Code", 1.2))
    rows = tuple(
        (
            said(item.number, "strong"),
            given(item.finding.subject),
            (Given(item.finding.message),),
            given(item.finding.code, "muted"),
        )
        for item in found
    )
    return Heading(2, "Findings of the series"), Table(columns, rows, "small")


def _chart(series: History) -> tuple[PageBlock, ...]:
    charts = rates_charts(series)
    if not charts:
        return (Paragraph(said("No chart: no snapshot has a rate.")),)
    drawn = charted(series)
    words: list[Inline] = [
        Said("Observed reserves in percent of gross liabilities; each asset has a marker of its own.")
    ]
    if len(drawn) < len(series.assets()):
        words += [
            Said(" Drawn: "),
            Given(", ".join(drawn)),
            Said(
                ". The table holds every asset: those nearer to 100 % in their last snapshot and those without a rate, too."
            ),
        ]
    return (
        Paragraph(tuple(words), "small"),
        *(Chart(chart.file, chart.alternative, chart.caption) for chart in charts),
    )


def _rates(series: History) -> tuple[PageBlock, ...]:
    columns = (
        Column("Asset", 0.7),
        Column("As of (UTC)", 1.3),
        Column("Gross liabilities", 1.7, "right"),
        Column("Reserves observed", 1.7, "right"),
        Column("Difference", 1.6, "right"),
        Column("Rate", 0.9, "right"),
    )
    rows = []
    for asset in series.assets():
        for place, (as_of, point) in enumerate(series.series(asset)):
            name = given(asset, "strong") if not place else given(asset, "muted")
            rows.append((name, given(as_of), *(_AMOUNTLESS if point is None else _amounts(point))))
    return (Table(columns, tuple(rows), "small" if len(rows) <= LISTED else "tiny"),)


_AMOUNTLESS: tuple[Cell, ...] = (said("not in this snapshot", "muted"), *(quantity(None) for _ in range(3)))


def _amounts(point: AssetPoint) -> tuple[Cell, ...]:
    difference = point.difference
    shown = shown_decimals((point.liabilities, point.observed, difference), point.decimals)
    short: Tone | None = "exception" if difference is not None and difference < 0 else None
    return (
        quantity(amount_text(point.liabilities, point.decimals, shown)),
        quantity(amount_text(point.observed, point.decimals, shown)),
        quantity(amount_text(difference, point.decimals, shown, signed=True), short),
        (Quantity(percent_text(point.rate) or "no rate", short),),
    )


def _movements(series: History) -> tuple[PageBlock, ...]:
    rows: list[tuple[Cell, ...]] = []
    cut = False
    for item in series.movements:
        for word, accounts in (("Came", item.came), ("Went", item.went)):
            cut = cut or len(accounts) > LISTED
            rows += _moved(item.as_of, word, accounts)
    columns = (Column("Snapshot as of (UTC)", 1.1), Column("Which way", 1), Column("Accounts (CAIP-10)", 4))
    words = "Accounts of the reserve list, compared with the snapshot before."
    if cut:
        words += (
            f" Of more than {LISTED} accounts the first {LISTED} are printed; the attachment history.json holds all."
        )
    return Paragraph(said(words)), Table(columns, tuple(rows), "small" if len(rows) <= LISTED else "tiny")


def _moved(as_of: str, word: str, accounts: tuple[str, ...]) -> list[tuple[Cell, ...]]:
    """A row with the count, then one for each account."""
    count: Cell = (Said(f"{word}: {count_text(len(accounts))}", "strong" if accounts else "muted"),)
    listed = [code(account) for account in accounts[:LISTED]] or [said("none", "muted")]
    first: tuple[Cell, ...] = (given(as_of), count, listed[0])
    return [first, *((given(as_of, "muted"), said(word, "muted"), account) for account in listed[1:])]


def _repeated(series: History) -> tuple[PageBlock, ...]:
    if not series.repeated:
        return (Paragraph(said("None: every signature of control stands in one snapshot only.")),)
    columns = (Column("Signature (SHA-256)", 2), Column("Accounts", 2.4), Column("Seen as of (UTC)", 1.6))
    rows: list[tuple[Cell, ...]] = []
    for item in series.repeated:
        every: Cell = (Mark("warning", "In every snapshot"), Newline()) if item.every else ()
        digest = said(WITHHELD, "muted") if item.sha256 == WITHHELD else digits(item.sha256)
        rows.append((digest, _lines(item.accounts), (*every, *_lines(item.seen))))
    return (Table(columns, tuple(rows), "small"),)


def _lines(texts: tuple[str, ...]) -> Cell:
    content: list[Inline] = []
    for text in texts:
        content += [*([Newline()] if content else []), Given(text)]
    return tuple(content)


def _roots(series: History) -> tuple[PageBlock, ...]:
    """Every root that a snapshot claims or that was typed from the exchange's publication, in any recorded run."""
    if not series.roots:
        return (Paragraph(said("No root was seen.")),)
    columns = (Column("As of (UTC)", 1.1), Column("Ledger, scheme", 1.2), Column("Root, and where it was seen", 3.7))
    rows: list[tuple[Cell, ...]] = []
    for point, item in series.roots:
        seen = "in snapshot " if item.source == "snapshot" else "typed beside snapshot "
        root = (*digits(item.root), Newline(), Said(seen, "muted"), Given(point.snapshot_id, "muted"))
        rows.append((given(point.as_of), (Given(f"{item.ledger}, {item.scheme}"),), root))
    return (Table(columns, tuple(rows), "small"),)
