"""What became of each drawn item: traced, agreed to the exchange's own ledger, answered by the customer, or not.

A pure function of the drawn sample and of what was imported, so that another auditor can repeat it. A missing answer
is a deviation unless an alternative procedure replaces it with a reason; a difference is never replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from auditor_app.amounts import Amount
from auditor_app.errors import NOWHERE, SamplingError
from auditor_app.findings import Finding, finding
from auditor_app.findings.document import finding_document
from auditor_app.sampling.answers import Answer, Answers, Extract, Replacement, Replies, misplaced
from auditor_app.sampling.drawn import DrawnItem, DrawnSample, Plain, consistent
from auditor_app.sampling.tables import text_problem
from auditor_app.snapshot.statement import Closed
from auditor_app.typed import typed

Check = Literal["trace", "ledger", "confirmation"]
"""What an item is compared with: ``trace`` the published root (or the signed list), ``ledger`` the imported extract of
the exchange's own books (for addresses: of observed balances), ``confirmation`` the customer's reply."""

Outcome = Literal["agrees", "differs", "no answer", "replaced"]

TICKMARKS: Mapping[str, str] = MappingProxyType(
    {
        "ET": "traced: the leaf to the published root, the listed item to its leaf, the address to the signed list",
        "EL": "agreed to the imported extract, field by field",
        "EC": "agreed to the customer's reply",
        "EA": "no answer; replaced by an alternative procedure, with the reason beside it",
        "EN": "no answer; counted as a deviation",
        "ED": "deviation",
    }
)
"""The marks of the program's own in the sample appendix, one meaning each."""

FORMAT = "por-sample-execution/v1"
_PROCEDURE = "sample-execution"
_AGREED: Mapping[str, str] = MappingProxyType({"trace": "ET", "ledger": "EL", "confirmation": "EC"})
_ASKED: Mapping[str, str] = MappingProxyType(
    {"ledger": "the extract of the exchange's own ledger", "confirmation": "the customers' replies"}
)
_OBSERVED = "the extract of observed balances"
_CODES: Mapping[str, str] = MappingProxyType({"ledger": "SAMPLE.LEDGER", "confirmation": "SAMPLE.REPLY"})


class ItemCheck(Closed, frozen=True, kw_only=True):
    """One comparison of one item: ``expected`` and ``observed`` as text, ``reason`` and ``alternative`` where replaced."""

    check: Check
    outcome: Outcome
    expected: str = ""
    observed: str = ""
    alternative: str = ""
    reason: str = ""

    @property
    def tickmark(self) -> str:
        """Its mark of :data:`TICKMARKS`."""
        if self.outcome == "agrees":
            return _AGREED[self.check]
        return {"differs": "ED", "no answer": "EN", "replaced": "EA"}[self.outcome]

    @property
    def deviates(self) -> bool:
        """A difference, or a missing answer that nothing replaces."""
        return self.outcome in ("differs", "no answer")


class ExecutedItem(Closed, frozen=True, kw_only=True):
    """One item with every comparison that was asked for.

    ``found`` maps an asset to the exact amount that the extract (else the reply) gives; only where it gives one.
    """

    item: DrawnItem
    checks: tuple[ItemCheck, ...]
    found: dict[str, Plain] = msgspec.field(default_factory=dict)

    @property
    def deviates(self) -> bool:
        """Whether any comparison is a deviation; an item counts once."""
        return any(check.deviates for check in self.checks)

    @property
    def tickmarks(self) -> tuple[str, ...]:
        """The marks beside the item, in the order of its comparisons."""
        return tuple(check.tickmark for check in self.checks)


class Source(Closed, frozen=True, kw_only=True):
    """A table that answers came from: file name without folder, SHA-256, and how many drawn items it answers for."""

    check: Check
    name: str
    sha256: str
    rows: str


class Execution(Closed, frozen=True, kw_only=True):
    """An executed sample.

    ``checks`` are the comparisons that were asked for, ``sources`` the imported tables, ``fields`` the columns that
    the extract compares.
    ``dummy_rejected``: amounts that were made wrong on purpose were found to differ, as they must.
    """

    sample: DrawnSample
    checks: tuple[Check, ...]
    sources: tuple[Source, ...]
    fields: tuple[str, ...]
    items: tuple[ExecutedItem, ...]
    dummy_rejected: bool

    @property
    def deviations(self) -> int:
        """How many items deviate."""
        return sum(item.deviates for item in self.items)

    def count(self, check: Check, outcome: Outcome) -> int:
        """How many items have this outcome of this comparison."""
        return sum(done.check == check and done.outcome == outcome for item in self.items for done in item.checks)


