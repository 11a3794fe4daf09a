"""What long work will need: libraries and machine code, before anyone waits for them."""

from __future__ import annotations

import importlib
from contextlib import suppress

from auditor_app.operation import CancelToken, Operation, Progress

_FIRST = ("auditor_app.engagement.audit", "auditor_app.merkle.fast.reading", "auditor_app.ledger.browse")
"""What a run needs."""

_LATER = (
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "auditor_app.report.figures",
    "auditor_app.report.document",
    "pypdfium2",
    "auditor_app.sampling.distributions",
    "scipy.stats",
)
"""What other work needs."""


def get_ready(token: CancelToken) -> Operation[None]:
    """Import everything and load the machine code, one thing after the other."""
    names = [*_FIRST, *_LATER]
    for done, name in enumerate(names):
        token.check()
        yield Progress(done, len(names), "modules", "Getting ready")
        with suppress(ImportError):  # whoever needs it meets it again, and says so
            importlib.import_module(name)
        if name == _FIRST[-1]:
            from auditor_app.merkle.warm import prepared

            yield from prepared(token)
