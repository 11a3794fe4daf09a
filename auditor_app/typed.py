"""Documents read into the product's types: the one place that asks msgspec to."""

from __future__ import annotations

from threading import RLock
from typing import Any, TypeVar

import msgspec

_ONE_AT_A_TIME = RLock()
"""msgspec 0.22 learns a type the first time it meets it, running Python between half-written tables of its own. Two threads that
meet the same type then end the whole process without a word (tests/unit/test_typed.py); it holds the interpreter otherwise,
so that waiting costs nothing."""

T = TypeVar("T")


def typed(document: Any, kind: type[T]) -> T:
    """``document``, built of plain dicts and lists, as a ``kind``; :class:`msgspec.ValidationError` says where it does not fit."""
    with _ONE_AT_A_TIME:
        return msgspec.convert(document, kind)


def typed_json(data: bytes, kind: type[T]) -> T:
    """JSON bytes of this program's own making as a ``kind``; :class:`msgspec.DecodeError` where they are none.

    Files of others go through :mod:`auditor_app.strict_json` first.
    """
    with _ONE_AT_A_TIME:
        return msgspec.json.decode(data, type=kind)
