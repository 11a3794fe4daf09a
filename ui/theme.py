"""Light and dark: explicit colours, the bundled fonts, one style sheet. Nothing is left to the desktop's taste."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QMainWindow

from auditor_app.resource_files import resource

SANS = "IBM Plex Sans"
MONO = "IBM Plex Mono"
_BASE_POINTS = 10


class Appearance(StrEnum):
    """What the person chose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Tone(StrEnum):
    """What a chip or banner says with its colour, always beside a word and a shape."""

    NEUTRAL = "neutral"
    INFO = "info"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Pair:
    """Text and its background."""

    text: str
    fill: str


@dataclass(frozen=True, slots=True)
class Theme:
    """Every colour the window uses, as ``#rrggbb``."""

    dark: bool
    window: str
    surface: str
    sunken: str
    border: str
    strong_border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    accent_hover: str
    selection: str
    tones: dict[Tone, Pair]

    def palette(self) -> QPalette:
        """The Qt palette for the Fusion style."""
        palette = QPalette()
        role = QPalette.ColorRole
        for which, colour in (
            (role.Window, self.window), (role.WindowText, self.text), (role.Base, self.surface),
            (role.AlternateBase, self.sunken), (role.Text, self.text), (role.Button, self.surface),
            (role.ButtonText, self.text), (role.BrightText, self.on_accent), (role.Highlight, self.selection),
            (role.HighlightedText, self.text), (role.Link, self.accent), (role.ToolTipBase, self.surface),
            (role.ToolTipText, self.text), (role.PlaceholderText, self.muted), (role.Light, self.surface),
            (role.Midlight, self.sunken), (role.Mid, self.border), (role.Dark, self.strong_border),
            (role.Shadow, self.strong_border), (role.Accent, self.accent),
        ):  # fmt: skip
            palette.setColor(which, QColor(colour))
        for which in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(self.muted))
        return palette


LIGHT = Theme(
    dark=False, window="#f4f6f8", surface="#ffffff", sunken="#f8f9fb", border="#dde2e8", strong_border="#b9c2cd",
    text="#18212c", muted="#566273", accent="#1b5a9e", on_accent="#ffffff", accent_hover="#164b85",
    selection="#d7e6f6",
    tones={
        Tone.NEUTRAL: Pair("#4e5a69", "#e9edf1"), Tone.INFO: Pair("#174f8c", "#dfebf8"),
        Tone.GOOD: Pair("#065f46", "#d9f0e6"), Tone.WARN: Pair("#704700", "#fbecc8"),
        Tone.BAD: Pair("#96280a", "#fbe2d9"), Tone.STALE: Pair("#58418c", "#e9e4f6"),
    },
)  # fmt: skip

DARK = Theme(
    dark=True, window="#12161b", surface="#1a2027", sunken="#161b21", border="#2b343f", strong_border="#465363",
    text="#e5eaf0", muted="#a3b0bf", accent="#7db4f0", on_accent="#0d1a28", accent_hover="#9cc6f5",
    selection="#234064",
    tones={
        Tone.NEUTRAL: Pair("#b9c4d0", "#2a333d"), Tone.INFO: Pair("#a4cbf7", "#1c3550"),
        Tone.GOOD: Pair("#86dcb9", "#143a2d"), Tone.WARN: Pair("#f2c869", "#41330f"),
        Tone.BAD: Pair("#ffab8f", "#4a2016"), Tone.STALE: Pair("#cbbcf5", "#342a52"),
    },
)  # fmt: skip

