"""Strict JSON: UTF-8 without BOM, no duplicate keys, no NaN, bounded depth, numbers never through float."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NoReturn

from auditor_app.errors import AuditError, Location

MAX_DEPTH = 16
_MAX_INTEGER_DIGITS = 20
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


class NumberText(str):
    """A JSON number kept as the text that was written, for schemes that hash that text."""

    __slots__ = ()


def parse(
    data: bytes,
    *,
    file: str,
    code: str,
    numbers: Literal["integers", "text"] = "integers",
    max_bytes: int,
    max_depth: int = MAX_DEPTH,
) -> Any:
    """Parse ``data`` or raise :class:`AuditError` with ``code``, naming ``file`` and the byte.

    ``numbers="integers"`` refuses anything but short integers; ``"text"`` returns every number as
    :class:`NumberText`, verbatim.
    """
    if len(data) > max_bytes:
        raise AuditError(
            code,
            "the JSON document is over the size limit",
            at=Location(file),
            expected=f"at most {max_bytes} bytes",
            observed=f"{len(data)} bytes",
            action="Ask for a file within the limit.",
        )
    if data.startswith(b"\xef\xbb\xbf"):
        raise AuditError(code, "the JSON document starts with a byte order mark", at=Location(file, byte=0))
    _check_depth(data, max_depth, file=file, code=code)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AuditError(code, "the JSON document is not UTF-8", at=Location(file, byte=error.start)) from None

    def refuse(what: str) -> NoReturn:
        raise AuditError(code, what, at=Location(file), action="Ask the issuer for a corrected file.")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(items)
        if len(members) != len(items):
            seen: set[str] = set()
            twice = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            refuse(f"the JSON key {twice[:80]!r} occurs twice in one object")
        return members

    def integer(literal: str) -> Any:
        if numbers == "text":
            return NumberText(literal)
        if len(literal) > _MAX_INTEGER_DIGITS:
            refuse(f"the JSON integer {literal[:24]}… is too long; quantities are decimal strings")
        return int(literal)

    def real(literal: str) -> Any:
        if numbers == "text":
            return NumberText(literal)
        refuse(f"the JSON number {literal[:40]} is not an integer; quantities are decimal strings")

    def constant(literal: str) -> Any:
        refuse(f"{literal} is not JSON")

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_int=integer, parse_float=real, parse_constant=constant)
    except json.JSONDecodeError as error:
        at = Location(file, row=error.lineno, byte=len(text[: error.pos].encode("utf-8")))
        raise AuditError(code, f"the JSON is malformed: {error.msg}", at=at) from None


def _check_depth(data: bytes, max_depth: int, *, file: str, code: str) -> None:
    """Refuse deep nesting before the recursive parser sees it."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        token = match[0][:1]
        if token in b"[{":
            depth += 1
            if depth > max_depth:
                raise AuditError(
                    code,
                    f"the JSON is nested deeper than {max_depth} levels",
                    at=Location(file, byte=match.start()),
                )
        elif token in b"]}":
            depth -= 1


def canonical(value: Any) -> bytes:
    """RFC 8785 (JCS) bytes, the form that commitments hash."""
    import rfc8785

    return rfc8785.dumps(value)
