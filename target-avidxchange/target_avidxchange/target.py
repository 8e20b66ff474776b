"""The target: its settings and its sinks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from singer_sdk import typing as th
from typing_extensions import override

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.mapping import Coding
from apbridge.origin import Origin
from apbridge.settings import AVIDXCHANGE_SETTINGS, LEDGER_SETTINGS, MAPPING_SETTINGS
from apbridge.singer import AcknowledgingTarget
from target_avidxchange.bills import BillSink
from target_avidxchange.codes import Codes
from target_avidxchange.present import Directory
from target_avidxchange.sinks import (
    AvidXchangeSink,
    ClassSink,
    DepartmentSink,
    GLAccountSink,
    LocationSink,
    VendorSink,
)


class TargetAvidXchange(AcknowledgingTarget):
    """Submits vendors, coding and bills to AvidXchange, each once, and no bill before what it refers to."""

    name = "target-avidxchange"
    package_name = "target-avidxchange"
    system = "avidxchange"
    sink_classes: ClassVar[Mapping[str, type[AvidXchangeSink]]] = {
        "vendors": VendorSink,
        "gl_accounts": GLAccountSink,
        "departments": DepartmentSink,
        "classes": ClassSink,
        "locations": LocationSink,
        "bills": BillSink,
    }
    workers_a_call = 2
    config_jsonschema = th.PropertiesList(
        *AVIDXCHANGE_SETTINGS, *MAPPING_SETTINGS, *LEDGER_SETTINGS
    ).to_dict()

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401
        """Make the target; see the SDK's `Target` for the arguments.

        Raises:
            SettingError: A setting is wrong; it says which.
        """
        super().__init__(**arguments)
        self.client = AvidXchange(AvidXchangeSettings.from_config(self.config))
        self.coding = Coding.from_config(self.config)
        self.codes = Codes(self)
        self._directories: dict[str, Directory] = {}

    def directory_of(self, stream: str) -> Directory:
        """Give what AvidXchange has of a stream's records; it lists nothing before it is asked."""
        if stream not in self._directories:
            sink = self.sink_classes[stream]
            place = {"dimension": sink.dimension} if sink.dimension else {}
            self._directories[stream] = Directory(
                self.client, sink.resource, place, lambda: self.ledger.known().seq
            )
        return self._directories[stream]

    @override
    def origin(self, before: Origin | None) -> Origin:
        return self.client.origin(before)

    @override
    def preflight(self) -> None:
        if not self.client.is_checked:
            self.client.check()

    @override
    def look_back(self) -> None:
        sink = self.sinks.get("bills")
        if isinstance(sink, BillSink):
            sink.see_that_none_is_back()
            if self.was_read_whole("bills"):
                sink.see_that_none_is_missing()

    @override
    def close(self) -> None:
        self.client.close()


if __name__ == "__main__":
    TargetAvidXchange.cli()
