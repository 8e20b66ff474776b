"""The CSV that proposes pairs, and in which a person decides."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from apbridge.declared_file import MalformedFileError, UnreadableFileError, from_csv, text_of
from apbridge.errors import SettingError
from apbridge.printable import from_a_cell, in_a_cell
from apbridge_operator.matching.pairing import Grade, ProposedPair

LINK, NEW = "link", "new"
"""What a person may decide: they are one, or the record of NetSuite is none of those that are there."""

_COLUMNS = (
    "decision",
    "grade",
    "stream",
    "name",
    "avidxchange_name",
    "because",
    "address",
    "avidxchange_address",
    "code",
    "avidxchange_code",
    "tax_id",
    "avidxchange_tax_id",
    "external_id",
    "avidxchange_id",
    "avidxchange_external_id",
)


_NEEDED = ("decision", "stream", "external_id", "avidxchange_id")
_NAMES = ("name", "avidxchange_name")


class DecidedRow(NamedTuple):
    """A row in which somebody has decided.

    Args:
        line: Where it stands.
        decision: `link` or `new`.
        stream: Of the record.
        external_id: Of the record in NetSuite.
        remote_id: AvidXchange's own id of the record that it is; empty for a new one.
        name: In NetSuite, as the sheet shows it.
        remote_name: In AvidXchange, as the sheet shows it: it tells an id that a spreadsheet has changed.
    """

    line: int
    decision: str
    stream: str
    external_id: str
    remote_id: str
    name: str = ""
    remote_name: str = ""


def written(pairs: Iterable[tuple[str, ProposedPair]]) -> str:
    """Write pairs as CSV, each with its stream; what is sure is decided, unless somebody undoes it."""
    told = StringIO()
    sheet = csv.DictWriter(told, _COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL)
    sheet.writeheader()
    for stream, pair in pairs:
        here, there = pair.here, pair.there
        cells = {
            "decision": LINK if pair.grade is Grade.SURE else "",
            "grade": pair.grade.value,
            "stream": stream,
            "name": here.name,
            "because": "; ".join(pair.because),
            "address": here.address_shown,
            "code": here.code,
            "tax_id": here.tax_shown,
            "external_id": here.id,
        }
        if there:
            cells |= {
                "avidxchange_name": there.name,
                "avidxchange_address": there.address_shown,
                "avidxchange_code": there.code,
                "avidxchange_tax_id": there.tax_shown,
                "avidxchange_id": there.id,
                "avidxchange_external_id": there.external_id,
            }
        sheet.writerow({name: in_a_cell(value) for name, value in cells.items()})
    return told.getvalue()


def decided(file: Path, command: str) -> list[DecidedRow]:
    """Read what somebody has decided.

    Args:
        file: The CSV.
        command: Which command writes it, for errors.

    Raises:
        SettingError: It cannot be read, or a row says what cannot be; it says in which line.
    """
    try:
        declared = from_csv(text_of(file), needs=_NEEDED)
    except UnreadableFileError as failure:
        raise SettingError("APB-VND-020", file=file, problem=failure, command=command) from failure
    except MalformedFileError as failure:
        raise wrong(file, failure.line, failure.says, command) from failure
    rows: list[DecidedRow] = []
    seen: dict[tuple[str, str, str], int] = {}
    for place, values in enumerate(declared.value or ()):
        line = declared.line((place,))
        decision = str(values.get("decision", "")).strip().lower()
        if not decision:
            continue
        stream, name, own, *names = (from_a_cell(values.get(each, "")) for each in (*_NEEDED[1:], *_NAMES))
        if decision not in {LINK, NEW}:
            raise wrong(file, line, f"decision is {decision}, and not {LINK}, {NEW} or nothing", command)
        if not stream or not name:
            raise wrong(file, line, "stream or external_id is missing", command)
        if decision == LINK and not own:
            raise wrong(file, line, "avidxchange_id is missing", command)
        own = own if decision == LINK else ""
        for key in (("here", stream, name), ("there", stream, own)):
            if key[2] and (earlier := seen.setdefault(key, line)) != line:
                raise wrong(file, line, f"{key[2]} is decided in line {earlier} already", command)
        rows.append(DecidedRow(line, decision, stream, name, own, *names))
    return rows


def wrong(file: Path, line: int, problem: object, command: str) -> SettingError:
    """Return what is wrong with a row."""
    return SettingError("APB-VND-021", file=file, line=line, problem=problem, command=command)
