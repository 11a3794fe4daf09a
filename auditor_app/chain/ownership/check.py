"""The procedure D2: each row's address decoded, its proof of control tried, its message dated, repeats seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditor_app.chain.address.model import Address, AddressError, Family, Network
from auditor_app.chain.address.networks import (
    key_only_network,
    network_of_chain,
    network_of_form,
    networks_of_labels,
)
from auditor_app.chain.ownership.encoding import EOS_PREFIX, from_base64, from_eos, from_hex, of_size
from auditor_app.chain.ownership.freshness import freshness_of, freshness_of_occasion
from auditor_app.chain.ownership.keys import fingerprint, from_eip2098
from auditor_app.chain.ownership.methods import check_claim
from auditor_app.chain.ownership.model import (
    Binds,
    Claim,
    Contracts,
    Freshness,
    Match,
    NoMatch,
    NotDecided,
    Occasion,
    Outcome,
    OwnershipLine,
    OwnershipResult,
    OwnershipRow,
    Transactions,
)
from auditor_app.chain.ownership.observed import limitations_of, observed
from auditor_app.chain.ownership.shares import shares_by_value
from auditor_app.errors import UsageError
from auditor_app.instants import parse_instant
from auditor_app.operation import CancelToken, Operation, Progress

_ROWS_PER_PROGRESS = 64
_MAX_ADDRESS = 256
_NOTHING_FITS = "no scheme of the chain leads from the signature to the address"
_BIP322_PREFIXES = ("smp", "ful", "pof")
_NO_SIGNATURES: Mapping[bytes, str] = {}


@dataclass(frozen=True, slots=True)
class _Resolved:
    """A row's chain and address, or why there is none."""

    network: Network | None
    address: Address | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the auditor asked to be signed, the snapshot's instant, and what the chain can answer."""

    challenge: str | None
    instant: datetime | None
    contracts: Contracts | None
    transactions: Transactions | None

    def freshness(self, row: OwnershipRow) -> Freshness:
        """By the message, which a transaction's row only carries beside it: nobody signed it."""
        if row.method == "txid":
            return Freshness.REPLAYABLE
        return freshness_of(row.message, self.challenge, self.instant)

    def dated(self, line: OwnershipLine, occasion: Occasion) -> OwnershipLine:
        """The line with the freshness of what was done on chain."""
        freshness = freshness_of_occasion(occasion, self.challenge, self.instant)
        return replace(line, freshness=freshness, occasion=occasion)


def check_rows(
    rows: Sequence[OwnershipRow],
    *,
    challenge: str | None,
    as_of: str | None,
    token: CancelToken,
    earlier: Mapping[bytes, str] = _NO_SIGNATURES,
    contracts: Contracts | None = None,
    transactions: Transactions | None = None,
) -> Operation[OwnershipResult]:
    """Check every row offline; what only the chain can say ``contracts`` and ``transactions`` answer, if evidence has it.

    ``challenge`` is the text that the auditor asked to be signed; ``as_of`` the instant or date of the snapshot;
    ``earlier`` maps signatures of earlier lists (see :func:`signatures_seen`) to where they stood.
    :class:`UsageError` for an empty challenge or an instant that is none.
    """
    if challenge is not None and not challenge.strip():
        raise UsageError("USAGE", "the challenge is empty", action="Give the text that was to be signed.")
    try:
        instant = None if as_of is None else parse_instant(as_of)
    except ValueError as error:
        raise UsageError("USAGE", str(error), action="Write a date as 2026-11-22.") from None
    seen = dict(earlier)
    asked = _Asked(challenge, instant, contracts, transactions)
    lines: list[OwnershipLine] = []
    for number, row in enumerate(rows):
        token.check()
        if number % _ROWS_PER_PROGRESS == 0:
            yield Progress(number, len(rows), "rows", "Proofs of control")
        resolved = _resolve(row)
        seen_before = _first_seen(row, resolved, seen)
        lines.append(_line(row, resolved, asked, seen_before))
    checked = tuple(lines)
    findings, limitations = observed(checked), limitations_of(checked, challenge)
    limitations += () if contracts is None else contracts.limitations()
    return OwnershipResult(checked, shares_by_value(checked), challenge, as_of, findings, limitations)


def signatures_seen(rows: Iterable[OwnershipRow]) -> dict[bytes, str]:
    """Every signature of an earlier list with its place, for ``earlier``."""
    seen: dict[bytes, str] = {}
    for row in rows:
        _first_seen(row, _resolve(row), seen)
    return seen


