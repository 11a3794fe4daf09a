"""Parts of a ledger, slice by slice, from bytes to scans, fingerprints of ids and the kept nodes of every tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor_app.errors import LedgerError
from auditor_app.ledger.fast_scan import Chunk, FastPartScan, ScanRoom, ScanTable, Span, joined, spans
from auditor_app.ledger.grammar import TOKEN_LENGTH, Grammar
from auditor_app.ledger.repeats import Fingerprints
from auditor_app.ledger.scan import PartScan
from auditor_app.ledger.source import PART_ROWS, SLICE_ROWS, LedgerPart
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

SLICE_LEVEL = SLICE_ROWS.bit_length() - 1
"""The level of the node above a full slice."""


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
class Slice:
    """Work for one thread: some rows of a part; ``last`` where no more of the part follow."""

    part: LedgerPart
    span: Span
    last: bool

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.span.stop - self.span.start


def slices(parts: Iterable[LedgerPart]) -> Iterator[Slice]:
    """The parts, each cut into aligned subtrees of :data:`SLICE_ROWS` rows, so that no thread waits for a whole part."""
    for part in parts:
        cut = spans(part, SLICE_ROWS)
        for number, span in enumerate(cut, 1):
            yield Slice(part, span, number == len(cut))


@dataclass(frozen=True)
class Roots:
    """One tree's nodes above some rows: of every group of 32 leaves, and of all where they are a whole subtree."""

    kept: Nodes
    top: Nodes | None


@dataclass(frozen=True)
class SliceResult:
    """What one slice gives; ``part`` no longer holds its bytes, ``group_starts`` are byte offsets in it."""

    part: LedgerPart
    span: Span
    last: bool
    scan: PartScan
    fingerprints: Fingerprints
    group_starts: npt.NDArray[np.uint32]
    trees: tuple[Roots, ...]


@dataclass(frozen=True)
class PartResult:
    """What one part gives."""

    part: LedgerPart
    scan: PartScan
    fingerprints: Fingerprints
    group_starts: npt.NDArray[np.uint32]
    trees: tuple[Roots, ...]


class Bench:
    """What one thread works with: its memory is used again for every slice, since fresh memory costs more than the work in it."""

    def __init__(self, table: ScanTable, rules: Sequence[TreeRule], key: bytes | None) -> None:
        """``key`` is that of the fingerprints, if there are to be any."""
        self.table = table
        self.room = ScanRoom(table, keep_amounts=any(rule.programs.reads_amounts for rule in rules))
        self.workshops = [rule.workshop() for rule in rules]
        self.prints = FingerprintPass(key)


def process_slice(work: Slice, bench: Bench, on_rows: Callable[[int], None]) -> SliceResult:
    """Scan, fingerprint and hash some rows.

    ``on_rows`` is called with the rows of each chunk as it is done and may raise to stop.
    :class:`LedgerError` ``SNAPSHOT.GRAMMAR`` where the grammar breaks.
    """
    room = bench.room
    scan = FastPartScan(work.part, bench.table, work.span, keep_amounts=room.keep_amounts, room=room)
    groups: list[list[Nodes]] = [[] for _ in bench.workshops]
    prints = bench.prints.again()
    starts: list[npt.NDArray[np.uint32]] = []
    for chunk in scan.chunks():
        prints.add(scan, chunk)
        starts.append(chunk.cells[:: 1 << KEEP_LEVEL, 0].copy())
        for workshop, kept in zip(bench.workshops, groups, strict=True):
            kept.append(workshop.groups(scan, chunk, KEEP_LEVEL))
        on_rows(len(chunk.cells))
    result = scan.result()
    full = result.rows == SLICE_ROWS
    trees = tuple(_slice_roots(*pair, full=full) for pair in zip(bench.workshops, groups, strict=True))
    offsets = np.concatenate([np.empty(0, np.uint32), *starts])
    return SliceResult(
        replace(work.part, data=b"", marks=None), work.span, work.last, result, prints.result(), offsets, trees
    )


def _slice_roots(workshop: Workshop, groups: list[Nodes], *, full: bool) -> Roots:
    """The kept nodes, and the slice's own node where it is a whole subtree."""
    kept = Nodes.joined(groups) if groups else Nodes.empty(0, workshop.programs.coins, NARROW)
    return Roots(kept, workshop.raised(kept, KEEP_LEVEL, SLICE_LEVEL) if full else None)


def joined_part(found: Sequence[SliceResult], grammar: Grammar, rules: Sequence[TreeRule]) -> PartResult:
    """One part from all its slices, in order."""
    part = found[0].part
    scan = joined(part, grammar, [(result.span, result.scan) for result in found])
    return PartResult(
        part,
        scan,
        np.concatenate([result.fingerprints for result in found]),
        np.concatenate([result.group_starts for result in found]),
        tuple(
            _part_roots(rule.workshop(), [result.trees[number] for result in found], full=scan.rows == PART_ROWS)
            for number, rule in enumerate(rules)
        ),
    )


def _part_roots(workshop: Workshop, found: Sequence[Roots], *, full: bool) -> Roots:
    """The kept nodes of all slices, and the part's own node where it is a whole subtree."""
    kept = Nodes.joined([roots.kept for roots in found])
    tops = [roots.top for roots in found if roots.top is not None]
    if not full or len(tops) < len(found):
        return Roots(kept, None)
    return Roots(kept, workshop.raised(Nodes.joined(tops), SLICE_LEVEL, PART_LEVEL))


class FingerprintPass:
    """Fingerprints of a part's ids, chunk by chunk; none without a key."""

    def __init__(self, key: bytes | None) -> None:
        self._key = None if key is None else np.frombuffer(key, np.uint8)
        self._slots = np.empty(slot_bytes(KEY_BYTES + TOKEN_LENGTH), np.uint8)
        self._places = (0 if self._key is None else address(self._key), address(self._slots))
        self._made: list[Fingerprints] = []

    def again(self) -> FingerprintPass:
        """This very pass, with nothing taken yet."""
        self._made = []
        return self

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
