"""What each action does to the papers, and what it may not do: one function a rule, the same for writing and reading.

An entry that breaks a rule raises :class:`EngagementError` before anything is written; when a journal is read, the
same error says that another program wrote it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn, TypeVar

from auditor_app.engagement import actions
from auditor_app.engagement.journal import BEFORE_THE_FIRST, Entry, Head
from auditor_app.engagement.papers import (
    Amended,
    BuiltReport,
    IssuedChallenge,
    Locked,
    LoggedException,
    Papers,
    ReviewNote,
    Run,
    SampleStep,
    SignedOff,
    Stamp,
    TakenInput,
    Tick,
)
from auditor_app.engagement.terms import SIGNING_ROLES, InputReference, Person
from auditor_app.errors import EngagementError

_NO_EDIT = (
    actions.SignOff,
    actions.OpenNote,
    actions.CloseNote,
    actions.IssueReport,
    actions.Lock,
)
"""Actions that change no working paper, so that no sign-off is cleared by them."""


def opened(entry: Entry, sha256: str) -> Papers:
    """The papers after the first entry."""
    action = entry.action
    if not isinstance(action, actions.OpenEngagement) or entry.previous != BEFORE_THE_FIRST or entry.number != 1:
        _refuse("the journal does not start by opening an engagement")
    if entry.person != action.person.name:
        _refuse("an engagement is opened by the person that it names")
    _once((item.key for item in action.procedures), "procedure")
    return Papers(
        action.terms,
        head=Head(1, sha256),
        opened=entry.at,
        people=(action.person,),
        procedures=action.procedures,
        identity=sha256,
    )


def after(papers: Papers, entry: Entry, sha256: str) -> Papers:
    """The papers after one more entry, whose digest is ``sha256``; :class:`EngagementError` where a rule forbids it."""
    if entry.number != papers.head.length + 1 or entry.previous != papers.head.sha256:
        _refuse("the entry does not follow the journal's head")
    author = papers.person(entry.person)
    if author is None:
        _refuse(f"{entry.person[:200]!r} is not a person of this engagement", "Add the person first.")
    stamp = Stamp(entry.number, entry.at, entry.person)
    _lock_rule(papers, entry)
    changed = _EFFECTS[type(entry.action)](papers, entry.action, entry, stamp)
    if not isinstance(entry.action, _NO_EDIT):
        changed = replace(changed, sign_offs=_after_edit(changed.sign_offs, author, stamp))
    if entry.amendment is not None:
        name = actions.action_name(entry.action)
        changed = replace(changed, amendments=(*changed.amendments, Amended(entry.amendment, name, stamp)))
    return replace(changed, head=Head(entry.number, sha256))


def cleared_by(before: Papers, now: Papers) -> tuple[SignedOff, ...]:
    """The sign-offs that stood in ``before`` and were cleared since."""
    return tuple(
        later
        for earlier, later in zip(before.sign_offs, now.sign_offs, strict=False)
        if earlier.cleared is None and later.cleared is not None
    )


def _lock_rule(papers: Papers, entry: Entry) -> None:
    if papers.locked is not None and entry.amendment is None:
        raise EngagementError(
            "ENGAGEMENT.LOCKED",
            f"the engagement was locked at {papers.locked.stamp.at} by {papers.locked.stamp.person[:200]}",
            action="It takes amendments only: say what is amended and why.",
        )
    if papers.locked is None and entry.amendment is not None:
        _refuse("amendments are for locked engagements", "Leave out what and why.")


def _stage(person: Person) -> int:
    """How far up the chain of sign-offs a person stands; 0 for one who signs nothing off."""
    return max((SIGNING_ROLES.index(role) + 1 for role in person.roles if role in SIGNING_ROLES), default=0)


def _after_edit(sign_offs: tuple[SignedOff, ...], author: Person, stamp: Stamp) -> tuple[SignedOff, ...]:
    """Sign-offs of later stages than the author's are cleared, and those of the author's own stage by somebody else."""
    own = _stage(author)

    def cleared(item: SignedOff) -> bool:
        stage = SIGNING_ROLES.index(item.role) + 1
        return item.cleared is None and (stage > own or (stage == own and item.stamp.person != author.name))

    if not any(cleared(item) for item in sign_offs):
        return sign_offs
    return tuple(replace(item, cleared=stamp) if cleared(item) else item for item in sign_offs)


def _open_again(papers: Papers, action: actions.OpenEngagement, entry: Entry, stamp: Stamp) -> Papers:
    _refuse("an engagement is opened once")


def _change_terms(papers: Papers, action: actions.ChangeTerms, entry: Entry, stamp: Stamp) -> Papers:
    return replace(papers, terms=action.terms)


def _add_person(papers: Papers, action: actions.AddPerson, entry: Entry, stamp: Stamp) -> Papers:
    others = tuple(item for item in papers.people if item.name != action.person.name)
    return replace(papers, people=(*others, action.person))


def _agree(papers: Papers, action: actions.AgreeProcedure, entry: Entry, stamp: Stamp) -> Papers:
    procedure = action.procedure
    if not procedure.agreed and not procedure.reason:
        _refuse(f"procedure {procedure.key} is left out without a reason", "Say why it is left out.")
    known = [item.key for item in papers.procedures]
    if procedure.key not in known:
        return replace(papers, procedures=(*papers.procedures, procedure))
    return replace(papers, procedures=_with(papers.procedures, known.index(procedure.key), procedure))


def _add_input(papers: Papers, action: actions.AddInput, entry: Entry, stamp: Stamp) -> Papers:
    file = action.input
    key = ("input", file.role, file.sha256)
    if key in papers.known:
        _refuse(f"{file.name[:200]} is in the engagement already, by its digest")
    return replace(papers, inputs=(*papers.inputs, TakenInput(file, stamp)), known=papers.known.adding(key))


def _perform(papers: Papers, action: actions.PerformRun, entry: Entry, stamp: Stamp) -> Papers:
    _named(entry, action.result)
    known = papers.known.adding(("run", action.result), ("run of entry", str(stamp.entry)))
    return replace(papers, runs=(*papers.runs, Run(action, entry.inputs, entry.program, stamp)), known=known)


def _issue_challenge(papers: Papers, action: actions.IssueChallenge, entry: Entry, stamp: Stamp) -> Papers:
    key = ("challenge", action.nonce)
    if key in papers.known:
        _refuse("this challenge was issued already")
    if action.nonce not in action.challenge:
        _refuse("the challenge does not hold its nonce")
    issued = IssuedChallenge(action, stamp)
    return replace(papers, challenges=(*papers.challenges, issued), known=papers.known.adding(key))


def _sample(papers: Papers, action: actions.RecordSample, entry: Entry, stamp: Stamp) -> Papers:
    _named(entry, action.result)
    known = papers.known
    committed = _commitment_of("commit", action) in known
    if action.step == "commit" and committed:
        before = next(item.stamp for item in papers.samples if item.action.step == "commit" and item.action.commitment == action.commitment)  # fmt: skip
        _refuse(
            f"the same plan was committed to with the same source in entry {before.entry}, at {before.at}",
            "Draw from the record written then, or change the plan or the source: a plan gets one answer of a source.",
        )
    if action.step == "draw" and not committed:
        _refuse(
            "there is no earlier commitment to this sample in the journal",
            "Commit first with --engagement, then draw once the source has spoken.",
        )
    if action.step == "draw":
        _draw_rule(papers, action, entry)
    for step, name in (("draw", "draw"), ("execute", "execution")):
        used = action.parameters.get(name)
        if used is not None and action.step in ("letters", "execute", "evaluate") and ("step", step, used) not in known:
            _refuse(f"the journal holds no earlier {name} with this result", f"Record the {name} first.")
    run = action.parameters.get("run") if action.step == "execute" else None
    if run is not None and ("run", run) not in known:
        _refuse("the journal holds no earlier run with this result", "Record the run first.")
    done = SampleStep(action, entry.inputs, entry.program, stamp)
    known = known.adding(("step", action.step, action.result), _commitment_of(action.step, action), value=done)
    return replace(papers, samples=(*papers.samples, done), known=known)


def _commitment_of(step: str, action: actions.RecordSample) -> tuple[str, ...]:
    """What names the steps of that kind on the same commitment; steps without one are under no commitment's name."""
    return ("of commitment", step) if action.commitment is None else ("of commitment", step, action.commitment)


