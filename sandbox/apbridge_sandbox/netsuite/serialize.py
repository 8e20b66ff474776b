"""Writing a record as GET answers it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from apbridge_sandbox.money import amount
from apbridge_sandbox.netsuite.record_types import (
    ReadFieldKind,
    RecordField,
    RecordType,
    Sublist,
    record_types,
)
from apbridge_sandbox.suiteql import AccountView


def show(
    conn: sqlite3.Connection,
    kind: RecordType,
    record_id: int,
    account: AccountView,
    url: str,
    *,
    expanded: bool,
) -> dict[str, Any]:
    """Write a record.

    Args:
        conn: The books.
        kind: Its type.
        record_id: Internal id of a row that is there.
        account: What account and role have.
        url: Of the record; what it refers to lies beside it.
        expanded: Whether the lines of its sublists are written too.
    """
    fields = kind.fields_of(kind.name, account)
    row = conn.execute(f"{_selected(kind.base, fields)} WHERE t.id = ?", (record_id,)).fetchone()
    records = url.rsplit("/", 2)[0]
    shown: dict[str, Any] = {"links": [_link(url)], "id": str(record_id)}
    shown |= _values(conn, row, fields, records)
    for name in kind.sublists_of(account):
        place = f"{url}/{name}"
        shown[name] = {"links": [_link(place)]}
        if expanded:
            items = lines(conn, kind, name, record_id, account, place)
            shown[name] |= {"items": items, "totalResults": len(items)}
    return shown


def lines(  # noqa: PLR0917 - the sublist, who sees it, where it lies
    conn: sqlite3.Connection, kind: RecordType, name: str, record_id: int, account: AccountView, url: str
) -> list[dict[str, Any]]:
    """Write the lines of a record's sublist, which lies at that URL."""
    sublist, records = kind.sublists[name], url.rsplit("/", 3)[0]
    fields = sublist.fields_of(kind.name, account)
    return [
        {"links": [_link(f"{url}/{line['$key']}")], **_values(conn, line, fields, records)}
        for line in _lines(conn, sublist, fields, record_id)
    ]


def _lines(
    conn: sqlite3.Connection, sublist: Sublist, fields: Mapping[str, RecordField], record_id: int
) -> list[sqlite3.Row]:
    query = (
        f"{_selected(sublist.base, fields, sublist.key)}"
        f' WHERE "{sublist.parent}" = ? AND {sublist.where} ORDER BY t.{sublist.key}'
    )
    return conn.execute(query, (record_id,)).fetchall()


def _selected(base: str, fields: Mapping[str, RecordField], key: str = "id") -> str:
    columns = "".join(f', {field.sql.replace("{t}", "t")} AS "{name}"' for name, field in fields.items())
    return f'SELECT t.{key} AS "$key"{columns} FROM {base} t'  # noqa: S608 - out of record_types.yaml


def _values(
    conn: sqlite3.Connection, row: sqlite3.Row, fields: Mapping[str, RecordField], records: str
) -> dict[str, Any]:
    """Write the fields of a row that have a value."""
    written = {}
    for name, field in fields.items():
        value = row[name]
        if value is not None and value != "":
            written[name] = _value(conn, value, field, records)
    return written


def _value(conn: sqlite3.Connection, value: Any, field: RecordField, records: str) -> Any:  # noqa: ANN401
    match field.kind:
        case ReadFieldKind.FLAG:
            return value == "T"
        case ReadFieldKind.MONEY:
            return amount(value)
        case ReadFieldKind.REFERENCE:
            return _reference(conn, value, field, records)
        case ReadFieldKind.CHOICE:
            word = field.display.words.get(value, str(value))
            return {"id": str(value).rpartition(":")[2], "refName": word.rpartition(" : ")[2]}
        case _:
            return value


def _reference(conn: sqlite3.Connection, value: int, field: RecordField, records: str) -> dict[str, Any]:
    display = field.display
    name = conn.execute(
        f"SELECT {display.name} FROM {display.base} WHERE {display.key} = ?",  # noqa: S608
        (value,),
    ).fetchone()
    links = [_link(f"{records}/{field.shows}/{value}")] if field.shows in record_types() else []
    return {"links": links, "id": str(value), "refName": name[0] if name else ""}


def _link(url: str) -> dict[str, str]:
    return {"rel": "self", "href": url}
