"""Made-up drawn samples for the tests of execution and evaluation."""

from __future__ import annotations

from auditor_app.sampling.answers import Answers, read_extract, read_replies
from auditor_app.sampling.drawn import DrawnItem, DrawnSample
from auditor_app.sampling.execution import Execution, execute
from auditor_app.sampling.tables import read_table


def leaf(index: int, btc: str = "1.5", usdt: str = "0", **more: object) -> DrawnItem:
    return DrawnItem(id=str(index), key=f"user-{index}", ticket=f"0.{index}", book={"BTC": btc, "USDT": usdt}, **more)  # type: ignore[arg-type]


def leaves(
    *items: DrawnItem, population: int = 1000, method: str = "attribute-hypergeometric", **more: object
) -> DrawnSample:
    return DrawnSample(
        kind="leaves",
        method=method,
        commitment="ab" * 32,
        committed_at="2026-11-03T11:00:00Z",
        source="dice",
        randomness="dice:66554433221166554433",
        seed="cd" * 32,
        population=str(population),
        size=str(len(items)),
        confidence="0.95",
        tolerable="0.05",
        expected="0",
        allowed_deviations="0",
        items=items,
        dummy_rejected=True,
        ledger="spot",
        scheme="mexc",
        root="ef" * 16,
        **more,  # type: ignore[arg-type]
    )


def done(sample: DrawnSample, extract: str | None = None, replies: str | None = None, *replaced: object) -> Execution:
    """``sample`` executed with tables given as text."""
    return execute(
        sample,
        Answers(
            None if extract is None else read_extract(read_table(extract.encode(), "extract.csv"), sample),
            None if replies is None else read_replies(read_table(replies.encode(), "replies.csv"), sample),
            tuple(replaced),  # type: ignore[arg-type]
        ),
    )
