"""The coverage chart: the per-asset table again, as distances from the 100 % line."""

from __future__ import annotations

from auditor_app.report.blocks import Chart, PageBlock, Paragraph, said
from auditor_app.report.charts import coverage_charts
from auditor_app.report.material import Material


def build(material: Material) -> tuple[PageBlock, ...]:
    """One chart per page of assets; nothing is drawn where nothing was observed."""
    charts = coverage_charts(material.audit.coverage)
    if not charts:
        return (Paragraph(said("No chart: no balance was observed, so there is no rate to draw.")),)
    introduction = (
        "Each stem starts at the 100 % line and ends at the rate of its asset. A triangle pointing down and the word "
        "shortfall mark observed reserves below gross liabilities; a circle marks all others. Exact amounts stand in "
        "the table of the section before."
    )
    drawn = tuple(Chart(chart.file, chart.alternative, chart.caption) for chart in charts)
    return (Paragraph(said(introduction)), *drawn)