def execute(sample: DrawnSample, answers: Answers) -> Execution:
    """Compare every drawn item with what was imported.

    An extract or replies that were not imported are not asked for; once imported, an item that they lack is a missing
    answer. Raises :class:`SamplingError` ``SAMPLE.TABLE`` for a replacement of something that is not missing.
    """
    checks: list[Check] = ["trace"]
    if answers.extract is not None:
        checks.append("ledger")
    if answers.replies is not None:
        checks.append("confirmation")
    replaced = _by_place(answers.replacements, sample, checks)
    items = tuple(_executed(item, answers, replaced) for item in sample.items)
    _require_used(replaced, items)
    return Execution(
        sample=sample,
        checks=tuple(checks),
        sources=_sources(answers),
        fields=() if answers.extract is None else answers.extract.fields,
        items=items,
        dummy_rejected=_dummy_rejected(sample),
    )


def _sources(answers: Answers) -> tuple[Source, ...]:
    given: tuple[tuple[Check, Extract | Replies | None], ...] = (
        ("ledger", answers.extract),
        ("confirmation", answers.replies),
    )
    return tuple(
        Source(check=check, name=table.name, sha256=table.sha256, rows=str(len(table.rows)))
        for check, table in given
        if table is not None
    )


Place = tuple[str, str]
"""An item's id and a comparison of it."""


def _by_place(given: Sequence[Replacement], sample: DrawnSample, checks: Sequence[Check]) -> dict[Place, Replacement]:
    """Alternative procedures by what they stand for; each must name a drawn item and a comparison that was asked for."""
    known = {item.id for item in sample.items}
    placed: dict[Place, Replacement] = {}
    for one in given:
        if one.item not in known:
            raise misplaced(one, "the item was not drawn", "Name an item of the sample.")
        if one.check not in checks or one.check == "trace":
            raise misplaced(one, "this comparison was not asked for", "Import the extract or the replies first.")
        if (one.item, one.check) in placed:
            raise misplaced(one, "the answer is replaced twice", "Leave one of the two out.")
        if not one.alternative.strip() or not one.reason.strip():
            raise misplaced(one, "the alternative procedure or its reason is empty", "Say what was done, and why.")
        for text in (one.alternative, one.reason):
            problem = text_problem(text)
            if problem is not None:
                raise misplaced(one, *problem)
        placed[one.item, one.check] = one
    return placed


def _require_used(placed: Mapping[Place, Replacement], items: Sequence[ExecutedItem]) -> None:
    """An alternative stands where an answer is missing, never over an answer that is there."""
    used = {(done.item.id, check.check) for done in items for check in done.checks if check.outcome == "replaced"}
    for place, one in placed.items():
        if place not in used:
            raise misplaced(one, "the answer is there and is not replaced", "Leave the alternative out.")


def _executed(item: DrawnItem, answers: Answers, replaced: Mapping[Place, Replacement]) -> ExecutedItem:
    found: dict[str, str] = {}
    trace = ItemCheck(check="trace", outcome="agrees" if item.reached else "differs", observed=item.observed)
    checks = [trace]
    sources: tuple[tuple[Check, Extract | Replies | None], ...] = (
        ("ledger", answers.extract),
        ("confirmation", answers.replies),
    )
    for check, source in sources:
        if source is None:
            continue
        answer = source.rows.get(item.id)
        checks.append(_compared(item, check, answer, replaced.get((item.id, check))))
        if answer is not None:
            for asset, value in answer.amounts.items():
                found.setdefault(asset, value.plain())
    return ExecutedItem(item=item, checks=tuple(checks), found=found)


