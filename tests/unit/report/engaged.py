"""Papers of a made-up engagement around :mod:`tests.unit.report.factory`'s run, complete or with gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from auditor_app.engagement.actions import PerformRun, RunParameters, RunSubject
from auditor_app.engagement.journal import Amendment, Head
from auditor_app.engagement.papers import (
    Amended,
    LoggedException,
    Papers,
    ReviewNote,
    Run,
    SignedOff,
    Stamp,
    Tick,
)
from auditor_app.engagement.record import Audit
from auditor_app.engagement.terms import AgreedProcedure, Person, Role, Terms
from auditor_app.procedures import PROCEDURES
from tests.unit.report import factory

RESPONSE = "The transfer was under way at the instant; it arrived in block 21,093,120.\nThe desk changed its cut-off."
OPENED = "2026-11-03T09:00:00Z"


def terms(**changes: Any) -> Terms:
    whole: dict[str, Any] = {
        "client": "Example Exchange Ltd",
        "standard": "isrs-4400",
        "responsible_party": "the directors of Example Exchange Ltd",
        "firm": "Example Accountants LLP",
        "purpose": "to assist the directors in informing customers about reserves held against their balances.",
        "addressee": "The directors of Example Exchange Ltd\n1 Example Street, Valletta",
        "restriction": "for the directors and the customers named in the engagement letter only",
        "scope": "Spot and futures balances of customers in BTC, ETH, USDT and USDC.",
        "acknowledgement": "engagement letter of 1 October 2026, section 3",
        "independence": "the firm is not required to be independent and is independent of the exchange",
        "ethics": "the IESBA Code of Ethics was complied with",
        "quality_management": "the firm applies ISQM 1",
        "place": "Valletta",
    }
    return Terms(**(whole | changes))


def _stamp(entry: int, person: str = "P. Reparer") -> Stamp:
    return Stamp(entry, f"2026-11-04T{9 + entry // 60:02}:{entry % 60:02}:00Z", person)


def _signed(role: Role, person: str, entry: int) -> SignedOff:
    return SignedOff(role, Head(entry - 1, factory.digest(f"head {entry - 1}")), "", _stamp(entry, person))


def _run() -> Run:
    subject = RunSubject(
        payload_sha256=factory.digest("payload"),
        snapshot_id="demo-2026-11",
        issuer="Example Exchange Ltd",
        as_of="2026-11-01T00:00:00Z",
        sequence="12",
        authentic="agrees",
        data="exceptions",
        coverage="exceptions",
    )
    parameters = RunParameters(trusted_time=OPENED, time_typed=True)
    return Run(PerformRun(parameters=parameters, subject=subject, result="ab" * 32), (), "0.1.0", _stamp(9))


def logged(audit: Audit | None = None) -> tuple[LoggedException, ...]:
    """One line for each counting finding of the (small) run, and one that a person raised."""
    counting = [item for item in (audit or factory.audit()).findings if item.counts]
    lines = [
        LoggedException(
            number,
            item.procedure,
            item.subject,
            item.expected,
            item.observed,
            "",
            RESPONSE if number == 2 else "",
            "",
            item.code,
            _stamp(10),
        )
        for number, item in enumerate(counting, start=1)
    ]
    own = LoggedException(
        len(lines) + 1,
        "custody-visit",
        "vault 2",
        "two keepers",
        "one keeper",
        "Leave of absence.",
        "A deputy is named.",
        "Accepted.",
        "",
        _stamp(11),
        closed=_stamp(12),
        closing_reason="The deputy's letter was obtained.",
    )
    return (*lines, own)


def papers(**changes: Any) -> Papers:
    """A complete engagement: every term, every sign-off, no open note."""
    procedures = tuple(
        AgreedProcedure(key=item.key, wording=item.wording)
        for item in PROCEDURES.values()
        if item.key in factory.OUTCOMES
    )
    whole = Papers(
        terms(),
        head=Head(20, factory.digest("head 20")),
        opened=OPENED,
        people=(
            Person(name="P. Reparer", roles=("preparer",)),
            Person(name="R. Eviewer", roles=("reviewer",)),
            Person(name="E. Partner", roles=("partner",)),
        ),
        procedures=procedures,
        runs=(_run(),),
        exceptions=logged(),
        tickmarks=(("T", "Traced to the published root"), ("C", "Compared with the exchange's register")),
        ticks=(Tick("T", "E1", "leaf 17, customer-4711", _stamp(13)), Tick("C", "A1", "board minutes", _stamp(14))),
        notes=(ReviewNote(1, "D3", "Ask for the block.", _stamp(15), _stamp(16), "Obtained."),),
        sign_offs=(
            _signed("preparer", "P. Reparer", 17),
            _signed("reviewer", "R. Eviewer", 18),
            _signed("partner", "E. Partner", 19),
        ),
        identity=factory.digest("first entry"),
    )
    return replace(whole, **changes)


def amended() -> Papers:
    """Locked since, with one amendment and an own procedure whose result stands in the log."""
    own = AgreedProcedure(key="custody-visit", wording="Inspected the vaults.", reason="Added at the client's request.")
    left_out = AgreedProcedure(key="timestamp", wording="Inspected it.", agreed=False, reason="No token is issued.")
    whole = papers()
    others = tuple(item for item in whole.procedures if item.key != "timestamp")
    trail = Amended(Amendment(what="Place corrected", why="It was misspelt"), "change-terms", _stamp(20, "E. Partner"))
    return replace(whole, procedures=(*others, left_out, own), amendments=(trail,))
