# ruff: noqa: F811
"""Strata, lists, reserve addresses, risks and two stages on the command line, and their re-performance."""

from __future__ import annotations

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.unit.cli.test_engagement import BY, Command, _trust, book, clock, command  # noqa: F401 - fixtures
from tests.unit.cli.test_sample import DICE, RATES, folder, ledger  # noqa: F401 - the fixture
from tests.unit.snapshot import samples

TIME = ("--trusted-time", samples.NOW)


def commit(book: Path, command: Command, *more: object) -> dict[str, Any]:
    record = book.parent / "record.json"
    arguments = (
        "sample",
        "commit",
        book.parent / "good.porsnap",
        *_trust(book),
        *TIME,
        "--source",
        "dice",
        "-o",
        record,
    )
    status, document = command(*arguments, *more, "--engagement", book, *BY)
    assert status == 0, document
    return document


def draw(book: Path, command: Command, *more: object) -> tuple[int, dict[str, Any]]:
    arguments = ("sample", "draw", book.parent / "record.json", book.parent / "good.porsnap", *_trust(book), *TIME)
    return command(*arguments, "--randomness", DICE, *more, "--engagement", book, *BY)


def repeated(book: Path, command: Command, elsewhere: Path, *names: str) -> list[str]:
    package = elsewhere / "p.zip"
    assert command("engagement", "export", book, "-o", package)[0] == 0
    for name in ("good.porsnap", "record.json", *names):
        shutil.copyfile(book.parent / name, elsewhere / f"x-{name}")
    _, document = command("reperform", package, *_trust(book), "--inputs", elsewhere)
    assert document["findings"] == []
    return [item["status"] for item in document["repeated"]]


def test_strata_are_committed_drawn_evaluated_and_repeated(book: Path, command: Command, tmp_path: Path) -> None:
    made = commit(book, command, *RATES, "--stratum", "BTC:300..", "--stratum", "BTC:100..300", "--allocation", "equal")
    assert [item["population"] for item in made["strata"]] == ["100", "200", "100"]
    sizes = [int(item["size"]) for item in made["strata"]]
    assert max(sizes) - min(sizes) <= 1
    assert sum(sizes) > 55
    assert made["bounded"]
    status, drawn = draw(book, command)
    assert (status, len(drawn["items"])) == (0, sum(sizes))
    rows = ledger().decode().splitlines()
    for item in drawn["items"]:
        btc = float(rows[int(item["index"])].split(",")[1])
        assert item["stratum"] == (0 if btc >= 300 else 1 if btc >= 100 else 2)
    assert command("sample", "execute", "--engagement", book, *BY)[0] == 0
    found = command("sample", "evaluate", "--execution", "--engagement", book, *BY)[1]
    assert [int(item["size"]) for item in found["strata"]] == sizes
    assert found["withinPlan"]
    assert float(found["upperLimit"]) < 0.05
    assert found["strata"][0]["confidence"] == "59/60"
    assert repeated(book, command, tmp_path) == ["same"] * 4


def test_a_list_is_looked_up_in_the_ledger(book: Path, command: Command, tmp_path: Path) -> None:
    rows = [line.split(",") for line in ledger().decode().splitlines()]
    listed = book.parent / "deposits.csv"
    lines = [f"tx-{n},{row[0]},BTC,{row[1]}" for n, row in enumerate(rows[::4])]
    listed.write_text("\n".join(["id,key,asset,amount", "tx-x,left-out,BTC,1", *lines]) + "\n")
    made = commit(book, command, *RATES, "--list", listed)
    assert (made["kind"], made["compare"], made["population"]) == ("list", "equal", "101")
    assert draw(book, command)[1]["code"] == "USAGE"
    status, drawn = draw(book, command, "--list", listed, "--extend-to", 101)
    assert (status, len(drawn["items"]), drawn["dummyRejected"]) == (1, 101, True)
    assert [item["code"] for item in drawn["findings"] if item["severity"] != "note"] == ["SAMPLE.NOT_IN_LEDGER"]
    status, executed = command("sample", "execute", "--engagement", book, *BY)
    assert executed["deviations"] == "1"
    assert command("engagement", "exception", "import", book, *BY)[1]["raised"] == ["1"]
    assert repeated(book, command, tmp_path, "deposits.csv") == ["same"] * 3
    listed.write_text(listed.read_text() + "tx-y,another,BTC,1\n")
    assert draw(book, command, "--list", listed)[1]["code"] == "SAMPLE.COMMITMENT"


