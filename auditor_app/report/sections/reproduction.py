"""Reproduction: program version, input digests, the command that performs it again, and what must come out."""

from __future__ import annotations

import shlex

from auditor_app.engagement.record import AuditRequest
from auditor_app.report.blocks import (
    Cell,
    Code,
    Column,
    Given,
    Heading,
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
from auditor_app.report.material import Material
from auditor_app.report.quantities import count_text
from auditor_app.snapshot.publication import PROMPT_DAYS


def build(material: Material) -> tuple[PageBlock, ...]:
    """Inputs, command, expected roots, attachments."""
    return (
        Paragraph(
            said(
                "Anybody who holds the inputs can perform the procedures again, without a network, and must obtain "
                "the same roots, totals and findings and the byte-identical document."
            )
        ),
        Table((Column("Item", 1), Column("Value", 3)), _program(material), labels=True),
        Heading(2, "Inputs"),
        *_inputs(material),
        Heading(2, "Command"),
        Paragraph((Code(_how(material)),), "command"),
        *_package(material),
        *_clock(material),
        Heading(2, "Expected result"),
        Paragraph(said("Expected totals are the recalculated ones in the table of liability totals, section 5.")),
        Table((Column("Ledger and scheme", 1), Column("Expected root", 3)), _roots(material)),
        Heading(2, "Attachments"),
        Table(_ATTACHED, _attached(material), "small"),
    )


_ATTACHED = (Column("File", 0.8), Column("Content", 1.6), Column("Bytes", 0.6, "right"), Column("SHA-256", 1.7))


def command(request: AuditRequest, typed_date: str | None) -> str:
    """The command line that builds this report again; file names only, never folders."""
    words = ["reserve-auditor", "report", "build", request.snapshot.name, "--trust", request.trust_store.name]
    if request.evidence is not None:
        words += ["--evidence", request.evidence.name]
    typed = (
        ("--nonce", request.nonce),
        ("--previous", request.previous),
        ("--trusted-time", request.trusted_time),
        ("--challenge", request.challenge),
    )
    for option, value in typed:
        if value is not None:
            words += [option, value]
    for ledger, root in request.published_roots:
        words += ["--published-root", f"{ledger}={root}"]
    for chain, block_hash in request.blocks:
        words += ["--block", f"{chain}={block_hash}"]
    for chain, root in request.checkpoints:
        words += ["--checkpoint", f"{chain}={root}"]
    for path in request.earlier:
        words += ["--earlier", path.name]
    if request.window is not None:
        words += ["--window", request.window.name]
    for symbol in request.own_assets:
        words += ["--own-asset", symbol]
    if request.published_within != PROMPT_DAYS:
        words += ["--published-within", str(request.published_within)]
    if request.sample is not None:
        words += ["--sample", request.sample.record.name, "--randomness", request.sample.randomness]
    if typed_date is not None:
        words += ["--date", typed_date]
    return shlex.join([*words, "-o", "report.pdf"])


def _how(material: Material) -> str:
    """Inside an engagement the journal says what was typed; its package is performed again as a whole."""
    request = material.audit.request
    if material.papers is not None:
        return f"reserve-auditor reperform PACKAGE --trust {shlex.quote(request.trust_store.name)} --inputs FOLDER"
    words = command(request, material.date.text if material.date.typed else None)
    return words if material.full_id is None else words.replace(" -o report.pdf", " --redacted -o report.pdf")


def _package(material: Material) -> tuple[PageBlock, ...]:
    """What the words of the command stand for, and how it ends."""
    if material.papers is None:
        return ()
    words = (
        "PACKAGE is the file that engagement export wrote for the file room: the journal, every recorded result and this "
        "report. FOLDER holds the inputs above, found by their digests. The trust store is the reader's own. The command "
        "repeats every computed procedure with the program version above, builds the report again and compares both; exit "
        "status 0 says that every result and every byte came out the same."
    )
    return (Paragraph(said(words), "small"),)


def _clock(material: Material) -> tuple[PageBlock, ...]:
    """A run that judged keys by the clock says what to type for the same answer later."""
    if material.audit.identity.trusted_time.source != "now":
        return ()
    return (Paragraph(said("Keys were judged at the time of the run; --trusted-time judges them at a fixed instant.")),)


def _program(material: Material) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = []
    if material.papers is not None:
        entry = Said(f"entry {count_text(material.papers.head.length)}", "muted")
        rows.append((said("Journal head before the build"), (*digits(material.papers.head.sha256), Newline(), entry)))
    if material.full_id is not None:
        rows.append((said("Redacted version of"), code(material.full_id)))
    rows += [(said(f"Template {item.name}"), digits(item.sha256)) for item in material.template.files]
    note = "typed" if material.date.typed else "none was typed: the day of the newest input"
    return (
        (said("Program"), (Said("Reserve Auditor "), Given(material.audit.program_version))),
        (said("Report id"), code(material.report_id)),
        (said("Report date"), (Given(material.date.text), Said(f", {note}"))),
        (said("Document format"), said("produced as PDF/A-3a and PDF/UA-1")),
        *rows,
    )


def _inputs(material: Material) -> tuple[PageBlock, ...]:
    audit = material.audit
    if audit.inputs:
        columns = (Column("Input", 0.8), Column("File", 1.6), Column("Bytes", 0.6, "right"), Column("SHA-256", 1.7))
        rows = tuple(
            (said(item.role), given(item.name), quantity(count_text(item.size)), digits(item.sha256))
            for item in audit.inputs
        )
        return (Table(columns, rows, "small"),)
    payloads: list[tuple[Cell, ...]] = [(given(audit.identity.file_name), digits(audit.identity.payload_sha256))]
    if audit.evidence is not None:
        payloads.append((given(audit.evidence.file_name), digits(audit.evidence.payload_sha256)))
    return (Table((Column("File", 1), Column("SHA-256 of the signed payload", 3)), tuple(payloads), "small"),)


def _roots(material: Material) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        ((Given(f"{item.ledger}, {item.scheme}"),), digits(item.recomputed)) for item in material.audit.commitments
    )


def _attached(material: Material) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (code(item.name), said(item.description), quantity(count_text(len(item.data))), digits(item.sha256))
        for item in material.exhibits
    )
