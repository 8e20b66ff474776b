"""N/search over the books: bills and vendor payments, joined to their files. What is not named is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apbridge_sandbox.preferences import DatePreference
from apbridge_sandbox.suiteql.times import instant_of, local_of

MOST_RESULTS = 1000
"""Most results of one range or page (NetSuite: N/search)."""

_TYPES = {"vendorbill": "VendBill", "vendorpayment": "VendPymt"}
_FIELDS = {
    "internalid": "t.id",
    "externalid": "t.externalid",
    "tranid": "t.tranid",
    "mainline": "l.mainline",
    "file.internalid": "f.id",
    "file.name": "f.name",
    "file.filetype": "f.filetype",
    "file.documentsize": "f.filesize",
    "file.modified": "f.lastmodifieddate",
    "file.url": "f.url",
}


_TYPE_NAMES = {
    "PDF": "PDF File",
    "JPGIMAGE": "JPEG Image",
    "PJPGIMAGE": "JPEG Image",
    "PNGIMAGE": "PNG Image",
    "GIFIMAGE": "GIF Image",
    "TIFFIMAGE": "TIFF Image",
    "BMPIMAGE": "Bitmap Image",
    "PLAINTEXT": "Plain Text File",
    "CSV": "CSV File",
}


@dataclass(frozen=True)
class SearchFormat:
    """How a search shows values to this user.

    Attributes:
        dates: Dates and times.
        type_names: Whether a file's type is shown by its name rather than its code.
        rounds_up: Whether a file's size, in whole kilobytes, is rounded up rather than down.
    """

    dates: DatePreference
    type_names: bool
    rounds_up: bool

    def value(self, name: str, value: str | int | None) -> str:
        """Return a column's value as text."""
        if value is None:
            return ""
        if name == "file.modified":
            return self.dates.shown_minute(local_of(str(value)))
        if name == "file.filetype" and self.type_names:
            return _TYPE_NAMES.get(str(value), "Other Binary File")
        if name == "file.documentsize":
            return str((int(value) + 1023 * self.rounds_up) // 1024)
        return str(value)


class SearchError(Exception):
    """A search that is refused: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def search(
    conn: sqlite3.Connection,
    record_type: str,
    filters: Sequence[Any],
    columns: Sequence[str],
    shown: SearchFormat,
    *,
    start: int,
    end: int,
) -> list[dict[str, Any]]:
    """Return a range of a search's results, each value as text.

    Raises:
        SearchError: It asks for what is not modelled, or for too much.
    """
    if not 0 < end - start <= MOST_RESULTS:
        code = "SSS_INVALID_SEARCH_RESULT_INDEX"
        raise SearchError(code, f"A range has 1 to {MOST_RESULTS} results.")
    listed = ", ".join(f'{_field(name)} AS "{name}"' for name in columns)
    sql, values = _from(record_type, filters, columns, shown.dates)
    found = conn.execute(
        f"SELECT t.id AS record{', ' if listed else ''}{listed}{sql} ORDER BY t.id, l.id LIMIT ? OFFSET ?",
        (*values, end - start, start),
    )
    return [
        {"id": str(row["record"]), "values": [shown.value(name, row[name]) for name in columns]}
        for row in found
    ]


def count(
    conn: sqlite3.Connection,
    record_type: str,
    filters: Sequence[Any],
    columns: Sequence[str],
    shown: SearchFormat,
) -> int:
    """Return the number of a search's results.

    Raises:
        SearchError: It asks for what is not modelled.
    """
    sql, values = _from(record_type, filters, columns, shown.dates)
    return int(conn.execute(f"SELECT COUNT(*){sql}", values).fetchone()[0])


def lookup(
    conn: sqlite3.Connection, record_type: str, record_id: str, columns: Sequence[str], shown: SearchFormat
) -> dict[str, Any]:
    """Return fields of one record, as `search.lookupFields` does: nothing where there is no such record.

    Raises:
        SearchError: It asks for what is not modelled.
    """
    filters = [["internalid", "anyof", [record_id]], "and", ["mainline", "is", "T"]]
    found = search(conn, record_type, filters, columns, shown, start=0, end=1)
    if not found:
        return {}
    fields: dict[str, Any] = dict(zip(columns, found[0]["values"], strict=True))
    if "externalid" in fields:
        value = fields["externalid"]
        fields["externalid"] = [{"value": value, "text": value}] if value else []
    return fields


def _from(
    record_type: str, filters: Sequence[Any], columns: Sequence[str], dates: DatePreference
) -> tuple[str, list[Any]]:
    if record_type not in _TYPES:
        raise SearchError("INVALID_SRCH_TYPE", f"{record_type} cannot be searched in the sandbox.")
    # The plus keeps SQLite from going over every record of a type where a file or an id leads to few.
    conditions, values = ["+t.type = ?"], [_TYPES[record_type]]
    joined = ' JOIN ns_transactionline l ON l."transaction" = t.id'
    by_file = False
    for name, operator, value in _listed(filters):
        by_file |= name.startswith("file.")
        sql, more = _condition(_field(name), operator, value, dates)
        conditions.append(sql)
        values += more
    if by_file or any(name.startswith("file.") for name in columns):
        # Every filter on a file asks for one that is there; without a filter the record stands alone.
        side = "" if by_file else " LEFT"
        joined += f'{side} JOIN ns_transactionfile a ON a."transaction" = t.id'
        joined += f"{side} JOIN ns_file f ON f.id = a.file"
    return f" FROM ns_transaction t{joined} WHERE {' AND '.join(conditions)}", values


def _listed(filters: Sequence[Any]) -> list[Sequence[Any]]:
    """Read a filter expression: filters joined by `and`."""
    if filters and isinstance(filters[0], str):
        filters = [filters]
    conditions, words = filters[::2], filters[1::2]
    well_formed = all(isinstance(each, list) and len(each) == 3 for each in conditions)  # noqa: PLR2004
    if not well_formed or any(not isinstance(word, str) or word.lower() != "and" for word in words):
        code = "SSS_INVALID_SRCH_FILTER_EXPR"
        raise SearchError(code, "The filter expression is not one known here.")
    return list(conditions)


def _condition(
    field: str,
    operator: str,
    value: Any,  # noqa: ANN401
    dates: DatePreference,
) -> tuple[str, list[Any]]:
    wanted = value if isinstance(value, list) else [value]
    match operator:
        case "is" if len(wanted) == 1:
            return f"{field} = ?", wanted
        case "anyof" if len(wanted) <= MOST_RESULTS:
            return f"{field} IN ({', '.join('?' * len(wanted))})", wanted
        case "onorafter" if field == _FIELDS["file.modified"] and len(wanted) == 1:
            return f"{field} >= ?", [_midnight(wanted[0], dates)]
        case "noneof" if wanted == ["@NONE@"]:
            return f"{field} IS NOT NULL", []
    code = "SSS_INVALID_SRCH_OPERATOR"
    raise SearchError(code, f"The operator {operator} is not known here.")


def _midnight(day: str, dates: DatePreference) -> str:
    """Read a day in the user's format, and return the instant at which it begins there."""
    try:
        return instant_of(dates.read_day(day))
    except ValueError as error:
        raise SearchError("UNEXPECTED_ERROR", f"{day} is no date.") from error


def _field(name: str) -> str:
    if name not in _FIELDS:
        code = "SSS_INVALID_SRCH_COL"
        raise SearchError(code, f"There is no field {name} in the sandbox.")
    return _FIELDS[name]
