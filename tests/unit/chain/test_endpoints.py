"""Endpoints as typed by the auditor: what is refused, and where secrets come from and never go."""

from __future__ import annotations

import keyring
import keyring.backend
import pytest

from auditor_app.chain.endpoints import environment_name, lookup_secret, parse_endpoints
from auditor_app.errors import ChainError, UsageError


def test_a_url_is_taken_apart_and_only_its_origin_is_shown() -> None:
    (endpoint,) = parse_endpoints(["eip155:1=https://node.example:8443/v3/{key}?a=b"], secrets=lambda host: "tOp")
    assert (endpoint.chain, endpoint.origin, endpoint.source) == (
        "eip155:1",
        "https://node.example:8443",
        "node.example:8443",
    )
    assert endpoint.target == "/v3/tOp?a=b"
    assert "tOp" not in repr(endpoint)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://node.example", "CHAIN=URL"),
        ("eip155=https://node.example", "CHAIN=URL"),
        ("eip155:1=ftp://node.example", "must start with https"),
        ("eip155:1=file:///etc/passwd", "must start with https"),
        ("eip155:1=https://", "must start with https"),
        ("eip155:1=https://user:pw@node.example/", "user name or password"),
        ("eip155:1=http://node.example/", "use https"),
        ("eip155:1=http://localhost.evil.example/", "use https"),
        ("eip155:1=http://127.0.0.1.nip.io/", "use https"),
        ("eip155:1=https://node.example/#x", "fragment"),
        ("eip155:1=https://node.example/a b", "may not hold"),
        ("eip155:1=https://node.example/a\r\nHost: x", "may not hold"),
        ("eip155:1=https://node.example:99999/", "cannot be read"),
        ("eip155:1=https://node.example/v3/0123456789abcdef0123456789abcdef", "seems to hold a secret"),
        ("eip155:1=https://node.example/?apikey=0123456789abcdef0123456789abcdef", "seems to hold a secret"),
    ],
)
def test_what_is_no_endpoint_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_endpoints([text])
    assert words in caught.value.what


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST"])
def test_http_is_for_loopback_only(host: str) -> None:
    assert parse_endpoints([f"eip155:1=http://{host}:8545"])[0].target == "/"


def test_a_missing_secret_names_the_keyring_entry_and_the_variable() -> None:
    with pytest.raises(ChainError) as caught:
        parse_endpoints(["eip155:1=https://node-1.example/{key}"], secrets=lambda host: None)
    assert "RESERVE_AUDITOR_KEY_NODE_1_EXAMPLE" in caught.value.action


def test_a_secret_that_would_change_the_request_is_refused() -> None:
    with pytest.raises(ChainError):
        parse_endpoints(["eip155:1=https://node.example/{key}"], secrets=lambda host: "a\r\nHost: evil")


class _Vault(keyring.backend.KeyringBackend):
    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return "from-the-keyring" if (service, username) == ("reserve-auditor", "node.example") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


def test_secrets_come_from_the_environment_first_then_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_password", _Vault().get_password)
    assert lookup_secret("node.example", {}) == "from-the-keyring"
    assert (
        lookup_secret("node.example", {environment_name("node.example"): "from-the-environment"})
        == "from-the-environment"
    )
    assert lookup_secret("other.example", {}) is None


def test_an_own_node_must_be_one_of_the_endpoints() -> None:
    urls = ["eip155:1=https://a.example", "eip155:1=https://b.example:9"]
    first, second = parse_endpoints(urls, own_nodes=["b.example:9"])
    assert (first.source, second.source) == ("a.example", "own-node:b.example:9")
    with pytest.raises(UsageError, match=r"no endpoint has the host c\.example"):
        parse_endpoints(urls, own_nodes=["c.example"])
