"""One tree on its way from a ledger's rows to a root, and why there will be none where it stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor_app.errors import LedgerError
from auditor_app.findings import Finding, from_error
from auditor_app.ledger.checks import LedgerTally
from auditor_app.ledger.scan import RowBlock
from auditor_app.ledger.source import LedgerSource
from auditor_app.merkle.inclusion import ProvableTree
from auditor_app.merkle.limitations import weak_hash
from auditor_app.merkle.rule import Layout
from auditor_app.merkle.scheme import FROM_LEDGER, Scheme
from auditor_app.merkle.schemes import scheme_named
from auditor_app.merkle.tree import TreeBuilder

if TYPE_CHECKING:
    from auditor_app.merkle.fast.proofs import FastTree
    from auditor_app.merkle.fast.reading import UnfinishedTree


@dataclass
class TreeJob:
    """A scheme over a ledger; ``stopped`` says why there will be no root, and ``findings`` say it to the reader.

    What fails in one tree is its finding; the other trees of the same pass go on.
    """

    source: LedgerSource
    scheme_name: str
    parameters: Mapping[str, str]
    scheme: Scheme | None = None
    builder: TreeBuilder | None = None
    quick: UnfinishedTree | None = None
    leaf_count: int | None = None
    tree: ProvableTree | FastTree | None = None
    stopped: LedgerError | None = None
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def prepared(cls, source: LedgerSource, scheme: str, parameters: Mapping[str, str]) -> TreeJob:
        """The scheme looked up and fixed to the ledger, or stopped."""
        job = cls(source, scheme, parameters)
        try:
            job.scheme = scheme_named(scheme)
        except LedgerError as error:
            job._stop(error)
            return job
        job.findings += weak_hash(job.scheme, procedure="root", subject=job.subject)
        job.bind(source.declared_rows)
        return job

    @property
    def subject(self) -> str:
        """What findings about this tree are about."""
        return f"ledger {self.source.name}, {self.scheme_name}"

    @property
    def root(self) -> str | None:
        """The recalculated root in hex."""
        digest = None if self.tree is None else self.tree.root_digest
        return None if digest is None else digest.hex()

    @property
    def digest_bits(self) -> int | None:
        """The scheme's digest bits, where the scheme is known."""
        return None if self.scheme is None else self.scheme.properties.digest_bits

    def needs_another_pass(self, rows: int) -> bool:
        """Whether the rule had to know the leaf count and was told none, or one of another depth."""
        if self.builder is None or self.stopped is not None or not self.builder.rule.needs_leaf_count:
            return False
        depth = self.builder.rule.depth
        return self.leaf_count is None or depth(self.leaf_count) != depth(rows)

    def bind(self, leaf_count: int | None) -> None:
        """Fix the scheme to the ledger, believing it to have ``leaf_count`` rows, and begin the tree."""
        bind = None if self.scheme is None else self.scheme.bind
        try:
            if bind is None:
                raise LedgerError(
                    "SCHEME.PARAMETERS",
                    f"the scheme {self.scheme_name} defines no way from a ledger to a root",
                    action=_instead(self.scheme),
                )
            rule = bind(Layout.of(self.source.columns), self.parameters, leaf_count)
        except LedgerError as error:
            self._stop(error)
            return
        self.builder = TreeBuilder(rule)
        self.leaf_count = leaf_count

    def feed(self, block: RowBlock) -> None:
        """Hash one block's leaves into the tree; nothing while the rule waits for the leaf count."""
        if self.builder is None or self.stopped is not None:
            return
        rule = self.builder.rule
        if rule.needs_leaf_count and self.leaf_count is None:
            return
        try:
            self.builder.add(rule.leaves(block))
        except LedgerError as error:
            self._stop(error)

    def finish(self, tally: LedgerTally) -> None:
        """Close the tree, or say why there is no root."""
        if self.builder is None or self.stopped is not None:
            return
        try:
            if self.quick is not None:
                self.tree = self.quick.finish(self.source, tally.part_rows, self.parameters)
                return
            built = self.builder.finish()
            if built.root_digest is None:
                raise LedgerError(
                    "LEDGER.EMPTY",
                    f"the ledger has no rows, and the scheme {self.scheme_name} has no root for that",
                    action="Ask for the ledger.",
                )
        except LedgerError as error:
            self._stop(error)
            return
        self.tree = ProvableTree(built, self.source.columns, self.parameters, tuple(tally.part_rows))

    def _stop(self, error: LedgerError) -> None:
        """Give the tree up, with its finding."""
        self.stopped = error
        self.findings.append(from_error(error, procedure="root", subject=self.subject))


def _instead(scheme: Scheme | None) -> str:
    """What to do with a ledger whose scheme does not bind to columns."""
    takes = None if scheme is None else scheme.tree_takes.get(FROM_LEDGER)
    return f"Use proof tree with {takes}." if takes else "Compare published proofs with the published root instead."
