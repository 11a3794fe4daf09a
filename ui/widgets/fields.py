"""Typed-in values that are judged while typed: digests, instants, dates. Colour, words and screen readers agree."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import Signal

from auditor_app.instants import format_instant, parse_instant
from ui.theme import mono_font
from ui.widgets.blocks import restyle
from ui.widgets.line import Line

Read = Callable[[str], str]
"""The value of a typed text; ``ValueError`` with a clause when it has none."""

_GAPS = re.compile(r"[\s:-]")


class TypedField(Line):
    """A line edit with a value or ``None`` while empty; invalid text has no value and says why.

    Without ``read`` any text is its own value and is not coloured.
    """

    judged = Signal()

    def __init__(self, name: str, placeholder: str, read: Read | None = None, *, mono: bool = False) -> None:
        super().__init__()
        self._judges = read is not None
        self._read = read or str
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        if mono:
            self.setFont(mono_font())
        self.textChanged.connect(self._judge)

    @property
    def value(self) -> str | None:
        """What was typed in its normal form; ``None`` when empty or not readable."""
        try:
            return self._read(self.text().strip()) if self.text().strip() else None
        except ValueError:
            return None

    @property
    def wrong(self) -> str:
        """Why the text is no value; empty when it is one or there is none."""
        try:
            if self.text().strip():
                self._read(self.text().strip())
        except ValueError as error:
            return str(error)
        return ""

    def _judge(self) -> None:
        verdict = "" if not self.text().strip() or not self._judges else "invalid" if self.wrong else "valid"
        if self.property("verdict") != verdict:
            self.setProperty("verdict", verdict)
            restyle(self)
        self.setAccessibleDescription("; ".join(part for part in (self.wrong, self.hidden) if part))
        self.judged.emit()


def hex_digits(least: int, most: int) -> Read:
    """Reads hexadecimal text, dropping spaces, colons and hyphens between groups and a leading ``0x``."""

    def read(text: str) -> str:
        digits = _GAPS.sub("", text).lower().removeprefix("0x")
        if not re.fullmatch(r"[0-9a-f]*", digits):
            raise ValueError("only hexadecimal digits")
        if not least <= len(digits) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise ValueError(f"{wanted} hexadecimal digits, {len(digits)} so far")
        return digits

    return read


def instant(text: str) -> str:
    """A UTC instant or a bare date in its one form."""
    try:
        return format_instant(parse_instant(text))
    except ValueError:
        raise ValueError("a UTC instant like 2026-11-01T00:00:00Z") from None


def day(text: str) -> str:
    """A calendar day."""
    try:
        return format_instant(parse_instant(text if len(text) == 10 else "-"))[:10]
    except ValueError:
        raise ValueError("a day like 2026-11-30") from None
