"""A target whose other system is a JSON Lines file: what arrived there, in order.

Run as a program it is a Singer target; the environment tells how the other system behaves.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from singer_sdk import typing as th

from apbridge.declared_settings import LEDGER_SETTINGS
from apbridge.errors import RejectedError, SettingError, UnavailableError
from apbridge.ledger import Need, Row
from apbridge.schemas.identifiers import external_id, namespace_of
from apbridge.singer import AcknowledgingSink, AcknowledgingTarget, Outcome, Record, SinkContext


class ToyBooks:
    """The other system. Subclasses and attributes make it misbehave."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lock = threading.Lock()
        self.calls: list[tuple[str, Record]] = []
        self.sign_ins = 0
        self.refused: set[str] = set()
        self.down_after: int | None = None
        self.holds_after = int(os.environ.get("TOY_HOLDS_AFTER", sys.maxsize))
        self.let_go = threading.Event()
        self.begun = 0
        self.in_flight = self.peak = 0

    def check(self, record: Record) -> None:
        """Raise what a client would raise, as far as reading tells."""
        if self.down_after is not None:
            raise UnavailableError("APB-LED-002", ledger="toy", problem="it is down")
        if record["external_id"] in self.refused:
            raise RejectedError("APB-SNG-011", external_id=record["external_id"], ending="what the toy likes")

    def put(self, stream: str, record: Record) -> str:
        """Take a record, or raise what a client would raise."""
        with self.lock:
            self.begun += 1
            is_held = self.begun > self.holds_after
            self.in_flight += 1
            self.peak = max(self.peak, self.in_flight)
        try:
            if is_held:
                self.let_go.wait()
            with self.lock:
                return self._put(stream, record)
        finally:
            with self.lock:
                self.in_flight -= 1

    def _put(self, stream: str, record: Record) -> str:
        if self.down_after is not None and len(self.calls) >= self.down_after:
            raise UnavailableError("APB-LED-002", ledger="toy", problem="it is down")
        if record["external_id"] in self.refused:
            raise RejectedError("APB-SNG-011", external_id=record["external_id"], ending="what the toy likes")
        if record.get("memo") == "bug":
            raise KeyError(record["memo"])
        self.calls.append((stream, record))
        with self.file.open("a") as out:
            out.write(json.dumps([stream, record["external_id"]]) + "\n")
        return f"toy-{record['id']}"

    @property
    def delivered(self) -> list[str]:
        """External ids in order of arrival."""
        return [record["external_id"] for _, record in self.calls]


class ToySink(AcknowledgingSink):
    """Any stream."""

    def __init__(self, target: Toy, stream: str, context: SinkContext) -> None:
        super().__init__(target, stream, context)
        self.books, self.prepared = target.books, target.prepared

    def deliver(self, record: Record, row: Row | None) -> Outcome:  # noqa: ARG002
        if self.context.is_dry_run:
            self.books.check(record)
            return Outcome.delivered()
        with self.audited("put", record["external_id"], record) as answer:
            remote_id = self.books.put(self.stream_name, record)
            answer.status = 200
        return Outcome.delivered(remote_id, {"id": record["id"]})

    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        self.prepared.append((self.stream_name, len(records), len(rows)))


class ToyBillSink(ToySink):
    """Bills wait for their vendor."""

    def needs(self, record: Record) -> Iterable[Need]:
        namespace = namespace_of(record["external_id"], "vendorbill", record["id"])
        if record.get("vendor_id"):
            yield Need("vendors", external_id(namespace, "vendor", record["vendor_id"]))

    def deliver(self, record: Record, row: Row | None) -> Outcome:
        if not record["is_eligible"]:
            return Outcome.ignored()
        return super().deliver(record, row)


class Toy(AcknowledgingTarget):
    """Writes vendors and bills into a file."""

    name = "target-toy"
    package_name = "apbridge"
    system = "toy"
    batch = int(os.environ.get("TOY_BATCH", "1000"))
    config_jsonschema = th.PropertiesList(
        *LEDGER_SETTINGS,
        th.Property("file", th.StringType(nullable=False), required=True),
        th.Property("token", th.StringType(nullable=False, pattern="^t"), secret=True, default="t"),
        th.Property("concurrency", th.IntegerType(nullable=False), default=4),
        th.Property("company", th.StringType()),
    ).to_dict()

    @property
    def sink_classes(self) -> dict[str, type[AcknowledgingSink]]:
        return {"vendors": ToySink, "bills": ToyBillSink}

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401
        super().__init__(**arguments)
        self.books = ToyBooks(Path(self.config["file"]))
        # What is held goes on when the run is told to stop.
        self.books.let_go = self.stop
        self.prepared: list[tuple[str, int, int]] = []

    def on_state(self, message: dict[str, Any]) -> None:
        super().on_state(message)
        with self.books.file.with_name("states").open("a") as out:
            out.write("read\n")

    def preflight(self) -> None:
        self.books.sign_ins += 1
        if self.config["token"] == "taken away":
            raise SettingError("APB-SET-001", setting="token", problem="it was refused")


if __name__ == "__main__":
    Toy.cli()
