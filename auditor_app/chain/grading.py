"""How much a line of evidence is worth: who says which block, and what is proven under it.

A header and its whole state can be made up by anyone. A line is ``proven`` only under a block hash that the auditor
typed, or that two endpoints of an auditor whose key is pinned agreed on; without that a perfect proof is a claim.
A token's slot is proven by the trie, but that it *is* the balance is the capturing auditor's observation, so such a
line needs a pinned auditor's signature as well (``onchain.md``, "Who says which block?").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from auditor_app.chain.accounts import decode_account
from auditor_app.chain.addresses import on_chain_ids
from auditor_app.chain.bundle import decode_bundle, member_name
from auditor_app.chain.observed import Grade, Observation, OwnBlocks
from auditor_app.chain.proven_state import ProvenState
from auditor_app.chain.replayed import compare_histories
from auditor_app.errors import AuditError, ChainError, Location
from auditor_app.findings import Finding, Limitation, finding, limitation
from auditor_app.findings.catalogue import LIMITATIONS
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.snapshot.members import BalanceRow
from auditor_app.snapshot.statement import Asset, EvidenceBlock

OWN_NODE = "own-node:"
"""Prefix of a ``source`` that names a node run by the auditor; any other source is a host."""

TWO_ENDPOINTS = "two-endpoints"
"""``hashFrom`` of a block whose hash two different hosts gave."""

ONE_ENDPOINT = "one-endpoint"
"""``hashFrom`` of a block whose hash one host gave."""

_OWN_NODE_NAMESPACES = frozenset({"eip155", "bip122"})
_PROCEDURE = "balances"

Key = tuple[str, str]
"""Account identity and asset symbol."""


@dataclass(frozen=True, slots=True)
class Claim:
    """All rows of one account and asset, with the row number of the first."""

    key: Key
    row: int
    rows: tuple[BalanceRow, ...]

    @property
    def chain(self) -> str:
        """The CAIP-2 id."""
        return self.rows[0].account.rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class ProofReading:
    """Balances that state proofs give, by chain and key; ``pins`` says by whom a chain's block hash is vouched for.

    A chain in ``broken`` has proofs that do not hold: none of its lines may be used.
    """

    proven: Mapping[Key, int]
    vouched: frozenset[Key]
    pins: Mapping[str, str]
    broken: frozenset[str]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


@dataclass(frozen=True, slots=True)
class _ChainProof:
    """What one chain's bundle proves; ``layouts`` are keys whose proof also rests on a token's layout."""

    amounts: Mapping[Key, int]
    layouts: set[Key]
    limitations: tuple[Limitation, ...]


def read_proofs(
    evidence: AuthenticEvidence,
    claims: Sequence[Claim],
    assets: Iterable[Asset],
    own_blocks: OwnBlocks,
    *,
    stray: frozenset[str],
    token: CancelToken,
) -> ProofReading:
    """Re-perform every state proof in the file; no network.

    ``own_blocks`` are the auditor's own, already compared with the file's; chains in ``stray`` are of another block
    than was named and not looked at.
    """
    by_symbol = {asset.symbol: asset for asset in assets}
    present = {subject.name for subject in evidence.statement.subject}
    proven: dict[Key, int] = {}
    vouched: set[Key] = set()
    broken: set[str] = set()
    findings: list[Finding] = []
    limits: list[Limitation] = []
    for chain in evidence.statement.predicate.chains:
        token.check()
        if chain in stray:
            continue
        own = [claim for claim in claims if claim.chain == chain]
        try:
            if chain.startswith("bip122:"):
                rows = [row for claim in own for row in claim.rows]
                limits += compare_histories(evidence, chain, rows, by_symbol, token)
            if not chain.startswith("eip155:") or member_name(chain) not in present:
                continue
            found = _prove_chain(evidence, chain, own, by_symbol, token)
        except ChainError as error:
            broken.add(chain)
            findings.append(_not_proven(error, chain))
            continue
        proven |= found.amounts
        vouched |= found.layouts
        limits += found.limitations
    pins = pins_of(evidence, own_blocks)
    return ProofReading(
        MappingProxyType(proven), frozenset(vouched), pins, frozenset(broken), tuple(findings), tuple(limits)
    )


def grade_claim(claim: Claim, proofs: ProofReading, *, trusted: bool) -> Observation | None:
    """The observation that a claim deserves; ``None`` where it is worth no more than the issuer's word."""
    pin = proofs.pins.get(claim.chain)
    amount = proofs.proven.get(claim.key)
    if amount is not None and pin is not None and (trusted or claim.key not in proofs.vouched):
        return Observation(amount, Grade.PROVEN, f"state proof, block hash {pin}")
    if not trusted:
        return None
    sources = sorted({row.source for row in claim.rows})
    amounts = {row.amount for row in claim.rows}
    grade = Grade.ONE_SOURCE if len(amounts) > 1 else _grade_of(claim.chain, sources)
    return Observation(min(amounts), grade, ", ".join(sources))


