"""The samples of a journal: the last draw, and only what was done with that very draw."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from auditor_app import strict_json
from auditor_app.engagement.actions import RecordSample
from auditor_app.engagement.execution_steps import performed_again, read_alternatives
from auditor_app.engagement.papers import Papers, SampleStep, Stamp
from auditor_app.engagement.sampling_work import sampled_work
from auditor_app.engagement.terms import Terms
from auditor_app.errors import AuditError, EngagementError, SamplingError
from auditor_app.operation import CancelToken, run
from auditor_app.sampling.conclusion import conclude, conclusion_document
from auditor_app.sampling.drawn import DrawnSample
from auditor_app.sampling.execution import execution_document
from tests.unit.sampling.executed import done, leaf, leaves


class Journal:
    """Sampling steps and their results, kept by digest."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.steps: list[SampleStep] = []

    def add(self, step: Any, document: Any, commitment: str = "ab" * 32, **parameters: str) -> str:
        data = strict_json.canonical(document)
        digest = hashlib.sha256(data).hexdigest()
        self.kept[digest] = data
        action = RecordSample(step=step, parameters=parameters, result=digest, commitment=commitment)
        stamp = Stamp(len(self.steps) + 2, f"2026-11-04T10:00:{len(self.steps):02}Z", "P. Reparer")
        self.steps.append(SampleStep(action, (), "1", stamp))
        return digest

    def works(self) -> Any:
        papers = Papers(Terms(client="X", standard="isrs-4400"), samples=tuple(self.steps))

        def kept(digest: str) -> bytes:
            if digest not in self.kept:
                raise EngagementError("ENGAGEMENT.DOCUMENT", "missing")
            return self.kept[digest]

        return sampled_work(papers, kept)


def listed(sample: DrawnSample) -> dict[str, Any]:
    return {**msgspec.to_builtins(sample), "kind": "list", "findings": []}


def test_what_was_done_with_an_earlier_draw_does_not_count() -> None:
    journal, sample = Journal(), leaves(leaf(1), leaf(2))
    journal.add("commit", {})
    first = journal.add("draw", listed(sample))
    execution = done(sample)
    executed = journal.add("execute", execution_document(execution), draw=first)
    journal.add("letters", {"letters": [1, 2]}, draw=first)
    journal.add("evaluate", conclusion_document(conclude(execution)), execution=executed)
    (work,) = journal.works()
    assert (work.letters, work.execution, work.conclusion) == (2, execution, conclude(execution))
    assert [stamp.entry for stamp in work.stamps] == [3, 4, 6]
    journal.add("execute", execution_document(done(sample, "item,BTC\n1,1.5\n2,1.5\n")), draw=first)
    (work,) = journal.works()
    assert work.conclusion is None
    journal.add("draw", listed(leaves(leaf(1), leaf(2), leaf(3))))
    journal.add("execute", execution_document(execution), draw=first)
    journal.add("evaluate", conclusion_document(conclude(execution)), execution=executed)
    (work,) = journal.works()
    assert (len(work.sample.items), work.execution, work.conclusion, work.letters) == (3, None, None, 0)


def test_several_samples_stand_in_the_order_of_their_draws() -> None:
    journal, sample = Journal(), leaves(leaf(1))
    other = msgspec.structs.replace(sample, commitment="cd" * 32)
    journal.add("draw", listed(other), commitment="cd" * 32)
    journal.add("draw", listed(sample))
    journal.add("evaluate", {"method": "binomial"}, size="59")
    assert [work.sample.commitment for work in journal.works()] == ["cd" * 32, "ab" * 32]


def test_a_missing_result_and_a_strange_one_are_errors() -> None:
    journal = Journal()
    digest = journal.add("draw", {"kind": "list"})
    with pytest.raises(SamplingError):
        journal.works()
    del journal.kept[digest]
    with pytest.raises(EngagementError):
        journal.works()
    journal = Journal()
    first = journal.add("draw", listed(leaves(leaf(1))))
    journal.add("letters", {"strange": 1}, draw=first)
    with pytest.raises(EngagementError, match="no letters"):
        journal.works()


@pytest.mark.parametrize(
    "text", ["1", "[1]", '["abcd"]', '[["a", "b", "c"]]', '[["a", "b", "c", 1]]', "{}", "[", '"x"']
)
def test_alternatives_of_another_shape_are_refused(text: str) -> None:
    """The parameters of an entry come from whoever sent the package."""
    with pytest.raises(AuditError, match="alternatives"):
        read_alternatives(text)


@pytest.mark.parametrize("values", ["[]", "1", '{"client": 1}', '{"client": null}', "{"])
def test_values_of_letters_of_another_shape_are_refused(values: str) -> None:
    action = RecordSample(step="letters", parameters={"values": values}, result="ab" * 32, commitment="ab" * 32)
    with pytest.raises(AuditError, match="values"):
        run(performed_again(action, (), lambda _: pytest.fail("no file"), lambda _: b"{}", CancelToken()))
