"""Customers' proof files of the text-hash family: honest ones match, each changed byte is found, bad ones are refused."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor_app.cli.main import main
from auditor_app.errors import ProofError, UsageError
from auditor_app.findings import exit_status
from auditor_app.merkle.profiles import Detection, detect
from tests.unit.merkle.proof_files import WRITERS, Written, document

SHAPES = [(8, 5), (8, 2)]
ODD = [(5, 4), (7, 6), (3, 1)]


def checked(written: Written, changed: dict[str, Any] | None = None, **options: str) -> Detection:
    return detect(document(changed or written.document, written.anchor, **options))


def every_file() -> list[tuple[str, int, int]]:
    return [
        (name, count, index) for name in WRITERS for count, index in (SHAPES if name == "htx-v1" else [*SHAPES, *ODD])
    ]


@pytest.mark.parametrize(("name", "count", "index"), every_file())
def test_an_honest_file_matches(name: str, count: int, index: int) -> None:
    written = WRITERS[name](count, index)
    found = checked(written)
    assert found.chosen.matches
    assert found.chosen.profile.scheme == name
    (check,) = found.chosen.checks
    assert check.root == written.root
    assert check.findings == ()
    assert all(item.agrees for item in check.checks)
    assert check.checks
    assert exit_status(check.findings) == 0


def test_a_leaf_alone_is_its_root_only_where_the_anchor_says_so() -> None:
    written = WRITERS["hotcoin"](1, 0)
    assert checked(written).chosen.checks[0].published_root_matches


# ---- every byte


def places_of(item: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Each scalar of a document, with the way to it."""
    pairs = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
    for key, value in pairs:
        if isinstance(value, dict | list):
            yield from places_of(value, (*path, key))
        else:
            yield (*path, key), value


