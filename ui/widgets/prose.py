"""A text of several lines whose forbidden words are underlined while it is typed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QSyntaxHighlighter, QTextCharFormat
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from auditor_app.report.wording import ForbiddenWord, forbidden_words
from ui.text import disguised
from ui.theme import Tone, current
from ui.widgets.blocks import column, label, show_text
from ui.widgets.line import THE_WINDOWS

_LINE = 20
_MOST_NAMED = 4


def hides(characters: str) -> str:
    """The warning about characters that change how a text is displayed."""
    return f"Holds characters that change how it is displayed: {characters}."


class _Underline(QSyntaxHighlighter):
    """A wavy line below each word that an agreed-upon-procedures report must not use."""

    def highlightBlock(self, text: str) -> None:
        """Mark one line."""
        look = QTextCharFormat()
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        look.setUnderlineColor(QColor(current().tones[Tone.BAD].text))
        look.setForeground(QColor(current().tones[Tone.BAD].text))
        for word in forbidden_words(text):
            before, within = text[: word.start], text[word.start : word.start + len(word.word)]
            self.setFormat(_utf16(before), _utf16(within), look)


def _utf16(text: str) -> int:
    """Qt counts in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class ProseEdit(QPlainTextEdit):
    """The editor itself: plain text only, Tab leaves it, the window keeps its shortcuts."""

    def __init__(self, name: str, placeholder: str, lines: int) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)
        self.setFixedHeight(lines * _LINE + 18)

    def event(self, event: QEvent) -> bool:
        """Let the window have its own key combinations."""
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.modifiers() == Qt.KeyboardModifier.ControlModifier
            and event.key() in THE_WINDOWS
        ):
            event.ignore()
            return False
        return bool(super().event(event))


class Prose(QWidget):
    """Editor and, below it, the words that must not stand in a report."""

    changed = Signal()

    def __init__(self, name: str, placeholder: str = "", *, lines: int = 3, guarded: bool = True) -> None:
        super().__init__()
        self.edit = ProseEdit(name, placeholder, lines)
        self._guarded = guarded
        self._underline = _Underline(self.edit.document()) if guarded else None
        self._why = label("", wrap=True)
        self._why.setProperty("ink", "bad")
        self._why.hide()
        layout = column(self.edit, self._why, spacing=4)
        self.setLayout(layout)
        self.setFocusProxy(self.edit)
        self.edit.textChanged.connect(self._on_changed)

    @property
    def text(self) -> str:
        """What is typed, without blanks around it."""
        return self.edit.toPlainText().strip()

    def set_text(self, text: str) -> None:
        """Show another text, unless it is shown already: the cursor stays where it is."""
        if self.edit.toPlainText() != text:
            self.edit.setPlainText(text)

    @property
    def forbidden(self) -> tuple[ForbiddenWord, ...]:
        """The words that a report must not use."""
        return forbidden_words(self.text) if self._guarded else ()

    def _on_changed(self) -> None:
        words = list(dict.fromkeys(item.word.lower() for item in self.forbidden))
        more = ", …" if len(words) > _MOST_NAMED else ""
        said = f"Reads as assurance: {', '.join(words[:_MOST_NAMED])}{more}. Write inspected, compared, agreed, recalculated, observed."
        hidden = disguised(self.text)
        warning = " ".join(part for part in (said if words else "", hides(hidden) if hidden else "") if part)
        show_text(self._why, warning)
        self.edit.setAccessibleDescription(warning)
        self.changed.emit()
