"""Public randomness: the source that a commitment names, and what is typed when it has spoken.

Sources, strongest first:

* ``drand:quicknet:ROUND`` → ``drand:ROUND:SIGNATURE`` (``default`` also takes ``:PREVIOUS``): nobody could know
  it before its time, and its signature recomputes offline against a pinned key;
* ``block:CHAIN:HEIGHT`` → ``block:HASH``: weaker, a miner can discard blocks and nothing here checks the hash;
* ``dice`` → ``dice:DIGITS``: weaker, only those who watched know that the digits are the ones thrown;
* ``secrets:AUDITOR:CLIENT`` (SHA-256 of each secret) → ``secrets:AUDITOR:CLIENT`` (the secrets): works without a
  network; weaker, as whoever reveals last can walk away.

A fifth source is two functions and one line in :data:`_SOURCES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from types import MappingProxyType
from typing import NoReturn

from auditor_app.errors import SamplingError
from auditor_app.instants import format_instant
from auditor_app.sampling.drand import CHAINS, MAX_ROUND, DrandChain

_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)
_HASH = re.compile(r"(?:0x)?([0-9a-fA-F]{64})\Z", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+\Z", re.ASCII)
_CHAIN = re.compile(r"[-a-z0-9]{3,20}(?::[-_a-zA-Z0-9]{1,32})?\Z", re.ASCII)
_DICE = re.compile(r"[1-6]{20,1000}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Randomness:
    """What the named source gave: raw bytes for the seed, the round (0 where there is none), the text typed."""

    round: int
    raw: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source of public randomness, named before it speaks.

    ``text`` is its form on the command line, ``committed`` the members that the commitment hashes, ``weakness``
    why it is weaker than a drand round (``None`` for drand), ``speaks_at`` when it speaks, where that is known
    beforehand, ``answer`` reads what is typed after ``kind:`` once it has spoken.
    """

    text: str
    committed: Mapping[str, str]
    weakness: str | None
    speaks_at: datetime | None
    answer: Callable[[str], Randomness]

    @property
    def kind(self) -> str:
        """``drand``, ``block``, ``dice`` or ``secrets``."""
        return self.committed["kind"]


def _drand(rest: str) -> Source:
    """``CHAIN:ROUND`` of a pinned chain."""
    name, _, number = rest.partition(":")
    chain = CHAINS.get(name)
    if chain is None:
        _refuse_source(f"drand:CHAIN:ROUND with a chain of {', '.join(CHAINS)}", rest)
    if not _NUMBER.match(number) or not 1 <= int(number) <= MAX_ROUND:
        _refuse_source("a round number from 1", number)
    return Source(
        text=f"drand:{name}:{number}",
        committed={"kind": "drand", "chain": name, "chainHash": chain.hash, "round": number},
        weakness=None,
        speaks_at=chain.time_of(int(number)),
        answer=partial(_read_drand, chain, number),
    )


def _read_drand(chain: DrandChain, number: str, text: str) -> Randomness:
    """``ROUND:SIGNATURE``, and ``:PREVIOUS`` where the chain signs the previous signature too."""
    chained = chain.scheme == "chained"
    read, *signatures = text.split(":")
    if len(signatures) != (2 if chained else 1) or not all(map(_HEX.match, signatures)):
        previous = ":PREVIOUS" if chained else ""
        _refuse_randomness(f"drand:ROUND:SIGNATURE{previous} with the signature in hex", text)
    if read != number:
        _refuse_randomness(f"round {number}", f"round {read}")
    signature, *before = (bytes.fromhex(part) for part in signatures)
    previous_signature = before[0] if before else b""
    if chained and len(previous_signature) != chain.signature_bytes:
        _refuse_randomness("a previous signature of 96 bytes", f"{len(previous_signature)} bytes")
    raw = chain.randomness(int(number), signature, previous_signature)
    return Randomness(int(number), raw, f"drand:{text.lower()}")


def _block(rest: str) -> Source:
    """``CHAIN:HEIGHT``; the chain's name may be a CAIP-2 id with a colon of its own."""
    chain, _, height = rest.rpartition(":")
    if not _CHAIN.match(chain) or not _NUMBER.match(height):
        _refuse_source("block:CHAIN:HEIGHT, for instance block:eip155:1:24000000", rest)
    return Source(
        text=f"block:{chain}:{height}",
        committed={"kind": "block", "chain": chain, "height": height},
        weakness="A block's producer can discard blocks until one suits, and the hash was typed, not compared with "
        "the chain: compare it with a second explorer, and see that the height lay ahead at the commitment.",
        speaks_at=None,
        answer=_read_block,
    )


