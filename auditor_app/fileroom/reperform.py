"""Re-performance: every computed procedure of a package repeated from the original inputs, on any machine, offline.

Keys come from the re-performer's own trust store only: whatever the package says about keys is compared, never
relied on. An input that is missing leaves its procedures 'not re-performed', which is an exception.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from auditor_app import __version__, strict_json
from auditor_app.engagement import actions
from auditor_app.engagement.audit import perform
from auditor_app.engagement.execution_steps import performed_again
from auditor_app.engagement.journal import Entry, Head
from auditor_app.engagement.papers import Run
from auditor_app.engagement.record import Audit
from auditor_app.engagement.results import read_result, recorded_by, run_document
from auditor_app.engagement.runs import request_again
from auditor_app.engagement.sampling_steps import DrawAsked, computed_again, drawn
from auditor_app.engagement.taking import digested
from auditor_app.engagement.terms import InputReference
from auditor_app.errors import AuditError, EngagementError
from auditor_app.fileroom.differences import Difference, differences
from auditor_app.fileroom.package import Package, read_package
from auditor_app.fileroom.reports import build_engaged
from auditor_app.fileroom.search import Missing, Shelf
from auditor_app.findings import Finding, Limitation, finding, limitation
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.report.template import Template, load_template
from auditor_app.sampling.records import load_any, record_document

Status = Literal["same", "different", "not re-performed"]
_PROCEDURE = "reperformance"
_LISTED = 100


@dataclass(frozen=True, slots=True)
class Repetition:
    """One computed result of the journal, repeated: ``reason`` says why it could not be, or why it may differ."""

    entry: int
    kind: str
    status: Status
    differences: tuple[Difference, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reperformance:
    """The whole of it."""

    package: str
    engagement: str
    head: Head
    repeated: tuple[Repetition, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


def reperform(package: Path, trust: Path, folder: Path, token: CancelToken) -> Operation[Reperformance]:
    """Repeat everything computed in ``package`` with the keys of ``trust`` and the inputs in ``folder``.

    :class:`EngagementError` where the package itself cannot be read; differences and missing inputs are findings.
    """
    yield Progress(0, None, "files", "Reading the package")
    held = read_package(package)
    bench = _Bench(held, trust, Shelf(folder))
    repeated: list[Repetition] = []
    for entry in held.entries:
        if entry.documents:
            token.check()
            yield Progress(entry.number, len(held.entries), "entries", "Re-performing")
            repeated.append((yield from bench.repeat(entry, token)))
    notes = yield from _notes(held, trust, token)
    findings = (*notes, *(_finding(item) for item in repeated if item.status != "same"))
    limits = (limitation("ENGAGEMENT.NO_HEAD", subject="package"),)
    return Reperformance(held.file, held.papers.identity, held.papers.head, tuple(repeated), findings, limits)


class _Bench:
    """What one re-performance works with: the package, the keys, the shelf of inputs, and the runs repeated so far."""

    def __init__(self, package: Package, trust: Path, shelf: Shelf) -> None:
        self._package = package
        self._trust = trust
        self._shelf = shelf
        self._audits: dict[int, Audit] = {}

    def repeat(self, entry: Entry, token: CancelToken) -> Operation[Repetition]:
        """Repeat one entry's computation and compare."""
        kind = actions.action_name(entry.action)
        try:
            if isinstance(entry.action, actions.IssueReport):
                return (yield from self._report(entry, entry.action, token))
            recorded = read_result(self._package.documents[entry.number])
            repeated = yield from self._document(entry, token)
        except Missing as error:
            return Repetition(entry.number, kind, "not re-performed", reason=error.sentence())
        except AuditError as error:
            stopped = Difference("outcome", "a result", error.sentence())
            return Repetition(entry.number, kind, "different", (stopped,))
        if isinstance(entry.action, actions.PerformRun):
            repeated = recorded_by(entry.program, recorded, repeated)
        found = tuple(islice(differences(recorded, repeated), _LISTED))
        return Repetition(entry.number, kind, "different" if found else "same", found, _by_version(entry))

    def _document(self, entry: Entry, token: CancelToken) -> Operation[dict[str, Any]]:
        """The result document of an entry, computed again and read as the recorded one is."""
        action = entry.action
        if isinstance(action, actions.PerformRun):
            document = run_document((yield from self._run(entry.number, token)))
        elif isinstance(action, actions.RecordSample):
            document = yield from self._sample(entry, action, token)
        else:
            raise EngagementError("REPERFORM.NOT_PERFORMED", "this kind of result cannot be computed again")
        return read_result(strict_json.canonical(document))

    def _run(self, number: int, token: CancelToken) -> Operation[Audit]:
        if number in self._audits:
            return self._audits[number]
        run = next((item for item in self._package.papers.runs if item.stamp.entry == number), None)
        if run is None:
            raise EngagementError("REPERFORM.NOT_PERFORMED", f"entry {number} is no run")
        place = yield from self._places(run.inputs, token)
        audit = yield from perform(request_again(run, place), token)
        self._audits[number] = _with_recorded_names(audit, run)
        return audit

    def _sample(self, entry: Entry, action: actions.RecordSample, token: CancelToken) -> Operation[dict[str, Any]]:
        again = computed_again(action.step, action.parameters)
        if again is not None:
            return again
        place = yield from self._places(entry.inputs, token)
        after_draw = yield from performed_again(action, entry.inputs, place, self._kept, token)
        if after_draw is not None:
            return after_draw
        roles = {file.role: file for file in entry.inputs}
        if not {"sample record", "snapshot"} <= set(roles):
            raise EngagementError("REPERFORM.NOT_PERFORMED", "the entry does not name its files")
        record = place(roles["sample record"])
        if action.step == "commit":
            return record_document(load_any(record))
        extended = action.parameters.get("extend-to", "")
        listed = roles.get("sample list")
        asked = DrawAsked(
            record,
            place(roles["snapshot"]),
            self._trust,
            action.parameters.get("randomness", ""),
            int(extended) if extended.isascii() and extended.isdigit() else None,
            action.parameters.get("trusted-time"),
            None if listed is None else place(listed),
        )
        form = 2 if action.parameters.get("form") == "2" else 1
        name = None if listed is None else listed.name
        return (yield from drawn(asked, token, form=form, list_name=name)).document

    def _kept(self, digest: str) -> bytes:
        """A kept result of the package; it is itself repeated and compared at its own entry."""
        for entry in self._package.entries:
            if digest in entry.documents:
                return self._package.documents[entry.number]
        raise EngagementError("REPERFORM.NOT_PERFORMED", "the result that this step works on is not in the package")

    def _report(self, entry: Entry, action: actions.IssueReport, token: CancelToken) -> Operation[Repetition]:
        """Build the report again from the repeated run and the papers before the build; compare the bytes."""
        yield from self._run(action.run, token)
        papers = self._package.before[entry.number]
        template = yield from self._template(entry, token)
        recorded = [("report", action.report, action.size)]
        if action.redacted is not None:
            recorded.append(("redacted version", action.redacted.sha256, action.redacted.size))
        places = []
        for version, digest, size in recorded:
            report = yield from build_engaged(
                self._audits[action.run],
                papers,
                action.date,
                token,
                kind=action.kind,
                kept=self._kept,
                template=template,
                masked=version != "report",
            )
            again = hashlib.sha256(report.pdf).hexdigest()
            if again != digest:
                places.append(Difference(version, f"{digest}, {size} bytes", f"{again}, {len(report.pdf)} bytes"))
        status: Status = "different" if places else "same"
        return Repetition(entry.number, "issue-report", status, tuple(places), _by_version(entry))

    def _template(self, entry: Entry, token: CancelToken) -> Operation[Template | None]:
        """The firm's own template, found by the digests of its files; ``None`` where the bundled one was used."""
        if not entry.inputs:
            return None
        return load_template((yield from self._shelf.find_folder(entry.inputs, token)))

    def _places(
        self, files: tuple[InputReference, ...], token: CancelToken
    ) -> Operation[Callable[[InputReference], Path]]:
        """Where each input is; the trust store is always the re-performer's own."""
        found: dict[InputReference, Path] = {}
        for file in files:
            found[file] = self._trust if file.role == "trust store" else (yield from self._shelf.find(file, token))
        return found.__getitem__


