"""How values look on screen: hashes in groups, amounts exact, file-supplied text made visible and never markup."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from auditor_app.amounts import Amount
from auditor_app.cli.terminal import plain

ABSENT = "–"
HIDDEN = "•••"
_NARROW_SPACE = "\u202f"
_MASKABLE = re.compile(r"(?<![0-9A-Za-z:_./-])-?[0-9][0-9\u202f,]*(?:\.[0-9]+)?(?![0-9A-Za-z:_/-]|\.[0-9])")
_PLAIN_WORD = re.compile(r"[a-z]+[ ,]")
_FORMULA_STARTS = ("=", "+", "@")


def visible(text: str) -> str:
    """File-supplied text on one line, with control and bidirectional characters shown as escapes."""
    return _NARROW_SPACE.join(map(plain, text.split(_NARROW_SPACE))).replace("\n", "\\n")


def disguised(text: str) -> str:
    """The control and direction-changing characters of a text as escapes, each once; empty where it shows as it is."""
    found = [sign for sign in dict.fromkeys(text) if sign not in "\n\t" and visible(sign) != sign]
    return " ".join(visible(sign) for sign in found[:8])


def sentence_case(text: str) -> str:
    """A sentence for a banner: its first word with a capital, unless it is a file's name or an identifier."""
    return f"{text[:1].upper()}{text[1:]}" if _PLAIN_WORD.match(text) else text


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def cut(text: str, at_most: int = 90) -> str:
    """Text on one line that breaks no layout: its end left out where it is long."""
    shown = visible(text[: 2 * at_most])
    return shown if len(shown) <= at_most and len(text) <= 2 * at_most else f"{shown[: at_most - 1]}…"


def tooltip(text: str) -> str:
    """A tool tip that shows ``text`` literally: Qt would otherwise guess whether it is HTML."""
    return f"<span>{html.escape(visible(text))}</span>" if text else ""


def menu_text(text: str) -> str:
    """Text for a menu or button, with its ampersands kept from becoming mnemonics."""
    return visible(text).replace("&", "&&")


def groups(digest: str) -> str:
    """All of a hash in groups of four: ``35d0 1ffe f2be …`` written out."""
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def short_hash(digest: str, ends: int = 2) -> str:
    """A hash shortened for the screen: its first and last ``ends`` groups of four."""
    body = digest.removeprefix("0x")
    if len(body) <= 8 * ends + 4:
        return groups(body)
    return f"{groups(body[: 4 * ends])} … {groups(body[-4 * ends :])}"


def short_middle(text: str, keep: int = 10) -> str:
    """An address shortened for the screen; the full one is what is copied."""
    shown = visible(text)
    return shown if len(shown) <= 2 * keep + 3 else f"{shown[:keep]}…{shown[-keep:]}"


def amount(value: Amount | None) -> str:
    """An exact amount with groups of three; zeros behind its last digit are left out beyond two decimals."""
    if value is None:
        return ABSENT
    scale = max(min(value.scale, 2), len(value.plain().partition(".")[2]))
    return value.at_scale(scale).grouped()


def base_units(units: int | None, decimals: int) -> str:
    """Base units as an exact amount with groups of three, or a dash where there is none."""
    return amount(None if units is None else Amount(units, decimals))


def base_units_plain(units: int | None, decimals: int) -> str:
    """Base units as exact decimal text for copying."""
    return "" if units is None else Amount(units, decimals).fixed()


def count(number: int) -> str:
    """A count with narrow groups of three."""
    return Amount(number).grouped()


def masked(text: str) -> str:
    """A sentence with its free-standing numbers hidden; hashes and identifiers stay."""
    return _MASKABLE.sub(HIDDEN, text)


def spreadsheet_cell(text: str) -> str:
    """One cell of copied TSV: no tab or line break, never a formula, and no sign that does something where it is pasted."""
    flat = visible(text.replace("\t", " ").replace("\r", " ").replace("\n", " "))
    return f"'{flat}" if flat.startswith(_FORMULA_STARTS) else flat
