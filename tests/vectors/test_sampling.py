"""Every published sampling number comes out at its exact value, kind by kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from auditor_app.errors import SamplingError
from auditor_app.sampling.distributions import Distribution, poisson_factor
from auditor_app.sampling.drand import CHAINS
from auditor_app.sampling.evaluate import (
    chance_of_so_few,
    hypergeometric_upper_count,
    most_likely_misstatement,
    stringer_rate,
    two_sided_interval,
    upper_limit,
)
from auditor_app.sampling.monetary import fixed_interval
from auditor_app.sampling.plan import (
    attribute_size,
    attribute_size_for,
    expected_taints,
    monetary_size,
    two_stage_size,
)
from auditor_app.sampling.select import draw_ids, next_ticket_number, ticket_number, uniform

pytestmark = pytest.mark.vectors

Vector = dict[str, Any]
BINOMIAL, POISSON, HYPERGEOMETRIC = Distribution.BINOMIAL, Distribution.POISSON, Distribution.HYPERGEOMETRIC


@pytest.fixture(scope="module")
def published(vectors: Path) -> dict[str, Any]:
    """The file, its decimals exact."""
    text = (vectors / "sampling" / "sampling_vectors.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text, parse_float=Fraction)
    return document


def up(value: float | Fraction, places: int) -> Fraction:
    """Rounded up to ``places`` decimals, as the tables are printed."""
    return Fraction(ceil(Fraction(value) * 10**places), 10**places)


def close(got: float, wanted: object, tolerance: float = 1e-11) -> bool:
    return abs(got - float(wanted)) <= tolerance * abs(float(wanted))  # type: ignore[arg-type]


def percent(value: object) -> Fraction:
    return Fraction(value) / 100  # type: ignore[call-overload, no-any-return]


def _distribution(p: Vector) -> Distribution:
    return Distribution(p["distribution"])


def _size(v: Vector, p: Vector) -> bool:
    rates = Fraction(p["confidence"]), percent(p["tolerable_rate_pct"]), percent(p["expected_rate_pct"])
    return attribute_size(_distribution(p), *rates, p.get("N")) == v["exact"]


def _size_for(v: Vector, p: Vector) -> bool:
    rates = Fraction(p["confidence"]), percent(p["tolerable_rate_pct"])
    return attribute_size_for(_distribution(p), *rates, p["errors"], p.get("N")) == v["exact"]


def _poisson_for(v: Vector, p: Vector) -> bool:
    got = attribute_size_for(POISSON, Fraction(p["confidence"]), Fraction(p["tolerable"]), p["errors"])
    return bool(got == v["exact"])


def _poisson(v: Vector, p: Vector) -> bool:
    got = monetary_size(Fraction(p["confidence"]), Fraction(p["tolerable"]), Fraction(p["expected"]))
    return bool(got == v["exact"])


def _monetary(v: Vector, p: Vector) -> bool:
    tolerable = percent(p["tolerable_pct"])
    expected = tolerable * Fraction(p["ratio_expected_to_tolerable"])
    return monetary_size(1 - percent(p["risk_pct"]), tolerable, expected) == v["exact"]


def _taints(v: Vector, p: Vector) -> bool:
    got = expected_taints(1 - percent(p["risk_pct"]), Fraction(p["ratio_expected_to_tolerable"]))
    return abs(got - float(v["exact"])) <= 5.1e-5  # the file holds four decimals


def _two_stage(v: Vector, p: Vector) -> bool:
    distribution = Distribution(v["kind"].split("_")[2])
    rates = Fraction(p["confidence"]), percent(p["tolerable_rate_pct"])
    return two_stage_size(distribution, *rates, *p["expected"]) == v["exact"]


def _upper_table(v: Vector, p: Vector) -> bool:
    limit = upper_limit(_distribution(p), p["n"], p["deviations"], Fraction(p["confidence"]))
    return up(limit * 100, 1) == v["exact"]


def _upper(v: Vector, p: Vector) -> bool:
    distribution = Distribution(v["kind"].split("_")[0])
    got = upper_limit(distribution, p["n"], p["deviations"], Fraction(p["confidence"]), p.get("N"))
    return close(got, v["exact"])


def _upper_amount(v: Vector, p: Vector) -> bool:
    limit = upper_limit(BINOMIAL, p["n"], p["deviations"], Fraction(p["confidence"]))
    return close(limit * p["book_value"], v["exact"])


def _hypergeometric_table(v: Vector, p: Vector) -> bool:
    marked = hypergeometric_upper_count(p["N"], p["n"], p["deviations"], Fraction(p["confidence"]))
    return up(Fraction(100 * marked, p["N"]), 1) == v["exact"]


def _factor_up(v: Vector, p: Vector) -> bool:
    return up(poisson_factor(1 - percent(p["risk_pct"]), p["overstatements"]), 2) == v["exact"]


def _factor_rounded(v: Vector, p: Vector) -> bool:
    factor = poisson_factor(percent(p["confidence_pct"]), p["overstatements"])
    return round(Fraction(factor), 1) == v["exact"]


def _interval(v: Vector, p: Vector) -> bool:
    got = two_sided_interval(p["n"], p["deviations"], Fraction(p["confidence"]))
    return all(close(mine, theirs) for mine, theirs in zip(got, v["exact"], strict=True))


def _stringer(v: Vector, p: Vector) -> bool:
    taints = [Fraction(taint) for taint in p["taints"]]
    got = stringer_rate(BINOMIAL, p["n"], taints, Fraction(p["confidence"])) * p["book_value"]
    return close(got, v["exact"])


def _most_likely(v: Vector, p: Vector) -> bool:
    got = most_likely_misstatement(p["n"], [Fraction(t) for t in p["taints"]], Fraction(p["book_value"]))
    return close(float(got), v["exact"])


def _items(v: Vector, p: Vector) -> bool:
    got = fixed_interval([1] * len(p["items"]), p["size"], Fraction(p["start"]))
    return [p["items"][hit.index] for hit in got.hits] == v["exact"]


def _units(v: Vector, p: Vector) -> bool:
    got = fixed_interval(p["values"], p["size"], p["start"])
    return [p["items"][hit.index] for hit in got.hits] == v["exact"]


def _times(v: Vector, p: Vector) -> bool:
    got = fixed_interval([Fraction(value) for value in p["values"]], p["size"], p["start"])
    assert all(hit.times for hit in got.hits), "a certain item was missed by its own units"
    return [hit.times for hit in got.hits] == v["exact"]


def _ticket(v: Vector, p: Vector) -> bool:
    number = ticket_number(p["seed"], p["id"])
    for _ in range(p["generation"] - 1):
        number = next_ticket_number(number)
    return bool(number == v["exact"])


CHECKS: dict[str, Callable[[Vector, Vector], bool]] = {
    "attribute_sample_size": _size,
    "attribute_sample_size_k": _size_for,
    "attribute_upper_limit_pct_1dp_ceiling": _upper_table,
    "binomial_p_value_less": lambda v, p: close(
        chance_of_so_few(p["n"], p["deviations"], Fraction(p["tolerable"])), v["exact"]
    ),
    "binomial_two_sided_interval": _interval,
    "binomial_upper_limit": _upper,
    "binomial_upper_limit_amount": _upper_amount,
    "consistent_sample_wor": lambda v, p: (
        [ticket.id for ticket in draw_ids(p["seed"], p["ids"], p["take"])] == v["exact"]
    ),
    "consistent_ticket": _ticket,
    "fixed_interval_items": _items,
    "fixed_interval_mus": _units,
    "fixed_interval_mus_times": _times,
    "hypergeometric_upper_limit": _upper,
    "hypergeometric_upper_limit_pct_1dp_ceiling": _hypergeometric_table,
    "most_likely_error_amount": _most_likely,
    "mus_expected_sum_of_taints": _taints,
    "mus_sample_size": _monetary,
    "poisson_confidence_factor_2dp_ceiling": _factor_up,
    "poisson_factor_1dp_round": _factor_rounded,
    "poisson_sample_size_k": _poisson_for,
    "poisson_sample_size_rate": _poisson,
    "poisson_upper_limit": _upper,
    "sha256_uniform": lambda v, p: uniform(p["input"]) == v["exact"],
    "stringer_binomial_amount": _stringer,
    "two_stage_binomial_stage_size": _two_stage,
    "two_stage_poisson_stage_size": _two_stage,
}

COUNTED_ELSEWHERE = {
    "drand_randomness_is_sha256_of_signature": 1,  # below: its previous signature is not in the file
    "fixed_interval_mus_file": 1,  # below: its ledger may not be copied here
}


@pytest.mark.parametrize("kind", CHECKS)
def test_every_vector_of_a_kind_comes_out_exact(kind: str, published: dict[str, Any]) -> None:
    chosen = [vector for vector in published["vectors"] if vector["kind"] == kind]
    assert chosen
    wrong = [vector["id"] for vector in chosen if not CHECKS[kind](vector, vector["params"])]
    assert wrong == []


def test_no_vector_is_left_out(published: dict[str, Any]) -> None:
    kinds = [vector["kind"] for vector in published["vectors"]]
    assert len(kinds) == published["count"] == 1999
    assert set(kinds) == set(CHECKS) | set(COUNTED_ELSEWHERE)
    assert {kind: kinds.count(kind) for kind in COUNTED_ELSEWHERE} == COUNTED_ELSEWHERE


def test_randomness_of_a_drand_round_is_the_hash_of_its_signature(published: dict[str, Any]) -> None:
    from hashlib import sha256

    (vector,) = [v for v in published["vectors"] if v["kind"] == "drand_randomness_is_sha256_of_signature"]
    assert sha256(bytes.fromhex(vector["params"]["signature"])).hexdigest() == vector["exact"]


def test_the_ledger_that_may_not_be_copied_here(published: dict[str, Any], vectors: Path) -> None:
    """jaspAudit's BuildIt ledger: 1,403,220.82 over 200 units from unit 1; run where the file has been put."""
    (vector,) = [v for v in published["vectors"] if v["kind"] == "fixed_interval_mus_file"]
    file = vectors / "sampling" / Path(vector["params"]["file"]).name.split(" ")[-1]
    if not file.is_file():
        pytest.skip(f"{file.name} is not redistributable and not there")
    import csv

    with file.open(encoding="utf-8", newline="") as lines:
        values = [Fraction(row[vector["params"]["column"]]) for row in csv.DictReader(lines)]
    assert sum(values) == vector["params"]["population_value"]
    got = fixed_interval(values, vector["params"]["size"], vector["params"]["start"])
    assert [hit.index + 1 for hit in got.hits] == vector["exact"]


