"""The demo from the window: its files, made in a folder of their own. The maker is imported when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auditor_app.engagement.record import AuditRequest
from auditor_app.operation import CancelToken, Operation

FOLDER = "reserve-auditor-demo"


@dataclass(frozen=True, slots=True)
class Demo:
    """What there is to open."""

    engagement: Path
    request: AuditRequest
    trust_store: Path


def demo_in(parent: Path, token: CancelToken) -> Operation[Demo]:
    """Make the demo in ``parent/reserve-auditor-demo``; where one is complete already, it is left as it is."""
    from auditor_app.demo.build import DemoFiles, build_demo

    folder = parent / FOLDER
    files = DemoFiles.of(folder)
    if not files.package.exists():  # the last that is written
        yield from build_demo(folder, token)
    return Demo(files.engagement, files.request(), files.trust_store)
