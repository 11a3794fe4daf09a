"""The published-proof page: the root and its chips, where a bent proof breaks, and names that stay text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from ui.main_window import MainWindow
from ui.pages.proof import ProofPage
from ui.text import groups
from ui.widgets.passage import Passage

HOSTILE = "<img src=x>\u202e<b>proof.json"


def short(text: str) -> str:
    """MEXC's digest, by hand."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


LEAF = short("PR-1,42,BTC:1.50")
NODE = short(f"{'ab' * 16},{LEAF},BTC:3.5,ETH:0,USDC:0,USDT:0")
ROOT = short(f"{NODE},{'cd' * 16},BTC:8.5,ETH:0,USDC:0,USDT:0")


def proof() -> dict[str, Any]:
    """A sound proof: a right leaf, then a left node."""
    return {
        "pathList": [
            {"level": 0, "type": 1, "hash": "ab" * 16, "balances": {"BTC": "2"}},
            {"level": 1, "type": 2, "hash": "cd" * 16, "balances": {"BTC": "5"}},
            {"level": 2, "type": 3, "hash": ROOT, "balances": {"BTC": "8.5"}},
        ],
        "self": {"level": 0, "type": 2, "hash": LEAF, "balances": {"BTC": "1.50"}, "proofId": "PR-1", "accountId": "42"},
    }  # fmt: skip


def checked(window: MainWindow, qtbot: QtBot, path: Path, document: Any) -> ProofPage:
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    window.check_proof([path])
    return settled(window, qtbot)


def settled(window: MainWindow, qtbot: QtBot) -> ProofPage:
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=10_000)
    assert isinstance(window.page, ProofPage)
    return window.page


def compare(page: ProofPage, text: str) -> None:
    page.roots.typed.setText(text)
    QTest.keyClick(page.roots.typed, Qt.Key.Key_Return)


