"""``sample plan | commit | draw | evaluate`` on a real signed snapshot: outputs, exit statuses, refusals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor_app.cli import sample_commit as sample_command
from auditor_app.cli.main import main
from auditor_app.ledger.source import LedgerPart
from auditor_app.merkle.recompute import recompute
from auditor_app.operation import CancelToken, run
from auditor_app.sampling.drand import CHAINS
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import Commitment, SnapshotPredicate
from auditor_app.snapshot.trust import save_store
from auditor_app.snapshot.writing import LEDGER_MEDIA_TYPE, Bytes, Member, write_signed
from tests.unit.snapshot import samples

ROWS = 400
TIME = ["--trusted-time", samples.NOW]
DICE = "dice:66554433221166554433"
RATES = ["--confidence", "95%", "--tolerable", "5%", "--expected", "0"]


class OnePart:
    """Rows as a ledger source."""

    name = "spot"
    order = "tree"

    def __init__(self, predicate: SnapshotPredicate, data: bytes) -> None:
        self.columns = predicate.ledgers[0].columns
        self.declared_rows = data.count(b"\n")
        self.total_bytes = len(data)
        self._part = LedgerPart("spot", 0, data)

    def parts(self, token: CancelToken) -> Iterator[LedgerPart]:
        yield self._part

    def read_part(self, index: int, token: CancelToken) -> LedgerPart:
        return self._part


def ledger() -> bytes:
    rows = []
    for number in range(ROWS):
        name = hashlib.sha256(f"account {number}".encode()).hexdigest()[:20]
        rows.append(f"{name},{number}.{number % 7 + 1},{number * 3}\n")
    return "".join(rows).encode()


def predicate(root: str | None) -> SnapshotPredicate:
    """The example predicate with our ledger and its recomputed root, unless another is claimed."""
    data = ledger()
    spot: dict[str, Any] = {**samples.PREDICATE["ledgers"][0], "rowCount": str(ROWS)}
    btc = sum(number * 10 + number % 7 + 1 for number in range(ROWS)) * 10**7
    spot["totals"] = {"BTC": str(btc), "USDT": str(sum(number * 3 for number in range(ROWS)) * 10**6)}
    claim = {"scheme": "mexc", "root": "00" * 16, "leafCount": str(ROWS), "parameters": {"proofId": "PR-1"}}
    spot["commitments"] = [claim]
    first = samples.predicate(ledgers=[spot])
    wanted = Commitment(scheme="mexc", root="00" * 16, leaf_count=str(ROWS), parameters={"proofId": "PR-1"})
    result = run(recompute(OnePart(first, data), [wanted], totals=None, typed_root=None, token=CancelToken()))  # type: ignore[arg-type]
    claim["root"] = root or str(result.commitments[0].recomputed)
    return samples.predicate(ledgers=[spot])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the trust store and two snapshots: one right, one with another root."""
    save_store(tmp_path / "trust.json", samples.store())
    member = Member("ledger/spot-00000.csv", "ledger", Bytes(ledger()), ROWS, LEDGER_MEDIA_TYPE)
    keys: tuple[SigningKey, ...] = (samples.TREASURY, samples.FINANCE)
    for name, root in (("good", None), ("bad", "ab" * 16)):
        others = samples.members()[1:]
        write_signed(tmp_path / f"{name}.porsnap", predicate(root), (member, *others), keys)
    return tmp_path


Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``sample …`` with ``--json`` and return its status and object."""

    def call(*arguments: object) -> tuple[int, dict[str, Any]]:
        status = main(["sample", *map(str, arguments), "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


def commit(command: Command, folder: Path, name: str = "good", source: str = "dice") -> Path:
    record = folder / f"{name}-record.json"
    trust = ["--trust", folder / "trust.json", *TIME]
    status, document = command("commit", folder / f"{name}.porsnap", *trust, *RATES, "--source", source, "-o", record)
    assert status == 0
    assert document["commitment"] == json.loads(record.read_bytes())["commitmentSha256"]
    return record


def draw(command: Command, folder: Path, record: Path, name: str = "good", *more: object) -> tuple[int, dict[str, Any]]:
    randomness = () if "--randomness" in more else ("--randomness", DICE)
    trust = ["--trust", folder / "trust.json", *TIME]
    return command("draw", record, folder / f"{name}.porsnap", *trust, *randomness, *more)


def test_commit_then_draw(command: Command, folder: Path) -> None:
    record = commit(command, folder)
    status, document = draw(command, folder, record)
    assert status == 0
    assert (document["size"], document["deviations"], document["dummyRejected"]) == ("55", "0", True)
    assert len({item["index"] for item in document["items"]}) == 55
    rows = ledger().decode().split("\n")
    assert all(item["row"] == rows[int(item["index"])] and item["included"] for item in document["items"])
    assert all(item["path"][-1]["node"] == document["root"] for item in document["items"])
    assert "SAMPLE.WEAKER_SOURCE" in [item["code"] for item in document["findings"]]


def test_the_same_inputs_draw_the_same_bytes(command: Command, folder: Path) -> None:
    record = commit(command, folder)
    assert draw(command, folder, record) == draw(command, folder, record)


def test_another_published_root_ends_in_status_1(command: Command, folder: Path) -> None:
    record = commit(command, folder, "bad")
    status, document = draw(command, folder, record, "bad")
    codes = [item["code"] for item in document["findings"]]
    assert status == 1
    assert codes.count("SAMPLE.INCLUSION") == int(document["deviations"]) == 55
    assert "ROOT.MISMATCH" in codes
    assert document["dummyRejected"]


def test_an_extension_on_the_command_line(command: Command, folder: Path) -> None:
    record = commit(command, folder)
    _, small = draw(command, folder, record)
    _, large = draw(command, folder, record, "good", "--extend-to", "60")
    assert large["items"][:55] == small["items"]
    assert len(large["items"]) == 60


@pytest.mark.parametrize(
    ("randomness", "code"),
    [("dice:123", "SAMPLE.RANDOMNESS"), ("block:" + "ab" * 32, "SAMPLE.RANDOMNESS"), ("", "SAMPLE.RANDOMNESS")],
)
def test_other_randomness_ends_in_status_3(randomness: str, code: str, command: Command, folder: Path) -> None:
    record = commit(command, folder)
    status, document = draw(command, folder, record, "good", "--randomness", randomness)
    assert (status, document["code"]) == (3, code)


def test_no_altered_or_foreign_record_draws(command: Command, folder: Path) -> None:
    assert draw(command, folder, folder / "none.json")[1]["code"] == "SAMPLE.COMMITMENT"
    record = commit(command, folder)
    status, document = draw(command, folder, record, "bad")
    assert (status, document["code"]) == (3, "SAMPLE.COMMITMENT")
    assert "another snapshot" in document["error"]
    record.write_text(record.read_text().replace('"ledger": "spot"', '"ledger": "margin"'))
    status, document = draw(command, folder, record)
    assert (status, document["code"]) == (3, "SAMPLE.COMMITMENT")
    assert "was altered" in document["error"]


def test_a_commitment_is_made_now_and_once(command: Command, folder: Path) -> None:
    trust = ["--trust", folder / "trust.json", *TIME]
    record = folder / "r.json"
    arguments = ["commit", folder / "good.porsnap", *trust, *RATES, "-o", record, "--source"]
    status, document = command(*arguments, "drand:quicknet:1000")
    assert (status, document["code"]) == (3, "SAMPLE.COMMITMENT")
    assert not record.exists()
    assert command(*arguments, "drand:quicknet:99999999")[0] == 0
    written = record.read_bytes()
    status, document = command(*arguments, "drand:quicknet:99999999")
    assert (status, document["code"]) == (3, "SAMPLE.COMMITMENT")
    assert record.read_bytes() == written


def test_an_unsigned_snapshot_is_not_sampled(command: Command, folder: Path) -> None:
    member = Member("ledger/spot-00000.csv", "ledger", Bytes(ledger()), ROWS, LEDGER_MEDIA_TYPE)
    write_signed(folder / "good.porsnap", predicate(None), (member, *samples.members()[1:]), [samples.STRANGER])
    trust = ["--trust", folder / "trust.json", *TIME]
    status, _ = command("commit", folder / "good.porsnap", *trust, *RATES, "--source", "dice", "-o", folder / "r.json")
    assert status == 2
    assert not (folder / "r.json").exists()


def test_plans(command: Command) -> None:
    status, document = command("plan", *RATES, "--population", "50000", "--method", "binomial")
    assert (status, document["size"], document["allowedDeviations"]) == (0, "59", "0")
    assert command("plan", *RATES, "--population", "100")[1]["size"] == "45"
    monetary = ["--confidence", "0.95", "--tolerable", "5%", "--expected", "2.5%", "--method", "monetary"]
    document = command("plan", *monetary)[1]
    assert document["size"] == "231"
    assert "omission" in document["prose"]
    assert command("plan", *RATES)[0] == 3
    assert command("plan", "--confidence", "1", "--tolerable", "5%", "--population", "10")[1]["code"] == "SAMPLE.PLAN"


def test_evaluations(command: Command) -> None:
    status, document = command("evaluate", "--size", "60", "--deviations", "0", "--confidence", "95%")
    assert (status, document["upperLimit"]) == (0, "0.04870291331")
    taints = ["--taint", "1", "--taint", "0.20000072", "--taint", "0.03999931", "--book-value", "13500000"]
    document = command("evaluate", "--size", "145", "--confidence", "95%", *taints)[1]
    assert abs(float(document["stringerBound"]) - 469_616.5) < 3
    assert document["mostLikelyMisstatement"] == "115448.2787"
    assert command("evaluate", "--size", "-1", "--confidence", "95%")[0] == 3


def test_progress_and_prose_leave_standard_output_to_the_object(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["commit", str(folder / "good.porsnap"), "--trust", str(folder / "trust.json"), *TIME, *RATES]
    assert main(["sample", *arguments, "--source", "dice", "-o", str(folder / "r.json")]) == 0
    output = capsys.readouterr()
    assert "weaker than a drand round" in output.out
    assert "Draw 55 of 400 items." in output.out


def test_the_clock_is_read_in_one_place(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drand round is drawn whose commitment was made in its past."""
    from datetime import UTC, datetime

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2023, 8, 23, 15, 0, 0, tzinfo=UTC)

    monkeypatch.setattr(sample_command, "datetime", Clock)
    assert CHAINS["quicknet"].time_of(1000) > Clock.now()
    record = commit(command, folder, source="drand:quicknet:1000")
    signature = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
    status, document = draw(command, folder, record, "good", "--randomness", f"drand:1000:{signature}")
    assert status == 0
    assert (document["committedAt"], document["dummyRejected"]) == ("2023-08-23T15:00:00Z", True)
    forged = signature.replace("b446", "b447")
    status, document = draw(command, folder, record, "good", "--randomness", f"drand:1000:{forged}")
    assert (status, document["code"]) == (3, "SAMPLE.RANDOMNESS")


@pytest.mark.parametrize(("height", "status"), [("1", 3), ("23700000", 3), ("23700001", 0)])
def test_a_block_no_later_than_the_snapshots_own_had_spoken(
    folder: Path, capsys: pytest.CaptureFixture[str], height: str, status: int
) -> None:
    chain = next(iter(samples.PREDICATE["chains"]))
    assert samples.PREDICATE["chains"][chain]["blockHeight"] == "23700000"
    trust = ["--trust", str(folder / "trust.json"), *TIME]
    named = ["--source", f"block:{chain}:{height}", "-o", str(folder / "block.json")]
    assert main(["sample", "commit", str(folder / "good.porsnap"), *trust, *RATES, *named]) == status
    assert (folder / "block.json").exists() == (status == 0)
    assert ("had spoken" in capsys.readouterr().err) == (status == 3)
