"""Names of chains for people: known ones by name, others by kind, nothing invented."""

from __future__ import annotations

import pytest

from auditor_app.chain.names import _NAMES, chain_name
from auditor_app.report.wording import forbidden_words


@pytest.mark.parametrize(
    ("chain", "name"),
    [
        ("eip155:1", "Ethereum"),
        ("eip155:11", "EVM chain 11"),
        ("bip122:000000000019d6689c085ae165831e93", "Bitcoin"),
        ("bip122:00000000000000000000000000000000", "UTXO chain 000000000000"),
        ("tron:0x2b6653dc", "Tron"),
        ("unknown:7", "unknown:7"),
    ],
)
def test_a_chain_has_its_usual_name(chain: str, name: str) -> None:
    assert chain_name(chain) == name


def test_no_name_is_given_to_two_chains_or_breaks_the_reports_wording() -> None:
    assert len(set(_NAMES.values())) == len(_NAMES)
    assert not [name for name in _NAMES.values() if forbidden_words(name)]
