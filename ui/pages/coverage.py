"""Coverage: asset by asset, the chart beside its table; protection funds in a table of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter

from auditor_app.amounts import Amount
from auditor_app.chain.observed import Grade
from auditor_app.chain.ownership.lookup import Control, ProofsOfControl
from auditor_app.coverage.lines import CoverageLine, FundLine, FundPrice, FundTotal
from auditor_app.engagement.record import Audit
from ui.models.columns import Column, Kind, address_column, chip_column, rate_column, text_column, units_column
from ui.models.reserves import GRADE_TONES, grade_words, named_chain, outcome_tone
from ui.pages.page import Building, Page
from ui.text import amount
from ui.theme import Theme, Tone, current
from ui.widgets.blocks import GRID, column, label, tab_of, tabs
from ui.widgets.chart import Chart
from ui.widgets.chart_palette import chart_palette
from ui.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    pass


def _covers(item: CoverageLine) -> str:
    if item.difference is None:
        return "Not checked"
    return "Shortfall" if item.difference < 0 else "Covered"


def _covers_tone(item: CoverageLine) -> Tone:
    return {"Not checked": Tone.NEUTRAL, "Shortfall": Tone.BAD, "Covered": Tone.GOOD}[_covers(item)]


def _short_tone(item: CoverageLine) -> Tone | None:
    return Tone.BAD if item.difference is not None and item.difference < 0 else None


_CHART_AT_LEAST = 120

_COVERAGE = (
    text_column("Asset", lambda item: item.asset),
    chip_column("Result", _covers, _covers_tone),
    rate_column("Rate", lambda item: item.rate, note="Observed ÷ gross liabilities, rounded down to four decimals"),
    units_column("Difference", lambda item: item.difference, lambda item: item.decimals, tone=_short_tone, note="Observed less gross liabilities; negative is a shortfall"),
    units_column("Liabilities", lambda item: item.liabilities, lambda item: item.decimals, note="Gross over all ledgers: customers' debts are not netted"),
    units_column("Observed", lambda item: item.observed, lambda item: item.decimals),
    replace(units_column("Claimed", lambda item: item.claimed, lambda item: item.decimals), gives_way=3),
    replace(units_column("Debts", lambda item: item.debts or None, lambda item: item.decimals, note="What customers owe; shown where there are any"), gives_way=2),
    replace(rate_column("Net rate", lambda item: item.net_rate, note="Against liabilities less debts, where there are debts"), gives_way=1),
)  # fmt: skip


def _decimal_column(title: str, text: object) -> Column:
    def value(item: FundTotal) -> str | None:
        found: str | None = getattr(item, str(text))
        return found

    def shown(item: FundTotal) -> str:
        found = value(item)
        return amount(None if found is None else Amount.parse(found))

    def key(item: FundTotal) -> object:
        found = value(item)
        return None if found is None else Amount.parse(found).fraction()

    return Column(title, shown, lambda item: value(item) or "", key, Kind.AMOUNT)


def _met(item: FundTotal) -> str:
    """A claim in the issuer's own ledger meets nothing, however large."""
    if item.met is None and item.custody == "ledger":
        return "Claim only"
    return "Not valued" if item.met is None else "Target met" if item.met else "Below target"


def _met_tone(item: FundTotal) -> Tone:
    return {"Target met": Tone.GOOD, "Below target": Tone.BAD, "Claim only": Tone.WARN}.get(_met(item), Tone.NEUTRAL)


