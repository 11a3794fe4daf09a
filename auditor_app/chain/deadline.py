"""How long state proofs of a snapshot's blocks can still be had from ordinary nodes.

Nodes that are no archives keep the state of their last 128 blocks (go-ethereum's default, and what follows it). What
is reckoned here is an estimate from the snapshot's instant and the chain's usual block time: nobody is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from auditor_app.instants import parse_instant

KEPT_BLOCKS = 128

BLOCK_TIME_MS: Mapping[str, int] = MappingProxyType(
    {
        "eip155:1": 12_000,
        "eip155:10": 2_000,
        "eip155:56": 750,
        "eip155:100": 5_000,
        "eip155:137": 2_000,
        "eip155:8453": 2_000,
        "eip155:42161": 250,
        "eip155:43114": 2_000,
        "eip155:59144": 2_000,
    }
)
"""Usual milliseconds between blocks, by CAIP-2 id; a chain that is not here has no estimate."""


@dataclass(frozen=True, slots=True)
class ProofDeadline:
    """Until when a chain's state at the snapshot's instant is with ordinary nodes; ``until`` is ``None`` if not known."""

    chain: str
    until: datetime | None

    def left(self, now: datetime) -> timedelta | None:
        """Time left, negative when it is over."""
        return None if self.until is None else self.until - now


def proof_deadlines(chains: Iterable[str], as_of: str) -> tuple[ProofDeadline, ...]:
    """A deadline for each EVM chain named; ``as_of`` is the snapshot's instant."""
    instant = parse_instant(as_of)
    return tuple(
        ProofDeadline(
            chain,
            instant + timedelta(milliseconds=KEPT_BLOCKS * BLOCK_TIME_MS[chain]) if chain in BLOCK_TIME_MS else None,
        )
        for chain in chains
        if chain.startswith("eip155:")
    )
