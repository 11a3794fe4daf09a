"""The options that every command shares which performs the whole run: what to read and what the auditor typed."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from auditor_app.cli.typed_hashes import add_block_options, block_options
from auditor_app.engagement.record import AuditRequest, SampleRequest
from auditor_app.errors import UsageError
from auditor_app.instants import format_instant, parse_instant
from auditor_app.snapshot.publication import PROMPT_DAYS

_HEX64 = re.compile(r"[0-9a-f]{64}\Z")
_HEX = re.compile(r"[0-9a-f]{16,128}\Z")
_DAYS = re.compile(r"(?:0|[1-9][0-9]{0,3})\Z", re.ASCII)


def add_audit_options(parser: argparse.ArgumentParser, *, trust_required: bool = True) -> None:
    """``SNAPSHOT --trust S`` and everything that may be compared with it; the window remembers a trust store."""
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT", help="the signed snapshot, a file or a folder")
    parser.add_argument(
        "--trust", type=Path, required=trust_required, metavar="S", help="the trust store with the pinned keys"
    )
    parser.add_argument("--evidence", type=Path, metavar="E", help="an evidence file captured at the named blocks")
    parser.add_argument("--nonce", metavar="HEX", help="the nonce that you issued for this engagement (64 hex digits)")
    parser.add_argument(
        "--previous", metavar="PAYLOAD_SHA256", help="payload digest of the snapshot before this one (64 hex digits)"
    )
    parser.add_argument(
        "--published-root",
        action="append",
        default=[],
        metavar="LEDGER=HEX",
        help="the root as typed from the exchange's own publication; once for each ledger",
    )
    parser.add_argument(
        "--trusted-time", metavar="T", help="the UTC instant at which keys are judged; without it a time stamp, or now"
    )
    parser.add_argument(
        "--challenge", metavar="TEXT", help="the text that you asked to be signed with the reserve addresses' keys"
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        action="append",
        default=[],
        metavar="SNAPSHOT",
        help="another signed snapshot of the same issuer, to compare roots and sequence; repeatable",
    )
    parser.add_argument(
        "--window", type=Path, metavar="CSV", help="balances around the instant: account,asset,days,amount,source"
    )
    parser.add_argument(
        "--own-asset",
        action="append",
        default=[],
        metavar="SYMBOL",
        help="an asset that the exchange itself issued; repeatable",
    )
    parser.add_argument(
        "--published-within",
        type=_days,
        default=PROMPT_DAYS,
        metavar="DAYS",
        help=f"days after the instant within which a root should be public (default {PROMPT_DAYS})",
    )
    add_block_options(parser)
    parser.add_argument("--sample", type=Path, metavar="RECORD", help="a sample commitment record made earlier")
    parser.add_argument("--randomness", metavar="R", help="drand:ROUND:SIGNATURE, block:HASH or dice:DIGITS")


def audit_request(options: argparse.Namespace) -> AuditRequest:
    """The request that the options say; :class:`UsageError` where a value has the wrong form."""
    if (options.sample is None) != (options.randomness is None):
        raise UsageError("USAGE", "--sample and --randomness go together", action="Give both or neither.")
    blocks, checkpoints = block_options(options)
    return AuditRequest(
        snapshot=options.snapshot,
        trust_store=options.trust,
        evidence=options.evidence,
        nonce=_digest(options.nonce, "--nonce"),
        previous=_digest(options.previous, "--previous"),
        published_roots=tuple(_published_root(text) for text in options.published_root),
        trusted_time=typed_instant(options.trusted_time),
        sample=None if options.sample is None else SampleRequest(options.sample, options.randomness),
        challenge=options.challenge,
        blocks=blocks,
        checkpoints=checkpoints,
        earlier=tuple(options.earlier),
        window=options.window,
        own_assets=tuple(options.own_asset),
        published_within=options.published_within,
    )


def _days(text: str) -> int:
    if not _DAYS.match(text):
        raise UsageError("USAGE", "--published-within takes a number of days", observed=text[:80])
    return int(text)


def _digest(text: str | None, option: str) -> str | None:
    if text is None:
        return None
    lowered = text.strip().lower()
    if not _HEX64.match(lowered):
        raise UsageError("USAGE", f"{option} takes 64 hexadecimal digits", observed=text[:80])
    return lowered


def _published_root(text: str) -> tuple[str, str]:
    ledger, _, root = text.partition("=")
    lowered = root.strip().lower().removeprefix("0x")
    if not ledger or not _HEX.match(lowered):
        raise UsageError("USAGE", "--published-root takes LEDGER=HEX", observed=text[:160])
    return ledger, lowered


def typed_instant(text: str | None) -> str | None:
    """What ``--trusted-time`` says; :class:`UsageError` where it is no instant."""
    if text is None:
        return None
    try:
        return format_instant(parse_instant(text))
    except ValueError as error:
        raise UsageError("USAGE", f"--trusted-time: {error}") from None