def test_the_27_that_differ_from_print_are_listed_with_their_reason(published: dict[str, Any]) -> None:
    differing = [vector for vector in published["vectors"] if not vector["match"]]
    page = (Path(__file__).parents[2] / "docs" / "sampling.md").read_text(encoding="utf-8")
    assert len(differing) == 27
    assert [vector["id"] for vector in differing if f"| {vector['id']} |" not in page] == []
    assert all(vector["exact"] != vector["published"] for vector in differing)


def test_a_float_planner_would_give_423_where_400_do(published: dict[str, Any]) -> None:
    """The naive planner in binary floating point, beside ours."""
    from scipy.stats import binom

    drift = published["summary"]["float_planner_drift"]
    assert [(case["float_size"], case["exact_size"]) for case in drift] == [(423, 400), (1313, 1300)]
    for case in drift:
        p = case["params"]
        tolerable, expected = int(p["tolerable_rate_pct"]) / 100, float(p["expected_rate_pct"]) / 100
        naive = next(n for n in range(1, 2000) if binom.cdf(ceil(expected * n), n, tolerable) < 1 - 0.9)
        assert naive == case["float_size"]
        exact = attribute_size(
            BINOMIAL, Fraction(p["confidence"]), percent(p["tolerable_rate_pct"]), percent(p["expected_rate_pct"])
        )
        assert exact == case["exact_size"]


