"""Reports built once for all tests of this folder."""

from __future__ import annotations

import pytest

from auditor_app.engagement.record import Audit
from auditor_app.operation import CancelToken, run
from auditor_app.report.document import Report, ReportOptions, build_report
from tests.unit.report import factory


def build(audit: Audit, date: str | None = "2026-11-05") -> Report:
    return run(build_report(audit, ReportOptions(date), CancelToken()))


@pytest.fixture(scope="session")
def small() -> Report:
    return build(factory.audit())


@pytest.fixture(scope="session")
def hostile() -> Report:
    return build(factory.hostile())


@pytest.fixture(scope="session")
def large() -> Report:
    return build(factory.large())
