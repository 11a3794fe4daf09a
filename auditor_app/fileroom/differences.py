"""Where two result documents differ: the path into them, what was recorded, what came out again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Difference:
    """One place: ``where`` like ``coverage[2].rate``; texts are JSON, cut at 400 characters."""

    where: str
    recorded: str
    repeated: str


def differences(recorded: Any, repeated: Any, where: str = "") -> Iterator[Difference]:
    """Every place in which two JSON documents differ, in the recorded one's order."""
    if isinstance(recorded, dict) and isinstance(repeated, dict):
        for key in (*recorded, *(key for key in repeated if key not in recorded)):
            place = f"{where}.{key}" if where else str(key)
            if key not in recorded or key not in repeated:
                yield Difference(place, _text(recorded, key), _text(repeated, key))
            else:
                yield from differences(recorded[key], repeated[key], place)
    elif isinstance(recorded, list) and isinstance(repeated, list):
        if len(recorded) != len(repeated):
            yield Difference(where, f"{len(recorded)} items", f"{len(repeated)} items")
        for number, (one, other) in enumerate(zip(recorded, repeated, strict=False)):
            yield from differences(one, other, f"{where}[{number}]")
    elif type(recorded) is not type(repeated) or recorded != repeated:
        yield Difference(where, _shown(recorded), _shown(repeated))


def _text(document: dict[str, Any], key: str) -> str:
    return _shown(document[key]) if key in document else "(absent)"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)[:_SHOWN]
