"""The Sample page inside an engagement: plan, commit, draw, execute and evaluate, each step in the journal."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from auditor_app.cli.main import main
from auditor_app.engagement.actions import AddPerson
from auditor_app.engagement.file import open_for_writing
from auditor_app.engagement.record import SampleRequest
from auditor_app.engagement.terms import Person
from auditor_app.sampling.conclusion import read_conclusion
from auditor_app.sampling.records import load_any
from tests.ui.conftest import MakeWindow
from tests.ui.engaged import dialog_of, opened, papers, settled
from tests.unit.cli.test_sample import folder, ledger  # noqa: F401 - the fixture
from tests.unit.cli.test_sample_kinds import SIGNATURE, Relay
from tests.unit.engagement import books
from ui import sample_planning
from ui.audit_work import perform_audit
from ui.dialogs.alternative import AlternativeDialog
from ui.main_window import MainWindow
from ui.pages.sample import SamplePage
from ui.widgets.sample_select import round_in_words

LEFT = Qt.MouseButton.LeftButton
DICE = "12345612345612345612"


@pytest.fixture
def window(make_window: MakeWindow, folder: Path, qtbot: QtBot) -> MainWindow:  # noqa: F811
    """A real snapshot performed inside an engagement."""
    made = make_window(perform_audit)
    book = books.new(folder)
    with open_for_writing(book) as writer:
        writer.record(books.act(AddPerson(person=Person(name=books.PREPARER, roles=("preparer",)))))
    opened(made, book, qtbot)
    with qtbot.waitSignal(made.case.run_ended, timeout=60_000):
        made.open_together(folder / "good.porsnap", folder / "trust.json", None)
    settled(made, qtbot)
    return made


@pytest.fixture
def alone(make_window: MakeWindow, folder: Path, qtbot: QtBot) -> MainWindow:  # noqa: F811
    """The same snapshot performed where no engagement is open."""
    made = make_window(perform_audit)
    with qtbot.waitSignal(made.case.run_ended, timeout=60_000):
        made.open_together(folder / "good.porsnap", folder / "trust.json", None)
    return made


def sample_page(window: MainWindow, qtbot: QtBot) -> SamplePage:
    page = window.go_to("sample")
    assert isinstance(page, SamplePage)
    qtbot.waitUntil(lambda: page.plan.planned is not None, timeout=30_000)
    settled(window, qtbot)
    return page


def committed(page: SamplePage, window: MainWindow, record: Path, qtbot: QtBot) -> None:
    page.tabs.setCurrentWidget(page.select)
    page.select.source.setCurrentIndex(2)
    page.select.write_record(record)
    qtbot.waitUntil(lambda: page.select.shown is not None, timeout=60_000)
    settled(window, qtbot)


def drawn(page: SamplePage, window: MainWindow, record: Path, qtbot: QtBot) -> None:
    committed(page, window, record, qtbot)
    qtbot.keyClicks(page.select.randomness, DICE)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: bool([s for s in papers(window).samples if s.action.step == "draw"]), timeout=60_000)
    settled(window, qtbot)


def test_the_four_tabs_from_plan_to_limits(
    window: MainWindow,
    folder: Path,  # noqa: F811
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    page = sample_page(window, qtbot)
    assert [page.tabs.tabText(at) for at in range(4)] == ["Plan", "Select", "Execute", "Evaluate"]
    record = tmp_path / "record.json"
    committed(page, window, record, qtbot)
    digest = load_any(record).digest.hex()
    qtbot.mouseClick(page.select.digest.findChild(QToolButton), LEFT)
    assert QGuiApplication.clipboard().text() == digest
    assert page.select._hand_over.isVisible()
    assert [step.action.step for step in papers(window).samples] == ["plan", "commit"]
    assert page.plan.confidence.isEnabled()  # nothing is drawn yet
    assert page._chip.text == "Committed"  # as the journal says: the run itself knows of no sample
    qtbot.keyClicks(page.select.randomness, DICE)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: page.tabs.currentWidget() is page.executing, timeout=60_000)
    settled(window, qtbot)
    assert [step.action.step for step in papers(window).samples] == ["plan", "commit", "draw"]
    assert not page.plan.confidence.isEnabled()
    assert "seed" in page.plan.locked.text
    assert page._chip.text == "Drawn"
    assert "Nothing is compared yet" in page.results.nothing.text()
    qtbot.waitUntil(page.answers.record.isEnabled, timeout=30_000)
    page.executing.setCurrentWidget(page.answers)
    qtbot.keyClicks(page.answers.reply_by, "2026-12-15")
    qtbot.keyClicks(page.answers.reply_to, "confirmations@example.com")
    page.answers.write_letters(tmp_path / "letters")
    qtbot.waitUntil(page.answers.problem.isVisible, timeout=30_000)
    assert "letters written" in page.answers.problem.text
    settled(window, qtbot)
    assert len(list((tmp_path / "letters").iterdir())) > 10
    form = next(path for path in (tmp_path / "letters").iterdir() if path.suffix == ".csv")
    page.answers.replies.use(form)
    qtbot.mouseClick(page.answers.record, LEFT)
    qtbot.waitUntil(lambda: page.results.items.model.rowCount() > 0 or page.answers.problem.isVisible(), timeout=20_000)
    assert page.results.items.model.rowCount() > 0, page.answers.problem.text
    settled(window, qtbot)
    assert "EN" in page.results.meanings.text()  # nobody answered: each counts as a deviation
    assert page._chip.text == "Executed"
    assert page.results.nothing.isHidden()
    page.answers.replies.path = None  # as after opening the engagement again
    page._sampled_for = None
    page._read_sampled()
    qtbot.waitUntil(lambda: page.answers.replies.path == form, timeout=30_000)
    settled(window, qtbot)
    page.answers.replies.path = None
    form.write_text(form.read_text() + "\n")
    page._sampled_for = None
    page._read_sampled()
    settled(window, qtbot)
    assert page.answers.replies.path is None  # another file than the one that was compared
    page.tabs.setCurrentWidget(page.evaluate)
    assert "Beyond what the plan allows" in page.evaluate.verdict.text
    assert "prints no limit" in page.evaluate.printed.text()
    qtbot.mouseClick(page.evaluate.record, LEFT)
    qtbot.waitUntil(lambda: papers(window).samples[-1].action.step == "evaluate", timeout=60_000)
    settled(window, qtbot)


def choose(box: QComboBox, data: str, qtbot: QtBot) -> None:
    """By the keyboard, as a person would."""
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findData(data)):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentData() == data


def typed(field: QLineEdit, text: str, qtbot: QtBot) -> None:
    field.selectAll()
    qtbot.keyClicks(field, text)


def planned(page: SamplePage, size: int, qtbot: QtBot) -> dict[str, str]:
    """The facts beside a plan of that size."""
    qtbot.waitUntil(lambda: page.plan.planned is not None and page.plan.planned.size == size, timeout=30_000)
    assert page.plan.planned is not None
    return {name: value for name, value, _ in page.plan.planned.facts}


def plans(window: MainWindow) -> list[dict[str, str]]:
    return [dict(step.action.parameters) for step in papers(window).samples if step.action.step == "plan"]


def test_reserves_are_planned_and_drawn_by_monetary_units(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)
    choose(page.plan.kind, "reserves", qtbot)
    page.plan.asset.setCurrentText("USDT")
    choose(page.plan.method, "cell", qtbot)
    facts = planned(page, 60, qtbot)
    assert page.plan._size.text() == "60 monetary units"
    assert facts["Certain stratum"].endswith("accounts")
    assert facts["Interval"].endswith(" USDT")
    assert "omission" in page.plan._direction.text()
    committed(page, window, tmp_path / "record.json", qtbot)
    assert [plan["method"] for plan in plans(window)] == ["monetary"]
    assert load_any(tmp_path / "record.json").committed.method == "monetary-cell"  # type: ignore[union-attr]
    qtbot.keyClicks(page.select.randomness, DICE)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: page.execute.items.model.rowCount() > 0, timeout=60_000)
    settled(window, qtbot)
    assert "60 monetary units" in page.execute._sentence.text()
    assert "are certain" in page.execute._sentence.text()


def test_the_risk_model_gives_the_confidence_and_is_committed_to(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    page = sample_page(window, qtbot)
    assert page.plan.risks["control"].isHidden()
    choose(page.plan.basis, "risks", qtbot)
    assert page.plan.confidence.isHidden()
    for name, text in (("inherent", "80%"), ("control", "75%")):
        typed(page.plan.risks[name], text, qtbot)
    qtbot.waitUntil(lambda: page.plan.planned is not None and "11/12" in str(page.plan.planned.facts), timeout=30_000)
    qtbot.mouseClick(page.plan.record, LEFT)
    qtbot.waitUntil(lambda: bool(plans(window)), timeout=30_000)
    settled(window, qtbot)
    committed(page, window, tmp_path / "record.json", qtbot)
    assert [(plan["control-risk"], plan["confidence"]) for plan in plans(window)] == [("75%", "")]  # entered once
    assert load_any(tmp_path / "record.json").committed.parameters.confidence == "11/12"


def test_two_stages_are_drawn_as_one_sample_that_is_extended(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)
    choose(page.plan.method, "two-stage-binomial", qtbot)
    qtbot.waitUntil(lambda: page.plan.planned is not None and page.plan.planned.facts[-1][0] == "Both stages", timeout=30_000)  # fmt: skip
    assert page.plan.planned is not None
    size = page.plan.planned.size
    assert f"{2 * size:,}" == page.plan.planned.facts[-1][1]
    assert page.plan.expected.isHidden()
    committed(page, window, tmp_path / "record.json", qtbot)
    assert page.select.extend.text() == str(size)
    qtbot.keyClicks(page.select.randomness, DICE)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: page.execute.items.model.rowCount() == size, timeout=60_000)
    settled(window, qtbot)
    first = {row.item.id for row in page.execute.items._rows}
    page.tabs.setCurrentWidget(page.select)
    typed(page.select.extend, str(2 * size), qtbot)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: page.execute.items.model.rowCount() == 2 * size, timeout=60_000)
    settled(window, qtbot)
    assert first < {row.item.id for row in page.execute.items._rows}
    assert f"{2 * size} items" in page.select.outcome.text


def test_a_reciprocal_list_is_looked_up(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)
    rows = [line.split(",") for line in ledger().decode().splitlines()]
    listed = tmp_path / "deposits.csv"
    lines = [f"tx-{at},{row[0]},BTC,{row[1]}" for at, row in enumerate(rows[:20])]
    listed.write_text("\n".join(["id,key,asset,amount", "tx-x,left-out,BTC,1", *lines]) + "\n")
    choose(page.plan.kind, "list", qtbot)
    qtbot.waitUntil(lambda: "no list is chosen" in page.plan._why_not.text(), timeout=30_000)
    page.plan.listed.use(listed)
    assert planned(page, 16, qtbot)["Population"] == "21"
    assert "left out" in page.plan._direction.text()
    committed(page, window, tmp_path / "record.json", qtbot)
    qtbot.keyClicks(page.select.extend, "21")
    qtbot.keyClicks(page.select.randomness, DICE)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: page.execute.items.model.rowCount() == 21, timeout=60_000)
    settled(window, qtbot)
    assert "1 not traced" in page.execute._sentence.text()
    missed = [row.item.key for row in page.execute.items._rows if not row.item.reached]
    assert missed == ["left-out"]


def test_a_missing_answer_is_replaced_with_a_reason(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)
    drawn(page, window, tmp_path / "record.json", qtbot)
    qtbot.waitUntil(page.answers.record.isEnabled, timeout=30_000)
    ids = [row.item.id for row in page.execute.items._rows]
    replies = tmp_path / "replies.csv"
    replies.write_text("item,answer\n" + "".join(f"{item},agrees\n" for item in ids[1:]))
    page.executing.setCurrentWidget(page.answers)
    page.answers.replies.use(replies)
    qtbot.mouseClick(page.answers.record, LEFT)
    qtbot.waitUntil(lambda: page.executing.currentWidget() is page.results, timeout=60_000)
    qtbot.waitUntil(lambda: page.results.items.model.rowCount() == len(ids), timeout=60_000)
    settled(window, qtbot)
    lacking = next(item for item in page.results.items._rows if item.deviates)
    assert lacking.item.id == ids[0]
    agreed = next(item for item in page.results.items._rows if not item.deviates)
    page.results.items.select(agreed)
    assert "agreed to the customer's reply" in page.results.items._reader.text()
    assert not page.results.alternative.isEnabled()
    page.results.items.select(lacking)
    assert "EN  Customer's reply: no answer; counted as a deviation" in page.results.items._reader.text()
    qtbot.mouseClick(page.results.alternative, LEFT)
    dialog = dialog_of(AlternativeDialog, qtbot)
    assert not dialog.yes.isEnabled()
    qtbot.keyClicks(dialog.alternative, "agreed to the withdrawal on chain")
    assert not dialog.yes.isEnabled()
    qtbot.keyClicks(dialog.reason, "the letter came back")
    qtbot.mouseClick(dialog.yes, LEFT)
    assert "not compared yet" in page.results.pending.text()
    qtbot.mouseClick(page.results.compare, LEFT)
    qtbot.waitUntil(lambda: not any(item.deviates for item in page.results.items._rows), timeout=60_000)
    settled(window, qtbot)
    replaced = next(item for item in page.results.items._rows if "EA" in item.tickmarks)
    page.results.items.select(replaced)
    assert "Reason: the letter came back" in page.results.items._reader.text()
    last = papers(window).samples[-1].action
    assert last.step == "execute"
    assert "the letter came back" in last.parameters["alternatives"]
    assert page.evaluate.verdict.text.startswith("Within the plan")


def test_without_an_engagement_a_sample_is_extended_compared_and_saved(
    alone: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    page = sample_page(alone, qtbot)
    assert page.plan.record.isHidden()
    committed(page, alone, tmp_path / "record.json", qtbot)
    qtbot.keyClicks(page.select.extend, "70")
    qtbot.keyClicks(page.select.randomness, DICE)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: page.execute.items.model.rowCount() == 70, timeout=60_000)
    settled(alone, qtbot)
    assert not page.plan.confidence.isEnabled()
    assert "in this window only" in page.select.outcome.text
    page.executing.setCurrentWidget(page.answers)
    assert "No engagement is open" in page.answers.outside.text
    assert page.answers.new_engagement.isVisible()
    ids = [row.item.id for row in page.execute.items._rows]
    replies = tmp_path / "replies.csv"
    replies.write_text("item,answer\n" + "".join(f"{item},agrees\n" for item in ids))
    page.answers.replies.use(replies)
    qtbot.mouseClick(page.answers.record, LEFT)
    qtbot.waitUntil(lambda: page.results.items.model.rowCount() == 70, timeout=60_000)
    settled(alone, qtbot)
    page.results.save_to(tmp_path / "executed.json")
    qtbot.waitUntil((tmp_path / "executed.json").is_file, timeout=30_000)
    settled(alone, qtbot)
    assert main(["sample", "evaluate", "--execution", str(tmp_path / "executed.json")]) == 0
    assert page.evaluate.verdict.text.startswith("Within the plan")
    assert page.evaluate.record.isHidden()
    assert page.evaluate.save.isVisibleTo(page.evaluate)
    page.evaluate.save_to(tmp_path / "evaluated.json")
    qtbot.waitUntil((tmp_path / "evaluated.json").is_file, timeout=30_000)
    settled(alone, qtbot)
    assert read_conclusion(json.loads((tmp_path / "evaluated.json").read_bytes())).deviations == "0"
    qtbot.mouseClick(page.plan.again, LEFT)
    qtbot.waitUntil(lambda: page.execute.items.model.rowCount() == 0, timeout=30_000)
    assert page.plan.confidence.isEnabled()
    settled(alone, qtbot)


def test_a_drand_round_is_fetched_when_asked(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2023, 8, 23, 15, 0, 0, tzinfo=UTC)

    monkeypatch.setattr(sample_planning, "datetime", Clock)
    page = sample_page(window, qtbot)
    page.tabs.setCurrentWidget(page.select)
    qtbot.keyClicks(page.select.named, "1000")
    page.select.write_record(tmp_path / "record.json")
    qtbot.waitUntil(lambda: page.select.shown is not None, timeout=60_000)
    settled(window, qtbot)
    assert page.select.fetch.isVisible()
    assert not page.select.fetch.isEnabled()
    assert "work offline" in page.select._offline.text().lower()
    Relay.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        window.connections.set_offline(False)
        qtbot.waitUntil(page.select.fetch.isEnabled, timeout=5000)
        assert Relay.asked == []
        qtbot.keyClicks(page.select.relay, f"http://127.0.0.1:{server.server_address[1]}")
        Relay.answer = 200, {"round": 1001, "signature": SIGNATURE}
        qtbot.mouseClick(page.select.fetch, LEFT)
        qtbot.waitUntil(lambda: "was not fetched" in page.select.problem.text, timeout=30_000)
        assert page.select.randomness.text() == ""
        Relay.answer = 200, {"round": 1000, "signature": SIGNATURE}
        qtbot.mouseClick(page.select.fetch, LEFT)
        qtbot.waitUntil(lambda: bool(page.select.randomness.text()), timeout=30_000)
    finally:
        server.shutdown()
        server.server_close()
    assert len(Relay.asked) == 2
    typed(page.select.randomness, SIGNATURE[:-2] + ("00" if SIGNATURE[-2:] != "00" else "01"), qtbot)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: "was not drawn" in page.select.problem.text, timeout=60_000)
    typed(page.select.randomness, SIGNATURE, qtbot)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: page.execute.items.model.rowCount() > 50, timeout=60_000)
    settled(window, qtbot)


def test_another_sample_is_planned_after_a_drawn_one(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)
    drawn(page, window, tmp_path / "record.json", qtbot)
    assert not page.plan.tolerable.isEnabled()
    page.tabs.setCurrentWidget(page.plan)
    qtbot.mouseClick(page.plan.again, LEFT)
    assert page.plan.tolerable.isEnabled()
    settled(window, qtbot)


def test_randomness_of_another_kind_is_refused_and_nothing_is_recorded(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    page = sample_page(window, qtbot)
    committed(page, window, tmp_path / "record.json", qtbot)
    page.select.randomness.setText("block:" + "ab" * 32)
    qtbot.mouseClick(page.select.draw, LEFT)
    qtbot.waitUntil(lambda: "was not drawn" in page.select.problem.text, timeout=60_000)
    settled(window, qtbot)
    assert [step.action.step for step in papers(window).samples] == ["plan", "commit"]


def test_strata_are_committed_to(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)
    qtbot.keyClicks(page.plan.strata, "BTC:1..100; BTC:100..")
    choose(page.plan.allocation, "equal", qtbot)
    committed(page, window, tmp_path / "record.json", qtbot)
    strata = load_any(tmp_path / "record.json").committed.strata  # type: ignore[union-attr]
    assert [item.asset for item in strata] == ["BTC", "BTC", ""]
    assert (
        abs(int(strata[0].size) - int(strata[1].size)) <= 1
    )  # proportional would take three times as many of the second
    assert f"BTC from 100: {strata[1].size} of {strata[1].population}" in page.select._record.text()


def test_the_reasoning_is_switched_off_and_on_on_every_tab(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(window, qtbot)

    def prose(tab: QWidget) -> list[str]:
        page.tabs.setCurrentWidget(tab)
        return [item.text() for item in tab.findChildren(QLabel) if item.isVisible() and len(item.text()) > 80]

    tabs = (page.plan, page.select, page.executing)
    before = [prose(tab) for tab in tabs]
    assert all(before)
    assert any("smallest tickets" in text for text in before[1])
    switch = page.reasoning.switch
    qtbot.mouseClick(switch, LEFT, pos=QPoint(8, switch.height() // 2))
    assert not switch.isChecked()
    after = [prose(tab) for tab in tabs]
    assert all(set(now) < set(then) for now, then in zip(after, before, strict=True))
    assert any("left out" in text for text in after[0])  # a warning is no prose: it stays
    page.tabs.setCurrentWidget(page.plan)
    page.plan.tolerable.setText("101")
    qtbot.waitUntil(page.plan._why_not.isVisible, timeout=30_000)  # nor is a refusal
    page.plan.tolerable.setText("5%")
    qtbot.waitUntil(lambda: page.plan.planned is not None, timeout=30_000)
    qtbot.mouseClick(switch, LEFT, pos=QPoint(8, switch.height() // 2))
    gone = [set(then) - set(now) for now, then in zip(after, before, strict=True)]
    back = [prose(tab) for tab in tabs]
    assert all(texts <= set(now) for texts, now in zip(gone, back, strict=True)), (gone, back)
    settled(window, qtbot)


def test_a_source_without_a_name_is_committed_to_by_itself(alone: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(alone, qtbot)
    page.select.source.setCurrentIndex(0)
    qtbot.keyClicks(page.select.named, "40000000")
    committed(page, alone, tmp_path / "dice.json", qtbot)
    assert page.select.shown is not None
    assert page.select.shown.source == "dice"
    assert "throw them in public" in page.select.when.text()
    page.select.source.setCurrentIndex(0)
    assert page.select.randomness.placeholderText() == "at least 20 digits from 1 to 6"  # of the record, not the box
    settled(alone, qtbot)


def test_mistyped_dice_lose_nothing_of_what_was_performed(alone: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    performed = alone.case.audit
    page = sample_page(alone, qtbot)
    committed(page, alone, tmp_path / "dice.json", qtbot)
    qtbot.keyClicks(page.select.randomness, "123")
    with qtbot.waitSignal(alone.case.run_ended, timeout=60_000):
        qtbot.mouseClick(page.select.draw, LEFT)
    assert "The sample was not drawn" in page.select.problem.text
    assert alone.case.audit is performed
    assert page.select.isVisible()
    page.select.randomness.clear()
    qtbot.keyClicks(page.select.randomness, DICE)
    with qtbot.waitSignal(alone.case.run_ended, timeout=60_000):
        qtbot.mouseClick(page.select.draw, LEFT)
    assert alone.case.audit is not None
    assert alone.case.audit.sample is not None
    assert page.select.problem.isHidden()
    settled(alone, qtbot)


def test_a_sample_that_stops_the_first_run_can_be_put_aside(alone: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    page = sample_page(alone, qtbot)
    assert page.without.isHidden()
    committed(page, alone, tmp_path / "dice.json", qtbot)
    wrong = replace(
        alone.case.inputs.request(), sample=SampleRequest(record=tmp_path / "dice.json", randomness="dice:123")
    )
    with qtbot.waitSignal(alone.case.run_ended, timeout=60_000):
        alone.open_request(wrong, None)
    alone.go_to("sample")
    assert alone.case.audit is None
    assert page.without.isVisible()
    with qtbot.waitSignal(alone.case.run_ended, timeout=60_000):
        qtbot.mouseClick(page.without, LEFT)
    assert alone.case.audit is not None
    assert page.without.isHidden()
    settled(alone, qtbot)


def test_when_a_round_is_published_is_said_without_a_network() -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert "For instance 34384613" in round_in_words("", now)
    assert "was published 2023-08-23T15:10:54Z" in round_in_words("30", now)
    assert round_in_words("40000000", now) == "Round 40000000 is published 2027-06-12T12:29:24Z, in 195 days."
    assert round_in_words("soon", now) == "A round is a whole number."
    assert "beyond the calendar" in round_in_words("9" * 18, now)