def _read_block(text: str) -> Randomness:
    match = _HASH.match(text)
    if match is None:
        _refuse_randomness("block:HASH with a block hash of 64 hex digits", text)
    return Randomness(0, bytes.fromhex(match[1]), f"block:{match[1].lower()}")


def _dice(rest: str) -> Source:
    """Six-sided dice thrown in public."""
    if rest:
        _refuse_source("dice alone", rest)
    return Source(
        text="dice",
        committed={"kind": "dice"},
        weakness="Only those who watched the dice know that these digits were thrown, once, after the commitment.",
        speaks_at=None,
        answer=_read_dice,
    )


def _read_dice(text: str) -> Randomness:
    """The digits enter the seed as ASCII text."""
    if not _DICE.match(text):
        _refuse_randomness("dice:DIGITS with at least 20 digits from 1 to 6", text)
    return Randomness(0, text.encode("ascii"), f"dice:{text}")


def _secrets(rest: str) -> Source:
    """``AUDITOR:CLIENT``: SHA-256 of each one's secret of 32 bytes."""
    digests = _two_hashes(rest)
    if digests is None:
        _refuse_source("secrets:AUDITOR:CLIENT with the SHA-256 of each secret", rest)
    auditor, client = digests
    if auditor == client:
        _refuse_source("two different secrets", "the same digest twice")
    return Source(
        text=f"secrets:{auditor}:{client}",
        committed={"kind": "secrets", "auditor": auditor, "client": client},
        weakness="Whoever reveals last knows the draw first and can refuse to reveal: treat a refusal as a deviation.",
        speaks_at=None,
        answer=partial(_read_secrets, digests),
    )


def _read_secrets(digests: tuple[str, str], text: str) -> Randomness:
    """The auditor's 32 bytes, then the client's, each compared with its digest."""
    typed = _two_hashes(text)
    if typed is None:
        _refuse_randomness("secrets:AUDITOR:CLIENT with two secrets of 64 hex digits", text)
    for who, secret, digest in zip(("auditor", "client"), typed, digests, strict=True):
        observed = sha256(bytes.fromhex(secret)).hexdigest()
        if observed != digest:
            _refuse_randomness(f"the {who}'s secret with SHA-256 {digest}", observed)
    return Randomness(0, bytes.fromhex("".join(typed)), f"secrets:{typed[0]}:{typed[1]}")


def _two_hashes(text: str) -> tuple[str, str] | None:
    first, _, second = text.partition(":")
    one, two = _HASH.match(first), _HASH.match(second)
    return None if one is None or two is None else (one[1].lower(), two[1].lower())


_SOURCES: Mapping[str, Callable[[str], Source]] = MappingProxyType(
    {"drand": _drand, "block": _block, "dice": _dice, "secrets": _secrets}
)


def parse_source(text: str) -> Source:
    """Read ``--source``; :class:`SamplingError` ``SAMPLE.COMMITMENT`` for a source that is not known."""
    kind, _, rest = text.partition(":")
    known = _SOURCES.get(kind)
    if known is None:
        _refuse_source("drand:quicknet:ROUND, block:CHAIN:HEIGHT, dice or secrets:AUDITOR:CLIENT", text)
    return known(rest)


def read_randomness(source: Source, text: str) -> Randomness:
    """Read ``--randomness`` as the answer of ``source``; refused if it is of another kind, round or key."""
    kind, _, rest = text.strip().partition(":")
    if kind != source.kind:
        _refuse_randomness(f"randomness of the committed source {source.text}", kind or text)
    return source.answer(rest)


def refuse_unless_future(source: Source, committed_at: datetime) -> None:
    """Refuse a source that had spoken by ``committed_at``: no shopping for seeds."""
    speaks = source.speaks_at
    if speaks is not None and speaks <= committed_at:
        raise SamplingError(
            "SAMPLE.COMMITMENT",
            f"the source {source.text} had spoken by the time of the commitment",
            expected=f"a source after {format_instant(committed_at)}",
            observed=f"published at {format_instant(speaks)}",
            action="Commit to a round that lies in the future.",
        )


def _refuse_source(expected: str, observed: str) -> NoReturn:
    raise SamplingError(
        "SAMPLE.COMMITMENT",
        "the source of randomness cannot be read",
        expected=expected,
        observed=repr(observed[:100]),
        action="Name a source that has not spoken yet.",
    )


def _refuse_randomness(expected: str, observed: str) -> NoReturn:
    raise SamplingError(
        "SAMPLE.RANDOMNESS",
        "the randomness is not what the commitment named",
        expected=expected,
        observed=repr(observed[:100]),
        action="Type the answer of the named source.",
    )