@pytest.fixture(scope="module")
def beacons(vectors: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((vectors / "sampling" / "drand_vectors.json").read_text(encoding="utf-8"))
    return document


def test_the_pinned_drand_chains_are_the_published_ones(beacons: dict[str, Any]) -> None:
    assert set(CHAINS) == {chain["name"] for chain in beacons["chains"]}
    for chain in beacons["chains"]:
        pinned = CHAINS[chain["name"]]
        assert (pinned.hash, pinned.public_key) == (chain["hash"], chain["publicKey"])
        assert (pinned.genesis, pinned.period) == (chain["genesisTime"], chain["period"])


def test_published_beacons_recompute(beacons: dict[str, Any]) -> None:
    assert len(beacons["beacons"]) == 3
    for beacon in beacons["beacons"]:
        previous = bytes.fromhex(beacon.get("previousSignature", ""))
        got = CHAINS[beacon["chain"]].randomness(beacon["round"], bytes.fromhex(beacon["signature"]), previous)
        assert got.hex() == beacon["randomness"]


def test_forged_and_misplaced_signatures_are_refused(beacons: dict[str, Any]) -> None:
    for beacon in beacons["beacons"]:
        chain = CHAINS[beacon["chain"]]
        signature = bytes.fromhex(beacon["signature"])
        previous = bytes.fromhex(beacon.get("previousSignature", ""))
        forged = [(beacon["round"] + 1, signature), (beacon["round"], b"\0" + signature)]
        forged.append((beacon["round"], bytes([signature[0] ^ 0x20]) + signature[1:]))  # the negated point
        for round_, candidate in forged:
            with pytest.raises(SamplingError, match="not that of drand"):
                chain.randomness(round_, candidate, previous)
        if previous:
            with pytest.raises(SamplingError, match="not that of drand"):
                chain.randomness(beacon["round"], signature, previous[::-1])
