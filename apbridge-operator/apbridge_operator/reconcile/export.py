"""The bridge as a file for a spreadsheet: amounts are numbers, days are days, and no text is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from apbridge.errors import APBridgeError, SettingError
from apbridge.printable import in_a_cell
from apbridge_operator.reconcile.bridge import AGES, BridgeStep
from apbridge_operator.reconcile.difference import ZERO
from apbridge_operator.reconcile.result import Reconciliation

Cell = str | int | Decimal | date


class Page(NamedTuple):
    """One table of the file."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def write(result: Reconciliation, file: Path) -> None:
    """Write the bridge: as CSV its lines and bills in one table, as XLSX beside them the aging.

    Raises:
        SettingError: The file's name ends neither in `.csv` nor in `.xlsx`.
        APBridgeError: It cannot be written.
    """
    made = _KINDS.get(file.suffix.lower())
    if made is None:
        raise SettingError("APB-REC-080", file=file)
    try:
        file.write_bytes(made(result))
    except OSError as failure:
        raise APBridgeError("APB-CLI-004", file=file, problem=failure.strerror or failure) from failure


def _csv(result: Reconciliation) -> bytes:
    told = io.StringIO()
    written = csv.writer(told, lineterminator="\n")
    page = _lines(result)
    written.writerow(page.columns)
    for row in page.rows:
        written.writerow(in_a_cell(one) if isinstance(one, str) else _plain(one) for one in row)
    # Without the mark, Excel takes the file for another encoding.
    return told.getvalue().encode("utf-8-sig")


def _xlsx(result: Reconciliation) -> bytes:
    # Few want it, and all would wait for it.
    from xlsxwriter import Workbook  # noqa: PLC0415

    kept = io.BytesIO()
    with Workbook(kept, {"in_memory": True}) as book:
        head = book.add_format({"bold": True})
        kinds = {
            Decimal: book.add_format({"num_format": "#,##0.00"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for page in (_lines(result), _aging(result)):
            sheet = book.add_worksheet(page.title)
            sheet.freeze_panes(1, 0)
            for column, title in enumerate(page.columns):
                sheet.write_string(0, column, title, head)
                sheet.set_column(column, column, 18)
            for nth, row in enumerate(page.rows, 1):
                for column, one in enumerate(row):
                    if isinstance(one, str):
                        sheet.write_string(nth, column, one)
                    elif isinstance(one, date):
                        sheet.write_datetime(nth, column, datetime(one.year, one.month, one.day), kinds[date])  # noqa: DTZ001
                    else:
                        sheet.write_number(nth, column, one, kinds.get(type(one)))
    return kept.getvalue()


_KINDS: Mapping[str, Callable[[Reconciliation], bytes]] = {".csv": _csv, ".xlsx": _xlsx}


def _lines(result: Reconciliation) -> Page:
    columns = (
        "as of", "subsidiary", "currency", "step", "bill", "external id", "vendor", "in the ledger",
        "unpaid in AvidXchange", "adds",
    )  # fmt: skip
    return Page("Bridge", columns, [*_bridge(result)])


def _bridge(result: Reconciliation) -> Iterator[Sequence[Cell]]:
    bridge, day = result.bridge, _day(result)
    for subsidiary, currency in bridge.places:
        place = (subsidiary, currency)
        start, end = bridge.starts.get(place, ZERO), bridge.ends.get(place, ZERO)
        yield (day, *place, "Open on bills in NetSuite's ledger", "", "", "", start, ZERO, start)
        for step in BridgeStep:
            for one in bridge.of_step(step):
                if (one.subsidiary, one.currency) == place:
                    about = (step.words, one.number, one.external_id, one.vendor)
                    yield (day, *place, *about, one.netsuite, one.avidxchange, one.amount)
        yield (day, *place, "Unpaid in AvidXchange", "", "", "", ZERO, end, end)


def _aging(result: Reconciliation) -> Page:
    columns = ("as of", "vendor", "subsidiary", "currency", *AGES, "total")
    rows: list[Sequence[Cell]] = [
        (_day(result), *about, *amounts, sum(amounts, ZERO))
        for about, amounts in sorted(result.bridge.aging.items())
    ]
    return Page("Aging", columns, rows)


def _day(result: Reconciliation) -> date:
    return result.as_of or datetime.now(timezone.utc).date()


def _plain(one: int | Decimal | date) -> str:
    return f"{one:.2f}" if isinstance(one, Decimal) else str(one)