_SHEET = Template("""
* { outline: none; }
QMainWindow, QDialog { background: $window; }
QLabel { background: transparent; }
QLabel[role="title"] { font-size: 17pt; font-weight: 600; }
QLabel[role="section"] { font-size: 11pt; font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="overline"] { color: $muted; font-size: 9pt; font-weight: 500; }
QFrame[card="true"] { background: $surface; border: 1px solid $border; border-radius: 8px; }
QFrame[rule="true"] { background: $border; border: none; }
QFrame[dropzone="true"] { background: $surface; border: 2px dashed $strong_border; border-radius: 12px; }
QPushButton { background: $surface; border: 1px solid $strong_border; border-radius: 6px; padding: 5px 14px; min-height: 20px; }
QPushButton:hover { background: $sunken; border-color: $accent; }
QPushButton:pressed { background: $selection; }
QPushButton:focus { border: 2px solid $accent; padding: 4px 13px; }
QPushButton:checked { background: $selection; border-color: $accent; }
QPushButton:disabled { color: $muted; border-color: $border; background: $window; }
QPushButton[primary="true"] { background: $accent; border-color: $accent; color: $on_accent; font-weight: 600; }
QPushButton[primary="true"]:hover { background: $accent_hover; }
QPushButton[primary="true"]:focus { border: 2px solid $text; }
QPushButton[primary="true"]:disabled { background: $border; border-color: $border; color: $muted; }
QPushButton[link="true"] { background: transparent; border: 1px solid transparent; color: $accent; padding: 2px 10px 2px 0; min-height: 18px; text-align: left; }
QPushButton[link="true"]:hover { text-decoration: underline; }
QPushButton[link="true"]:focus { border: 2px solid $accent; border-radius: 6px; padding: 1px 9px 1px 0; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px 8px; color: $text; }
QToolButton[quiet="true"] { color: $accent; padding: 2px 6px; }
QToolButton:hover { background: $sunken; border-color: $border; }
QToolButton:focus { border: 2px solid $accent; padding: 3px 7px; }
QToolButton:checked { background: $selection; }
QLineEdit, QComboBox { background: $surface; border: 1px solid $strong_border; border-radius: 6px; padding: 4px 8px; min-height: 20px; selection-background-color: $selection; selection-color: $text; }
QLineEdit:focus, QComboBox:focus { border: 2px solid $accent; padding: 3px 7px; }
QLineEdit:disabled, QComboBox:disabled { background: $window; color: $muted; border-color: $border; }
QLineEdit[readOnly="true"] { background: $window; border-color: $border; }
QLineEdit[verdict="invalid"] { background: $bad_fill; border-color: $bad_text; color: $bad_text; }
QPlainTextEdit { background: $surface; border: 1px solid $strong_border; border-radius: 6px; padding: 2px 4px; selection-background-color: $selection; selection-color: $text; }
QPlainTextEdit[readOnly="true"] { background: $sunken; border-color: $border; }
QPlainTextEdit:focus { border: 2px solid $accent; padding: 1px 3px; }
QPlainTextEdit[passage="true"] { background: transparent; border: none; padding: 0; }
QSpinBox { min-height: 26px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QSpinBox QLineEdit, QSpinBox QLineEdit:focus { border: none; padding: 0 4px; }
QComboBox { combobox-popup: 0; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$arrow"); width: 12px; height: 12px; }
QCheckBox::indicator:unchecked { width: 14px; height: 14px; background: $surface; border: 1px solid $strong_border; border-radius: 3px; }
QCheckBox::indicator:unchecked:focus { border: 2px solid $accent; }
QListWidget { background: $surface; border: 1px solid $strong_border; border-radius: 6px; padding: 2px; selection-background-color: $selection; selection-color: $text; }
QListWidget:focus { border: 2px solid $accent; padding: 1px; }
QListWidget::item { padding: 4px 6px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $border; selection-background-color: $selection; selection-color: $text; }
QComboBox QAbstractItemView::item { min-height: 26px; padding: 0 6px; }
QTableView, QTreeView { background: $surface; alternate-background-color: $sunken; border: 1px solid $border; border-radius: 6px; gridline-color: transparent; selection-background-color: $selection; selection-color: $text; }
QTableView:focus { border: 2px solid $accent; }
QTreeView:focus { border: 1px solid $accent; }
QTableView::item, QTreeView::item { padding: 0 8px; border: none; }
QTreeView::item:selected, QTreeView::branch:selected { background: $selection; color: $text; }
QHeaderView { background: $sunken; border: none; border-top-left-radius: 6px; border-top-right-radius: 6px; }
QHeaderView::section { background: $sunken; color: $muted; border: none; border-bottom: 1px solid $border; padding: 5px 11px; font-weight: 600; }
QHeaderView::section:hover { color: $text; }
QListView[rail="true"] { background: $sunken; border: none; border-right: 1px solid $border; }
QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabBar { background: transparent; }
QTabBar::tab { background: transparent; color: $muted; padding: 8px 14px; border: none; border-bottom: 3px solid transparent; font-weight: 500; }
QTabBar::tab:selected { color: $text; border-bottom: 3px solid $accent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { color: $accent; background: $selection; border-top-left-radius: 6px; border-top-right-radius: 6px; }
QScrollArea { background: transparent; border: 1px solid transparent; border-radius: 6px; }
QScrollArea > QWidget > QWidget[page="true"] { background: transparent; }
QScrollArea:focus { border: 1px solid $accent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 2px; }
QScrollBar::handle { background: $strong_border; border-radius: 4px; min-height: 32px; min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $border; border-radius: 4px; margin: 0 6px; }
QProgressBar { background: $border; border: none; border-radius: 4px; max-height: 8px; min-height: 8px; }
QProgressBar::chunk { background: $accent; border-radius: 4px; }
QStatusBar { background: $surface; border-top: 1px solid $border; }
QStatusBar::item { border: none; }
QMenuBar { background: $surface; border-bottom: 1px solid $border; padding: 2px 6px; }
QMenuBar::item { padding: 5px 10px; border-radius: 5px; background: transparent; }
QMenuBar::item:selected { background: $selection; }
QMenu { background: $surface; border: 1px solid $strong_border; padding: 4px; }
QMenu::item { padding: 6px 28px 6px 24px; border-radius: 4px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QToolTip { background: $surface; color: $text; border: 1px solid $strong_border; padding: 4px 6px; }
QFrame[tone="neutral"] { background: $neutral_fill; border: none; border-radius: 8px; }
QFrame[tone="info"] { background: $info_fill; border: none; border-radius: 8px; }
QFrame[tone="good"] { background: $good_fill; border: none; border-radius: 8px; }
QFrame[tone="warn"] { background: $warn_fill; border: none; border-radius: 8px; }
QFrame[tone="bad"] { background: $bad_fill; border: none; border-radius: 8px; }
QFrame[tone="stale"] { background: $stale_fill; border: none; border-radius: 8px; }
QFrame[above="true"] { margin: 12px 24px 0 24px; }
QLabel[ink="neutral"] { color: $neutral_text; }
QLabel[ink="info"] { color: $info_text; }
QLabel[ink="good"] { color: $good_text; }
QLabel[ink="warn"] { color: $warn_text; }
QLabel[ink="bad"] { color: $bad_text; }
QLabel[ink="stale"] { color: $stale_text; }
""")


