"""Numbers before nouns: one address, two addresses."""

from __future__ import annotations


def noun(count: int, singular: str, several: str = "") -> str:
    """The noun as it stands after a count, e.g. ``row`` after 1 and ``rows`` after any other; ``several`` where it is irregular."""
    return singular if count == 1 else several or singular + "s"


def counted(count: int, singular: str, several: str = "") -> str:
    """``1 row``, ``1,024 rows``."""
    return f"{count:,} {noun(count, singular, several)}"
