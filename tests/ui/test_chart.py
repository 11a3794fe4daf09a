"""The chart on a page: drawn in a job thread, for the size it has, one drawing at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PySide6.QtCore import QThread
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from auditor_app.aside import Aside
from ui.jobs import JobRunner
from ui.widgets.chart import Chart


@pytest.fixture
def chart(qtbot: QtBot, qapp: QApplication) -> Any:
    runner = JobRunner(qapp)  # Qt's to delete: Python's collector would do it in whichever thread it runs in
    made = Chart("Chart", runner)
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    yield made
    qtbot.waitUntil(lambda: not runner.busy, timeout=5000)


def coloured(colour: str) -> Callable[[], Figure]:
    return partial(Figure, facecolor=colour)


def middle(image: QImage) -> str:
    return QColor(image.pixel(image.width() // 2, image.height() // 2)).name()


def test_it_is_drawn_for_its_size_away_from_the_window(
    chart: Chart, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    draw = FigureCanvasAgg.draw
    monkeypatch.setattr(
        FigureCanvasAgg, "draw", lambda canvas: (threads.append(threading.get_ident()), draw(canvas))[-1]
    )
    chart.show_figure(coloured("#123456"), "a square")
    qtbot.waitUntil(lambda: not chart.image.isNull(), timeout=5000)
    assert threads
    assert threading.get_ident() not in threads
    assert (chart.image.width(), chart.image.height()) == (384, 284)
    assert middle(chart.image) == middle(chart.grab().toImage()) == "#123456"
    assert chart.accessibleDescription() == "a square"


def test_another_size_and_another_figure_are_drawn_anew(chart: Chart, qtbot: QtBot) -> None:
    chart.show_figure(coloured("#123456"), "first")
    chart.resize(500, 250)
    qtbot.waitUntil(lambda: chart.image.width() == 484, timeout=5000)
    chart.show_figure(coloured("#654321"), "second")
    chart.show_figure(coloured("#abcdef"), "third")
    qtbot.waitUntil(lambda: middle(chart.image) == "#abcdef", timeout=5000)
    QThread.msleep(100)
    assert chart.image.width() == 484


def test_it_is_drawn_in_the_second_process_if_there_is_one(qtbot: QtBot, qapp: QApplication) -> None:
    aside = Aside()
    runner = JobRunner(qapp, aside)
    chart = Chart("Chart", runner)
    qtbot.addWidget(chart)
    chart.resize(400, 300)
    chart.show()
    chart.show_figure(coloured("#345678"), "there")
    qtbot.waitUntil(lambda: not chart.image.isNull(), timeout=20_000)
    assert middle(chart.image) == "#345678"
    assert aside.process is not None
    runner.shut_down()
    assert aside.process is None


def test_nothing_is_shown_after_clearing_even_if_a_drawing_comes_late(chart: Chart, qtbot: QtBot) -> None:
    chart.show_figure(coloured("#123456"), "late")
    chart.clear()
    qtbot.waitUntil(lambda: not chart._runner.busy, timeout=5000)
    assert chart.image.isNull()


def test_until_there_is_a_picture_it_says_that_one_is_being_drawn(chart: Chart, qtbot: QtBot) -> None:
    blank = chart.grab().toImage()
    colours = {blank.pixel(x, y) for x in range(120, 280) for y in range(130, 170)}
    assert len(colours) > 2  # words, not an empty box
    chart.show_figure(coloured("#123456"), "a square")
    qtbot.waitUntil(lambda: not chart.image.isNull(), timeout=5000)
    shown = chart.grab().toImage()
    assert {shown.pixel(x, y) for x in range(120, 280) for y in range(130, 170)} == {QColor("#123456").rgb()}