def style_sheet(theme: Theme) -> str:
    """The one style sheet of the application in the theme's colours."""
    values = {name: getattr(theme, name) for name in Theme.__slots__ if isinstance(getattr(theme, name), str)}
    for tone, pair in theme.tones.items():
        values[f"{tone.value}_text"], values[f"{tone.value}_fill"] = pair.text, pair.fill
    values["arrow"] = resource("icons", f"down-{'dark' if theme.dark else 'light'}.svg").as_posix()
    return _SHEET.substitute(values)


def choose(appearance: Appearance) -> Theme:
    """The theme for a choice; ``SYSTEM`` asks the desktop and takes light when it says nothing."""
    if appearance is Appearance.SYSTEM:
        scheme = QGuiApplication.styleHints().colorScheme()
        return DARK if scheme is Qt.ColorScheme.Dark else LIGHT
    return DARK if appearance is Appearance.DARK else LIGHT


def load_fonts() -> None:
    """Register the bundled fonts; without them Qt's own fallback is used."""
    folder = resource("fonts")
    if folder.is_dir():
        for file in sorted(folder.glob("*.[ot]tf")):
            QFontDatabase.addApplicationFont(str(file))


def sans_font() -> QFont:
    """The base font of the window."""
    font = QFont([SANS, "DejaVu Sans"], _BASE_POINTS)
    font.setStyleHint(QFont.StyleHint.SansSerif)
    return font


def mono_font() -> QFont:
    """For hashes and addresses: every digit has the same width."""
    font = QFont([MONO, "DejaVu Sans Mono"], _BASE_POINTS)
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def apply(application: QApplication, theme: Theme) -> None:
    """Dress the whole application, and whichever main window there is."""
    application.setStyle("Fusion")
    application.setPalette(theme.palette())
    application.setFont(sans_font())
    for window in application.topLevelWidgets():
        if isinstance(window, QMainWindow):
            dress(window)


def dress(window: QMainWindow) -> None:
    """The style sheet in the colours in use, for a window and all that is or will be in it, dialogs too.

    Not for the application: there, Qt would style every part of a page anew each time it is put into a larger one, which
    makes building a page three times as long.
    """
    window.setStyleSheet(style_sheet(current()))


def current() -> Theme:
    """The theme in use, read back from the application's palette: there is no second copy of that fact."""
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if window.lightness() < 128 else LIGHT
