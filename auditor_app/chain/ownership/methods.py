"""Every ownership method, one line each, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auditor_app.chain.address.model import Family
from auditor_app.chain.ownership import (
    bip127,
    bip137,
    bip322,
    cosmos,
    ed25519,
    eip191,
    eip1271,
    htx_por,
    multisig,
    okx_por,
    tron,
    txid,
)
from auditor_app.chain.ownership.model import Claim, Match, NoMatch, NotDecided, Verdict

_UTXO, _EVM, _TRON = frozenset({Family.UTXO}), frozenset({Family.EVM}), frozenset({Family.TRON})
_K1, _ED = frozenset({Family.SECP256K1}), frozenset({Family.ED25519})


@dataclass(frozen=True, slots=True)
class Method:
    """``families`` whose rows it is tried for; ``offered`` says whether it is tried where a list names no method."""

    name: str
    families: frozenset[Family]
    check: Callable[[Claim], Verdict]
    offered: bool = True


METHODS = (
    Method("bip137", _UTXO, bip137.check),
    Method("multisig", _UTXO, multisig.check),
    Method("bip322", _UTXO, bip322.check),
    Method("bip127", _UTXO, bip127.check),
    Method("eip191", _EVM, eip191.check),
    Method("okx-por", frozenset(Family) - _UTXO - _TRON, okx_por.check),
    Method("okx-por", _UTXO, okx_por.check, offered=False),
    Method("htx-por", _EVM, htx_por.check),
    Method("tron", _TRON, tron.check),
    Method("okx-por", _TRON, tron.check, offered=False),
    Method("solana", _ED, ed25519.check_solana, offered=False),
    Method("ed25519", _ED, ed25519.check_solana),
    Method("cosmos", _K1, cosmos.check),
    Method("eip1271", _EVM, eip1271.check, offered=False),
    Method("txid", frozenset(Family), txid.check, offered=False),
)


def check_claim(claim: Claim, named: str) -> tuple[str, Verdict]:
    """The first method that fits, with its name; a named method is the only one tried.

    Where none fits, the reason is that of the first method whose form the proof has and that gave one.
    """
    family = claim.network.family
    tried = [m for m in METHODS if family in m.families and (m.name == named if named else m.offered)]
    if not tried:
        return named, NoMatch(f"the method {named[:40]} does not exist for this chain")
    refusals: list[tuple[str, Verdict]] = []
    for method in tried:
        verdict = method.check(claim)
        if isinstance(verdict, Match):
            return method.name, verdict
        refusals.append((method.name, verdict))
    undecided = next((pair for pair in refusals if isinstance(pair[1], NotDecided)), None)
    return undecided or (named, NoMatch(_reason([v for _, v in refusals if isinstance(v, NoMatch)])))


def _reason(refusals: Sequence[NoMatch]) -> str:
    """The most telling one; that no method takes what the row holds only if each of them says so."""
    near = next((item.reason for item in refusals if item.reason and not item.foreign), "")
    return near or (refusals[0].reason if all(item.foreign for item in refusals) else "")
