"""A proof's path as a drawing: the leaf at the bottom, the root on top, each sibling on its own side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QToolTip, QWidget

from auditor_app.merkle.published import PathNode, PathStep, ProofCheck
from ui.text import ABSENT, masked, short_hash, tooltip, visible
from ui.theme import Tone, current, mono_font
from ui.widgets.chips import chip_width, draw_chip

_BOX_HEIGHT = 44
_LEVEL = 70
_MARGIN = 8
_GAP = 28
_WIDEST = 212
_NARROWEST = 168


def listed(balances: Mapping[str, str]) -> str:
    """``BTC 1.5, ETH 2``, or a dash."""
    return ", ".join(f"{coin} {balances[coin]}" for coin in sorted(balances)) or ABSENT


def node_name(level: int, top: int) -> str:
    """``Leaf``, ``Level 3`` or ``Root, level 4``."""
    return "Leaf, level 0" if level == 0 else f"Root, level {level}" if level == top else f"Level {level}"


def node_state(node: PathNode) -> tuple[str, Tone]:
    """How a recalculated node compares with the file."""
    if node.published is None:
        return "Not stated", Tone.NEUTRAL
    return ("Differs", Tone.BAD) if node.breaks else ("Agrees", Tone.GOOD)


def path_nodes(check: ProofCheck) -> tuple[PathNode, ...]:
    """From the leaf to the root."""
    return (check.leaf, *(step.node for step in check.steps))


def path_text(check: ProofCheck) -> str:
    """The drawing in words, one sentence a level: for screen readers."""
    top, said = len(check.steps), []
    for node in path_nodes(check):
        above = check.steps[node.level] if node.level < top else None
        beside = "" if above is None else f" {_sibling_words(above)}."
        state = node_state(node)[0].lower()
        said.append(f"{node_name(node.level, top)}: {node.digest}, {state}, sums {listed(node.balances)}.{beside}")
    return " ".join(said)


def _sibling_words(step: PathStep) -> str:
    if step.sibling is None:
        return "No sibling"
    return f"Sibling on the {step.side}: {step.sibling}, sums {listed(step.sibling_balances)}"


@dataclass(frozen=True, slots=True)
class _Box:
    """One node as drawn."""

    place: QRect
    title: str
    digest: str | None
    balances: Mapping[str, str]
    node: PathNode | None
    mark: tuple[str, Tone] | None
    """The words and shape on it."""


def first_break(check: ProofCheck) -> PathNode | None:
    """The lowest node that differs from the file: those above it differ because it does."""
    return next((node for node in path_nodes(check) if node.breaks), None)


def _node_mark(check: ProofCheck, node: PathNode) -> tuple[str, Tone] | None:
    if node.breaks and node is first_break(check):
        return "Breaks", Tone.BAD
    return None if node.published is None else node_state(node)


class PathCanvas(QWidget):
    """The painted tree; a tool tip over a node gives its whole digest and its sums."""

    def __init__(self) -> None:
        super().__init__()
        self._check: ProofCheck | None = None
        self._hidden = False
        self.setMouseTracking(True)

    def show_check(self, check: ProofCheck | None) -> None:
        """Draw another path."""
        self._check = check
        size = self.sizeHint()
        self.setMinimumSize(size)
        self.update()

    def hide_amounts(self, hidden: bool) -> None:
        """Mask the sums in tool tips."""
        self._hidden = hidden

    def sizeHint(self) -> QSize:
        """High enough for every level, wide enough for a node between two siblings."""
        levels = 0 if self._check is None else len(self._check.steps)
        return QSize(3 * _NARROWEST + 2 * _GAP + 2 * _MARGIN, levels * _LEVEL + _BOX_HEIGHT + 2 * _MARGIN)

    def boxes(self) -> list[_Box]:
        """Every node with its place, the root first."""
        if self._check is None:
            return []
        check, top, made = self._check, len(self._check.steps), []
        wide = max(_NARROWEST, min(_WIDEST, (self.width() - 2 * _GAP - 2 * _MARGIN) // 3))
        middle = (self.width() - wide) // 2
        for node in reversed(path_nodes(check)):
            y = _MARGIN + (top - node.level) * _LEVEL
            place = QRect(middle, y, wide, _BOX_HEIGHT)
            made.append(
                _Box(place, node_name(node.level, top), node.digest, node.balances, node, _node_mark(check, node))
            )
            if node.level < top:
                step = check.steps[node.level]
                shift = (wide + _GAP) * (-1 if step.side == "left" else 1)
                title = "No sibling" if step.sibling is None else f"Sibling, {step.side}"
                mark = ("Below zero", Tone.WARN) if step.negative else None
                made.append(_Box(place.translated(shift, 0), title, step.sibling, step.sibling_balances, None, mark))
        return made

    def paintEvent(self, event: QPaintEvent) -> None:
        """Lines first, boxes over them; only those levels that are on screen."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        seen = event.rect().adjusted(0, -_LEVEL, 0, _LEVEL)
        boxes = [box for box in self.boxes() if box.place.intersects(seen.adjusted(-_WIDEST * 4, 0, _WIDEST * 4, 0))]
        parents = {box.place.top(): box.place for box in boxes if box.node is not None}
        for box in sorted(boxes, key=lambda box: box.node is not None):  # the path itself over its siblings' lines
            above = parents.get(box.place.top() - _LEVEL)
            if above is not None:
                self._draw_line(painter, box, above)
        for box in boxes:
            self._draw_box(painter, box)
        painter.end()

    def _draw_line(self, painter: QPainter, box: _Box, above: QRect) -> None:
        """From a node to the one it is hashed into: straight up, or over the elbow from the side."""
        colours = current()
        own = box.node is not None
        pen = QPen(QColor(colours.accent if own else colours.strong_border), 2 if own else 1.5)
        if box.digest is None:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        x, y, elbow = box.place.center().x() + 0.5, box.place.top(), above.bottom() + (_LEVEL - _BOX_HEIGHT) / 2
        points = [QPointF(x, y), QPointF(x, elbow), QPointF(above.center().x() + 0.5, elbow)]
        points.append(QPointF(above.center().x() + 0.5, above.bottom()))
        painter.drawPolyline(points)

    def _draw_box(self, painter: QPainter, box: _Box) -> None:
        """Frame, what it is, its short digest, and for a node of the path how it compares."""
        colours = current()
        breaks = box.node is not None and box.node.breaks
        border = colours.tones[Tone.BAD].text if breaks else colours.accent if box.node else colours.strong_border
        pen = QPen(QColor(border), 2.5 if breaks else 1.5 if box.node else 1)
        if box.digest is None:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(colours.surface if box.node else colours.sunken))
        painter.drawRoundedRect(QRectF(box.place), 6, 6)
        upper = QRect(box.place.x() + 10, box.place.y() + 4, box.place.width() - 20, 20)
        small = self.font()
        small.setPointSizeF(max(7.5, small.pointSizeF() - 1))
        painter.setPen(QColor(colours.muted))
        painter.setFont(small)
        painter.drawText(upper, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), box.title)
        if box.mark is not None:
            words, tone = box.mark
            width = chip_width(words, small)
            draw_chip(painter, QRect(upper.right() - width + 5, upper.y(), width, upper.height()), words, tone, small)
        painter.setPen(QColor(colours.text))
        painter.setFont(mono_font())
        lower = upper.translated(0, 19)
        digest = "nothing beside it" if box.digest is None else short_hash(visible(box.digest), 1)
        painter.drawText(lower, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), digest)

    def event(self, event: QEvent) -> bool:
        """A tool tip for the node under the pointer."""
        if isinstance(event, QHelpEvent):
            text = self.tip_at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), tooltip(text), self)
            return True
        return super().event(event)

    def tip_at(self, x: int, y: int) -> str:
        """What is said about the node there, in plain text."""
        box = next((box for box in self.boxes() if box.place.contains(x, y)), None)
        if box is None or box.digest is None:
            return ""
        sums = listed(box.balances)
        return f"{box.title}. {box.digest}. Sums: {masked(sums) if self._hidden else sums}"


