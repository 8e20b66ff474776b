"""The bridge in a spreadsheet, read as a spreadsheet reads it."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest

from apbridge.errors import APBridgeError, SettingError
from apbridge_operator.reconcile import Reconciliation
from apbridge_operator.reconcile.bridge import Bridge, BridgeRow, BridgeStep
from apbridge_operator.reconcile.export import write

PLACE = ("Parent", "USD")
VENDOR = '=HYPERLINK("http://x.invalid","Acme")'
XML = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@pytest.fixture
def result() -> Reconciliation:
    bridge = Bridge({PLACE: Decimal("100.10")}, {PLACE: Decimal("70.05")})
    bridge.rows.append(BridgeRow(BridgeStep.HELD, "b-1", "007", VENDOR, *PLACE, Decimal("30.05"), Decimal(0)))
    bridge.aging[VENDOR, "Parent", "USD"] = [Decimal("100.10"), *[Decimal(0)] * 4]
    return Reconciliation(date(2026, 11, 30), bridge=bridge)


def test_a_csv_file_holds_numbers_and_no_formula(result: Reconciliation, tmp_path: Path):
    file = tmp_path / "out.csv"
    write(result, file)
    head, start, held, end = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
    assert dict(zip(head, held, strict=True)) == {
        "as of": "2026-11-30",
        "subsidiary": "Parent",
        "currency": "USD",
        "step": "on payment hold",
        "bill": "007",
        "external id": "b-1",
        "vendor": f"'{VENDOR}",
        "in the ledger": "30.05",
        "unpaid in AvidXchange": "0.00",
        "adds": "-30.05",
    }
    assert [start[-1], end[-1]] == ["100.10", "70.05"]


def test_an_xlsx_file_holds_numbers_days_and_no_formula(result: Reconciliation, tmp_path: Path):
    file = tmp_path / "out.XLSX"
    write(result, file)
    with ZipFile(file) as parts:
        texts = [
            "".join(one.itertext()) for one in parts_of(parts, "xl/sharedStrings.xml").findall("x:si", XML)
        ]
        sheet = parts_of(parts, "xl/worksheets/sheet1.xml")
        styles = parts_of(parts, "xl/styles.xml")
        aging = parts_of(parts, "xl/worksheets/sheet2.xml")
    assert sheet.findall(".//x:f", XML) == aging.findall(".//x:f", XML) == []
    formats = {one.get("numFmtId"): one.get("formatCode") for one in styles.findall(".//x:numFmt", XML)}
    used = [one.get("numFmtId") for one in styles.findall("x:cellXfs/x:xf", XML)]

    def read(cell: Any) -> tuple[str, str | None]:  # noqa: ANN401
        value = cell.findtext("x:v", namespaces=XML)
        if cell.get("t") == "s":
            return texts[int(value)], None
        kind = used[int(cell.get("s", 0))]
        return value, formats.get(kind, kind)

    held = [read(cell) for cell in sheet.findall(".//x:row", XML)[2]]
    # Days count from 1899-12-30.
    assert held[0] == (str((date(2026, 11, 30) - date(1899, 12, 30)).days), "yyyy-mm-dd")
    assert held[4] == ("007", None)
    assert held[6] == (VENDOR, None)
    assert held[7:] == [("30.05", "#,##0.00"), ("0", "#,##0.00"), ("-30.05", "#,##0.00")]
    aged = [read(cell)[0] for cell in aging.findall(".//x:row", XML)[1]]
    assert Decimal(aged[-1]) == Decimal("100.10")


def parts_of(parts: ZipFile, name: str) -> ET.Element:
    return ET.fromstring(parts.read(name))  # noqa: S314 - written a moment ago


def test_another_kind_of_file_is_refused_and_so_is_a_folder_that_is_not_there(
    result: Reconciliation, tmp_path: Path
):
    with pytest.raises(SettingError, match="APB-REC-080"):
        write(result, tmp_path / "out.xls")
    with pytest.raises(APBridgeError, match="APB-CLI-004"):
        write(result, tmp_path / "nowhere" / "out.csv")
