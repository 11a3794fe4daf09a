"""Signature: who signed off what, firm, place and date, and how the file's own signatures are checked."""

from __future__ import annotations

from auditor_app.engagement.papers import Papers
from auditor_app.engagement.terms import SIGNING_ROLES, Role
from auditor_app.report.blocks import (
    Cell,
    Code,
    Column,
    Given,
    Heading,
    Mark,
    PageBlock,
    Paragraph,
    Said,
    Table,
    code,
    given,
    said,
)
from auditor_app.report.material import Material

_COLUMNS = (
    Column("Role", 0.7),
    Column("Name", 1.4),
    Column("Signed off (UTC)", 1),
    Column("Journal up to entry", 0.7, "right"),
)


def build(material: Material) -> tuple[PageBlock, ...]:
    """Signature block and sign-offs."""
    if material.papers is None:
        return (Paragraph(said("No engagement is recorded: nobody signed off this document.")),)
    return (
        Table((Column("Item", 1), Column("As stated", 3)), _block(material, material.papers), labels=True),
        Heading(2, "Sign-offs"),
        Table(_COLUMNS, tuple(_row(material.papers, role) for role in SIGNING_ROLES), labels=True),
        Paragraph(
            (
                Said("Electronic signatures ride in this file and change none of its pages. They are compared with "),
                Code("reserve-auditor report check report.pdf --cert CA.pem"),
                Said(", where CA.pem holds certificates that the reader obtained elsewhere."),
            ),
            "small",
        ),
    )


def _block(material: Material, papers: Papers) -> tuple[tuple[Cell, ...], ...]:
    partner = papers.standing("partner")
    place = papers.terms.place.strip()
    return (
        (said("Firm"), given(papers.terms.firm, "strong")),
        (said("Engagement partner"), given("" if partner is None else partner.stamp.person, "strong")),
        (said("Place"), given(place)),
        (
            said("Date"),
            given(material.date.text) if material.date.typed else said("no date was typed", "muted"),
        ),
        (said("Standard followed"), given(material.template.standard.name)),
    )


def _row(papers: Papers, role: Role) -> tuple[Cell, ...]:
    signed = papers.standing(role)
    if signed is None:
        return said(role.capitalize()), (Mark("none", "Not signed off"),), given(""), given("")
    return (
        said(role.capitalize()),
        (Given(signed.stamp.person, "strong"),),
        code(signed.stamp.at),
        given(str(signed.head.length)),
    )
