"""What the auditor holds beside the snapshot: the edges of each comparison."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from auditor_app.chain.observed import AddressLine, Grade, ReserveAddress
from auditor_app.chain.window import WindowBalance, read_window, window_findings, write_window
from auditor_app.cli.main import main
from auditor_app.errors import AuditError, SnapshotError, UsageError
from auditor_app.findings import Severity
from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.net_debt import net_debts
from auditor_app.merkle.ranges import range_findings, read_batches
from auditor_app.operation import CancelToken, run
from auditor_app.selftest.exchange import (
    AS_OF,
    BTC,
    CHAINS,
    COLD,
    SECOND,
    Exchange,
    Holding,
    audited,
    hand_over,
    token,
)
from auditor_app.snapshot.authentic import TrustedTime
from auditor_app.snapshot.publication import SeenRoot, equivocation_findings, lateness_findings
from auditor_app.snapshot.statement import Commitment, Issuer, Ledger, SnapshotPredicate
from tests.unit.ledger.memory import MemoryLedger

ROOT = "ab" * 32


def predicate(published_at: str | None, created_at: str = AS_OF) -> SnapshotPredicate:
    commitment = Commitment(scheme="mexc", root=ROOT, leaf_count="1", parameters={}, published_at=published_at)
    ledger = Ledger(
        name="spot",
        members=(),
        row_count="1",
        order="tree",
        columns=parse_columns("id:token,BTC:base-units/8"),
        totals={},
        commitments=(commitment,),
    )
    return SnapshotPredicate(
        format_version="1.0",
        snapshot_id="s",
        sequence="1",
        issuer=Issuer(legal_name="Example"),
        as_of="2026-09-30T00:00:00Z",
        created_at=created_at,
        chains={},
        assets=(BTC,),
        ledgers=(ledger,),
    )


NOW = TrustedTime("2026-12-01T00:00:00Z", "now")


@pytest.mark.parametrize(
    ("published", "created", "time", "severity"),
    [
        ("2026-10-14T00:00:00Z", AS_OF, NOW, Severity.NOTE),
        ("2026-10-14T00:00:01Z", AS_OF, NOW, Severity.EXCEPTION),
        (None, "2026-10-14T00:00:00Z", NOW, Severity.NOTE),
        (None, "2026-10-14T00:00:01Z", NOW, Severity.EXCEPTION),
        ("2026-10-01T00:00:00Z", "2026-11-20T00:00:00Z", NOW, Severity.NOTE),
        ("2026-10-01T00:00:00Z", AS_OF, TrustedTime("2026-10-14T00:00:00Z", "timestamp"), None),
        ("2026-10-01T00:00:00Z", AS_OF, TrustedTime("2026-10-14T00:00:01Z", "timestamp"), Severity.NOTE),
        ("2026-10-01T00:00:00Z", AS_OF, TrustedTime("2026-10-02T00:00:00Z", "typed"), Severity.NOTE),
        ("2026-10-20T00:00:00Z", AS_OF, TrustedTime("2026-10-02T00:00:00Z", "timestamp"), Severity.EXCEPTION),
    ],
)
def test_a_root_is_late_only_where_its_own_dates_say_so(
    published: str | None, created: str, time: TrustedTime, severity: Severity | None
) -> None:
    found = lateness_findings(predicate(published, created), time)
    assert [item.severity for item in found] == ([] if severity is None else [severity])


def test_the_days_can_be_set() -> None:
    late = predicate("2026-10-20T00:00:00Z")
    assert lateness_findings(late, NOW, within_days=20)[0].severity is Severity.NOTE
    assert lateness_findings(late, NOW, within_days=19)[0].severity is Severity.EXCEPTION


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, 0),
        ({"root": "cd" * 32}, 1),
        ({"root": "cd" * 32, "as_of": "2026-09-29T00:00:00Z"}, 0),
        ({"root": "cd" * 32, "ledger": "margin"}, 0),
        ({"root": "cd" * 32, "scheme": "bitget"}, 0),
    ],
)
def test_two_roots_are_of_one_instant_ledger_and_scheme(change: dict[str, str], found: int) -> None:
    seen = dataclasses.replace(SeenRoot("2026-09-30T00:00:00Z", "spot", "mexc", ROOT, "elsewhere"), **change)
    assert len(equivocation_findings(predicate(None), [seen])) == found


# ---- balances around the instant


def line(account: str, claimed: int, observed: int | None) -> AddressLine:
    return AddressLine(ReserveAddress(account, "BTC", claimed, "cold"), 8, observed, Grade.OWN_NODE, "")


def around(account: str, **days: int) -> list[WindowBalance]:
    named = {"before": -7, "at": 0, "after": 1}
    return [WindowBalance(account, "BTC", named[name], amount, "node") for name, amount in days.items()]


@pytest.mark.parametrize(
    ("observed", "balances", "found"),
    [
        (100, {"before": 90, "after": 110}, False),
        (100, {"before": 89}, True),
        (100, {"after": 111}, True),
        (None, {"after": 111}, True),
        (None, {"after": 110}, False),
        (50, {"at": 100, "after": 100}, False),
        (100, {"at": 50, "after": 100}, True),
        (0, {"after": 1}, True),
        (0, {"after": 0}, False),
    ],
)
def test_balances_differ_by_more_than_a_tenth(observed: int | None, balances: dict[str, int], found: bool) -> None:
    lines = [line(COLD.bitcoin, 100, observed)]
    made = window_findings(around(COLD.bitcoin, **balances), lines)
    assert bool(made) is found
    assert not any(item.counts for item in made)


def test_accounts_that_are_not_claimed_are_left_out_and_the_share_can_be_set() -> None:
    lines = [line(COLD.bitcoin, 100, 100)]
    assert window_findings(around(SECOND.bitcoin, after=1), lines) == []
    assert window_findings(around(COLD.bitcoin, after=60), lines, difference=Fraction(1, 2)) == []


def test_the_window_table_is_read_strictly() -> None:
    rows = around(COLD.bitcoin, before=1, after=2)
    assert list(read_window(write_window(rows), "w.csv")) == rows
    good = write_window(rows)
    for old, new in ((b",-7,", b",-07,"), (b",-7,", b",7d,"), (b"days", b"day"), (b",1,node", b",-1,node")):
        with pytest.raises(SnapshotError):
            read_window(good.replace(old, new), "w.csv")


# ---- debts, ranges


def test_debts_are_counted_to_the_unit() -> None:
    rows = [b"a,5,-3", b"b,-2,", b"c,-1,-0", b"d,0,-4", b"e,7,9"]
    ledger = MemoryLedger(parse_columns("id:token,BTC:base-units/8-,ETH:decimal-?"), rows, 2)
    btc, eth = run(net_debts(ledger, {"BTC": True, "ETH": True}, CancelToken()))
    assert btc.message.startswith("2 rows owe 0.00000003 BTC, 0 of them against")
    assert (btc.expected, btc.observed) == ("0.00000012 BTC gross", "0.00000009 BTC net")
    assert eth.message.startswith("2 rows owe 7 ETH, 1 of them against")
    assert (eth.expected, eth.observed) == ("9 ETH gross", "2 ETH net")
    assert (btc.at.file, btc.at.row) == ("part 0", 2)
    assert run(net_debts(ledger, {"BTC": False}, CancelToken())) == ()


def test_values_fit_their_field_or_do_not(tmp_path: Path) -> None:
    values = {"a": 0, "b": 2**64 - 1, "c": 2**64, "d": -1}
    findings, _ = range_findings([values], subject="batches")
    assert [item.subject[-1] for item in findings] == ["c", "d"]
    assert range_findings([{"e": 2**32}], subject="batches", bits=32)[0]
    path = tmp_path / "b.json"
    path.write_text(json.dumps([{"a": "5", "b": 7}]))
    assert read_batches(path) == ({"a": 5, "b": 7},)
    for text in ('{"a": 1}', '[{"a": 1.5}]', '[{"a": null}]', '[{"a": true}]', '[{"a": "１"}]', "[5]"):
        path.write_text(text)
        with pytest.raises(AuditError):
            read_batches(path)


def test_the_command_compares_ranges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "batches.json"
    path.write_text(json.dumps([{"TotalDebt": "0", "BasePrice": str(2**64)}]))
    assert main(["proof", "ranges", str(path), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [item["code"] for item in document["findings"]] == ["RANGE.FIELD"]
    assert [item["code"] for item in document["limitations"]] == ["ZK.NOT_CHECKED"]
    assert main(["proof", "ranges", str(path), "--bits", "65"]) == 0
    assert main(["proof", "ranges", str(path), "--bits", "0"]) == 3


# ---- the run


def test_the_same_snapshot_again_is_no_rollback_and_a_stranger_is_a_usage_error(tmp_path: Path) -> None:
    handed = hand_over(Exchange(), tmp_path)
    again = dataclasses.replace(handed.request, earlier=(handed.snapshot,))
    assert not any(item.counts for item in audited(again).findings)
    stranger = tmp_path / "stranger.porsnap"
    stranger.write_bytes(handed.snapshot.read_bytes()[:-1])
    with pytest.raises(UsageError, match=r"stranger\.porsnap"):
        audited(dataclasses.replace(handed.request, earlier=(stranger,)))


def test_an_asset_that_the_exchange_issued(tmp_path: Path) -> None:
    holdings = (Holding(COLD, COLD.bitcoin, "BTC", 170), Holding(SECOND, SECOND.ethereum, "FTT", 5))
    exchange = Exchange(assets=(BTC, token("FTT")), chains=CHAINS, holdings=holdings)
    handed = hand_over(exchange, tmp_path)
    assert not any(item.counts for item in audited(handed.request).findings)
    with pytest.raises(UsageError, match="no asset"):
        audited(dataclasses.replace(handed.request, own_assets=("DOGE",)))


def test_the_options_reach_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "window.csv"
    table.write_bytes(write_window(around(COLD.bitcoin, after=1)))
    handed = hand_over(Exchange(), tmp_path)
    other = hand_over(Exchange(rows=("u1,5",), name="other"), tmp_path)
    words = ["verify", str(handed.snapshot), "--trust", str(handed.request.trust_store), "--json"]
    words += ["--trusted-time", "2026-11-01T00:00:00Z", "--window", str(table), "--own-asset", "BTC"]
    words += ["--earlier", str(other.snapshot), "--published-within", "0"]
    assert main(words) == 1
    found = {item["code"]: item["severity"] for item in json.loads(capsys.readouterr().out)["findings"]}
    assert found["RESERVE.WINDOW"] == "warning"
    assert found["ASSET.SELF_ISSUED"] == found["ROOT.NOT_TIMESTAMPED"] == found["FRESH.ROLLBACK"] == "exception"
    assert found["ROOT.EQUIVOCATION"] == "critical"
    assert main([*words[:-1], "soon"]) == 3
    assert msgspec.json.decode(capsys.readouterr().out)["code"] == "USAGE"
