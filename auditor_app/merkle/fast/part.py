"""One part of a ledger, from its bytes to its scan, its ids' fingerprints and the kept nodes of every tree over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor_app.errors import LedgerError
from auditor_app.ledger.fast_scan import Chunk, FastPartScan, ScanTable
from auditor_app.ledger.grammar import TOKEN_LENGTH
from auditor_app.ledger.repeats import Fingerprints
from auditor_app.ledger.scan import PartScan
from auditor_app.ledger.source import PART_ROWS, LedgerPart
from auditor_app.merkle.fast.bitmex import bitmex_programs
from auditor_app.merkle.fast.nodes import Nodes, Workshop
from auditor_app.merkle.fast.program import Programs, template_programs
from auditor_app.merkle.rule import Rule
from auditor_app.merkle.schemes.bitmex_rule import BitmexRule
from auditor_app.merkle.template import TemplateRule
from auditor_app.merkle.tree import KEEP_LEVEL
from auditor_app.native.layout import KEY_BYTES, slot_bytes
from auditor_app.native.library import address, machine_code
from auditor_app.native.limbs import NARROW

PART_LEVEL = PART_ROWS.bit_length() - 1
"""The level of the node above a full part."""


@dataclass(frozen=True)
class TreeRule:
    """A rule ready for compiled code; ``depth`` is the root's level where the rule had to be told."""

    programs: Programs
    depth: int | None

    def workshop(self) -> Workshop:
        """Working memory for one thread."""
        return Workshop(self.programs, self.depth)


def programs_of(rule: Rule) -> Programs | None:
    """The programs of a rule; ``None`` where compiled code does not know it."""
    if isinstance(rule, TemplateRule):
        return template_programs(rule)
    return bitmex_programs(rule) if isinstance(rule, BitmexRule) else None


def tree_rule(rule: Rule, leaf_count: int | None) -> TreeRule | None:
    """The rule for compiled code; ``None`` where that does not know it."""
    programs = programs_of(rule)
    if programs is None or (rule.needs_leaf_count and leaf_count is None):
        return None
    try:
        rule.depth(leaf_count or 0)
    except LedgerError:
        return None  # the reference says why
    return TreeRule(programs, rule.depth(leaf_count) if rule.needs_leaf_count and leaf_count is not None else None)


@dataclass(frozen=True)
class PartRoots:
    """One tree's nodes above one part: of every group of 32 leaves, and of the whole part where it is full."""

    kept: Nodes
    top: Nodes | None


@dataclass(frozen=True)
class PartResult:
    """What one part gives. ``part`` no longer holds its bytes; ``group_starts`` are the byte offsets of its groups."""

    part: LedgerPart
    scan: PartScan
    fingerprints: Fingerprints
    group_starts: npt.NDArray[np.uint32]
    trees: tuple[PartRoots, ...]


def process_part(
    part: LedgerPart,
    table: ScanTable,
    rules: Sequence[TreeRule],
    key: bytes | None,
    on_rows: Callable[[int], None],
) -> PartResult:
    """Scan, fingerprint (under ``key``, if there is one) and hash one part.

    ``on_rows`` is called with the rows of each chunk as it is done and may raise to stop.
    :class:`LedgerError` ``SNAPSHOT.GRAMMAR`` where the grammar breaks.
    """
    scan = FastPartScan(part, table, keep_amounts=any(rule.programs.reads_amounts for rule in rules))
    workshops = [rule.workshop() for rule in rules]
    groups: list[list[Nodes]] = [[] for _ in rules]
    prints = FingerprintPass(key)
    starts: list[npt.NDArray[np.int32]] = []
    for chunk in scan.chunks():
        prints.add(scan, chunk)
        starts.append(chunk.cells[:: 1 << KEEP_LEVEL, 0].copy())
        for workshop, kept in zip(workshops, groups, strict=True):
            kept.append(workshop.groups(scan, chunk, KEEP_LEVEL))
        on_rows(len(chunk.cells))
    result = scan.result()
    full = result.rows == PART_ROWS
    trees = tuple(_roots(*pair, full=full) for pair in zip(workshops, groups, strict=True))
    offsets = np.concatenate([np.empty(0, np.int32), *starts]).astype(np.uint32)
    return PartResult(replace(part, data=b""), result, prints.result(), offsets, trees)


def _roots(workshop: Workshop, groups: list[Nodes], *, full: bool) -> PartRoots:
    """The kept nodes, and the part's own node where it is a whole subtree."""
    kept = Nodes.joined(groups) if groups else Nodes.empty(0, workshop.programs.coins, NARROW)
    return PartRoots(kept, workshop.raised(kept, KEEP_LEVEL, PART_LEVEL) if full else None)


class FingerprintPass:
    """Fingerprints of a part's ids, chunk by chunk; none without a key."""

    def __init__(self, key: bytes | None) -> None:
        self._key = None if key is None else np.frombuffer(key, np.uint8)
        self._slots = np.empty(slot_bytes(KEY_BYTES + TOKEN_LENGTH), np.uint8)
        self._places = (0 if self._key is None else address(self._key), address(self._slots))
        self._made: list[Fingerprints] = []

    def add(self, scan: FastPartScan, chunk: Chunk) -> None:
        """Take the next chunk's ids."""
        if self._key is None:
            return
        made = np.empty(len(chunk.cells), np.uint64)
        width = chunk.cells.shape[1] - 1
        machine_code().fingerprint_ids(
            scan.address, scan.size, chunk.addresses[0], width, len(made), *self._places, address(made)
        )
        self._made.append(made)

    def result(self) -> Fingerprints:
        """One fingerprint for each row."""
        return np.concatenate([np.empty(0, np.uint64), *self._made])
