"""The filter language of every table: words, ``column:word``, ``column=value``, ``column<number``.

Terms are joined by spaces and must all hold; a leading ``-`` turns one round; quotes keep spaces together.
"""

from __future__ import annotations

import operator
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from auditor_app.amounts import Amount
from ui.models.columns import Column, Kind

Predicate = Callable[[Any], bool]

_COMPARISONS: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    ("<=", operator.le),
    (">=", operator.ge),
    ("!=", operator.ne),
    ("<", operator.lt),
    (">", operator.gt),
    ("=", operator.eq),
)


@dataclass(frozen=True, slots=True)
class BadFilter(Exception):
    """Why the text is no filter, in a clause for the person typing it."""

    reason: str


def parse_filter(text: str, columns: Sequence[Column]) -> Predicate:
    """A test over rows; :class:`BadFilter` names what is wrong. An empty text lets everything through."""
    try:
        words = shlex.split(text, posix=True)
    except ValueError:
        raise BadFilter("a quote is not closed") from None
    tests = [_term(word, columns) for word in words]
    return lambda row: all(test(row) for test in tests)


def _term(word: str, columns: Sequence[Column]) -> Predicate:
    if word.startswith("-") and len(word) > 1 and not word[1].isdigit():
        inner = _term(word[1:], columns)
        return lambda row: not inner(row)
    by_name = {column.name: column for column in columns}
    name, colon, needle = word.partition(":")
    if colon and name.lower() in by_name:
        return _contains([by_name[name.lower()]], needle)
    for sign, compare in _COMPARISONS:
        name, found, value = word.partition(sign)
        if found:
            return _comparison(name.lower(), compare, sign, value, by_name)
    return _contains(columns, word)


def _contains(columns: Sequence[Column], needle: str) -> Predicate:
    folded = needle.casefold()
    return lambda row: any(
        folded in column.full(row).casefold() or folded in column.shown(row).casefold() for column in columns
    )


def _comparison(
    name: str, compare: Callable[[Any, Any], bool], sign: str, value: str, by_name: dict[str, Column]
) -> Predicate:
    column = by_name.get(name)
    if column is None:
        raise BadFilter(f"there is no column {name!r}; columns are {', '.join(by_name)}")
    if not value:
        raise BadFilter(f"a value is missing after {sign}")
    if column.kind in (Kind.AMOUNT, Kind.NUMBER):
        number = _number(value)
        return lambda row: (key := column.key(row)) is not None and compare(Fraction(key), number)
    if sign not in ("=", "!="):
        raise BadFilter(f"{name} holds text: use {name}:{value} or {name}={value}")
    folded = value.casefold()
    meets = any if sign == "=" else all  # a name as it is shown, or in full
    return lambda row: meets(compare(text.casefold(), folded) for text in (column.full(row), column.shown(row)))


def _number(text: str) -> Fraction:
    try:
        return Amount.parse(text.rstrip("%")).fraction()
    except ValueError:
        raise BadFilter(f"{text!r} is not a plain number like -12.5") from None
