"""The fixtures as shipped: for each attack its inputs, the codes that it must give, and what its authors demonstrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor_app import strict_json
from auditor_app.errors import AuditError, Location
from auditor_app.files import read_capped
from auditor_app.resource_files import resource

FILES = ("fixtures.json", "more.json")
COLLISION = "truncated64-collision.json"
_MAX_BYTES = 2**20
_CODE = "USAGE"


@dataclass(frozen=True, slots=True)
class Fixture:
    """One attack. ``findings`` and ``limitations`` are the codes that it must give; ``demonstrated`` what is shown on the way."""

    id: str
    attack: str
    inputs: Any
    findings: tuple[str, ...]
    limitations: tuple[str, ...]
    demonstrated: Mapping[str, Any]


def load_fixtures() -> tuple[Fixture, ...]:
    """Every fixture, in the order of the files; :class:`AuditError` where a shipped file is not as it was shipped."""
    found = tuple(_fixture(item, name) for name in FILES for item in _read(name))
    if len({item.id for item in found}) != len(found):
        raise _broken(FILES[0], "an id occurs twice")
    return found


def load_collision() -> Mapping[str, str]:
    """The two rows with different balances that have one 64-bit leaf: ``hash64``, ``row_a``, ``row_b``."""
    for item in _read(COLLISION)["collisions"]:
        if item["kind"] == "different_balance":
            return {name: str(value) for name, value in item.items()}
    raise _broken(COLLISION, "no collision of two balances is in it")


def _read(name: str) -> Any:
    path = resource("attacks", name)
    data = read_capped(path, max_bytes=_MAX_BYTES, code=_CODE)
    return strict_json.parse(data, file=name, code=_CODE, numbers="text", max_bytes=_MAX_BYTES)


def _fixture(item: Any, name: str) -> Fixture:
    try:
        return Fixture(
            item["id"],
            item["attack"],
            item["inputs"],
            tuple(item["findings"]),
            tuple(item["limitations"]),
            item["demonstrated"] or {},
        )
    except (KeyError, TypeError):
        raise _broken(name, "an entry lacks a field") from None


def _broken(name: str, what: str) -> AuditError:
    return AuditError(_CODE, what, at=Location(name), action="Install the program again: this file came with it.")
