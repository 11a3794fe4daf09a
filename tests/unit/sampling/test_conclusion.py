"""Evaluation from executed items, against published numbers and a naive second calculation."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from auditor_app import strict_json
from auditor_app.sampling.conclusion import conclude, conclusion_document, read_conclusion
from auditor_app.sampling.drawn import DrawnItem, DrawnSample, Stratum
from tests.unit.sampling.executed import done, leaf, leaves


def with_deviations(size: int, deviations: int, **more: Any) -> Any:
    items = (leaf(number, reached=number >= deviations) for number in range(size))
    return done(leaves(*items, **more))


@pytest.mark.parametrize(("deviations", "limit"), [(0, "4.9"), (1, "7.7"), (2, "10.2")])
def test_the_published_limits_of_sixty_items(deviations: int, limit: str) -> None:
    found = conclude(with_deviations(60, deviations, population=10**6, method="attribute-binomial"))
    rounded_up = -(-Fraction(found.upper_limit) * 1000 // 1)
    assert Fraction(int(rounded_up), 10) == Fraction(limit)
    assert found.deviations == str(deviations)
    assert Fraction(found.most_likely_rate) == Fraction(deviations, 60)
    assert found.within_plan is (deviations == 0)


def test_an_extended_sample_is_judged_at_its_own_size() -> None:
    found = conclude(with_deviations(93, 1, population=10**6, method="attribute-binomial"))
    assert (found.allowed_deviations, found.within_plan) == ("1", True)


def test_every_item_inspected_leaves_nothing_to_chance() -> None:
    found = conclude(with_deviations(50, 2, population=50))
    assert found.upper_limit == "0.04"
    assert found.allowed_deviations == "2"


def test_deviations_are_counted_by_comparison_and_items_once() -> None:
    sample = leaves(leaf(1, reached=False), leaf(2), leaf(3))
    executed = done(sample, "item,BTC\n1,0\n2,1.5\n3,2\n", "item,answer\n2,agrees\n")
    found = conclude(executed)
    assert found.deviations == "2"
    assert found.deviations_by_check == {"trace": "1", "ledger": "2", "confirmation": "2"}


def test_strata_are_weighted_by_their_populations() -> None:
    strata = (
        Stratum(asset="BTC", low="10", high="", population="10", size="10"),
        Stratum(asset="", low="", high="", population="990", size="60"),
    )
    items = [leaf(n, stratum=0, reached=n > 0) for n in range(10)]
    items += [leaf(n, stratum=1, reached=n > 10) for n in range(10, 70)]
    found = conclude(done(leaves(*items, strata=strata, method="attribute-binomial")))
    each = stats.beta.ppf(0.975, 2, 59)
    assert Fraction(found.most_likely_rate) == (Fraction(1, 10) * 10 + Fraction(1, 60) * 990) / 1000
    pooled = stats.beta.ppf(0.95, 3, 68) * (990 * 70) / (60 * 1000)
    assert found.limit_rule == "pooled"
    assert float(found.upper_limit) == pytest.approx(pooled, rel=1e-8)
    assert float(found.strata[1].upper_limit) == pytest.approx(each, rel=1e-8)
    assert [part.deviations for part in found.strata] == ["1", "1"]
    assert found.strata[1].confidence == "39/40"


def reserves(rows: list[tuple[str, int, bool]], total: int) -> DrawnSample:
    items = tuple(
        DrawnItem(id=f"acc-{n}", key=f"acc-{n}", book={"BTC": book}, times=times, certain=certain)
        for n, (book, times, certain) in enumerate(rows)
    )
    return leaves(
        *items, method="monetary-fixed-interval", asset="BTC", total=str(total), interval="100", population="500"
    )


def test_stringers_published_bound() -> None:
    """145 units, 95 %, taints 1, .20000072, .03999931 (Poisson factors by SciPy beside it)."""
    taints = ["1", "0.20000072", "0.03999931"]
    rows = [("100000000", 1, False)] * 145
    extract = "item,BTC\n" + "".join(
        f"acc-{n},{10**8 - int(Fraction(taints[n]) * 10**8) if n < 3 else 10**8}\n" for n in range(145)
    )
    sample = reserves(rows, 13_500_000)
    found = conclude(done(sample, extract)).monetary
    assert found is not None
    factors = [stats.gamma.ppf(0.95, 1 + k) / 145 for k in range(4)]
    wanted = factors[0] + sum((factors[k + 1] - factors[k]) * float(t) for k, t in enumerate(taints))
    assert float(found.upper_bound) == pytest.approx(wanted * 13_500_000, rel=1e-9)
    assert Fraction(found.most_likely) == Fraction(13_500_000) * sum(map(Fraction, taints)) / 145


def test_certain_items_are_never_extrapolated() -> None:
    sample = reserves([("600", 6, True), ("50", 1, False), ("40", 3, False)], 1000)
    executed = done(sample, "item,BTC\nacc-0,500\nacc-1,50\nacc-2,40\n")
    found = conclude(executed).monetary
    assert found is not None
    assert (found.certain_misstatement, found.most_likely, found.units) == ("100", "100", "4")
    assert float(found.upper_bound) == pytest.approx(100 + 400 * stats.gamma.ppf(0.95, 1) / 4, rel=1e-9)
    assert float(found.understatement_bound) == pytest.approx(400 * stats.gamma.ppf(0.95, 1) / 4, rel=1e-9)


def test_over_and_understatements_are_not_netted() -> None:
    sample = reserves([("100", 1, False), ("100", 1, False)], 1000)
    found = conclude(done(sample, "item,BTC\nacc-0,50\nacc-1,150\n")).monetary
    assert found is not None
    assert found.most_likely == "0"
    assert float(found.upper_bound) == float(found.understatement_bound) > 1000 * stats.gamma.ppf(0.95, 1) / 2


def test_a_missing_answer_is_a_total_misstatement() -> None:
    sample = reserves([("100", 1, False), ("100", 1, False)], 1000)
    found = conclude(done(sample, "item,BTC\nacc-0,100\n")).monetary
    assert found is not None
    assert [(item.item, item.taint) for item in found.taints] == [("acc-1", "1")]
    assert found.most_likely == "500"


def test_a_rest_that_no_unit_fell_in_is_bounded_by_itself() -> None:
    found = conclude(done(reserves([("900", 2, True)], 1000), "item,BTC\nacc-0,900\n")).monetary
    assert found is not None
    assert (found.units, found.most_likely, found.upper_bound) == ("0", "0", "100")


@given(
    st.lists(st.tuples(st.integers(1, 99), st.integers(0, 130), st.integers(1, 3)), min_size=1, max_size=8),
    st.integers(100, 10**6),
)
def test_most_likely_against_a_naive_projection(rows: list[tuple[int, int, int]], spare: int) -> None:
    total = sum(book for book, _, _ in rows) + spare
    sample = reserves([(str(book), times, False) for book, _, times in rows], total)
    extract = "item,BTC\n" + "".join(f"acc-{n},{seen}\n" for n, (_, seen, _) in enumerate(rows))
    found = conclude(done(sample, extract)).monetary
    assert found is not None
    units = [Fraction(book - seen, book) for book, seen, times in rows for _ in range(times)]
    assert Fraction(found.most_likely) == total * sum(units) / len(units)


def test_the_document_reads_back() -> None:
    found = conclude(done(reserves([("100", 1, False)], 1000), "item,BTC\nacc-0,50\n"))
    kept = strict_json.parse(strict_json.canonical(conclusion_document(found)), file="x", code="USAGE", max_bytes=10**6)
    assert read_conclusion(kept) == found
