"""What recomputing one ledger yields: exact totals, compared roots, and trees that can give inclusion proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from auditor_app.amounts import Amount
from auditor_app.findings import Finding, Limitation
from auditor_app.ledger.source import LedgerSource
from auditor_app.operation import CancelToken, Operation
from auditor_app.snapshot.statement import Column


@dataclass(frozen=True, slots=True)
class ColumnTotal:
    """Exact sums of one amount column: ``total`` is net, ``negatives`` the sum of negative balances (at most 0)."""

    asset: str
    total: Amount
    negatives: Amount

    @property
    def gross(self) -> Amount:
        """What is owed to customers, debts of other customers not netted."""
        return self.total - self.negatives


@dataclass(frozen=True, slots=True)
class TotalCheck:
    """A published total (base units) beside the recomputed one; ``decimals`` turns base units into units."""

    ledger: str
    asset: str
    decimals: int
    published: int | None
    recomputed: Amount | None

    @property
    def match(self) -> bool | None:
        """Whether both are the same number; ``None`` when one is missing."""
        if self.published is None or self.recomputed is None:
            return None
        return bool(self.recomputed.fraction() * 10**self.decimals == self.published)

    def recomputed_base_units(self) -> str | None:
        """Base units as text; decimals remain only where the rows hold more of them than the asset."""
        return (
            None
            if self.recomputed is None
            else Amount(self.recomputed.units * 10**self.decimals, self.recomputed.scale).plain()
        )


@dataclass(frozen=True, slots=True)
class CommitmentCheck:
    """A root as claimed in the snapshot, as recomputed, and as typed from the exchange's own publication."""

    ledger: str
    scheme: str
    parameters: Mapping[str, str]
    digest_bits: int
    published: str
    recomputed: str | None
    typed: str | None
    leaf_count: int
    claimed_leaf_count: int

    @property
    def match(self) -> bool | None:
        """Recomputed against the snapshot's claim; ``None`` when nothing could be recomputed."""
        return None if self.recomputed is None else self.recomputed == self.published

    @property
    def typed_match(self) -> bool | None:
        """Recomputed against the typed root; ``None`` when either is missing."""
        return None if self.recomputed is None or self.typed is None else self.recomputed == self.typed


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The path of one leaf: its row as read, and for each level the sibling, its side, and the node reached.

    ``row`` is the row's text without LF; hashes are lower-case hex; ``balances`` are the sums a node carries in
    schemes that carry sums, as plain decimal text. ``columns`` and ``parameters`` fix the scheme, so that a proof can
    be checked by itself.
    """

    scheme: str
    columns: tuple[Column, ...]
    parameters: Mapping[str, str]
    index: int
    row: str
    leaf: str
    steps: tuple[ProofStep, ...]
    root: str
    position: int | None = None
    """The leaf's place in the tree, where the scheme arranges leaves otherwise than the ledger's rows."""


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One level up: ``level`` is that of the node reached (1 above the leaves).

    ``side`` is where the *sibling* stands; ``sibling`` is ``None`` for a lone node, which is always on the left.
    """

    level: int
    side: str
    sibling: str | None
    sibling_balances: Mapping[str, str]
    node: str
    node_balances: Mapping[str, str]


class RecomputedTree(Protocol):
    """A tree of one commitment, recomputed from every leaf, that can build inclusion proofs."""

    @property
    def scheme(self) -> str:
        """The scheme's name."""
        ...

    @property
    def leaf_count(self) -> int:
        """How many leaves it has."""
        ...

    def prove(
        self, source: LedgerSource, indices: Sequence[int], token: CancelToken
    ) -> Operation[tuple[InclusionProof, ...]]:
        """The inclusion proofs of the leaves at ``indices``, in that order."""
        ...


@dataclass(frozen=True)
class LedgerResult:
    """Everything that one pass over one ledger yields.

    ``checks`` sets each total beside the published one. ``trees`` holds the trees that could be recomputed, in the
    order of ``commitments``. Where the ledger broke its grammar nothing was recomputed: ``complete`` is false,
    ``totals`` and ``trees`` are empty, and a critical finding says where.
    """

    ledger: str
    row_count: int
    totals: tuple[ColumnTotal, ...]
    checks: tuple[TotalCheck, ...]
    commitments: tuple[CommitmentCheck, ...]
    trees: tuple[RecomputedTree, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]
    complete: bool = True
