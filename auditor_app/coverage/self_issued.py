"""Reserve assets that the exchange issued itself, by the auditor's own list.

Who issued a token is not in any file: the auditor names the symbols. Coverage never lets one asset cover another, so
such an asset can only ever stand against liabilities in itself; what is found here is that it is shown as a reserve.
"""

from __future__ import annotations

from collections.abc import Collection

from auditor_app.amounts import Amount
from auditor_app.coverage.lines import CoverageLine
from auditor_app.errors import UsageError
from auditor_app.findings import Finding, finding
from auditor_app.snapshot.statement import SnapshotPredicate


def self_issued_findings(
    predicate: SnapshotPredicate, lines: Collection[CoverageLine], named: Collection[str]
) -> list[Finding]:
    """ASSET.SELF_ISSUED for each asset in ``named`` that is claimed as a reserve; ``UsageError`` for an unknown symbol."""
    known = [asset.symbol for asset in predicate.assets]
    for symbol in named:
        if symbol not in known:
            raise UsageError(
                "USAGE",
                f"the snapshot has no asset {symbol[:64]!r}",
                expected=", ".join(known) or "no asset at all",
                action="Name the asset as the snapshot writes it.",
            )
    return [
        finding(
            "ASSET.SELF_ISSUED",
            procedure="coverage",
            subject=f"asset {line.asset}",
            message=f"The exchange itself issued {line.asset}, which is claimed as a reserve: "
            "it can be made at will and stands for no other asset.",
            expected=f"no {line.asset} among the reserves",
            observed=f"{Amount(max(line.claimed, line.observed or 0), line.decimals).fixed()} {line.asset}",
        )
        for line in lines
        if line.asset in named and (line.claimed or line.observed)
    ]
