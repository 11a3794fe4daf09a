"""``docs/schemes.md`` names each scheme's parameters and limitations as its file declares them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor_app.merkle.limitations import limitation_codes
from auditor_app.merkle.schemes import SCHEMES, scheme_named

PAGE = (Path(__file__).parents[3] / "docs/schemes.md").read_text()
SECTIONS = dict(re.findall(r"^## (`[^\n]+`)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
NAMES = {heading: re.findall(r"`([^`]+)`", heading) for heading in SECTIONS}
NOTHING = "nothing in the tree is left unbound"


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_section_says_what_its_schemes_declare(heading: str) -> None:
    text = SECTIONS[heading]
    declared: set[str] = set()
    for name in NAMES[heading]:
        scheme = scheme_named(name)
        declared |= set(limitation_codes(scheme.properties))
        for parameter in scheme.parameters:
            assert f"`{parameter}`" in text
    said = re.search(r"- Cannot show: ([A-Z0-9_., \n]+)", text)
    codes = set() if said is None else set(re.findall(r"[A-Z]+\.[A-Z_0-9]+", said[1]))
    assert codes == declared
    assert declared or f"- Cannot show: {NOTHING}" in text


def test_every_scheme_has_one_section() -> None:
    assert sorted(name for names in NAMES.values() for name in names) == sorted(SCHEMES)
