"""What a drawn sample yields, item by item."""

from __future__ import annotations

from dataclasses import dataclass

from auditor_app.findings import Finding
from auditor_app.merkle.result import InclusionProof
from auditor_app.sampling.drawn import Stratum


@dataclass(frozen=True, slots=True)
class SampleItem:
    """One drawn leaf: 0-based ``index``, Rivest's ticket number (decimal text), its key as read, and whether its proof reached the root."""

    index: int
    ticket: str
    key: str
    included: bool
    proof: InclusionProof | None
    stratum: int | None = None
    """The 0-based stratum it was drawn from, where the sample is stratified."""


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The whole sample with everything needed to draw it again.

    ``size`` is what was committed to; ``items`` are more where the sample was extended. ``method`` is a
    :class:`~auditor_app.sampling.distributions.Distribution`; ``seed`` is the text the sampler takes.
    """

    ledger: str
    scheme: str
    root: str
    population: int
    size: int
    confidence: str
    tolerable: str
    expected: str
    allowed_deviations: int
    committed_at: str
    commitment: str
    source: str
    randomness: str
    seed: str
    items: tuple[SampleItem, ...]
    dummy_rejected: bool
    findings: tuple[Finding, ...]
    method: str = "hypergeometric"
    strata: tuple[Stratum, ...] = ()
    """As committed; empty where the sample is not stratified."""

    @property
    def deviations(self) -> int:
        """How many drawn leaves did not reach the published root."""
        return sum(not item.included for item in self.items)