def _draw_rule(papers: Papers, action: actions.RecordSample, entry: Entry) -> None:
    """A sample is drawn from the record that was committed to, with one answer of its source: no shopping for seeds."""
    commits = papers.known.under(_commitment_of("commit", action))
    records = {file.sha256 for item in commits for file in _records(item.inputs)}
    if records != {file.sha256 for file in _records(entry.inputs)}:
        _refuse(
            "the sample record is not the one that was committed to", "Draw from the file that sample commit wrote."
        )
    answer = _answer(action)
    if any(_answer(item.action) != answer for item in papers.known.under(_commitment_of("draw", action))):
        _refuse(
            "this sample was drawn already, with another answer of its source",
            "Extend that draw, or commit to another sample.",
        )


def _records(files: tuple[InputReference, ...]) -> tuple[InputReference, ...]:
    return tuple(file for file in files if file.role == "sample record")


def _answer(action: actions.RecordSample) -> str:
    """The randomness as typed; hex digits are read in either case."""
    return action.parameters.get("randomness", "").strip().lower()


def _raise_exception(papers: Papers, action: actions.RaiseException, entry: Entry, stamp: Stamp) -> Papers:
    number = len(papers.exceptions) + 1
    line = LoggedException(
        number,
        action.procedure,
        action.item,
        action.expected,
        action.observed,
        action.cause,
        action.response,
        "",
        action.finding,
        stamp,
    )
    return replace(papers, exceptions=(*papers.exceptions, line))


