"""``reserve-auditor report sign`` and ``report check``: signatures over a finished report."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor_app.cli.keys import passphrase_for
from auditor_app.cli.terminal import add_json_option, drive, emit_json, finding_json, limitation_json, say, say_findings
from auditor_app.engagement.checking import CheckResult, check
from auditor_app.errors import UsageError
from auditor_app.fileroom.issued import all_findings, printed_heads
from auditor_app.files import read_capped, write_atomically
from auditor_app.findings import Finding, exit_status
from auditor_app.instants import format_instant, parse_instant
from auditor_app.operation import CancelToken
from auditor_app.report.contained import MAX_REPORT_BYTES
from auditor_app.report.signed_report import ReportCheck, ReportSignature, check_report
from auditor_app.report.signing import ROLES, LongTerm, SigningPlan, sign_report, web_stamper
from auditor_app.report.signing_keys import (
    MAX_CERTIFICATE_BYTES,
    MAX_KEY_BYTES,
    TokenKey,
    read_certificates,
    signer_from_pkcs12,
    signer_from_token,
)

if TYPE_CHECKING:
    from asn1crypto import x509
    from pyhanko.sign.signers import Signer

PIN_VARIABLE = "RESERVE_AUDITOR_TOKEN_PIN"


def add(commands: Any) -> None:
    """Add ``sign`` and ``check``."""
    _add_sign(commands)
    _add_check(commands)


def _add_sign(commands: Any) -> None:
    parser = commands.add_parser(
        "sign",
        help="sign a final report: invisible, behind its bytes",
        description="Sign a final report (PAdES). Its own bytes stay as they are; preparer and partner sign one after the "
        "other. Pass phrase and PIN are asked for, or taken from RESERVE_AUDITOR_KEY_PASSPHRASE and "
        f"{PIN_VARIABLE}.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the report")
    parser.add_argument("--role", required=True, choices=ROLES, help="as what you sign")
    parser.add_argument("--p12", type=Path, metavar="KEY.p12", help="a PKCS#12 file with the key and its certificate")
    parser.add_argument("--pkcs11", type=Path, metavar="MODULE", help="the PKCS#11 module of a token or smart card")
    parser.add_argument("--token", metavar="LABEL", help="with --pkcs11: the token's label")
    parser.add_argument("--key-label", metavar="LABEL", help="with --pkcs11: the label of key and certificate")
    parser.add_argument("--tsa", metavar="URL", help="a time-stamping authority: B-T")
    parser.add_argument(
        "--long-term",
        action="store_true",
        help="with --tsa and --cert: fetch and embed what is needed to check it for years (B-LTA)",
    )
    _add_certificates(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="PDF", help="where to write the signed file"
    )
    add_json_option(parser)
    parser.set_defaults(handler=_sign)


def _add_check(commands: Any) -> None:
    parser = commands.add_parser(
        "check",
        help="check a report's signatures, attachments and journal head",
        description="Compare a report's signatures with certificates that you name, its attachments with its own list, "
        "and with --engagement its bytes and its journal head with the engagement's journal.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the report")
    _add_certificates(parser)
    parser.add_argument("--engagement", type=Path, metavar="E", help="the engagement that issued it")
    parser.add_argument(
        "--trusted-time",
        metavar="T",
        help="the UTC instant at which certificates are judged; without it a time stamp, or now",
    )
    add_json_option(parser)
    parser.set_defaults(handler=_check)


def _add_certificates(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cert",
        type=Path,
        action="append",
        default=[],
        metavar="CA.pem",
        help="certificates that you obtained elsewhere, of signers or their authorities; repeatable",
    )


def _certificates(paths: list[Path]) -> tuple[x509.Certificate, ...]:
    found: list[x509.Certificate] = []
    for path in paths:
        data = read_capped(path, max_bytes=MAX_CERTIFICATE_BYTES, code="REPORT.SIGNING")
        found += read_certificates(data, file=path.name)
    return tuple(found)


def _sign(options: argparse.Namespace) -> int:
    if options.long_term and not (options.tsa and options.cert):
        raise UsageError("USAGE", "--long-term goes with --tsa and --cert")
    pdf = read_capped(options.file, max_bytes=MAX_REPORT_BYTES, code="REPORT.UNREADABLE")
    plan = SigningPlan(
        options.role,
        None if options.tsa is None else web_stamper(options.tsa),
        LongTerm(_certificates(options.cert)) if options.long_term else None,
    )
    with _signer(options) as signer:
        signed = sign_report(pdf, signer, plan)
    write_atomically(options.output, signed)
    checked = check_report(signed, ())
    emit_json(options.json, {"file": options.output.name, **_check_json(checked, (), None)})
    say(f"{options.output}  signed as {options.role}, {len(signed) - len(pdf):,} bytes behind the report")
    say(f"  SHA-256          {checked.sha256}")
    return 0


@contextmanager
def _signer(options: argparse.Namespace) -> Iterator[Signer]:
    if (options.p12 is None) == (options.pkcs11 is None):
        raise UsageError("USAGE", "name one key: --p12 or --pkcs11")
    if options.p12 is not None:
        data = read_capped(options.p12, max_bytes=MAX_KEY_BYTES, code="REPORT.SIGNING")
        yield signer_from_pkcs12(data, file=options.p12.name, passphrase=partial(passphrase_for, options.p12))
        return
    if options.key_label is None:
        raise UsageError("USAGE", "--pkcs11 needs --key-label", action="Name the label of key and certificate.")
    place = TokenKey(options.pkcs11, options.token, options.key_label)
    with signer_from_token(place, _pin) as signer:
        yield signer


def _pin() -> str:
    held = os.environ.get(PIN_VARIABLE)
    if held is not None:
        return held
    if not sys.stdin.isatty():
        raise UsageError(
            "USAGE",
            "there is no terminal to ask for the token's PIN",
            action=f"Set {PIN_VARIABLE}, or run it in a terminal.",
        )
    return getpass.getpass("PIN of the token: ", stream=sys.stderr)


def _check(options: argparse.Namespace) -> int:
    pdf = read_capped(options.file, max_bytes=MAX_REPORT_BYTES, code="REPORT.UNREADABLE")
    checked = check_report(pdf, _certificates(options.cert), at=_instant(options.trusted_time))
    journal = None
    if options.engagement is not None:
        heads = printed_heads(checked, options.file.name)
        journal = drive(check(options.engagement, heads, CancelToken()))
    found = all_findings(pdf, checked, journal)
    emit_json(options.json, {"file": options.file.name, **_check_json(checked, found, journal)})
    _say_check(checked, found, options.file)
    return exit_status(found)


def _instant(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return format_instant(parse_instant(text))
    except ValueError as error:
        raise UsageError("USAGE", f"--trusted-time: {error}") from None


def _check_json(checked: ReportCheck, found: tuple[Finding, ...], journal: CheckResult | None) -> dict[str, object]:
    manifest = checked.contents.manifest
    return {
        "sha256": checked.sha256,
        "id": manifest.report_id,
        "date": manifest.report_date,
        "kind": manifest.kind,
        "redactedFrom": manifest.redacted_from,
        "journalHead": manifest.journal_head,
        "signatures": [_signature_json(item) for item in checked.signatures],
        "attachments": [{"name": item.name, "sha256": item.sha256} for item in manifest.attachments],
        "findings": [finding_json(item) for item in found],
        "limitations": [] if journal is None else [limitation_json(item) for item in journal.limitations],
    }


def _signature_json(item: ReportSignature) -> dict[str, object]:
    return {
        "role": item.field.lower(),
        "subject": item.subject,
        "certificateSha256": item.certificate_sha256,
        "intact": item.intact,
        "named": item.named,
        "signedAt": item.signed_at,
        "stampedAt": item.stamped,
        "wholeFile": item.whole_file,
    }


def _say_check(checked: ReportCheck, found: tuple[Finding, ...], path: Path) -> None:
    manifest = checked.contents.manifest
    say(f"{path}  {manifest.report_id}, {manifest.kind}, {manifest.report_date}")
    say(f"  SHA-256          {checked.sha256}")
    for item in checked.signatures:
        stated = {True: "by a named certificate", False: "by no named certificate", None: "signer not named"}[
            item.named
        ]
        when = f"stamped {item.stamped}" if item.stamped else f"{item.signed_at} by the signer's word"
        say(f"  {item.field.lower():<16} {item.subject}: {'intact' if item.intact else 'NOT INTACT'}, {stated}, {when}")
        say(f"  {'':<16} certificate SHA-256 {item.certificate_sha256}")
    say(f"  attachments      {len(manifest.attachments)} listed")
    say_findings(found)
