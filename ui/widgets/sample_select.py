"""The Select tab of a sample: first the commitment, then the randomness, then the draw."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QWidget

from auditor_app.counts import counted
from auditor_app.errors import AuditError, SamplingError
from auditor_app.instants import format_instant
from auditor_app.pace import duration
from auditor_app.sampling.drand import CHAINS, MAX_ROUND
from ui import prompts
from ui.desk import Desk
from ui.papers.paper import scrolled, tab_room
from ui.sample_planning import CommitTyped, RecordShown, commit_engaged, commit_sample, read_record
from ui.sampling_work import DrawTyped, Loose, Sampled, draw_engaged, draw_loose, fetch_randomness
from ui.text import count, sentence_case
from ui.theme import Tone
from ui.widgets.blocks import GRID, Banner, button, card, choice, column, label, row, show_text
from ui.widgets.fields import TypedField
from ui.widgets.hash_label import HashLabel
from ui.widgets.reasoning import Reasoning
from ui.widgets.sample_plan import PlanTab

_SOURCES = (
    ("drand:quicknet:", "drand round", "round number, later than now", "drand", "signature (hex) of the committed round"),
    ("block:", "Block hash", "CHAIN:HEIGHT, for instance bitcoin:921500", "block", "block hash (64 hex digits)"),
    ("dice", "Public dice", "", "dice", "at least 20 digits from 1 to 6"),
    ("secrets:", "Two secrets", "SHA-256 of yours : SHA-256 of the client's", "secrets", "your secret : the client's secret (hex)"),
)  # fmt: skip
_KINDS = tuple(source[3] for source in _SOURCES)
_WHY_COMMIT = (
    "The record fixes snapshot, root, plan and the source that will be used, before anybody can know what the source will say: "
    "neither you nor the exchange can shop for a seed."
)
_WHY_DRAW = (
    "It is compared with the source in the record: a round that was public before the record is refused, and a drand signature "
    "is compared with the pinned chain key on this machine. The smallest tickets of Rivest's sampler win; anyone can repeat it. "
    "Extending keeps every item that was drawn."
)


def round_in_words(number: str, now: datetime) -> str:
    """When round ``number`` of drand's quicknet is published, seen from ``now``; a round to take where none is typed."""
    chain = CHAINS["quicknet"]
    if not number:
        soon = now + timedelta(hours=1)
        return f"For instance {chain.first_round_after(soon)}: it is published in an hour. Every {chain.period} seconds there is one more."  # fmt: skip
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= MAX_ROUND:
        return "A round is a whole number."
    try:
        at = chain.time_of(int(number))
    except SamplingError as error:
        return sentence_case(error.sentence())
    if at <= now:
        return f"Round {number} was published {format_instant(at)} and can be known: take one after {chain.first_round_after(now)}."  # fmt: skip
    left = at - now
    long = f"{left.days} days" if left.days > 1 else duration(left.total_seconds())
    return f"Round {number} is published {format_instant(at)}, in {long}."


def _whole(text: str) -> str:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("a whole number of items")
    return text


