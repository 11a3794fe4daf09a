"""What the reserves rest on: stacked bars from zero to 100 %, readable without colour, exact amounts beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor_app.amounts import Amount
from auditor_app.chain.observed import BlockOrigin
from auditor_app.chain.ownership.model import (
    Binds,
    Freshness,
    Outcome,
    OwnershipLine,
    OwnershipResult,
    OwnershipRow,
    ValueShare,
)
from auditor_app.coverage.shares import ValueParts
from auditor_app.engagement.record import Audit
from auditor_app.report.charts import control_charts, grade_charts, report_charts
from auditor_app.report.document import Report
from auditor_app.report.figures import PRINT_PALETTE, svg
from auditor_app.report.redaction import redacted
from auditor_app.report.sections.blocks_named import block_origin
from auditor_app.report.share_figures import CONTROL_SCALE, GRADE_SCALE, rest_text, share_alternative, share_figure
from tests.unit.report import factory
from tests.unit.report.conftest import build
from tests.unit.report.reading import squeezed, text_of

ETH = ValueParts("ETH", (Amount(1), Amount(0), Amount(2), Amount(0), Amount(1)))
NONE = ValueParts("$x^2$", (Amount(0),) * 5)
CHAIN = "eip155:1"


def with_control() -> Audit:
    """Every reserve address but the first has a fresh proof."""
    audit = factory.audit()
    lines = tuple(
        OwnershipLine(
            OwnershipRow(item.address.asset, item.address.account, item.address.account.rpartition(":")[2], None, "m", ()),
            "evm", item.address.account, "eip191", "EIP-191", Outcome.VALID if at else Outcome.UNSIGNED,
            Binds.ADDRESS, Freshness.FRESH, "", typo_risk=False, note="",
        )
        for at, item in enumerate(audit.addresses)
    )  # fmt: skip
    shares = (ValueShare("ETH", 1, Amount(43_000), Amount(0), Amount(0), Amount(0), Amount(43_000)),)
    return replace(audit, ownership=OwnershipResult(lines, shares, None, None, (), ()))


@pytest.fixture(scope="module")
def controlled() -> Report:
    return build(with_control())


def test_bars_start_at_zero_and_end_at_a_hundred() -> None:
    axes = share_figure([ETH], GRADE_SCALE, PRINT_PALETTE).axes[0]
    assert axes.get_xlim() == (0, 100)
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars == [(0, 25), (25, 50), (75, 25)]


def test_parts_are_told_apart_without_colour() -> None:
    every = ValueParts("ETH", (Amount(1),) * 5)
    axes = share_figure([every], GRADE_SCALE, PRINT_PALETTE).axes[0]
    assert len({bar.get_hatch() or "" for bar in axes.patches}) == 5
    assert len({kind.hatch for kind in CONTROL_SCALE.kinds}) == 4


def test_every_part_is_named_in_the_legend_and_markup_is_literal() -> None:
    figure = share_figure([ETH, NONE], GRADE_SCALE, PRINT_PALETTE)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [kind.word for kind in GRADE_SCALE.kinds]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["ETH", "25.0000 % claimed only", "$x^2$", "no value"]


def test_the_drawing_is_the_same_bytes_each_time() -> None:
    assert len({svg(share_figure([ETH], GRADE_SCALE, PRINT_PALETTE)) for _ in range(2)}) == 1


def test_the_alternative_text_says_what_the_bars_say() -> None:
    assert share_alternative([ETH, NONE], GRADE_SCALE) == (
        "Stacked bars, share of each asset's reserves by grade of evidence: ETH 25.0000 percent proven, 50.0000 percent "
        "two sources, 25.0000 percent claimed only; $x^2$ no value."
    )
    assert rest_text(ValueParts("A", (Amount(3), Amount(0), Amount(0), Amount(1, 1))), CONTROL_SCALE) == (
        "3.2258 % no valid proof"
    )


def test_fifty_assets_are_split_into_pages_and_a_run_without_addresses_has_none() -> None:
    charts = grade_charts(factory.large())
    assert sum(len(chart.lines) for chart in charts) == 50
    assert all(len(chart.lines) <= 18 for chart in charts)
    assert len({chart.file for chart in report_charts(factory.large())}) == len(report_charts(factory.large()))
    empty = replace(factory.audit(), addresses=())
    assert (grade_charts(empty), control_charts(empty)) == ((), ())


def test_shares_stand_on_the_page_with_exact_amounts(small: Report, controlled: Report) -> None:
    text = squeezed(text_of(small.pdf))
    assert squeezed("Grade of evidence") in text
    assert squeezed("The snapshot holds no proofs of control: of no asset") in text
    assert squeezed("No valid proof") not in text, "bars that all say the same tell nothing"
    assert squeezed("319 999 999") in text  # observed, not the claimed 320 000 000
    text = squeezed(text_of(controlled.pdf))
    assert squeezed("No valid proof") in text
    assert squeezed("100.0000 %") in text


def test_each_address_has_its_proof_of_control_beside_it(controlled: Report) -> None:
    text = text_of(controlled.pdf)
    appendix = text[text.rindex("Appendix A") : text.rindex("Appendix B")]
    assert appendix.count("Fresh") == 3
    assert appendix.count("No proof") == 1


def test_a_proof_that_was_not_decided_is_not_called_none() -> None:
    audit = with_control()
    assert audit.ownership is not None
    first, *others = audit.ownership.lines
    needs = replace(first, note="EIP-1271 needs the contract's code and state at the block")
    text = text_of(build(replace(audit, ownership=replace(audit.ownership, lines=(needs, *others)))).pdf)
    addresses, control = text[text.rindex("Appendix A") : text.rindex("Appendix B")], text[text.rindex("Appendix B") :]
    assert (addresses.count("Not decided"), addresses.count("No proof")) == (1, 0)
    assert control.count("Not decided") == 1


def test_the_redacted_version_keeps_each_address_to_its_own_proof() -> None:
    masked = redacted(with_control(), None).audit
    text = text_of(build(masked).pdf)
    appendix = text[text.rindex("Appendix A") : text.rindex("Appendix B")]
    assert (appendix.count("Fresh"), appendix.count("No proof")) == (3, 1)


def test_networks_have_names_and_what_their_evidence_cannot_show(small: Report) -> None:
    text = squeezed(text_of(small.pdf))
    assert squeezed("Bitcoin bip122:000000000019d6689c085ae165831e93") in text
    assert squeezed("a later spend that a server withheld cannot be seen") in text
    assert squeezed("no state proofs in the evidence") not in text
    tron = replace(factory.addresses()[0].address, account="tron:0x2b6653dc:TJRabPrwbZy45sbavfcjinPJC18kjpRTv8")
    audit = factory.audit()
    other = replace(audit, addresses=(*audit.addresses, replace(audit.addresses[0], address=tron)))
    assert squeezed("Tron Balances apart from the endpoints") in squeezed(text_of(build(other).pdf))


@pytest.mark.parametrize(
    ("origin", "typed", "words"),
    [
        (None, None, "no evidence of this network"),
        (BlockOrigin(CHAIN, "1", "0x", "snapshot", ""), None, "Named by the issuer"),
        (BlockOrigin(CHAIN, "1", "0x", "one-endpoint", ""), None, "one endpoint"),
        (BlockOrigin(CHAIN, "1", "0x", "two-endpoints", ""), None, "no pinned auditor"),
        (BlockOrigin(CHAIN, "1", "0x", "two-endpoints", "given by two endpoints of the auditor"), None, "on different hosts"),
        (BlockOrigin(CHAIN, "1", "0x", "", ""), None, "Nobody is named"),
        (None, "0x" + factory.digest("block"), "Typed by the auditor, and compared"),
        (None, "ab" * 32, "who typed another hash"),
    ],
)  # fmt: skip
def test_where_each_block_hash_came_from_is_said(origin: BlockOrigin | None, typed: str | None, words: str) -> None:
    audit = factory.audit()
    assert audit.evidence is not None
    evidence = replace(audit.evidence, blocks=() if origin is None else (origin,))
    request = replace(audit.request, blocks=() if typed is None else ((CHAIN, typed),))
    assert words in block_origin(replace(audit, evidence=evidence, request=request), CHAIN)
