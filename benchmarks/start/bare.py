"""The least that the SDK makes a tap and a target of."""

from __future__ import annotations

from typing import Any, ClassVar

from singer_sdk import RecordSink, Stream, Tap, Target


class _Dropping(RecordSink):
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Drop a record."""


class BareTap(Tap):
    """Has no streams."""

    name = "tap-bare"
    config_jsonschema: ClassVar[dict[str, Any]] = {"properties": {}}

    def discover_streams(self) -> list[Stream]:
        """Find none."""
        return []


class BareTarget(Target):
    """Drops what it is given."""

    name = "target-bare"
    config_jsonschema: ClassVar[dict[str, Any]] = {"properties": {}}
    default_sink_class = _Dropping
