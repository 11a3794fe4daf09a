"""One sample of the engagement's journal on paper: what was committed, drawn, asked, answered, and how it came out.

Limits and projections are printed only where computing them is itself an agreed procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from auditor_app.amounts import Amount
from auditor_app.engagement.sampling_work import SampledWork, title_of
from auditor_app.report.blocks import (
    Cell,
    Column,
    Given,
    Heading,
    Inline,
    Mark,
    Newline,
    PageBlock,
    Paragraph,
    Said,
    Table,
    code,
    digits,
    given,
    quantity,
    said,
)
from auditor_app.report.legible import fours
from auditor_app.report.quantities import count_text, grouped_decimal, plural
from auditor_app.sampling.conclusion import Conclusion
from auditor_app.sampling.drawn import DrawnItem, DrawnSample, Stratum
from auditor_app.sampling.execution import TICKMARKS, ExecutedItem, Execution, ItemCheck, Outcome

_TICKET_DIGITS = 16
_ABOUT = 6
_FACTS = (Column("Plan and selection", 1), Column("As recorded", 3))
_CHECKS = {
    "trace": "Traced",
    "ledger": "Extract of the exchange's ledger",
    "confirmation": "Customers' replies",
}
_OBSERVED = "Extract of observed balances"
_RULES = {"pooled": "all strata together", "separate": "each stratum by itself, weighted by population"}
_METHODS = {
    "attribute-hypergeometric": "attribute, hypergeometric",
    "attribute-binomial": "attribute, binomial",
    "attribute-poisson": "attribute, Poisson",
    "monetary-fixed-interval": "monetary units, fixed interval",
    "monetary-cell": "monetary units, cell",
    "monetary-random": "monetary units, random",
}
Row = tuple[Cell, ...]
_SELECTION = "Rivest's sampler over the seed: the smallest tickets, of each stratum where there are strata"


def work_blocks(work: SampledWork, typed: Callable[[str], Cell], *, limits: bool) -> list[PageBlock]:
    """Everything of one sample; ``typed`` makes a cell of what a person typed."""
    sample = work.sample
    blocks: list[PageBlock] = [
        Heading(2, _heading(sample)),
        Table(_FACTS, tuple(_facts(work)), labels=True),
        *strata_blocks(sample.strata),
        Table(*_items(work), "tiny"),
    ]
    if work.execution is not None:
        blocks += _execution(work.execution, typed)
    if limits and work.conclusion is not None:
        blocks += _limits(work.conclusion)
    return blocks


def _heading(sample: DrawnSample) -> str:
    return {"leaves": "Sample of leaves", "list": "Reciprocal sample", "reserves": "Sample of reserve addresses"}[
        sample.kind
    ]


def _facts(work: SampledWork) -> list[Row]:
    sample = work.sample
    dummy: Inline = (
        Mark("agrees", "Rejected, as it must be") if sample.dummy_rejected else Mark("exception", "Accepted: defect")
    )
    rows: list[Row] = [(said("Population"), (Given(title_of(sample)), Said(f", {_population(sample)}")))]
    if sample.root:
        rows.append((said("Scheme and published root"), (*given(f"{sample.scheme} "), *digits(sample.root))))
    if sample.list_sha256:
        rows.append((said("List SHA-256"), digits(sample.list_sha256)))
    if sample.monetary:
        rows.append(
            (said("Total and interval"), given(f"{_exact(sample.total)} and {_exact(sample.interval)} {sample.asset}"))
        )
    rows += [
        (said("Method"), said(_METHODS.get(sample.method, sample.method))),
        (said("Confidence, tolerable, expected"), given(f"{sample.confidence}, {sample.tolerable}, {sample.expected}")),
        (
            said("Size"),
            said(f"{_size(sample)}, {plural(int(sample.allowed_deviations), 'deviation')} allowed"),
        ),
        (said("Committed at"), given(sample.committed_at)),
        (said("Commitment SHA-256"), digits(sample.commitment)),
        (said("Source named beforehand"), given(sample.source)),
        (said("Randomness"), code(sample.randomness)),
        (said("Seed"), code(sample.seed)),
        *([] if sample.monetary else [(said("Selection"), said(_SELECTION))]),
        (said("Drawn"), given(f"{work.drawn.at}, {work.drawn.person}")),
        (said("Dummy"), (dummy,)),
    ]
    if work.letters:
        rows.append((said("Letters"), said(f"{plural(work.letters, 'letter')} to customers merged")))
    return rows


def _size(sample: DrawnSample) -> str:
    drawn = len(sample.items)
    if sample.monetary:
        return f"{plural(int(sample.size), 'monetary unit')} in {plural(drawn, 'account')}"
    return f"{plural(int(sample.size), 'item')} planned, {count_text(drawn)} drawn"


def _population(sample: DrawnSample) -> str:
    nouns = {"leaves": ("leaf", "leaves"), "list": ("item", "items"), "reserves": ("account", "accounts")}[sample.kind]
    return plural(int(sample.population), *nouns)


def _exact(fraction: str) -> str:
    """An exact amount: decimal where it has one of at most 30 places, else about, with the fraction beside it."""
    value = Fraction(fraction)
    for places in range(31):
        if (value * 10**places).denominator == 1:
            return grouped_decimal(Amount(int(value * 10**places), places).plain()) or fraction
    return f"about {grouped_decimal(Amount(round(value * 10**_ABOUT), _ABOUT).plain())} (exactly {fraction})"


def _share(fraction: str) -> str:
    """A rate in percent."""
    about, _, exactly = _exact(str(Fraction(fraction) * 100)).partition(" (")
    return f"{about} % (exactly {fraction})" if exactly else f"{about} %"


def strata_blocks(strata: Sequence[Stratum]) -> list[PageBlock]:
    """The committed strata with their sizes; nothing where there are none."""
    if not strata:
        return []
    rows = tuple(
        (
            quantity(count_text(number)),
            given(item.label),
            quantity(count_text(int(item.population))),
            quantity(count_text(int(item.size))),
        )
        for number, item in enumerate(strata, start=1)
    )
    columns = (
        Column("Stratum", 0.5, "right"),
        Column("Leaves with a balance in", 2.4),
        Column("Population", 0.8, "right"),
        Column("Committed size", 0.8, "right"),
    )
    return [Table(columns, rows, "small")]


def _items(work: SampledWork) -> tuple[tuple[Column, ...], tuple[Row, ...]]:
    """The drawn items with their marks; leaves by index and ticket, listed items and addresses by name and amount."""
    sample = work.sample
    done = {} if work.execution is None else {item.item.id: item for item in work.execution.items}
    if sample.kind == "leaves":
        columns = (
            Column("No.", 0.24, "right"),
            Column("Leaf (stratum)" if sample.strata else "Leaf index", 0.56, "right"),
            Column("Ticket (first digits)", 0.9),
            Column("Key as read", 2.52),
            Column("Marks", 0.6),
        )
        return columns, tuple(_leaf(n, item, done.get(item.id)) for n, item in enumerate(sample.items, start=1))
    columns = (
        Column("No.", 0.24, "right"),
        Column("Account" if sample.kind == "reserves" else "Item and key", 2.95),
        Column("Claimed" if sample.kind == "reserves" else "As listed", 1.15, "right"),
        Column("Units" if sample.kind == "reserves" else "Ledger", 0.62),
        Column("Marks", 0.5),
    )
    return columns, tuple(_other(n, item, done.get(item.id), sample) for n, item in enumerate(sample.items, start=1))


def _leaf(number: int, item: DrawnItem, done: ExecutedItem | None) -> Row:
    ticket = fours(item.ticket[:_TICKET_DIGITS])
    return quantity(count_text(number)), code(_stratified(item)), code(ticket), code(item.key), _marks(item, done)


def _stratified(item: DrawnItem) -> str:
    return item.id if item.stratum is None else f"{item.id} ({item.stratum + 1})"


def _other(number: int, item: DrawnItem, done: ExecutedItem | None, sample: DrawnSample) -> Row:
    amount = _amount(item, named=sample.kind == "list")
    if sample.kind == "reserves":
        named, beside = code(item.id), said(f"{item.times}, certain" if item.certain else str(item.times))
    else:
        named = (*code(item.id), Newline(), *code(item.key))
        beside = given(item.observed)
    return quantity(count_text(number)), named, amount, beside, _marks(item, done)


def _amount(item: DrawnItem, *, named: bool) -> Cell:
    """What the item says of itself; the asset on its own line where each item names one."""
    cells: list[Inline] = []
    for asset, text in item.book.items():
        cells += quantity(grouped_decimal(text))
        if named:
            cells += [Newline(), Given(asset, "muted")]
    return tuple(cells) or quantity(None)


def _marks(item: DrawnItem, done: ExecutedItem | None) -> Cell:
    """The tickmarks, red where the item deviates; before any execution only whether it was traced."""
    if done is None:
        return (Mark("agrees", "ET") if item.reached else Mark("exception", "ED"),)
    return (Mark("exception" if done.deviates else "agrees", " ".join(done.tickmarks)),)


def _execution(execution: Execution, typed: Callable[[str], Cell]) -> list[PageBlock]:
    outcomes: tuple[Outcome, ...] = ("agrees", "differs", "no answer", "replaced")
    rows = tuple(
        (
            said(_compared_with(execution.sample, check)),
            *(quantity(count_text(execution.count(check, outcome))) for outcome in outcomes),
            _source(execution, check),
        )
        for check in execution.checks
    )
    columns = (
        Column("Compared with", 1.3),
        Column("Agrees", 0.5, "right"),
        Column("Differs", 0.5, "right"),
        Column("No answer", 0.55, "right"),
        Column("Replaced", 0.55, "right"),
        Column("File and SHA-256", 2.2),
    )
    summary = f"{plural(execution.deviations, 'item')} of {count_text(len(execution.items))} deviated. A missing answer counts as a deviation unless it was replaced."
    blocks: list[PageBlock] = [Paragraph(said(summary)), Table(columns, rows, "small")]
    sample = execution.sample
    listed = tuple(
        _apart(sample, item, check, typed)
        for item in execution.items
        for check in item.checks
        if check.outcome != "agrees"
    )
    if listed:
        apart = (
            Column("Item", 1),
            Column("Compared with", 1),
            Column("Expected", 1.2),
            Column("Observed, or in its place", 1.8),
        )
        blocks.append(Table(apart, listed, "small"))
    return blocks


def _source(execution: Execution, check: str) -> Cell:
    source = next((item for item in execution.sources if item.check == check), None)
    if source is None:
        return said("—", "muted")
    return (Given(f"{source.name}, {source.rows} items"), Newline(), *digits(source.sha256))


def _compared_with(sample: DrawnSample, check: str) -> str:
    return _OBSERVED if sample.kind == "reserves" and check == "ledger" else _CHECKS[check]


def _apart(sample: DrawnSample, item: ExecutedItem, check: ItemCheck, typed: Callable[[str], Cell]) -> Row:
    if check.outcome == "replaced":
        observed: Cell = (*typed(check.alternative), Newline(), Said("Reason: ", "muted"), *typed(check.reason))
    elif check.outcome == "no answer":
        observed = (Said("No answer"), *((Newline(), Given(check.observed)) if check.observed else ()))
    else:
        observed = given(check.observed)
    return (
        code(item.item.id),
        (Said(check.tickmark, "strong"), Said(f" {_compared_with(sample, check.check)}")),
        given(check.expected),
        observed,
    )


def _allowed(found: Conclusion) -> str:
    allowed = int(found.allowed_deviations)
    return f"{count_text(allowed)} allowed" if allowed >= 0 else "too few items to allow any number"


def _limits(found: Conclusion) -> list[PageBlock]:
    """What the agreed procedure computes; the caller made sure that it was agreed."""
    rows: list[Row] = [
        (
            said("Deviations"),
            said(f"{count_text(int(found.deviations))} of {count_text(int(found.size))}, {_allowed(found)}"),
        ),
        (said("Most likely rate"), given(_share(found.most_likely_rate))),
        (said("Upper limit"), given(f"{found.upper_limit} at confidence {found.confidence}")),
    ]
    if found.limit_rule:
        rows.append((said("Limit over strata"), said(_RULES[found.limit_rule])))
    rows += [
        (
            given(part.label),
            given(f"{part.deviations} of {part.size}, upper limit {part.upper_limit} at {part.confidence}"),
        )
        for part in found.strata
    ]
    money = found.monetary
    if money is not None:
        rows += [
            (
                said("Inspected whole"),
                given(
                    f"{plural(int(money.certain_items), 'item')}, {_exact(money.certain_book)} {money.asset}; not extrapolated"
                ),
            ),
            (said("Most likely misstatement"), given(f"{_exact(money.most_likely)} {money.asset}")),
            (said("Upper bound (Stringer)"), given(f"{money.upper_bound} {money.asset}")),
            (said("Bound of understatement"), given(f"{money.understatement_bound} {money.asset}")),
        ]
        rows += [(code(taint.item), given(f"taint {taint.taint}")) for taint in money.taints]
    return [
        Heading(2, "Limits, as agreed"),
        Table((Column("Calculated", 1), Column("Result", 3)), tuple(rows), labels=True),
    ]


def tickmark_legend(works: Sequence[SampledWork]) -> list[PageBlock]:
    """The marks that are used, one meaning each."""
    used = {"ET", "ED"} | {
        mark for work in works if work.execution is not None for item in work.execution.items for mark in item.tickmarks
    }
    rows = tuple((said(mark, "strong"), said(meaning)) for mark, meaning in TICKMARKS.items() if mark in used)
    return [Heading(2, "Marks"), Table((Column("Mark", 0.4), Column("Meaning", 4)), rows, "small")]
