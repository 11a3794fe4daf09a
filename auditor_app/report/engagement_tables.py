"""The engagement's own tables among the working papers: A (terms, people, procedures), the exceptions log, reports built."""

from __future__ import annotations

from collections.abc import Iterable

from auditor_app.engagement.papers import Papers, Stamp
from auditor_app.engagement.record import Audit
from auditor_app.procedures import PROCEDURES
from auditor_app.report.tables import Row, WorkingTable, numbers, texts


def engagement_tables(audit: Audit, papers: Papers | None) -> list[WorkingTable]:
    """A1 to A9: terms, procedures, inputs, and with papers everything that people entered."""
    procedures = WorkingTable(
        "A2",
        "procedures",
        "Procedures performed",
        texts("reference", "key", "title", "wording", "extent", "outcome", "performed"),
        tuple(_procedures(audit, papers)),
    )
    inputs = WorkingTable(
        "A3",
        "inputs",
        "Input files by digest",
        (*texts("role", "name"), *numbers("bytes"), *texts("sha256")),
        tuple((item.role, item.name, str(item.size), item.sha256) for item in audit.inputs),
    )
    if papers is None:
        return [procedures, inputs]
    return [_terms(papers), procedures, inputs, *_people(papers)]


def _terms(papers: Papers) -> WorkingTable:
    terms = papers.terms
    rows: list[Row] = [("journal head", papers.head.text()), ("engagement", papers.identity)]
    for name in terms.__struct_fields__:
        value = getattr(terms, name)
        if isinstance(value, dict):
            rows += [(f"threshold {key}", text) for key, text in value.items()]
        else:
            rows.append((name.replace("_", " "), str(value)))
    return WorkingTable("A1", "terms", "Terms of the engagement", texts("term", "as stated"), tuple(rows))


def _people(papers: Papers) -> list[WorkingTable]:
    people = WorkingTable(
        "A4",
        "people",
        "People and roles",
        texts("name", "roles"),
        tuple((item.name, ", ".join(item.roles)) for item in papers.people),
    )
    signed = WorkingTable(
        "A5",
        "sign-offs",
        "Sign-offs, those cleared by a later edit too",
        texts("role", "person", "at", "journal head", "cleared at", "cleared by"),
        tuple(
            (item.role, item.stamp.person, item.stamp.at, item.head.text(), *_when(item.cleared))
            for item in papers.sign_offs
        ),
    )
    notes = WorkingTable(
        "A6",
        "review-notes",
        "Review notes",
        (*numbers("no."), *texts("paper", "note", "raised at", "raised by", "closed at", "closed by", "reply")),
        tuple(
            (str(item.number), item.paper, item.text, *_when(item.raised), *_when(item.closed), item.reply)
            for item in papers.notes
        ),
    )
    marks = WorkingTable("A7", "tickmarks", "Tickmarks", texts("mark", "meaning"), papers.tickmarks)
    ticks = WorkingTable(
        "A8",
        "ticked-items",
        "Items with a tickmark",
        texts("mark", "paper", "item", "at", "person"),
        tuple((item.mark, item.paper, item.item, item.stamp.at, item.stamp.person) for item in papers.ticks),
    )
    amendments = WorkingTable(
        "A9",
        "amendments",
        "Amendments after the lock",
        texts("what", "why", "action", "at", "person"),
        tuple(
            (item.amendment.what, item.amendment.why, item.action, item.stamp.at, item.stamp.person)
            for item in papers.amendments
        ),
    )
    return [people, signed, notes, marks, ticks, amendments]


def _when(stamp: Stamp | None) -> Row:
    return (None, None) if stamp is None else (stamp.at, stamp.person)


def _procedures(audit: Audit, papers: Papers | None) -> Iterable[Row]:
    agreed = {} if papers is None else {item.key: item for item in papers.procedures}
    for item in audit.procedures:
        usual = PROCEDURES[item.key]
        wording = agreed[item.key].wording if item.key in agreed else usual.wording
        performed = "yes" if item.performed else "no"
        yield usual.reference, item.key, usual.title, wording, item.extent, item.outcome, performed
    done = {item.key for item in audit.procedures}
    for entry in agreed.values():
        if entry.key not in done or not entry.agreed:
            state = "not by the program" if entry.agreed else "left out"
            yield "A", entry.key, entry.key, entry.wording, None, entry.reason, state


def exceptions_log(papers: Papers) -> WorkingTable:
    """F3: every line of the log, closed ones with their reason."""
    return WorkingTable(
        "F3",
        "exceptions-log",
        "Exceptions log",
        (
            *numbers("no."),
            *texts("procedure", "item", "expected", "observed", "cause", "management's response", "disposition"),
            *texts("finding", "raised at", "raised by", "closed at", "closed by", "reason"),
        ),
        tuple(
            (
                str(item.number),
                item.procedure,
                item.item,
                item.expected or None,
                item.observed or None,
                item.cause or None,
                item.response or None,
                item.disposition or None,
                item.finding or None,
                *_when(item.raised),
                *_when(item.closed),
                item.closing_reason or None,
            )
            for item in papers.exceptions
        ),
    )


def report_tables(papers: Papers | None) -> list[WorkingTable]:
    """G1: every report that was built."""
    if papers is None:
        return []
    return [
        WorkingTable(
            "G1",
            "reports",
            "Reports built",
            (*texts("kind", "report id", "date", "sha256"), *numbers("bytes"), *texts("journal head", "at", "person")),
            tuple(
                (
                    item.action.kind,
                    item.action.report_id,
                    item.action.date,
                    item.action.report,
                    item.action.size,
                    item.head.text(),
                    *_when(item.stamp),
                )
                for item in papers.reports
            ),
        )
    ]
