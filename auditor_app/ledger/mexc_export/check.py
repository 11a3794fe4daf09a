"""The export against its log: files, digests, rows, sums within what rounding allows, and what it cannot be used for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from auditor_app.amounts import Amount
from auditor_app.errors import LedgerError, Location
from auditor_app.findings import Finding, Limitation, Severity, finding, limitation
from auditor_app.ledger.mexc_export.log import COINS, PART_NAME, ExportLog, LoggedPart, read_log
from auditor_app.ledger.mexc_export.part import ExportTally, PartReading, read_part, uuids
from auditor_app.ledger.mexc_export.rounding import DECIMALS
from auditor_app.operation import CancelToken, Operation, Progress

MAX_CANDIDATES = 2**16
EXAMPLES = 5
_SUBJECT = "MEXC's export"


@dataclass(frozen=True, slots=True)
class CoinSum:
    """One coin: the sum of the cells, the exact total that the log states, and how far rounding lets them differ."""

    coin: str
    cells: Amount
    logged: Amount
    tolerance: Fraction

    @property
    def difference(self) -> Fraction:
        """Cells less logged total."""
        return self.cells.fraction() - self.logged.fraction()

    @property
    def within(self) -> bool:
        """Whether rounding alone can explain the difference."""
        return abs(self.difference) <= self.tolerance


@dataclass(frozen=True, slots=True)
class ExportCheck:
    """Everything that comparing an export with its log yields."""

    rows: int
    parts: tuple[PartReading, ...]
    sums: tuple[CoinSum, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


def check_export(paths: Sequence[Path], log: Path, token: CancelToken) -> Operation[ExportCheck]:
    """Read every part once and compare; :class:`LedgerError` ``EXPORT.UNREADABLE`` for files that are not an export."""
    stated = read_log(log)
    chosen = _part_files(paths)
    tally = ExportTally()
    parts: list[PartReading] = []
    for path in chosen:
        part = yield from read_part(path, tally, token)
        parts.append(part)
    repeated = yield from _repeated(chosen, tally, token)
    sums = tuple(
        CoinSum(coin, Amount(column.units, DECIMALS), stated.totals[coin], column.tolerance())
        for coin, column in zip(COINS, tally.columns, strict=True)
    )
    findings = (
        *_files(parts, stated),
        *_compared(parts, stated),
        *_sums(sums),
        *_cells(tally, repeated),
        no_root(),
    )
    return ExportCheck(tally.rows, tuple(parts), sums, findings, (limitation("COMPLETENESS", subject=_SUBJECT),))


def no_root() -> Finding:
    """What this export cannot be used for, and what to ask for instead."""
    return finding(
        "EXPORT.NO_ROOT",
        procedure="root",
        subject=_SUBJECT,
        message="MEXC's published root cannot be recalculated from this export: it holds the MD5 of another id than the "
        "one that is hashed, rounded amounts, no sign of which coins were present, and neither the id of the audit "
        "round nor the leaves' order by position.",
        expected="hash_id, digital_id and balance_data exactly as hashed, ordered by leaf position, with a signed manifest",
        observed=f"uuid,{','.join(COINS)}",
    )


def _part_files(paths: Sequence[Path]) -> list[Path]:
    """The part files in the order of their numbers; a folder stands for all parts in it."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [item for item in inside if not path.is_dir() or PART_NAME.fullmatch(item.name)]
    for item in found:
        if not PART_NAME.fullmatch(item.name):
            raise _unreadable("the file is not named as a part", item.name)
    if not found:
        raise _unreadable("there is no part file", ", ".join(path.name for path in paths))
    names = Counter(item.name for item in found)
    if max(names.values()) > 1:
        raise _unreadable("a part file is given twice", names.most_common(1)[0][0])
    return sorted(found, key=lambda item: item.name)


def _unreadable(what: str, observed: str) -> LedgerError:
    return LedgerError(
        "EXPORT.UNREADABLE",
        what,
        at=Location(observed),
        expected="mexc_merkle_data_YYYYMMDD_part001.csv and so on",
        action="Give the folder with the parts, or every part.",
    )


def _files(parts: Sequence[PartReading], log: ExportLog) -> list[Finding]:
    """EXPORT.FILES: parts that lack, that are not listed, or that belong to two exports."""
    given, listed = {part.name for part in parts}, {part.name for part in log.parts}
    found = [
        _file(name, "The log lists a part file that was not given.", "the file", "no file")
        for name in sorted(listed - given)
    ]
    found += [
        _file(name, "A part file is not in the log.", "no such file", "a file") for name in sorted(given - listed)
    ]
    matches = [PART_NAME.fullmatch(name) for name in sorted(given | listed)]
    dates = sorted({match["date"] for match in matches if match is not None})
    if len(dates) > 1:
        found.append(_file("dates", "The part files are of several exports.", "one date", ", ".join(dates)))
    numbers = sorted(int(match["number"]) for match in matches if match is not None)
    if numbers != list(range(1, len(numbers) + 1)) and len(dates) == 1:
        shown = ", ".join(map(str, numbers[:EXAMPLES])) + (" …" if len(numbers) > EXAMPLES else "")
        found.append(_file("numbers", "The part numbers have gaps.", f"1 to {len(numbers)}", shown))
    return found