def put(item: Any, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(item)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed  # type: ignore[no-any-return]


def changes(written: Written) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The document with one character of one scalar changed, for every character that anything binds."""
    for path, value in places_of(written.document):
        if any(key in written.unbound for key in path) or path == ("data", 0, "r"):  # HTX: the root's side
            continue
        text = str(value)
        for at, character in enumerate(text):
            other = text[:at] + ("1" if character != "1" else "2") + text[at + 1 :]
            number = isinstance(value, int) and not other.startswith("0")
            yield path, put(written.document, path, int(other) if number else other)


@pytest.mark.parametrize("name", WRITERS)
def test_each_changed_byte_is_a_finding_or_a_refusal(name: str) -> None:
    written = WRITERS[name](*((8, 5) if name == "htx-v1" else (7, 6)))
    missed = []
    count = 0
    for path, changed in changes(written):
        count += 1
        try:
            found = checked(written, changed)
        except ProofError as error:
            assert error.code == "PROOF.UNREADABLE"
            assert error.exit_status == 3
            continue
        if exit_status([item for check in found.chosen.checks for item in check.findings]) == 0:
            missed.append(path)
    assert count > 100
    assert missed == []


@pytest.mark.parametrize("name", ["okx-v1", "bitget", "bybit", "bitunix", "coinex", "htx-v1"])
def test_sums_at_the_root_are_compared(name: str) -> None:
    written = WRITERS[name](8, 2)
    changed = copy.deepcopy(written.document)
    if name == "htx-v1":
        changed["data"][0]["balances"] = changed["data"][0]["balances"].replace("BTC:", "BTC:1")
    else:
        root = changed["root"] if name == "coinex" else changed["path"][-1]
        held = root.get("balances") or root["balance"]
        held["BTC"] = "1" + held["BTC"]
    found = checked(written, changed)
    assert [item.code for item in found.chosen.checks[0].findings] == ["PROOF.SUMS"]
    assert found.chosen.matches


@pytest.mark.parametrize("name", WRITERS)
def test_a_typed_root_is_compared(name: str) -> None:
    written = WRITERS[name](8, 2)
    file = document(written.document, written.anchor)
    assert detect(file, published_root=written.root).chosen.checks[0].published_root_matches is True
    other = "ab" * (len(written.root) // 2)
    found = detect(file, published_root=other).chosen.checks[0]
    assert found.published_root_matches is False
    assert "PROOF.PUBLISHED_ROOT" in [item.code for item in found.findings]


def test_a_sibling_below_zero_is_a_finding() -> None:
    written = WRITERS["okx-v1"](8, 2)
    changed = copy.deepcopy(written.document)
    changed["path"][1]["balances"]["ETH"] = "-5"
    codes = [item.code for item in checked(written, changed).chosen.checks[0].findings]
    assert "PROOF.NEGATIVE" in codes


@pytest.mark.parametrize("name", ["okx-v1", "bitget"])
def test_padding_that_is_no_copy_is_a_finding(name: str) -> None:
    written = WRITERS[name](7, 6)
    length = len(written.document["path"][0][DIGEST[name]])
    changed = put(written.document, ("path", 0, DIGEST[name]), "ab" * (length // 2))
    names = [item.name for item in checked(written, changed).chosen.checks[0].checks if not item.agrees]
    assert "padding at level 0" in names


def test_hotcoin_padding_belongs_only_where_the_tree_ends() -> None:
    written = WRITERS["hotcoin"](7, 6)
    changed = put(written.document, ("path", 0, "hash"), "ab" * 32)
    names = [item.name for item in checked(written, changed).chosen.checks[0].checks if not item.agrees]
    assert "padding at level 0" in names


def test_a_neighbours_leaf_is_recalculated_where_its_fields_are_given_away() -> None:
    written = WRITERS["bitunix"](8, 2)
    neighbour = WRITERS["bitunix"](8, 3).document["self"]
    given = copy.deepcopy(written.document)
    given["path"][0] |= {name: neighbour[name] for name in ("encryptUid", "nonce")}
    names = [item.name for item in checked(written, given).chosen.checks[0].checks]
    assert "neighbour's leaf" in names
    changed = put(given, ("path", 0, "nonce"), "ab" * 32)
    assert [item.code for item in checked(written, changed).chosen.checks[0].findings] == ["PROOF.LEAF"]


# ---- files that cannot be read

PATH_FILES = ("okx-v1", "bitget", "bybit", "bitunix")
DIGEST = {
    "okx-v1": "hash",
    "bitget": "merkelLeaf",
    "bybit": "hash",
    "bitunix": "merkleLeaf",
    "coinex": "hash",
    "hotcoin": "hash",
}
LEVEL = {"okx-v1": "height", "bitget": "level", "bybit": "height", "bitunix": "height"}
SIDE = {"okx-v1": "type", "bitget": "role", "bybit": "type", "bitunix": "type", "coinex": "pos", "hotcoin": "position"}


def held(entry: dict[str, Any]) -> dict[str, Any]:
    return entry.get("balances") or entry["balance"]  # type: ignore[no-any-return]


def unfit(name: str) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """What makes a file of ``name`` unreadable, each as a change in place."""
    entry = lambda d: d["path"][0]  # noqa: E731
    found: dict[str, Callable[[dict[str, Any]], Any]] = {
        "path of 10,000 levels": lambda d: d["path"].__setitem__(slice(0, 0), [d["path"][0]] * 10_000),
        "path is no list": lambda d: d.__setitem__("path", {}),
        "entry is no object": lambda d: d["path"].__setitem__(0, [1]),
        "hash too short": lambda d: entry(d).__setitem__(DIGEST[name], "ab" * 3),
        "hash too long": lambda d: entry(d).__setitem__(DIGEST[name], entry(d)[DIGEST[name]] + "00"),
        "hash in capitals": lambda d: entry(d).__setitem__(DIGEST[name], "AB" * (len(entry(d)[DIGEST[name]]) // 2)),
        "hash with a line feed": lambda d: entry(d).__setitem__(DIGEST[name], entry(d)[DIGEST[name]] + "\n"),
        "hash of other digits": lambda d: entry(d).__setitem__(DIGEST[name], "١" * len(entry(d)[DIGEST[name]])),
        "no hash": lambda d: entry(d).pop(DIGEST[name]),
        "no balances": lambda d: held(entry(d)).clear() or entry(d).pop("balances", entry(d).pop("balance", None)),
        "unknown side": lambda d: entry(d).__setitem__(SIDE[name], "7"),
        "side is true": lambda d: entry(d).__setitem__(SIDE[name], True),
        "amount with a comma": lambda d: held(entry(d)).__setitem__("BTC", "1,5"),
        "amount in other digits": lambda d: held(entry(d)).__setitem__("BTC", "１２"),
        "amount with a blank": lambda d: held(entry(d)).__setitem__("BTC", " 1"),
        "amount of a million digits": lambda d: held(entry(d)).__setitem__("BTC", "9" * 10**6),
        "amount with a giant exponent": lambda d: held(entry(d)).__setitem__("BTC", "1e999999999"),
        "amount is null": lambda d: held(entry(d)).__setitem__("BTC", None),
        "amount is a list": lambda d: held(entry(d)).__setitem__("BTC", ["1"]),
        "coin with a quote": lambda d: held(entry(d)).__setitem__('BTC","ETH":"1', "1"),
        "coin of no known kind": lambda d: held(d["self"]).__setitem__("<b>", "1"),
        "self is no object": lambda d: d.__setitem__("self", []),
    }
    if name in LEVEL:
        found |= {
            "missing level": lambda d: d["path"].pop(1),
            "repeated level": lambda d: d["path"].insert(0, d["path"][0]),
            "levels out of order": lambda d: d["path"].__setitem__(slice(0, 2), d["path"][1::-1]),
            "level is negative": lambda d: entry(d).__setitem__(LEVEL[name], -1),
            "level is a word": lambda d: entry(d).__setitem__(LEVEL[name], "one"),
            "level with letters behind a zero": lambda d: entry(d).__setitem__(LEVEL[name], "0x"),
            "level of self": lambda d: d["self"].__setitem__(LEVEL[name], 9),
            "no root": lambda d: d["path"].pop(),
            "path is empty": lambda d: d["path"].clear(),
        }
    if name in ("okx-v1", "bybit", "hotcoin"):
        found["coin of another tree"] = lambda d: held(d["self"]).__setitem__("XYZ", "1")
    if name == "hotcoin":
        found |= {
            "negative amount": lambda d: held(entry(d)).__setitem__("BTC", "-1"),
            "amount not plain": lambda d: held(entry(d)).__setitem__("BTC", "1.50"),
            "too many decimals": lambda d: held(entry(d)).__setitem__("BTC", "1.000000001"),
            "index beyond the count": lambda d: d["self"].__setitem__("leafIndex", 8),
            "index with letters behind a zero": lambda d: d["self"].__setitem__("leafIndex", "0x"),
            "missing level": lambda d: d["path"].pop(),
            "coin twice": lambda d: d["assets"].append(d["assets"][0]),
            "no leaves": lambda d: d["self"].__setitem__("leafCount", 0),
        }
    return found


@pytest.mark.parametrize(
    ("name", "what"), [(name, what) for name in WRITERS if name != "htx-v1" for what in unfit(name)]
)
def test_what_cannot_be_read_is_refused_at_once(name: str, what: str) -> None:
    written = WRITERS[name](8, 2)
    changed = copy.deepcopy(written.document)
    unfit(name)[what](changed)
    begun = time.monotonic()
    with pytest.raises(ProofError) as caught:
        detect(document(changed, written.anchor), scheme=name)
    assert time.monotonic() - begun < 5
    assert caught.value.code == "PROOF.UNREADABLE"
    assert caught.value.exit_status == 3
    assert caught.value.at.file == "proof.json"
    assert caught.value.action
    assert len(caught.value.sentence()) < 1500


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["data"].clear(),
        lambda d: d["data"].__delitem__(slice(1, -1)),
        lambda d: d.__setitem__("data", d["data"] * 4000),
        lambda d: d["data"][1].__setitem__("balances", "BTC:1"),
        lambda d: d["data"][1].__setitem__("balances", "BTC:1,BTC:2,ETH:1"),
        lambda d: d["data"][1].__setitem__("balances", "BTC:1:2"),
        lambda d: d["data"][1].__setitem__("balances", 7),
        lambda d: d["data"][1].__setitem__("hash", "AB" * 32),
        lambda d: d["data"][1].__setitem__("r", 3),
    ],
)
def test_what_htx_files_cannot_hold(change: Callable[[dict[str, Any]], Any]) -> None:
    changed = WRITERS["htx-v1"](8, 2).document
    change(changed)
    with pytest.raises(ProofError) as caught:
        detect(document(changed), scheme="htx-v1")
    assert caught.value.code == "PROOF.UNREADABLE"


def test_htx_leaves_are_taken_on_trust_and_it_is_said() -> None:
    found = checked(WRITERS["htx-v1"](8, 2)).chosen
    codes = {item.code for item in found.checks[0].limitations}
    assert {"TREE.LEAF_NOT_BOUND", "SCHEME.UNCONFIRMED", "TREE.ROUNDING", "SCHEME.AMBIGUOUS"} <= codes


# ---- which profile


def test_readings_that_do_not_match_say_where() -> None:
    found = checked(WRITERS["bitget"](8, 2))
    sentences = [attempt.sentence() for attempt in found.attempts]
    assert sentences[0] == "not bitget, numbers bare, order hashmap: first difference at level 0 / byte 0"
    assert "matches bitget, numbers quoted, order listed" in sentences
    difference = found.attempts[0].difference
    assert difference is not None
    assert difference.published == WRITERS["bitget"](8, 2).document["self"]["merkelLeaf"]
    assert difference.computed == found.attempts[0].checks[0].leaf.digest
    assert b'{"BTC":3.15,' in difference.preimage


def test_the_first_differing_byte_is_named() -> None:
    written = WRITERS["okx-v1"](8, 2)
    last = written.root[:-1] + ("0" if written.root[-1] != "0" else "1")
    found = checked(written, put(written.document, ("path", -1, "hash"), last))
    assert not any(attempt.matches for attempt in found.attempts)
    assert found.chosen.sentence() == "not okx-v1: first difference at level 3 / byte 31"


def test_both_odd_rules_of_coinex_are_tried() -> None:
    found = checked(WRITERS["coinex"](7, 6))
    assert [attempt.matches for attempt in found.attempts] == [True, False]
    even = checked(WRITERS["coinex"](8, 2))  # nothing tells the rules apart where no node is lone
    assert [attempt.matches for attempt in even.attempts] == [True, True]


def test_a_typed_option_leaves_one_reading() -> None:
    written = WRITERS["bitget"](8, 2)
    found = checked(written, numbers="bare")
    assert [attempt.profile.reading["numbers"] for attempt in found.attempts] == ["bare"]
    for options in ({"numbers": "roman"}, {"number": "bare"}):
        with pytest.raises(UsageError):
            checked(written, **options)


def test_an_anchor_for_a_scheme_without_one_is_refused() -> None:
    written = WRITERS["okx-v1"](8, 2)
    with pytest.raises(UsageError):
        detect(document(written.document, {"protocol": "HOTCOIN-POR-SUM"}))


@pytest.mark.parametrize("field", ["root", "snapshotId", "leafCount", "userTotals"])
def test_an_anchor_of_another_tree(field: str) -> None:
    written = WRITERS["hotcoin"](8, 2)
    assert written.anchor is not None
    value = {"root": "ab" * 32, "snapshotId": "other", "leafCount": 9, "userTotals": {"BTC": "1", "USDT": "2"}}[field]
    found = detect(document(written.document, written.anchor | {field: value})).chosen.checks[0]
    assert exit_status(found.findings) == 1


def test_the_command_says_which_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = WRITERS["okx-v1"](8, 2)
    changed = put(written.document, ("path", 1, "balances", "BTC"), "77.15")
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(changed))
    assert main(["proof", "check", str(file), "--json", "-"]) == 1
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert (found["matches"], found["scheme"], found["reading"]) == (False, "okx-v1", {})
    difference = found["profiles"][0]["firstDifference"]
    assert (difference["level"], difference["published"]) == (3, written.root)
    assert difference["computed"] == found["root"]
    assert bytes.fromhex(difference["preimage"]).decode() == difference["preimageText"]
    assert difference["preimageText"].endswith("4")
    assert "not okx-v1: first difference at level 3 / byte 0" in printed.err
    assert difference["preimageText"] in printed.err
    file.write_text(json.dumps(put(written.document, ("path", 0, "height"), 2)))
    assert main(["proof", "check", str(file)]) == 3


def test_a_position_that_the_index_does_not_imply() -> None:
    written = WRITERS["hotcoin"](8, 2)
    changed = put(written.document, ("path", 0, "position"), "LEFT")
    check = checked(written, changed).chosen.checks[0]
    assert check.root == written.root  # the side follows from the index, not from what the file says
    assert [item.code for item in check.findings] == ["PROOF.NODE"]


def test_typed_root_and_anchor_are_two_things_compared() -> None:
    written = WRITERS["hotcoin"](8, 2)
    assert written.anchor is not None
    file = document(written.document, written.anchor | {"root": "ab" * 32})
    check = detect(file, published_root=written.root).chosen.checks[0]
    assert [(item.name, item.agrees) for item in check.checks[-2:]] == [
        ("published root", True),
        ("root in the anchor", False),
    ]
    assert [item.code for item in check.findings] == ["PROOF.PUBLISHED_ROOT"]


def test_bitgets_newer_files_give_the_root_no_role() -> None:
    written = WRITERS["bitget"](8, 2)
    changed = copy.deepcopy(written.document)
    del changed["path"][-1]["role"]
    assert checked(written, changed).chosen.matches
