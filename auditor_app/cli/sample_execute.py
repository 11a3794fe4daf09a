"""``reserve-auditor sample letters | execute`` and the evaluation of executed items."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auditor_app import strict_json
from auditor_app.cli.engaged import add_engagement_options, author_of, engagement_of, say_recorded
from auditor_app.cli.terminal import add_json_option, drive, emit_json, say, say_findings
from auditor_app.counts import counted
from auditor_app.engagement.execution_steps import (
    ExecutionAsked,
    LettersAsked,
    concluded,
    conclusion_act,
    digest_of_document,
    executed,
    execution_acts,
    last_step,
    letters_acts,
    merged,
)
from auditor_app.engagement.file import EngagementFile
from auditor_app.engagement.results import read_result
from auditor_app.engagement.sampling_steps import Step
from auditor_app.errors import AuditError, Location, SamplingError, UsageError
from auditor_app.files import read_capped
from auditor_app.findings import exit_status
from auditor_app.operation import CancelToken
from auditor_app.sampling.conclusion import Conclusion, read_conclusion
from auditor_app.sampling.execution import TICKMARKS, Execution, execution_document, execution_findings
from auditor_app.sampling.letters import letters_document, write_letters
from auditor_app.sampling.records import write_document

FROM_JOURNAL = ""
"""``--execution`` without a file: the last one of the engagement."""
_MAX_BYTES = 256 * 2**20


def add(verbs: Any) -> None:
    """Add ``letters`` and ``execute``."""
    _add_letters(verbs.add_parser("letters", help="merge a letter to the customer of each drawn item"))
    _add_execute(verbs.add_parser("execute", help="compare drawn items with an imported extract and with replies"))


def _add_drawn(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "drawn",
        nargs="?",
        type=Path,
        metavar="DRAWN",
        help="the file of sample draw -o; without one the last draw of the engagement",
    )


def _add_letters(parser: argparse.ArgumentParser) -> None:
    _add_drawn(parser)
    parser.add_argument("--template", type=Path, metavar="TXT", help="text with fields such as {{key}}; else our own")
    parser.add_argument("--contacts", type=Path, metavar="CSV", help="item or key, and a column for each further field")
    parser.add_argument("--value", action="append", default=[], metavar="FIELD=TEXT", help="the same in every letter")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="a folder that is not there")
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_letters)


def _add_execute(parser: argparse.ArgumentParser) -> None:
    _add_drawn(parser)
    parser.add_argument(
        "--observed", action="store_true", help="for reserve addresses: the balances of the engagement's last run"
    )
    parser.add_argument("--extract", type=Path, metavar="CSV", help="item or key, and columns named like the ledger's")
    parser.add_argument(
        "--replies", type=Path, metavar="CSV", help="item or key, answer (agrees|differs|none), amounts"
    )
    parser.add_argument("--alternatives", type=Path, metavar="CSV", help="item or key, check, alternative, reason")
    parser.add_argument("--more-rows", action="store_true", help="the extract holds more than the sample")
    parser.add_argument("-o", "--output", type=Path, metavar="EXECUTED", help="write the executed sample here")
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_execute)


@contextmanager
def taken_back(output: Path | None) -> Iterator[None]:
    """Nothing is left behind where the engagement refuses to record it."""
    try:
        yield
    except AuditError:
        if output is not None and output.is_dir():
            shutil.rmtree(output)
        elif output is not None:
            output.unlink(missing_ok=True)
        raise


def _document(path: Path | None, book: EngagementFile | None, step: Step) -> dict[str, Any]:
    """A result from its file, or the engagement's last one of that step."""
    if path is not None:
        data = read_capped(path, max_bytes=_MAX_BYTES, code="SAMPLE.DRAWN")
        parsed = strict_json.parse(data, file=path.name, code="SAMPLE.DRAWN", max_bytes=_MAX_BYTES)
        if not isinstance(parsed, dict):
            raise SamplingError(
                "SAMPLE.DRAWN", "this is no sample", at=Location(path.name), action="Name the right file."
            )
        printed_beside = ("findings",) if parsed.get("kind") == "leaves" else ("sha256",)
        return {name: value for name, value in parsed.items() if name not in printed_beside}
    held = None if book is None else last_step(book.papers, step)
    if book is None or held is None:
        what = "drawn" if step == "draw" else "executed"
        raise UsageError("USAGE", f"no {what} sample is named", action=f"Name the file of sample {step} -o.")
    return read_result(book.document(held.action.result))


