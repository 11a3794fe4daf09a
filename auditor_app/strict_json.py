"""Strict JSON: UTF-8 without BOM, no duplicate keys, no NaN, bounded depth, numbers never through float."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal, NoReturn

from auditor_app.errors import AuditError, Location

MAX_DEPTH = 16
_MAX_INTEGER_DIGITS = 20
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
_TOKEN = re.compile(r"""(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")(?P<key>\s*:)?|[{}]|[-+.\w]+""", re.DOTALL)
_CORRECTED = "Ask whoever made the file for a corrected one."

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
    action: str = _CORRECTED,
) -> Any:
    """Parse ``data`` or raise :class:`AuditError` with ``code``, naming ``file`` and the byte.

    ``numbers="integers"`` refuses anything but short integers; ``"text"`` returns every number as
    :class:`NumberText`, verbatim. ``action`` is what the reader can do about a document that is refused.
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
        at = Location(file, byte=0)
        raise AuditError(code, "the JSON document starts with a byte order mark", at=at, action=action)
    _check_depth(data, max_depth, file=file, code=code, action=action)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        at = Location(file, byte=error.start)
        raise AuditError(code, "the JSON document is not UTF-8", at=at, action=action) from None
    return _Reader(text, file, code, numbers, action).document()


class _Reader:
    """The standard parser with every leniency of it refused.

    That parser tells its hooks what it met and not where. It meets everything in the order of the text, so what is
    refused is the first of its kind there: a second look, taken only at a refused file, finds the byte.
    """

    def __init__(self, text: str, file: str, code: str, numbers: Numbers, action: str) -> None:
        self._text = text
        self._file = file
        self._code = code
        self._numbers = numbers
        self._action = action

    def document(self) -> Any:
        """The value that the text holds."""
        try:
            value = json.loads(
                self._text,
                object_pairs_hook=self._members,
                parse_int=self._integer,
                parse_float=self._real,
                parse_constant=self._constant,
            )
        except json.JSONDecodeError as error:
            self._refuse(f"the JSON is malformed: {error.msg}", error.pos)
        if _SURROGATE_ESCAPE.search(self._text):
            self._refuse_lone_surrogates()
        return value

    def _refuse(self, what: str, place: int) -> NoReturn:
        """``place`` is the character of the text at which the refused thing starts."""
        before = self._text[:place]
        at = Location(self._file, row=before.count("\n") + 1, byte=len(before.encode("utf-8")))
        raise AuditError(self._code, what, at=at, action=self._action)

    def _members(self, items: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(items)
        if len(members) != len(items):
            key, place = next(_repeated_keys(self._text))
            self._refuse(f"the JSON key {key[:80]!r} occurs twice in one object", place)
        return members

    def _integer(self, literal: str) -> Any:
        if self._numbers == "text":
            return NumberText(literal)
        if len(literal) > _MAX_INTEGER_DIGITS:
            what = f"the JSON integer {literal[:24]}… is too long; quantities are decimal strings"
            self._refuse(what, self._first(literal))
        return int(literal)

    def _real(self, literal: str) -> Any:
        if self._numbers != "text":
            what = f"the JSON number {literal[:40]} is not an integer; quantities are decimal strings"
            self._refuse(what, self._first(literal))
        return NumberText(literal)

    def _constant(self, literal: str) -> Any:
        self._refuse(f"{literal} is not JSON", self._first(literal))

    def _first(self, literal: str) -> int:
        """Where ``literal`` first stands outside a string."""
        return next(token.start() for token in _TOKEN.finditer(self._text) if token[0] == literal)

    def _refuse_lone_surrogates(self) -> None:
        """Half a character, written as an escape, cannot be encoded and must not travel further."""
        for token in _TOKEN.finditer(self._text):
            written = token["string"]
            if written and _SURROGATE_ESCAPE.search(written) and _SURROGATE.search(json.loads(written)):
                self._refuse("a JSON string holds half of a surrogate pair", token.start())


def _repeated_keys(text: str) -> Iterator[tuple[str, int]]:
    """For each object that repeats a key, innermost first: the first such key and where it stands again."""
    open_objects: list[tuple[set[str], list[tuple[str, int]]]] = []
    for token in _TOKEN.finditer(text):
        if token[0] == "{":
            open_objects.append((set(), []))
        elif token[0] == "}":
            yield from open_objects.pop()[1][:1]
        elif token["key"]:
            (seen, again), key = open_objects[-1], json.loads(token["string"])
            if key in seen:
                again.append((key, token.start()))
            seen.add(key)


def _check_depth(data: bytes, max_depth: int, *, file: str, code: str, action: str) -> None:
    """Refuse deep nesting before the recursive parser sees it."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        token = match[0][:1]
        if token in b"[{":
            depth += 1
            if depth > max_depth:
                at = Location(file, byte=match.start())
                what = f"the JSON is nested deeper than {max_depth} levels"
                raise AuditError(code, what, at=at, action=action)
        elif token in b"]}":
            depth -= 1


def canonical(value: Any) -> bytes:
    """RFC 8785 (JCS) bytes, the form that commitments hash."""
    import rfc8785

    return rfc8785.dumps(value)
