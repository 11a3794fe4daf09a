r"""Text from files made literal on paper: what cannot be seen or printed is written out as an escape.

A name may hold bidirectional controls, line breaks, private-use characters or a script that the bundled fonts do
not cover. Each such character is printed as ``\u202e``, the same form as on the terminal, so that nothing is
dropped, reordered or drawn over its neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set as AbstractSet

from auditor_app.resource_files import resource

FONT_FILES = (
    "IBMPlexSans-Regular.ttf",
    "IBMPlexSans-Medium.ttf",
    "IBMPlexSans-SemiBold.ttf",
    "IBMPlexSans-Bold.ttf",
    "IBMPlexMono-Regular.ttf",
    "IBMPlexMono-Medium.ttf",
)
"""The bundled fonts (SIL Open Font License 1.1, ``resources/fonts/OFL.txt``), shared by report and window."""

SANS, MONO = "IBM Plex Sans", "IBM Plex Mono"
_OWN_SPACES = frozenset("\u00a0\u202f")
_PLAIN = re.compile(r"[ -~\u00a0\u202f]*")
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Mc", "Me"})


def covered_characters() -> frozenset[int]:
    """Code points that every weight of the bundled sans serif can draw; the monospaced face falls back to it."""
    from matplotlib.ft2font import FT2Font

    charmaps = [
        frozenset(FT2Font(str(resource("fonts", name))).get_charmap())
        for name in FONT_FILES
        if name.startswith("IBMPlexSans")
    ]
    return frozenset.intersection(*charmaps)


def legible(text: str, covered: AbstractSet[int]) -> str:
    """``text`` with every character that cannot be seen, or not be drawn from ``covered``, as an escape.

    At most one combining mark may follow a letter: stacked marks would be drawn over the neighbouring lines.
    """
    if _PLAIN.fullmatch(text):
        return text
    shown: list[str] = []
    after_letter = False
    for character in text:
        category = unicodedata.category(character)
        mark = category in _MARKS
        hidden = category in _INVISIBLE or (category == "Zs" and character != " " and character not in _OWN_SPACES)
        if hidden or ord(character) not in covered or (mark and not after_letter):
            shown.append(character.encode("unicode_escape").decode("ascii"))
            after_letter = False
        else:
            shown.append(character)
            after_letter = category[0] == "L"
    return "".join(shown)


def fours(digest: str) -> str:
    """A digest in groups of four characters, for reading aloud and comparing by eye."""
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def shortened(text: str, length: int) -> str:
    """``text`` if it is at most ``length`` characters, else its start and an ellipsis; for titles and headers only."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
