"""The Qt-free core of Reserve Auditor: from a signed snapshot to findings and a report."""

__version__ = "0.3.0"