def _prove_chain(
    evidence: AuthenticEvidence, chain: str, claims: Sequence[Claim], assets: Mapping[str, Asset], token: CancelToken
) -> _ChainProof:
    """Proven amounts of one chain; :class:`ChainError` where anything does not hold."""
    block = evidence.statement.predicate.chains[chain]
    name = member_name(chain)
    if block.block_hash is None:
        raise ChainError("EVIDENCE.PROOF", "there are proofs, but no block hash", at=Location(name))
    bundle = decode_bundle(evidence.members.read(name, token), name)
    if bundle.chain != chain:
        raise ChainError("EVIDENCE.PROOF", f"the proofs are of {bundle.chain}", at=Location(name))
    try:
        block_hash = bytes.fromhex(block.block_hash.removeprefix("0x"))
    except ValueError:
        raise ChainError("EVIDENCE.PROOF", "the block hash is not hexadecimal", at=Location(name)) from None
    amounts: dict[Key, int] = {}
    layouts: set[Key] = set()
    with ProvenState(bundle, block_hash, int(block.block_height), token) as state:
        for claim in claims:
            token.check()
            amount = _prove_claim(claim, state, assets.get(claim.key[1]), layouts)
            if amount is not None:
                amounts[claim.key] = amount
        state.finish()
        missing, observed = state.not_reexecuted, state.decimals_observed
    limits = not_reexecuted(chain, missing) if missing else ()
    if observed:
        limits = (*limits, limitation("EVIDENCE.DECIMALS", subject=f"chain {chain}"))
    return _ChainProof(amounts, layouts, limits)


def not_reexecuted(chain: str, reason: str) -> tuple[Limitation, ...]:
    """That calls on a chain could not be run again, and why."""
    code = "EVIDENCE.NOT_REEXECUTED"
    return (limitation(code, subject=f"chain {chain}", message=f"{LIMITATIONS[code]} The reason: {reason}."),)


def _prove_claim(claim: Claim, state: ProvenState, asset: Asset | None, layouts: set[Key]) -> int | None:
    if asset is None:
        return None
    ids = on_chain_ids(asset, claim.chain)
    try:
        account = decode_account(claim.rows[0].account)
        amount = state.balance(account, ids, asset.decimals) if ids else None
    except ValueError:
        return None  # an asset that is no EVM token has no slot to prove
    if amount is None:
        return None
    for row in claim.rows:
        if row.amount != amount:
            raise ChainError(
                "EVIDENCE.PROOF",
                f"the proof gives another balance of {row.asset} for {row.account} than the evidence states",
                at=Location("balances.csv", row=claim.row),
                expected=str(amount),
                observed=f"{row.amount} from {row.source}",
            )
    if state.rests_on_layout(ids):
        layouts.add(claim.key)
    return amount


def pins_of(evidence: AuthenticEvidence, own_blocks: OwnBlocks) -> Mapping[str, str]:
    """Who vouches for each chain's block hash, in words; a chain that nobody vouches for is left out."""
    pins = {}
    for chain, block in evidence.statement.predicate.chains.items():
        own = own_blocks.get(chain)
        if own is not None:
            pins[chain] = (
                "from the auditor" if own.derivation is None else "derived from the auditor's beacon checkpoint"
            )
        elif evidence.signers and hash_origin(evidence, block) == TWO_ENDPOINTS:
            pins[chain] = "given by two endpoints of the auditor"
    return MappingProxyType(pins)


def hash_origin(evidence: AuthenticEvidence, block: EvidenceBlock) -> str:
    """Who gave a block's hash by the file's own word, as far as the file bears it out.

    An auditor's file that lists fewer than two hosts was not given a hash by two: then it is one endpoint's, or nobody's.
    """
    said = block.hash_from or ""
    hosts = {host_of(origin) for origin in evidence.statement.predicate.endpoints}
    if said != TWO_ENDPOINTS or not evidence.signers or len(hosts) > 1:
        return said
    return ONE_ENDPOINT if hosts else ""


def contradictions(evidence: AuthenticEvidence) -> list[Finding]:
    """Chains of which the file says that two endpoints gave the hash, while it lists fewer than two hosts."""
    predicate = evidence.statement.predicate
    return [
        finding(
            "EVIDENCE.ENDPOINTS",
            procedure=_PROCEDURE,
            subject=f"chain {chain}",
            message="The evidence says that two endpoints gave the block's hash, and lists fewer than two hosts: "
            "the hash counts as one endpoint's word.",
            expected="endpoints on two different hosts",
            observed=", ".join(predicate.endpoints) or "no endpoint",
        )
        for chain, block in predicate.chains.items()
        if hash_origin(evidence, block) != (block.hash_from or "")
    ]


def host_of(source: str) -> str:
    """The host in a ``source`` or an endpoint's origin, in one spelling: ports and schemes are not told apart."""
    return source.removeprefix(OWN_NODE).rpartition("://")[2].rsplit(":", 1)[0].lower().rstrip(".")


def _not_proven(error: AuditError, chain: str) -> Finding:
    return finding(
        "EVIDENCE.PROOF",
        procedure=_PROCEDURE,
        subject=f"chain {chain}",
        message=f"State proofs or histories were recalculated and do not hold: {error.what}. No line of this chain was used.",
        expected=error.expected,
        observed=error.observed,
        at=error.at,
    )


def _grade_of(chain: str, sources: Sequence[str]) -> Grade:
    """``own-node`` if such a node agreed; ``two-sources`` for two different hosts, ports not told apart.

    Where a node keeps no past state that it can show, also the auditor's own is one source of two.
    """
    own = any(source.startswith(OWN_NODE) for source in sources)
    if own and chain.partition(":")[0] in _OWN_NODE_NAMESPACES:
        return Grade.OWN_NODE
    return Grade.TWO_SOURCES if len({host_of(source) for source in sources}) > 1 else Grade.ONE_SOURCE