def _compared(item: DrawnItem, check: Check, answer: Answer | None, replaced: Replacement | None) -> ItemCheck:
    """One comparison, field by field and exact; the answer that is missing is replaced where an alternative says so."""
    if answer is None or answer.said == "none":
        if replaced is None:
            return ItemCheck(check=check, outcome="no answer", observed="" if answer is None else answer.note)
        return ItemCheck(check=check, outcome="replaced", alternative=replaced.alternative, reason=replaced.reason)
    expected, observed = [], []
    for asset, value in answer.amounts.items():
        book = Amount.parse(item.book.get(asset, "0"))
        if book.fraction() != value.fraction():
            expected.append(f"{asset} {book.plain()}")
            observed.append(f"{asset} {value.plain()}")
    for name, text in answer.texts.items():
        if item.texts.get(name, "") != text:
            expected.append(f"{name} {item.texts.get(name, '')}")
            observed.append(f"{name} {text}")
    if answer.said == "differs" and not observed:
        observed.append(answer.note or "the customer's balances differ")
    outcome: Outcome = "differs" if observed else "agrees"
    return ItemCheck(check=check, outcome=outcome, expected="; ".join(expected), observed="; ".join(observed))


def _dummy_rejected(sample: DrawnSample) -> bool:
    """Whether the comparison finds a difference that was made on purpose: the smallest unit more, or another text."""
    for item in sample.items:
        more = {asset: _one_more(Amount.parse(text)) for asset, text in item.book.items()}
        other = {name: f"{text}x" for name, text in item.texts.items()}
        if more or other:
            return _compared(item, "ledger", Answer(more, other, NOWHERE), None).outcome == "differs"
    return True


def _one_more(value: Amount) -> Amount:
    return Amount(value.units + 1, value.scale)


def execution_findings(execution: Execution) -> tuple[Finding, ...]:
    """Every deviation and every replacement as a finding, in the order of the items."""
    sample = execution.sample
    if not execution.dummy_rejected:
        message = "Amounts that were made wrong on purpose were taken for the right ones."
        return (finding("SAMPLE.DUMMY", procedure=_PROCEDURE, subject=_subject(sample), message=message),)
    found = []
    for done in execution.items:
        for check in done.checks:
            made = _finding(sample, done.item, check)
            if made is not None:
                found.append(made)
    return tuple(found)


def _finding(sample: DrawnSample, item: DrawnItem, check: ItemCheck) -> Finding | None:
    """What one comparison is to the reader; tracing has findings of its own, made when the sample was drawn."""
    if check.outcome == "agrees" or check.check == "trace":
        return None
    what = _OBSERVED if sample.kind == "reserves" and check.check == "ledger" else _ASKED[check.check]
    if check.outcome == "differs":
        code, message = _CODES[check.check], f"The drawn item does not agree with {what}."
    elif check.outcome == "no answer":
        code, message = "SAMPLE.NO_ANSWER", f"There is no answer in {what}: the item counts as a deviation."
    else:
        done = f"an alternative procedure was performed: {check.alternative}. Reason: {check.reason}"
        code, message = "SAMPLE.REPLACED", f"There is no answer in {what}; {done}"
    return finding(
        code,
        procedure=_PROCEDURE,
        subject=f"{_subject(sample)}, item {item.id}, {'extract' if check.check == 'ledger' else 'reply'}",
        message=message,
        expected=check.expected,
        observed=check.observed,
    )


def _subject(sample: DrawnSample) -> str:
    if sample.kind == "reserves":
        return f"addresses of {sample.asset}"
    return f"ledger {sample.ledger}" if sample.kind == "leaves" else f"list {sample.list_name}"


def execution_document(execution: Execution) -> dict[str, Any]:
    """The execution as plain JSON, with its findings and counts: what commands print and journals keep."""
    return {
        "format": FORMAT,
        **msgspec.to_builtins(execution),
        "deviations": str(execution.deviations),
        "findings": [finding_document(item) for item in execution_findings(execution)],
    }


def read_execution(document: Mapping[str, Any]) -> Execution:
    """The reverse of :func:`execution_document`; :class:`SamplingError` ``SAMPLE.DRAWN`` for anything else."""
    try:
        if document.get("format") != FORMAT:
            raise ValueError("another format")
        wanted = {name: document[name] for name in ("sample", "checks", "sources", "fields", "items", "dummyRejected")}
        execution = typed(wanted, Execution)
        consistent(execution.sample)
        if [done.item for done in execution.items] != list(execution.sample.items):
            raise ValueError("its items are not those of its sample")
        return execution
    except (msgspec.ValidationError, KeyError, ValueError, AttributeError) as error:
        raise SamplingError(
            "SAMPLE.DRAWN",
            f"this is no executed sample: {str(error)[:200]}",
            action="Use the file that sample execute wrote.",
        ) from None
