"""The small parts: legible text, printed quantities, the figure, the fonts, the command to run again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from auditor_app.coverage.lines import CoverageLine
from auditor_app.engagement.record import AuditRequest, SampleRequest
from auditor_app.report.charts import coverage_charts
from auditor_app.report.figures import PRINT_PALETTE, coverage_figure, svg
from auditor_app.report.legible import FONT_FILES, covered_characters, fours, legible, shortened
from auditor_app.report.quantities import amount_text, grouped_decimal, percent_text, shown_decimals
from auditor_app.report.sections.reproduction import command
from auditor_app.resource_files import resource


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ärger & Söhne", "Ärger & Söhne"),
        ("Биржа Δοκιμή", "Биржа Δοκιμή"),
        ("a\u202eb", r"a\u202eb"),
        ("line\nbreak\ttab\x7f", r"line\nbreak\ttab\x7f"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("交易", r"\u4ea4\u6613"),
        ("\U0001f600", r"\U0001f600"),
        ("a\u0301\u0301", "a\u0301\\u0301"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("narrow\u202fspace", "narrow\u202fspace"),
        ("wide\u3000space", r"wide\u3000space"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert legible(text, covered_characters()) == shown


def test_fonts_are_bundled_with_their_licence_and_cover_three_scripts() -> None:
    assert "SIL OPEN FONT LICENSE" in resource("fonts", "OFL.txt").read_text(encoding="utf-8")
    assert sum(resource("fonts", name).stat().st_size for name in FONT_FILES) < 3_000_000
    covered = covered_characters()
    for text in ("ABCXYZ abcxyz äöüßÇéñøŁŞž", "ΑΒΓΔΩ αβγδω άέήίόύώ", "АБВГЯ абвгя ЁёЇїЎў", "0123456789 −+%.,…—–\u202f"):
        assert all(ord(character) in covered for character in text)


def test_digests_are_grouped_in_fours_and_names_shortened() -> None:
    assert fours("0123456789abcdef01") == "0123 4567 89ab cdef 01"
    assert shortened("short", 5) == "short"
    assert shortened("longer", 5) == "long…"


@pytest.mark.parametrize(
    ("values", "decimals", "expected"),
    [((100, None), 8, 6), ((0, None), 8, 2), ((10**18,), 18, 2), ((1,), 18, 18), ((5,), 0, 0), ((1230,), 3, 2)],
)
def test_the_fewest_exact_decimals_are_printed(values: tuple[int | None, ...], decimals: int, expected: int) -> None:
    shown = shown_decimals(values, decimals)
    assert shown == expected
    for value in values:
        if value is not None:
            text = amount_text(value, decimals, shown)
            assert text is not None
            assert int(text.replace("\u202f", "").replace(".", "")) * 10 ** (decimals - shown) == value


def test_signs_are_printed_and_nothing_is_rounded() -> None:
    assert amount_text(-1, 18, 18, signed=True) == "\u22120.000000000000000001"
    assert amount_text(1, 2, 2, signed=True) == "+0.01"
    assert amount_text(0, 2, 2, signed=True) == "0.00"
    assert amount_text(None, 2, 2) is None
    assert grouped_decimal("-1234567.5") == "\u22121\u202f234\u202f567.5"
    assert grouped_decimal("12 apples") == "12 apples"
    assert percent_text("99.9999") == "99.9999\u202f%"
    with pytest.raises(ValueError, match="decimals"):
        amount_text(123, 2, 1)


def _texts(*lines: CoverageLine) -> list[str]:
    figure = coverage_figure(lines, PRINT_PALETTE)
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_figure_says_shortfall_in_words_and_exact_rates() -> None:
    texts = _texts(
        CoverageLine("A", 2, 1000, 0, 999, 999), CoverageLine("B", 2, 3, 0, 9, 9), CoverageLine("C", 2, 3, 0, 9, None)
    )
    assert texts == ["A", "99.9000 %  shortfall", "B", "300.0000 %", "C", "no rate"]


def test_the_figure_tells_shortfalls_apart_without_colour() -> None:
    figure = coverage_figure(
        [
            CoverageLine("A", 0, 1000, 0, 0, 995),
            CoverageLine("B", 0, 1000, 0, 0, 1005),
            CoverageLine("C", 0, 1, 0, 0, 9),
        ],
        replace(PRINT_PALETTE, agrees="#000000", shortfall="#000000"),
    )
    markers = [line.get_marker() for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert markers == ["v", "o", ">"]


def test_stems_start_at_the_100_percent_line_and_the_axis_is_symmetric() -> None:
    figure = coverage_figure([CoverageLine("A", 0, 1000, 0, 0, 950)], PRINT_PALETTE)
    axes = figure.axes[0]
    assert [100, 95.0] in [list(line.get_xdata()) for line in axes.lines]
    low, high = axes.get_xlim()
    assert low + high == pytest.approx(200)


def test_the_drawing_is_the_same_bytes_each_time_and_holds_no_date() -> None:
    lines = [CoverageLine("A", 2, 1000, 0, 999, 999)]
    first, second = (svg(coverage_figure(lines, PRINT_PALETTE)) for _ in range(2))
    assert first == second
    assert b"dc:date" not in first


def test_markup_in_a_symbol_is_not_read_as_mathematics() -> None:
    assert "$x^2$" in _texts(CoverageLine("$x^2$", 0, 1, 0, 1, 1))


def test_many_assets_are_split_into_pages_on_one_scale() -> None:
    lines = [CoverageLine(f"T{n}", 0, 1000, 0, 0, 1000 + n) for n in range(50)]
    charts = coverage_charts(lines)
    assert sum(len(chart.lines) for chart in charts) == 50
    assert all(len(chart.lines) <= 18 and chart.scale == tuple(lines) for chart in charts)
    assert coverage_charts([CoverageLine("A", 0, 1, 0, 1, None)]) == ()


def test_the_command_names_files_only_and_can_be_read_by_a_shell() -> None:
    request = AuditRequest(
        Path("/secret/a b.porsnap"),
        Path("/secret/t.json"),
        nonce="ab" * 32,
        published_roots=(("spot", "cd" * 16),),
        sample=SampleRequest(Path("/secret/r.json"), "dice:123"),
        blocks=(("eip155:1", "ef" * 32),),
    )
    words = shlex.split(command(request, "2026-11-05"))
    assert "/secret" not in " ".join(words)
    assert words[:6] == ["reserve-auditor", "report", "build", "a b.porsnap", "--trust", "t.json"]
    assert words[6:] == [
        "--nonce", "ab" * 32, "--published-root", f"spot={'cd' * 16}", "--block", f"eip155:1={'ef' * 32}", "--sample", "r.json", "--randomness", "dice:123",
        "--date", "2026-11-05", "-o", "report.pdf",
    ]  # fmt: skip
