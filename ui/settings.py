"""What the program remembers between runs: recent files, the trust store, appearance, hidden amounts."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path
from PySide6.QtCore import QByteArray, QSettings

from ui.theme import Appearance

_RECENT_LIMIT = 10


class Settings:
    """Typed access to one INI file; tests name another file."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or user_config_path("reserve-auditor") / "window.ini"
        self._store = QSettings(str(self._file), QSettings.Format.IniFormat)

    @property
    def default_trust_store(self) -> Path:
        """Where a new trust store goes when the auditor names none."""
        return self._file.parent / "trust.json"

    @property
    def recent(self) -> tuple[Path, ...]:
        """Snapshots opened lately, newest first; those that are gone are left out."""
        return self._paths("recent")

    def remember(self, snapshot: Path) -> None:
        """Put a snapshot at the head of the recent list."""
        self._remember("recent", snapshot)

    def forget_recent(self) -> None:
        """Empty the recent lists."""
        self._store.remove("recent")
        self._store.remove("recentEngagements")

    def _paths(self, key: str) -> tuple[Path, ...]:
        listed = self._store.value(key, [])
        names = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
        return tuple(path for path in map(Path, names) if path.exists())

    def _remember(self, key: str, path: Path) -> None:
        rest = [known for known in self._paths(key) if known != path]
        self._store.setValue(key, [str(known) for known in [path, *rest][:_RECENT_LIMIT]])

    @property
    def recent_engagements(self) -> tuple[Path, ...]:
        """Engagement files opened lately, newest first; those that are gone are left out."""
        return self._paths("recentEngagements")

    def remember_engagement(self, path: Path) -> None:
        """Put an engagement at the head of its recent list."""
        self._remember("recentEngagements", path)

    def actor(self, identity: str) -> str:
        """Who acted last in the engagement of that identity; empty where nobody was chosen."""
        return str(self._store.value(f"actors/{identity}", "") or "")

    def remember_actor(self, identity: str, name: str) -> None:
        """This person acts in that engagement."""
        self._store.setValue(f"actors/{identity}", name)
        self._store.setValue("lastActor", name)

    @property
    def last_actor(self) -> str:
        """Who acted last in any engagement."""
        return str(self._store.value("lastActor", "") or "")

    @property
    def trust_store(self) -> Path | None:
        """The trust store used last, if it is still there."""
        name = str(self._store.value("trustStore", "") or "")
        return Path(name) if name and Path(name).is_file() else None

    @trust_store.setter
    def trust_store(self, path: Path) -> None:
        self._store.setValue("trustStore", str(path))

    @property
    def appearance(self) -> Appearance:
        """Light, dark, or as the desktop says."""
        text = str(self._store.value("appearance", Appearance.SYSTEM.value))
        return Appearance(text) if text in set(Appearance) else Appearance.SYSTEM

    @appearance.setter
    def appearance(self, value: Appearance) -> None:
        self._store.setValue("appearance", value.value)

    @property
    def hide_amounts(self) -> bool:
        """Whether amounts are masked on screen."""
        return str(self._store.value("hideAmounts", "false")) == "true"

    @hide_amounts.setter
    def hide_amounts(self, hidden: bool) -> None:
        self._store.setValue("hideAmounts", "true" if hidden else "false")

    @property
    def online(self) -> bool:
        """Whether configured endpoints may be asked; off until switched on."""
        return str(self._store.value("online", "false")) == "true"

    @online.setter
    def online(self, online: bool) -> None:
        self._store.setValue("online", "true" if online else "false")

    @property
    def endpoints(self) -> str:
        """The endpoint table as JSON text, without secrets."""
        return str(self._store.value("endpoints", "") or "")

    @endpoints.setter
    def endpoints(self, text: str) -> None:
        self._store.setValue("endpoints", text)

    @property
    def geometry(self) -> QByteArray | None:
        """The window's place and size when it was closed last."""
        value = self._store.value("geometry")
        return value if isinstance(value, QByteArray) else None

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._store.setValue("geometry", value)

    def sync(self) -> None:
        """Write everything now."""
        self._store.sync()
