"""One pass over one ledger: grammar, counts, order, repeated ids, exact totals, and every commitment's root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from auditor_app.amounts import Amount
from auditor_app.errors import LedgerError
from auditor_app.findings import Finding, Limitation, from_error, limitation
from auditor_app.ledger.checks import LedgerTally
from auditor_app.ledger.duplicates import DuplicateSearch, duplicate_finding, keyed_fingerprints
from auditor_app.ledger.grammar import Grammar
from auditor_app.ledger.parts import count_rows
from auditor_app.ledger.scan import PartTally, scan_blocks
from auditor_app.ledger.source import LedgerPart, LedgerSource, rows_read
from auditor_app.merkle.compare import compare_roots, compare_totals, root_findings, total_findings
from auditor_app.merkle.compiled_pass import Declined, is_worth_it, read_compiled
from auditor_app.merkle.limitations import scheme_limitations
from auditor_app.merkle.result import ColumnTotal, LedgerResult
from auditor_app.merkle.tree_job import TreeJob
from auditor_app.merkle.warm import FEWEST_ROWS, readiness
from auditor_app.operation import CancelToken, Operation
from auditor_app.snapshot.statement import Commitment

if TYPE_CHECKING:
    from auditor_app.merkle.fast.reading import FastRead
    from auditor_app.merkle.fast.search import FastDuplicateSearch


@dataclass(frozen=True, slots=True)
class RootResult:
    """A root and totals recalculated from a ledger about which nothing was published."""

    scheme: str
    root: str | None
    row_count: int
    totals: tuple[ColumnTotal, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


def recompute(
    source: LedgerSource,
    commitments: Sequence[Commitment],
    *,
    totals: Mapping[str, str] | None,
    typed_root: str | None,
    token: CancelToken,
) -> Operation[LedgerResult]:
    """Read the whole ledger once and recalculate everything that was published about it.

    ``totals`` maps assets to published base units, ``typed_root`` is the root typed from the exchange's own
    publication. Ids that repeat, rows out of order and rules that must know the leaf count beforehand cost a second
    pass. A breach of the grammar ends in a result with one critical finding; other errors (an unreadable or changing
    file, a member whose digest differs) are raised.
    """
    jobs = [TreeJob.prepared(source, item.scheme, item.parameters) for item in commitments]
    try:
        tally, repeated = yield from _all_passes(source, jobs, token)
    except LedgerError as error:
        if error.code != "SNAPSHOT.GRAMMAR":
            raise
        return _refused(source, commitments, jobs, typed_root, error)
    roots = [(job.digest_bits, job.root) for job in jobs]
    checks = compare_roots(source.name, commitments, roots, tally.rows, typed_root)
    held = _column_totals(source, tally)
    total_checks = compare_totals(source, held, totals)
    found = [*tally.findings(), *repeated]
    for job, check in zip(jobs, checks, strict=True):
        found += [*job.findings, *root_findings(check)]
    return LedgerResult(
        source.name,
        tally.rows,
        held,
        total_checks,
        checks,
        tuple(job.tree for job in jobs if job.tree is not None),
        (*found, *total_findings(total_checks)),
        _limitations(source, jobs, tally.rows),
    )


def recompute_root(
    source: LedgerSource, scheme: str, parameters: Mapping[str, str], token: CancelToken
) -> Operation[RootResult]:
    """The root and totals of a ledger by one scheme; whatever makes the input unusable is raised, not found."""
    job = TreeJob.prepared(source, scheme, parameters)
    _raise_unless_empty(job)
    tally, repeated = yield from _all_passes(source, [job], token)
    _raise_unless_empty(job)
    found = (*tally.findings(), *repeated, *job.findings)
    return RootResult(
        scheme, job.root, tally.rows, _column_totals(source, tally), found, _limitations(source, [job], tally.rows)
    )


def _raise_unless_empty(job: TreeJob) -> None:
    """Raise what stopped the tree; a ledger without rows is a finding, not a refusal."""
    if job.stopped is not None and job.stopped.code != "LEDGER.EMPTY":
        raise job.stopped


# ---- the pass


def _all_passes(
    source: LedgerSource, jobs: Sequence[TreeJob], token: CancelToken
) -> Operation[tuple[LedgerTally, tuple[Finding, ...]]]:
    """The pass over the ledger, the search for repeated ids, and another pass where a rule needs one."""
    tally, search, notes = yield from _read(source, jobs, token)
    repeated = yield from _duplicates(source, tally, search, token)
    for job in jobs:
        if job.needs_another_pass(tally.rows):
            yield from _read_again(job, tally.rows, token)
        job.finish(tally)
    return tally, (*notes, *repeated)


_Read = tuple[LedgerTally, "DuplicateSearch | FastDuplicateSearch | None", tuple[Finding, ...]]


def _read(source: LedgerSource, jobs: Sequence[TreeJob], token: CancelToken) -> Operation[_Read]:
    """Scan every part and feed every tree: with compiled code where it is worth it, else row by row."""
    parts = source.parts(token)
    first = next(parts, None)
    notes: tuple[Finding, ...] = ()
    if first is not None:
        quick = is_worth_it(first)
        parts = chain([first], parts)
        del first
        if quick:
            read = yield from _read_quickly(source, jobs, parts, token)
            if not isinstance(read, Declined):
                return read.tally, read.search, notes
            notes = read.findings
            parts = source.parts(token)
    tally, search = yield from _read_by_reference(source, jobs, parts, token)
    return tally, search, notes


def _read_quickly(
    source: LedgerSource, jobs: Sequence[TreeJob], parts: Iterator[LedgerPart], token: CancelToken
) -> Operation[FastRead | Declined]:
    """The pass with compiled code; rules that must know the leaf count are told it first."""
    if any(job.needs_another_pass(0) and job.leaf_count is None for job in jobs):
        rows = yield from _count_rows(source, token)
        for job in jobs:
            if job.needs_another_pass(rows):
                job.bind(rows)
    active = [(job, job.builder.rule) for job in jobs if job.builder is not None and job.stopped is None]
    compare_ids = source.order == "tree" and _ids_are_unique(jobs)
    read = yield from read_compiled(
        source, parts, [(rule, job.leaf_count) for job, rule in active], token, compare_ids=compare_ids
    )
    if not isinstance(read, Declined):
        for (job, _), tree in zip(active, read.trees, strict=True):
            job.quick = tree
    return read


def _count_rows(source: LedgerSource, token: CancelToken) -> Operation[int]:
    """Rows of a ledger that nobody declared, counted by their LFs."""
    rows = size = 0
    for part in source.parts(token):
        rows += count_rows(part.data)
        size += len(part.data)
        yield rows_read(source, rows, size, "counting rows")
    return rows


def _read_by_reference(
    source: LedgerSource, jobs: Sequence[TreeJob], parts: Iterator[LedgerPart], token: CancelToken
) -> Operation[tuple[LedgerTally, DuplicateSearch | None]]:
    """The pass row by row, in blocks."""
    grammar = Grammar.of(source.columns)
    tally = LedgerTally(source, grammar)
    search = DuplicateSearch(keyed_fingerprints()) if source.order == "tree" and _ids_are_unique(jobs) else None
    size = 0
    for part in parts:
        part_tally = PartTally(part, grammar)
        for block in scan_blocks(part, grammar):
            token.check()
            part_tally.add(block)
            if search is not None:
                search.add([cells[0] for cells in block.cells])
            for job in jobs:
                job.feed(block)
            size += len(block.data)
            yield rows_read(source, block.first_row + len(block.cells), size, "hashing leaves")
        tally.add(part, part_tally.result())
    return tally, search


def _read_again(job: TreeJob, rows: int, token: CancelToken) -> Operation[None]:
    """Build one tree whose rule had to know the leaf count, now that the rows are counted."""
    source = job.source
    grammar = Grammar.of(source.columns)
    quick = job.quick is not None
    job.quick = None
    job.bind(rows)
    if quick and not isinstance((yield from _read_quickly(source, [job], source.parts(token), token)), Declined):
        return
    size = 0
    for part in source.parts(token):
        for block in scan_blocks(part, grammar):
            token.check()
            job.feed(block)
            size += len(block.data)
            yield rows_read(source, block.first_row + len(block.cells), size, "hashing leaves with their depth")


def _ids_are_unique(jobs: Sequence[TreeJob]) -> bool:
    """Whether ids must be unique: some scheme says so, or no known scheme says otherwise."""
    known = [job.scheme.properties.unique_ids for job in jobs if job.scheme is not None]
    return any(known) or not known


def _duplicates(
    source: LedgerSource,
    tally: LedgerTally,
    search: DuplicateSearch | FastDuplicateSearch | None,
    token: CancelToken,
) -> Operation[tuple[Finding, ...]]:
    """Trace repeated fingerprints back to ids; a ledger in strict order needs no search."""
    if tally.ordered:
        return ()
    if search is None:
        if source.order != "id-ascending":
            return ()
        search = yield from _collect_ids(source, tally, token)
    item = duplicate_finding(source, (yield from search.trace(source, token)))
    return () if item is None else (item,)


def _collect_ids(
    source: LedgerSource, tally: LedgerTally, token: CancelToken
) -> Operation[DuplicateSearch | FastDuplicateSearch]:
    """The fingerprints of a ledger that should have been in order and is not."""
    search: DuplicateSearch | FastDuplicateSearch = DuplicateSearch(keyed_fingerprints())
    if tally.rows >= FEWEST_ROWS and readiness().ready:
        from auditor_app.merkle.fast.search import FastDuplicateSearch

        search = FastDuplicateSearch()
    yield from search.collect(source, token)
    return search


# ---- after the pass


def _column_totals(source: LedgerSource, tally: LedgerTally) -> tuple[ColumnTotal, ...]:
    """Exact sums as amounts."""
    grammar = Grammar.of(source.columns)
    return tuple(
        ColumnTotal(source.columns[position].name, Amount(sums.total, scale), Amount(sums.negatives, scale))
        for position, scale, sums in zip(grammar.amounts, grammar.scales, tally.sums(), strict=True)
    )


def _limitations(source: LedgerSource, jobs: Sequence[TreeJob], rows: int | None = None) -> tuple[Limitation, ...]:
    """What this ledger's procedures could not have shown."""
    subject = f"ledger {source.name}"
    found = [limitation("COMPLETENESS", subject=subject), limitation("ID_UNIQUENESS", subject=subject)]
    for job in jobs:
        if job.scheme is not None:
            found += scheme_limitations(job.scheme, job.subject, rows)
    return tuple(found)


def _refused(
    source: LedgerSource,
    commitments: Sequence[Commitment],
    jobs: Sequence[TreeJob],
    typed_root: str | None,
    error: LedgerError,
) -> LedgerResult:
    """The result for a ledger that breaks its grammar: where, and nothing recalculated."""
    nothing = [(job.digest_bits, None) for job in jobs]
    checks = compare_roots(source.name, commitments, nothing, 0, typed_root)
    item = from_error(error, procedure="ledger", subject=f"ledger {source.name}")
    return LedgerResult(source.name, 0, (), (), checks, (), (item,), _limitations(source, jobs), complete=False)
