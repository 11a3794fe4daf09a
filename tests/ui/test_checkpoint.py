"""A beacon checkpoint typed in the window: derived by the real core, run with, and shown as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui.conftest import MakeWindow
from tests.vectors.checkpointed import CHAIN, HASH, hand_over
from ui.audit_work import perform_audit
from ui.pages.reserves import ReservesPage

pytestmark = pytest.mark.vectors


def test_a_typed_checkpoint_is_derived_run_with_and_named(
    vectors: Path, tmp_path: Path, make_window: MakeWindow, qtbot: QtBot
) -> None:
    handed = hand_over(vectors, tmp_path)
    window = make_window(perform_audit)
    request = handed.request
    with qtbot.waitSignal(window.case.run_ended, timeout=60_000):
        window.open_together(request.snapshot, request.trust_store, request.evidence)
    page = window.go_to("reserves")
    assert isinstance(page, ReservesPage)
    page.tabs.setCurrentIndex(3)
    card = page.blocks.cards[CHAIN]
    assert card.checkpoint.isVisible()
    qtbot.keyClicks(card.typed, "ab")
    qtbot.keyClicks(card.checkpoint, handed.checkpoint)
    assert card.typed.text() == ""  # one of them counts
    assert card.verdict.text == "Checkpoint typed"
    qtbot.mouseClick(card.derive, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(card.derived.isVisible, timeout=30_000)
    assert card.verdict.text == "Same hash"
    assert "slot 7\u202f109\u202f344, signed by 512 of 512" in card.said.text()
    assert card.typed.text() == ""  # a derived hash is not passed off as a typed one
    with qtbot.waitSignal(window.case.run_ended, timeout=60_000):
        qtbot.mouseClick(page.blocks.use, Qt.MouseButton.LeftButton)
    audit = window.case.audit
    assert audit is not None
    assert (audit.request.blocks, audit.request.checkpoints) == ((), ((CHAIN, handed.checkpoint),))
    assert audit.evidence is not None
    (block,) = audit.evidence.blocks
    assert (block.block_hash, block.vouched) == (HASH, "derived from the auditor's beacon checkpoint")
    assert card.derived.isVisible()
    assert card.verdict.text == "Same hash"
    page.tabs.setCurrentIndex(0)
    page.addresses.go_to(0)
    qtbot.waitUntil(lambda: handed.checkpoint in str(page.detail.steps), timeout=20_000)
    page.tabs.setCurrentIndex(3)
    qtbot.keyClicks(card.typed, HASH)
    assert card.checkpoint.text() == ""
    assert not card.derived.isVisible()
    qtbot.waitUntil(lambda: not window.runner.busy, timeout=10_000)
