"""The text to be signed."""

from __future__ import annotations

import pytest

from auditor_app.chain.ownership.challenge import make_challenge
from auditor_app.errors import UsageError

BLOCK = "eip155:1:21925176=0x" + "AB" * 32


def test_every_challenge_is_another_text() -> None:
    texts = {make_challenge("Example audit 2026", date="2026-11-22").text for _ in range(50)}
    assert len(texts) == 50


def test_the_text_holds_purpose_date_nonce_and_block_and_nothing_a_csv_would_split() -> None:
    made = make_challenge("Example audit", date="2026-11-22", block=BLOCK, nonce="0f" * 16)
    assert made.text == f"Example audit - 2026-11-22 - nonce {'0f' * 16} - block eip155:1 21925176 0x{'ab' * 32}"
    assert not set(made.text) & set(',"\n\r;')


@pytest.mark.parametrize(
    ("purpose", "date", "block", "nonce"),
    [
        ("", "2026-11-22", "", None),
        ("a,b", "2026-11-22", "", None),
        ("ok\n", "2026-11-22", "", None),
        ("ok", "22.11.2026", "", None),
        ("ok", "2026-11-22", "eip155:1:5", None),
        ("ok", "2026-11-22", "", "short"),
    ],
)
def test_what_could_not_be_published_is_refused(purpose: str, date: str, block: str, nonce: str | None) -> None:
    with pytest.raises(UsageError):
        make_challenge(purpose, date=date, block=block, nonce=nonce)
