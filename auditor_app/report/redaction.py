"""The redacted version: the same run and papers with identifiers of customers, accounts and addresses masked.

What is masked is decided by where a text comes from, not by how it looks: findings of procedures that read rows or
addresses keep their code, severity and number and lose their words. Amounts per asset, roots and digests stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from auditor_app.chain.ownership.model import OwnershipLine
from auditor_app.engagement.history import History
from auditor_app.engagement.papers import LoggedException, Papers
from auditor_app.engagement.record import Audit, PerformedProcedure
from auditor_app.engagement.sampling_work import SampledWork
from auditor_app.engagement.terms import TEXT_FIELDS, Terms
from auditor_app.errors import NOWHERE
from auditor_app.findings import CATALOGUE, Finding
from auditor_app.report.hiding import hider
from auditor_app.sampling.drawn import DrawnItem
from auditor_app.sampling.execution import ItemCheck

WITHHELD = "withheld"
_IN_FULL = frozenset(
    {
        "engagement",
        "history",
        "container",
        "signatures",
        "freshness",
        "timestamp",
        "totals",
        "coverage",
        "sample-limits",
        "report",
    }
)
"""Procedures whose findings name files, keys, ledgers and assets only, but for those about leaves."""
_OF_LEAVES = "LEAF."
_ROW_PAPERS = ("C", "D", "E", "F")
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Redacted:
    """Run and papers as the redacted version prints them."""

    audit: Audit
    papers: Papers | None
    samples: tuple[SampledWork, ...] = ()
    history: History | None = None


def redacted(
    audit: Audit, papers: Papers | None, samples: Sequence[SampledWork] = (), history: History | None = None
) -> Redacted:
    """The masked run, papers, samples and series; every number, amount, verdict and count is as it was."""
    names = _identifiers(audit, samples, history)
    subjects: dict[tuple[str, str, str], str] = {}
    findings = tuple(_finding(item, place, subjects) for place, item in enumerate(audit.findings, start=1))
    hide = hider(names)
    masked = replace(
        audit,
        findings=findings,
        addresses=tuple(
            replace(line, address=replace(line.address, account=mask_account(line.address.account)))
            for line in audit.addresses
        ),
        funds=tuple(replace(line, account=mask_account(line.account)) for line in audit.funds),
        sample=None
        if audit.sample is None
        else replace(
            audit.sample,
            items=tuple(replace(item, key=WITHHELD, proof=None) for item in audit.sample.items),
            findings=(),
        ),
        ownership=None
        if audit.ownership is None
        else replace(audit.ownership, lines=tuple(_ownership(line) for line in audit.ownership.lines), findings=()),
        procedures=tuple(_procedure(item, audit.findings, hide) for item in audit.procedures),
        limitations=tuple(
            replace(item, subject=hide(item.subject), message=hide(item.message)) for item in audit.limitations
        ),
    )
    shown = None if papers is None else _papers(papers, subjects, hide)
    series = None if history is None else masked_history(history)
    return Redacted(masked, shown, tuple(masked_sample(work) for work in samples), series)


def mask(identifier: str) -> str:
    """``0x12ab…34cd``; a short identifier is withheld whole."""
    return WITHHELD if len(identifier) <= _SHORT else f"{identifier[:6]}…{identifier[-4:]}"


def mask_account(account: str) -> str:
    """A CAIP-10 account with its network in full; an account in the issuer's ledger is withheld."""
    chain, colon, address = account.rpartition(":")
    return f"{chain}{colon}{mask(address)}" if colon else mask(account)


def masked_history(history: History) -> History:
    """The series with addresses masked and digests of signatures withheld; rates, counts, roots and findings stay.

    A list of accounts keeps its length and its order, so that counts agree with those of the full version.
    """
    return replace(
        history,
        movements=tuple(
            replace(item, came=_masked_accounts(item.came), went=_masked_accounts(item.went))
            for item in history.movements
        ),
        repeated=tuple(
            replace(item, sha256=WITHHELD, accounts=_masked_accounts(item.accounts)) for item in history.repeated
        ),
    )


def _masked_accounts(accounts: Sequence[str]) -> tuple[str, ...]:
    return tuple(mask_account(account) for account in accounts)


def _identifiers(audit: Audit, samples: Sequence[SampledWork], history: History | None) -> dict[str, str]:
    """What must not stand anywhere, and what stands in its place."""
    accounts = [line.address.account for line in audit.addresses] + [line.account for line in audit.funds]
    owned = () if audit.ownership is None else audit.ownership.lines
    accounts += [text for line in owned for text in (line.row.account, line.row.address) if text]
    for point in () if history is None else history.points:
        accounts += [*point.accounts, *(account for account, _ in point.signatures)]
    keys = () if audit.sample is None else audit.sample.items
    found = {item.key: WITHHELD for item in keys if item.key}
    for work in samples:
        masked = mask_account if work.sample.kind == "reserves" else _withheld
        found |= {item.key: masked(item.key) for item in work.sample.items if item.key}
        if work.sample.kind == "list":
            found |= {item.id: WITHHELD for item in work.sample.items}
    for account in accounts:
        address = account.rpartition(":")[2]
        found |= {name: mask_account(name) for name in (account, address, address.removeprefix("0x")) if name}
    return found


def _withheld(_: str) -> str:
    return WITHHELD


