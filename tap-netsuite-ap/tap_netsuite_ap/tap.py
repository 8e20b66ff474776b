"""The tap."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk import typing as th
from typing_extensions import override

from apbridge.declared_settings import NETSUITE_SETTINGS, SPOOL_SETTINGS
from apbridge.origin import Origin
from apbridge.singer import CanonicalTap
from tap_netsuite_ap.approvals import APPROVALS

if TYPE_CHECKING:
    from tap_netsuite_ap.connection import Connection

# What only a run needs is imported where it is used: `--version` and `--about` do without.


class TapNetSuiteAP(CanonicalTap):
    """Vendors, coding, bills and vendor credits of one NetSuite account."""

    name = "tap-netsuite-ap"
    config_jsonschema = th.PropertiesList(
        *NETSUITE_SETTINGS,
        th.Property(
            "start_date",
            th.DateType(),
            description="Bills with an earlier date are not submitted, and not read by a first run.",
        ),
        th.Property(
            "approval_statuses",
            th.ArrayType(th.StringType(allowed_values=[*APPROVALS])),
            description="Approval statuses that may be submitted; `approved` and `open` when left out. "
            "Bills of an account without approvals count as approved.",
        ),
        th.Property(
            "subsidiaries",
            th.ArrayType(th.StringType()),
            description="Internal ids of the subsidiaries whose bills may be submitted; all when left out.",
        ),
        th.Property(
            "vendors",
            th.ArrayType(th.StringType()),
            description="Internal ids of the vendors whose bills may be submitted; all when left out.",
        ),
        th.Property(
            "exclude_vendors",
            th.ArrayType(th.StringType()),
            description="Internal ids of vendors whose bills may not be submitted.",
        ),
        th.Property(
            "checkbox_field",
            th.StringType(),
            description="Script id of a checkbox on bills (`custbody…`); only bills that have it set may be "
            "submitted.",
        ),
        th.Property(
            "bill_filter",
            th.StringType(),
            description="A further SuiteQL condition on bills that may be submitted; `t` is the transaction, "
            "`m` its main line. Example: `t.memo IS NULL OR t.memo NOT LIKE 'Hold%'`.",
        ),
        th.Property(
            "avidxchange_bills",
            th.StringType(),
            description="How bills that came out of AvidXchange itself are told, as a field of bills and its "
            "value: `externalid=AVID*`, `custbody_origin=7`. A `*` at the end stands for whatever follows. "
            "They are not submitted.",
        ),
        th.Property(
            "custom_fields",
            th.ArrayType(th.StringType()),
            description="Script ids of custom fields and segments to read into `custom_fields` of records: "
            "`custbody…` of bills, `custcol…` of their lines, `custentity…` of vendors, `cseg…` of any.",
        ),
        th.Property(
            "currency",
            th.StringType(pattern="^[A-Z]{3}$"),
            description="ISO code of the company's currency, for an account without Multiple Currencies: "
            "NetSuite shows no currency there, and AvidXchange takes no bill without one.",
        ),
        th.Property(
            "overlap_seconds",
            th.IntegerType(minimum=0, maximum=86400, nullable=False),
            default=120,
            description="How late a change may become visible in NetSuite after the time that it bears: so "
            "much of what the last run read is looked at again. Nothing is sent twice by it.",
        ),
        th.Property(
            "sweep_hours",
            th.IntegerType(minimum=0, maximum=168, nullable=False),
            default=1,
            description="How often to compare what is open of every bill, and which vendors there are, with "
            "what was told: in many an account nothing dates an undone payment, an applied prepayment or a "
            "merged vendor. A call for each 1,000 open bills; 0 for each run.",
        ),
        *SPOOL_SETTINGS,
    ).to_dict()

    @cached_property
    def connection(self) -> Connection:
        """What this run's streams share."""
        from tap_netsuite_ap.connection import Connection  # noqa: PLC0415

        return Connection(self.config, self.stop, lambda: self.known_account)

    @override
    def origin(self, before: Origin | None) -> Origin:
        return self.connection.netsuite.settings.origin

    @override
    def found_account(self) -> Mapping[str, Any]:
        return self.connection.found()

    @override
    def calls_made(self) -> int:
        # A page of bills is told when all of its files have come: meanwhile calls are all that moves.
        return self.connection.calls

    @override
    def after_run(self) -> None:
        self.connection.end()

    @override
    def discover_streams(self) -> list[Stream]:
        from tap_netsuite_ap.manifest import manifest  # noqa: PLC0415
        from tap_netsuite_ap.streams import STREAM_CLASSES, NetSuiteStream  # noqa: PLC0415

        return [
            STREAM_CLASSES.get(entry.name, NetSuiteStream)(self, entry, self.connection)
            for entry in manifest().streams
        ]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        # The SDK orders by name, and would emit bills before the vendors and codes that they name.
        from tap_netsuite_ap.manifest import manifest  # noqa: PLC0415

        found = super().streams
        return {entry.name: found[entry.name] for entry in manifest().streams}
