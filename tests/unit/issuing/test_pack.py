"""Packing: the same bytes every time, whole parts, exact totals, and a clear refusal of bad input."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from auditor_app.errors import AuditError
from auditor_app.issuing.pack import Packed, pack
from auditor_app.operation import Cancelled, CancelToken, run
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.inspection import Inspection, inspect_unauthenticated
from auditor_app.snapshot.members import read_funds, read_ownership
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import SnapshotStatement
from tests.unit.snapshot import samples
from tests.unit.snapshot.samples import FINANCE, TREASURY

DESCRIPTION = """
snapshot-id = "2026-11-01"
sequence = 12
previous-payload-sha256 = "abababababababababababababababababababababababababababababababab"
as-of = 2026-11-01T00:00:00Z
created-at = 2026-11-02T10:00:00+02:00
valid-until = 2026-12-01

[issuer]
legal-name = "Example Exchange Ltd"

[chains."eip155:1"]
block-height = 23700000
block-hash = "0x1111111111111111111111111111111111111111111111111111111111111111"

[[assets]]
symbol = "BTC"
decimals = 8
on-chain = ["bip122:000000000019d6689c085ae165831e93/slip44:0"]

[[assets]]
symbol = "USDT"
decimals = 6
on-chain = ["eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7"]

[[ledgers]]
name = "spot"
csv = "spot.csv"
columns = "accountId:token,BTC:decimal?,USDT:decimal?"

[[ledgers.commitments]]
scheme = "rfc6962-sha256"

[reserves]
addresses = "addresses.csv"
ownership = "ownership.csv"
text = "plain"

