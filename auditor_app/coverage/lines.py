"""The rows of the two tables that answer "do the reserves cover it": assets, and protection funds apart."""

from __future__ import annotations

from dataclasses import dataclass

from auditor_app.amounts import floor_percent


@dataclass(frozen=True, slots=True)
class CoverageLine:
    """One asset, in base units; ``liabilities`` are gross over all ledgers, ``debts`` what customers owe (≥ 0).

    ``liabilities`` is ``None`` when a ledger that holds the asset could not be read to its end.
    """

    asset: str
    decimals: int
    liabilities: int | None
    debts: int
    claimed: int
    observed: int | None

    @property
    def difference(self) -> int | None:
        """Observed less gross liabilities; negative is a shortfall."""
        return None if self.observed is None or self.liabilities is None else self.observed - self.liabilities

    @property
    def rate(self) -> str | None:
        """Observed ÷ gross liabilities in percent, rounded down to four decimals."""
        if self.observed is None or self.liabilities is None:
            return None
        return floor_percent(self.observed, self.liabilities)

    @property
    def net_liabilities(self) -> int | None:
        """Gross liabilities less customers' debts."""
        return None if self.liabilities is None else self.liabilities - self.debts

    @property
    def net_rate(self) -> str | None:
        """The same rate against net liabilities; ``None`` where there are no debts."""
        if self.observed is None or self.net_liabilities is None or not self.debts:
            return None
        return floor_percent(self.observed, self.net_liabilities)


@dataclass(frozen=True, slots=True)
class FundLine:
    """One protection fund account: claimed and observed in base units of ``asset``; target of the whole fund.

    ``kind`` is guardian or insurance, ``custody`` on-chain or ledger; ``target`` is decimal text in ``target_unit``.
    """

    name: str
    kind: str
    custody: str
    account: str
    asset: str
    decimals: int
    claimed: int
    observed: int | None
    target: str
    target_unit: str
    grade: str


@dataclass(frozen=True, slots=True)
class FundPrice:
    """A price with which a fund was valued: what one ``symbol`` costs in ``quote``, who says so, and since when.

    ``source`` is a feed's account with what it was read from, or the issuer's own words; ``grade`` is ``claimed`` for
    the issuer's. ``stale`` prices are more than a day away from the snapshot's instant.
    """

    symbol: str
    quote: str
    price: str
    source: str
    as_of: str
    grade: str
    stale: bool


@dataclass(frozen=True, slots=True)
class FundTotal:
    """One fund against its target, in ``unit`` as exact decimal text; ``met`` is ``None`` where it cannot be valued.

    A value that has no finite decimals (a price crossed over a third unit) is rounded down to eighteen. ``prices``
    are those used.
    """

    name: str
    kind: str
    custody: str
    claimed: str | None
    observed: str | None
    target: str
    unit: str
    rate: str | None
    met: bool | None
    prices: tuple[FundPrice, ...] = ()
