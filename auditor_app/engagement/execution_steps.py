"""Letters, execution and evaluation of drawn samples in the journal: what was imported and typed, and what came out.

Each step names the kept result that it works on by digest, so that it can be repeated from the journal and its files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from auditor_app import strict_json
from auditor_app.engagement.actions import RecordSample
from auditor_app.engagement.file import Act, Author
from auditor_app.engagement.papers import Papers, SampleStep
from auditor_app.engagement.sampling_steps import Step, act_of_step, with_files
from auditor_app.engagement.terms import InputReference, InputRole
from auditor_app.errors import EngagementError, SamplingError, UsageError
from auditor_app.files import read_capped
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.sampling.answers import (
    Answers,
    Replacement,
    observed_extract,
    read_extract,
    read_replacements,
    read_replies,
)
from auditor_app.sampling.conclusion import conclude, conclusion_document
from auditor_app.sampling.drawn import read_drawn
from auditor_app.sampling.execution import Execution, execute, execution_document, read_execution
from auditor_app.sampling.letters import (
    Letter,
    Template,
    letters_document,
    merge,
    read_template,
    read_template_file,
    reply_form,
)
from auditor_app.sampling.tables import ImportedTable, read_table_file
from auditor_app.typed import typed

T = TypeVar("T")

Document = Mapping[str, Any]
_LONGEST_PARAMETER = 50_000


@dataclass(frozen=True, slots=True)
class ExecutionAsked:
    """What is imported and typed for an execution.

    ``extract``, ``replies`` and ``alternatives`` are CSV files (docs/sampling.md, "Execution"); what is ``None`` is
    not asked for. ``typed`` are alternatives typed beside an item. ``more_rows``: the extract holds more than the
    sample. ``run`` is the digest of a recorded run's result whose observed balances stand in place of an extract, for
    reserve addresses.
    """

    extract: Path | None = None
    replies: Path | None = None
    alternatives: Path | None = None
    typed: tuple[Replacement, ...] = ()
    more_rows: bool = False
    run: str = ""


@dataclass(frozen=True, slots=True)
class LettersAsked:
    """What is chosen and typed for letters: a template of one's own, contacts, and values that all letters share."""

    template: Path | None = None
    contacts: Path | None = None
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """Letters ready to be written, the template they came from, and a form for the replies."""

    template: Template
    letters: tuple[Letter, ...]
    form: Letter


def digest_of_document(document: Document) -> str:
    """SHA-256 of a result document's canonical bytes: what the journal names it by."""
    return hashlib.sha256(strict_json.canonical(dict(document))).hexdigest()


def last_step(papers: Papers, step: Step, **parameters: str) -> SampleStep | None:
    """The latest step of that kind whose parameters hold these values: ``last_step(papers, "execute", draw=…)``."""
    for item in reversed(papers.samples):
        held = item.action.parameters
        if item.action.step == step and all(held.get(name) == value for name, value in parameters.items()):
            return item
    return None


def executed(
    drawn: Document, asked: ExecutionAsked, token: CancelToken, *, kept: Callable[[str], bytes] | None = None
) -> Operation[Execution]:
    """Execute a drawn sample: ``drawn`` is the draw's document. Nothing is written.

    ``kept`` gives the result that ``asked.run`` names: ``EngagementFile.document``.
    :class:`~auditor_app.errors.SamplingError` names file, row and what to do where a table cannot be used.
    """
    files = {
        role: path
        for role, path in (
            ("ledger extract", asked.extract),
            ("customer replies", asked.replies),
            ("alternative procedures", asked.alternatives),
        )
        if path is not None
    }
    return (yield from _executed(drawn, files, asked, token, names={}, kept=kept))


