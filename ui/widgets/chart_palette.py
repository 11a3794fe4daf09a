"""The colours of charts in a theme; matplotlib is not imported before a chart is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.theme import Theme, Tone

if TYPE_CHECKING:
    from auditor_app.report.figures import Palette


def chart_palette(theme: Theme) -> Palette:
    """The core's palette for a figure on a card of the theme."""
    from auditor_app.report.figures import DARK_SHARES, LIGHT_SHARES, Palette

    return Palette(
        text=theme.text,
        muted=theme.muted,
        line=theme.strong_border,
        background=theme.surface,
        agrees=theme.tones[Tone.GOOD].text,
        shortfall=theme.tones[Tone.BAD].text,
        shares=DARK_SHARES if theme.dark else LIGHT_SHARES,
    )
