"""Liabilities: roots side by side, large enough to compare by eye, and every total beside the recalculated one."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QFrame, QGridLayout

from auditor_app.amounts import Amount
from auditor_app.engagement.record import Audit
from auditor_app.merkle.result import CommitmentCheck, TotalCheck
from ui.desk import Desk
from ui.models.columns import Column, Kind, chip_column, count_column, hash_column, text_column, units_column
from ui.pages.page import Building, Page
from ui.text import amount
from ui.theme import Tone
from ui.widgets.blocks import GRID, button, column, label, row, show_text
from ui.widgets.chips import Chip
from ui.widgets.fields import TypedField, hex_digits
from ui.widgets.hash_label import HashLabel
from ui.widgets.table_panel import TablePanel


def match_words(match: bool | None) -> str:
    """What a comparison came to."""
    return "Not checked" if match is None else "Agrees" if match else "Differs"


def match_tone(match: bool | None) -> Tone:
    """Its tone."""
    return Tone.NEUTRAL if match is None else Tone.GOOD if match else Tone.BAD


def _recomputed(title: str) -> Column:
    def shown(item: TotalCheck) -> str:
        return amount(item.recomputed)

    def full(item: TotalCheck) -> str:
        return "" if item.recomputed is None else item.recomputed.fixed()

    return Column(
        title, shown, full, lambda item: None if item.recomputed is None else item.recomputed.fraction(), Kind.AMOUNT
    )


def _difference(item: TotalCheck) -> Amount | None:
    """Recalculated less published, exact."""
    if item.recomputed is None or item.published is None:
        return None
    return item.recomputed - Amount(item.published, item.decimals)


def _difference_column() -> Column:
    def shown(item: TotalCheck) -> str:
        value = _difference(item)
        return "0" if value is not None and not value.units else amount(value)

    def full(item: TotalCheck) -> str:
        value = _difference(item)
        return "" if value is None else value.fixed()

    def key(item: TotalCheck) -> object:
        value = _difference(item)
        return None if value is None else value.fraction()

    return Column(
        "Difference", shown, full, key, Kind.AMOUNT, lambda item: None if item.match is not False else Tone.BAD,
        note="Recalculated less published",
    )  # fmt: skip


_COMMITMENTS = (
    text_column("Ledger", lambda item: item.ledger, wide=True),
    text_column("Scheme", lambda item: item.scheme, gives_way=1),
    replace(count_column("Digest bits", lambda item: item.digest_bits), gives_way=3),
    count_column("Leaves", lambda item: item.leaf_count),
    replace(count_column("Claimed", lambda item: item.claimed_leaf_count), gives_way=2),
    hash_column("Root recalculated", lambda item: item.recomputed, ends=1),
    chip_column("In snapshot", lambda item: match_words(item.match), lambda item: match_tone(item.match)),
    chip_column("On website", lambda item: match_words(item.typed_match), lambda item: match_tone(item.typed_match)),
)
_TOTALS = (
    text_column("Ledger", lambda item: item.ledger),
    text_column("Asset", lambda item: item.asset),
    units_column("Published", lambda item: item.published, lambda item: item.decimals),
    _recomputed("Recalculated"),
    _difference_column(),
    chip_column("Result", lambda item: match_words(item.match), lambda item: match_tone(item.match)),
)


class RootsCard(QFrame):
    """Three roots of one ledger, one above the other: in the snapshot, recalculated, and typed from the website."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._check: CommitmentCheck | None = None
        self.setProperty("card", True)
        self._title = label("", "section")
        self.published = HashLabel("Root in the snapshot", whole=True)
        self.recomputed = HashLabel("Root recalculated", whole=True)
        self.typed = TypedField(
            "Root from the exchange's own publication",
            "type or paste it from the exchange's website, then press Enter",
            hex_digits(16, 128),
            mono=True,
        )
        self.typed.returnPressed.connect(self.apply)
        self.typed.judged.connect(self._on_judged)
        self._use = button("Compare", self.apply)
        self._why = label("", "muted")
        self._snapshot_chip, self._typed_chip = Chip(), Chip()
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for at, (name, widget, chip) in enumerate((
            ("Recalculated from every row", self.recomputed, None),
            ("Claimed in the snapshot", self.published, self._snapshot_chip),
            ("Published on its website", self.typed, self._typed_chip),
        )):  # fmt: skip
            grid.addWidget(label(name, "muted"), at, 0)
            grid.addWidget(widget, at, 1)
            if chip is not None:
                grid.addWidget(chip, at, 2)
        grid.addLayout(row(self._use, self._why, 1), 3, 1)
        self.setLayout(column(self._title, grid, spacing=GRID, margins=2 * GRID))

    def show_check(self, check: CommitmentCheck | None) -> None:
        """Show one commitment."""
        self._check = check
        self.setVisible(check is not None)
        if check is None:
            return
        show_text(self._title, f"Roots of ledger {check.ledger}, scheme {check.scheme}")
        self.published.show_digest(check.published)
        self.recomputed.show_digest(check.recomputed or "")
        self._snapshot_chip.say(match_words(check.match), match_tone(check.match))
        self._typed_chip.say(match_words(check.typed_match), match_tone(check.typed_match))
        self.refresh()

    def refresh(self) -> None:
        """Show the typed root as the inputs have it, unless it is being typed."""
        if self._check is not None and not self.typed.hasFocus():
            typed = dict(self._desk.case.inputs.published_roots).get(self._check.ledger)
            if self.typed.value != typed:
                self.typed.setText(typed or "")

    def apply(self) -> None:
        """Take the typed root into the inputs; the step is then out of date until the next run."""
        if self._check is not None and not self.typed.wrong:
            self._desk.case.type_root(self._check.ledger, self.typed.value)
            if self.typed.value:
                self._desk.case.run()

    def _on_judged(self) -> None:
        show_text(self._why, self.typed.wrong)


class LiabilitiesPage(Page):
    """Commitments, the roots of the chosen one, totals."""

    def build(self) -> Building:
        """Top to bottom."""
        self.rows_counted = label("", "muted")
        layout = column(spacing=2 * GRID)
        self.content.setLayout(layout)
        self.commitments = TablePanel("Commitments", _COMMITMENTS, self.desk.runner, filterable=False)
        layout.addWidget(self.commitments)
        yield
        self.roots = RootsCard(self.desk)
        layout.addWidget(self.roots)
        yield
        self.totals = TablePanel("Totals by ledger and asset", _TOTALS, self.desk.runner)
        layout.addWidget(self.totals, 1)
        self.commitments.current_changed.connect(self._on_commitment)
        yield

    def tables(self) -> tuple[TablePanel, ...]:
        """Totals first: that is what one filters."""
        return self.totals, self.commitments

    def refresh(self) -> None:
        """A typed root may have changed without a run."""
        super().refresh()
        self.roots.refresh()

    def _on_commitment(self, check: CommitmentCheck | None) -> None:
        if check is not None:  # between two runs there is none: a card that was hidden would lose the keyboard
            self.roots.show_check(check)

    def nothing_yet(self) -> tuple[str, str]:
        """Before any run."""
        return (
            "Liabilities not recalculated yet",
            "Open a snapshot and run the procedures (F5). Every row is read; the roots and totals then stand here beside the published ones.",
        )

    def show_audit(self, audit: Audit) -> None:
        """Fill the tables and show the first commitment's roots."""
        self.commitments.show_rows(audit.commitments)
        self.commitments.fit_rows(4)
        self.totals.show_rows(audit.totals)
        self.commitments.go_to(0)
        if not audit.commitments:
            self.roots.show_check(None)
