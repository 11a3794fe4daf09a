"""Reading the schemes for the window: the core's pages and counter-examples as operations, imported in the worker thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor_app.operation import CancelToken, Operation, Progress

if TYPE_CHECKING:
    from auditor_app.merkle.counterexamples.model import Demonstration
    from auditor_app.merkle.scheme import Properties
    from auditor_app.merkle.scheme_page import SchemePage


@dataclass(frozen=True, slots=True)
class ListedScheme:
    """One row of the table: what a scheme declares, and its page."""

    properties: Properties
    page: SchemePage


def list_schemes(token: CancelToken) -> Operation[tuple[ListedScheme, ...]]:
    """Every scheme this program has, in the order of its table."""
    yield Progress(0, None, "schemes", "Reading the schemes")
    from auditor_app.merkle.scheme_page import scheme_page
    from auditor_app.merkle.schemes import SCHEMES, scheme_named

    listed = []
    for at, name in enumerate(SCHEMES):
        token.check()
        yield Progress(at, len(SCHEMES), "schemes", "Reading the schemes")
        scheme = scheme_named(name)
        listed.append(ListedScheme(scheme.properties, scheme_page(scheme)))
    return tuple(listed)


def make_example(scheme: str, code: str, token: CancelToken) -> Operation[Demonstration]:
    """The counter-example for one limitation; :class:`UsageError` where there is none."""
    yield Progress(0, None, "counter-examples", f"{scheme}: {code}")
    token.check()
    from auditor_app.merkle.counterexamples.table import demonstrate
    from auditor_app.merkle.schemes import scheme_named

    return demonstrate(scheme_named(scheme), code)