def _update_exception(papers: Papers, action: actions.UpdateException, entry: Entry, stamp: Stamp) -> Papers:
    line = _numbered(papers.exceptions, action.number, "exception")
    if line.closed is not None:
        _refuse(f"exception {line.number} is closed", "Raise another one that names it.")
    given = {name: getattr(action, name) for name in ("cause", "response", "disposition")}
    stated = {name: text for name, text in given.items() if text is not None}
    if not stated:
        _refuse("nothing was stated about the exception")
    changed = replace(line, **stated)
    return replace(papers, exceptions=_with(papers.exceptions, action.number - 1, changed))


def _close_exception(papers: Papers, action: actions.CloseException, entry: Entry, stamp: Stamp) -> Papers:
    line = _numbered(papers.exceptions, action.number, "exception")
    if line.closed is not None:
        _refuse(f"exception {line.number} is closed already")
    changed = replace(line, closed=stamp, closing_reason=action.reason)
    return replace(papers, exceptions=_with(papers.exceptions, action.number - 1, changed))


def _define_tickmark(papers: Papers, action: actions.DefineTickmark, entry: Entry, stamp: Stamp) -> Papers:
    if any(mark == action.mark for mark, _ in papers.tickmarks):
        _refuse(f"the tickmark {action.mark!r} has a meaning already", "A mark has one meaning: choose another mark.")
    return replace(papers, tickmarks=(*papers.tickmarks, (action.mark, action.meaning)))


def _apply_tickmark(papers: Papers, action: actions.ApplyTickmark, entry: Entry, stamp: Stamp) -> Papers:
    if all(mark != action.mark for mark, _ in papers.tickmarks):
        _refuse(f"the tickmark {action.mark!r} has no meaning yet", "Define it first.")
    return replace(papers, ticks=(*papers.ticks, Tick(action.mark, action.paper, action.item, stamp)))


def _open_note(papers: Papers, action: actions.OpenNote, entry: Entry, stamp: Stamp) -> Papers:
    note = ReviewNote(len(papers.notes) + 1, action.paper, action.text, stamp)
    return replace(papers, notes=(*papers.notes, note))