def _executed(
    drawn: Document,
    files: Mapping[str, Path],
    asked: ExecutionAsked,
    token: CancelToken,
    *,
    names: Mapping[str, str],
    kept: Callable[[str], bytes] | None,
) -> Operation[Execution]:
    """``names`` are the names of files as recorded, which results print."""
    sample = read_drawn(drawn)
    tables: dict[str, ImportedTable] = {}
    for number, (role, path) in enumerate(files.items()):
        token.check()
        yield Progress(number, len(files), "files", f"Reading the {role}")
        tables[role] = read_table_file(path, names.get(role), token)
    extract, replies, alternatives = (
        tables.get(role) for role in ("ledger extract", "customer replies", "alternative procedures")
    )
    token.check()
    yield Progress(0, len(sample.items), "items", "Comparing drawn items")
    from_file = () if alternatives is None else read_replacements(alternatives, sample)
    from_extract = None if extract is None else read_extract(extract, sample, more_rows=asked.more_rows, token=token)
    if asked.run:
        if from_extract is not None or kept is None:
            raise UsageError("USAGE", "an extract and a run's balances do not go together", action="Leave one out.")
        from_extract = observed_extract(_kept(kept, asked.run).get("addresses", ()), sample, asked.run)
    answers = Answers(
        from_extract,
        None if replies is None else read_replies(replies, sample),
        (*from_file, *asked.typed),
    )
    execution = execute(sample, answers)
    yield Progress(len(sample.items), len(sample.items), "items", "Comparing drawn items")
    return execution


def execution_acts(
    papers: Papers,
    drawn: Document,
    asked: ExecutionAsked,
    execution: Execution,
    *,
    author: Author,
    token: CancelToken,
) -> Operation[tuple[Act, ...]]:
    """The acts that record an execution; the journal must hold its draw. Files that changed meanwhile are refused."""
    parameters = {
        "draw": digest_of_document(drawn),
        "alternatives": _typed_alternatives(asked.typed),
        "more-rows": "yes" if asked.more_rows else "",
    }
    if asked.run:
        parameters["run"] = asked.run
    paths: dict[InputRole, Path] = {}
    if asked.extract is not None:
        paths["ledger extract"] = asked.extract
    if asked.replies is not None:
        paths["customer replies"] = asked.replies
    if asked.alternatives is not None:
        paths["alternative procedures"] = asked.alternatives
    document = execution_document(execution)

    def act(files: tuple[InputReference, ...]) -> Act:
        read = {source.sha256 for source in execution.sources} - {asked.run}
        taken = {file.sha256 for file in files if file.role != "alternative procedures"}
        if read != taken:
            raise EngagementError(
                "ENGAGEMENT.INPUT_CHANGED", "an imported table changed while it was used", action="Execute again."
            )
        return act_of_step("execute", parameters, document, author, files=files, commitment=execution.sample.commitment)

    return (yield from with_files(papers, paths, act, token))


def _typed_alternatives(typed: Sequence[Replacement]) -> str:
    if not typed:
        return ""
    text = json.dumps([[one.item, one.check, one.alternative, one.reason] for one in typed], ensure_ascii=False)
    if len(text) > _LONGEST_PARAMETER:
        raise UsageError("USAGE", "too many alternatives were typed", action="Put them into a CSV file and import it.")
    return text


def read_alternatives(text: str) -> tuple[Replacement, ...]:
    """The alternatives typed beside items, from the parameter ``alternatives`` of an execution's entry."""
    if not text:
        return ()
    rows = _parameter(text, tuple[tuple[str, str, str, str], ...], name="alternatives", code="SAMPLE.TABLE")
    return tuple(Replacement(*row) for row in rows)


def _parameter(text: str, kind: type[T], *, name: str, code: str) -> T:
    """A parameter of an entry that holds JSON; the entry may be another's, so its shape is not taken on trust."""
    document = strict_json.parse(text.encode("utf-8"), file=name, code=code, max_bytes=2**20)
    try:
        return typed(document, kind)
    except msgspec.ValidationError as error:
        raise SamplingError(
            code,
            f"the parameter {name} of the entry cannot be read: {error}",
            action="Ask who wrote it, and with what.",
        ) from None