class PathDrawing(QScrollArea):
    """The canvas in a scroll area that has the focus and a name, and begins at the root, or where the path breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.canvas = PathCanvas()
        self.setWidgetResizable(True)
        self.setWidget(self.canvas)
        self.setAccessibleName("Path from the leaf to the root")
        self._wanted: int | None = None
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(self._go_there)
        bar.actionTriggered.connect(self._stay)  # the person scrolls

    def show_check(self, check: ProofCheck | None, *, hidden: bool) -> None:
        """Draw another path and say it in words."""
        self.canvas.show_check(check)
        self.hide_amounts(hidden, check)
        lowest = None if check is None else first_break(check)
        level = len(check.steps) if check is not None and lowest is None else 0 if lowest is None else lowest.level
        top = 0 if check is None else (len(check.steps) - level) * _LEVEL
        self._wanted = max(0, top - _LEVEL)
        self._go_there()

    def _go_there(self) -> None:
        """How far it scrolls is known only once it is laid out."""
        if self._wanted is not None:
            self.verticalScrollBar().setValue(self._wanted)

    def _stay(self, *_: object) -> None:
        self._wanted = None

    def hide_amounts(self, hidden: bool, check: ProofCheck | None) -> None:
        """Mask sums in tool tips and in the words for screen readers."""
        self.canvas.hide_amounts(hidden)
        words = "" if check is None else visible(path_text(check))
        self.setAccessibleDescription(masked(words) if hidden else words)
