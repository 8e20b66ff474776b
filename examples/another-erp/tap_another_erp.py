"""Singer tap for the CSV export of another ERP: its vendors, accounts and bills as canonical records."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from typing_extensions import override

from apbridge.schemas import schema

Row = dict[str, str]


class ExportStream(Stream):
    """One file of the export; of each row one record."""

    file: ClassVar[str]
    kind: ClassVar[str]
    """The word for its records in external ids: bills name their vendor and accounts by it."""
    primary_keys = ("external_id",)

    def __init__(self, tap: Tap) -> None:
        """Open the file of the tap's settings."""
        super().__init__(tap, schema=schema(self.name))

    def rows(self, file: str) -> Iterable[Row]:
        """Read a file of the export."""
        with (Path(self.config["folder"]) / file).open(encoding="utf-8", newline="") as export:
            yield from csv.DictReader(export)

    def record(self, row: Row) -> dict[str, Any]:
        """Make the canonical record of a row."""
        raise NotImplementedError

    @override
    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        since = self.get_starting_replication_key_value(context) or ""
        records = map(self.record, self.rows(self.file))
        # Dates may only grow: of a run that is broken off, the next one goes on from the last that was told.
        for record in sorted(records, key=lambda one: str(one.get("modified_at"))):
            if not self.replication_key or record["modified_at"] >= since:
                yield record

    def named(self, own_id: str) -> dict[str, str]:
        """Return a record's own id, and its name in both systems for ever."""
        return {"id": own_id, "external_id": f"anothererp-{self.config['company']}-{self.kind}-{own_id}"}


class Vendors(ExportStream):
    """Suppliers."""

    name, file, kind = "vendors", "suppliers.csv", "vendor"
    replication_key, is_sorted = "modified_at", True

    @override
    def record(self, row: Row) -> dict[str, Any]:
        return {
            **self.named(row["supplier_no"]),
            "number": row["supplier_no"],
            "name": row["name"],
            "is_person": False,
            "tax_id": row["tax_no"] or None,
            "email": row["email"] or None,
            "subsidiary_ids": [],
            "is_active": not row["inactive"],
            "modified_at": row["changed_utc"].replace(" ", "T") + "Z",
        }


class GLAccounts(ExportStream):
    """Accounts. The export does not say when one was changed, so that all are told in each run."""

    name, file, kind = "gl_accounts", "accounts.csv", "account"

    @override
    def record(self, row: Row) -> dict[str, Any]:
        return {
            **self.named(row["account_no"]),
            "number": row["account_no"],
            "name": row["title"],
            "full_name": row["title"],
            "type": row["type"],
            "subsidiary_ids": [],
            "is_postable": bool(row["posting"]),
            "is_active": True,
        }


class Bills(ExportStream):
    """Bills with their lines. A deleted one stays in the export, marked: AvidXchange must not pay it."""

    name, file, kind = "bills", "bills.csv", "vendorbill"
    replication_key, is_sorted = "modified_at", True

    @override
    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        self._lines: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self.rows("bill_lines.csv"):
            self._lines[row["bill_no"]].append(row)
        yield from super().get_records(context)

    @override
    def record(self, row: Row) -> dict[str, Any]:
        total, unpaid = Decimal(row["total"]), Decimal(row["open"])
        because = "it was deleted" if row["deleted"] else "it is on hold" if row["on_hold"] else None
        return {
            **self.named(row["bill_no"]),
            "number": row["supplier_invoice"],
            "vendor_id": row["supplier_no"],
            "bill_date": row["day"],
            "due_date": row["due"],
            "currency": row["currency"],
            "total": total,
            "amount_due": unpaid,
            "status": "open" if unpaid else "paid",
            "is_eligible": because is None and unpaid > 0,
            "ineligible_because": because or (None if unpaid else "it is paid"),
            "applications": self._applications(row["paid_by"], total - unpaid),
            "purchase_orders": [],
            "lines": [self._line(line) for line in self._lines[row["bill_no"]]],
            "images": [],
            "is_deleted": bool(row["deleted"]),
            "modified_at": row["changed_utc"].replace(" ", "T") + "Z",
        }

    @staticmethod
    def _applications(paid_by: str, amount: Decimal) -> list[dict[str, Any]]:
        """Return what is applied to a bill: `avidxchange-payment-<id>` is known as AvidXchange's own."""
        paid = {"id": paid_by or "unknown", "kind": "payment", "external_id": paid_by or None}
        return [{**paid, "amount": amount}] if amount else []

    @staticmethod
    def _line(row: Row) -> dict[str, Any]:
        return {
            "id": row["line"],
            "kind": "expense",
            "account_id": row["account_no"],
            "account_number": row["account_no"],
            "amount": Decimal(row["amount"]),
            "memo": row["text"] or None,
        }


class TapAnotherERP(Tap):
    """Reads the export."""

    name = "tap-another-erp"
    config_jsonschema = th.PropertiesList(
        th.Property("folder", th.StringType, required=True, description="Where the CSV files are."),
        th.Property(
            "company", th.StringType, default="main", description="Names the company in external ids."
        ),
        th.Property("time_zone", th.StringType, default="UTC", description="Of the times in the export."),
    ).to_dict()

    @override
    def discover_streams(self) -> list[Stream]:
        return [Vendors(self), GLAccounts(self), Bills(self)]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        # The SDK reads in order of names, and would tell bills before the vendors that they name.
        return {one: super(TapAnotherERP, self).streams[one] for one in ("vendors", "gl_accounts", "bills")}


if __name__ == "__main__":
    TapAnotherERP.cli()
