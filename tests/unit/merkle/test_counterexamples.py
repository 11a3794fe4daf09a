"""Every limitation that a scheme declares is shown by its own rule, and is not shown where it does not hold."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest

from auditor_app.amounts import Amount
from auditor_app.cli.main import main
from auditor_app.errors import UsageError
from auditor_app.merkle.counterexamples import digests, preimages, sums
from auditor_app.merkle.counterexamples.ledgers import LEDGERS
from auditor_app.merkle.counterexamples.model import Book, Demonstration, ExampleLedger
from auditor_app.merkle.counterexamples.table import DEMONSTRATIONS, can_be_shown, demonstrate, why_not_shown
from auditor_app.merkle.limitations import limitation_codes, rounding_bound
from auditor_app.merkle.scheme_page import scheme_page
from auditor_app.merkle.schemes import SCHEMES, scheme_named

ALL = [(name, code) for name in SCHEMES for code in limitation_codes(scheme_named(name).properties)]
SHOWN = [(name, code) for name, code in ALL if can_be_shown(scheme_named(name), code)]


def values(demonstration: Demonstration) -> dict[str, str]:
    return dict(demonstration.shown)


@pytest.mark.parametrize(("name", "code"), SHOWN)
def test_the_counter_example_comes_out(name: str, code: str) -> None:
    made = demonstrate(scheme_named(name), code)
    assert made.holds, made.shown
    assert (made.scheme, made.code) == (name, code)
    assert all(value for _, value in made.shown)


def test_what_cannot_be_shown_is_known() -> None:
    """Where levels are hashed or leaves are shorter, a node cannot stand where a leaf does; HTX hides its leaves."""
    apart = {"okx-v1", "okx-v1-full", "bitget", "bybit", "bitunix", "armanino-split", "armanino-concat", "htx-v1"}
    left = {(name, code) for name, code in set(ALL) - set(SHOWN) if code != "SCHEME.UNCONFIRMED" and name in LEDGERS}
    assert left == {(name, "SCHEME.NO_DOMAIN_SEPARATION") for name in apart} | {("htx-v1", "SCHEME.UNSALTED")}


def test_a_limitation_has_a_counter_example_or_a_reason_for_none() -> None:
    for name, code in ALL:
        assert bool(why_not_shown(scheme_named(name), code)) == ((name, code) not in SHOWN)
    assert "8 bytes" in why_not_shown(scheme_named("armanino-split"), "SCHEME.NO_DOMAIN_SEPARATION")
    assert "form" in why_not_shown(scheme_named("bitget"), "SCHEME.NO_DOMAIN_SEPARATION")
    assert "how a leaf is made" in why_not_shown(scheme_named("htx-v1"), "SCHEME.UNSALTED")
    assert "no published sample" in why_not_shown(scheme_named("bingx"), "SCHEME.UNCONFIRMED")
    assert "small ledger" in why_not_shown(scheme_named("gate-zk"), "TREE.NO_SUMS")


def test_uses_that_the_whole_tree_serves_count_as_uses() -> None:
    gate, bitmex, mexc = (scheme_page(scheme_named(name)) for name in ("gate-zk", "bitmex", "mexc"))
    assert gate.uses["root from a ledger"]
    assert "raw list" in gate.by_tree["root from a ledger"]
    assert bitmex.uses["customer's proof file"]
    assert bitmex.by_tree == {"customer's proof file": "the nonces as --proof"}
    assert not mexc.by_tree
    assert not scheme_page(scheme_named("htx-v1")).uses["root from a ledger"]


def test_two_customers_one_total() -> None:
    shown = values(demonstrate(scheme_named("mexc"), "TREE.SUM_NOT_BOUND"))
    top = "PR-2026-09-30,alice,BTC:10,ETH:0", "PR-2026-09-30,bob,BTC:7,ETH:0"
    leaves = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in top]
    root = hashlib.sha256(f"{leaves[0]},{leaves[1]},BTC:10,ETH:0,USDC:0,USDT:0".encode()).hexdigest()[:32]
    assert shown["Alice's proof"] == shown["Bob's proof"] == f"agrees, root recalculated {root}"


def test_a_tree_that_binds_its_children_gives_no_such_total() -> None:
    ledger = ExampleLedger("nonce:hex64,account:token,BTC:base-units/8", {"blockHeight": "1"})
    numbered = Book(scheme_named("bitmex"), ledger, 2)
    plain = numbered.row
    accounts = {"alice": "1", "bob": "2"}
    book = dataclasses.replace(numbered)
    object.__setattr__(book, "row", lambda who, held: plain(accounts[who], held))
    assert not sums.sum_not_bound(book).holds


@pytest.mark.parametrize(
    ("name", "make", "leaves"),
    [
        ("rfc6962-sha256", preimages.node_as_leaf, 4),
        ("mexc", digests.duplicates_odd, 4),
        ("coinex", preimages.ambiguous, 2),
        ("coinex", preimages.unsalted, 1),
        ("mexc", sums.no_sums, 2),
    ],
)
def test_a_counter_example_of_another_scheme_does_not_come_out(name: str, make: object, leaves: int) -> None:
    made = make(Book(scheme_named(name), LEDGERS[name], leaves))  # type: ignore[operator]
    assert made is None or not made.holds


def test_the_real_collision() -> None:
    made = demonstrate(scheme_named("bitget"), "SCHEME.TRUNCATED")
    hashed = [value for name, value in made.shown if name == "what is hashed"]
    assert [json.loads(text.split(",", 2)[2])["BTC"] for text in hashed] == ["0.1", "25000"]
    assert {hashlib.sha256(text.encode()).hexdigest()[:16] for text in hashed} == {"c013a43af4bcd0b8"}


@pytest.mark.parametrize(
    ("leaves", "bound"), [(0, "0"), (1, "0"), (2, "0.00000001"), (3, "0.00000002"), (65536, "0.00032768")]
)
def test_the_bound_of_rounding(leaves: int, bound: str) -> None:
    assert rounding_bound(8, leaves) == Amount.parse(bound).at_scale(8)


def test_what_is_not_a_limitation_is_refused() -> None:
    with pytest.raises(UsageError, match=r"TREE\.SUM_NOT_BOUND"):
        demonstrate(scheme_named("mexc"), "TREE.ROUNDING")
    with pytest.raises(UsageError, match="no counter-example"):
        demonstrate(scheme_named("bitget"), "SCHEME.NO_DOMAIN_SEPARATION")
    assert main(["scheme", "demo", "nonesuch", "TREE.ROUNDING"]) == 3
    assert set(DEMONSTRATIONS) <= {code for _, code in ALL}


def test_the_page_and_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scheme", "show", "okx-v1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    page = scheme_page(scheme_named("okx-v1"))
    assert [item["code"] for item in document["limitations"]] == [item.code for item in page.limitations]
    assert document["uses"] == {"root from a ledger": True, "customer's proof file": True, "whole-tree file": False}
    assert "cut to 8 decimals" in next(item.text for item in page.limitations if item.code == "TREE.ROUNDING")
    assert main(["scheme", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in SCHEMES)
    assert main(["scheme", "demo", "bifubao", "scheme.duplicates_odd"]) == 0
    assert "Three customers or four, one root" in capsys.readouterr().out
    assert main(["scheme", "show", "gate-zk"]) == 0
    printed = capsys.readouterr().out
    assert "yes, by proof tree with the raw list" in printed
    assert printed.count("No counter-example: ") == 3