@pytest.fixture
def sound(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> ProofPage:
    return checked(window, qtbot, tmp_path / "proof.json", proof())


def test_before_any_file_it_says_what_to_do(window: MainWindow) -> None:
    page = window.go_to("proof")
    assert isinstance(page, ProofPage)
    words = " ".join(item.text() for item in page.findChildren(QLabel) if item.isVisible())
    assert "Drop here the file that an exchange gives its customer" in words
    assert not page.result.isVisible()


def test_a_sound_proof_gives_root_chips_and_tables(sound: ProofPage) -> None:
    assert sound.result.isVisible()
    assert sound.verdict == "Matches mexc"
    assert sound.roots.recomputed.shown == groups(ROOT)
    assert sound.roots.file_chip.text == "Agrees"
    assert sound.roots.typed_chip.text == "Not compared"
    assert [(item.coin, item.leaf, item.root) for item in sound.balances.model.rows] == [
        ("BTC", "1.5", "8.5"), ("ETH", None, "0"), ("USDC", None, "0"), ("USDT", None, "0"),
    ]  # fmt: skip
    assert sound.findings.model.rowCount() == 0
    assert all(item.agrees for item in sound.compared.model.rows)
    assert not sound.difference.isVisible()
    assert "two customers can be shown" in sound.limitations.text


def test_the_typed_root_is_compared(sound: ProofPage, qtbot: QtBot) -> None:
    window = sound.window()
    assert isinstance(window, MainWindow)
    compare(sound, groups(ROOT.upper()))
    assert settled(window, qtbot).roots.typed_chip.text == "Agrees"
    compare(sound, "00" * 16)
    assert settled(window, qtbot).roots.typed_chip.text == "Differs"
    assert [item.code for item in sound.findings.model.rows] == ["PROOF.PUBLISHED_ROOT"]
    sound.roots.typed.setText("00")
    assert sound.roots.typed_chip.text == "Not compared"
    assert not sound.roots.apply.isEnabled()


def test_another_file_forgets_the_root_of_the_one_before(sound: ProofPage, qtbot: QtBot, tmp_path: Path) -> None:
    window = sound.window()
    assert isinstance(window, MainWindow)
    compare(sound, "00" * 16)
    settled(window, qtbot)
    page = checked(window, qtbot, tmp_path / "again.json", proof())
    assert page.roots.typed.text() == ""
    assert page.roots.typed_chip.text == "Not compared"


def test_siblings_stand_on_their_own_sides(sound: ProofPage) -> None:
    boxes = sound.drawing.canvas.boxes()
    assert [box.title for box in boxes] == [
        "Root, level 2",
        "Level 1",
        "Sibling, right",
        "Leaf, level 0",
        "Sibling, left",
    ]
    root, node, right, leaf, left = (box.place for box in boxes)
    assert root.bottom() < node.top() <= node.bottom() < leaf.top()
    assert right.left() > node.right()
    assert left.right() < leaf.left()
    assert right.top() == node.top()
    tip = sound.drawing.canvas.tip_at(left.center().x(), left.center().y())
    assert tip == f"Sibling, left. {'ab' * 16}. Sums: BTC 2"
    assert NODE in sound.drawing.accessibleDescription()


def test_hidden_amounts_are_hidden_in_the_drawing(sound: ProofPage) -> None:
    window = sound.window()
    assert isinstance(window, MainWindow)
    window.hide_amounts(True)
    place = sound.drawing.canvas.boxes()[0].place.center()
    assert "8.5" not in sound.drawing.canvas.tip_at(place.x(), place.y())
    assert "8.5" not in sound.drawing.accessibleDescription()
    assert ROOT in sound.drawing.accessibleDescription()


def test_a_bent_leaf_shows_where_it_breaks(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    document = proof()
    document["self"]["balances"]["BTC"] = "1.51"
    page = checked(window, qtbot, tmp_path / "bent.json", document)
    computed = short("PR-1,42,BTC:1.51")
    assert page.verdict.startswith("Not mexc: first difference at level 0 / byte ")
    assert page.difference.isVisible()
    assert page.difference.part("Published") == groups(LEAF)
    assert page.difference.part("Computed") == groups(computed)
    assert page.difference.preimage.toPlainText() == "PR-1,42,BTC:1.51"
    marks = {box.title: box.mark[0] for box in page.drawing.canvas.boxes() if box.mark is not None}
    assert marks == {"Root, level 2": "Differs", "Leaf, level 0": "Breaks"}
    assert page.roots.file_chip.text == "Differs"
    assert {"PROOF.LEAF", "PROOF.ROOT"} <= {item.code for item in page.findings.model.rows}


def test_a_negative_sibling_is_marked(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    document = proof()
    document["pathList"][0]["balances"]["BTC"] = "-2"
    page = checked(window, qtbot, tmp_path / "negative.json", document)
    marks = {box.title: box.mark[0] for box in page.drawing.canvas.boxes() if box.mark is not None}
    assert marks["Sibling, left"] == "Below zero"


def test_a_hostile_name_stays_text(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    page = checked(window, qtbot, tmp_path / HOSTILE, proof())
    shown = [item for item in page.findChildren(QLabel) if "<img" in item.text()]
    assert shown
    assert {item.textFormat() for item in shown} == {Qt.TextFormat.PlainText}
    assert "\u202e" not in shown[0].text()


def test_an_unreadable_file_is_said_in_one_sentence(sound: ProofPage, qtbot: QtBot, tmp_path: Path) -> None:
    window = sound.window()
    assert isinstance(window, MainWindow)
    page = checked(window, qtbot, tmp_path / "broken.json", b'{"pathList": [')
    assert page.said.isVisible()
    assert "broken.json" in page.said.text
    assert not page.result.isVisible()
    assert page.balances.model.rowCount() == 0
    page = checked(window, qtbot, tmp_path / "broken.json", proof())
    assert not page.said.isVisible()
    assert page.result.isVisible()


def test_a_missing_file_and_two_proofs_at_once_are_refused(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.check_proof([tmp_path / "absent.json"])
    assert "absent.json" in settled(window, qtbot).said.text
    for name in ("one.json", "two.json"):
        (tmp_path / name).write_text(json.dumps(proof()))
    window.check_proof([tmp_path / "one.json", tmp_path / "two.json"])
    assert "2 files have the form of no known scheme's whole tree" in settled(window, qtbot).said.text


def test_a_scheme_that_does_not_fit_is_refused(sound: ProofPage, qtbot: QtBot) -> None:
    window = sound.window()
    assert isinstance(window, MainWindow)
    sound.scheme.setCurrentIndex(sound.scheme.findData("bybit"))
    sound.scheme.activated.emit(sound.scheme.currentIndex())
    assert settled(window, qtbot).said.isVisible()
    sound.scheme.setCurrentIndex(sound.scheme.findData("mexc"))
    sound.scheme.activated.emit(sound.scheme.currentIndex())
    assert settled(window, qtbot).result.isVisible()


@pytest.mark.vectors
def test_every_reading_tried_is_listed(window: MainWindow, qtbot: QtBot, vectors: Path) -> None:
    window.check_proof([vectors / "merkle" / "bitget" / "merkel_tree_bg_Au20221129.json"])
    page = settled(window, qtbot)
    assert page.verdict == "Matches bitget, numbers bare, order hashmap"
    assert [item.matches for item in page.profiles.model.rows] == [True, False, False]
    assert page.roots.recomputed.shown == "ffed eaf8 2363 b23c"


@pytest.mark.vectors
def test_a_whole_tree_has_totals_and_no_path(sound: ProofPage, qtbot: QtBot, vectors: Path) -> None:
    window = sound.window()
    assert isinstance(window, MainWindow)
    window.check_proof([vectors / "merkle" / "okx" / "full-liabilities-merkle-tree.txt"])
    page = settled(window, qtbot)
    assert page.verdict.startswith("Whole tree of the scheme okx-v1-full: ")
    assert not page.tabs.isTabVisible(0)
    assert page.drawing.canvas.boxes() == []
    root = page.roots.recomputed.findChild(QLabel)
    assert isinstance(root, QLabel)
    assert len(root.text().replace(" ", "").replace("\n", "")) == 64
    assert root.width() >= root.sizeHint().width()  # all of it is on screen
    assert page.balances.model.rowCount() > 0
    assert page.drawing.accessibleDescription() == ""


def test_an_answer_to_an_earlier_root_marks_no_later_one(sound: ProofPage, qtbot: QtBot) -> None:
    window = sound.window()
    assert isinstance(window, MainWindow)
    compare(sound, ROOT)
    sound.roots.typed.setText("00" * 16)
    assert settled(window, qtbot).roots.typed_chip.text == "Not compared"


def test_no_earlier_result_stands_under_another_name(sound: ProofPage, qtbot: QtBot, tmp_path: Path) -> None:
    window = sound.window()
    assert isinstance(window, MainWindow)
    other = tmp_path / "other.json"
    other.write_text(json.dumps(proof()))
    window.check_proof([other])
    assert not sound.result.isVisible()
    assert sound.balances.model.rowCount() == 0
    assert settled(window, qtbot).result.isVisible()


def test_a_path_of_many_levels_opens_where_it_breaks(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    document = proof()
    siblings = [{"level": level, "type": 2, "hash": "cd" * 16, "balances": {"BTC": "1"}} for level in range(1, 40)]
    document["pathList"][1:] = [*siblings, {"level": 40, "type": 3, "hash": ROOT, "balances": {"BTC": "42.5"}}]
    document["self"]["hash"] = "00" * 16
    page = checked(window, qtbot, tmp_path / "long.json", document)
    leaf = page.drawing.canvas.boxes()[-2].place
    top = page.drawing.verticalScrollBar().value()
    assert top <= leaf.top()
    assert leaf.bottom() <= top + page.drawing.viewport().height()


@pytest.mark.vectors
def test_an_anchor_is_compared_and_is_no_root_from_the_website(window: MainWindow, qtbot: QtBot, vectors: Path) -> None:
    window.check_proof([vectors / "merkle" / "hotcoin" / "sample-proof.json"])
    before = {item.name for item in settled(window, qtbot).compared.model.rows}
    page = settled(window, qtbot)
    page.use_companion(vectors / "merkle" / "hotcoin" / "sample-anchor.json")
    after = {item.name for item in settled(window, qtbot).compared.model.rows}
    assert "published root" in after - before
    assert page.roots.typed_chip.text == "Not compared"


def _seen(page: ProofPage, text: str) -> list[str]:
    shown = [*page.findChildren(QLabel), *page.findChildren(Passage)]
    return [item.text() for item in shown if item.isVisible() and text in item.text()]


def test_hidden_amounts_are_hidden_in_every_preimage(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    document = proof()
    document["self"]["hash"] = "00" * 16
    page = checked(window, qtbot, tmp_path / "bent.json", document)
    page.nodes.go_to(2)
    assert any("BTC:1.50" in item.text() for item in page.nodes.findChildren(Passage))
    window.hide_amounts(True)
    page.tabs.setCurrentIndex(1)
    assert "1.50" not in page.difference.preimage.toPlainText()
    assert not _seen(page, "1.50")
    page.nodes.go_to(2)
    assert not _seen(page, "1.50")
    window.hide_amounts(False)
    assert page.difference.preimage.toPlainText() == "PR-1,42,BTC:1.50"
