"""Block hashes that the auditor types, chain by chain, beside those that snapshot and evidence name.

What is proven is proven under a hash, so whose hash it is decides the grade. A finalised beacon block root may be typed
instead where the evidence holds light-client data: each run then derives the hash from it, with no network, and says so.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from auditor_app.chain.evidence import plain_hash
from auditor_app.chain.names import chain_name
from auditor_app.chain.observed import BlockOrigin, Derivation, OwnBlock
from auditor_app.engagement.record import Audit
from auditor_app.errors import AuditError
from ui.case import Case
from ui.chain_work import Subject, derive_block
from ui.jobs import Job, JobRunner
from ui.text import count
from ui.theme import Tone
from ui.widgets.blocks import GRID, button, card, column, label, row, show_text
from ui.widgets.chips import Chip
from ui.widgets.fields import TypedField, hex_digits
from ui.widgets.hash_label import HashLabel

_INTRO = (
    "A header and its whole state can be made up by anyone. Type each block's hash from a source of your own, such as your "
    "node or two explorers: state proofs under it are then proven, whoever captured them."
)
_WORDS = {
    "snapshot": "the evidence adds nobody else's word",
    "one-endpoint": "one endpoint of the evidence gave it",
    "two-endpoints": "two hosts of the evidence gave it",
}


class ChainCard(QWidget):
    """One chain: the hashes named, the hash typed, and whether they are the same."""

    def __init__(self, panel: BlockHashes, chain: str) -> None:
        super().__init__()
        self.chain = chain
        name = chain_name(chain)
        self.verdict = Chip()
        self._height = label("", "muted")
        self._named = HashLabel(f"Hash in the snapshot, {name}")
        self._named_by = label("", "muted")
        self.typed = TypedField(
            f"Block hash of {name}",
            "The hash from your own source, 64 hexadecimal digits",
            hex_digits(64, 64),
            mono=True,
        )
        self.checkpoint = TypedField(
            f"Beacon checkpoint of {name}",
            "Or a finalised beacon block root, 64 hexadecimal digits",
            hex_digits(64, 64),
            mono=True,
        )
        self.derive = button("Derive the hash", partial(panel.derive, self))
        self.derive.setAccessibleName(f"Derive the block hash of {name} from the checkpoint")
        self.said = label("", wrap=True)
        head = row(label(name, "section"), label(chain, "muted"), self._height, 1, self.verdict, spacing=2 * GRID)
        self._from_checkpoint = QWidget()
        self.derived = HashLabel(f"Hash derived from the checkpoint, {name}")
        self.derived.hide()
        self._from_checkpoint.setLayout(column(row(self.checkpoint, self.derive), self.derived))
        inner = column(
            head, row(self._named, self._named_by, 1, spacing=2 * GRID), self.typed, self._from_checkpoint, self.said
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card(inner))
        self._way, self._derived = "", ""
        for field, other in ((self.typed, self.checkpoint), (self.checkpoint, self.typed)):
            field.textEdited.connect(other.clear)  # one of them counts: the one that was typed last
            field.judged.connect(panel.on_judged)
        self.checkpoint.textChanged.connect(self._forget_derived)
        for field in (self.typed, self.checkpoint):
            field.returnPressed.connect(panel.apply if field is self.typed else partial(panel.derive, self))

    def show_block(
        self, height: str, named: str, origin: BlockOrigin | None, typed: tuple[str | None, str | None]
    ) -> None:
        """What is known of the block, and which hash or checkpoint was typed in the last run."""
        self.named = named
        show_text(self._height, f"block {count(int(height))}" if height.isdigit() else height)
        self._named.setVisible(bool(named))
        self._named.show_digest(named)
        source = "no evidence of this chain yet"
        if origin is not None:
            source = _WORDS.get(origin.hash_from, "nobody is named for it in the evidence")
        where = "Named in the snapshot" if named else "The snapshot names no hash"
        show_text(self._named_by, f"{where}; {source}.")
        block_hash, checkpoint = typed
        self._forget_derived()
        self._from_checkpoint.setVisible(checkpoint is not None or (origin is not None and origin.anchored))
        self.typed.setText(block_hash or "")
        self.checkpoint.setText(checkpoint or "")
        if origin is not None and origin.derivation is not None and origin.vouched:
            self.show_derived(origin.block_hash, origin.derivation)
        self.judge()

    def show_derived(self, block_hash: str, derivation: Derivation | None) -> None:
        """The hash that the checkpoint led to, and the way there."""
        self._derived = block_hash
        self.derived.show_digest(block_hash)
        self.derived.show()
        self._way = "" if derivation is None else f"Derived from the checkpoint: {derivation.told(count)}."
        self.judge()

    def _forget_derived(self) -> None:
        self._derived, self._way = "", ""
        self.derived.hide()

    def judge(self) -> None:
        """Compare what is typed with what is named, while it is typed."""
        why = self.typed.wrong or self.checkpoint.wrong
        show_text(self.said, why or self._way)
        self.said.setProperty("ink", "bad" if why else "")
        self.derive.setEnabled(self.checkpoint.value is not None)
        value = self.typed.value or plain_hash(self._derived) or None
        if value is None and self.checkpoint.value is not None:
            self.verdict.say("Checkpoint typed", Tone.INFO)
        elif value is None:
            self.verdict.say("None typed", Tone.NEUTRAL)
        elif not self.named:
            self.verdict.say("Derived" if self._derived else "Typed", Tone.INFO)
        elif plain_hash(self.named) == value:
            self.verdict.say("Same hash", Tone.GOOD)
        else:
            self.verdict.say("Another hash", Tone.BAD)


class BlockHashes(QWidget):
    """A card for each chain of the snapshot, and one button that takes over what was typed and runs again."""

    def __init__(self, case: Case, runner: JobRunner) -> None:
        super().__init__()
        self._case = case
        self._runner = runner
        self._audit: Audit | None = None
        self._job: Job | None = None
        self.cards: dict[str, ChainCard] = {}
        self.use = button("Compare and run again", self.apply, primary=True)
        self._said = label("", "muted", wrap=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(GRID)
        self._list.addStretch(1)
        inner = QWidget()
        inner.setProperty("page", True)
        inner.setLayout(self._list)
        self._list.setContentsMargins(0, 0, 0, 0)
        room = QScrollArea()
        room.setWidgetResizable(True)
        room.setFrameShape(QFrame.Shape.NoFrame)
        room.setAccessibleName("Block hashes by chain")
        room.setWidget(inner)
        layout = column(label(_INTRO, "muted", wrap=True), room, row(self._said, 1, self.use), spacing=2 * GRID)
        layout.setContentsMargins(0, 2 * GRID, 0, 0)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_audit(self, audit: Audit) -> None:
        """The chains of a run, each with what it was given."""
        self._audit = audit
        origins = {} if audit.evidence is None else {item.chain: item for item in audit.evidence.blocks}
        hashes, checkpoints = dict(self._case.inputs.blocks), dict(self._case.inputs.checkpoints)
        for chain in [chain for chain in self.cards if chain not in {item[0] for item in audit.identity.chains}]:
            gone = self.cards.pop(chain)
            self._list.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for place, (chain, height, named) in enumerate(audit.identity.chains):
            if chain not in self.cards:
                self.cards[chain] = ChainCard(self, chain)
                self._list.insertWidget(place, self.cards[chain])
            self.cards[chain].show_block(height, named, origins.get(chain), (hashes.get(chain), checkpoints.get(chain)))
        self.on_judged()

    def on_judged(self) -> None:
        """Something was typed."""
        for made in self.cards.values():
            made.judge()
        wrong = any(made.typed.wrong or made.checkpoint.wrong for made in self.cards.values())
        inputs = self._case.inputs
        changed = (self._typed(), self._checkpoints()) != (dict(inputs.blocks), dict(inputs.checkpoints))
        self.use.setEnabled(changed and not wrong and not self._case.running)
        show_text(self._said, "Nothing new was typed." if not changed and not wrong else "")

    def apply(self) -> None:
        """Take over every hash and checkpoint that was typed and run again."""
        if self.use.isEnabled():
            self._case.type_blocks(tuple(sorted(self._typed().items())), tuple(sorted(self._checkpoints().items())))
            self._case.run()

    def derive(self, made: ChainCard) -> None:
        """Derive one chain's hash from a typed checkpoint, to be looked at; a run with the checkpoint derives it again."""
        root, request = made.checkpoint.value, None if self._audit is None else self._audit.request
        if root is None or request is None or request.evidence is None or self._job is not None:
            return
        subject = Subject(request.snapshot, request.trust_store, request.trusted_time)
        self._job = self._runner.make_aside(
            partial(derive_block, subject, request.evidence, made.chain, root), "Deriving the block's hash"
        )
        self._job.succeeded.connect(partial(self._on_derived, made, root))
        self._job.failed.connect(partial(self._on_failed, made))
        show_text(made.said, "Recalculating every sync committee on the way…")
        made.derive.setEnabled(False)
        self._job.start()

    def _typed(self) -> dict[str, str]:
        return {chain: value for chain, made in self.cards.items() if (value := made.typed.value) is not None}

    def _checkpoints(self) -> dict[str, str]:
        return {chain: value for chain, made in self.cards.items() if (value := made.checkpoint.value) is not None}

    def _on_derived(self, made: ChainCard, root: str, own: OwnBlock) -> None:
        self._job = None
        if made.checkpoint.value == root:
            made.show_derived(own.block_hash, own.derivation)
        self.on_judged()

    def _on_failed(self, made: ChainCard, error: AuditError) -> None:
        self._job = None
        made.judge()
        show_text(made.said, error.sentence())
        made.said.setProperty("ink", "bad")
