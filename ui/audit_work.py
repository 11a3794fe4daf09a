"""The core's run for the window, imported where it is done: the first window does not wait for NumPy and its friends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from auditor_app.aside import Aside
from auditor_app.engagement.record import Audit, AuditRequest
from auditor_app.operation import CancelToken, Operation

Perform = Callable[[AuditRequest, CancelToken], Operation[Audit]]


def perform_audit(request: AuditRequest, token: CancelToken) -> Operation[Audit]:
    """The procedures on the inputs of a request."""
    from auditor_app.engagement.audit import perform

    result: Audit = yield from perform(request, token)
    return result


def performing(perform: Perform, aside: Aside | None) -> Perform:
    """``perform`` as it is done in the second process, if there is one."""
    if aside is None:
        return perform

    def performed(request: AuditRequest, token: CancelToken) -> Operation[Audit]:
        return aside.perform(partial(perform, request), token)

    return performed
