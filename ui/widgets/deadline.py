"""The warning before the deadline: how long ordinary nodes still serve state proofs of the snapshot's blocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from auditor_app.chain.deadline import KEPT_BLOCKS, ProofDeadline, proof_deadlines
from auditor_app.engagement.record import Audit
from ui.text import duration
from ui.theme import Tone
from ui.widgets.blocks import Banner, button


def _now() -> datetime:
    return datetime.now(UTC)


class DeadlineBanner(Banner):
    """Hidden where there is evidence, or where no chain of the snapshot has state proofs."""

    def __init__(self, capture: Callable[[], object], now: Callable[[], datetime] = _now) -> None:
        super().__init__()
        self._now = now
        self.capture = button("Capture…", capture)
        self.capture.setAccessibleName("Capture evidence now")
        self.add_button(self.capture)

    def show_audit(self, audit: Audit | None) -> None:
        """Say what is left for the chains of a finished run without evidence."""
        chains = (
            () if audit is None or audit.evidence is not None else tuple(chain for chain, _, _ in audit.identity.chains)
        )
        deadlines = () if audit is None else proof_deadlines(chains, audit.identity.as_of)
        if not deadlines:
            self.hide()
            return
        now = self._now()
        open_ones = [item for item in deadlines if (left := item.left(now)) is not None and left.total_seconds() > 0]
        if open_ones:
            said = "; ".join(_said(item, now) for item in open_ones)
            self.say(Tone.WARN, "Capture before the proofs are gone", f"{_RULE} By estimate: {said}.")
        else:
            names = ", ".join(item.chain for item in deadlines)
            self.say(Tone.INFO, "No evidence yet", f"{_RULE} For {names} that has passed: proofs need an archive node.")


_RULE = f"Many nodes serve state proofs for their last {KEPT_BLOCKS} blocks only."


def _said(item: ProofDeadline, now: datetime) -> str:
    left = item.left(now)
    return f"{item.chain}, about {duration(0 if left is None else left.total_seconds())} left"
