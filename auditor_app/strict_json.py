"""Strict JSON: UTF-8 without BOM, no duplicate keys, no NaN, bounded depth, numbers never through float."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NoReturn

from auditor_app.errors import AuditError, Location

MAX_DEPTH = 16
_MAX_INTEGER_DIGITS = 20
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class NumberText(str):
    """A JSON number kept as the text that was written, for schemes that hash that text."""

    __slots__ = ()


Numbers = Literal["integers", "text"]


def parse(
    data: bytes,
    *,
    file: str,
    code: str,
    numbers: Numbers = "integers",
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
    return _Reader(file, code, numbers).document(text)


class _Reader:
    """The standard parser with every leniency of it refused."""

    def __init__(self, file: str, code: str, numbers: Numbers) -> None:
        self._file = file
        self._code = code
        self._numbers = numbers

    def document(self, text: str) -> Any:
        """The value that ``text`` holds."""
        try:
            value = json.loads(
                text,
                object_pairs_hook=self._members,
                parse_int=self._integer,
                parse_float=self._real,
                parse_constant=self._constant,
            )
        except json.JSONDecodeError as error:
            at = Location(self._file, row=error.lineno, byte=len(text[: error.pos].encode("utf-8")))
            raise AuditError(self._code, f"the JSON is malformed: {error.msg}", at=at) from None
        if _SURROGATE_ESCAPE.search(text):
            self._refuse_lone_surrogates(value)
        return value

    def _refuse(self, what: str) -> NoReturn:
        raise AuditError(self._code, what, at=Location(self._file), action="Ask the issuer for a corrected file.")

    def _members(self, items: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(items)
        if len(members) != len(items):
            twice = next(key for place, (key, _) in enumerate(items) if key in dict(items[:place]))
            self._refuse(f"the JSON key {twice[:80]!r} occurs twice in one object")
        return members

    def _integer(self, literal: str) -> Any:
        if self._numbers == "text":
            return NumberText(literal)
        if len(literal) > _MAX_INTEGER_DIGITS:
            self._refuse(f"the JSON integer {literal[:24]}… is too long; quantities are decimal strings")
        return int(literal)

    def _real(self, literal: str) -> Any:
        if self._numbers != "text":
            self._refuse(f"the JSON number {literal[:40]} is not an integer; quantities are decimal strings")
        return NumberText(literal)

    def _constant(self, literal: str) -> Any:
        self._refuse(f"{literal} is not JSON")

    def _refuse_lone_surrogates(self, value: Any) -> None:
        """Half a character, written as an escape, cannot be encoded and must not travel further."""
        if isinstance(value, dict):
            for key, item in value.items():
                self._refuse_lone_surrogates(key)
                self._refuse_lone_surrogates(item)
        elif isinstance(value, list):
            for item in value:
                self._refuse_lone_surrogates(item)
        elif isinstance(value, str) and _SURROGATE.search(value):
            self._refuse("a JSON string holds half of a surrogate pair")


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
