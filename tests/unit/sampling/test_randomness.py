"""Sources and their answers: the right one passes, everything else is refused."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from auditor_app.errors import SamplingError
from auditor_app.instants import format_instant, parse_instant
from auditor_app.sampling.drand import CHAINS
from auditor_app.sampling.randomness import parse_source, read_randomness, refuse_unless_future

# the two rounds of drand_vectors.json
ROUND = 1000
SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
RANDOMNESS = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"
OTHER = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
INFINITY = "c0" + "00" * 47
NEGATED = f"{int(SIGNATURE[:2], 16) ^ 0x20:02x}" + SIGNATURE[2:]


def refused(source: str, text: str, message: str) -> None:
    with pytest.raises(SamplingError, match=message) as error:
        read_randomness(parse_source(source), text)
    assert error.value.code == "SAMPLE.RANDOMNESS"


def test_a_round_with_its_own_signature() -> None:
    answer = read_randomness(parse_source("drand:quicknet:1000"), f"drand:1000:{SIGNATURE.upper()}\n")
    assert (answer.round, answer.raw.hex()) == (1000, RANDOMNESS)
    assert answer.text == f"drand:1000:{SIGNATURE}"


@pytest.mark.parametrize(
    "signature", [OTHER, NEGATED, INFINITY, "00" * 48, "ff" * 48, SIGNATURE[:-2], SIGNATURE + "00", "00" + SIGNATURE]
)
def test_a_forged_signature_is_refused(signature: str) -> None:
    refused("drand:quicknet:1000", f"drand:1000:{signature}", "not that of drand quicknet round 1000")


def test_a_signature_moved_out_of_the_group_is_refused() -> None:
    """Adding a point of small order keeps the pairing equation and gives other randomness: seeds to shop for."""
    from py_ecc.bls.g2_primitives import i2osp  # type: ignore[attr-defined]
    from py_ecc.bls.point_compression import G1Compressed, compress_G1, decompress_G1
    from py_ecc.optimized_bls12_381.optimized_curve import add, curve_order, is_inf, multiply

    signature = decompress_G1(G1Compressed(int(SIGNATURE, 16)))
    outside = decompress_G1(G1Compressed(1 << 383 | 4))  # on the curve, in a group of another order
    torsion = multiply(outside, curve_order)
    assert not is_inf(torsion)
    moved = i2osp(compress_G1(add(signature, torsion)), 48).hex()
    assert moved != SIGNATURE
    refused("drand:quicknet:1000", f"drand:1000:{moved}", "not that of drand")


def test_the_signature_of_another_round_is_refused() -> None:
    refused("drand:quicknet:1001", f"drand:1001:{SIGNATURE}", "not that of drand quicknet round 1001")
    refused("drand:quicknet:1001", f"drand:1000:{SIGNATURE}", "round 1001")


def test_a_signature_of_the_other_chain_is_refused() -> None:
    refused("drand:default:1000", f"drand:1000:{SIGNATURE}", "PREVIOUS")
    refused("drand:default:1000", f"drand:1000:{SIGNATURE}:{SIGNATURE}", "96 bytes")
    refused("drand:default:1000", f"drand:1000:{'aa' * 96}:{'aa' * 96}", "not that of drand default")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("drand:quicknet:1000", f"block:{'aa' * 32}"),
        ("drand:quicknet:1000", "dice:" + "1" * 20),
        ("drand:quicknet:1000", ""),
        ("drand:quicknet:1000", "drand"),
        ("drand:quicknet:1000", "drand:1000"),
        ("drand:quicknet:1000", "drand:1000:xyz"),
        ("dice", f"drand:1000:{SIGNATURE}"),
        ("dice", "dice:" + "1" * 19),
        ("dice", "dice:" + "1" * 19 + "7"),
        ("dice", "dice:" + "0" * 20),
        ("dice", "dice:" + "1" * 20 + " " + "1"),
        ("dice", "dice:" + "١" * 20),
        ("block:bitcoin:1", "block:" + "a" * 63),
        ("block:bitcoin:1", "block:" + "a" * 65),
        ("block:bitcoin:1", "dice:" + "1" * 20),
    ],
)
def test_another_kind_or_form_is_refused(source: str, text: str) -> None:
    refused(source, text, "not what the commitment named")


def test_blocks_and_dice_enter_the_seed_as_documented() -> None:
    block = read_randomness(parse_source("block:eip155:1:24000000"), "block:0x" + "Ab" * 32)
    assert (block.round, block.raw, block.text) == (0, b"\xab" * 32, "block:" + "ab" * 32)
    dice = read_randomness(parse_source("dice"), "dice:12345612345612345612")
    assert (dice.round, dice.raw) == (0, b"12345612345612345612")


def test_two_secrets_are_revealed_to_their_digests() -> None:
    auditor, client = b"a" * 32, b"c" * 32
    source = parse_source(f"secrets:{hashlib.sha256(auditor).hexdigest()}:{hashlib.sha256(client).hexdigest()}")
    answer = read_randomness(source, f"secrets:{auditor.hex()}:{client.hex()}")
    assert (answer.round, answer.raw) == (0, auditor + client)
    for text, who in (
        (f"{client.hex()}:{auditor.hex()}", "auditor's"),
        (f"{auditor.hex()}:{auditor.hex()}", "client's"),
    ):
        with pytest.raises(SamplingError, match=who):
            read_randomness(source, f"secrets:{text}")


@pytest.mark.parametrize(
    "text",
    [
        "", "drand", "drand:quicknet", "drand:quicknet:0", "drand:quicknet:-1", "drand:quicknet:01",
        "drand:evil:5", "drand:quicknet:1:2", "block", "block:bitcoin", "block:bitcoin:x", "block:BAD CHAIN:1", "dice:6",
        "coin", f"secrets:{'aa' * 32}", f"secrets:{'aa' * 32}:{'aa' * 32}", "drand:quicknet:9223372036854775808",
    ],
)  # fmt: skip
def test_a_source_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(SamplingError) as error:
        parse_source(text)
    assert error.value.code == "SAMPLE.COMMITMENT"


def test_a_round_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(SamplingError, match="calendar"):
        parse_source("drand:quicknet:999999999999")


def test_only_drand_is_not_named_weaker() -> None:
    assert parse_source("drand:quicknet:5").weakness is None
    for text in ("dice", "block:bitcoin:1", f"secrets:{'aa' * 32}:{'bb' * 32}"):
        assert parse_source(text).weakness


def test_the_first_round_is_published_at_genesis() -> None:
    quicknet = CHAINS["quicknet"]
    assert format_instant(quicknet.time_of(1)) == "2023-08-23T15:09:27Z"
    assert format_instant(quicknet.time_of(2)) == "2023-08-23T15:09:30Z"
    for moment, expected in (
        ("2020-01-01T00:00:00Z", 1),
        ("2023-08-23T15:09:26Z", 1),
        ("2023-08-23T15:09:27Z", 2),
        ("2023-08-23T15:09:30Z", 3),
    ):
        first = quicknet.first_round_after(parse_instant(moment))
        assert first == expected
        assert quicknet.time_of(first) > parse_instant(moment)


@pytest.mark.parametrize(
    ("source", "text", "expected", "observed"),
    [
        ("drand:quicknet:1001", f"drand:1000:{SIGNATURE}", "round 1001", "'round 1000'"),
        ("drand:quicknet:1000", "drand:1000:xyz", "drand:ROUND:SIGNATURE with the signature in hex", "'1000:xyz'"),
        (
            "drand:default:1000",
            "drand:1000:ab",
            "drand:ROUND:SIGNATURE:PREVIOUS with the signature in hex",
            "'1000:ab'",
        ),
        ("drand:quicknet:1000", "dice:" + "1" * 20, "randomness of the committed source drand:quicknet:1000", "'dice'"),
        ("dice", f"drand:1000:{SIGNATURE}", "randomness of the committed source dice", "'drand'"),
        ("dice", "  ", "randomness of the committed source dice", "'  '"),
        ("dice", ":5", "randomness of the committed source dice", "':5'"),
    ],
)
def test_what_was_expected_and_what_was_typed_is_said(source: str, text: str, expected: str, observed: str) -> None:
    with pytest.raises(SamplingError) as caught:
        read_randomness(parse_source(source), text)
    assert (caught.value.expected, caught.value.observed) == (expected, observed)


@pytest.mark.parametrize(
    "text", ["", ":", "aa", "aa" * 32, f"{'aa' * 32}:", f":{'aa' * 32}", f"{'aa' * 32}:{'aa' * 31}"]
)
def test_secrets_are_two_of_64_digits(text: str) -> None:
    digests = [hashlib.sha256(bytes([number]) * 32).hexdigest() for number in (1, 2)]
    source = parse_source("secrets:" + ":".join(digests))
    assert read_randomness(source, f"secrets:{'01' * 32}:{'02' * 32}").raw.hex() == "01" * 32 + "02" * 32
    with pytest.raises(SamplingError) as caught:
        read_randomness(source, f"secrets:{text}")
    assert caught.value.expected == "secrets:AUDITOR:CLIENT with two secrets of 64 hex digits"


def test_a_source_must_speak_after_the_commitment() -> None:
    source = parse_source("drand:quicknet:1000")
    assert source.speaks_at is not None
    refuse_unless_future(source, source.speaks_at - timedelta(seconds=1))
    refuse_unless_future(parse_source("dice"), source.speaks_at)  # nobody knows when dice fall
    for late in (source.speaks_at, source.speaks_at + timedelta(days=1)):
        with pytest.raises(SamplingError, match="had spoken by the time of the commitment"):
            refuse_unless_future(source, late)