def _by_version(entry: Entry) -> str:
    """What may explain a difference: the version that recorded the entry, where it is another one."""
    return "" if entry.program == __version__ else f"recorded by version {entry.program[:40]}"


def _with_recorded_names(audit: Audit, run: Run) -> Audit:
    """The repeated run with its files under their recorded names, which the report prints; digests stay its own."""
    names: dict[tuple[str, str], str] = {(file.role, file.sha256): file.name for file in run.inputs}
    inputs = tuple(replace(item, name=names.get((item.role, item.sha256), item.name)) for item in audit.inputs)

    def renamed(path: Path | None, role: str) -> Path | None:
        return next((path.with_name(item.name) for item in inputs if path is not None and item.role == role), path)

    request = audit.request
    store = renamed(request.trust_store, "trust store")
    named = replace(request, trust_store=request.trust_store if store is None else store)
    return replace(audit, inputs=inputs, request=named)


def _notes(package: Package, trust: Path, token: CancelToken) -> Operation[tuple[Finding, ...]]:
    """What explains a difference before one is looked for: another program version, another trust store."""
    notes = []
    versions = sorted({entry.program for entry in package.entries if entry.documents} - {__version__})
    if versions:
        notes.append(
            _note(
                "REPERFORM.OTHER_VERSION",
                "program",
                "Results were recorded by another version.",
                versions[-1],
                __version__,
            )
        )
    stores = {file.sha256 for entry in package.entries for file in entry.inputs if file.role == "trust store"}
    digest, _ = yield from digested(trust, token)
    if stores and digest not in stores:
        message = "The trust store used here is not the one that was used at the time."
        notes.append(_note("REPERFORM.OTHER_STORE", "trust store", message, sorted(stores)[-1], digest))
    return tuple(notes)


def _note(code: str, subject: str, message: str, expected: str, observed: str) -> Finding:
    return finding(code, procedure=_PROCEDURE, subject=subject, message=message, expected=expected, observed=observed)


def _finding(item: Repetition) -> Finding:
    subject = f"journal entry {item.entry}, {item.kind}"
    if item.status == "not re-performed":
        return finding(
            "REPERFORM.NOT_PERFORMED", procedure=_PROCEDURE, subject=subject, message=f"Not re-performed: {item.reason}"
        )
    first = item.differences[0]
    version = f"; {item.reason}" if item.reason else ""
    more = "" if len(item.differences) == 1 else f" and in {len(item.differences) - 1} more places"
    return finding(
        "REPERFORM.DIFFERENCE",
        procedure=_PROCEDURE,
        subject=subject,
        message=f"The repeated result differs from the recorded one in {first.where}{more}{version}.",
        expected=first.recorded,
        observed=first.repeated,
    )
