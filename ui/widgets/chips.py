"""State chips: a coloured pill with a shape and a word, drawn by delegates and one small widget."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractItemView, QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.models.columns import Column, Kind
from ui.models.rows import CHIP_ROLE, TONE_ROLE
from ui.theme import Tone, current

CHIP_HEIGHT = 22
_MARK = 8
_PAD = 8


def chip_width(text: str, font: QFont) -> int:
    """How wide a chip with this text is."""
    return _small(font.toString())[1].horizontalAdvance(text) + _MARK + 3 * _PAD - 2


def chip_font(font: QFont) -> QFont:
    """A touch smaller and heavier than the text around it."""
    return _small(font.toString())[0]


@lru_cache(maxsize=64)
def _small(described: str) -> tuple[QFont, QFontMetrics]:
    """A chip's font beside a font that Qt describes so, and its measures: chips are drawn by the dozen in every frame."""
    small = QFont()
    small.fromString(described)
    small.setPointSizeF(max(7.5, small.pointSizeF() - 1))
    small.setWeight(QFont.Weight.Medium)
    return small, QFontMetrics(small)


def draw_chip(painter: QPainter, place: QRect, text: str, tone: Tone, font: QFont) -> None:
    """A chip at the left of ``place``, vertically centred."""
    pair = current().tones[tone]
    width = min(chip_width(text, font), place.width())
    pill = QRectF(place.x(), place.center().y() - CHIP_HEIGHT / 2 + 1, width, CHIP_HEIGHT)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(pair.fill))
    painter.drawRoundedRect(pill, CHIP_HEIGHT / 2, CHIP_HEIGHT / 2)
    _draw_mark(painter, QPointF(pill.x() + _PAD + _MARK / 2, pill.center().y()), tone, QColor(pair.text))
    painter.setPen(QColor(pair.text))
    painter.setFont(chip_font(font))
    words = pill.adjusted(2 * _PAD - 2 + _MARK - 2, 0, -_PAD / 2, 0)
    painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)
    painter.restore()


def _draw_mark(painter: QPainter, centre: QPointF, tone: Tone, colour: QColor) -> None:
    """Each tone has a shape of its own: status is never colour alone."""
    half = _MARK / 2 - 0.5
    painter.setBrush(colour)
    x, y = centre.x(), centre.y()
    if tone is Tone.GOOD:
        painter.drawEllipse(centre, half, half)
    elif tone is Tone.BAD:
        painter.drawPolygon(
            QPolygonF([QPointF(x, y - half), QPointF(x + half, y), QPointF(x, y + half), QPointF(x - half, y)])
        )
    elif tone is Tone.WARN:
        painter.drawPolygon(QPolygonF([QPointF(x, y - half), QPointF(x + half, y + half), QPointF(x - half, y + half)]))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DotLine if tone is Tone.STALE else Qt.PenStyle.SolidLine))
        if tone is Tone.INFO:
            painter.setBrush(colour)
            painter.drawRect(QRectF(x - half + 0.5, y - half + 0.5, 2 * half - 1, 2 * half - 1))
        else:
            painter.drawEllipse(centre, half - 0.5, half - 0.5)
        painter.setPen(Qt.PenStyle.NoPen)


class CellDelegate(QStyledItemDelegate):
    """Draws the cells of columns with chips or tones; :func:`delegate` leaves all others to Qt."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Background and focus as the style has them, then our chip over it."""
        if not index.data(CHIP_ROLE):
            super().paint(painter, option, index)
            return
        bare = QStyleOptionViewItem(option)
        self.initStyleOption(bare, index)
        text, bare.text = bare.text, ""
        style = bare.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, bare, painter, bare.widget)
        draw_chip(
            painter,
            option.rect.adjusted(_PAD, 0, -_PAD // 2, 0),
            text,
            Tone(index.data(TONE_ROLE) or Tone.NEUTRAL),
            bare.font,
        )

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """Toned text for cells that have a tone."""
        super().initStyleOption(option, index)
        tone = index.data(TONE_ROLE)
        if tone is not None and not index.data(CHIP_ROLE):
            colour = QColor(current().tones[Tone(tone)].text)
            for role in (QPalette.ColorRole.Text, QPalette.ColorRole.HighlightedText):
                option.palette.setColor(role, colour)
            option.font.setWeight(QFont.Weight.Medium)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Room for a chip or the text, with the sheet's padding."""
        size = super().sizeHint(option, index)
        if index.data(CHIP_ROLE):
            size.setWidth(chip_width(str(index.data()), option.font) + 2 * _PAD)
        else:
            size.setWidth(size.width() + 2 * _PAD)
        return size


def delegate(view: QAbstractItemView, columns: Sequence[Column], first: int = 0) -> None:
    """Have the columns of a view, from its column ``first`` on, drawn as they are described: most cost no Python."""
    special = view.findChild(CellDelegate) or CellDelegate(view)
    for at, described in enumerate(columns, first):
        plain = described.tone is None and described.kind is not Kind.CHIP
        view.setItemDelegateForColumn(at, None if plain else special)  # type: ignore[arg-type] # Qt takes none, too


class Chip(QWidget):
    """A chip on a page; never focusable, its words are its accessible name."""

    def __init__(self, text: str = "", tone: Tone = Tone.NEUTRAL) -> None:
        super().__init__()
        self._tone = tone
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.say(text, tone)

    def say(self, text: str, tone: Tone) -> None:
        """Show other words."""
        self._text, self._tone = text, tone
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """The words on it."""
        return self._text

    def sizeHint(self) -> QSize:
        """As wide as its words."""
        return QSize(chip_width(self._text, self.font()), CHIP_HEIGHT + 2)

    def paintEvent(self, event: object) -> None:
        """Draw it."""
        painter = QPainter(self)
        draw_chip(painter, self.rect(), self._text, self._tone, self.font())
        painter.end()
