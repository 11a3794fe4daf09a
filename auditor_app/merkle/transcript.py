"""A proof that an exchange shows on a web page only, typed or copied into a text file: one field a line.

``scheme: pionex`` first, then the page's fields as ``name: value``; an amount is ``COIN: amount``. Nothing is guessed:
a field that the scheme does not know is refused, and so is one given twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from auditor_app.ledger.columns import DECIMAL_SCALE
from auditor_app.merkle.amount_text import AmountText
from auditor_app.merkle.path_file import refuse
from auditor_app.merkle.published import ProofDocument
from auditor_app.merkle.rule import Layout, Row
from auditor_app.snapshot.statement import Column

MAX_FIELDS = 250
_COIN = re.compile(r"[0-9A-Za-z._-]{1,32}\Z", re.ASCII)
_FIELD = re.compile(r"([A-Za-z0-9._-]{1,64}):[ \t]*([!-~](?:[ -~]{0,200000}[!-~])?)?[ \t]*\Z", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_PLAIN = re.compile(r"[!-+\--~]{1,256}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The fields and amounts of one transcript, each checked for form."""

    document: ProofDocument
    publisher: str
    fields: Mapping[str, str]
    amounts: Mapping[str, AmountText]

    def text(self, name: str) -> str:
        """A field that enters a hash: printable, without commas and blanks."""
        value = self.fields.get(name, "")
        if not _PLAIN.match(value):
            what = f"the transcript has no usable {name}"
            raise refuse(self.document, self.publisher, what, "1 to 256 characters without commas", value)
        return value

    def digest(self, name: str) -> bytes | None:
        """A field of 64 hex digits, ``None`` where it is left out."""
        value = self.fields.get(name)
        if value is not None and not _HASH.match(value):
            raise refuse(self.document, self.publisher, f"the {name} is malformed", "64 lower-case hex digits", value)
        return None if value is None else bytes.fromhex(value)

    def row(self, identity: Mapping[str, str], coins: Collection[str]) -> tuple[Layout, Row]:
        """The ledger row of the transcript: the ``identity`` columns, then the amounts of ``coins``; and its layout."""
        columns = (
            *(Column(name=name, type="token") for name in identity),
            *(Column(name=coin, type="decimal", optional=True, signed=True) for coin in coins),
        )
        layout = Layout.of(columns, max([DECIMAL_SCALE, *(amount.scale for amount in self.amounts.values())]))
        texts = [self.amounts[coin].text if coin in self.amounts else "" for coin in coins]
        cells = tuple(text.encode("ascii") for text in (*identity.values(), *texts))
        units = tuple(
            self.amounts[coin.name].units(coin.scale) if coin.name in self.amounts else None for coin in layout.coins
        )
        return layout, Row(0, b",".join(cells), cells, units)


def is_transcript(document: ProofDocument, scheme: str) -> bool:
    """Whether the document's first line names ``scheme``."""
    first = document.data.partition(b"\n")[0].strip()
    return re.fullmatch(rb"scheme:[ \t]*" + re.escape(scheme.encode("ascii")), first) is not None


def read_transcript(
    document: ProofDocument, publisher: str, known: Collection[str], coins: Collection[str] | None
) -> Transcript:
    """The transcript's fields; every name that is not ``known`` is an amount, of one of ``coins`` where these are fixed.

    :class:`ProofError` ``PROOF.UNREADABLE`` for anything else.
    """
    try:
        lines = document.data.decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise refuse(document, publisher, "the transcript is not ASCII text", observed=f"byte {error.start}") from None
    fields: dict[str, str] = {}
    amounts: dict[str, AmountText] = {}
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        match = _FIELD.match(line)
        if match is None or len(fields) + len(amounts) >= MAX_FIELDS:
            raise refuse(document, publisher, f"line {number} is no field", "name: value", line)
        name, value = match[1], match[2] or ""
        if name in fields or name in amounts:
            raise refuse(document, publisher, f"line {number} gives {name} a second time")
        if name in known:
            fields[name] = value
            continue
        if (coins is not None and name not in coins) or not _COIN.match(name):
            expected = ", ".join([*known, *(coins or ("coins",))])
            raise refuse(document, publisher, f"line {number} names an unknown field", expected, name)
        try:
            amounts[name] = AmountText.parse(value)
        except ValueError:
            raise refuse(document, publisher, f"line {number} holds no amount", "a decimal number", value) from None
    return Transcript(document, publisher, fields, amounts)


def path_items(transcript: Transcript, pattern: re.Pattern[str], form: str, limit: int) -> list[re.Match[str]]:
    """The comma-separated items of the field ``path``, each of which must match ``pattern``."""
    written = transcript.fields.get("path", "")
    items = written.split(",") if written else []
    found = [pattern.match(item.strip()) for item in items]
    matched = [match for match in found if match is not None]
    if len(matched) != len(items) or len(items) > limit:
        raise refuse(
            transcript.document,
            transcript.publisher,
            "the path is malformed",
            f"at most {limit} items, each {form}",
            written,
        )
    return matched
