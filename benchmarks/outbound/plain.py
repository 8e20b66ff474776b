"""The SDK's plain target: it reads and validates every record as the SDK does, and drops it."""

from __future__ import annotations

from typing import Any, ClassVar

from singer_sdk.sinks import RecordSink
from singer_sdk.target_base import Target


class _Dropping(RecordSink):
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Drop a valid record."""


class PlainTarget(Target):
    """Validates and drops."""

    name = "target-plain"
    config_jsonschema: ClassVar[dict[str, Any]] = {"properties": {}}
    default_sink_class = _Dropping


if __name__ == "__main__":
    PlainTarget.cli()
