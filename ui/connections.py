"""What this window may connect to: endpoints that the auditor configured, and a switch that is off to begin with.

Nothing that opens a connection takes an address from anywhere else: it takes a :class:`Permission`, and only
:meth:`Connections.permission` makes one, while the switch is on. Secrets are never here; a URL holds ``{key}`` and the
system keyring the rest.
"""

from __future__ import annotations

import json

from PySide6.QtCore import QObject, Signal

from auditor_app.errors import AuditError
from ui.endpoints import ConfiguredEndpoint, Permission, inspect
from ui.settings import Settings


class Connections(QObject):
    """The endpoints in the settings and the offline switch."""

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings

    @property
    def offline(self) -> bool:
        """Whether nothing may be asked of anyone; so it is until the auditor says otherwise."""
        return not self._settings.online

    def set_offline(self, offline: bool) -> None:
        """Turn the switch."""
        if offline != self.offline:
            self._settings.online = not offline
            self.changed.emit()

    @property
    def configured(self) -> tuple[ConfiguredEndpoint, ...]:
        """What the preferences list; rows that could not be used are left out."""
        return tuple(item for item in _read(self._settings.endpoints) if _usable(item))

    def configure(self, endpoints: tuple[ConfiguredEndpoint, ...]) -> None:
        """Keep these rows; :class:`AuditError` for one that is refused, and then none is kept."""
        for item in endpoints:
            inspect(item)
        self._settings.endpoints = json.dumps([[item.chain, item.url, item.own_node] for item in endpoints])
        self.changed.emit()

    def permission(self) -> Permission | None:
        """Leave to ask the configured endpoints; ``None`` offline or where there are none."""
        configured = self.configured
        return Permission(configured) if configured and not self.offline else None


def _read(text: str) -> list[ConfiguredEndpoint]:
    try:
        rows = json.loads(text or "[]")
    except ValueError:
        return []
    return [
        ConfiguredEndpoint(item[0], item[1], item[2])
        for item in (rows if isinstance(rows, list) else [])
        if isinstance(item, list) and [type(cell) for cell in item] == [str, str, bool]
    ]


def _usable(endpoint: ConfiguredEndpoint) -> bool:
    try:
        inspect(endpoint)
    except AuditError:
        return False
    return True