def _close_note(papers: Papers, action: actions.CloseNote, entry: Entry, stamp: Stamp) -> Papers:
    note = _numbered(papers.notes, action.number, "note")
    if note.closed is not None:
        _refuse(f"note {note.number} is closed already")
    changed = replace(note, closed=stamp, reply=action.reply)
    return replace(papers, notes=_with(papers.notes, action.number - 1, changed))


def _sign_off(papers: Papers, action: actions.SignOff, entry: Entry, stamp: Stamp) -> Papers:
    author = papers.person(entry.person)
    if action.role not in SIGNING_ROLES:
        _refuse(f"a {action.role} signs nothing off")
    if author is None or action.role not in author.roles:
        _refuse(f"{entry.person[:200]} is not a {action.role} of this engagement")
    for earlier in SIGNING_ROLES[: SIGNING_ROLES.index(action.role)]:
        if papers.standing(earlier) is None:
            _refuse(f"the {earlier} has not signed off yet, or the sign-off was cleared", "Sign off in order.")
    if papers.standing(action.role) is not None:
        _refuse(f"the sign-off of the {action.role} stands already")
    signed = SignedOff(action.role, papers.head, action.envelope, stamp)
    return replace(papers, sign_offs=(*papers.sign_offs, signed))


def _issue(papers: Papers, action: actions.IssueReport, entry: Entry, stamp: Stamp) -> Papers:
    _named(entry, action.report)
    if ("run of entry", str(action.run)) not in papers.known:
        _refuse(f"entry {action.run} of the journal is no run")
    obstacles = papers.obstacles()
    if action.kind == "final" and obstacles:
        _refuse(f"there is no final report yet: {' '.join(obstacles)}".rstrip("."), "Clear these, or build a draft.")
    return replace(papers, reports=(*papers.reports, BuiltReport(action, papers.head, entry.program, stamp)))


def _lock(papers: Papers, action: actions.Lock, entry: Entry, stamp: Stamp) -> Papers:
    if papers.locked is not None:
        _refuse("the engagement is locked already")
    if papers.open_notes:
        numbers = ", ".join(str(note.number) for note in papers.open_notes[:10])
        _refuse(f"notes are open: {numbers}", "Close them first.")
    return replace(papers, locked=Locked(action.reason, stamp))


def _amend(papers: Papers, action: actions.Amend, entry: Entry, stamp: Stamp) -> Papers:
    if entry.amendment is None:
        _refuse("an amendment says what and why")
    return papers


_EFFECTS: dict[type, Callable[[Papers, Any, Entry, Stamp], Papers]] = {
    actions.OpenEngagement: _open_again,
    actions.ChangeTerms: _change_terms,
    actions.AddPerson: _add_person,
    actions.AgreeProcedure: _agree,
    actions.AddInput: _add_input,
    actions.PerformRun: _perform,
    actions.IssueChallenge: _issue_challenge,
    actions.RecordSample: _sample,
    actions.RaiseException: _raise_exception,
    actions.UpdateException: _update_exception,
    actions.CloseException: _close_exception,
    actions.DefineTickmark: _define_tickmark,
    actions.ApplyTickmark: _apply_tickmark,
    actions.OpenNote: _open_note,
    actions.CloseNote: _close_note,
    actions.SignOff: _sign_off,
    actions.IssueReport: _issue,
    actions.Lock: _lock,
    actions.Amend: _amend,
}

T = TypeVar("T")


def _with(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    return (*items[:index], item, *items[index + 1 :])


def _numbered(items: tuple[T, ...], number: int, what: str) -> T:
    if not 1 <= number <= len(items):
        _refuse(f"there is no {what} {number}", "Read the list with: engagement show.")
    return items[number - 1]


def _named(entry: Entry, digest: str) -> None:
    if digest not in entry.documents:
        _refuse("the entry does not keep the result that it names")


def _once(keys: Any, what: str) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            _refuse(f"the {what} {key} stands twice")
        seen.add(key)


def _refuse(what: str, action: str = "") -> NoReturn:
    raise EngagementError("ENGAGEMENT.REFUSED", what, action=action)
