"""What a command reads is evidence: a result never takes the place of an input, however the command line is typed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from auditor_app.errors import Location, UsageError

_WRITTEN = ("output", "json", "redacted")


def refuse_to_replace_inputs(options: argparse.Namespace) -> None:
    """:class:`UsageError` where a file to be written is one that the command reads, or is to be written twice.

    A command that may rewrite its input says so with ``in_place``.
    """
    given = {name: value for name, value in vars(options).items() if name not in _WRITTEN}
    taken = [] if given.pop("in_place", False) else list(_paths(given.values()))
    for name in _WRITTEN:
        value = getattr(options, name, None)
        if not isinstance(value, str | Path):
            continue
        path = Path(value)
        if any(_same(path, other) for other in taken):
            raise UsageError(
                "USAGE",
                "this file would be replaced by a result",
                at=Location(str(path)),
                action="Name another file for the result; nothing was written.",
            )
        taken.append(path)


def _paths(values: object) -> Iterator[Path]:
    """Every path among option values, repeated options included."""
    if isinstance(values, Path):
        yield values
    elif not isinstance(values, str) and hasattr(values, "__iter__"):
        for value in values:
            yield from _paths(value)


def _same(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return first.absolute() == second.absolute()