def _resolve(row: OwnershipRow) -> _Resolved:
    """The chain by its id or the labels, else by the address's form; the address decoded by that chain's rules."""
    if row.chain:
        network = network_of_chain(row.chain)
        if network is None:
            return _Resolved(None, None, f"addresses of the chain {row.chain[:40]} are not known to this program")
        candidates: tuple[Network, ...] = (network,)
    else:
        candidates = networks_of_labels(row.labels)
    if len(row.address) > _MAX_ADDRESS:
        return _Resolved(None, None, f"it is longer than {_MAX_ADDRESS} characters")
    if not row.address:
        return _without_address(row, candidates)
    if not candidates:
        guessed = network_of_form(row.address)
        candidates = () if guessed is None else (guessed,)
    fault = "the row's labels name no known chain and the address has no form of its own"
    for position, network in enumerate(candidates):
        try:
            return _Resolved(network, network.decode(row.address))
        except AddressError as error:
            fault = str(error) if position == 0 else fault
    return _Resolved(candidates[0] if candidates else None, None, fault)


def _without_address(row: OwnershipRow, candidates: tuple[Network, ...]) -> _Resolved:
    """A row that names only a key; without even that it names nothing."""
    key = of_size(row.public_key, 32, 33, 64, 65)
    network = None if key is None else key_only_network(len(key))
    if network is None:
        return _Resolved(candidates[0] if candidates else None, None, "the row names no address")
    return _Resolved(network, None)


def _line(row: OwnershipRow, resolved: _Resolved, asked: _Asked, seen_before: str) -> OwnershipLine:
    """The row with its outcome; an address that cannot be decoded comes before everything else."""
    blank = OwnershipLine(
        row=row,
        network="" if resolved.network is None else resolved.network.key,
        identity=_identity(row, resolved),
        method=row.method,
        scheme="",
        outcome=Outcome.UNDECODABLE,
        binds=Binds.NOTHING,
        freshness=asked.freshness(row),
        seen_before=seen_before,
        typo_risk=resolved.address is not None and not resolved.address.checksummed,
        note=resolved.fault,
    )
    if resolved.network is None or resolved.fault:
        return blank
    if not row.signatures:
        return replace(blank, outcome=Outcome.UNSIGNED)
    method, verdict = check_claim(
        Claim(
            resolved.network,
            resolved.address,
            row.message,
            row.signatures,
            row.public_key,
            row.owners,
            row.prevouts,
            row.chain,
            asked.contracts,
            asked.transactions,
        ),
        row.method,
    )
    match verdict:
        case Match(scheme, binds, note, occasion):
            found = replace(blank, outcome=Outcome.VALID, method=method, scheme=scheme, binds=binds, note=note)
            return found if occasion is None else asked.dated(found, occasion)
        case NotDecided(reason):
            return replace(blank, outcome=Outcome.UNSIGNED, method=method, note=reason)
        case NoMatch(reason):
            return replace(blank, outcome=Outcome.INVALID, method=method, note=reason or _NOTHING_FITS)


def _identity(row: OwnershipRow, resolved: _Resolved) -> str:
    """Equal for every spelling of one account on one chain."""
    if resolved.network is None or resolved.address is None:
        return row.address
    chain = row.chain or resolved.network.key
    return f"{chain}:{resolved.address.kind}:{resolved.address.payload.hex()}"


def _first_seen(row: OwnershipRow, resolved: _Resolved, seen: dict[bytes, str]) -> str:
    """Where any of the row's signatures stood before, and remember them; an empty text if nowhere."""
    family = None if resolved.network is None else resolved.network.family
    found = ""
    for text in row.signatures:
        undressed = _undressed(text, family)
        found = found or seen.get(undressed, "")
        seen.setdefault(undressed, row.at.text() or "an earlier row")
    return found


def _undressed(text: str, family: Family | None) -> bytes:
    """What stays the same when one signature is written in another way."""
    raw = from_eos(text) or of_size(text, 64, 65, 96)
    if raw is None:
        long = from_base64(text[3:]) if text[:3] in _BIP322_PREFIXES else from_base64(text)
        return long or from_hex(text) or text.encode("utf-8")
    if len(raw) == 65:
        return fingerprint(raw[1:] if family is Family.UTXO or text.startswith(EOS_PREFIX) else raw[:64])
    if len(raw) == 64 and family is Family.EVM:
        return fingerprint(from_eip2098(raw)[:64])
    return fingerprint(raw) if len(raw) == 64 and family is Family.SECP256K1 else raw