class SelectTab(QWidget):
    """``on_drawn`` gets a :class:`Loose` sample outside an engagement, ``None`` inside one."""

    def __init__(
        self, desk: Desk, plan: PlanTab, reasoning: Reasoning, on_drawn: Callable[[Loose | None], object]
    ) -> None:
        super().__init__()
        self._desk, self._plan, self._on_drawn = desk, plan, on_drawn
        self.source = choice("Source of randomness")
        for _, name, _, _, _ in _SOURCES:
            self.source.addItem(name)
        self.named = TypedField("Which round, block or digests", "")
        self.when = label("", "muted", wrap=True)
        self.commit = button("Write commitment record…", self._on_commit)
        self.open_record = button("Use a record written earlier…", self._on_open_record, link=True)
        self._record = label("", "muted", wrap=True)
        self.digest = HashLabel("Commitment digest", whole=True)
        self._hand_over = label("Hand this to the client now: until somebody else holds it, the record's time is only your own word.", wrap=True)  # fmt: skip
        self._hand_over.setProperty("ink", "warn")
        self.shown: RecordShown | None = None
        self._read_for: object = None
        self.relay = TypedField("drand relay", "https://api.drand.sh")
        self.fetch = button("Fetch the round", self._on_fetch)
        self._offline = label("", "muted", wrap=True)
        self.extend = TypedField("Extend to", "extend to: items in all", _whole)
        self.extend.setFixedWidth(190)
        self.randomness = TypedField("Randomness", "", mono=True)
        self.draw = button("Draw the sample", self._on_draw, primary=True)
        self.problem = Banner()
        self.outcome = Banner()
        self._fill(reasoning)
        self.source.currentIndexChanged.connect(self._on_source)
        self.named.textChanged.connect(self._say_when)
        desk.case.sample_refused.connect(self._on_not_drawn)
        self._on_source(0)

    def _fill(self, reasoning: Reasoning) -> None:
        first = column(
            label("1  Commit, before the randomness exists", "section"),
            reasoning.hold(label(_WHY_COMMIT, "muted", wrap=True)),
            row(self.source, self.named, self.commit, spacing=2 * GRID),
            self.when, row(self.open_record, 1), self._record, self.digest, self._hand_over,
        )  # fmt: skip
        second = column(
            label("2  Type the randomness, once it is public", "section"),
            reasoning.hold(label(_WHY_DRAW, "muted", wrap=True)),
            row(self.relay, self.fetch, spacing=2 * GRID), self._offline,
            row(self.randomness, self.extend, self.draw, spacing=2 * GRID),
        )  # fmt: skip
        inner = QWidget()
        inner.setLayout(column(self.problem, card(first), card(second), self.outcome, 1, spacing=2 * GRID))
        self.setLayout(tab_room(scrolled(inner, "Commit and draw")))

    def refresh(self) -> None:
        """Show the record in use, with its digest."""
        record = self._desk.case.state.committed
        if record != self._read_for:
            self._read_for, self.shown = record, None
            if record is not None:
                job = self._desk.runner.make_aside(partial(read_record, record.path), "Reading the record")
                job.succeeded.connect(self._on_read)
                job.failed.connect(self._on_unread)
                job.start()
        if self.shown is None:
            show_text(self._record, "" if record is None else f"Committed in {record.path}")
        self.digest.setVisible(self.shown is not None)
        self._hand_over.setVisible(self.shown is not None)
        self.draw.setEnabled(record is not None and not self._desk.case.running)
        self.randomness.setEnabled(record is not None)
        drand = self.shown is not None and self.shown.kind == "drand"
        online = not self._desk.connections.offline
        for part in (self.relay, self.fetch):
            part.setVisible(drand)
            part.setEnabled(drand and online)
        offline = "You work offline: to fetch the round, turn off Edit → Preferences → Work offline; or paste it below."
        show_text(self._offline, offline if drand and not online else "")

    def show_sampled(self, sampled: Sampled) -> None:
        """The last draw in a line."""
        drawn = sampled.drawn
        if drawn is None:
            self.outcome.hide()
            return
        where = "in the journal" if sampled.recorded else "in this window only"
        units = f", {int(drawn.size):,} monetary units" if drawn.kind == "reserves" else ""
        said = f"Committed {drawn.committed_at}, drawn with {drawn.source}. It stands {where}."
        self.outcome.say(Tone.GOOD, f"Drawn: {counted(len(drawn.items), 'item')}{units}", said)

    def _on_read(self, shown: RecordShown) -> None:
        self.shown = shown
        self.digest.show_digest(shown.digest)
        self._ask_for_randomness()
        if shown.kind in _KINDS:
            self.source.setCurrentIndex(_KINDS.index(shown.kind))
        self.refresh()
        weaker = (
            f" Weaker than a drand round: {shown.weakness[:1].lower()}{shown.weakness[1:].rstrip('.')}."
            if shown.weakness
            else ""
        )
        strata = f" Strata: {'; '.join(shown.strata)}." if shown.strata else ""
        show_text(self._record, f"Committed {shown.committed_at} to {shown.source}, {count(shown.size)} to draw, in {shown.path}.{strata}{weaker}")  # fmt: skip

    def _on_unread(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The record cannot be read", error.sentence())

    def _on_fetch(self) -> None:
        """One request, to the relay that is typed, because it was asked for."""
        record = self._desk.case.state.committed
        if record is None or self._desk.connections.offline:
            return
        self.problem.hide()
        work = partial(fetch_randomness, record.path, self.relay.text().strip() or "https://api.drand.sh")
        job = self._desk.runner.make_aside(work, "Asking for the round")
        job.succeeded.connect(self.randomness.setText)
        job.failed.connect(self._on_not_fetched)
        self._desk.follow(job)
        job.start()

    def _on_not_fetched(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The round was not fetched", error.sentence())

    def _on_source(self, at: int) -> None:
        self.named.setPlaceholderText(_SOURCES[at][2])
        self.named.setEnabled(bool(_SOURCES[at][2]))
        if not self.named.isEnabled():
            self.named.clear()
        self._say_when()
        self._ask_for_randomness()

    def _ask_for_randomness(self) -> None:
        """What the record in use waits for; without one, what the chosen source would."""
        kind = _KINDS[self.source.currentIndex()] if self.shown is None else self.shown.kind
        asked = dict(zip(_KINDS, (source[4] for source in _SOURCES), strict=True))
        self.randomness.setPlaceholderText(asked.get(kind, ""))

    def _say_when(self, *_: object) -> None:
        """When a drand round is published: offline, a round's time is a sum."""
        if _KINDS[self.source.currentIndex()] != "drand":
            show_text(self.when, "" if self.named.isEnabled() else "Dice need no more words here: throw them in public, after the record is handed over.")  # fmt: skip
            return
        show_text(self.when, round_in_words(self.named.text().strip(), datetime.now(UTC)))

    def _on_commit(self) -> None:
        snapshot = self._desk.case.inputs.snapshot
        if snapshot is not None:
            suggested = self._desk.beside_snapshot(f"{snapshot.path.stem}-sample.json")
            prompts.save_file(self, "Write commitment record", prompts.RECORDS, suggested, self.write_record)

    def write_record(self, record: Path) -> None:
        """Commit and write, in a job."""
        planned, inputs = self._plan.typed(), self._desk.case.inputs
        if planned is None or inputs.snapshot is None or inputs.trust_store is None:
            return
        source = self._typed_source()
        typed = CommitTyped(inputs.snapshot.path, inputs.trust_store.path, inputs.trusted_time, planned, source, record)
        self.extend.clear()
        if planned.method.startswith("two-stage") and self._plan.planned is not None:
            self.extend.setText(str(self._plan.planned.size))  # the first stage; the second is twice as many
        if self._desk.binder.papers is not None:
            work = partial(commit_engaged, typed)
            self._desk.binder.write("Committing to the sample", work, self._on_committed, self._on_failed)
            return
        job = self._desk.runner.make_aside(partial(commit_sample, typed), "Committing to the sample")
        job.succeeded.connect(self._on_committed)
        job.failed.connect(self._on_failed)
        self._desk.follow(job)
        job.start()

    def _typed_source(self) -> str:
        prefix, _, asks, _, _ = _SOURCES[self.source.currentIndex()]
        return prefix + (self.named.text().strip() if asks else "")

    def _on_open_record(self) -> None:
        prompts.open_file(self, "Use a commitment record", prompts.RECORDS, self._on_committed)

    def _on_committed(self, record: Path) -> None:
        self.problem.hide()
        self._desk.case.commit_sample(record)
        self._desk.say(f"Commitment record {record.name} is in use")

    def _on_failed(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The sample was not committed to", error.sentence())

    def _typed_randomness(self) -> str:
        """What was typed, with the words before it that the command line wants."""
        text = self.randomness.text().strip()
        kind = self.shown.kind if self.shown is not None else _SOURCES[self.source.currentIndex()][3]
        if not text or text.startswith(tuple(f"{name}:" for name in _KINDS)):
            return text
        if kind == "drand" and self.shown is not None and not text.startswith(f"{self.shown.source.rpartition(':')[2]}:"):  # fmt: skip
            text = f"{self.shown.source.rpartition(':')[2]}:{text}"
        return f"{kind}:{text}"

    def _on_draw(self) -> None:
        randomness = self._typed_randomness()
        record, inputs = self._desk.case.state.committed, self._desk.case.inputs
        if not randomness or record is None or inputs.snapshot is None or inputs.trust_store is None or self.extend.wrong:  # fmt: skip
            return
        self.problem.hide()
        extend = None if self.extend.value is None else int(self.extend.value)
        samples = "leaves" if self.shown is None else self.shown.samples
        listed = self._plan.listed.path if samples == "list" else None
        if samples == "list" and listed is None:
            self.problem.say(Tone.WARN, "The sample was not drawn", "Choose the list that was committed to on the Plan tab.")  # fmt: skip
            return
        if self._desk.binder.papers is None and samples == "leaves" and extend is None:
            self._desk.case.draw_sample(randomness)  # part of the run, and of a report of the run
            self._desk.case.run()
            return
        typed = DrawTyped(record.path, inputs.snapshot.path, inputs.trust_store.path, randomness, extend, inputs.trusted_time, listed)  # fmt: skip
        if self._desk.binder.papers is not None:
            work = partial(draw_engaged, typed)
            self._desk.binder.write("Drawing the sample", work, self._on_drawn, self._on_not_drawn)
            return
        job = self._desk.runner.make_aside(partial(draw_loose, typed), "Drawing the sample")
        job.succeeded.connect(self._on_drawn)
        job.failed.connect(self._on_not_drawn)
        self._desk.follow(job)
        job.start()

    def _on_not_drawn(self, error: AuditError) -> None:
        self.problem.say(Tone.WARN, "The sample was not drawn", error.sentence())
        self._desk.say("The sample was not drawn")
