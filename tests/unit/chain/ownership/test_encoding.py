"""Bytes as lists write them: one spelling each, within limits; and what the libraries refuse by themselves."""

from __future__ import annotations

import base58
import pytest
from nacl.signing import SigningKey

from auditor_app.chain.address.digests import ripemd160
from auditor_app.chain.ownership import binding, encoding
from auditor_app.chain.ownership.binding import named_key
from auditor_app.chain.ownership.encoding import from_base64, from_eos, from_hex, of_size, varint
from auditor_app.chain.ownership.keys import agrees_ecdsa, agrees_ed25519, recover
from auditor_app.chain.ownership.model import Claim
from tests.unit.chain.ownership.wallets import Wallet

KEY = Wallet.number(1)
LIMIT = 200_000
"""Characters of hex or base64; longer text is none."""


def test_hex_up_to_its_limit() -> None:
    assert from_hex("00" * (LIMIT // 2)) == bytes(LIMIT // 2)
    assert from_hex("00" * (LIMIT // 2 + 1)) is None
    assert [from_hex(text) for text in ("", "0x", "0", "0X00", "00 ", "00\n", "٠٠")] == [None] * 7


def test_base64_up_to_its_limit_and_in_one_spelling() -> None:
    assert from_base64("AAAA" * (LIMIT // 4)) == bytes(LIMIT // 4 * 3)
    assert from_base64("AAAA" * (LIMIT // 4 + 1)) is None
    assert from_base64("QQ==") == b"A"
    assert [from_base64(text) for text in ("QR==", "QQ=", "QQ", "QQ==\n", " QQ==", "Q-==")] == [None] * 6


def eos(body: bytes, *, prefix: str = "SIG_K1_") -> str:
    return prefix + base58.b58encode(body + ripemd160(body + b"K1")[:4]).decode()


def test_eos_signatures_carry_their_prefix_their_length_and_a_checksum() -> None:
    assert from_eos(eos(b"\x1f" * 65)) == b"\x1f" * 65
    for text in (eos(b"\x1f" * 65, prefix=""), eos(b"\x1f" * 64), eos(b"\x1f" * 66), "SIG_K1_", "SIG_K1_0", ""):
        assert from_eos(text) is None, text


def test_long_base58_is_never_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding takes time by the square of the length."""

    def decoded(_text: str) -> bytes:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(encoding.base58, "b58decode", decoded)
    assert from_eos("SIG_K1_" + "1" * 121) is None
    with pytest.raises(AssertionError):
        from_eos("SIG_K1_" + "1" * 120)
    assert binding._eos_key("EOS" + "1" * 78) is None
    with pytest.raises(AssertionError):
        binding._eos_key("EOS" + "1" * 77)


def test_an_eos_key_carries_its_checksum() -> None:
    from auditor_app.chain.address.networks import NETWORKS

    def key(text: str) -> bytes | None:
        return named_key(Claim(NETWORKS["eos"], None, "m", (), text))

    body, long = KEY.compressed, KEY.secret.public_key.format(compressed=False)
    assert key("EOS" + base58.b58encode(body + ripemd160(body)[:4]).decode()) == long
    assert key("PUB_K1_" + base58.b58encode(body + ripemd160(body + b"K1")[:4]).decode()) == long
    for raw in (body + ripemd160(body)[:3], body + ripemd160(body)[:5], body, ripemd160(b"")[:4], body[:20]):
        assert key("EOS" + base58.b58encode(raw).decode()) is None


def test_of_size_takes_the_sizes_asked_for() -> None:
    assert of_size("00" * 64, 64, 65) == bytes(64)
    assert of_size("00" * 63, 64, 65) is None
    assert of_size("00" * 32, 64, 48) == bytes.fromhex("d34d34" * 16)  # 64 digits are base64, too
    assert of_size("not bytes", 64) is None


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "00"),
        (0xFC, "fc"),
        (0xFD, "fdfd00"),
        (0xFFFF, "fdffff"),
        (0x10000, "fe00000100"),
        (0xFFFFFFFF, "feffffffff"),
        (0x100000000, "ff0000000001000000"),
    ],
)
def test_compact_sizes_at_their_limits(value: int, written: str) -> None:
    assert varint(value).hex() == written


def test_other_lengths_and_recovery_ids_are_no_signature() -> None:
    digest = b"\x07" * 32
    raw = KEY.secret.sign_recoverable(digest, hasher=None)
    assert recover(digest, raw[:64], raw[64]) == KEY.secret.public_key.format(compressed=False)
    assert agrees_ecdsa(KEY.compressed, digest, raw[:64])
    for recovery_id in (-1, 4, 255, 256):
        assert recover(digest, raw[:64], recovery_id) is None
    for signature in (raw[:63], raw, raw[:64] + b"\0", b""):
        assert recover(digest, signature, raw[64]) is None
        assert not agrees_ecdsa(KEY.compressed, digest, signature)
    secret = SigningKey(b"\x05" * 32)
    signature, key = secret.sign(b"m").signature, bytes(secret.verify_key)
    assert agrees_ed25519(key, b"m", signature)
    for other in (signature[:63], signature + b"\0", b"", signature + b"m"):
        assert not agrees_ed25519(key, b"m", other)
    for other in (key[:31], key + b"\0", b""):
        assert not agrees_ed25519(other, b"m", signature)
