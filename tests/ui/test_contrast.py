"""Every text colour on every ground it stands on: 4.5 to 1 or more (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import pytest

from auditor_app.report import history_figure
from ui.theme import DARK, LIGHT, Theme

_ENOUGH = 4.5


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_ratio_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # W3C's own example of just enough


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground(theme: Theme) -> None:
    grounds = (theme.window, theme.surface, theme.sunken, theme.selection)
    low = [
        (ink, ground, round(contrast(ink, ground), 2))
        for ink in (theme.text, theme.muted, theme.accent)
        for ground in grounds
        if contrast(ink, ground) < _ENOUGH
    ]
    low += [
        (pair.text, ground, round(contrast(pair.text, ground), 2))
        for pair in theme.tones.values()
        for ground in (*grounds, pair.fill)
        if contrast(pair.text, ground) < _ENOUGH
    ]
    low += [
        (theme.on_accent, ground, 0.0)
        for ground in (theme.accent, theme.accent_hover)
        if contrast(theme.on_accent, ground) < _ENOUGH
    ]
    assert low == []


def test_labels_of_the_rates_over_time_can_be_read() -> None:
    low = [colour for colour in history_figure._COLOURS if contrast(colour, "#ffffff") < _ENOUGH]
    low += [colour for colour in history_figure._ON_DARK if contrast(colour, DARK.surface) < _ENOUGH]
    assert low == []
