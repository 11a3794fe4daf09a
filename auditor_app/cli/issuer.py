"""``reserve-auditor issuer``: the exchange's side, packing, signing and looking into snapshots."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from auditor_app.cli.keys import PASSPHRASE_VARIABLE, load_keys
from auditor_app.cli.terminal import add_json_option, drive, emit_json, finding_json, say, say_findings
from auditor_app.counts import counted
from auditor_app.errors import UsageError
from auditor_app.files import read_capped
from auditor_app.operation import CancelToken
from auditor_app.snapshot.adding_signatures import add_signatures
from auditor_app.snapshot.inspection import NOTICE, Inspection, inspect_unauthenticated
from auditor_app.snapshot.layout import MAX_TIMESTAMP_BYTES
from auditor_app.snapshot.statement import SnapshotStatement
from auditor_app.snapshot.writing import encode_statement


def add(parser: argparse.ArgumentParser) -> None:
    """Add the group's commands."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_pack(commands)
    _add_sign(commands)
    _add_inspect(commands)


def _key_option(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        default=[],
        required=required,
        metavar="K.pem",
        help=f"a signer's private key, PEM; repeat for each signer. The pass phrase of an encrypted key is asked for, "
        f"or taken from {PASSPHRASE_VARIABLE}",
    )


def _add_pack(commands: Any) -> None:
    parser = commands.add_parser(
        "pack",
        help="pack CSV files into a snapshot",
        description="Packs the CSV files that a TOML description names into one snapshot; docs/snapshot-format.md "
        "explains the description. Without --key the snapshot is unsigned: issuer sign adds signatures.",
    )
    parser.add_argument("description", type=Path, metavar="DESCRIPTION.toml")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.porsnap")
    _key_option(parser, required=False)
    add_json_option(parser)
    parser.set_defaults(handler=_pack)


def _add_sign(commands: Any) -> None:
    parser = commands.add_parser(
        "sign",
        help="add signatures to a packed snapshot",
        description="Adds one signature for each key; what is signed stays as it is. Signers may do so one after "
        "the other, each on an own machine.",
    )
    parser.add_argument("snapshot", type=Path, metavar="FILE")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="write here (default: in place)")
    parser.add_argument(
        "--timestamp", type=Path, metavar="TSR", help="add an RFC 3161 response over the payload's SHA-256"
    )
    _key_option(parser, required=False)
    add_json_option(parser)
    parser.set_defaults(handler=_sign, in_place=True)


def _add_inspect(commands: Any) -> None:
    parser = commands.add_parser(
        "inspect",
        help="show what a file says, without authenticating it",
        description="Shows the statement of a snapshot or evidence file. Nothing is authenticated: no signature is "
        "compared with a pinned key.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    add_json_option(parser)
    parser.set_defaults(handler=_inspect)


def _pack(options: argparse.Namespace) -> int:
    from auditor_app.issuing.pack import pack

    packed = drive(pack(options.description, options.output, load_keys(options.key), CancelToken()))
    emit_json(
        options.json,
        {
            "payloadSha256": packed.payload_sha256,
            "ledgers": [{"name": name, "rows": str(rows)} for name, rows in packed.rows],
            "commitments": [
                {"ledger": ledger, "scheme": scheme, "root": root} for ledger, scheme, root in packed.roots
            ],
            "findings": [finding_json(item) for item in packed.findings],
        },
    )
    say(f"Packed {options.output}")
    say(f"  payload SHA-256  {packed.payload_sha256}")
    for ledger, rows in packed.rows:
        say(f"  ledger {ledger}: {rows:,} rows")
    for ledger, scheme, root in packed.roots:
        say(f"  ledger {ledger}: {scheme} root {root}")
    if packed.findings:
        say("An auditor will find:")
        say_findings(packed.findings)
    if not options.key:
        say("The snapshot is unsigned. Next: reserve-auditor issuer sign FILE --key KEY.pem")
    return 0


def _sign(options: argparse.Namespace) -> int:
    out: Path = options.output or options.snapshot
    stamp = None
    if options.timestamp is not None:
        stamp = read_capped(options.timestamp, max_bytes=MAX_TIMESTAMP_BYTES, code="ISSUER.INPUT")
    keys = load_keys(options.key)
    if not keys and stamp is None:
        raise UsageError("USAGE", "there is nothing to add", action="Name a key with --key, or a --timestamp.")
    envelope = drive(add_signatures(options.snapshot, out, keys, CancelToken(), timestamp=stamp))
    digest = hashlib.sha256(envelope.payload).hexdigest()
    keyids = [item.keyid for item in envelope.signatures]
    emit_json(options.json, {"payloadSha256": digest, "keyids": keyids})
    say(f"Signed {out}")
    say(f"  payload SHA-256  {digest}")
    for keyid in keyids:
        say(f"  signed by key    {keyid}")
    return 0


def _inspect(options: argparse.Namespace) -> int:
    inspection = inspect_unauthenticated(options.file)
    emit_json(
        options.json,
        {
            "authenticated": False,
            "notice": NOTICE,
            "payloadSha256": inspection.payload_sha256,
            "keyids": list(inspection.keyids),
            "timestamped": inspection.timestamped,
            "statement": json.loads(encode_statement(inspection.statement)),
        },
    )
    if options.json is None:
        _say_inspection(inspection)
    return 0


def _say_inspection(inspection: Inspection) -> None:
    say(NOTICE)
    say(f"{inspection.file_name}")
    say(f"  payload SHA-256  {inspection.payload_sha256}")
    for keyid in inspection.keyids:
        say(f"  names key        {keyid}")
    if not inspection.keyids:
        say("  carries no signature")
    if inspection.timestamped:
        say("  carries a time stamp")
    if isinstance(inspection.statement, SnapshotStatement):
        predicate = inspection.statement.predicate
        say(f"  {predicate.issuer.legal_name}, snapshot {predicate.snapshot_id}, sequence {predicate.sequence}")
        say(f"  as of {predicate.as_of}, created {predicate.created_at}")
        for ledger in predicate.ledgers:
            say(
                f"  ledger {ledger.name}: {counted(int(ledger.row_count), 'row')} in {counted(len(ledger.members), 'part')}"
            )
            for item in ledger.commitments:
                say(f"    {item.scheme} root {item.root}")
    else:
        say(f"  evidence captured at {inspection.statement.predicate.captured_at}")
    for subject in inspection.statement.subject:
        rows = "" if subject.annotations.rows is None else f", {subject.annotations.rows} rows"
        say(f"  {subject.name}  {subject.annotations.size} bytes{rows}  SHA-256 {subject.digest.sha256}")
    say(NOTICE)
