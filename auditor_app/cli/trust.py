"""``reserve-auditor trust``: pin, list and revoke keys, set thresholds, pin time-stamping authorities."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from auditor_app.cli.terminal import add_json_option, emit_json, say
from auditor_app.errors import UsageError
from auditor_app.files import read_capped
from auditor_app.instants import format_instant, parse_instant
from auditor_app.snapshot.trust import (
    EMPTY,
    PinnedKey,
    Provenance,
    TrustStore,
    add_key,
    add_time_authority,
    load_store,
    normal_fingerprint,
    revoke_key,
    save_store,
    set_threshold,
)

_MAX_PEM_BYTES = 2**16


def add(parser: argparse.ArgumentParser) -> None:
    """Add the group's commands."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_key_command(commands)
    _add_list_command(commands)
    _add_revoke_command(commands)
    _add_threshold_command(commands)
    _add_authority_command(commands)


def _command(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    parser.add_argument("--store", type=Path, required=True, metavar="S", help="the trust store (JSON)")
    return parser


def _provenance_options(parser: argparse.ArgumentParser, *, what: str, default: str | None = None) -> None:
    parser.add_argument(
        "--channel", required=default is None, default=default, metavar="TEXT", help=f"over which second channel {what}"
    )
    parser.add_argument("--by", required=default is None, default=default, metavar="NAME", help="who records it")


def _add_key_command(commands: Any) -> None:
    parser = _command(commands, "add", "pin a key, with its fingerprint typed from a second channel")
    parser.add_argument("--pem", type=Path, required=True, metavar="K", help="the public key, PEM")
    parser.add_argument(
        "--fingerprint", required=True, metavar="HEX", help="SHA-256 of the key's SubjectPublicKeyInfo, 64 hex digits"
    )
    parser.add_argument("--role", choices=("issuer", "auditor"), required=True)
    parser.add_argument("--issuer", metavar="NAME", help="the exchange's legal name; for an auditor's key its firm")
    parser.add_argument("--signer", required=True, metavar="NAME", help="the person or office that holds the key")
    _provenance_options(parser, what="the fingerprint came")
    parser.add_argument(
        "--not-before", type=_instant, metavar="T", help="the key counts from this UTC instant or date on"
    )
    parser.add_argument("--not-after", type=_instant, metavar="T", help="the key counts until this UTC instant or date")
    parser.set_defaults(handler=_add)


def _add_list_command(commands: Any) -> None:
    parser = _command(commands, "list", "list pinned keys, thresholds and time-stamping authorities")
    add_json_option(parser)
    parser.set_defaults(handler=_list)


def _add_revoke_command(commands: Any) -> None:
    parser = _command(commands, "revoke", "revoke a pinned key from an instant on")
    parser.add_argument("--fingerprint", required=True, metavar="HEX", help="the pinned key's fingerprint")
    parser.add_argument("--at", type=_instant, metavar="T", help="revoked from this UTC instant on (default: now)")
    _provenance_options(parser, what="the revocation came", default="not stated")
    parser.set_defaults(handler=_revoke)


def _add_threshold_command(commands: Any) -> None:
    parser = _command(commands, "threshold", "set how many distinct keys and signers of an issuer must have signed")
    parser.add_argument("--issuer", required=True, metavar="NAME", help="the exchange's legal name")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--threshold", "--count", dest="count", type=int, metavar="N", help="this many")
    choice.add_argument("--all", action="store_true", help="every pinned, unrevoked key (the default)")
    parser.set_defaults(handler=_threshold)


def _add_authority_command(commands: Any) -> None:
    parser = _command(commands, "add-tsa", "pin a time-stamping authority (RFC 3161)")
    parser.add_argument("--pem", type=Path, required=True, metavar="CERT", help="its root certificate, PEM")
    parser.add_argument(
        "--fingerprint", required=True, metavar="HEX", help="SHA-256 of the certificate (DER), 64 hex digits"
    )
    parser.add_argument("--name", required=True, metavar="NAME", help="what to call it")
    _provenance_options(parser, what="the fingerprint came")
    parser.set_defaults(handler=_add_authority)


def _add(options: argparse.Namespace) -> int:
    store = load_store(options.store) if options.store.exists() else EMPTY
    changed = add_key(
        store,
        pem=read_capped(options.pem, max_bytes=_MAX_PEM_BYTES, code="TRUST.KEY"),
        typed_fingerprint=options.fingerprint,
        role=options.role,
        issuer=options.issuer,
        signer=options.signer,
        provenance=_provenance(options),
        not_before=options.not_before,
        not_after=options.not_after,
    )
    save_store(options.store, changed)
    key = changed.keys[-1]
    say(f"Pinned {key.spki_sha256} ({key.algorithm}, {key.role}) for {key.signer}.")
    if key.role == "issuer" and key.issuer is not None:
        _say_threshold(changed, key.issuer)
    return 0


def _list(options: argparse.Namespace) -> int:
    store = load_store(options.store)
    document = msgspec.to_builtins(store)
    for key in document["keys"]:
        del key["spki"]
    for authority in document["timeAuthorities"]:
        del authority["certificate"]
    emit_json(options.json, document)
    if options.json is None:
        for pinned in store.keys:
            _say_key(pinned)
        for issuer in store.issuers:
            _say_threshold(store, issuer)
        for item in store.time_authorities:
            say(f"{item.certificate_sha256}  time-stamping authority  {item.name}")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    revoked_at = options.at or _now()
    changed = revoke_key(
        load_store(options.store), options.fingerprint, revoked_at=revoked_at, provenance=_provenance(options)
    )
    save_store(options.store, changed)
    say(f"Revoked {normal_fingerprint(options.fingerprint)} from {revoked_at} on.")
    return 0


def _threshold(options: argparse.Namespace) -> int:
    changed = set_threshold(load_store(options.store), options.issuer, None if options.all else options.count)
    save_store(options.store, changed)
    _say_threshold(changed, options.issuer)
    return 0


def _add_authority(options: argparse.Namespace) -> int:
    store = load_store(options.store) if options.store.exists() else EMPTY
    changed = add_time_authority(
        store,
        pem=read_capped(options.pem, max_bytes=_MAX_PEM_BYTES, code="TRUST.KEY"),
        typed_fingerprint=options.fingerprint,
        name=options.name,
        provenance=_provenance(options),
    )
    save_store(options.store, changed)
    say(f"Pinned {changed.time_authorities[-1].certificate_sha256} as time-stamping authority {options.name}.")
    return 0


def _say_key(key: PinnedKey) -> None:
    say(f"{key.spki_sha256}  {key.role}  {key.algorithm}")
    say(f"  {key.signer}, {key.issuer or 'no firm named'}")
    if key.not_before or key.not_after:
        say(f"  counts from {key.not_before or 'any time'} to {key.not_after or 'any time'}")
    if key.revoked_at:
        say(f"  REVOKED from {key.revoked_at} on")
    for item in key.provenance:
        say(f"  {item.sentence()}")


def _say_threshold(store: TrustStore, issuer: str) -> None:
    now = _now()
    needed = store.required(issuer, now)
    say(f"{issuer}: {needed} distinct keys of {needed} distinct signers must have signed.")
    usable = [item for item in store.issuer_keys(issuer) if not item.revoked(now)]
    if len({item.signer for item in usable}) < needed:
        say("  This cannot be met: one signer holds several keys. Revoke the old key or set a threshold.")


def _provenance(options: argparse.Namespace) -> Provenance:
    return Provenance(channel=options.channel, by=options.by, at=_now())


def _now() -> str:
    return format_instant(datetime.now(UTC))


def _instant(text: str) -> str:
    try:
        return format_instant(parse_instant(text))
    except ValueError as error:
        raise UsageError("USAGE", str(error), action="Write a UTC instant like 2026-11-01T00:00:00Z.") from None
