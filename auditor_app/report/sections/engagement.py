"""The engagement: to whom, by whom, under which standard, for what purpose; standard and own paragraphs."""

from __future__ import annotations

from auditor_app.report.blocks import (
    Cell,
    Column,
    Heading,
    Inline,
    Locked,
    Notice,
    PageBlock,
    Paragraph,
    Said,
    Table,
    given,
    said,
)
from auditor_app.report.material import Material
from auditor_app.report.template import StandardParagraph

_PARTIES = (
    ("Addressee", "addressee"),
    ("Engaging party", "client"),
    ("Responsible party", "responsible_party"),
    ("Practitioner", "firm"),
)


def build(material: Material) -> tuple[PageBlock, ...]:
    """Parties, then the letter."""
    template = material.template
    blocks: list[PageBlock] = []
    if material.papers is None:
        words = (
            "Addressee, purpose, parties and the people who sign are supplied by an engagement. Standard paragraphs "
            "are printed with the places left open."
        )
        blocks.append(Notice("warning", "No engagement is recorded", (said(words),)))
    blocks.append(
        Table((Column("Party", 1), Column("As stated in the engagement", 3)), _parties(material), labels=True)
    )
    blocks += [Paragraph(material.typed(text)) for text in template.letter.before]
    for paragraph in template.standard.paragraph:
        if paragraph.heading:
            blocks.append(Heading(2, paragraph.heading))
        blocks.append(Paragraph(filled(material, paragraph)))
    blocks += [Paragraph(material.typed(text)) for text in template.letter.after]
    return tuple(blocks)


def _parties(material: Material) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = [(said(label), _term(material, name)) for label, name in _PARTIES]
    rows.append((said("Standard followed"), given(material.template.standard.name)))
    return tuple(rows)


def filled(material: Material, paragraph: StandardParagraph) -> Cell:
    """A locked paragraph with what the terms say put into its places, as text."""
    cell: list[Inline] = []
    for number, (words, name) in enumerate(paragraph.parts()):
        if words:
            cell.append(Locked(words))
        if name:
            following = paragraph.parts()[number + 1][0]
            cell += _term(material, name, stop=following.startswith("."))
    return tuple(cell)


def _term(material: Material, name: str, *, stop: bool = False) -> Cell:
    """One term as typed; ``stop`` where the standard's own full stop follows."""
    text = "" if material.papers is None else str(getattr(material.papers.terms, name)).strip()
    if not text:
        return (Said(f"[{name.replace('_', ' ')}: not stated]", "muted"),)
    return material.typed(text.removesuffix(".") if stop else text)
