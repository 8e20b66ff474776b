"""What the company wrote into its custom fields.

It is drawn apart from everything else, so that a field more changes nothing else of the company.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from random import Random

from apbridge_sandbox.clock import COMPANY_ZONE, OPENING
from apbridge_sandbox.company.masters import FOUNDED
from apbridge_sandbox.company.random import chance
from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.custom import CustomField, CustomKind, Drawn, custom, first_values

_OPENING_DAY = OPENING.astimezone(COMPANY_ZONE).date()

_ROWS = {
    "transaction": "SELECT id FROM ns_transaction WHERE type = 'VendBill' ORDER BY id",
    "transactionline": "SELECT l.uniquekey FROM ns_transactionline l"
    ' JOIN ns_transaction t ON t.id = l."transaction"'
    " WHERE t.type = 'VendBill' AND l.mainline = 'F' ORDER BY l.uniquekey",
    "vendor": "SELECT id FROM ns_vendor ORDER BY id",
}
"""The rows that have custom fields, by base table: their keys."""


def write_list_values(batch: RowBuffer) -> None:
    """Write the values of custom lists and segments."""
    for value in first_values():
        batch.add(
            "ns_customvalue",
            id=value.id,
            list=value.list,
            name=value.name,
            created=FOUNDED,
            lastmodified=FOUNDED,
        )


def fill_custom_fields(conn: sqlite3.Connection, seed: int) -> None:
    """Fill the custom fields of every row that has some."""
    for table, query in _ROWS.items():
        rng = Random(f"{seed} custom {table}")  # noqa: S311 - it must repeat, not be secret
        fields = {name: field for name, field in custom().fields[table].items() if field.drawn}
        choices = {name: _ids(field) for name, field in fields.items()}
        filled = []
        for (key,) in conn.execute(query).fetchall():
            values = {}
            for name, field in fields.items():
                if field.drawn and chance(rng, field.drawn.share):
                    values[name] = _drawn(rng, field.kind, field.drawn, choices[name])
            filled.append((json.dumps(values), key))
        column = "uniquekey" if table == "transactionline" else "id"
        conn.executemany(f"UPDATE ns_{table} SET custom = ? WHERE {column} = ?", filled)  # noqa: S608


def _ids(field: CustomField) -> list[int]:
    return [value.id for value in first_values() if value.list == field.values_of]


def _drawn(rng: Random, kind: CustomKind, drawn: Drawn, choices: list[int]) -> str | int:
    match kind:
        case CustomKind.FLAG:
            return "T" if chance(rng, drawn.likely) else "F"
        case CustomKind.LIST:
            return rng.choice(choices)
        case CustomKind.TEXT:
            return drawn.shape.format(rng.randint(drawn.least, drawn.most))
        case CustomKind.DATE:
            return (_OPENING_DAY - timedelta(days=rng.randint(drawn.least, drawn.most))).isoformat()
        case _:
            return rng.randint(drawn.least, drawn.most)
