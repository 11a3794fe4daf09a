"""Cards of the published-proof page: the roots one above the other, the first difference, and the limitations."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QGridLayout, QPlainTextEdit, QScrollArea, QWidget

from auditor_app.cli.proof import difference_json
from auditor_app.findings import Limitation
from auditor_app.merkle.profiles import Difference
from ui.text import count, groups, visible
from ui.theme import Tone, mono_font
from ui.widgets.blocks import GRID, button, column, label, row, show_text
from ui.widgets.chips import Chip
from ui.widgets.fields import TypedField, hex_digits
from ui.widgets.hash_label import HashLabel

_PREIMAGE_SHOWN = 20_000
_CHIP_ROOM = 112
_PREIMAGE_HEIGHT = 116
_CHIPS: dict[bool | None, tuple[str, Tone]] = {True: ("Agrees", Tone.GOOD), False: ("Differs", Tone.BAD)}


class ProofRoots(QFrame):
    """The recalculated root, large; below it the one in the file and the one typed from the website."""

    compare = Signal()
    """Enter in the typed root, or its button."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.recomputed = HashLabel("Root recalculated", whole=True, large=True)
        self.in_file = HashLabel("Root in the file", whole=True, large=True)
        self.typed = TypedField(
            "Root from the exchange's own publication",
            "optional: type or paste it from the exchange's website, then press Enter",
            hex_digits(16, 128),
            mono=True,
        )
        self.typed.returnPressed.connect(self.compare)
        self.typed.judged.connect(self._on_judged)
        self.apply = button("Compare", self.compare.emit)
        self.file_chip, self.typed_chip = Chip(), Chip()
        self._why = label("", "muted")
        self._file_name = label("In the file", "muted")
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(2, _CHIP_ROOM)
        grid.setContentsMargins(2 * GRID, GRID + 4, 2 * GRID, GRID + 4)
        grid.addWidget(label("Recalculated", "muted"), 0, 0)
        grid.addWidget(self.recomputed, 0, 1)
        grid.addWidget(self._file_name, 1, 0)
        grid.addWidget(self.in_file, 1, 1)
        grid.addWidget(self.file_chip, 1, 2)
        grid.addWidget(label("Published on its website", "muted"), 2, 0)
        grid.addLayout(row(self.typed, self.apply), 2, 1)
        grid.addWidget(self.typed_chip, 2, 2)
        grid.addWidget(self._why, 3, 1)
        self.setLayout(grid)
        self._why.hide()

    def show_roots(self, root: str, in_file: str | None, matches: bool | None, published: bool | None) -> None:
        """Show recalculated and stated roots; ``None`` where there is nothing to compare with."""
        self.recomputed.show_digest(root)
        self.in_file.show_digest(in_file or "")
        self.in_file.setVisible(in_file is not None)
        self._file_name.setVisible(in_file is not None)
        self.file_chip.setVisible(in_file is not None)
        self.file_chip.say(*_CHIPS.get(matches, ("Not stated", Tone.NEUTRAL)))
        self.typed_chip.say(*_CHIPS.get(published, ("Not compared", Tone.NEUTRAL)))

    def outdated(self) -> None:
        """Another root is being typed: what the chip said was about an earlier one."""
        self.typed_chip.say("Not compared", Tone.NEUTRAL)

    def _on_judged(self) -> None:
        show_text(self._why, self.typed.wrong)
        self.apply.setEnabled(not self.typed.wrong)
        self.outdated()


class DifferenceCard(QFrame):
    """The first node that differs: published beside computed, and the bytes that were hashed."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.chip = Chip("First difference", Tone.BAD)
        self.where = label("", "section", wrap=True)
        self._parts = {name: label("", wrap=True, selectable=True) for name in ("Published", "Computed")}
        self.preimage = QPlainTextEdit()
        self.preimage.setReadOnly(True)
        self.preimage.setTabChangesFocus(True)
        self.preimage.setFont(mono_font())
        self.preimage.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.preimage.setFixedHeight(_PREIMAGE_HEIGHT)
        self.preimage.setAccessibleName("Preimage of the first differing node")
        layout = column(row(self.chip, 1), self.where, spacing=4, margins=2 * GRID)
        for name, part in self._parts.items():
            part.setFont(mono_font())
            part.setAccessibleName(f"First difference: {name.lower()}")
            part.setMinimumWidth(120)
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            layout.addWidget(label(name, "overline"))
            layout.addWidget(part)
        self._of = label("", "overline")
        layout.addWidget(self._of)
        layout.addWidget(self.preimage)
        self.setLayout(layout)
        self._difference: Difference | None = None
        self.hide()

    def show_difference(self, difference: Difference | None, *, hidden: bool) -> None:
        """Show it, or nothing."""
        self._difference = difference
        self.setVisible(difference is not None)
        if difference is None:
            return
        show_text(self.where, f"Level {difference.level}, byte {difference.byte}")
        show_text(self._parts["Published"], groups(difference.published))
        show_text(self._parts["Computed"], groups(difference.computed))
        text = difference_json(difference)["preimageText"]
        said = groups(difference.preimage.hex()) if text is None else text
        cut = ", its beginning" if len(said) > _PREIMAGE_SHOWN else ""
        show_text(self._of, f"Preimage as hashed, {count(len(difference.preimage))} bytes{cut}")
        shown = visible(said[:_PREIMAGE_SHOWN]) or "(the leaf is taken from the file)"
        self.preimage.setPlainText("(holds amounts, which are hidden)" if hidden else shown)

    def hide_amounts(self, hidden: bool) -> None:
        """The preimage runs amounts and names together, so all of it is hidden."""
        self.show_difference(self._difference, hidden=hidden)

    def part(self, name: str) -> str:
        """The text under a heading."""
        return str(self._parts[name].text())


class LimitationsCard(QFrame):
    """What cannot be shown from this file, in whole sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._title = label("What this does not prove", "section", wrap=True)
        self._list = column(spacing=GRID)
        self.setLayout(column(self._title, self._list, spacing=GRID, margins=2 * GRID))
        self._texts: list[QWidget] = []

    def show_limitations(self, limitations: Iterable[Limitation]) -> None:
        """Each message once."""
        for old in self._texts:
            self._list.removeWidget(old)
            old.deleteLater()
        messages = dict.fromkeys((item.code, item.message) for item in limitations)
        self._texts = []
        for code, message in messages:
            for said in (label(code, "overline"), label(message, wrap=True, selectable=True)):
                said.setFocusPolicy(Qt.FocusPolicy.NoFocus)
                said.setMinimumWidth(120)
                self._list.addWidget(said)
                self._texts.append(said)

    @property
    def text(self) -> str:
        """All that it says."""
        return " ".join(item.text() for item in self._texts if hasattr(item, "text"))


def beside(*cards: QWidget) -> QScrollArea:
    """A column of cards that scrolls by itself."""
    inner = QWidget()
    inner.setProperty("page", True)
    inner.setLayout(column(*cards, 1, spacing=2 * GRID))
    scroll = QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setAccessibleName("First difference and limitations")
    scroll.setWidget(inner)
    return scroll


def tab_of(widget: QWidget) -> QWidget:
    """A tab with room above its content."""
    inner = column(widget)
    inner.setContentsMargins(0, GRID + 4, 0, 0)
    tab = QWidget()
    tab.setLayout(inner)
    return tab