[funds]
csv = "funds.csv"
"""
SPOT = b"alice,1.5,10\nbob,0.25,\ncarol,,0.000001\n"
ETH = "eip155:1:0x00000000219ab540356cBB839Cbe05303d7705Fa"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "snapshot.toml").write_text(DESCRIPTION)
    (tmp_path / "spot.csv").write_bytes(SPOT)
    rows = f"account,asset,claimed,role\r\n{ETH},USDT,7,cold\r\n{ETH},USDT,5,hot\r\n{ETH},BTC,1,hot\r\n"
    (tmp_path / "addresses.csv").write_bytes(rows.encode())
    message = '"I, the exchange,\nown this äddress"'
    (tmp_path / "ownership.csv").write_text(f"account,method,message,proof,extra\n{ETH},eip191,{message},0xab,\n")
    (tmp_path / "funds.csv").write_bytes(samples.FUNDS)
    return tmp_path


def packed(folder: Path, *keys: SigningKey, name: str = "out.porsnap") -> tuple[Path, Packed]:
    out = folder / name
    return out, run(pack(folder / "snapshot.toml", out, keys, CancelToken()))


def statement(path: Path) -> SnapshotStatement:
    inspection: Inspection = inspect_unauthenticated(path)
    assert isinstance(inspection.statement, SnapshotStatement)
    return inspection.statement


def opened(path: Path) -> AuthenticSnapshot:
    return samples.authenticate(path)


def leaf(row: bytes) -> bytes:
    return hashlib.sha256(b"\0" + row).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def test_what_is_packed_and_signed_is_authentic_and_complete(folder: Path) -> None:
    path, result = packed(folder, TREASURY, FINANCE)
    authentic = opened(path)
    predicate = authentic.statement.predicate
    assert authentic.payload_sha256 == result.payload_sha256
    assert (predicate.as_of, predicate.created_at, predicate.valid_until) == (
        "2026-11-01T00:00:00Z",
        "2026-11-02T08:00:00Z",
        "2026-12-01T00:00:00Z",
    )
    spot = predicate.ledgers[0]
    assert (spot.row_count, spot.totals, spot.order) == ("3", {"BTC": "175000000", "USDT": "10000001"}, "tree")
    assert [column.decimals for column in spot.columns] == [None, 8, 6]
    first, second, third = SPOT.splitlines()
    root = node(node(leaf(first), leaf(second)), leaf(third)).hex()
    assert (spot.commitments[0].root, spot.commitments[0].leaf_count) == (root, "3")
    assert result.roots == (("spot", "rfc6962-sha256", root),)
    assert result.findings == ()
    assert predicate.reserves is not None
    assert predicate.reserves.claimed_totals == {"USDT": "12", "BTC": "1"}
    token = CancelToken()
    assert authentic.members.read("ledger/spot-00000.csv", token) == SPOT
    ownership = read_ownership(authentic.members.read("reserves/ownership.csv", token), "o")
    assert ownership[0].message == "I, the exchange,\nown this äddress"
    assert read_funds(authentic.members.read("funds.csv", token), "f")[0].name == "Guardian"
    authentic.members.close()


def test_the_same_input_gives_the_same_bytes(folder: Path) -> None:
    first, _ = packed(folder, TREASURY, FINANCE, name="a.porsnap")
    second, _ = packed(folder, FINANCE, TREASURY, name="b.porsnap")
    assert first.read_bytes() == second.read_bytes()


def test_given_totals_and_roots_stand_as_given_and_what_differs_is_told(folder: Path) -> None:
    text = DESCRIPTION.replace(
        'scheme = "rfc6962-sha256"', f'scheme = "rfc6962-sha256"\nroot = "{"00" * 32}"\nleaf-count = 4'
    )
    text = text.replace('csv = "spot.csv"', 'csv = "spot.csv"\ntotals = { BTC = "1", USDT = 10000001 }')
    (folder / "snapshot.toml").write_text(
        text.replace('text = "plain"', 'text = "plain"\nclaimed-totals = { USDT = 13 }')
    )
    path, result = packed(folder)
    spot = statement(path).predicate.ledgers[0]
    assert spot.totals == {"BTC": "1", "USDT": "10000001"}
    assert (spot.commitments[0].root, spot.commitments[0].leaf_count) == ("00" * 32, "4")
    assert {"ROOT.MISMATCH", "TOTALS.MISMATCH"} <= {item.code for item in result.findings}
    reserves = statement(path).predicate.reserves
    assert reserves is not None
    assert reserves.claimed_totals == {"USDT": "13"}


def test_a_negative_balance_is_packed_and_told(folder: Path) -> None:
    (folder / "spot.csv").write_bytes(SPOT + b"dave,-1,\n")
    _, result = packed(folder)
    assert [item.code for item in result.findings] == ["LEAF.NEGATIVE"]


def test_a_large_ledger_is_cut_into_whole_parts(folder: Path) -> None:
    rows = 2**18 + 3
    with (folder / "spot.csv").open("wb") as file:
        file.writelines(b"%d,1,2\n" % number for number in range(rows))
    text = DESCRIPTION.replace('[[ledgers.commitments]]\nscheme = "rfc6962-sha256"\n', "")
    (folder / "snapshot.toml").write_text(text)
    path, _ = packed(folder, TREASURY, FINANCE)
    authentic = opened(path)
    spot = authentic.statement.predicate.ledgers[0]
    assert spot.members == ("ledger/spot-00000.csv", "ledger/spot-00001.csv")
    assert spot.totals == {"BTC": f"{rows}00000000", "USDT": f"{2 * rows}000000"}
    held = [item.annotations.rows for item in authentic.statement.subject if item.annotations.role == "ledger"]
    assert held == [str(2**18), "3"]
    parts = b"".join(authentic.members.read(name, CancelToken()) for name in spot.members)
    assert parts == (folder / "spot.csv").read_bytes()
    authentic.members.close()


def test_an_empty_ledger_has_no_parts(folder: Path) -> None:
    (folder / "spot.csv").write_bytes(b"")
    path, _ = packed(folder)
    spot = statement(path).predicate.ledgers[0]
    assert (spot.members, spot.row_count, spot.totals) == ((), "0", {"BTC": "0", "USDT": "0"})
    assert spot.commitments[0].root == hashlib.sha256(b"").hexdigest()


def refused(folder: Path) -> AuditError:
    with pytest.raises(AuditError) as caught:
        packed(folder)
    assert caught.value.exit_status == 3
    assert not (folder / "out.porsnap").exists()
    assert not list(folder.glob(".out*"))
    return caught.value


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"alice,1.5,10\nbob,007,\n", "row 2, column BTC"),
        (b"alice,1.5,10\r\n", "row 1"),
        (b'"alice",1.5,10\n', "row 1, column accountId"),
        (b"alice,1.5,10", "row 1"),
        (b"\xef\xbb\xbfalice,1.5,10\n", "row 1"),
        (b"alice,1.5,10\n\n", "row 2"),
        ("alice,１,10\n".encode(), "row 1, column BTC"),
        (b"alice,1.5,10,1\n", "row 1"),
        (b"alice,1.5," + b"9" * 31 + b"\n", "row 1, column USDT"),
        (b"x" * 1_000_000, "row 1"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_rows_outside_the_grammar_are_not_packed(folder: Path, data: bytes, where: str) -> None:
    (folder / "spot.csv").write_bytes(data)
    error = refused(folder)
    assert error.code == "SNAPSHOT.GRAMMAR"
    assert where in error.sentence()


CHANGES: dict[str, tuple[str, str, str]] = {
    "unknown key": ("sequence = 12", "sequence = 12\nextra = 1", "extra"),
    "missing key": ('snapshot-id = "2026-11-01"', "", "snapshot-id"),
    "float": ("sequence = 12", "sequence = 12.0", "sequence"),
    "local time": ("as-of = 2026-11-01T00:00:00Z", "as-of = 2026-11-01T00:00:00", "offset"),
    "time of day": ("as-of = 2026-11-01T00:00:00Z", "as-of = 10:00:00", "as-of"),
    "not TOML": ("sequence = 12", "sequence ==", "description"),
    "lei": ('legal-name = "Example Exchange Ltd"', 'legal-name = "E"\nlei = "x"', "lei"),
    "no decimals": ("decimals = 8", "", "decimals"),
    "unknown asset": ("BTC:decimal?", "ETH:decimal?", "ETH"),
    "unknown column type": ("BTC:decimal?", "BTC:float?", "BTC:float"),
    "unknown scheme": ('"rfc6962-sha256"', '"none"', "none"),
    "missing ledger": ('csv = "spot.csv"', 'csv = "gone.csv"', "gone.csv"),
    "missing table": ('"addresses.csv"', '"gone.csv"', "gone.csv"),
    "asset beyond its decimals": ("decimals = 6", "decimals = 5", "base units"),
    "table in the wrong form": ('text = "plain"', "", "addresses.csv"),
    "nonce": ("sequence = 12", 'sequence = 12\nengagement-nonce = "x"', "engagementNonce"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_description_that_cannot_be_packed_says_why(folder: Path, change: str) -> None:
    before, after, words = CHANGES[change]
    assert before in DESCRIPTION
    (folder / "snapshot.toml").write_text(DESCRIPTION.replace(before, after, 1))
    assert words in refused(folder).sentence()


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("addresses.csv", b"account,asset,claimed\n"),
        ("addresses.csv", b"account,asset,claimed,role\na,b\n"),
        ("addresses.csv", b"account,asset,claimed,role\nx,USDT,1,cold\n"),
        ("addresses.csv", b"\xff"),
        ("ownership.csv", b'account,method,message,proof,extra\n"'),
        ("funds.csv", b"name\n"),
        ("snapshot.toml", b"\xff"),
    ],
)
def test_a_table_that_cannot_be_packed_is_named(folder: Path, file: str, data: bytes) -> None:
    (folder / file).write_bytes(data)
    assert file in refused(folder).sentence()


def test_cancelling_leaves_nothing_behind(folder: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run(pack(folder / "snapshot.toml", folder / "out.porsnap", (), token))
    assert not (folder / "out.porsnap").exists()


def test_a_folder_that_may_not_be_written_is_named(folder: Path) -> None:
    with pytest.raises(AuditError) as caught:
        run(pack(folder / "snapshot.toml", folder / "none" / "out.porsnap", (), CancelToken()))
    assert caught.value.code == "OUTPUT.WRITE"


def test_a_part_over_the_limit_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor_app.issuing.pack.MAX_MEMBER_BYTES", 10)
    assert "at most 10 bytes" in refused(folder).sentence()


def test_the_example_in_the_documentation_packs(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "snapshot-format.md").read_text("utf-8")
    for name, text in re.findall(r'```csv title="([a-z.]+)"\n(.*?)```', page, re.DOTALL):
        (tmp_path / name).write_text(text)
    description = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert description is not None
    (tmp_path / "snapshot.toml").write_text(description[1])
    path, result = packed(tmp_path, TREASURY, FINANCE)
    assert result.rows == (("spot", 3),)
    authentic = opened(path)
    authentic.members.close()
    assert [item.code for item in authentic.findings] == []
    assert authentic.statement.predicate.ledgers[0].totals == {
        "BTC": "150000000",
        "ETH": "12250000000000000000",
        "USDT": "2510000001",
    }
