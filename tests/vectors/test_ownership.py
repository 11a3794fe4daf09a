"""Every signature in the vectors: OKX's and HTX's real ones, BIP-137, BIP-322, BIP-127, Wycheproof."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor_app.chain.address.digests import sha256d
from auditor_app.chain.ownership.bip137 import message_digest
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.keys import agrees_ecdsa, agrees_ed25519, recover, uncompressed
from auditor_app.chain.ownership.lists import parse_list, read_list
from auditor_app.chain.ownership.model import (
    Binds,
    Freshness,
    Outcome,
    OwnershipLine,
    OwnershipResult,
    OwnershipRow,
    Prevout,
)
from auditor_app.findings import Severity
from auditor_app.operation import CancelToken, run

pytestmark = pytest.mark.vectors


def checked(rows: list[OwnershipRow], as_of: str | None = None) -> OwnershipResult:
    return run(check_rows(rows, challenge=None, as_of=as_of, token=CancelToken()))


def okx_rows(vectors: Path, suffix: str = "") -> list[tuple[dict[str, str], OwnershipRow]]:
    entries = json.loads((vectors / "signatures/okx/okx_address_signatures.json").read_text())
    return [(entry, _okx_row(entry, entry["msg"] + suffix)) for entry in entries]


def _okx_row(entry: dict[str, str], message: str) -> OwnershipRow:
    signatures = tuple(s for s in (entry.get("sign") or entry.get("sign1"), entry.get("sign2")) if s)
    return OwnershipRow(
        asset=entry.get("coin", ""),
        account=entry.get("addr", ""),
        address=entry.get("addr", ""),
        amount=None,
        message=message,
        signatures=signatures,
        labels=(entry["coin"],) if entry.get("coin") else (),
        public_key=entry.get("script") or entry.get("pub") or entry.get("pubKey") or "",
    )


def test_every_okx_signature_marked_valid_is_valid(vectors: Path) -> None:
    pairs = okx_rows(vectors)
    result = checked([row for _, row in pairs])
    outcomes = Counter((entry["expect"], line.outcome) for (entry, _), line in zip(pairs, result.lines, strict=True))
    assert outcomes == {("valid", Outcome.VALID): 45, ("see note", Outcome.UNSIGNED): 1}
    assert [line.row.asset for line in result.lines if line.outcome is Outcome.UNSIGNED] == ["STARKNET"]


def test_only_the_row_without_an_address_binds_a_key(vectors: Path) -> None:
    lines = [line for line in checked([row for _, row in okx_rows(vectors)]).lines if line.outcome is Outcome.VALID]
    assert Counter(line.binds for line in lines) == {Binds.ADDRESS: 44, Binds.KEY: 1}


def test_no_okx_signature_fits_a_changed_message(vectors: Path) -> None:
    for suffix in ("x", " ", "\n"):
        assert checked([row for _, row in okx_rows(vectors, suffix)]).counts()[Outcome.VALID] == 0


def test_the_same_rows_as_a_published_csv(vectors: Path) -> None:
    head = (
        "coin,Network,Snapshot Height,address,amount,message,signature1,signature2,redeem script/ public key,eoa1,eoa2"
    )
    rows = [row for _, row in okx_rows(vectors)]
    lines = [
        ",".join(
            [
                r.asset,
                r.asset,
                "1",
                r.address,
                "1",
                r.message,
                *r.signatures,
                *[""] * (2 - len(r.signatures)),
                r.public_key,
            ]
        )
        for r in rows
    ]
    parsed = parse_list("\n".join([head, *lines]).encode(), file="okx.csv")
    assert checked(list(parsed)).counts()[Outcome.VALID] == 45


def test_okx_example_list(vectors: Path) -> None:
    lines = checked(list(read_list(vectors / "merkle/okx/okx_por_example.csv"))).lines
    assert [(line.row.asset, line.outcome, line.binds) for line in lines] == [
        ("ETH", Outcome.VALID, Binds.ADDRESS),
        ("ETH", Outcome.VALID, Binds.ADDRESS),
        ("ETH", Outcome.VALID, Binds.OWNER),
        ("USDT-TON", Outcome.VALID, Binds.ADDRESS),
        ("APTOS", Outcome.VALID, Binds.OWNER),
    ]


@pytest.fixture
def htx(vectors: Path) -> OwnershipResult:
    return checked(list(read_list(vectors / "merkle/htx/huobi_por_20260201.csv")), as_of="2026-02-01")


def test_htx_51_signed_and_44_unsigned(htx: OwnershipResult) -> None:
    assert htx.counts() == {Outcome.VALID: 51, Outcome.UNSIGNED: 44, Outcome.INVALID: 0, Outcome.UNDECODABLE: 0}
    valid = [line for line in htx.lines if line.outcome is Outcome.VALID]
    assert {line.freshness for line in valid} == {Freshness.REPLAYABLE}
    assert len({line.identity for line in valid}) == 25
    assert sum(line.typo_risk and line.network == "evm" for line in htx.lines) == 25
    assert {"OWNERSHIP.STALE", "OWNERSHIP.UNSIGNED"} <= {found.code for found in htx.findings}


def test_htx_lists_four_rows_of_ether_twice(htx: OwnershipResult) -> None:
    """They have no amount: owners whose signatures another list would join with a contract."""
    twice = [found for found in htx.findings if found.code == "ADDRESS.DUPLICATE"]
    assert [(found.subject, found.severity) for found in twice] == [("asset ETH", Severity.WARNING)] * 4
    assert [found.at.row for found in twice] == [75, 76, 77, 78]


def test_htx_schemes(htx: OwnershipResult) -> None:
    assert Counter(line.scheme for line in htx.lines if line.scheme) == {
        "EIP-191": 22,
        "TRON Signed Message, 32, over Keccak-256 of the message": 17,
        "TRON Signed Message, 32, over the message": 2,
        "Keccak-256 of the bare message": 5,
        "Bitcoin Signed Message, P2PKH": 5,
    }


def test_htx_published_shares_of_value(htx: OwnershipResult) -> None:
    """Unsigned by amount, as the specification measured it: ETH 81, USDT on Ethereum and Tron 66 per cent."""
    unsigned = {s.asset: round(float(s.none.fraction() / s.total.fraction() * 1000)) for s in htx.shares}
    wanted = {"BTC": 39, "ETH": 813, "USDT-ETH": 661, "USDT-TRC20": 660, "DOGE": 1000, "SOL": 1000, "XRP": 1000}
    assert {asset: unsigned[asset] for asset in wanted} == wanted


def test_bip137_fixtures(vectors: Path) -> None:
    document = json.loads((vectors / "signatures/bip137/bitcoinjs-message-fixtures.json").read_text())
    magics = {"bitcoin": "Bitcoin Signed Message:\n", "dogecoin": "Dogecoin Signed Message:\n"}
    for entry in document["valid"]["magicHash"]:
        assert message_digest(magics[entry["network"]], entry["message"]).hex() == entry["magicHash"]
    good = [(e, e["network"]) for e in document["valid"]["verify"]]
    nested = [(e, n) for entry, n in good for e in (entry.get("compressed"), *entry.get("segwit", {}).values()) if e]
    pairs = [(e | {"message": "vires is numeris"}, n) for e, n in good + nested]
    assert len(pairs) == 5
    rows = [_bitcoin_row(entry, network) for entry, network in pairs]
    assert checked(rows).counts()[Outcome.VALID] == 5
    bad = [_bitcoin_row(entry, "bitcoin") for entry in document["invalid"]["verify"]]
    assert checked(bad).counts()[Outcome.INVALID] == len(bad) == 4
    for entry in document["invalid"]["signature"]:
        text = base64.b64encode(bytes.fromhex(entry["hex"])).decode()
        address = "1PMycacnJaSqwwJqjawXBErnLsZ7RkXUAs"
        assert (
            checked([_bitcoin_row({"address": address, "message": "", "signature": text}, "bitcoin")]).counts()[
                Outcome.INVALID
            ]
            == 1
        )


def _bitcoin_row(entry: dict[str, str], network: str, method: str = "") -> OwnershipRow:
    label = {"bitcoin": "BTC", "dogecoin": "DOGE"}[network]
    return OwnershipRow(
        label,
        entry["address"],
        entry["address"],
        None,
        entry["message"],
        (entry["signature"],),
        (label,),
        method=method,
    )


def test_bip322_62_of_62(vectors: Path) -> None:
    from btclib.script.script_pub_key import ScriptPubKey
    from btclib_wallet import bip322

    documents = [
        json.loads((vectors / f"signatures/bip322/{kind}-test-vectors.json").read_text())
        for kind in ("basic", "generated")
    ]
    passed = 0
    for entry in documents[0]["tx_hashes"]:
        spend = bip322.to_spend(entry["message"].encode(), ScriptPubKey.from_address(entry["address"]).script)
        passed += (
            spend.id.hex() == entry["to_spend_tx_hash"] and bip322.to_sign(spend).id.hex() == entry["to_sign_tx_hash"]
        )
    good = [e for d in documents for kind in ("simple", "full", "proof_of_funds") for e in d.get(kind, [])]
    for entry in good:
        passed += sum(_bip322(entry, text).outcome is Outcome.VALID for text in entry["bip322_signatures"])
    for entry in (e for d in documents for e in d["error"]):
        passed += _bip322(entry, entry["signature"]).outcome is Outcome.INVALID
    assert passed == 62


def test_a_bip322_proof_says_its_variant_and_what_a_proof_of_funds_leaves_open(vectors: Path) -> None:
    said: Counter[tuple[str, str, str]] = Counter()
    for kind in ("basic", "generated"):
        document = json.loads((vectors / f"signatures/bip322/{kind}-test-vectors.json").read_text())
        for variant in ("simple", "full", "proof_of_funds"):
            for entry in document.get(variant, []):
                said.update(
                    (variant, line.scheme, line.note)
                    for line in (_bip322(entry, t) for t in entry["bip322_signatures"])
                )
    assert set(said) == {
        ("simple", "BIP-322 simple", ""),
        ("full", "BIP-322 full", ""),
        ("proof_of_funds", "BIP-322 proof of funds", "that the further outputs are unspent stands on chain only"),
    }


def _bip322(entry: dict[str, Any], signature: str) -> OwnershipLine:
    row = _bitcoin_row({**entry, "signature": signature}, "bitcoin", method="bip322")
    return checked([row]).lines[0]


def bip127_row(vectors: Path, **changes: Any) -> OwnershipRow:
    proof = json.loads((vectors / "chain/litecoin-regtest/bip127_ltc_regtest.json").read_text(), parse_float=str)
    prevouts = tuple(
        Prevout(u["txid"], u["vout"], int(u["amount"].replace(".", "")) * 10**7, bytes.fromhex(u["scriptPubKey"]))
        for u in proof["utxos"]
    )
    address = proof["utxos"][0]["address"]
    fields = {"message": proof["message"], "signatures": (proof["tx"],), "prevouts": prevouts} | changes
    return OwnershipRow(
        "LTC", address, address, None, chain="bip122:530827f38f93b43ed12af0b3ad25a288", method="bip127", **fields
    )


def test_bip127_proof_made_by_litecoind(vectors: Path) -> None:
    line = checked([bip127_row(vectors)]).lines[0]
    assert (line.outcome, line.binds, line.scheme) == (Outcome.VALID, Binds.ADDRESS, "BIP-127")
    assert "350000000 base units" in line.note


def test_bip127_refuses_every_change(vectors: Path) -> None:
    good = bip127_row(vectors)
    first, second, third = good.prevouts
    changed = [
        replace(good, message=good.message + "."),
        replace(good, prevouts=(replace(first, value=first.value + 1), second, third)),
        replace(good, prevouts=(replace(first, value=first.value + 1), replace(second, value=second.value - 1), third)),
        replace(good, prevouts=(second, first, third)),
        replace(good, prevouts=(first, second)),
        replace(good, prevouts=(replace(first, index=1), second, third)),
        replace(good, prevouts=(replace(first, script=b"\x51"), second, third)),
        replace(good, prevouts=()),
        replace(good, signatures=(good.signatures[0][:-2],)),
        replace(good, address="n1NTzA32dyBU5SM9Kq4cCooPQR3t4fdMTi"),
    ]
    assert [line.outcome for line in checked(changed).lines] == [Outcome.INVALID] * len(changed)


def test_litecoin_message_signed_by_litecoind(vectors: Path) -> None:
    entry = json.loads((vectors / "chain/litecoin-regtest/ltc_regtest_sig.json").read_text())
    row = OwnershipRow(
        "LTC",
        entry["addr"],
        entry["addr"],
        None,
        entry["msg"],
        (entry["sig"],),
        chain="bip122:530827f38f93b43ed12af0b3ad25a288",
    )
    line = checked([row], as_of="2026-11-22").lines[0]
    assert (line.outcome, line.freshness, line.scheme) == (
        Outcome.VALID,
        Freshness.FRESH,
        "Litecoin Signed Message, P2PKH",
    )


def wycheproof(vectors: Path, name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    document = json.loads((vectors / "signatures/wycheproof" / name).read_text())
    return [(group, test) for group in document["testGroups"] for test in group["tests"]]


def test_wycheproof_ed25519(vectors: Path) -> None:
    cases = wycheproof(vectors, "ed25519_test.json")
    wrong = [
        test["tcId"]
        for group, test in cases
        if agrees_ed25519(
            bytes.fromhex(group["publicKey"]["pk"]), bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
        )
        is not (test["result"] == "valid")
    ]
    assert len(cases) > 100
    assert wrong == []


def test_wycheproof_secp256k1_compact(vectors: Path) -> None:
    cases = wycheproof(vectors, "ecdsa_secp256k1_sha256_p1363_test.json")
    wrong = []
    for group, test in cases:
        key = bytes.fromhex(group["publicKey"]["uncompressed"])
        digest = hashlib.sha256(bytes.fromhex(test["msg"])).digest()
        if agrees_ecdsa(key, digest, bytes.fromhex(test["sig"])) is not (test["result"] == "valid"):
            wrong.append(test["tcId"])
    assert len(cases) > 200
    assert wrong == []


def test_wycheproof_secp256k1_recovery(vectors: Path) -> None:
    """A valid signature recovers its key under one recovery id; an invalid one under none."""
    wrong = []
    for group, test in wycheproof(vectors, "ecdsa_secp256k1_sha256_p1363_test.json"):
        key = uncompressed(bytes.fromhex(group["publicKey"]["uncompressed"]))
        digest = hashlib.sha256(bytes.fromhex(test["msg"])).digest()
        found = any(recover(digest, bytes.fromhex(test["sig"]), number) == key for number in range(4))
        if found is not (test["result"] == "valid"):
            wrong.append((test["tcId"], test["comment"]))
    assert wrong == []


def test_double_sha256_of_nothing() -> None:
    assert sha256d(b"").hex() == "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"
