"""What Gate publishes, read and checked for form: totals (``cex_config.json``), batches (``proof.csv``), the raw list."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from auditor_app import strict_json
from auditor_app.errors import ProofError
from auditor_app.merkle.amount_text import AmountText
from auditor_app.merkle.path_file import refuse
from auditor_app.merkle.poseidon import FIELD
from auditor_app.merkle.published import ProofDocument
from auditor_app.merkle.schemes.gate_rule import SLOTS, Asset

PUBLISHER = "Gate"
MAX_ASSETS = max(SLOTS)
MAX_BATCHES = 200_000
MAX_NUMBER_DIGITS = 40
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,39})\Z", re.ASCII)
_ACCOUNT = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_BATCH_COLUMNS = ("batch_number", "cex_asset_list_commitments", "account_tree_roots", "batch_commitment")


def problem(document: ProofDocument, what: str, expected: str = "", observed: str = "") -> ProofError:
    """The error for a file that is not as Gate publishes it."""
    return refuse(document, PUBLISHER, what, expected, observed)


def whole_number(document: ProofDocument, value: Any, where: str) -> int:
    """A JSON number without sign, fraction or exponent, of at most 40 digits; whether it fits 64 bits is asked later."""
    if not isinstance(value, strict_json.NumberText) or not _NUMBER.match(value):
        raise problem(document, f"{where} is no whole number", f"at most {MAX_NUMBER_DIGITS} digits", str(value))
    return int(value)


def element(document: ProofDocument, value: Any, where: str) -> int:
    """A field element: 32 bytes in base64, below the field's order."""
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except binascii.Error:
        raw = b""
    number = int.from_bytes(raw, "big")
    if len(raw) != 32 or number >= FIELD:
        raise problem(document, f"{where} is no field element", "32 bytes in base64", str(value))
    return number


# ---- totals


def is_totals(document: ProofDocument) -> bool:
    """An object with ``CexAssetsInfo``."""
    return isinstance(document.json, dict) and "CexAssetsInfo" in document.json


def read_totals(document: ProofDocument) -> tuple[Asset, ...]:
    """The assets in the order of their indices, which must count up from 0."""
    listed = document.json["CexAssetsInfo"] if is_totals(document) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_ASSETS:
        raise problem(document, "the totals list no assets", f"1 to {MAX_ASSETS}")
    assets = []
    for index, item in enumerate(listed):
        if not isinstance(item, dict) or item.get("Index") != str(index) or not isinstance(item.get("Symbol"), str):
            raise problem(document, f"asset {index} is missing, repeated or out of order")
        numbers = [
            whole_number(document, item.get(name), f"{name} of asset {index}")
            for name in ("TotalEquity", "TotalDebt", "BasePrice")
        ]
        assets.append(Asset(str(item["Symbol"])[:64], *numbers))
    return tuple(assets)


# ---- batches


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: roots and totals commitments before and after it, and the commitment to all four."""

    number: int
    roots: tuple[int, int]
    totals: tuple[int, int]
    commitment: int


def is_batches(document: ProofDocument) -> bool:
    """A CSV whose heading names the batches' columns."""
    heading = document.data.partition(b"\n")[0]
    return all(name.encode("ascii") in heading for name in _BATCH_COLUMNS)


def read_batches(document: ProofDocument) -> tuple[Batch, ...]:
    """The batches in order of their numbers, which must count up from 0."""
    batches: list[Batch] = []
    for row in _csv_rows(document):
        where = f"row {len(batches) + 2}"
        if len(batches) >= MAX_BATCHES:
            raise problem(document, "there are too many batches", f"at most {MAX_BATCHES}")
        number = row.get("batch_number") or ""
        if not _NUMBER.match(number):
            raise problem(document, f"{where} has no batch number", observed=number)
        batches.append(
            Batch(
                int(number),
                _pair(document, row.get("account_tree_roots"), f"account_tree_roots of {where}"),
                _pair(document, row.get("cex_asset_list_commitments"), f"cex_asset_list_commitments of {where}"),
                element(document, row.get("batch_commitment"), f"batch_commitment of {where}"),
            )
        )
    batches.sort(key=lambda batch: batch.number)
    if not batches or [batch.number for batch in batches] != list(range(len(batches))):
        raise problem(document, "a batch is missing or repeated", "numbers that count up from 0")
    return tuple(batches)


def _pair(document: ProofDocument, text: str | None, where: str) -> tuple[int, int]:
    """Two field elements in a JSON list."""
    try:
        found = json.loads(text or "")
    except (json.JSONDecodeError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != 2:
        raise problem(document, f"{where} is no list of two", observed=str(text)[:80])
    return element(document, found[0], where), element(document, found[1], where)


# ---- the raw list


@dataclass(frozen=True, slots=True)
class Account:
    """One row of the raw list: the account's id, and equity and debt as written, for each coin."""

    row: int
    id: int
    amounts: tuple[tuple[AmountText, AmountText], ...]


@dataclass(frozen=True, slots=True)
class RawList:
    """The raw list's coins in order, the prices of its first row, and its accounts."""

    coins: tuple[str, ...]
    prices: tuple[AmountText, ...]
    accounts: tuple[Account, ...]


def is_raw_list(document: ProofDocument) -> bool:
    """A CSV that begins with a running number and a hashed account id."""
    return document.data.startswith(b"rn,main_uid_hashed,")


def read_raw_list(document: ProofDocument) -> RawList:
    """The raw list; unlike Gate's loader, which skips them, this refuses a row with an amount it cannot read."""
    accounts = []
    coins: tuple[str, ...] = ()
    prices: tuple[AmountText, ...] = ()
    for number, row in enumerate(_csv_rows(document), 2):
        if not coins:
            coins = tuple(name[2:] for name in row if name.startswith("e_"))
            if len(coins) > MAX_ASSETS or any(f"{kind}{coin}" not in row for coin in coins for kind in ("d_", "")):
                raise problem(document, "the heading does not list e_, d_ and net for each coin")
            prices = tuple(_amount(document, row.get(f"{coin}_usdt_price"), f"price of {coin}") for coin in coins)
        account = row.get("main_uid_hashed") or ""
        if not _ACCOUNT.match(account):
            raise problem(document, f"row {number} has no usable account id", "64 lower-case hex digits", account)
        amounts = tuple(
            (
                _amount(document, row.get(f"e_{coin}"), f"row {number}, equity of {coin}"),
                _amount(document, row.get(f"d_{coin}"), f"row {number}, debt of {coin}"),
            )
            for coin in coins
        )
        accounts.append(Account(number, int(account, 16), amounts))
    if not accounts:
        raise problem(document, "the list has no accounts")
    return RawList(coins, prices, tuple(accounts))


def _amount(document: ProofDocument, text: str | None, where: str) -> AmountText:
    try:
        return AmountText.parse(text or "")
    except ValueError:
        raise problem(document, f"{where} is no amount", "a decimal number", str(text)) from None


def _csv_rows(document: ProofDocument) -> Iterator[dict[str, str | None]]:
    """Rows as mappings; every row must be as long as the heading."""
    try:
        text = document.data.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text), strict=True)
        heading: Sequence[str] = next(reader, [])
        if len(set(heading)) != len(heading):
            raise problem(document, "the heading names a column twice")
        for row in reader:
            if not row:
                continue
            if len(row) != len(heading):
                raise problem(document, f"line {reader.line_num} has another number of cells than the heading")
            yield dict(zip(heading, row, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise problem(document, f"the file is no CSV ({error})") from None
