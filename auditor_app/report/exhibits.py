"""The machine-readable side of a report: what rides in the PDF as attachments, digests listed on a page.

Quantities are decimal text in the asset's unit; identifiers are verbatim except that a CSV cell which a spreadsheet
would take for a formula starts with an apostrophe.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from auditor_app.engagement.document import audit_document
from auditor_app.engagement.history import History
from auditor_app.engagement.history_document import history_document
from auditor_app.engagement.papers import Papers, Stamp
from auditor_app.engagement.record import Audit
from auditor_app.engagement.sampling_work import SampledWork, limits_agreed
from auditor_app.report.tables import coverage_row, delimited, units
from auditor_app.sampling.execution import ExecutedItem
from auditor_app.sampling.result import SampleResult


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One attachment: ``relationship`` is PDF's ``AFRelationship``."""

    name: str
    media_type: str
    relationship: Literal["data", "source", "supplement", "alternative"]
    description: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Digest of the attached bytes."""
        return hashlib.sha256(self.data).hexdigest()


MANIFEST = "manifest.json"
"""The attachment that lists the others: what ``report check`` reads first."""


def exhibits(
    audit: Audit,
    report_date: str,
    papers: Papers | None = None,
    samples: Sequence[SampledWork] = (),
    history: History | None = None,
) -> tuple[Exhibit, ...]:
    """Every attachment of a report on ``audit`` but the manifest, in order."""
    made = [
        Exhibit(
            "findings.json",
            "application/json",
            "data",
            "Findings, limitations and compared values",
            _record(audit, report_date),
        ),
        Exhibit("coverage.csv", "text/csv", "data", "Coverage by asset, exact amounts", _coverage(audit)),
    ]
    if audit.addresses:
        made.append(Exhibit("addresses.csv", "text/csv", "data", "Reserve addresses, exact amounts", _addresses(audit)))
    if audit.sample is not None:
        made.append(Exhibit("sample.csv", "text/csv", "data", "Drawn leaves with their full tickets", _sample(audit)))
    if samples:
        made.append(
            Exhibit(
                "samples.json",
                "application/json",
                "data",
                "Samples of the engagement: drawn items, answers and marks",
                _samples(samples, limits=limits_agreed(papers)),
            )
        )
    if history is not None:
        words = "Series of snapshots: rates, amounts, addresses, signatures, roots"
        made.append(Exhibit("history.json", "application/json", "data", words, _json(history_document(history))))
    if papers is not None:
        made.append(
            Exhibit(
                "engagement.json",
                "application/json",
                "data",
                "Terms, sign-offs, exceptions log and journal head",
                _engagement(papers),
            )
        )
    return tuple(made)


@dataclass(frozen=True, slots=True)
class Issue:
    """What a manifest says about its report besides the attachments."""

    report_id: str
    report_date: str
    kind: Literal["draft", "final"]
    full_id: str | None
    head: str | None


def manifest(issue: Issue, items: Sequence[Exhibit]) -> Exhibit:
    """The list of attachments with sizes and digests, the report's id, and the journal's head before the build."""
    document = {
        "format": "reserve-auditor-manifest/1",
        "reportId": issue.report_id,
        "reportDate": issue.report_date,
        "kind": issue.kind,
        "redactedFrom": issue.full_id,
        "journalHead": issue.head,
        "attachments": [{"name": item.name, "size": str(len(item.data)), "sha256": item.sha256} for item in items],
    }
    return Exhibit(MANIFEST, "application/json", "data", "List of the other attachments", _json(document))


def report_id(items: Iterable[Exhibit]) -> str:
    """``RA-`` and 16 hex digits over the exhibits' digests: the same run and date give the same identity."""
    return report_id_of((item.name, item.sha256) for item in items)


def report_id_of(digests: Iterable[tuple[str, str]]) -> str:
    """:func:`report_id` from names and SHA-256 digests."""
    digest = hashlib.sha256("\n".join(f"{name} {sha256}" for name, sha256 in digests).encode()).hexdigest()
    return f"RA-{digest[:16]}"