def masked_sample(work: SampledWork) -> SampledWork:
    """A sample with the identifiers and amounts of its items masked; leaf indices, counts and marks stay."""
    kind = work.sample.kind

    def item(one: DrawnItem, place: int) -> DrawnItem:
        shown = {"leaves": one.id, "list": f"{WITHHELD} ({place})", "reserves": mask_account(one.id)}[kind]
        key = mask_account(one.key) if kind == "reserves" else WITHHELD
        return msgspec.structs.replace(
            one,
            id=shown,
            key=key,
            ticket="" if kind == "list" else one.ticket,
            book={},
            texts={},
            observed=WITHHELD if one.observed else "",
        )

    items = tuple(item(one, place) for place, one in enumerate(work.sample.items, start=1))
    sample = msgspec.structs.replace(work.sample, items=items)
    execution = work.execution
    if execution is not None:
        done = tuple(
            msgspec.structs.replace(was, item=now, found={}, checks=tuple(map(_masked_check, was.checks)))
            for was, now in zip(execution.items, items, strict=True)
        )
        execution = msgspec.structs.replace(execution, sample=sample, items=done)
    conclusion = work.conclusion
    if conclusion is not None and conclusion.monetary is not None:
        monetary = msgspec.structs.replace(conclusion.monetary, taints=())
        conclusion = msgspec.structs.replace(conclusion, monetary=monetary)
    return replace(work, sample=sample, execution=execution, conclusion=conclusion, findings=())


def _masked_check(check: ItemCheck) -> ItemCheck:
    texts = {name: WITHHELD for name in ("expected", "observed", "alternative", "reason") if getattr(check, name)}
    return msgspec.structs.replace(check, **texts)


def _in_full(code: str, procedure: str) -> bool:
    """Whether the words of a finding stay."""
    return procedure in _IN_FULL and not code.startswith(_OF_LEAVES)


def _finding(item: Finding, place: int, subjects: dict[tuple[str, str, str], str]) -> Finding:
    if _in_full(item.code, item.procedure):
        return item
    subject = f"{WITHHELD} ({place})"
    subjects[item.code, item.procedure, item.subject[:5000] or "(no subject)"] = subject
    return Finding(
        item.code,
        item.severity,
        item.procedure,
        subject,
        CATALOGUE[item.code].meaning,
        WITHHELD if item.expected else "",
        WITHHELD if item.observed else "",
        NOWHERE,
    )


def _procedure(item: PerformedProcedure, findings: Iterable[Finding], hide: Callable[[str], str]) -> PerformedProcedure:
    """An outcome repeats the words of its exceptions: where those are withheld, only their number is said."""
    counting = [found for found in findings if found.counts and found.procedure == item.key]
    if all(_in_full(found.code, found.procedure) for found in counting):
        return replace(item, extent=hide(item.extent), outcome=hide(item.outcome))
    noun = "exception was" if len(counting) == 1 else "exceptions were"
    return replace(item, extent=hide(item.extent), outcome=f"{len(counting)} {noun} found, listed under exceptions.")


def _ownership(line: OwnershipLine) -> OwnershipLine:
    row = replace(
        line.row,
        account=mask_account(line.row.account),
        address=mask(line.row.address) if line.row.address else "",
        message=WITHHELD,
        signatures=(),
    )
    note = WITHHELD if line.note else ""
    identity = row.account or WITHHELD
    return replace(line, row=row, identity=identity, note=note, seen_before=WITHHELD if line.seen_before else "")


def _papers(papers: Papers, subjects: Mapping[tuple[str, str, str], str], hide: Callable[[str], str]) -> Papers:
    """Whatever people typed, in the terms and the trail as in the log."""

    def logged(line: LoggedException) -> LoggedException:
        shown = replace(
            line,
            item=hide(line.item),
            expected=hide(line.expected),
            observed=hide(line.observed),
            cause=hide(line.cause),
            response=hide(line.response),
            disposition=hide(line.disposition),
            closing_reason=hide(line.closing_reason),
        )
        if _in_full(line.finding, line.procedure):
            return shown
        item = subjects.get((line.finding, line.procedure, line.item), f"{WITHHELD} (log {line.number})")
        return replace(
            shown,
            item=item,
            expected=WITHHELD if line.expected else "",
            observed=WITHHELD if line.observed else "",
        )

    ticks = tuple(
        replace(tick, item=WITHHELD if tick.paper.startswith(_ROW_PAPERS) else hide(tick.item)) for tick in papers.ticks
    )
    return replace(
        papers,
        terms=_terms(papers.terms, hide),
        procedures=tuple(
            msgspec.structs.replace(item, wording=hide(item.wording), reason=hide(item.reason))
            for item in papers.procedures
        ),
        exceptions=tuple(logged(line) for line in papers.exceptions),
        tickmarks=tuple((mark, hide(meaning)) for mark, meaning in papers.tickmarks),
        ticks=ticks,
        notes=tuple(replace(note, text=hide(note.text), reply=hide(note.reply)) for note in papers.notes),
        amendments=tuple(
            replace(
                item,
                amendment=msgspec.structs.replace(
                    item.amendment, what=hide(item.amendment.what), why=hide(item.amendment.why)
                ),
            )
            for item in papers.amendments
        ),
    )


def _terms(terms: Terms, hide: Callable[[str], str]) -> Terms:
    texts = {name: hide(getattr(terms, name)) for name in TEXT_FIELDS}
    thresholds = {name: hide(text) for name, text in terms.thresholds.items()}
    return msgspec.structs.replace(terms, **texts, thresholds=thresholds)