def test_reserve_addresses_are_drawn_by_monetary_units(book: Path, command: Command, tmp_path: Path) -> None:
    rates = ("--confidence", "95%", "--tolerable", "5%")
    made = commit(book, command, *rates, "--reserves", "USDT", "--method", "cell")
    assert (made["kind"], made["method"], made["size"]) == ("reserves", "monetary-cell", "60")
    status, drawn = draw(book, command, "-o", book.parent / "drawn.json")
    assert (status, drawn["asset"], drawn["dummyRejected"]) == (0, "USDT", True)
    extract = book.parent / "observed.csv"
    extract.write_text("item,USDT\n" + "".join(f"{item['id']},{item['book']['USDT']}\n" for item in drawn["items"]))
    status, executed = command(
        "sample", "execute", book.parent / "drawn.json", "--extract", extract, "--engagement", book, *BY
    )
    assert (status, executed["deviations"]) == (0, "0")
    found = command("sample", "evaluate", "--execution", "--engagement", book, *BY)[1]
    assert found["monetary"]["mostLikely"] == "0"
    assert repeated(book, command, tmp_path, "observed.csv") == ["same"] * 4


def test_balances_of_the_recorded_run_stand_in_place_of_an_extract(
    book: Path, command: Command, tmp_path: Path
) -> None:
    commit(book, command, "--confidence", "95%", "--tolerable", "5%", "--reserves", "USDT", "--method", "random")
    assert draw(book, command)[0] == 0
    execute = ("sample", "execute", "--observed", "--engagement", book, *BY)
    assert "no run is recorded" in command(*execute)[1]["error"]
    arguments = ("verify", book.parent / "good.porsnap", *_trust(book), *TIME, "--engagement", book, *BY)
    assert command(*arguments)[0] == 1
    status, document = command(*execute)
    assert (status, {item["code"] for item in document["findings"]}) == (
        1,
        {"SAMPLE.NO_ANSWER"},
    )  # no evidence: nothing observed
    assert document["sources"][0]["name"] == "balances observed in the run"
    extract = book.parent / "observed.csv"
    extract.write_text("item,USDT\n" + "".join(f"{item['item']['id']},1\n" for item in document["items"]))
    assert command(*execute, "--extract", extract)[1]["code"] == "USAGE"
    assert repeated(book, command, tmp_path) == ["same"] * 4


def test_a_float_planner_fails(command: Command) -> None:
    """0.035 x 400 is 14.000000000000002 in binary floating point: 423 where 400 do."""
    rates = ("--confidence", "90%", "--tolerable", "5%", "--expected", "3.5%", "--population", "1000000")
    assert command("sample", "plan", *rates, "--method", "binomial")[1]["size"] == "400"
    rates = ("--confidence", "90%", "--tolerable", "8%", "--expected", "7%", "--population", "1000000")
    assert command("sample", "plan", *rates, "--method", "binomial")[1]["size"] == "1300"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--stratum", "BTC:1..", "--reserves", "BTC"), "do not go together"),
        (("--compare", "equal"), "goes with a list"),
        (("--method", "cell"), "does not fit"),
        (("--reserves", "BTC", "--method", "poisson"), "does not fit"),
        (("--reserves", "NONE"), "claims no reserves"),
        (("--stratum", "BTC"), "cannot be read"),
        (("--list", "/nowhere.csv"), "cannot be opened"),
    ],
)
def test_what_does_not_go_together(book: Path, command: Command, more: tuple[str, ...], words: str) -> None:
    record = book.parent / "r.json"
    arguments = ("sample", "commit", book.parent / "good.porsnap", *_trust(book), *TIME, *RATES, "--source", "dice")
    status, document = command(*arguments, "-o", record, *more)
    assert status == 3
    assert words in document["error"]
    assert not record.exists()


def test_risks_give_the_confidence_exactly(command: Command) -> None:
    risks = ("--audit-risk", "5%", "--inherent-risk", "80%", "--control-risk", "75%")
    plan = command("sample", "plan", *risks, "--tolerable", "5%", "--population", "10000")[1]
    assert (plan["confidence"], plan["auditRisk"], plan["controlRisk"]) == ("11/12", "0.05", "0.75")
    same = command("sample", "plan", "--confidence", "11/12", "--tolerable", "5%", "--population", "10000")[1]
    assert same["size"] == plan["size"]
    assert "91.6667 %" in plan["prose"]
    terminating = command(
        "sample", "plan", "--audit-risk", "5%", "--control-risk", "50%", "--tolerable", "5%", "--method", "monetary"
    )[1]
    assert terminating["confidence"] == "0.9"
    for wrong in (
        ("--confidence", "95%", "--audit-risk", "5%"),
        ("--inherent-risk", "50%"),
        ("--audit-risk", "5%", "--control-risk", "4%"),
    ):
        assert command("sample", "plan", *wrong, "--tolerable", "5%", "--population", "100")[0] == 3


