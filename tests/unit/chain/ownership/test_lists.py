"""Published lists and the snapshot's own table, well formed and broken."""

from __future__ import annotations

import base64

import pytest

from auditor_app.chain.observed import ReserveAddress
from auditor_app.chain.ownership import lists
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.lists import parse_list
from auditor_app.chain.ownership.model import Outcome, Prevout
from auditor_app.chain.ownership.snapshot_list import joined, read_table
from auditor_app.errors import AuditError
from auditor_app.operation import CancelToken, run
from tests.unit.chain.ownership.wallets import MESSAGE, Wallet, script_of

OKX = (
    b"coin,snapshot height,amount\nETH,-,6\n\n"
    b"coin,Network,Snapshot Height,address,amount,message,signature1,signature2,redeem script/ public key, eoa1, eoa2\n"
    b"ETH,ARBITRUM,1,0xaa,0.50,I am ours ,0x01,,,,\r\n"
    b"BTC,BTC,1,bc1q,1,m,sig1,sig2,5221,null,null\n\n"
)


def test_okx_rows_keep_message_and_amount_as_written() -> None:
    first, second = parse_list(OKX, file="okx.csv")
    assert (first.asset, first.labels, first.message) == ("ETH", ("ARBITRUM", "ETH"), "I am ours ")
    assert first.amount is not None and first.amount.fixed() == "0.50"
    assert (first.at.row, second.at.row) == (5, 6)
    assert (second.signatures, second.public_key, second.owners) == (("sig1", "sig2"), "5221", ())


def test_htx_rows_with_a_byte_order_mark_and_dashes() -> None:
    data = "\ufeffcoin,snapshot height,balance\nBTC,1,2\n\ncoin,address,snapshot height,balance,message,signature\n"
    data += "BTC,1abc,1,2.0,-,-\nETH,0xff,-,-,htx,0x12\n"
    unsigned, owner = parse_list(data.encode(), file="htx.csv")
    assert (unsigned.signatures, unsigned.message) == ((), "")
    assert (owner.amount, owner.signatures) == (None, ("0x12",))


def test_okx_signature_file() -> None:
    data = b"digitalAsset,network,address,signedMessage,signedMessage2,message,publicKey,owner1,owner2\n"
    data += b"USDT,ETH,0x6a,0x63,null,OKC_DTT_AUP2025,,,\n"
    (only,) = parse_list(data, file="test.csv")
    assert (only.asset, only.labels, only.signatures, only.message) == (
        "USDT",
        ("ETH", "USDT"),
        ("0x63",),
        "OKC_DTT_AUP2025",
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"coin,address\n",
        b"a,b,c\n1,2,3\n",
        b"coin,address,snapshot height,balance,message,signature\nBTC,1abc,1,2,one, two,sig\n",
        b"coin,address,snapshot height,balance,message,signature\nBTC,1abc,1,1e9,m,s\n",
        b"coin,address,snapshot height,balance,message,signature\nBTC,1abc,1,1_000,m,s\n",
        "coin,address,snapshot height,balance,message,signature\nBTC,1abc,1,１,m,s\n".encode(),
        b"coin,address,snapshot height,balance,message,signature,signature\nBTC,1abc,1,1,m,s,s\n",
        b"coin,address,balance,message,signature\nBTC," + b"1" * 1_000_001 + b",1,m,s\n",
        b"account,method,message,proof,extra\nnot-caip,bip137,,x,\n",
    ],
)
def test_broken_lists_are_refused(data: bytes) -> None:
    with pytest.raises(AuditError) as refused:
        parse_list(data, file="list.csv")
    assert refused.value.code in ("OWNERSHIP.UNREADABLE", "SNAPSHOT.GRAMMAR")


def test_a_quoted_line_break_joins_nothing() -> None:
    data = b'coin,address,snapshot height,balance,message,signature\nBTC,1abc,1,1,"a\nBTC,1def,1,1,b",s\n'
    assert [row.address for row in parse_list(data, file="f")] == ["1abc", "1def"]