_FUND_TOTALS = (
    text_column("Fund", lambda item: item.name, wide=True),
    text_column("Kind", lambda item: item.kind),
    text_column("Held", lambda item: item.custody),
    _decimal_column("Claimed", "claimed"),
    _decimal_column("Observed", "observed"),
    _decimal_column("Target", "target"),
    text_column("Unit", lambda item: item.unit),
    rate_column("Of target", lambda item: item.rate),
    chip_column("Result", _met, _met_tone),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _FundAccount:
    """A fund account with what is known of who controls it."""

    line: FundLine
    control: Control

    @property
    def in_ledger(self) -> bool:
        """Whether it is an entry in the issuer's own ledger, where nothing can be observed."""
        return self.line.custody == "ledger"


@dataclass(frozen=True, slots=True)
class _UsedPrice:
    """A price with the fund that was valued with it."""

    fund: str
    price: FundPrice


def _fund_accounts(audit: Audit) -> list[_FundAccount]:
    """Each account with its proof of control; the snapshot's list may name fund accounts as well as reserves."""
    if not audit.funds:
        return []
    proofs = ProofsOfControl(audit.ownership)
    return [_FundAccount(line, proofs.of(line.account)) for line in audit.funds]


def _control(item: _FundAccount) -> str:
    return "Claim only" if item.in_ledger else item.control.words


def _control_tone(item: _FundAccount) -> Tone:
    return Tone.WARN if item.in_ledger else outcome_tone(item.control)


def _fresh(item: _FundAccount) -> str:
    return "" if item.control.freshness is None else item.control.freshness.value


_FUND_ACCOUNTS = (
    text_column("Fund", lambda item: item.line.name, yields=True),
    text_column("Chain", lambda item: "Issuer's ledger" if item.in_ledger else named_chain(item.line.account.rpartition(":")[0])),
    address_column("Account", lambda item: item.line.account.rpartition(":")[2], wide=True),
    text_column("Asset", lambda item: item.line.asset),
    units_column("Claimed", lambda item: item.line.claimed, lambda item: item.line.decimals),
    units_column("Observed", lambda item: item.line.observed, lambda item: item.line.decimals),
    chip_column("Grade", lambda item: grade_words(item.line.grade), lambda item: GRADE_TONES[Grade(item.line.grade)], rank=lambda item: list(Grade).index(Grade(item.line.grade))),
    chip_column("Control", _control, _control_tone),
    replace(text_column("Freshness", _fresh), gives_way=1),
)  # fmt: skip
_PRICES = (
    text_column("Fund", lambda item: item.fund),
    text_column("Asset", lambda item: item.price.symbol),
    Column("Price", lambda item: amount(Amount.parse(item.price.price)), lambda item: item.price.price, lambda item: Amount.parse(item.price.price).fraction(), Kind.NUMBER),
    text_column("In", lambda item: item.price.quote),
    text_column("As of (UTC)", lambda item: item.price.as_of),
    chip_column("Age", lambda item: "Stale" if item.price.stale else "Near the instant", lambda item: Tone.WARN if item.price.stale else Tone.GOOD),
    chip_column("Grade", lambda item: grade_words(item.price.grade), lambda item: GRADE_TONES[Grade(item.price.grade)]),
    text_column("Source", lambda item: item.price.source, wide=True, yields=True),
)  # fmt: skip


class CoveragePage(Page):
    """Assets on the first tab with their chart, funds on the second."""

    def build(self) -> Building:
        """Two tabs."""
        self._drawn_for: tuple[Audit, Theme] | None = None
        self.tabs = tabs("Coverage and protection funds")
        self.content.setLayout(column(self.tabs))
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        self.tabs.addTab(tab_of(split), "Assets")
        self.coverage = TablePanel("Coverage by asset", _COVERAGE, self.desk.runner)
        split.addWidget(self.coverage)
        split.setStretchFactor(0, 1)
        yield
        self.chart = Chart("Coverage chart", self.desk.runner)
        self.chart.setMinimumHeight(_CHART_AT_LEAST)
        split.addWidget(self.chart)
        split.setStretchFactor(1, 1)
        split.setSizes([240, 300])
        yield
        self.funds = TablePanel("Protection funds", _FUND_TOTALS, self.desk.runner)
        self.prices = TablePanel("Prices they were valued with", _PRICES, self.desk.runner, filterable=False)
        self.accounts = TablePanel("Accounts of the funds", _FUND_ACCOUNTS, self.desk.runner, filterable=False)
        apart = label(
            "Protection funds stand apart: they are no part of the reserves and enter no rate of the other tab. An entry in the "
            "issuer's own ledger is a claim.",
            "muted",
            wrap=True,
        )
        funds = tab_of(apart, self.funds, self.prices, self.accounts)
        self.tabs.addTab(funds, "Protection funds")
        yield

    def tables(self) -> tuple[TablePanel, ...]:
        """Assets, funds, accounts of funds."""
        return self.coverage, self.funds, self.prices, self.accounts

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return "Coverage not calculated yet", "Open a snapshot and its evidence, then run the procedures (F5)."

    def show_audit(self, audit: Audit) -> None:
        """Tables and chart."""
        self.coverage.show_rows(audit.coverage)
        self.funds.show_rows(audit.fund_totals)
        self.funds.fit_rows(6)
        self.accounts.show_rows(_fund_accounts(audit))
        prices = [_UsedPrice(item.name, price) for item in audit.fund_totals for price in item.prices]
        self.prices.show_rows(prices)
        self.prices.fit_rows(4)
        self.prices.setVisible(bool(prices))
        self.tabs.setTabText(1, f"Protection funds  {len(audit.fund_totals)}")

    def refresh(self) -> None:
        """Draw the chart again for a new audit or another theme."""
        super().refresh()
        audit, theme = self.desk.case.audit, current()
        if audit is None or (
            self._drawn_for is not None and self._drawn_for[0] is audit and self._drawn_for[1] is theme
        ):
            return
        self._drawn_for = (audit, theme)
        self.chart.setVisible(any(line.rate is not None for line in audit.coverage))
        from auditor_app.report.figures import coverage_figure

        make = partial(coverage_figure, audit.coverage, chart_palette(theme))
        self.chart.show_figure(make, _description(audit.coverage))


def _description(lines: tuple[CoverageLine, ...]) -> str:
    """The chart in words."""
    said = "; ".join(
        f"{line.asset} {line.rate} percent{', shortfall' if _covers(line) == 'Shortfall' else ''}"
        for line in lines
        if line.rate is not None
    )
    return f"Reserve rate by asset against the 100 percent line: {said}"