def test_committed_risks_open_again(book: Path, command: Command) -> None:
    commit(book, command, "--audit-risk", "5%", "--inherent-risk", "80%", "--control-risk", "75%", "--tolerable", "5%")
    assert json.loads((book.parent / "record.json").read_bytes())["committed"]["parameters"]["confidence"] == "11/12"
    status, drawn = draw(book, command)
    assert (status, drawn["confidence"]) == (0, "11/12")


def test_two_stages_and_monetary_plans_say_size_and_allowance(command: Command) -> None:
    rates = ("--confidence", "95%", "--tolerable", "5%")
    plan = command("sample", "plan", *rates, "--method", "two-stage-binomial", "--stages", "1,1")[1]
    assert int(plan["sizeOfBothStages"]) == 2 * int(plan["size"])
    assert plan["allowedDeviations"] == "0"
    monetary = command("sample", "plan", *rates, "--expected", "2.5%", "--method", "monetary", "--book-value", "462")[1]
    assert (monetary["size"], monetary["interval"], monetary["allowedDeviations"]) == ("231", "2", "5")
    assert "omission" in monetary["warning"]
    attribute = command("sample", "plan", *rates, "--population", "1000")[1]
    assert "left out" in attribute["warning"]
    for wrong in ("", "1", "a,1", "1,1,1", "0,1"):
        assert command("sample", "plan", *rates, "--method", "two-stage-binomial", "--stages", wrong)[0] == 3


def test_plans_of_the_first_form_still_repeat(book: Path, command: Command, tmp_path: Path) -> None:
    from auditor_app.engagement.file import Author, open_for_writing
    from auditor_app.engagement.sampling_steps import act_of_step
    from auditor_app.sampling.plan_document import PlanAsked, plan_document

    inside = ("--engagement", book, *BY)
    risks = ("--audit-risk", "5%", "--control-risk", "60%", "--tolerable", "5%")
    assert command("sample", "plan", *risks, "--method", "monetary", "--book-value", "1000", *inside)[0] == 0
    with open_for_writing(book) as opened:
        old = PlanAsked("monetary", "95%", "5%", "2.5%", form=1)
        assert "form" not in old.parameters()
        assert set(plan_document(old)) == {
            "method",
            "confidence",
            "tolerable",
            "expected",
            "size",
            "expectedTaints",
            "prose",
        }
        author = Author("P. Reparer", "2026-11-04T10:00:00Z")
        opened.record(act_of_step("plan", old.parameters(), plan_document(old), author))
    package = tmp_path / "p.zip"
    assert command("engagement", "export", book, "-o", package)[0] == 0
    status, document = command("reperform", package, *_trust(book))
    assert (status, [item["status"] for item in document["repeated"]]) == (0, ["same", "same"])


class Relay(BaseHTTPRequestHandler):
    """A drand relay on this machine that says what it was told to."""

    answer: ClassVar[tuple[int, object]] = (200, {})
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, document = self.answer
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
"""Quicknet round 1000, as drand published it."""


def test_a_round_is_fetched_when_asked_and_its_signature_compared(
    book: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    from auditor_app.cli import sample_commit

    number, signature = 1000, SIGNATURE

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2023, 8, 23, 15, 0, 0, tzinfo=UTC)

    monkeypatch.setattr(sample_commit, "datetime", Clock)
    record, snapshot = book.parent / "r.json", book.parent / "good.porsnap"
    source = f"drand:quicknet:{number}"
    committed = ("sample", "commit", snapshot, *_trust(book), *TIME, *RATES, "--source", source, "-o", record)
    assert command(*committed)[0] == 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        fetch = ("sample", "draw", record, snapshot, *_trust(book), *TIME, "--fetch", url)
        Relay.answer = 200, {"round": number, "signature": signature, "randomness": "00" * 32}
        status, document = command(*fetch)
        assert (status, document["randomness"]) == (0, f"drand:{number}:{signature}")
        assert Relay.asked[-1].endswith(f"/public/{number}")
        forged = signature[:-2] + ("00" if signature[-2:] != "00" else "01")
        for answer in (
            {"round": number, "signature": forged},
            {"round": number + 1, "signature": signature},
            {"round": number},
            ["x"],
        ):
            Relay.answer = 200, answer
            assert command(*fetch)[1]["code"] == "SAMPLE.RANDOMNESS"
        assert command(*fetch, "--randomness", DICE)[1]["code"] == "USAGE"
        assert command(*fetch[:-2])[1]["code"] == "USAGE"
        assert command(*fetch[:-1], "http://example.com")[1]["code"] == "USAGE"
    finally:
        server.shutdown()
        server.server_close()
