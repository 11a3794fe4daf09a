"""The elements that an agreed-upon procedures report must hold; while one is missing there is no final report.

Numbers and order follow ``report.md``. ``terms`` names the texts of the engagement that supply an element, so that the
person who is told what is missing can be taken there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from auditor_app.engagement.papers import Papers
from auditor_app.engagement.record import Audit
from auditor_app.engagement.terms import SIGNING_ROLES
from auditor_app.report.template import StandardText


@dataclass(frozen=True, slots=True)
class Element:
    """One required element: ``source`` says what supplies it, ``terms`` by which names of the engagement's terms."""

    number: int
    name: str
    source: Literal["run", "standard paragraph", "engagement"]
    terms: tuple[str, ...] = ()


ELEMENTS: tuple[Element, ...] = (
    Element(1, "title naming agreed-upon procedures", "standard paragraph"),
    Element(2, "addressee", "engagement", ("addressee",)),
    Element(3, "subject matter", "run"),
    Element(4, "purpose and restriction on use", "engagement", ("purpose", "restriction")),
    Element(5, "what an agreed-upon procedures engagement is", "standard paragraph"),
    Element(6, "acknowledgement of the procedures by the engaging party", "engagement", ("client", "acknowledgement")),
    Element(7, "responsible party", "engagement", ("responsible_party",)),
    Element(8, "standard followed", "engagement", ("firm", "standard")),
    Element(9, "no representation on appropriateness", "standard paragraph"),
    Element(10, "no opinion and no assurance", "standard paragraph"),
    Element(11, "other matters further procedures might have found", "standard paragraph"),
    Element(12, "ethical requirements", "engagement", ("ethics",)),
    Element(13, "independence, stated either way", "engagement", ("independence",)),
    Element(14, "quality management", "engagement", ("quality_management",)),
    Element(15, "every procedure with nature, extent and timing", "run"),
    Element(16, "every finding and exception", "run"),
    Element(17, "signature, date and place", "engagement", ("place",)),
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A required element that is still empty: ``what`` says which part, ``terms`` where it is typed."""

    element: Element
    what: str
    terms: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One line for the cover."""
        return f"{self.element.name}: {self.what}" if self.what else self.element.name


@dataclass(frozen=True, slots=True)
class Supplied:
    """What may supply the elements of one report."""

    audit: Audit
    papers: Papers | None
    standard: StandardText
    date_typed: bool


def missing_elements(supplied: Supplied) -> tuple[Missing, ...]:
    """Every element that is empty, in order; without an engagement all that one supplies."""
    found = []
    for element in ELEMENTS:
        what, terms = _gap(element, supplied)
        if what is not None:
            found.append(Missing(element, what, terms))
    return tuple(found)


def _gap(element: Element, supplied: Supplied) -> tuple[str | None, tuple[str, ...]]:
    """What is missing (``""`` where the name says it all, ``None`` where nothing is) and the empty terms."""
    if element.source == "engagement":
        if supplied.papers is None:
            return "", element.terms
        empty = tuple(name for name in element.terms if not str(getattr(supplied.papers.terms, name)).strip())
        parts = [name.replace("_", " ") for name in empty]
        if element.number == 17:
            parts += _unsigned(supplied.papers, date_typed=supplied.date_typed)
        return (", ".join(parts), empty) if parts else (None, ())
    present = _FROM_RUN[element.number](supplied) if element.source == "run" else _in_standard(element, supplied)
    return (None, ()) if present else ("", ())


def _unsigned(papers: Papers, *, date_typed: bool) -> list[str]:
    unsigned = [] if papers.standing("partner") is not None else ["sign-off of the partner"]
    return unsigned if date_typed else [*unsigned, "the typed date of the report"]


def _in_standard(element: Element, supplied: Supplied) -> bool:
    if element.number == 1:
        return "agreed-upon procedures" in supplied.standard.title.lower()
    return supplied.standard.carries(element.number)


def _subject_matter(supplied: Supplied) -> bool:
    identity = supplied.audit.identity
    return bool(identity.issuer and identity.as_of and supplied.audit.coverage)


def _procedures(supplied: Supplied) -> bool:
    """Each procedure of the run, and each that was agreed, has an outcome or a reason why it has none."""
    performed = supplied.audit.procedures
    if not performed or any(not item.outcome or (item.performed and not item.extent) for item in performed):
        return False
    known = {item.key for item in performed}
    agreed = () if supplied.papers is None else supplied.papers.procedures
    own_results = set() if supplied.papers is None else {item.procedure for item in supplied.papers.exceptions}
    return all(item.key in known or not item.agreed or item.reason or item.key in own_results for item in agreed)


_FROM_RUN: dict[int, Callable[[Supplied], bool]] = {
    3: _subject_matter,
    15: _procedures,
    16: lambda supplied: bool(supplied.audit.procedures),
}


GapKind = Literal["term", "date", "sign-off", "note", "run", "template", "engagement"]


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that keeps a report from being final: ``kind`` says where it is supplied, ``name`` which one there."""

    text: str
    kind: GapKind
    name: str = ""
    element: int | None = None


def gaps(supplied: Supplied) -> tuple[Gap, ...]:
    """Everything that keeps a report from being final, each thing once: missing elements, sign-offs and open notes."""
    if supplied.papers is None:
        return (Gap("No engagement is open: it supplies terms, people and sign-offs.", "engagement"),)
    found: list[Gap] = []
    for item in missing_elements(supplied):
        number, name = item.element.number, item.element.name
        found += [Gap(f"{name}: {term.replace('_', ' ')}", "term", term, number) for term in item.terms]
        if item.element.source == "run":
            found.append(Gap(item.text, "run", "", number))
        elif item.element.source == "standard paragraph":
            found.append(Gap(item.text, "template", "", number))
    if not supplied.date_typed:
        found.append(Gap("date of the report", "date", "", 17))
    stated = {gap.name for gap in found if gap.kind == "term"}
    others = [name for name in supplied.papers.terms.missing() if name not in stated]
    found += [Gap(f"term: {name.replace('_', ' ')}", "term", name) for name in others]
    unsigned = [role for role in SIGNING_ROLES if supplied.papers.standing(role) is None]
    found += [Gap(f"sign-off of the {role}", "sign-off", role, 17 if role == "partner" else None) for role in unsigned]
    found += [
        Gap(f"open note {note.number} on paper {note.paper}", "note", str(note.number))
        for note in supplied.papers.open_notes
    ]
    return tuple(found)