def merged(drawn: Document, asked: LettersAsked) -> Merged:
    """Merge the letters of a drawn sample; nothing is written yet."""
    return _merged(drawn, asked, {})


def _merged(drawn: Document, asked: LettersAsked, names: Mapping[str, str]) -> Merged:
    if asked.template is None:
        template = read_template_file(None)
    else:
        data = read_capped(asked.template, max_bytes=2**20, code="SAMPLE.LETTER")
        template = read_template(data, names.get("letter template", asked.template.name))
    contacts = None
    if asked.contacts is not None:
        contacts = read_table_file(asked.contacts, names.get("letter contacts"))
    sample = read_drawn(drawn)
    letters = merge(sample, template, contacts=contacts, values=dict(asked.values))
    return Merged(template, letters, reply_form(sample))


def letters_acts(
    papers: Papers, drawn: Document, asked: LettersAsked, letters: Merged, *, author: Author, token: CancelToken
) -> Operation[tuple[Act, ...]]:
    """The acts that record which letters were written, by digest."""
    parameters = {
        "draw": digest_of_document(drawn),
        "values": json.dumps(dict(asked.values), ensure_ascii=False, sort_keys=True),
    }
    paths: dict[InputRole, Path] = {}
    if asked.template is not None:
        paths["letter template"] = asked.template
    if asked.contacts is not None:
        paths["letter contacts"] = asked.contacts
    document = letters_document(letters.template, letters.letters)
    commitment = read_drawn(drawn).commitment

    def act(files: tuple[InputReference, ...]) -> Act:
        return act_of_step("letters", parameters, document, author, files=files, commitment=commitment)

    return (yield from with_files(papers, paths, act, token))


def concluded(execution: Document, confidence: str = "") -> dict[str, Any]:
    """The evaluation of an execution's document, as a document; at the committed confidence unless one is typed."""
    return conclusion_document(conclude(read_execution(execution), confidence=confidence))


def conclusion_act(execution: Document, author: Author, confidence: str = "") -> Act:
    """The act that records the evaluation of executed items."""
    parameters = {"execution": digest_of_document(execution), "confidence": confidence}
    commitment = execution["sample"]["commitment"]
    return act_of_step("evaluate", parameters, concluded(execution, confidence), author, commitment=commitment)


def performed_again(
    action: RecordSample,
    inputs: Sequence[InputReference],
    place: Callable[[InputReference], Path],
    kept: Callable[[str], bytes],
    token: CancelToken,
) -> Operation[dict[str, Any] | None]:
    """A letters, execute or evaluate step repeated from kept results and found files; ``None`` for another step."""
    given = action.parameters
    files: dict[str, Path] = {file.role: place(file) for file in inputs}
    names: dict[str, str] = {file.role: file.name for file in inputs}
    if action.step == "execute":
        asked = ExecutionAsked(
            typed=read_alternatives(given.get("alternatives", "")),
            more_rows=given.get("more-rows") == "yes",
            run=given.get("run", ""),
        )
        drawn = _kept(kept, given.get("draw", ""))
        execution = yield from _executed(drawn, files, asked, token, names=names, kept=kept)
        return execution_document(execution)
    if action.step == "letters":
        values = _parameter(given.get("values", "{}"), dict[str, str], name="values", code="SAMPLE.LETTER")
        wanted = LettersAsked(files.get("letter template"), files.get("letter contacts"), tuple(values.items()))
        made = _merged(_kept(kept, given.get("draw", "")), wanted, names)
        return letters_document(made.template, made.letters)
    if action.step == "evaluate" and "execution" in given:
        return concluded(_kept(kept, given["execution"]), given.get("confidence", ""))
    return None


def _kept(kept: Callable[[str], bytes], digest: str) -> dict[str, Any]:
    from auditor_app.engagement.results import read_result

    return read_result(kept(digest))
