"""A tap whose other system is a list of lines: what to read, and what happens then.

Run as a program it is a Singer tap. A stream's script is a list of steps: a number is a record, `down` is an
error of ours, `bug` one that nobody expected, `die` a process that is killed, `full` writes until nobody can
take any more.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from typing_extensions import override

from apbridge.errors import UnavailableError
from apbridge.origin import Origin
from apbridge.singer import CanonicalTap


class Script(Stream):
    """Things, as the script has them."""

    primary_keys = ("id",)
    replication_key = "at"
    is_sorted = True
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("id", th.StringType()), th.Property("at", th.IntegerType())
    ).to_dict()

    def __init__(self, tap: Tap, name: str) -> None:
        super().__init__(tap, name=name)

    @override
    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        for step in self.config["script"].get(self.name, []):
            if step == "down":
                raise UnavailableError("APB-LED-002", ledger="toy", problem="it is down; token=t0ps3cret")
            if step == "bug":
                raise KeyError(step)
            if step == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if step == "full":
                while True:
                    yield {"id": "x" * 1000, "at": 1}
            yield {"id": str(step), "at": step}


class ToyTap(CanonicalTap):
    """Reads what its settings say."""

    name = "tap-toy"
    package_name = "apbridge"
    config_jsonschema = th.PropertiesList(
        th.Property("script", th.ObjectType(additional_properties=th.ArrayType(th.AnyType())), required=True),
        th.Property("account", th.StringType()),
        th.Property("company", th.StringType()),
    ).to_dict()

    @override
    def origin(self, before: Origin | None) -> Origin | None:
        account = self.config.get("account")
        return Origin.of("netsuite", "https://netsuite.example.com", account=account) if account else None

    @override
    def discover_streams(self) -> list[Script]:
        return [Script(self, name) for name in ("others", "things")]


if __name__ == "__main__":
    ToyTap.cli()
