"""The streams: what AvidXchange lists, as canonical records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cached_property
from time import monotonic
from typing import Any, ClassVar

from singer_sdk import Tap
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.helpers.types import Context
from typing_extensions import override

from apbridge.avidxchange import AvidXchange, instant
from apbridge.errors import APBridgeError, RefusedError, RejectedError, SettingError
from apbridge.schemas import OUTSIZED, in_order, schema, validator
from apbridge.schemas.identifiers import EXTERNAL_ID
from apbridge.settings import spool_of
from apbridge.singer.sdk import FencedStream
from apbridge.singer.state import UNFINISHED
from tap_avidxchange.bookmark import ListBookmark

Record = dict[str, Any]

_OF_NETSUITE = {"custom_fields", "is_deleted"}
"""Fields that AvidXchange has not: it has no custom fields, and lists nothing that is gone."""


class AvidXchangeStream(FencedStream):
    """A list of AvidXchange, read whole.

    Args:
        tap: The tap.
        client: Gives AvidXchange; it is asked for only when something is read.
    """

    resource: ClassVar[str]
    """What the profile calls it."""

    primary_keys = ("external_id",)
    selected_by_default = False
    # The client types every record, and the canonical schema checks it.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: Tap, client: Callable[[], AvidXchange]) -> None:
        canonical = schema(self.name)
        fields = {name: one for name, one in canonical["properties"].items() if name not in _OF_NETSUITE}
        super().__init__(tap, schema={**canonical, "properties": fields}, name=self.name)
        self._client = client
        self._check = validator(self.name)
        self._blank = {name: None for name, one in fields.items() if "null" in one["type"]}

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        known = ListBookmark({}, timedelta())
        return (record for record in self._listed() if known.is_news(record))

    def _listed(self, modified_since: datetime | None = None) -> Iterator[Record]:
        for place in self._places:
            yield from map(
                self._checked,
                self._client().list(self.resource, modified_since=modified_since, place=place),
            )

    @property
    def _places(self) -> list[Mapping[str, str]]:
        """Where the lists are, when there are several."""
        return [{}]

    def _checked(self, found: Record) -> Record:
        record = {**self._blank, **found}
        try:
            self._check(record)
        except RejectedError as wrong:
            # One absurd value is no fault of the profile: whoever takes the record rejects it by name.
            if wrong.code == OUTSIZED and _has_name_and_time(record):
                return record
            raise SettingError(
                "APB-AXT-001",
                profile=self._client().profile.name,
                resource=self.resource,
                external_id=record.get("external_id"),
                field=wrong.facts["field"],
                problem=wrong.facts["problem"],
            ) from wrong
        return record


def _has_name_and_time(record: Record) -> bool:
    name, modified = record.get("external_id"), record.get("modified_at")
    is_named = isinstance(name, str) and EXTERNAL_ID.fullmatch(name) is not None
    return is_named and (modified is None or in_order(modified) is not None)


class ChangingStream(AvidXchangeStream):
    """A list that is read from where the last run ended."""

    replication_key = "modified_at"
    is_sorted = False
    STATE_MSG_FREQUENCY = 100

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        overlap = timedelta(seconds=self.config["overlap_seconds"]) + self._client().doubt_of_times
        told = self.config.get("start_date")
        start = instant(told) if told else None
        known = ListBookmark(self.get_context_state(context), overlap, start)
        began = monotonic()
        for record in self._listed(known.read_from or start):
            if known.is_news(record):
                if known.bookmark:
                    # What shows up late is older than the bookmark, which must not fall back to it.
                    self.note_sent({"modified_at": known.bookmark}, context)
                yield record
        known.keep(took=timedelta(seconds=monotonic() - began))
        self.get_context_state(context).pop(UNFINISHED, None)

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Return none: how far to trust the bookmark is measured, and not told by this machine's clock."""


class Payments(ChangingStream):
    """Payments of every status, each with the invoices that it pays."""

    name = "payments"
    resource = "payment"
    selected_by_default = True

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        for record in super().get_records(context):
            if record.get("has_cleared_image") and self.config["cleared_images"]:
                record["cleared_image"] = self._spooled(record)
            yield record

    def _spooled(self, record: Record) -> Record | None:
        """Fetch the image of a cleared check into the spool; None, which is told, where that fails."""
        from apbridge.spool import put  # noqa: PLC0415 - it takes long to load, and few ask for images

        try:
            found = self._client().cleared_image(record["external_id"], record["id"])
        except (RefusedError, SettingError) as refused:
            says = refused.says.rstrip(".")
            self.logger.warning("%s", APBridgeError("APB-AXT-002", payment=record["id"], says=says))
            return None
        if found is None:
            says = f"what profile {self._client().profile.name} fetches is no picture"
            self.logger.warning("%s", APBridgeError("APB-AXT-002", payment=record["id"], says=says))
            return None
        content, media_type, end = found
        spooled = put(spool_of(self.config), content)
        return {"name": f"{record['external_id']}.{end}", "media_type": media_type, **asdict(spooled)}


class Invoices(ChangingStream):
    """Where each submitted invoice stands."""

    name = "invoices"
    resource = "invoice"


class Vendors(AvidXchangeStream):
    """Vendors as AvidXchange holds them."""

    name = "vendors"
    resource = "vendor"


class GLAccounts(AvidXchangeStream):
    """GL accounts as AvidXchange holds them."""

    name = "gl_accounts"
    resource = "gl_account"


class DimensionValues(AvidXchangeStream):
    """Departments, classes, locations and segment values as AvidXchange holds them."""

    name = "dimension_values"
    resource = "dimension_value"

    @cached_property
    @override
    def _places(self) -> list[Mapping[str, str]]:
        return [{"dimension": dimension} for dimension in self.config["dimensions"]]


STREAMS: tuple[type[AvidXchangeStream], ...] = (Payments, Invoices, Vendors, GLAccounts, DimensionValues)