def _file(subject: str, message: str, expected: str, observed: str) -> Finding:
    return finding(
        "EXPORT.FILES",
        procedure="ledger",
        subject=f"{_SUBJECT}, {subject}",
        message=message,
        expected=expected,
        observed=observed,
    )


def _compared(parts: Sequence[PartReading], log: ExportLog) -> list[Finding]:
    """Size, digest and rows of each file, and all rows, against the log."""
    listed = {part.name: part for part in log.parts}
    found = [item for part in parts if part.name in listed for item in _part(part, listed[part.name])]
    rows = sum(part.rows for part in parts)
    if log.total_rows is not None and log.total_rows != rows:
        found.append(_rows(_SUBJECT, "all part files together", log.total_rows, rows))
    return found


def _part(part: PartReading, logged: LoggedPart) -> list[Finding]:
    found = []
    if (part.bytes, part.md5) != (logged.bytes, logged.md5):
        found.append(
            finding(
                "EXPORT.DIGEST",
                procedure="members",
                subject=f"{_SUBJECT}, {part.name}",
                message="The part file's size and MD5 were compared with the log and differ.",
                expected=f"{logged.bytes} bytes, MD5 {logged.md5}",
                observed=f"{part.bytes} bytes, MD5 {part.md5}",
                at=Location(part.name),
            )
        )
    if part.rows != logged.rows:
        found.append(_rows(f"{_SUBJECT}, {part.name}", f"the part file {part.name}", logged.rows, part.rows))
    return found


def _rows(subject: str, what: str, expected: int, observed: int) -> Finding:
    return finding(
        "ROWS.COUNT",
        procedure="ledger",
        subject=subject,
        message=f"The log states {expected} rows for {what}; {observed} were counted.",
        expected=str(expected),
        observed=str(observed),
    )


def _sums(sums: Sequence[CoinSum]) -> list[Finding]:
    """TOTALS.MISMATCH where rounding cannot explain the difference."""
    return [
        finding(
            "TOTALS.MISMATCH",
            procedure="totals",
            subject=f"{_SUBJECT}, asset {item.coin}",
            message="The sum of all cells differs from the log's exact total by more than the exporter's rounding allows.",
            expected=f"{item.logged.plain()} within {shown_up(item.tolerance)}",
            observed=item.cells.plain(),
        )
        for item in sums
        if not item.within
    ]


def _cells(tally: ExportTally, repeated: Sequence[str]) -> list[Finding]:
    """Negative amounts, repeated ids, digits that the exporter does not write, rows without a balance."""
    found = []
    for coin, column in zip(COINS, tally.columns, strict=True):
        if column.negative:
            found.append(_count("LEAF.NEGATIVE", f"asset {coin}", column.negative, "amounts below zero"))
        if column.too_many_digits:
            what = "amounts with more digits than the exporter writes"
            found.append(_count("EXPORT.DIGITS", f"asset {coin}", column.too_many_digits, what))
    if repeated:
        what = f"uuids in several rows: {', '.join(repeated[:EXAMPLES])}"
        found.append(_count("LEAF.DUPLICATE", "uuids", len(repeated), what, Severity.WARNING))
    if tally.zero_rows:
        found.append(_count("EXPORT.ZERO_ROWS", "rows", tally.zero_rows, "rows without any balance"))
    return found


def _count(code: str, about: str, count: int, what: str, severity: Severity | None = None) -> Finding:
    return finding(
        code,
        procedure="ledger",
        subject=f"{_SUBJECT}, {about}",
        message=f"Counted {count} {what}.",
        expected="none",
        observed=str(count),
        severity=severity,
    )


def _repeated(paths: Sequence[Path], tally: ExportTally, token: CancelToken) -> Operation[list[str]]:
    """Each uuid that occurs more than once: those with equal starts are read again and compared whole."""
    values = np.frombuffer(tally.prefixes, np.uint64).copy()
    values.sort()
    candidates = frozenset(np.unique(values[1:][values[1:] == values[:-1]])[:MAX_CANDIDATES].tolist())
    if not candidates:
        return []
    seen: Counter[bytes] = Counter()
    for number, path in enumerate(paths):
        yield Progress(number, len(paths), "files", "Export: comparing repeated uuids")
        seen.update(uuid for uuid in uuids(path, token) if int(uuid[:16], 16) in candidates)
    return sorted(uuid.decode("ascii") for uuid, count in seen.items() if count > 1)


def shown_up(value: Fraction, places: int = 12) -> str:
    """A bound as decimal text, rounded up, so that it is never smaller than it is."""
    return Amount(-(-value.numerator * 10**places // value.denominator), places).plain()