def _record(audit: Audit, report_date: str) -> bytes:
    """The run as ``verify --json`` prints it, with what the report adds; ASCII, no path, clock or machine in it."""
    document = {
        "format": "reserve-auditor-report/1",
        "programVersion": audit.program_version,
        "reportDate": report_date,
        "inputs": [
            {"role": item.role, "name": item.name, "size": str(item.size), "sha256": item.sha256}
            for item in audit.inputs
        ],
        "evidencePayloadSha256": None if audit.evidence is None else audit.evidence.payload_sha256,
        "procedures": [
            {"key": item.key, "performed": item.performed, "extent": item.extent, "outcome": item.outcome}
            for item in audit.procedures
        ],
        "sample": _sample_summary(audit.sample),
        **audit_document(audit),
    }
    if audit.identity.trusted_time.source == "now":
        document["snapshot"]["trustedTime"]["instant"] = None
    return _json(document)


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _engagement(papers: Papers) -> bytes:
    """What the report says of the engagement, for machines."""
    terms = papers.terms

    def stamp(item: Stamp | None) -> dict[str, str] | None:
        return None if item is None else {"entry": str(item.entry), "at": item.at, "person": item.person}

    return _json(
        {
            "format": "reserve-auditor-engagement/1",
            "engagement": papers.identity,
            "journal": {"head": papers.head.sha256, "length": str(papers.head.length)},
            "terms": {
                name: dict(value) if isinstance(value := getattr(terms, name), dict) else value
                for name in terms.__struct_fields__
            },
            "people": [{"name": item.name, "roles": list(item.roles)} for item in papers.people],
            "procedures": [
                {"key": item.key, "wording": item.wording, "agreed": item.agreed, "reason": item.reason}
                for item in papers.procedures
            ],
            "signOffs": [
                {"role": item.role, "head": item.head.text(), **(stamp(item.stamp) or {})}
                for item in papers.sign_offs
                if item.cleared is None
            ],
            "exceptions": [
                {
                    "number": str(item.number),
                    **{
                        name: getattr(item, name)
                        for name in ("procedure", "item", "expected", "observed", "cause", "response", "disposition")
                    },
                    "raised": stamp(item.raised),
                    "closed": stamp(item.closed),
                    "closingReason": item.closing_reason,
                }
                for item in papers.exceptions
            ],
            "tickmarks": [{"mark": mark, "meaning": meaning} for mark, meaning in papers.tickmarks],
        }
    )


def _samples(samples: Sequence[SampledWork], *, limits: bool) -> bytes:
    """Every sample of the journal; limits and projections only where they were agreed."""
    return _json(
        {
            "format": "reserve-auditor-samples/1",
            "samples": [
                {
                    "sample": msgspec.to_builtins(work.sample),
                    "letters": str(work.letters),
                    "execution": None
                    if work.execution is None
                    else {
                        "checks": list(work.execution.checks),
                        "sources": msgspec.to_builtins(work.execution.sources),
                        "fields": list(work.execution.fields),
                        "items": [_executed(item) for item in work.execution.items],
                        "deviations": str(work.execution.deviations),
                    },
                    "evaluation": msgspec.to_builtins(work.conclusion) if limits and work.conclusion else None,
                }
                for work in samples
            ],
        }
    )


def _executed(item: ExecutedItem) -> dict[str, Any]:
    return {
        "item": item.item.id,
        "checks": [{**msgspec.to_builtins(check), "tickmark": check.tickmark} for check in item.checks],
        "deviates": item.deviates,
    }


def _sample_summary(sample: SampleResult | None) -> dict[str, str] | None:
    """The sample's identity; its items ride in ``sample.csv``."""
    if sample is None:
        return None
    return {
        "ledger": sample.ledger,
        "scheme": sample.scheme,
        "root": sample.root,
        "population": str(sample.population),
        "commitment": sample.commitment,
        "source": sample.source,
        "randomness": sample.randomness,
        "seed": sample.seed,
        "size": str(sample.size),
        "deviations": str(sample.deviations),
    }


def _coverage(audit: Audit) -> bytes:
    header = (
        "asset",
        "liabilities",
        "debts",
        "claimed",
        "observed",
        "difference",
        "rate_percent_floor",
        "net_rate_percent_floor",
    )
    return delimited(
        header,
        map(coverage_row, audit.coverage),
    )


def _addresses(audit: Audit) -> bytes:
    return delimited(
        ("account", "role", "asset", "claimed", "observed", "grade", "source"),
        (
            (
                line.address.account,
                line.address.role,
                line.address.asset,
                units(line.address.claimed, line.decimals),
                units(line.observed, line.decimals),
                line.grade.value,
                line.source,
            )
            for line in audit.addresses
        ),
    )


def _sample(audit: Audit) -> bytes:
    items = () if audit.sample is None else audit.sample.items
    return delimited(
        ("leaf_index", "ticket", "key", "included"),
        ((str(item.index), item.ticket, item.key, "yes" if item.included else "no") for item in items),
    )
