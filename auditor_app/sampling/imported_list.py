"""A list of items that did not come from the ledger, as an auditor imports it to draw from."""

from __future__ import annotations

from dataclasses import dataclass

from auditor_app.amounts import Amount
from auditor_app.operation import CancelToken
from auditor_app.sampling.tables import ImportedTable, Line, amount, identifier, patient, refuse_twice, require_columns


@dataclass(frozen=True, slots=True)
class ListedItem:
    """One row: its own id, the key to look up in the ledger, and an amount in units of ``asset`` where one is given."""

    id: str
    key: str
    asset: str = ""
    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class ListPopulation:
    """An imported list, every id once."""

    name: str
    sha256: str
    items: tuple[ListedItem, ...]

    @property
    def has_amounts(self) -> bool:
        """Whether every row gives an asset and an amount."""
        return all(item.amount is not None for item in self.items)


def read_list(table: ImportedTable, token: CancelToken | None = None) -> ListPopulation:
    """The columns ``id`` and ``key``, and where amounts are known ``asset`` and ``amount``.

    :class:`SamplingError` ``SAMPLE.TABLE`` for another column, an id that stands twice or a cell outside its grammar.
    """
    require_columns(table, ("id", "key"), ("asset", "amount"), what="a list to draw from")
    amounts = "amount" in table.header
    if amounts != ("asset" in table.header):
        require_columns(table, ("id", "key", "asset", "amount"), (), what="a list to draw from")
    seen: dict[str, Line] = {}
    items = []
    for line in patient(table.lines, token):
        item_id = identifier(table, line, "id")
        if item_id in seen:
            raise refuse_twice(table, line, "id", seen[item_id], item_id)
        seen[item_id] = line
        value = amount(table, line, "amount") if amounts else None
        asset = identifier(table, line, "asset") if value is not None else ""
        items.append(ListedItem(item_id, identifier(table, line, "key"), asset, value))
    return ListPopulation(table.name, table.sha256, tuple(items))
