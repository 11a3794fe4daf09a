"""Every entry of a journal has its sentence: a step without one would stop the journal from being read at all."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from auditor_app.engagement import actions
from auditor_app.engagement.journal import Entry
from auditor_app.engagement.telling import _SENTENCES, told
from tests.unit.engagement import books

STEPS = get_args(get_type_hints(actions.RecordSample)["step"])


def _entry(action: actions.Action) -> Entry:
    return Entry(
        sequence="2",
        previous="00" * 32,
        at=books.at(1),
        person=books.PREPARER,
        program="1",
        inputs=(),
        documents=(),
        amendment=None,
        action=action,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("step", STEPS)
def test_every_step_of_sampling_is_told(step: str) -> None:
    action = actions.RecordSample(step=step, parameters={}, result="ab" * 32)  # type: ignore[arg-type]
    sentences = {told(_entry(actions.RecordSample(step=one, parameters={}, result="ab" * 32))) for one in STEPS}
    assert told(_entry(action)).endswith(".")
    assert len(sentences) == len(STEPS)


def test_every_action_is_told() -> None:
    assert set(_SENTENCES) == set(get_args(actions.AnyAction))