def text(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


BITCOIN = "bip122:000000000019d6689c085ae165831e93"
P2PKH = f"{BITCOIN}:1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"


def table(*rows: str) -> bytes:
    return ("\n".join(("account,method,message,proof,extra", *rows)) + "\n").encode()


def test_the_snapshot_table_alone() -> None:
    proof = Wallet.number(1).bitcoin(MESSAGE)
    (only,) = parse_list(table(f"{P2PKH},bip137,{text(MESSAGE)},{proof},"), file="ownership.csv")
    assert (only.account, only.chain, only.method, only.message) == (P2PKH, BITCOIN, "bip137", MESSAGE)
    result = run(check_rows([only], challenge=None, as_of="2026-11-22", token=CancelToken()))
    assert (result.lines[0].outcome, result.shares) == (Outcome.VALID, ())


def test_a_multisignature_in_the_snapshot_table() -> None:
    from btclib.b32 import p2wsh

    members = [Wallet.number(value) for value in (3, 4, 5)]
    script = script_of(2, members)
    proofs = ";".join(member.bitcoin(MESSAGE) for member in members[:2])
    extra = text('{"script":"' + script.hex() + '"}')
    rows = read_table(table(f"{BITCOIN}:{p2wsh(script)},multisig,{text(MESSAGE)},{proofs},{extra}"), file="o.csv")
    result = run(check_rows(rows, challenge=None, as_of=None, token=CancelToken()))
    assert result.lines[0].outcome is Outcome.VALID


@pytest.mark.parametrize(
    "extra",
    ['{"unknown":"1"}', '{"script":1}', '{"owners":"0x1"}', '{"owners":[1]}', '{"prevouts":{}}', '{"prevouts":[{"transaction":"00"}]}',
     '{"script":"1","script":"2"}', "{", '{"prevouts":[{"transaction":"' + "0" * 62 + '","index":"0","value":"1","script":""}]}',
     '{"prevouts":[{"transaction":"' + "0" * 64 + '","index":"00","value":"1","script":""}]}',
     '{"prevouts":[{"transaction":"' + "0" * 64 + '","index":0,"value":"1","script":""}]}',
     '{"prevouts":["transaction"]}', '{"prevouts":[5]}', '{"prevouts":[null]}'],
)  # fmt: skip
def test_a_broken_extra_is_refused(extra: str) -> None:
    with pytest.raises(AuditError) as refused:
        read_table(table(f"{P2PKH},bip127,,00,{text(extra)}"), file="o.csv")
    assert refused.value.code == "OWNERSHIP.UNREADABLE"


def test_joined_with_the_reserve_addresses() -> None:
    other = f"{BITCOIN}:1EHNa6Q4Jz2uvNExL497mE43ikXhwF6kZm"
    proofs = read_table(table(f"{P2PKH},bip137,,x,", f"{BITCOIN}:1zzz,bip137,,x,"), file="o.csv")
    addresses = [ReserveAddress(P2PKH, "BTC", 150, "cold"), ReserveAddress(other, "BTC", 7, "hot")]
    rows = joined(proofs, addresses, {"BTC": 2})
    assert [(r.asset, r.account, r.amount and r.amount.fixed(), len(r.signatures)) for r in rows] == [
        ("BTC", P2PKH, "1.50", 1),
        ("BTC", other, "0.07", 0),
        ("", f"{BITCOIN}:1zzz", None, 1),
    ]


def test_a_proof_is_joined_with_its_address_in_any_spelling() -> None:
    written = "eip155:1:0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
    proofs = read_table(table(f"{written.lower()},eip191,,x,"), file="o.csv")
    (only,) = joined(proofs, [ReserveAddress(written, "ETH", 5, "hot")], {"ETH": 0})
    assert (only.account, only.signatures, only.amount and only.amount.plain()) == (written, ("x",), "5")


def test_a_list_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_ROWS", 3)
    data = b"coin,address,snapshot height,balance,message,signature\n"
    assert len(parse_list(data + b"BTC,1,1,1,m,s\n" * 3, file="l.csv")) == 3
    with pytest.raises(AuditError, match="more than 3 rows"):
        parse_list(data + b"BTC,1,1,1,m,s\n" * 4, file="l.csv")


def test_a_header_of_exactly_the_columns_that_are_needed_is_enough() -> None:
    (found,) = parse_list(b"coin,network,address,message,signature1\nETH,ETH,0xaa,m,0x01\n", file="okx.csv")
    assert (found.asset, found.message, found.amount) == ("ETH", "m", None)


def test_columns_that_nobody_knows_may_stand_there_several_times() -> None:
    head = b"coin,remark,network,remark,other,address,message,signature1\n"
    (found,) = parse_list(head + b"ETH,a,BASE,b,c,0xaa,m,0x01\n", file="okx.csv")
    assert (found.labels, found.address, found.signatures) == (("BASE", "ETH"), "0xaa", ("0x01",))


def test_under_a_quoted_header_quotes_are_none_of_the_text() -> None:
    """And under a bare one a quote is a character, unless the cells would be too many."""
    quoted = b'"coin","network","address","message","signature1"\n"ETH","ETH","0xaa","we ""own"" it","0x01"\n'
    bare = b'coin,network,address,message,signature1\nETH,ETH,0xaa,"m",0x01\nETH,ETH,0xaa,"m, n",0x01\n'
    assert [found.message for found in parse_list(quoted, file="l.csv")] == ['we "own" it']
    assert [found.message for found in parse_list(bare, file="l.csv")] == ['"m"', "m, n"]


def test_a_line_up_to_the_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    line = b"ETH,ETH,0xaa,mmmm,0x01"
    head = b"coin,network,address,message,signature1\n"
    monkeypatch.setattr(lists, "_MAX_LINE", len(line))
    assert len(parse_list(head + line + b"\r\n", file="l.csv")) == 1
    with pytest.raises(AuditError, match="over the length limit"):
        parse_list(head + line.replace(b"mmmm", b"mmmmm"), file="l.csv")


def test_everything_in_an_extra_reaches_the_row() -> None:
    point = '{"transaction":"' + "ab" * 32 + '","index":"7","value":"5000","script":"0014"}'
    whole = '{"publicKey":"02aa","script":"51","owners":["0x1","0x2"],"prevouts":[' + point + "]}"
    (row,) = read_table(table(f"{P2PKH},bip127,{text('m')},a;;b;,{text(whole)}"), file="o.csv")
    assert (row.signatures, row.public_key, row.owners) == (("a", "b"), "51", ("0x1", "0x2"))
    assert row.prevouts == (Prevout("ab" * 32, 7, 5000, b"\x00\x14"),)
    for extra, key in (('{"publicKey":"02aa"}', "02aa"), ("02aa", "02aa"), ("{}", ""), ("", "")):
        (row,) = read_table(table(f"{P2PKH},bip137,,00,{text(extra)}"), file="o.csv")
        assert (row.public_key, row.owners, row.prevouts) == (key, (), ())


def test_accounts_of_chains_that_nobody_knows_are_joined_by_their_spelling() -> None:
    account = "mystery:1:Abc"
    proofs = read_table(table(f"{account},bip137,,x,"), file="o.csv")
    for claimed, signatures in ((account, [1]), ("mystery:1:abc", [0, 1])):
        rows = joined(proofs, [ReserveAddress(claimed, "BTC", 1, "hot")], {"BTC": 0})
        assert [len(row.signatures) for row in rows] == signatures
