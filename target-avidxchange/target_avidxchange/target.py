"""The target: its settings and its sinks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
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
from target_avidxchange.present import Directories, Resource
from target_avidxchange.shared import Shared
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
        self._coding = Coding.from_config(self.config)

    @override
    def make_sink(self, stream: str) -> AvidXchangeSink:
        return self.sink_classes[stream](self, stream, self.context, self._shared)

    @cached_property
    def _shared(self) -> Shared:
        resources = {
            stream: Resource(sink.resource, sink.dimension) for stream, sink in self.sink_classes.items()
        }
        directories = Directories(self.client, resources, lambda: self.ledger.known().seq)
        codes = Codes(self.context, self.client, self._coding, directories)
        return Shared(self.client, self._coding, directories, codes)

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
            if self.intake.was_read_whole("bills"):
                sink.see_that_none_is_missing()

    @override
    def close(self) -> None:
        self.client.close()


if __name__ == "__main__":
    TargetAvidXchange.cli()
