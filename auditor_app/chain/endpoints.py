"""Endpoints that the auditor configured, and the secrets in them.

An endpoint is written ``CHAIN=URL``; ``{key}`` in the URL is filled from the system keyring or the environment, so
that no secret stands on a command line. Messages, logs and evidence only ever name scheme and host. The snapshot
never names a host: nothing here reads one.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from auditor_app.errors import ChainError, UsageError

KEYRING_SERVICE = "reserve-auditor"
ENVIRONMENT_PREFIX = "RESERVE_AUDITOR_KEY_"

_CAIP2 = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}\Z", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?\Z", re.ASCII)
_LOOKS_SECRET = re.compile(r"(?=[^/?&=]*[0-9])(?=[^/?&=]*[A-Za-z])[A-Za-z0-9_-]{20,}", re.ASCII)
_PLACEHOLDER = "{key}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One JSON-RPC endpoint for one CAIP-2 chain; ``target`` (path and query) may hold a secret and has no ``repr``.

    ``own_node`` is the auditor's word that it runs this node.
    """

    chain: str
    scheme: str
    host: str
    port: int | None
    target: str = field(repr=False)
    secret: str = field(repr=False, default="")
    own_node: bool = False

    @property
    def netloc(self) -> str:
        """Host and, where one was given, port."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and host: all that is ever shown of an endpoint."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def source(self) -> str:
        """The name of this endpoint in an evidence file's ``source`` column."""
        return f"own-node:{self.netloc}" if self.own_node else self.netloc


SecretLookup = Callable[[str], str | None]
"""The secret for a host, or ``None``."""


def environment_name(host: str) -> str:
    """The environment variable that holds the secret for a host."""
    return ENVIRONMENT_PREFIX + re.sub(r"[^A-Za-z0-9]", "_", host).upper()


def lookup_secret(host: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The secret for a host: from the environment if set there, else from the system keyring."""
    if value := environment.get(environment_name(host)):
        return value
    import keyring
    import keyring.errors

    try:
        return keyring.get_password(KEYRING_SERVICE, host)
    except keyring.errors.KeyringError:
        return None


def parse_endpoints(
    specifications: Iterable[str], *, own_nodes: Iterable[str] = (), secrets: SecretLookup = lookup_secret
) -> tuple[Endpoint, ...]:
    """Endpoints from ``CHAIN=URL`` texts; ``own_nodes`` are hosts (with their port, if any) run by the auditor.

    :class:`UsageError` for a URL with user information, a fragment, what looks like a secret, or ``http`` to
    anything but loopback; :class:`ChainError` where ``{key}`` has no value.
    """
    own = set(own_nodes)
    endpoints = tuple(_parse(text, own, secrets) for text in specifications)
    if unknown := own - {endpoint.netloc for endpoint in endpoints}:
        raise UsageError(
            "USAGE", f"no endpoint has the host {sorted(unknown)[0][:100]}", action="Name a given endpoint."
        )
    return endpoints


def is_loopback(host: str) -> bool:
    """Whether a host name can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parse(text: str, own: set[str], secrets: SecretLookup) -> Endpoint:
    chain, separator, url = text.partition("=")
    if not separator or not _CAIP2.match(chain):
        raise UsageError("USAGE", "an endpoint is written CHAIN=URL, e.g. eip155:1=https://node.example/{key}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("the URL cannot be read") from None
    if parts.scheme not in ("https", "http") or not _HOST.match(host):
        raise _refused("the URL must start with https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise _refused("the URL holds a user name or password")
    if parts.fragment or any(not "!" <= c <= "~" for c in url):
        raise _refused("the URL holds a fragment or characters that a URL may not hold")
    if parts.scheme == "http" and not is_loopback(host):
        raise _refused(f"{host} would be asked over http, where anyone on the way can change the answer; use https")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if _LOOKS_SECRET.search(target):
        raise _refused("the URL seems to hold a secret, which a command line would show to others; write {key} for it")
    secret = ""
    if _PLACEHOLDER in target:
        secret = secrets(host) or ""
        if not secret or any(not "!" <= c <= "~" for c in secret):
            raise ChainError(
                "CHAIN.ENDPOINT",
                f"the URL for {host} asks for a {_PLACEHOLDER} and none is stored that a URL can hold",
                action=f"Store it in the system keyring (service {KEYRING_SERVICE}, user {host}) "
                f"or in the environment variable {environment_name(host)}.",
            )
        target = target.replace(_PLACEHOLDER, secret)
    endpoint = Endpoint(chain, parts.scheme, host, port, target, secret)
    return Endpoint(chain, parts.scheme, host, port, target, secret, own_node=endpoint.netloc in own)


def _refused(what: str) -> UsageError:
    return UsageError("USAGE", f"the endpoint was refused: {what}", action="Correct --endpoint.")
