"""One plain sentence for each entry of the journal, for the people who read it; the bytes stay the evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auditor_app.engagement import actions
from auditor_app.engagement.journal import Entry
from auditor_app.engagement.terms import STANDARDS

_CUT = 160


def told(entry: Entry) -> str:
    """What was done, without who and when; texts of the file are cut at 160 characters and kept literally."""
    sentence = _SENTENCES[type(entry.action)](entry.action)
    return sentence if entry.amendment is None else f"Amendment ({_cut(entry.amendment.what)}): {sentence}"


def _cut(text: str) -> str:
    return text if len(text) <= _CUT else f"{text[: _CUT - 1]}…"


def _opened(action: actions.OpenEngagement) -> str:
    standard = STANDARDS[action.terms.standard]
    return f"Opened the engagement for {_cut(action.terms.client)} under {standard}, {len(action.procedures)} procedures agreed."


def _terms(action: actions.ChangeTerms) -> str:
    missing = action.terms.missing()
    open_texts = f"still to be stated: {', '.join(missing).replace('_', ' ')}" if missing else "every text is stated"
    return f"Changed the terms; {open_texts}."


def _person(action: actions.AddPerson) -> str:
    return f"{_cut(action.person.name)} is {', '.join(action.person.roles)}."


def _procedure(action: actions.AgreeProcedure) -> str:
    item = action.procedure
    reason = f" Reason: {_cut(item.reason)}" if item.reason else ""
    return f"{'Agreed' if item.agreed else 'Left out'} the procedure {item.key}: {_cut(item.wording)}{reason}"


def _input(action: actions.AddInput) -> str:
    file = action.input
    return f"Took in the {file.role} {_cut(file.name)}, {file.size} bytes, by its digest."


def _run(action: actions.PerformRun) -> str:
    subject = action.subject
    return (
        f"Performed the procedures on snapshot {_cut(subject.snapshot_id)} of {_cut(subject.issuer)}: authentic {subject.authentic}, "
        f"data {subject.data}, coverage {subject.coverage}."
    )


def _challenge(action: actions.IssueChallenge) -> str:
    return f"Issued the challenge {_cut(action.challenge)} for proofs of control."


def _sample(action: actions.RecordSample) -> str:
    return _STEPS[action.step]


_STEPS = {
    "plan": "Planned a sample.",
    "commit": "Committed to a sample before its randomness existed.",
    "draw": "Drew the committed sample.",
    "letters": "Merged letters to the customers of the drawn items.",
    "execute": "Executed the drawn sample, item by item.",
    "evaluate": "Evaluated the sample.",
}


def _raised(action: actions.RaiseException) -> str:
    return f"Raised an exception at procedure {action.procedure}: {_cut(action.item)}."


def _updated(action: actions.UpdateException) -> str:
    names = {"cause": action.cause, "response of management": action.response, "disposition": action.disposition}
    stated = ", ".join(name for name, text in names.items() if text is not None)
    return f"Wrote down for exception {action.number}: {stated}."


def _closed(action: actions.CloseException) -> str:
    return f"Closed exception {action.number}: {_cut(action.reason)}."


def _mark(action: actions.DefineTickmark) -> str:
    return f"Gave the tickmark {action.mark} its meaning: {_cut(action.meaning)}."


def _tick(action: actions.ApplyTickmark) -> str:
    return f"Set the tickmark {action.mark} on paper {action.paper}, {_cut(action.item)}."


def _note(action: actions.OpenNote) -> str:
    return f"Opened a note on paper {action.paper}: {_cut(action.text)}."


def _answered(action: actions.CloseNote) -> str:
    return f"Closed note {action.number}: {_cut(action.reply)}."


def _signed(action: actions.SignOff) -> str:
    return f"Signed off as {action.role}{', under a key' if action.envelope else ''}."


def _report(action: actions.IssueReport) -> str:
    return f"Built {action.kind} report {_cut(action.report_id)} on the run of entry {action.run}."


def _locked(action: actions.Lock) -> str:
    return f"Locked the engagement: {_cut(action.reason)}."


def _amended(action: actions.Amend) -> str:  # noqa: ARG001 - its text stands in the entry's amendment
    return "An amendment that is nothing but its text."


_SENTENCES: dict[type, Callable[[Any], str]] = {
    actions.OpenEngagement: _opened,
    actions.ChangeTerms: _terms,
    actions.AddPerson: _person,
    actions.AgreeProcedure: _procedure,
    actions.AddInput: _input,
    actions.PerformRun: _run,
    actions.IssueChallenge: _challenge,
    actions.RecordSample: _sample,
    actions.RaiseException: _raised,
    actions.UpdateException: _updated,
    actions.CloseException: _closed,
    actions.DefineTickmark: _mark,
    actions.ApplyTickmark: _tick,
    actions.OpenNote: _note,
    actions.CloseNote: _answered,
    actions.SignOff: _signed,
    actions.IssueReport: _report,
    actions.Lock: _locked,
    actions.Amend: _amended,
}
