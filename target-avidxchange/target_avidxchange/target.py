"""The target: its settings and its sinks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th
from typing_extensions import override

from apbridge.errors import APBridgeError
from apbridge.origin import Origin
from apbridge.settings import (
    AVIDXCHANGE_SETTINGS,
    BRAKE_SETTINGS,
    LEDGER_SETTINGS,
    LINK_SETTINGS,
    MAPPING_SETTINGS,
    SPOOL_SETTINGS,
    spool_of,
)
from apbridge.singer import AcknowledgingTarget

if TYPE_CHECKING:
    from target_avidxchange.shared import Shared
    from target_avidxchange.sinks import AvidXchangeSink

_BILLS = "bills"
_MAPPING = "mapping that all bills were sent by"

# What only a run needs is imported where it is used: `--version` and `--about` do without.


class TargetAvidXchange(AcknowledgingTarget):
    """Submits vendors, coding, bills and credits to AvidXchange, each once, and after what it refers to."""

    name = "target-avidxchange"
    package_name = "target-avidxchange"
    system = "avidxchange"
    workers_a_call = 2
    config_jsonschema = th.PropertiesList(
        *AVIDXCHANGE_SETTINGS,
        *MAPPING_SETTINGS,
        *LINK_SETTINGS,
        *BRAKE_SETTINGS,
        *SPOOL_SETTINGS,
        th.Property(
            "on_void_in_netsuite",
            th.StringType(nullable=False, allowed_values=["report", "stop"]),
            default="report",
            description="What to do when a vendor payment of ours is voided or deleted in NetSuite: `report` "
            "that its bills are open again, or have AvidXchange `stop` the payment too, where that is safe. "
            "A stop is not undone. It needs the stream `vendor_payments` and the profile's `payment.stop`.",
        ),
        *LEDGER_SETTINGS,
    ).to_dict()

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401
        """Make the target; see the SDK's `Target` for the arguments.

        Raises:
            SettingError: A setting is wrong; it says which.
        """
        from apbridge.avidxchange import AvidXchange, AvidXchangeSettings  # noqa: PLC0415
        from apbridge.links import Links  # noqa: PLC0415
        from apbridge.mapping import Coding  # noqa: PLC0415

        super().__init__(**arguments)
        self.client = AvidXchange(AvidXchangeSettings.from_config(self.config))
        self._coding = Coding.from_config(self.config)
        self._links = Links.from_config(self.config)

    @cached_property
    @override
    def sink_classes(self) -> Mapping[str, type[AvidXchangeSink]]:
        from target_avidxchange import sinks  # noqa: PLC0415
        from target_avidxchange.bills import BillSink  # noqa: PLC0415
        from target_avidxchange.purchase_orders import PurchaseOrderSink  # noqa: PLC0415
        from target_avidxchange.stops import VendorPaymentSink  # noqa: PLC0415
        from target_avidxchange.vendor_credits import VendorCreditSink  # noqa: PLC0415
        from target_avidxchange.vendors import VendorSink  # noqa: PLC0415

        return {
            "vendors": VendorSink,
            "gl_accounts": sinks.GLAccountSink,
            "departments": sinks.DepartmentSink,
            "classes": sinks.ClassSink,
            "locations": sinks.LocationSink,
            _BILLS: BillSink,
            "purchase_orders": PurchaseOrderSink,
            "vendor_payments": VendorPaymentSink,
            "vendor_credits": VendorCreditSink,
        }

    @override
    def make_sink(self, stream: str) -> AvidXchangeSink:
        return self.sink_classes[stream](self, stream, self.context, self._shared)

    @cached_property
    def _shared(self) -> Shared:
        from target_avidxchange.codes import Codes  # noqa: PLC0415
        from target_avidxchange.remote import RemoteIndexes, RemoteList  # noqa: PLC0415
        from target_avidxchange.shared import Shared  # noqa: PLC0415

        resources = {
            stream: RemoteList(sink.resource, sink.dimension) for stream, sink in self.sink_classes.items()
        }
        remote_indexes = RemoteIndexes(self.client, resources, lambda: self.ledger.known().seq)
        codes = Codes(self.context, self.client, self._coding, remote_indexes)
        return Shared(
            self.client,
            self._coding,
            remote_indexes,
            codes,
            spool_of(self.config),
            self._links,
            holds_vendors=self.config.get("vendors") == "hold",
        )

    @override
    def origin(self, before: Origin | None) -> Origin:
        return self.client.origin(before)

    @override
    def preflight(self) -> None:
        if not self.client.is_checked:
            self.client.check()

    @override
    def to_read_anew(self) -> frozenset[str]:
        """Name the bills where a mapping has changed since all of them were read."""
        is_sent_anew = self._sent_mapping not in {None, self._coding.digest}
        return frozenset({_BILLS}) if is_sent_anew and not self.intake.was_read_whole(_BILLS) else frozenset()

    @cached_property
    def _sent_mapping(self) -> str | None:
        """What the tables said when all bills were sent by them; None where no run has noted it."""
        from apbridge.ledger.run_history import RunHistory  # noqa: PLC0415

        noted = RunHistory(self.ledger).recall(_MAPPING)
        return None if noted is None else str(noted.value)

    def _note_mapping(self) -> None:
        from apbridge.ledger.run_history import RunHistory  # noqa: PLC0415

        if self.to_read_anew():
            self.logger.warning("%s", APBridgeError("APB-BRK-006"))
        elif self._sent_mapping != self._coding.digest:
            RunHistory(self.ledger).remember(_MAPPING, self._coding.digest)

    @override
    def after_run(self) -> None:
        from target_avidxchange.bills import BillSink  # noqa: PLC0415

        self._note_mapping()
        sink = self.sinks.get(_BILLS)
        if isinstance(sink, BillSink):
            sink.see_that_none_is_back()
            if self.intake.was_read_whole(_BILLS):
                sink.see_that_none_is_missing()
        if self.config["on_void_in_netsuite"] == "stop" and "vendor_payments" not in self.intake.begun:
            self.logger.warning("%s", APBridgeError("APB-TAX-039"))

    @override
    def close(self) -> None:
        self.client.close()


if __name__ == "__main__":
    TargetAvidXchange.cli()
