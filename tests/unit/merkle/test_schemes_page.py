"""``docs/schemes.md`` names each scheme's parameters and limitations as its file declares them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor_app.merkle.limitations import limitation_codes
from auditor_app.merkle.schemes import SCHEMES, scheme_named

PAGE = (Path(__file__).parents[3] / "docs/schemes.md").read_text()
SECTIONS = dict(re.findall(r"^## `([^`]+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_says_what_the_scheme_declares(name: str) -> None:
    assert name in SCHEMES
    scheme = scheme_named(name)
    for parameter in scheme.parameters:
        assert f"`{parameter}`" in SECTIONS[name]
    said = re.search(r"- Cannot show: ([A-Z0-9_., \n]+)", SECTIONS[name])
    assert said is not None
    assert set(re.findall(r"[A-Z]+\.[A-Z_0-9]+", said[1])) == set(limitation_codes(scheme.properties))


def test_the_text_hash_family_is_there() -> None:
    family = {"okx-v1", "okx-v1-full", "bitget", "bybit", "coinex", "bitunix", "hotcoin", "htx-v1"}
    assert family | {"rfc6962-sha256", "mexc"} <= SECTIONS.keys()
