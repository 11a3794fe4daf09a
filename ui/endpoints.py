"""Endpoints that the auditor configured, and leave to ask them; without Qt, because they are asked in the second process."""

from __future__ import annotations

from dataclasses import dataclass

_STAND_IN = "stand-in:key"


@dataclass(frozen=True, slots=True)
class ConfiguredEndpoint:
    """One row of the preferences: a CAIP-2 chain, a URL that may hold ``{key}``, and whether the auditor runs the node."""

    chain: str
    url: str
    own_node: bool = False

    @property
    def specification(self) -> str:
        """As the command line writes it."""
        return f"{self.chain}={self.url}"


@dataclass(frozen=True, slots=True)
class Inspected:
    """What can be said of an endpoint without asking anyone: host, origin, whether it needs a key."""

    host: str
    netloc: str
    origin: str
    needs_key: bool


@dataclass(frozen=True)
class Permission:
    """The auditor has configured these endpoints and is not working offline."""

    endpoints: tuple[ConfiguredEndpoint, ...]


def inspect(endpoint: ConfiguredEndpoint) -> Inspected:
    """Read an endpoint without its secret; :class:`AuditError` with the reason where it is refused."""
    from auditor_app.chain.endpoints import parse_endpoints

    (made,) = parse_endpoints([endpoint.specification], secrets=lambda _: _STAND_IN)
    return Inspected(made.host, made.netloc, made.origin, bool(made.secret))
