"""The wording guard: an agreed-upon-procedures report says what was done and found, never that something is assured.

``report.md``, "Wording guard": findings are inspected, compared, agreed, traced, recalculated, observed, obtained,
counted. A reader must not be able to take the document for assurance (ISRS 4400 (Revised), AT-C 215).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor_app.errors import ReportError

_FORBIDDEN = (
    r"verif(?:y|ies|ied|ying|ication|ications)",
    r"validat(?:e|es|ed|ing|ion|ions)",
    r"test(?:s|ed|ing)?",
    r"review(?:s|ed|ing)?(?! notes?\b)",
    r"examin(?:e|es|ed|ing|ation|ations)",
    r"ensur(?:e|es|ed|ing)",
    r"certif(?:y|ies|ied|ying|ication|ications)",
    r"audit(?:s|ed|ing)",
    r"solven(?:t|cy)",
    r"fully[ -]backed",
    r"safe(?:ly|ty)?",
    r"guarante(?:e|es|ed|eing)",
)
_PATTERN = re.compile(r"\b(?:" + "|".join(_FORBIDDEN) + r")\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ForbiddenWord:
    """One word that the report must not use, and where in the text it stands (0-based, in characters)."""

    word: str
    start: int


def forbidden_words(text: str) -> tuple[ForbiddenWord, ...]:
    """Every word of ``text`` that an agreed-upon-procedures report must not use, in order."""
    return tuple(ForbiddenWord(match.group(), match.start()) for match in _PATTERN.finditer(text))


def require_wording(text: str) -> str:
    """``text`` itself; :class:`ReportError` when the program's own words would read as assurance."""
    found = forbidden_words(text)
    if found:
        raise ReportError(
            "REPORT.BUILD",
            f"generated text uses a word that agreed-upon procedures must not use: {found[0].word!r}",
            observed=text[:200],
            action="Reword it: inspected, compared, agreed, traced, recalculated, observed, counted.",
        )
    return text
