"""The papers: exceptions, tickmarks, review notes, sign-offs in order and cleared by edits, lock and amendments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor_app.engagement import actions
from auditor_app.engagement.actions import AnyAction
from auditor_app.engagement.file import EngagementFile, open_for_reading, open_for_writing
from auditor_app.engagement.journal import Amendment, Entry
from auditor_app.engagement.papers import Papers
from auditor_app.engagement.rules import _EFFECTS, after
from auditor_app.engagement.terms import AgreedProcedure, InputReference, Person
from auditor_app.errors import EngagementError
from tests.unit.engagement import books


@pytest.fixture
def book(tmp_path: Path) -> EngagementFile:
    with books.staffed(tmp_path) as opened:
        yield opened


def _refused(book: EngagementFile, action: actions.Action, by: str = books.PREPARER, **more: object) -> str:
    before = book.papers
    with pytest.raises(EngagementError) as caught:
        book.record(books.act(action, by, **more))
    assert book.papers is before
    assert caught.value.code in ("ENGAGEMENT.REFUSED", "ENGAGEMENT.LOCKED")
    return caught.value.sentence()


def _sign(book: EngagementFile, *roles: str) -> None:
    people = {"preparer": books.PREPARER, "reviewer": books.REVIEWER, "partner": books.PARTNER}
    for role in roles:
        book.record(books.act(actions.SignOff(role=role), people[role]))


def _standing(book: EngagementFile) -> list[str]:
    return [role for role in ("preparer", "reviewer", "partner") if book.papers.standing(role) is not None]


def test_every_action_has_an_effect() -> None:
    assert set(_EFFECTS) == set(AnyAction.__args__)


def test_only_people_of_the_engagement_act(book: EngagementFile) -> None:
    assert "not a person of this engagement" in _refused(book, books.exception(), "A Stranger")
    book.record(books.act(actions.AddPerson(person=Person(name=books.CLIENT, roles=("observer", "client")))))
    assert book.papers.person(books.CLIENT).roles == ("observer", "client")
    assert len(book.papers.people) == 4


def test_an_engagement_is_opened_once(book: EngagementFile) -> None:
    again = actions.OpenEngagement(
        terms=books.terms(), person=Person(name=books.PREPARER, roles=("preparer",)), procedures=()
    )
    assert "opened once" in _refused(book, again)


def test_exceptions_are_numbered_and_closed_but_never_deleted(book: EngagementFile) -> None:
    for item in ("one", "two", "three"):
        book.record(books.act(books.exception(item)))
    update = actions.UpdateException(number=2, response="We corrected it.", cause="A late deposit")
    book.record(books.act(update, at=books.at(5)))
    book.record(books.act(actions.UpdateException(number=2, disposition="Reported")))
    assert "nothing was stated" in _refused(book, actions.UpdateException(number=2))
    book.record(books.act(actions.CloseException(number=2, reason="Corrected on 4 November")))
    second = book.papers.exceptions[1]
    assert (second.cause, second.response, second.disposition) == ("A late deposit", "We corrected it.", "Reported")
    assert (second.closing_reason, second.closed.person) == ("Corrected on 4 November", books.PREPARER)
    assert [item.number for item in book.papers.exceptions] == [1, 2, 3]
    assert [item.number for item in book.papers.open_exceptions] == [1, 3]
    assert "is closed" in _refused(book, actions.CloseException(number=2, reason="again"))
    assert "is closed" in _refused(book, actions.UpdateException(number=2, cause="else"))
    assert "no exception 4" in _refused(book, actions.CloseException(number=4, reason="none"))
    assert "cannot be recorded" in _refused(book, actions.CloseException(number=1, reason=""))


def test_a_tickmark_has_one_meaning(book: EngagementFile) -> None:
    book.record(books.act(actions.DefineTickmark(mark="✓", meaning="Agreed to the ledger")))
    assert "has a meaning already" in _refused(book, actions.DefineTickmark(mark="✓", meaning="Recalculated"))
    book.record(books.act(actions.ApplyTickmark(mark="✓", paper="E1", item="leaf 17")))
    assert "no meaning yet" in _refused(book, actions.ApplyTickmark(mark="Σ", paper="C2", item="total BTC"))
    assert "cannot be recorded" in _refused(book, actions.ApplyTickmark(mark="✓", paper="H1", item="leaf"))
    assert [(tick.mark, tick.paper, tick.item) for tick in book.papers.ticks] == [("✓", "E1", "leaf 17")]


def test_procedures_are_worded_added_and_left_out_with_a_reason(book: EngagementFile) -> None:
    number = len(book.papers.procedures)
    own = AgreedProcedure(key="own-1", wording="Inquired of the treasurer.")
    book.record(books.act(actions.AgreeProcedure(procedure=own)))
    left_out = AgreedProcedure(key="ownership", wording="Inspected the proofs of control.", agreed=False)
    assert "without a reason" in _refused(book, actions.AgreeProcedure(procedure=left_out))
    reasoned = msgspec.structs.replace(left_out, reason="The client could not supply them.")
    book.record(books.act(actions.AgreeProcedure(procedure=reasoned)))
    assert len(book.papers.procedures) == number + 1
    assert reasoned in book.papers.procedures


def test_an_input_is_taken_once(book: EngagementFile) -> None:
    file = InputReference(role="snapshot", name="a.porsnap", size="3", sha256="ab" * 32)
    book.record(books.act(actions.AddInput(input=file)))
    assert "already" in _refused(book, actions.AddInput(input=file))
    assert [item.file for item in book.papers.inputs] == [file]


def test_a_run_keeps_its_result(book: EngagementFile) -> None:
    books.performed(book)
    assert book.document(book.papers.runs[0].action.result) == books.RESULT
    assert "does not keep the result" in _refused(book, books.run_action())


def test_a_draw_needs_an_earlier_commitment_in_the_journal(book: EngagementFile) -> None:
    kept = {books.digest(b"{}"): b"{}"}

    def step(name: str, commitment: str) -> actions.RecordSample:
        return actions.RecordSample(step=name, parameters={}, result=books.digest(b"{}"), commitment=commitment)

    assert "no earlier commitment" in _refused(book, step("draw", "aa" * 32), documents=kept)
    book.record(books.act(step("commit", "aa" * 32), documents=kept))
    assert "the same plan was committed to" in _refused(book, step("commit", "aa" * 32), documents=kept)
    assert "no earlier commitment" in _refused(book, step("draw", "bb" * 32), documents=kept)
    book.record(books.act(step("draw", "aa" * 32), documents=kept))
    assert [item.action.step for item in book.papers.samples] == ["commit", "draw"]


def test_a_sample_is_drawn_from_its_record_and_with_one_answer(book: EngagementFile) -> None:
    """No shopping for seeds: neither a record dated anew nor a second throw of the dice."""
    kept = {books.digest(b"{}"): b"{}"}
    record, other = (
        InputReference(role="sample record", name="r.json", size="2", sha256=digit * 64) for digit in ("1", "2")
    )

    def step(name: str, **parameters: str) -> actions.RecordSample:
        return actions.RecordSample(step=name, parameters=parameters, result=books.digest(b"{}"), commitment="aa" * 32)

    book.record(books.act(step("commit"), documents=kept, inputs=(record,)))
    first = step("draw", randomness="block:AB")
    for files in ((other,), (), (record, other)):
        assert "not the one that was committed to" in _refused(book, first, documents=kept, inputs=files)
    book.record(books.act(first, documents=kept, inputs=(record,)))
    again = step("draw", randomness="block:ac")
    assert "drawn already" in _refused(book, again, documents=kept, inputs=(record,))
    longer = {"randomness": "block:ab", "extend-to": "9"}
    book.record(books.act(step("draw", **longer), documents=kept, inputs=(record,)))
    assert len(book.papers.samples) == 3


@pytest.mark.parametrize(
    ("step", "name", "words"),
    [
        ("letters", "draw", "no earlier draw"),
        ("execute", "draw", "no earlier draw"),
        ("execute", "run", "no earlier run"),
        ("evaluate", "execution", "no earlier execution"),
    ],
)
def test_a_step_names_a_result_that_the_journal_holds(book: EngagementFile, step: str, name: str, words: str) -> None:
    kept = {books.digest(b"{}"): b"{}"}

    def record(step: str, **parameters: str) -> actions.RecordSample:
        return actions.RecordSample(step=step, parameters=parameters, result=books.digest(b"{}"), commitment="aa" * 32)

    assert words in _refused(book, record(step, **{name: books.digest(b"{}")}), documents=kept)
    books.performed(book)
    for before in ("commit", "draw", "execute"):
        book.record(books.act(record(before), documents=kept))
    known = books.digest(books.RESULT) if name == "run" else books.digest(b"{}")
    book.record(books.act(record(step, **{name: known}), documents=kept))
    assert book.papers.samples[-1].action.step == step


def test_sign_offs_come_in_order_and_by_their_role(book: EngagementFile) -> None:
    assert "preparer has not signed" in _refused(book, actions.SignOff(role="reviewer"), books.REVIEWER)
    assert "is not a preparer" in _refused(book, actions.SignOff(role="preparer"), books.REVIEWER)
    assert "signs nothing off" in _refused(book, actions.SignOff(role="client"), books.CLIENT)
    head = book.papers.head
    _sign(book, "preparer")
    assert book.papers.sign_offs[0].head == head
    assert "stands already" in _refused(book, actions.SignOff(role="preparer"))
    _sign(book, "reviewer", "partner")
    assert _standing(book) == ["preparer", "reviewer", "partner"]


@pytest.mark.parametrize(
    ("author", "left"),
    [
        (books.PREPARER, ["preparer"]),
        (books.REVIEWER, ["preparer", "reviewer"]),
        (books.PARTNER, ["preparer", "reviewer", "partner"]),
        (books.CLIENT, []),
    ],
)
def test_a_later_edit_clears_the_later_sign_offs_and_says_so(
    book: EngagementFile, author: str, left: list[str]
) -> None:
    _sign(book, "preparer", "reviewer", "partner")
    recorded = book.record(books.act(books.exception(), author))
    assert _standing(book) == left
    assert [item.role for item in recorded.cleared] == [
        role for role in ("preparer", "reviewer", "partner") if role not in left
    ]
    assert all(item.cleared.entry == recorded.head.length for item in recorded.cleared)
    assert len(book.papers.sign_offs) == 3
    assert book.record(books.act(books.exception(), books.CLIENT)).cleared == tuple(
        item for item in book.papers.sign_offs if item.cleared.entry == book.papers.head.length
    )


def test_a_colleague_of_the_same_role_clears_too(book: EngagementFile) -> None:
    book.record(books.act(actions.AddPerson(person=Person(name="Another", roles=("preparer",)))))
    _sign(book, "preparer")
    book.record(books.act(books.exception(), "Another"))
    assert _standing(book) == []


def test_notes_and_reports_clear_nothing_but_an_open_note_holds_the_final_report(book: EngagementFile) -> None:
    books.performed(book)
    run = book.papers.runs[0].stamp.entry
    pdf = {books.digest(b"%PDF"): b"%PDF"}

    def report(kind: str, run: int = run) -> actions.IssueReport:
        return actions.IssueReport(
            kind=kind, run=run, date=None, report_id="RA-1", report=books.digest(b"%PDF"), size="4"
        )

    _sign(book, "preparer", "reviewer", "partner")
    note = actions.OpenNote(paper="D2", text="Which keys?")
    assert book.record(books.act(note, books.REVIEWER)).cleared == ()
    refusal = _refused(book, report("final"), documents=pdf)
    assert "Note 1 on paper D2 is open" in refusal
    book.record(books.act(report("draft"), documents=pdf))
    assert "no note 2" in _refused(book, actions.CloseNote(number=2, reply="none"))
    book.record(books.act(actions.CloseNote(number=1, reply="Cold wallets.")))
    assert "closed already" in _refused(book, actions.CloseNote(number=1, reply="Twice"))
    assert "is no run" in _refused(book, report("draft", 1), documents=pdf)
    head = book.papers.head
    book.record(books.act(report("final"), documents=pdf))
    assert [item.action.kind for item in book.papers.reports] == ["draft", "final"]
    assert book.papers.reports[1].head == head
    assert _standing(book) == ["preparer", "reviewer", "partner"]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with open_for_writing(books.new(tmp_path, purpose="", quality_management="")) as book:
        obstacles = book.papers.obstacles()
        assert "The terms do not state: purpose." in obstacles
        assert "The terms do not state: quality management." in obstacles
        assert "The preparer has not signed off." in obstacles
        book.record(books.act(actions.ChangeTerms(terms=books.terms())))
        assert not any("terms" in item for item in book.papers.obstacles())


def test_a_locked_engagement_takes_amendments_only(book: EngagementFile) -> None:
    amendment = Amendment(what="An exception", why="The client told us later")
    assert "amendments are for locked" in _refused(book, books.exception(), amendment=amendment)
    book.record(books.act(actions.OpenNote(paper="A1", text="?")))
    assert "notes are open: 1" in _refused(book, actions.Lock(reason="Filed"))
    book.record(books.act(actions.CloseNote(number=1, reply="!")))
    book.record(books.act(actions.Lock(reason="Filed")))
    assert "amendments only" in _refused(book, books.exception())
    assert "locked already" in _refused(book, actions.Lock(reason="Again"), amendment=amendment)
    book.record(books.act(books.exception("late"), amendment=amendment, at=books.at(9)))
    book.record(books.act(actions.Amend(), books.PARTNER, amendment=Amendment(what="A word", why="Spelling")))
    trail = [
        (item.amendment.what, item.amendment.why, item.stamp.person, item.stamp.at) for item in book.papers.amendments
    ]
    assert trail == [
        ("An exception", "The client told us later", books.PREPARER, books.at(9)),
        ("A word", "Spelling", books.PARTNER, books.at(1)),
    ]
    assert book.papers.amendments[0].action == "raise-exception"
    with open_for_reading(book.path) as reader:
        assert reader.papers == book.papers


def test_ten_thousand_exceptions_open(tmp_path: Path) -> None:
    """Built in memory from canonical entries, since ten thousand durable writes would take a minute."""
    from auditor_app.engagement.file import checked, papers_of, step
    from auditor_app.engagement.journal import Entry, encoded
    from auditor_app.engagement.store import EngagementStore

    store = EngagementStore.open_reading(books.new(tmp_path))
    stored = list(store.entries())
    store.close()
    papers = step(None, stored[0], file="book")
    for number in range(2, 10_002):
        entry = Entry(
            sequence=str(number),
            previous=stored[-1].sha256,
            at=books.at(1),
            person=books.PREPARER,
            program="1",
            inputs=(),
            documents=(),
            amendment=None,
            action=books.exception(f"item {number}"),
        )
        stored.append(encoded(entry))
    assert checked(entry) == entry
    papers = papers_of(stored, file="book")
    assert len(papers.exceptions) == 10_000


class _Counted(str):
    """A digest that counts how often it is compared with another one."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        _Counted.compared += 1
        return str.__eq__(self, str(other))

    __hash__ = str.__hash__


