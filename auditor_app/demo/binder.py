"""The demo's engagement: a file that somebody has worked in, from its terms to the reviewer's sign-off.

Made with the functions that the command line and the window use, under a fixed clock, so that it is the same file's
journal on every machine. The partner has not signed off and one note is open: the report is still a draft.
"""

from __future__ import annotations

from pathlib import Path

from auditor_app.engagement import actions
from auditor_app.engagement.file import Author, EngagementFile, create, open_for_writing
from auditor_app.engagement.record import Audit
from auditor_app.engagement.recording import record_actions, record_last_findings, record_run
from auditor_app.engagement.sampling_steps import DrawAsked, commitment_acts, draw_acts, drawn
from auditor_app.engagement.terms import AgreedProcedure, InputRole, Person, Role, Terms
from auditor_app.fileroom.reports import issue
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.procedures import PROCEDURES
from auditor_app.sampling.commitment import load_record

PREPARER, REVIEWER, PARTNER, CLIENT = "A. Auditor", "R. Reviewer", "P. Partner", "T. Treasurer"
_OPENED_AT = "2023-09-14T09:00:00Z"
_COMMITTED_AT = "2023-09-15T10:05:00Z"
_DRAWN_AT = "2023-09-15T11:10:00Z"
_PERFORMED_AT = "2023-09-18T09:00:00Z"
_WRITTEN_AT = "2023-09-18T14:30:00Z"
_SIGNED_AT = "2023-09-19T16:00:00Z"
_REVIEWED_AT = "2023-09-19T17:30:00Z"
_REPORTED_AT = "2023-09-20T10:00:00Z"

_TERMS = Terms(
    client="Example Exchange Ltd",
    standard="isrs-4400",
    responsible_party="The directors of Example Exchange Ltd",
    firm="Example Audit LLP",
    purpose="To assist the directors in comparing the exchange's liabilities to customers with the reserves that it names.",
    addressee="The directors of Example Exchange Ltd",
    restriction="For the directors of Example Exchange Ltd only; nobody else may rely on it.",
    scope="Customers' balances in BTC, ETH, USDT and USDC at 15 September 2023, 00:00 UTC, and the addresses that the snapshot names.",
    acknowledgement="Example Exchange Ltd acknowledged in the letter of 1 September 2023 that the procedures are appropriate.",
    independence="The firm is independent of Example Exchange Ltd under the IESBA Code.",
    ethics="IESBA Code of Ethics, September 2022 edition",
    quality_management="ISQM 1",
    place="Valletta",
    thresholds={"rate": "100 %, rounded down"},
)


def build_binder(
    path: Path, audit: Audit, sampled: DrawAsked, token: CancelToken, *, report: Path, date: str
) -> Operation[None]:
    """Write the engagement file anew with a draw and ``audit`` as its run, and a draft ``report`` from it."""
    yield Progress(0, 5, "steps", "Demo: keeping the engagement")
    path.unlink(missing_ok=True)
    person = Person(name=PREPARER, roles=("preparer",))
    create(path, terms=_TERMS, person=person, at=_OPENED_AT)
    with open_for_writing(path) as book:
        _begin(book)
        yield from _sample(book, sampled, token)
        yield Progress(2, 5, "steps", "Demo: keeping the run")
        record_run(book, audit, Author(PREPARER, _PERFORMED_AT), time_typed=True)
        _write_down(book)
        yield Progress(3, 5, "steps", "Demo: building the engagement's report")
        yield from issue(
            book,
            audit,
            Author(PREPARER, _REPORTED_AT),
            token,
            kind="draft",
            date=date,
            files=lambda built, _: ((report, built.pdf),),
        )


def _begin(book: EngagementFile) -> None:
    """People, a procedure that was left out, and what the marks mean."""
    others: tuple[tuple[str, Role], ...] = ((REVIEWER, "reviewer"), (PARTNER, "partner"), (CLIENT, "client"))
    left_out = AgreedProcedure(
        key="timestamp",
        wording=PROCEDURES["timestamp"].wording,
        agreed=False,
        reason="The exchange supplied no time stamp.",
    )
    record_actions(
        book,
        Author(PREPARER, _OPENED_AT),
        *(actions.AddPerson(person=Person(name=name, roles=(role,))) for name, role in others),
        actions.AgreeProcedure(procedure=left_out),
        actions.DefineTickmark(mark="✓", meaning="agreed to the exchange's own record"),
        actions.DefineTickmark(mark="W", meaning="read from the exchange's website"),
    )


def _sample(book: EngagementFile, asked: DrawAsked, token: CancelToken) -> Operation[None]:
    """The commitment before the round, the draw after it."""
    yield Progress(1, 5, "steps", "Demo: keeping the sample")
    paths: dict[InputRole, Path] = {
        "snapshot": asked.snapshot,
        "trust store": asked.trust_store,
        "sample record": asked.record,
    }
    record = load_record(asked.record)
    committed = yield from commitment_acts(book.papers, record, paths, Author(PREPARER, _COMMITTED_AT), token)
    book.record(*committed)
    outcome = yield from drawn(asked, token)
    acts = yield from draw_acts(book.papers, asked, outcome, Author(PREPARER, _DRAWN_AT), token)
    book.record(*acts)
    for item in book.papers.inputs:
        book.remember(item.file.sha256, paths[item.file.role].absolute())


def _write_down(book: EngagementFile) -> None:
    """Exceptions with what management said, tickmarks, notes, and the first two sign-offs."""
    author = Author(PREPARER, _WRITTEN_AT)
    numbers, _ = record_last_findings(book, author)
    last = int(numbers[-1])
    record_actions(
        book,
        author,
        actions.UpdateException(
            number=1,
            cause="A customer's margin loan is written into the spot ledger.",
            response="Management will move margin loans to a ledger of their own from the next snapshot on.",
            disposition="Reported.",
        ),
        actions.UpdateException(number=last, response="Management has no comment.", disposition="Reported."),
        actions.CloseException(number=last, reason="Reported with management's response; nothing further was agreed."),
        actions.ApplyTickmark(mark="✓", paper="E1", item="Every leaf of the sample, by its customer number"),
        actions.ApplyTickmark(mark="W", paper="C3", item="Ledger spot, Scheme mexc, Digest bits 128"),
        actions.OpenNote(paper="D2", text="Which of the cold wallets are held by the custodian, and under whose name?"),
        actions.OpenNote(paper="C3", text="From which page was the root read, and by whom?"),
    )
    record_actions(book, Author(PREPARER, _SIGNED_AT), actions.SignOff(role="preparer"))
    reviewer = Author(REVIEWER, _REVIEWED_AT)
    answer = actions.CloseNote(
        number=2, reply="From the exchange's page on its reserves, by A. Auditor; see the tickmark."
    )
    record_actions(book, reviewer, answer, actions.SignOff(role="reviewer"))
