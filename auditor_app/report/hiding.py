"""Identifiers replaced in running text: wherever one stands as an identifier, and nowhere else.

A long identifier is replaced wherever its characters stand, in either case, since people type addresses as they like. A
short one must be a word of its own: ``4711`` is not part of ``14711``. One of digits alone may also be a count, an amount or a
date: it stays where the text around it says so (``12 assets``, ``3 of 12``, ``row 12``, ``2026-11-12``), and is replaced everywhere else.
One pass over a text, whatever the number of names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping

_SHORT = 12
_COUNTED = (
    "accounts|addresses|amendments|answers|assets|balances|blocks|bytes|commitments|confirmations|"
    "containers|customers|days|debts|deviations|differences|digests|endpoints|entries|events|exceptions|"
    "findings|funds|hours|items|keys|leaves|ledgers|letters|limitations|members|messages|minutes|"
    "months|networks|nodes|notes|obligations|pages|per ?cent|points|procedures|proofs|remarks|reports|"
    "rows|samples|seconds|shares|signatures|signers|snapshots|sources|strata|targets|times|totals|"
    "transfers|units|values|wallets|warnings|years"
)
"""More than one of something: ``4711 balance`` counts nothing."""
_KIND = (
    "agreed|allowed|claimed|closed|distinct|drawn|earlier|executed|expected|further|listed|monetary|negative|observed|open|"
    "other|pinned|published|recalculated|remaining|required|reserve|review|sampled|selected|standard"
)
_NOT_IDENTIFIER = r"(?:appendix|at least|at most|block|byte|bytes|column|entry|exception|height|leaf|line|note|of|page|row|rows|section|sequence|version)"
_IDENTIFIER = r"(?:account|address|client|customer|holder|id|identifier|key|member|no\.|number|uid|user|wallet)"

_THINGS = rf"(?:(?:{_KIND})\s+){{0,2}}(?:{_COUNTED})\b"
_A_COUNT_FOLLOWS = re.compile(
    rf"\s*%|\s+{_THINGS}|\s+of\s+(?:them\b|which\b|(?:(?:all|the|these)\s+)*(?:\d|{_THINGS}))", re.IGNORECASE
)
_BEFORE_A_POSITION = re.compile(rf"\b{_NOT_IDENTIFIER}\s$", re.IGNORECASE)
_BEFORE_AN_IDENTIFIER = re.compile(rf"\b{_IDENTIFIER}\s?[#:=-]?\s?$", re.IGNORECASE)
_IN_A_NUMBER_BEFORE = re.compile(r"\d[.,:\u00a0\u202f'-]$")
_IN_A_NUMBER_BEHIND = re.compile(r"[.,:\u00a0\u202f'-]\d")
_LOOK_BACK = 24


def hider(names: Mapping[str, str]) -> Callable[[str], str]:
    """What replaces each name of ``names`` in a text by its value; the longest name first where several begin."""
    folded = {_folded(name): shown for name, shown in names.items() if name}
    starts: dict[str, list[str]] = defaultdict(list)
    lengths: set[int] = set()
    for name in folded:
        if len(name) > _SHORT:
            starts[name[: _SHORT + 1]].append(name)
        else:
            lengths.add(len(name))
    for begun in starts.values():
        begun.sort(key=len, reverse=True)
    short = sorted(lengths, reverse=True)

    def found(text: str, lower: str, at: int) -> str | None:
        for name in starts.get(lower[at : at + _SHORT + 1], ()):
            if lower.startswith(name, at) and (not name.isdecimal() or _stands_alone(text, at, at + len(name))):
                return name
        if at and _of_a_word(lower[at - 1]) and _of_a_word(lower[at]):
            return None  # in the middle of a word
        for length in short:
            name = lower[at : at + length]
            if len(name) == length and name in folded and _stands_alone(text, at, at + length):
                return name
        return None

    def hide(text: str) -> str:
        lower, parts, done, at = _folded(text), [], 0, 0
        while at < len(lower):
            name = found(text, lower, at)
            if name is None:
                at += 1
                continue
            parts += [text[done:at], folded[name]]
            at += len(name)
            done = at
        return "".join((*parts, text[done:])) if parts else text

    return hide


def _folded(text: str) -> str:
    """Lower case, character by character, so that every place stays where it is."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def _of_a_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether what stands from ``start`` to ``end`` is no part of a longer word and, of digits alone, no quantity."""
    if start and _of_a_word(text[start - 1]) and _of_a_word(text[start]):
        return False
    if end < len(text) and _of_a_word(text[end - 1]) and _of_a_word(text[end]):
        return False
    if not text[start:end].isdecimal():
        return True
    before = text[max(0, start - _LOOK_BACK) : start]
    if _BEFORE_AN_IDENTIFIER.search(before):
        return True
    if _IN_A_NUMBER_BEFORE.search(before) or _IN_A_NUMBER_BEHIND.match(text, end):
        return False
    return not (_BEFORE_A_POSITION.search(before) or _A_COUNT_FOLLOWS.match(text, end))
