"""The elements that an agreed-upon procedures report must hold; one that is missing keeps it a draft.

Numbers and order follow ``report.md``. Elements whose text an engagement supplies (addressee, purpose, people,
standard, signature …) are missing until there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Element:
    """One required element: ``source`` says what supplies it."""

    number: int
    name: str
    source: Literal["run", "standard paragraph", "engagement"]


ELEMENTS: tuple[Element, ...] = (
    Element(1, "title naming agreed-upon procedures", "run"),
    Element(2, "addressee", "engagement"),
    Element(3, "subject matter", "run"),
    Element(4, "purpose and restriction on use", "engagement"),
    Element(5, "what an agreed-upon procedures engagement is", "standard paragraph"),
    Element(6, "acknowledgement of the procedures by the engaging party", "engagement"),
    Element(7, "responsible party", "engagement"),
    Element(8, "standard followed", "engagement"),
    Element(9, "no representation on appropriateness", "standard paragraph"),
    Element(10, "no opinion and no assurance", "standard paragraph"),
    Element(11, "other matters further procedures might have found", "standard paragraph"),
    Element(12, "ethical requirements", "engagement"),
    Element(13, "independence, stated either way", "engagement"),
    Element(14, "quality management", "engagement"),
    Element(15, "every procedure with nature, extent and timing", "run"),
    Element(16, "every finding and exception", "run"),
    Element(17, "signature, date and place", "engagement"),
)


def missing_elements() -> tuple[Element, ...]:
    """The elements that nothing supplies yet; no engagement is recorded so far, so all of its elements."""
    return tuple(element for element in ELEMENTS if element.source == "engagement")