def _entry(papers: Papers, action: actions.Action, **more: Any) -> Entry:
    fields = {"person": books.PREPARER, "program": "1", "inputs": (), "documents": (), "amendment": None}
    head = papers.head
    return Entry(sequence=str(head.length + 1), previous=head.sha256, at=books.at(1), action=action, **(fields | more))


def test_an_entry_is_not_compared_with_all_entries_before(book: EngagementFile) -> None:
    papers, count = book.papers, 300
    for number in range(count):
        digest = _Counted(f"{number:064x}")
        file = InputReference(role="other", name=f"{number}", size="1", sha256=digest)
        papers = after(papers, _entry(papers, actions.AddInput(input=file)), f"{number:064x}")
        step = "commit" if number % 2 == 0 else "draw"
        commitment = _Counted(f"{number // 2:064x}")
        sampled = actions.RecordSample(step=step, parameters={}, result=digest, commitment=commitment)  # type: ignore[arg-type]
        papers = after(papers, _entry(papers, sampled, documents=(digest,)), f"{number + count:064x}")
    assert len(papers.inputs) == len(papers.samples) == count
    assert _Counted.compared < 20 * count


def test_states_of_the_papers_do_not_disturb_each_other(book: EngagementFile) -> None:
    """Two acts tried on the same state: what the first one added is not known to the second."""
    file = InputReference(role="other", name="a", size="1", sha256="ab" * 32)
    papers = book.papers
    one = after(papers, _entry(papers, actions.AddInput(input=file)), "11" * 32)
    two = after(papers, _entry(papers, actions.AddInput(input=file)), "22" * 32)
    assert one.inputs == two.inputs
    for state in (one, two):
        with pytest.raises(EngagementError, match="already"):
            after(state, _entry(state, actions.AddInput(input=file)), "33" * 32)
    other = InputReference(role="other", name="b", size="1", sha256="cd" * 32)
    after(one, _entry(one, actions.AddInput(input=other)), "44" * 32)
    after(one, _entry(one, actions.AddInput(input=other)), "55" * 32)
