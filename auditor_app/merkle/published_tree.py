"""Checking a whole tree as its publisher shows it: every node recalculated, leaves summed, root named.

A scheme's file reads its publisher's format as a stream; what the check yields is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auditor_app.findings import Finding, Limitation
from auditor_app.merkle.published import Comparison, ProofDocument
from auditor_app.operation import CancelToken, Operation

MAX_TREE_BYTES = 64 * 2**30
"""A bound on time, not on memory: trees are read as a stream."""

TREE_HEAD_BYTES = 4096
"""What a scheme sees of a file to recognise it."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A published tree: one file, or several where the publisher splits it, in the order given.

    ``root`` is hex typed from the exchange's own publication; ``customer`` a customer's file whose leaves are to be
    traced; ``options`` are typed ``name=value`` pairs.
    """

    paths: tuple[Path, ...]
    root: str | None = None
    customer: ProofDocument | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TreeCheck:
    """Everything that checking one published tree yields.

    ``nodes`` counts the inner nodes recalculated, ``disagreeing`` those of them that differ from the file. ``root`` is
    as recalculated, ``totals`` the exact sums of the leaves.
    """

    scheme: str
    leaves: int
    padding: int
    nodes: int
    disagreeing: int
    root: str
    totals: Mapping[str, str]
    checks: tuple[Comparison, ...]
    findings: tuple[Finding, ...]
    limitations: tuple[Limitation, ...]


@dataclass(frozen=True, slots=True)
class TreeFormat:
    """How one scheme's whole-tree files are checked.

    ``recognises`` sees the first :data:`TREE_HEAD_BYTES`. ``check`` raises :class:`~auditor_app.errors.ProofError`
    ``PROOF.UNREADABLE`` for a file that is not as the scheme says; what does not recalculate is a finding.
    """

    recognises: Callable[[bytes], bool]
    check: Callable[[TreeFile, CancelToken], Operation[TreeCheck]]
    options: Mapping[str, str] = field(default_factory=dict)
