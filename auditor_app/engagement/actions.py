"""Everything that can happen in an engagement, one closed struct each: the vocabulary of the journal.

An action holds what the person asked for and the digests of what came out. What it does to the papers stands in
:mod:`auditor_app.engagement.rules`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from auditor_app.engagement.terms import AgreedProcedure, InputReference, Key, Line, Person, Prose, Role, Terms
from auditor_app.snapshot.statement import Closed, Count, Hex64, Instant

Number = Annotated[int, msgspec.Meta(ge=1, le=2**31)]
Mark = Annotated[str, msgspec.Meta(min_length=1, max_length=8)]
Reference = Annotated[str, msgspec.Meta(pattern=r"^[A-G][0-9]{0,3}\Z")]
"""A working paper by its index, ``A`` to ``G`` with a number."""


class Action(Closed, frozen=True, kw_only=True, tag_field="type"):
    """Base of every action; ``type`` names it in the journal."""


def action_name(action: Action) -> str:
    """The action's name in the journal, like ``change-terms``."""
    return str(action.__struct_config__.tag)


class OpenEngagement(Action, frozen=True, kw_only=True, tag="open-engagement"):
    """The first entry of every journal."""

    terms: Terms
    person: Person
    procedures: tuple[AgreedProcedure, ...]


class ChangeTerms(Action, frozen=True, kw_only=True, tag="change-terms"):
    """The terms as they read from now on, whole."""

    terms: Terms


class AddPerson(Action, frozen=True, kw_only=True, tag="add-person"):
    """A person joins, or takes other roles."""

    person: Person


class AgreeProcedure(Action, frozen=True, kw_only=True, tag="agree-procedure"):
    """A procedure is agreed, worded anew, or left out."""

    procedure: AgreedProcedure


class AddInput(Action, frozen=True, kw_only=True, tag="add-input"):
    """A file is taken into the engagement by its digest."""

    input: InputReference


class RunParameters(Closed, frozen=True, kw_only=True):
    """What was typed for a run, besides its files; ``trusted_time`` is the journal's where ``time_typed`` is false."""

    trusted_time: Instant
    time_typed: bool
    nonce: Hex64 | None = None
    previous: Hex64 | None = None
    published_roots: tuple[tuple[str, str], ...] = ()
    randomness: Line | None = None
    challenge: Line | None = None
    blocks: tuple[tuple[str, str], ...] = ()
    checkpoints: tuple[tuple[str, str], ...] = ()
    own_assets: tuple[Line, ...] = ()
    published_within: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0


class RunSubject(Closed, frozen=True, kw_only=True):
    """Which snapshot a run was about, and its three verdicts."""

    payload_sha256: Hex64 = msgspec.field(name="payloadSha256")
    snapshot_id: Line
    issuer: Line
    as_of: Instant
    sequence: Count
    authentic: Line
    data: Line
    coverage: Line


class PerformRun(Action, frozen=True, kw_only=True, tag="perform-run"):
    """Every computed procedure was performed on one snapshot; ``result`` is the digest of what came out."""

    parameters: RunParameters
    subject: RunSubject
    result: Hex64


class IssueChallenge(Action, frozen=True, kw_only=True, tag="issue-challenge"):
    """The text that the exchange is asked to sign; ``block_from`` is ``typed``, a host, or empty without a block."""

    challenge: Line
    nonce: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
    block: Prose = ""
    block_from: Prose = ""


class RecordSample(Action, frozen=True, kw_only=True, tag="record-sample"):
    """A step of sampling with its parameters as typed; ``commitment`` where the step makes or uses one.

    ``letters`` and ``execute`` name the result of their draw in the parameter ``draw``, an ``evaluate`` of executed
    items that of its execution in ``execution``.
    """

    step: Literal["plan", "commit", "draw", "letters", "execute", "evaluate"]
    parameters: dict[Key, Prose]
    result: Hex64
    commitment: Hex64 | None = None


class RaiseException(Action, frozen=True, kw_only=True, tag="raise-exception"):
    """An exception enters the log; its number is the next one."""

    procedure: Key
    item: Line
    expected: Prose = ""
    observed: Prose = ""
    cause: Prose = ""
    response: Prose = ""
    finding: Prose = ""


class UpdateException(Action, frozen=True, kw_only=True, tag="update-exception"):
    """Cause, management's response or disposition are written down; ``None`` leaves one as it is."""

    number: Number
    cause: Prose | None = None
    response: Prose | None = None
    disposition: Prose | None = None


class CloseException(Action, frozen=True, kw_only=True, tag="close-exception"):
    """An exception is closed with a reason; it stays in the log."""

    number: Number
    reason: Line


class DefineTickmark(Action, frozen=True, kw_only=True, tag="define-tickmark"):
    """A mark gets its one meaning."""

    mark: Mark
    meaning: Line


class ApplyTickmark(Action, frozen=True, kw_only=True, tag="apply-tickmark"):
    """A mark is set beside an item of a working paper."""

    mark: Mark
    paper: Reference
    item: Line


class OpenNote(Action, frozen=True, kw_only=True, tag="open-note"):
    """A review note; there is no final report while it is open."""

    paper: Reference
    text: Line


class CloseNote(Action, frozen=True, kw_only=True, tag="close-note"):
    """A review note is answered and closed."""

    number: Number
    reply: Line


class SignOff(Action, frozen=True, kw_only=True, tag="sign-off"):
    """A person signs off everything up to the entry before this one; ``envelope`` where a key signed that head."""

    role: Role
    envelope: Prose = ""


class MaskedVersion(Closed, frozen=True, kw_only=True):
    """The redacted version that was written beside a report: its digest and size in bytes; it is not kept."""

    sha256: Hex64
    size: Count


class IssueReport(Action, frozen=True, kw_only=True, tag="issue-report"):
    """A report was built from run ``run`` (its entry's number) and everything journalled before this entry."""

    kind: Literal["draft", "final"]
    run: Number
    date: Line | None
    report_id: Line
    report: Hex64
    size: Count
    redacted: MaskedVersion | None = None


class Lock(Action, frozen=True, kw_only=True, tag="lock"):
    """The file is closed: from here on amendments only."""

    reason: Line


class Amend(Action, frozen=True, kw_only=True, tag="amend"):
    """An amendment that is nothing but its own text."""


AnyAction = (
    OpenEngagement
    | ChangeTerms
    | AddPerson
    | AgreeProcedure
    | AddInput
    | PerformRun
    | IssueChallenge
    | RecordSample
    | RaiseException
    | UpdateException
    | CloseException
    | DefineTickmark
    | ApplyTickmark
    | OpenNote
    | CloseNote
    | SignOff
    | IssueReport
    | Lock
    | Amend
)
