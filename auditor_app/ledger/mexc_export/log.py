"""The exporter's log: for each part file its rows, bytes and MD5, and the exact total of each coin.

The log is free text around these facts, so what stands around them is not read; the facts themselves are, strictly:
each once, or again with the same value. A line that names a part file opens its facts, which end where another file is
named or a total stands::

    mexc_merkle_data_20251101_part001.csv rows=2000000 bytes=118000000 md5=0cc175b9c0f1b6a831c399e269772661
    total USDT = 1234567890.123456789012345678

Keys are ``rows`` (or ``lines``, ``records``), ``bytes`` (or ``size``) and ``md5``, with ``=`` or ``:`` behind them, in
any case; whole numbers may be grouped by commas. A coin's total is ``total COIN`` or ``COIN total``, a plain decimal
number. ``total rows`` is compared too where it is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auditor_app.amounts import Amount
from auditor_app.errors import LedgerError, Location
from auditor_app.files import read_capped

COINS = ("USDT", "USDC", "BTC", "ETH")
PART_NAME = re.compile(r"mexc_merkle_data_(?P<date>[0-9]{8})_part(?P<number>[0-9]{3,6})\.csv")
MAX_LOG_BYTES = 64 * 2**20
_COUNT = r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])|[0-9]{1,18}(?![0-9,.])"
_FACTS = (
    ("rows", re.compile(rf"\b(?:rows|lines|records)\s*[=:]\s*({_COUNT})", re.IGNORECASE | re.ASCII)),
    ("bytes", re.compile(rf"\b(?:bytes|size)\s*[=:]\s*({_COUNT})", re.IGNORECASE | re.ASCII)),
    ("md5", re.compile(r"\bmd5\s*[=:]\s*([0-9a-f]{32})\b", re.IGNORECASE | re.ASCII)),
)
_COIN = "|".join(COINS)
_TOTAL = re.compile(
    rf"\b(?:total[ _-]*(?P<after>{_COIN})|(?P<before>{_COIN})[ _-]*total)\s*[=:]\s*"
    r"(?P<amount>-?(?:0|[1-9][0-9]{0,59})(?:\.[0-9]{1,60})?)(?![0-9,.eE])",
    re.IGNORECASE | re.ASCII,
)
_TOTAL_ROWS = re.compile(rf"\btotal[ _-]*(?:rows|lines|records)\s*[=:]\s*({_COUNT})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class LoggedPart:
    """One part file as the log lists it; ``row`` is the log's line that names it."""

    name: str
    row: int
    rows: int
    bytes: int
    md5: str


@dataclass(frozen=True, slots=True)
class ExportLog:
    """The whole log: parts in its order, exact totals by coin, and the total number of rows where it states one."""

    file: str
    parts: tuple[LoggedPart, ...]
    totals: Mapping[str, Amount]
    total_rows: int | None


@dataclass
class _Reading:
    """Facts as they are met, each with the line that it stood on."""

    file: str
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    totals: dict[str, str] = field(default_factory=dict)
    total_rows: dict[str, str] = field(default_factory=dict)

    def note(self, held: dict[str, str], name: str, value: str, row: int) -> None:
        """Keep a fact; refused if it was stated before with another value."""
        if held.setdefault(name, value) != value:
            raise self.refuse(f"{name} is stated twice, with different values", row, held[name], value)

    def refuse(self, what: str, row: int | None = None, expected: str = "", observed: str = "") -> LedgerError:
        """The error to raise."""
        return LedgerError(
            "EXPORT.UNREADABLE",
            what,
            at=Location(self.file, row=row),
            expected=expected,
            observed=observed,
            action="Ask for the log as the exporter wrote it.",
        )


def read_log(path: Path) -> ExportLog:
    """Read the log; :class:`LedgerError` ``EXPORT.UNREADABLE`` for a missing or contradicting fact."""
    data = read_capped(path, max_bytes=MAX_LOG_BYTES, code="EXPORT.UNREADABLE")
    reading = _Reading(path.name)
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise reading.refuse(f"the log is not UTF-8 (byte {error.start})") from None
    current: str | None = None
    for row, line in enumerate(lines, start=1):
        named = [match[0] for match in PART_NAME.finditer(line)]
        if len(set(named)) > 1:
            raise reading.refuse("one line names two part files", row)
        if named:
            current = named[0]
            reading.parts.setdefault(current, {})
            reading.rows.setdefault(current, row)
        current = None if _note_totals(reading, line, row) else current
        if current is not None:
            _note_facts(reading, current, line, row)
    return _log(reading)


def _note_totals(reading: _Reading, line: str, row: int) -> bool:
    """The totals on one line; whether there were any."""
    found = False
    for match in _TOTAL.finditer(line):
        coin = (match["after"] or match["before"]).upper()
        reading.note(reading.totals, coin, match["amount"], row)
        found = True
    for match in _TOTAL_ROWS.finditer(line):
        reading.note(reading.total_rows, "total rows", match[1].replace(",", ""), row)
        found = True
    return found


def _note_facts(reading: _Reading, part: str, line: str, row: int) -> None:
    """The facts of one part file on one line."""
    for name, pattern in _FACTS:
        for match in pattern.finditer(line):
            reading.note(reading.parts[part], name, match[1].replace(",", "").lower(), row)


def _log(reading: _Reading) -> ExportLog:
    """The facts as values, once every one is there."""
    if not reading.parts:
        raise reading.refuse("the log names no part file", expected="mexc_merkle_data_YYYYMMDD_part001.csv")
    for name, facts in reading.parts.items():
        missing = [fact for fact, _ in _FACTS if fact not in facts]
        if missing:
            raise reading.refuse(f"the log does not state {', '.join(missing)} of {name}", reading.rows[name])
    absent = [coin for coin in COINS if coin not in reading.totals]
    if absent:
        raise reading.refuse(
            f"the log states no total of {', '.join(absent)}", expected="a line such as: total USDT = 1.5"
        )
    parts = tuple(
        LoggedPart(name, reading.rows[name], int(facts["rows"]), int(facts["bytes"]), facts["md5"])
        for name, facts in reading.parts.items()
    )
    totals = {coin: Amount.parse(reading.totals[coin]) for coin in COINS}
    stated = reading.total_rows.get("total rows")
    return ExportLog(reading.file, parts, totals, None if stated is None else int(stated))
