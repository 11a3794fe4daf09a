"""Everything that Python's own parser lets pass and we do not."""

from __future__ import annotations

import pytest

from auditor_app.errors import AuditError
from auditor_app.strict_json import NumberText, parse


def read(text: bytes, **options: object) -> object:
    return parse(text, file="f.json", code="SNAPSHOT.JSON", max_bytes=1000, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"a":1,"b":2,"a":3}', "'a' occurs twice"),
        (b'{"a":{"b":1,"b":1}}', "'b' occurs twice"),
        (b"[1.5]", "not an integer"),
        (b"[1e3]", "not an integer"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[-Infinity]", "not JSON"),
        (b"[" + b"9" * 21 + b"]", "too long"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'["\xff"]', "not UTF-8"),
        (b"[" * 17 + b"]" * 17, "deeper than 16"),
        (b"[" * 100_000, "size limit"),
        (b"{,}", "malformed"),
        (b'["\\ud800"]', "surrogate"),
        (b'{"\\udc00x":1}', "surrogate"),
        (b'{"a":1} trailing', "malformed"),
    ],
)
def test_refused(text: bytes, says: str) -> None:
    with pytest.raises(AuditError, match=says) as refused:
        read(text)
    assert refused.value.at.file == "f.json"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b'{"a":1,"b":2,*"a":3}', 1),
        (b'{"a" :{"b":1,\n*"b":1},"a":1}', 2),
        (b'{"a":[{"b":1}, {"b":"b\\": b"}],"b":0, *"\\u0061" : 3}', 1),
        ('{"é":"é",\n\n*"é":1}'.encode(), 3),
        (b'["1.5 {", 15, *1.5, 1.5]', 1),
        (b'{"a":*-1e3}', 1),
        (b"[1, *NaN]", 1),
        (b'["-Infinity",\n *-Infinity]', 2),
        (b"[" + b"9" * 20 + b",*" + b"9" * 21 + b"]", 1),
        (b'["\\ud83d\\ude00", *"x\\ud800"]', 1),
        (b'["\xc3\xa9",*]', 1),
    ],
)
def test_the_message_names_row_and_byte(text: bytes, where: int) -> None:
    """A star stands before what is refused."""
    with pytest.raises(AuditError) as refused:
        read(text.replace(b"*", b""))
    assert (refused.value.at.row, refused.value.at.byte) == (where, text.index(b"*"))
    assert refused.value.action


def test_a_key_repeated_after_very_many_is_found_at_once() -> None:
    """Time in proportion to the file: a quadratic search would take hours here."""
    keys = b",".join(b'"%d":0' % number for number in range(200_000))
    with pytest.raises(AuditError, match="'7' occurs twice") as refused:
        parse(b"{" + keys + b',"7":1}', file="f", code="SNAPSHOT.JSON", max_bytes=10**7)
    assert refused.value.at.byte == len(keys) + 2


def test_deep_nesting_never_reaches_the_recursive_parser() -> None:
    with pytest.raises(AuditError, match="deeper than 16"):
        parse(b"[" * 10**6, file="f", code="SNAPSHOT.JSON", max_bytes=10**7)


def test_brackets_inside_strings_are_no_depth() -> None:
    assert read(b'["' + b"[" * 50 + b'\\"]]"]') == ["[" * 50 + '"]]']


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert read(b'["\\ud83d\\ude00"]') == ["\N{GRINNING FACE}"]


def test_numbers_as_text_keep_what_was_written() -> None:
    value = read(b"[0.10, 6.7E-7, -0, 1]", numbers="text")
    assert value == ["0.10", "6.7E-7", "-0", "1"]
    assert all(type(item) is NumberText for item in value)  # type: ignore[attr-defined]
