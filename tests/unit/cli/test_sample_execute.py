# ruff: noqa: F811
"""``sample letters | execute | evaluate --execution``: alone, in an engagement, and repeated from its package."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from auditor_app.engagement.file import open_for_reading
from auditor_app.sampling.execution import TICKMARKS
from tests.unit.cli.test_engagement import BY, Command, _trust, book, clock, command  # noqa: F401 - fixtures
from tests.unit.cli.test_sample import DICE, RATES, folder  # noqa: F401 - the fixture
from tests.unit.report.reading import squeezed, text_of
from tests.unit.snapshot import samples

INSIDE = ("--trusted-time", samples.NOW)


@pytest.fixture
def drawn(book: Path, command: Command) -> dict[str, Any]:
    """A sample of 55 leaves that was committed to and drawn in the engagement."""
    snapshot, record = book.parent / "good.porsnap", book.parent / "record.json"
    trust = (*_trust(book), *INSIDE)
    recorded = ("--engagement", book, *BY)
    assert command("sample", "commit", snapshot, *trust, *RATES, "--source", "dice", "-o", record, *recorded)[0] == 0
    draw = ("sample", "draw", record, snapshot, *trust, "--randomness", DICE, "-o", book.parent / "drawn.json")
    status, document = command(*draw, *recorded)
    assert status == 0
    return document


def table(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def extract_of(document: dict[str, Any]) -> list[tuple[str, ...]]:
    """What an honest exchange would hand over: the rows of the drawn leaves, in units."""
    return [(item["index"], *item["row"].split(",")[1:]) for item in document["items"]]


def test_an_honest_extract_agrees(book: Path, command: Command, drawn: dict[str, Any]) -> None:
    rows = extract_of(drawn)
    extract = table(book.parent / "extract.csv", ("item", "BTC", "USDT"), rows)
    alone = ("sample", "execute", book.parent / "drawn.json", "--extract", extract)
    status, document = command(*alone, "-o", book.parent / "executed.json")
    assert (status, document["deviations"], document["findings"]) == (0, "0", [])
    assert document["fields"] == ["BTC", "USDT"]
    assert document["sources"][0]["rows"] == "55"
    status, found = command("sample", "evaluate", "--execution", book.parent / "executed.json")
    assert (status, found["deviations"], found["withinPlan"]) == (0, "0", True)
    status, recorded = command("sample", "execute", "--extract", extract, "--engagement", book, *BY)
    assert (status, recorded) == (0, document)


def test_differences_and_missing_answers(book: Path, command: Command, drawn: dict[str, Any]) -> None:
    rows = extract_of(drawn)
    changed = [(rows[0][0], rows[0][1] + "1", rows[0][2]), *rows[1:]]
    extract = table(book.parent / "extract.csv", ("item", "BTC", "USDT"), changed[:-1])
    replies = table(
        book.parent / "replies.csv", ("key", "answer"), [(item["key"], "agrees") for item in drawn["items"][:-2]]
    )
    instead = table(
        book.parent / "instead.csv",
        ("item", "check", "alternative", "reason"),
        [(drawn["items"][-2]["index"], "confirmation", "inspected a later withdrawal", "letter came back")],
    )
    inside = ("--engagement", book, *BY)
    arguments = ("sample", "execute", "--extract", extract, "--replies", replies, "--alternatives", instead)
    status, document = command(*arguments, *inside)
    codes = [item["code"] for item in document["findings"]]
    assert status == 1
    assert sorted(codes) == ["SAMPLE.LEDGER", "SAMPLE.NO_ANSWER", "SAMPLE.NO_ANSWER", "SAMPLE.REPLACED"]
    assert document["deviations"] == "2"
    status, found = command("sample", "evaluate", "--execution", *inside)
    assert (status, found["deviations"], found["withinPlan"]) == (0, "2", False)
    assert command("engagement", "exception", "import", book, *BY)[1]["raised"] == ["1", "2", "3"]
    assert command("engagement", "exception", "import", book, *BY)[1]["raised"] == []


def test_letters_hold_values_literally(book: Path, command: Command, drawn: dict[str, Any]) -> None:
    template = book.parent / "letter.txt"
    template.write_text("To {{name}}\n{{key}} at {{client}}:\n{{balances}}\n{{note}}\n", encoding="utf-8")
    contacts = table(
        book.parent / "contacts.csv",
        ("item", "name"),
        [
            (item["index"], "{{key}} #set page() $x$ <b>" if n == 0 else f"Customer {n}")
            for n, item in enumerate(drawn["items"])
        ],
    )
    arguments = ("sample", "letters", "--template", template, "--contacts", contacts, "--value", "note=50 % \\n *x*")
    status, document = command(*arguments, "-o", book.parent / "letters", "--engagement", book, *BY)
    assert status == 0
    first = drawn["items"][0]
    assert len(document["letters"]) == 55
    text = (book.parent / "letters" / document["letters"][0]["file"]).read_text(encoding="utf-8")
    btc = first["row"].split(",")[1]
    assert text.startswith(
        f"To {{{{key}}}} #set page() $x$ <b>\n{first['key']} at Example Exchange Ltd:\n  BTC  {btc}\n"
    )
    assert text.endswith("\n50 % \\n *x*\n")
    assert len(list((book.parent / "letters").iterdir())) == 56
    form = book.parent / "letters" / "replies.csv"
    nobody = command("sample", "execute", book.parent / "drawn.json", "--replies", form)[1]
    assert nobody["deviations"] == "55"
    form.write_text(form.read_text().replace(",none,", ",agrees,"))
    assert command("sample", "execute", book.parent / "drawn.json", "--replies", form)[1]["deviations"] == "0"
    status, document = command(*arguments, "-o", book.parent / "letters")
    assert (status, document["code"]) == (3, "USAGE")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{key}} {{secret}}", "nothing supplies the field secret"),
        ("{{key}} {{Key}}", "no field"),
        ("{{key} }", "no field"),
        ("no item", "names no item"),
        ("{{key}} \u202e", "cannot be seen"),
    ],
)
def test_a_template_that_cannot_be_merged_writes_nothing(
    book: Path,
    command: Command,
    drawn: dict[str, Any],
    template: str,
    words: str,
) -> None:
    (book.parent / "letter.txt").write_text(template, encoding="utf-8")
    arguments = ("sample", "letters", book.parent / "drawn.json", "--template", book.parent / "letter.txt")
    status, document = command(*arguments, "-o", book.parent / "letters")
    assert (status, document["code"]) == (3, "SAMPLE.LETTER")
    assert words in document["error"]
    assert not (book.parent / "letters").exists()


def test_our_own_template_asks_for_what_it_needs(book: Path, command: Command, drawn: dict[str, Any]) -> None:
    letters = ("sample", "letters", "-o", book.parent / "letters", "--engagement", book, *BY)
    assert "as_of" in command(*letters)[1]["error"]
    typed = [f"{name}=x" for name in ("as_of", "reply_by", "reply_to")]
    assert command(*letters, *(part for text in typed for part in ("--value", text)))[0] == 0


def test_what_the_engagement_refuses_leaves_nothing_behind(book: Path, command: Command, drawn: dict[str, Any]) -> None:
    other = book.parent / "other.engagement"
    assert command("engagement", "new", other, "--client", "X", "--standard", "at-c-215", *BY)[0] == 0
    extract = table(book.parent / "extract.csv", ("item", "BTC", "USDT"), extract_of(drawn))
    inside = ("--engagement", other, *BY)
    given = book.parent / "drawn.json"
    status, document = command("sample", "execute", given, "--extract", extract, "-o", book.parent / "e.json", *inside)
    assert (status, document["code"]) == (3, "ENGAGEMENT.REFUSED")
    assert "no earlier draw" in document["error"]
    typed = [part for name in ("as_of", "reply_by", "reply_to") for part in ("--value", f"{name}=x")]
    status, document = command("sample", "letters", given, "-o", book.parent / "letters", *typed, *inside)
    assert (status, document["code"]) == (3, "ENGAGEMENT.REFUSED")
    assert not (book.parent / "letters").exists()
    assert not (book.parent / "e.json").exists()


@pytest.mark.parametrize("content", ["[]", "{}", '{"kind": "leaves"}', '{"kind": "list"}', "x"])
def test_a_file_that_is_no_sample_is_refused(book: Path, command: Command, content: str) -> None:
    (book.parent / "x.json").write_text(content)
    assert command("sample", "execute", book.parent / "x.json")[1]["code"] == "SAMPLE.DRAWN"
    assert command("sample", "evaluate", "--execution", book.parent / "x.json")[1]["code"] == "SAMPLE.DRAWN"


def test_usage(book: Path, command: Command) -> None:
    assert command("sample", "execute")[1]["code"] == "USAGE"
    assert command("sample", "execute", "--engagement", book, *BY)[1]["code"] == "USAGE"
    assert command("sample", "evaluate", "--confidence", "95%")[1]["code"] == "USAGE"
    assert command("sample", "evaluate", "--execution", "x", "--size", 5)[1]["code"] == "USAGE"


def test_every_step_is_repeated_from_its_inputs(
    book: Path,
    command: Command,
    drawn: dict[str, Any],
    tmp_path: Path,
) -> None:
    inside = ("--engagement", book, *BY)
    extract = table(book.parent / "extract.csv", ("item", "BTC", "USDT"), extract_of(drawn)[1:])
    typed = [part for name in ("as_of", "reply_by", "reply_to") for part in ("--value", f"{name}=x")]
    assert command("sample", "letters", "-o", book.parent / "letters", *typed, *inside)[0] == 0
    assert command("sample", "execute", "--extract", extract, *inside)[0] == 1
    assert command("sample", "evaluate", "--execution", *inside)[0] == 0
    package, elsewhere = tmp_path / "p.zip", tmp_path / "elsewhere"
    assert command("engagement", "export", book, "-o", package)[0] == 0
    elsewhere.mkdir()
    for name in ("good.porsnap", "record.json"):
        shutil.copyfile(book.parent / name, elsewhere / name)
    shutil.copyfile(extract, elsewhere / "under another name.csv")
    again = ("reperform", package, *_trust(book), "--inputs", elsewhere)
    status, document = command(*again)
    assert (status, document["findings"]) == (0, [])
    assert [item["status"] for item in document["repeated"]] == ["same"] * 5
    (elsewhere / "under another name.csv").unlink()
    status, document = command(*again)
    assert [item["status"] for item in document["repeated"]] == ["same", "same", "same", "not re-performed", "same"]


def test_a_table_that_changes_while_it_is_used_is_refused(book: Path, drawn: dict[str, Any]) -> None:
    from auditor_app.engagement import execution_steps
    from auditor_app.engagement.file import Author, open_for_writing
    from auditor_app.errors import EngagementError
    from auditor_app.operation import CancelToken, run

    extract = table(book.parent / "extract.csv", ("item", "BTC", "USDT"), extract_of(drawn))
    token, asked = CancelToken(), execution_steps.ExecutionAsked(extract=extract)
    with open_for_writing(book) as opened:
        kept = json.loads(opened.document(opened.papers.samples[-1].action.result))
        execution = run(execution_steps.executed(kept, asked, token))
        extract.write_text(extract.read_text() + "\n")
        author = Author("P. Reparer", "2026-11-04T10:00:00Z")
        acts = execution_steps.execution_acts(opened.papers, kept, asked, execution, author=author, token=token)
        with pytest.raises(EngagementError, match="changed while it was used"):
            run(acts)


def test_a_forged_execution_is_listed(book: Path, command: Command, drawn: dict[str, Any], tmp_path: Path) -> None:
    """A record that says more agreed than did cannot be repeated from the same extract."""
    from auditor_app.engagement import execution_steps
    from auditor_app.engagement.file import Author, open_for_writing
    from auditor_app.operation import CancelToken, run

    rows = extract_of(drawn)
    honest = table(tmp_path / "honest.csv", ("item", "BTC", "USDT"), rows)
    extract = table(book.parent / "extract.csv", ("item", "BTC", "USDT"), rows[1:])
    token = CancelToken()
    with open_for_writing(book) as opened:
        kept = json.loads(opened.document(opened.papers.samples[-1].action.result))
        asked = execution_steps.ExecutionAsked(extract=extract)
        right = run(execution_steps.executed(kept, execution_steps.ExecutionAsked(extract=honest), token))
        wrong = run(execution_steps.executed(kept, asked, token))
        forged = type(right)(
            sample=right.sample,
            checks=right.checks,
            sources=wrong.sources,
            fields=right.fields,
            items=right.items,
            dummy_rejected=True,
        )
        author = Author("P. Reparer", "2026-11-04T10:00:00Z")
        acts = execution_steps.execution_acts(opened.papers, kept, asked, forged, author=author, token=token)
        opened.record(*run(acts))
    package = tmp_path / "p.zip"
    assert command("engagement", "export", book, "-o", package)[0] == 0
    status, document = command("reperform", package, *_trust(book), "--inputs", book.parent)
    assert status == 1
    assert [item["status"] for item in document["repeated"]] == ["same", "same", "different"]
    assert document["repeated"][2]["differences"]


def test_a_draw_of_the_first_form_still_repeats(book: Path, command: Command, drawn: dict[str, Any]) -> None:
    """Journals of earlier versions hold draws without columns: their entries have no ``form``."""
    from auditor_app.engagement.actions import RecordSample
    from auditor_app.engagement.file import Author, open_for_writing
    from auditor_app.engagement.sampling_steps import act_of_step

    with open_for_writing(book) as opened:
        step = opened.papers.samples[-1]
        kept = json.loads(opened.document(step.action.result))
        first = {name: value for name, value in kept.items() if name not in ("kind", "columns")}
        parameters = {name: text for name, text in step.action.parameters.items() if name != "form"}
        author = Author("P. Reparer", "2026-11-04T10:00:00Z")
        act = act_of_step("draw", parameters, first, author, files=step.inputs, commitment=step.action.commitment)
        assert isinstance(act.action, RecordSample)
        opened.record(act)
    package = book.parent / "p.zip"
    assert command("engagement", "export", book, "-o", package)[0] == 0
    status, document = command("reperform", package, *_trust(book), "--inputs", book.parent)
    assert (status, [item["status"] for item in document["repeated"]]) == (0, ["same"] * 3)
    with open_for_reading(book) as opened:
        assert len(opened.papers.samples) == 3
    assert command("sample", "execute", "--engagement", book, *BY)[1]["code"] == "SAMPLE.DRAWN"


def test_a_report_with_samples_and_agreed_limits_is_built_again_to_the_byte(
    book: Path, command: Command, drawn: dict[str, Any], tmp_path: Path
) -> None:
    inside = ("--engagement", book, *BY)
    extract = table(book.parent / "extract.csv", ("item", "BTC", "USDT"), extract_of(drawn)[1:])
    assert command("sample", "execute", "--extract", extract, *inside)[0] == 1
    limit = command("sample", "evaluate", "--execution", *inside)[1]["upperLimit"]
    build = ("report", "build", book.parent / "good.porsnap", *_trust(book), "--date", "2026-11-05", *inside)
    without, agreed = tmp_path / "without.pdf", tmp_path / "agreed.pdf"
    assert command(*build, "-o", without)[0] == 1
    assert command("engagement", "procedure", book, "sample-limits", *BY)[0] == 0
    assert command(*build, "-o", agreed, "--redacted", tmp_path / "redacted.pdf")[0] == 1
    assert squeezed(limit) not in squeezed(text_of(without.read_bytes()))
    assert squeezed(limit) in squeezed(text_of(agreed.read_bytes()))
    assert drawn["items"][0]["key"] in squeezed(text_of(agreed.read_bytes()))
    assert drawn["items"][0]["key"] not in squeezed(text_of((tmp_path / "redacted.pdf").read_bytes()))
    package = tmp_path / "p.zip"
    assert command("engagement", "export", book, "-o", package)[0] == 0
    status, document = command("reperform", package, *_trust(book), "--inputs", book.parent)
    assert (status, document["findings"]) == (0, [])
    kinds = [item["kind"] for item in document["repeated"]]
    assert kinds.count("issue-report") == 2
    workbook = ("report", "workbook", book.parent / "good.porsnap", *_trust(book), "--engagement", book)
    tables = command(*workbook, "-o", tmp_path / "papers.zip")[1]["tables"]
    assert {"E1", "E4", "E5"} <= {item["reference"] for item in tables}


def test_the_programs_own_marks_keep_their_meaning(book: Path, command: Command) -> None:
    define = ("engagement", "tickmark", "define", book, "ET")
    assert command(*define, "something else", *BY)[1]["code"] == "ENGAGEMENT.REFUSED"
    assert command(*define, TICKMARKS["ET"], *BY)[0] == 0
