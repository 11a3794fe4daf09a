"""Pinning a key: the fingerprint is typed, and must be the key's."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from auditor_app.snapshot.trust import load_store
from ui.dialogs.pin_key import PinKeyDialog
from ui.main_window import MainWindow


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    public = Ed25519PrivateKey.from_private_bytes(b"7" * 32).public_key()
    path = tmp_path / "treasury.pem"
    path.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path, sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@pytest.fixture
def dialog(window: MainWindow, key: tuple[Path, str], tmp_path: Path) -> PinKeyDialog:
    made = PinKeyDialog(window, tmp_path / "store" / "trust.json", window.use_trust_store)
    made.open()
    made.use_key_file(key[0])
    for field, text in (
        (made.issuer, "Example Exchange Ltd"),
        (made.signer, "Head of Treasury"),
        (made.channel, "engagement letter"),
        (made.by, "A. Auditor"),
    ):
        field.setText(text)
    return made


def test_a_key_with_its_typed_fingerprint_enters_the_store(
    window: MainWindow, dialog: PinKeyDialog, key: tuple[Path, str], tmp_path: Path, qtbot: QtBot
) -> None:
    assert not dialog.pin.isEnabled()
    grouped = ":".join(key[1].upper()[at : at + 2] for at in range(0, 64, 2))
    qtbot.keyClicks(dialog.fingerprint, grouped)
    qtbot.mouseClick(dialog.pin, Qt.MouseButton.LeftButton)
    store = load_store(tmp_path / "store" / "trust.json")
    (pinned,) = store.keys
    assert (pinned.spki_sha256, pinned.signer, pinned.provenance[0].channel) == (
        key[1],
        "Head of Treasury",
        "engagement letter",
    )
    assert window.case.inputs.trust_store is not None
    assert window.settings.trust_store == (tmp_path / "store" / "trust.json").resolve()


def test_another_fingerprint_pins_nothing(dialog: PinKeyDialog, tmp_path: Path, qtbot: QtBot) -> None:
    dialog.fingerprint.setText("0" * 64)
    qtbot.mouseClick(dialog.pin, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert "nothing was pinned" in dialog.problem.text
    assert not (tmp_path / "store").joinpath("trust.json").exists()
    dialog.reject()


def test_the_dialog_never_shows_the_fingerprint_of_the_file(dialog: PinKeyDialog, key: tuple[Path, str]) -> None:
    texts = [item.text() for item in dialog.findChildren(QLabel)] + [
        item.text() for item in dialog.findChildren(QLineEdit)
    ]
    assert not [text for text in texts if key[1][:8] in text.replace(" ", "").lower()]
    dialog.reject()
