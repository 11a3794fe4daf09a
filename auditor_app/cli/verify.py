"""``reserve-auditor verify``: the whole run on the terminal, with one JSON object for scripts."""

from __future__ import annotations

import argparse
from pathlib import Path

from auditor_app.amounts import Amount
from auditor_app.cli.audit_options import add_audit_options, audit_request
from auditor_app.cli.engaged import add_engagement_options, engagement_of, performed
from auditor_app.cli.terminal import add_json_option, emit_json, say, say_findings, warn
from auditor_app.counts import counted
from auditor_app.engagement.document import audit_document, stopped_document
from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError, EngagementError, UsageError
from auditor_app.findings import Area, exit_status, from_error
from auditor_app.snapshot.authentic import NotAuthentic

_NOT_AUTHENTIC = 2


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_audit_options(parser)
    add_engagement_options(parser)
    add_json_option(parser)
    parser.set_defaults(handler=_verify)


def _verify(options: argparse.Namespace) -> int:
    request = audit_request(options)
    try:
        with engagement_of(options) as book:
            audit = performed(request, book, options)
    except (UsageError, EngagementError):
        raise
    except NotAuthentic as error:
        emit_json(options.json, stopped_document(error.findings, reached=True))
        warn(f"NOT AUTHENTIC  {options.snapshot.name}")
        say_findings(error.findings, warn)
        return error.exit_status
    except AuditError as error:
        culprit = _culprit(error, options)
        stop = from_error(error, procedure="container", subject=culprit)
        emit_json(options.json, stopped_document((stop,), reached=stop.area is Area.AUTHENTIC))
        warn(f"{'NOT AUTHENTIC' if error.exit_status == _NOT_AUTHENTIC else 'NOT USABLE'}  {culprit}")
        say_findings((stop,), warn)
        return error.exit_status
    emit_json(options.json, audit_document(audit))
    _say_audit(audit)
    return exit_status(audit.findings)


def _culprit(error: AuditError, options: argparse.Namespace) -> str:
    """The input that an error is about: by its code the trust store or the evidence, else the snapshot."""
    area = error.code.partition(".")[0]
    path: Path | None = {"TRUST": options.trust, "EVIDENCE": options.evidence}.get(area)
    return (path or options.snapshot).name


def _say_audit(audit: Audit) -> None:
    identity = audit.identity
    say(f"{identity.issuer}  {identity.snapshot_id}  as of {identity.as_of}")
    say(f"  payload SHA-256  {identity.payload_sha256}")
    for signer in identity.signers:
        say(f"  signed by        {signer.signer}  {signer.spki_sha256}")
    say(f"  authentic        {audit.verdicts.authentic.value}")
    say(f"  data             {audit.verdicts.data.value}")
    say(f"  coverage         {audit.verdicts.coverage.value}")
    for check in audit.commitments:
        say(f"Ledger {check.ledger}, {check.scheme}, {check.leaf_count:,} leaves")
        say(f"  root in snapshot {check.published}")
        say(f"  root typed       {check.typed or '(none typed)'}")
        say(f"  root recomputed  {check.recomputed or '(not recomputed)'}")
    if audit.coverage:
        say("Coverage (gross liabilities, observed reserves, difference, rate)")
    for line in audit.coverage:
        cells = [_units(value, line.decimals) for value in (line.liabilities, line.observed, line.difference)]
        rate = f"{line.rate} %" if line.rate is not None else "no rate"
        say(f"  {line.asset:<8} {cells[0]:>28} {cells[1]:>28} {cells[2]:>28} {rate:>14}")
    for fund in audit.fund_totals:
        say(f"  {fund.name}: {fund.observed or 'not observed'} of {fund.target} {fund.unit}")
    counting = tuple(item for item in audit.findings if item.counts)
    say(f"{counted(len(audit.findings), 'finding')}, {len(counting)} of them exceptions or critical")
    say_findings(audit.findings)


def _units(value: int | None, decimals: int) -> str:
    return "-" if value is None else Amount(value, decimals).grouped()
