"""The redacted version: the same run and papers with identifiers of customers, accounts and addresses masked.

What is masked is decided by where a text comes from, not by how it looks: findings of procedures that read rows or
addresses keep their code, severity and number and lose their words. Amounts per asset, roots and digests stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from auditor_app.chain.ownership.model import OwnershipLine
from auditor_app.engagement.papers import LoggedException, Papers
from auditor_app.engagement.record import Audit, PerformedProcedure
from auditor_app.errors import NOWHERE
from auditor_app.findings import CATALOGUE, Finding

WITHHELD = "withheld"
_IN_FULL = frozenset(
    {"engagement", "history", "container", "signatures", "freshness", "timestamp", "totals", "coverage", "report"}
)
"""Procedures whose findings name files, keys, ledgers and assets only."""
_ROW_PAPERS = ("C", "D", "E", "F")
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Redacted:
    """Run and papers as the redacted version prints them."""

    audit: Audit
    papers: Papers | None


def redacted(audit: Audit, papers: Papers | None) -> Redacted:
    """The masked run and papers; every number, amount, verdict and count is as it was."""
    names = _identifiers(audit)
    subjects: dict[tuple[str, str, str], str] = {}
    findings = tuple(_finding(item, place, subjects) for place, item in enumerate(audit.findings, start=1))
    hide = _hider(names)
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
    return Redacted(masked, None if papers is None else _papers(papers, subjects, hide))


def mask(identifier: str) -> str:
    """``0x12ab…34cd``; a short identifier is withheld whole."""
    return WITHHELD if len(identifier) <= _SHORT else f"{identifier[:6]}…{identifier[-4:]}"


def mask_account(account: str) -> str:
    """A CAIP-10 account with its network in full; an account in the issuer's ledger is withheld."""
    chain, colon, address = account.rpartition(":")
    return f"{chain}{colon}{mask(address)}" if colon else mask(account)


def _identifiers(audit: Audit) -> dict[str, str]:
    """What must not stand anywhere: longest first, so that no part of one is left of another."""
    accounts = [line.address.account for line in audit.addresses] + [line.account for line in audit.funds]
    owned = () if audit.ownership is None else audit.ownership.lines
    accounts += [text for line in owned for text in (line.row.account, line.row.address) if text]
    keys = () if audit.sample is None else audit.sample.items
    found = {item.key: WITHHELD for item in keys if item.key}
    for account in accounts:
        if account:
            found[account] = mask_account(account)
            found[account.rpartition(":")[2]] = mask(account.rpartition(":")[2])
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def _hider(names: Mapping[str, str]) -> Callable[[str], str]:
    def hide(text: str) -> str:
        for name, shown in names.items():
            if name in text:
                text = text.replace(name, shown)
        return text

    return hide


def _finding(item: Finding, place: int, subjects: dict[tuple[str, str, str], str]) -> Finding:
    if item.procedure in _IN_FULL:
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
    counting = Counter(found.procedure for found in findings if found.counts)[item.key]
    if item.key in _IN_FULL or not counting:
        return replace(item, extent=hide(item.extent), outcome=hide(item.outcome))
    noun = "exception was" if counting == 1 else "exceptions were"
    return replace(item, extent=hide(item.extent), outcome=f"{counting} {noun} found, listed under exceptions.")


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
        if line.procedure in _IN_FULL:
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
    return replace(papers, exceptions=tuple(logged(line) for line in papers.exceptions), ticks=ticks)
