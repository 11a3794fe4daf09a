"""Whether a signed message belongs to this engagement, to some date, or to no time at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from auditor_app.chain.ownership.model import Freshness, Occasion

WINDOW = timedelta(days=7)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_NAME = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_GAP = r"[\s-]{1,3}"
_DATE_FORMS = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        r"(?<!\d)(?P<year>20\d\d)(?P<number>\d\d)(?P<day>\d\d)(?!\d)",
        r"(?<!\d)(?P<year>20\d\d)(?P<sep>[-/.])(?P<number>\d\d?)(?P=sep)(?P<day>\d\d?)(?!\d)",
        r"(?<!\d)(?P<year>20\d\d)年(?P<number>\d\d?)月(?P<day>\d\d?)日",
        rf"(?<!\d)(?P<day>\d\d?)(?:st|nd|rd|th)?{_GAP}(?:of{_GAP})?{_MONTH_NAME},?{_GAP}(?P<year>20\d\d)(?!\d)",
        rf"\b{_MONTH_NAME}{_GAP}(?P<day>\d\d?)(?:st|nd|rd|th)?,?{_GAP}(?P<year>20\d\d)(?!\d)",
    )
)
"""Year first, or the month in letters: a number could be day or month otherwise."""

_DIGEST = re.compile(r"[0-9a-fA-F]{16,}", re.ASCII)
"""Digits within are a nonce's or a hash's, not a date's."""


def freshness_of(message: str, challenge: str | None, as_of: datetime | None) -> Freshness:
    """By the challenge, else by the dates in the message; without an instant a date is only a date."""
    if challenge and _holds(message, challenge.strip()):
        return Freshness.FRESH
    dates = tuple(dates_in(message))
    if as_of is not None and any(_near(found, as_of) for found in dates):
        return Freshness.FRESH
    return Freshness.DATED if dates else Freshness.REPLAYABLE


def _holds(message: str, challenge: str) -> bool:
    """Whether the challenge stands in the message as it was given: within a longer word or number it is another text."""
    head = r"(?<![^\W_])" if challenge[:1].isalnum() else ""
    tail = r"(?![^\W_])" if challenge[-1:].isalnum() else ""
    return bool(challenge) and re.search(head + re.escape(challenge) + tail, message) is not None


def freshness_of_occasion(occasion: Occasion, challenge: str | None, as_of: datetime | None) -> Freshness:
    """Of what was done on chain: by the challenge in its data, by an amount that the challenge names, else by its time."""
    if challenge and (
        named_in(challenge, occasion.amount) or any(challenge.strip().encode() in text for text in occasion.texts)
    ):
        return Freshness.FRESH
    near = as_of is not None and abs(occasion.time - as_of) <= WINDOW
    return Freshness.FRESH if near else Freshness.DATED


def named_in(challenge: str | None, amount: str) -> bool:
    """Whether the auditor's text names this very amount and asset."""
    return challenge is not None and re.search(rf"(?<![\w.,]){re.escape(amount)}(?!\w)", challenge) is not None


def dates_in(message: str) -> Iterator[date]:
    """Every date a reader would see in the text: ``2026-11-22``, ``20261122``, ``22 November 2026`` …"""
    text = _DIGEST.sub("_", message)
    for form in _DATE_FORMS:
        for match in form.finditer(text):
            found = match.groupdict()
            name = found.get("month")
            month = _MONTHS.index(name[:3].lower()) + 1 if name else int(found["number"])
            try:
                yield date(int(found["year"]), month, int(found["day"]))
            except ValueError:
                continue


def _near(found: date, as_of: datetime) -> bool:
    """Some moment of the day lies within the window on either side."""
    after = datetime(found.year, found.month, found.day, tzinfo=UTC) - as_of
    return -WINDOW - timedelta(days=1) < after <= WINDOW