def _letters(options: argparse.Namespace) -> int:
    with engagement_of(options) as book:
        drawn = _document(options.drawn, book, "draw")
        asked = LettersAsked(options.template, options.contacts, _values(options.value, book))
        letters = merged(drawn, asked)
        write_letters((*letters.letters, letters.form), options.output)
        with taken_back(options.output):
            if book is not None:
                acts = letters_acts(book.papers, drawn, asked, letters, author=author_of(options), token=CancelToken())
                say_recorded(book.record(*drive(acts)))
    emit_json(options.json, letters_document(letters.template, letters.letters))
    say(
        f"{counted(len(letters.letters), 'letter')} in {options.output}, and {letters.form.file} to fill in as replies come"
    )
    return 0


def _values(typed: list[str], book: EngagementFile | None) -> tuple[tuple[str, str], ...]:
    """Typed values over those that the engagement's terms supply."""
    values = {} if book is None else {"client": book.papers.terms.client, "firm": book.papers.terms.firm}
    for item in typed:
        name, equals, text = item.partition("=")
        if not equals:
            raise UsageError("USAGE", "--value takes FIELD=TEXT", observed=item[:40])
        values[name] = text
    return tuple(values.items())


def _execute(options: argparse.Namespace) -> int:
    with engagement_of(options) as book:
        asked = ExecutionAsked(
            options.extract,
            options.replies,
            options.alternatives,
            more_rows=options.more_rows,
            run=_last_run(book) if options.observed else "",
        )
        drawn = _document(options.drawn, book, "draw")
        kept = None if book is None else book.document
        execution = drive(executed(drawn, asked, CancelToken(), kept=kept))
        document = execution_document(execution)
        if options.output is not None:
            write_document(options.output, document)
        with taken_back(options.output):
            if book is not None:
                author, token = author_of(options), CancelToken()
                acts = execution_acts(book.papers, drawn, asked, execution, author=author, token=token)
                say_recorded(book.record(*drive(acts)))
    findings = execution_findings(execution)
    emit_json(options.json, {**document, "sha256": digest_of_document(document)})
    _say_execution(execution)
    say_findings(findings)
    return exit_status(findings)


def _last_run(book: EngagementFile | None) -> str:
    if book is None or not book.papers.runs:
        raise UsageError("USAGE", "no run is recorded", action="Record one: verify --engagement FILE.")
    return book.papers.runs[-1].action.result


def _say_execution(execution: Execution) -> None:
    say(f"{execution.deviations:,} of {len(execution.items):,} items deviate")
    for check in execution.checks:
        counts = ", ".join(
            f"{execution.count(check, outcome):,} {outcome}"
            for outcome in ("agrees", "differs", "no answer", "replaced")
            if execution.count(check, outcome)
        )
        say(f"  {check:<13} {counts}")
    for item in execution.items:
        key = "" if item.item.key == item.item.id else item.item.key
        say(f"  {item.item.id:>12}  {key:<64}  {' '.join(item.tickmarks)}")
    used = {mark for item in execution.items for mark in item.tickmarks}
    for mark, meaning in TICKMARKS.items():
        if mark in used:
            say(f"  {mark}  {meaning}")


def evaluate(options: argparse.Namespace) -> int:
    """``sample evaluate --execution``."""
    with engagement_of(options) as book:
        path = None if options.execution == FROM_JOURNAL else Path(options.execution)
        execution = _document(path, book, "execute")
        document = concluded(execution, options.confidence or "")
        if book is not None:
            say_recorded(book.record(conclusion_act(execution, author_of(options), options.confidence or "")))
    emit_json(options.json, document)
    _say_conclusion(read_conclusion(document))
    return 0


def _say_conclusion(found: Conclusion) -> None:
    allowed = "these are too few" if found.allowed_deviations == "-1" else f"the plan allows {found.allowed_deviations}"
    say(f"{found.deviations} of {found.size} items deviate; {allowed}")
    say(f"  most likely rate        {found.most_likely_rate}")
    say(f"  upper limit             {found.upper_limit} at {found.confidence}")
    for part in found.strata:
        say(f"  {part.label:<40} {part.deviations} of {part.size}, upper limit {part.upper_limit} at {part.confidence}")
    if found.monetary is not None:
        say(f"  most likely misstatement {found.monetary.most_likely} {found.monetary.asset}")
        say(f"  upper bound              {found.monetary.upper_bound} {found.monetary.asset}")
        say(f"  understatement bound     {found.monetary.understatement_bound} {found.monetary.asset}")
    say("Under agreed-upon procedures, print none of this unless computing it is itself an agreed procedure.")
