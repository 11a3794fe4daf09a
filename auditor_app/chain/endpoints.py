"""Endpoints that the auditor configured, and the secrets in them.

An endpoint is written ``CHAIN=URL``; ``{key}`` in the URL is filled from the system keyring or the environment, so
that no secret stands on a command line. A protocol other than the chain's usual one is named before the URL:
``electrum+ssl://``, ``core+http://`` (with ``user:password`` as its secret), ``esplora+https://``. Messages, logs and evidence only ever name scheme and host. The snapshot
never names a host: nothing here reads one.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from auditor_app.errors import ChainError, UsageError

KEYRING_SERVICE = "reserve-auditor"
ENVIRONMENT_PREFIX = "RESERVE_AUDITOR_KEY_"

_CAIP2 = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}\Z", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?\Z", re.ASCII)
_LOOKS_SECRET = re.compile(r"(?=[^/?&=]*[0-9])(?=[^/?&=]*[A-Za-z])[A-Za-z0-9_-]{20,}", re.ASCII)
_PLACEHOLDER = "{key}"
_PROTOCOLS = {
    "": {"https": True, "http": False},
    "core": {"https": True, "http": False},
    "esplora": {"https": True, "http": False},
    "electrum": {"ssl": True, "tcp": False},
}
"""Protocol → scheme → whether it is encrypted."""
_DEFAULT_PORTS = {"https": 443, "http": 80, "ssl": 50002, "tcp": 50001}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint for one CAIP-2 chain; ``target`` (path and query) may hold a secret and has no ``repr``.

    ``own_node`` is the auditor's word that it runs this node; ``protocol`` is empty for the chain's usual one.
    """

    chain: str
    scheme: str
    host: str
    port: int | None
    target: str = field(repr=False)
    secret: str = field(repr=False, default="")
    own_node: bool = False
    protocol: str = ""

    @property
    def encrypted(self) -> bool:
        """Whether the connection is made over TLS; without, it never leaves this machine."""
        return _PROTOCOLS[self.protocol][self.scheme]

    @property
    def default_port(self) -> int:
        """The port where none was given."""
        return _DEFAULT_PORTS[self.scheme]

    @property
    def basic_secret(self) -> bool:
        """Whether the secret is a user name and password for HTTP, as Core-style nodes want it."""
        return self.protocol == "core"

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


def store_secret(host: str, secret: str) -> None:
    """Keep the secret for a host in the system keyring and nowhere else; :class:`ChainError` where there is none."""
    import keyring
    import keyring.errors

    try:
        keyring.set_password(KEYRING_SERVICE, host, secret)
    except keyring.errors.KeyringError:
        raise ChainError(
            "CHAIN.ENDPOINT",
            "this system has no keyring that took the key",
            action=f"Set the environment variable {environment_name(host)} instead; the key is never written to a file.",
        ) from None


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
    protocol, _, scheme = parts.scheme.rpartition("+")
    if scheme not in _PROTOCOLS.get(protocol, {}) or not _HOST.match(host):
        raise _refused(
            "the URL must start with https://, core+https://, esplora+https:// or electrum+ssl:// and name a host"
        )
    if parts.username is not None or parts.password is not None:
        raise _refused("the URL holds a user name or password")
    if parts.fragment or any(not "!" <= c <= "~" for c in url):
        raise _refused("the URL holds a fragment or characters that a URL may not hold")
    if not _PROTOCOLS[protocol][scheme] and not is_loopback(host):
        raise _refused(
            f"{host} would be asked over {scheme}, where anyone on the way can change the answer; "
            f"use {'ssl' if scheme == 'tcp' else 'https'}"
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if _LOOKS_SECRET.search(target):
        raise _refused("the URL seems to hold a secret, which a command line would show to others; write {key} for it")
    secret = ""
    if _PLACEHOLDER in target or protocol == "core":
        secret = _secret(host, secrets)
        target = target.replace(_PLACEHOLDER, secret)
    endpoint = Endpoint(chain, scheme, host, port, target, secret, protocol=protocol)
    return replace(endpoint, own_node=endpoint.netloc in own)


def _secret(host: str, secrets: SecretLookup) -> str:
    secret = secrets(host) or ""
    if not secret or any(not "!" <= c <= "~" for c in secret):
        raise ChainError(
            "CHAIN.ENDPOINT",
            f"the URL for {host} asks for a {_PLACEHOLDER} and none is stored that a URL can hold",
            action=f"Store it in the system keyring (service {KEYRING_SERVICE}, user {host}) "
            f"or in the environment variable {environment_name(host)}; for core+http(s) as user:password.",
        )
    return secret


def _refused(what: str) -> UsageError:
    return UsageError("USAGE", f"the endpoint was refused: {what}", action="Correct --endpoint.")
