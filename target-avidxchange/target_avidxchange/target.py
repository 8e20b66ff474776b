"""The target: its settings and its sinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th
from typing_extensions import override

from apbridge.declared_settings import (
    AVIDXCHANGE_SETTINGS,
    BRAKE_SETTINGS,
    LEDGER_SETTINGS,
    LINK_SETTINGS,
    MAPPING_SETTINGS,
    SPOOL_SETTINGS,
)
from apbridge.errors import APBridgeError, RejectedError
from apbridge.http.classifier import AnswerWatch, unwatched
from apbridge.origin import Origin
from apbridge.settings import usable_spool
from apbridge.singer import AcknowledgingTarget

if TYPE_CHECKING:
    from apbridge.avidxchange.recording import AnswerRecorder
    from target_avidxchange.documents import WithdrawnSink
    from target_avidxchange.sent_codes import SentCodes
    from target_avidxchange.shared import Shared
    from target_avidxchange.sinks import AvidXchangeSink

# What only a run needs is imported where it is used: `--version` and `--about` do without.

_MOST_WORKERS = 256
"""Records at work at once where a call carries several: threads take memory, and two full calls keep the
process busy."""


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

    _recorder: AnswerRecorder | None = None

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401
        """Make the target; see the SDK's `Target` for the arguments.

        Raises:
            SettingError: A setting is wrong; it says which.
        """
        from apbridge.avidxchange import AvidXchange, AvidXchangeSettings  # noqa: PLC0415
        from apbridge.links import Links  # noqa: PLC0415
        from apbridge.mapping import Coding  # noqa: PLC0415

        super().__init__(**arguments)
        settings = AvidXchangeSettings.from_config(self.config)
        self.client = AvidXchange(settings, stop=self.stop, watch=self._watch(settings.profile))
        if self.client.gathering:
            # What goes in one call waits for it, each record on a thread of its own.
            most = self.client.profile.most
            self.gathering = self.client.gathering
            workers = min(most * self._concurrency, max(_MOST_WORKERS, most))
            self.workers_a_call = max(self.workers_a_call, ceil(workers / self._concurrency))
        self._coding = Coding.from_config(self.config)
        self._links = Links.from_config(self.config)
        self._spool_url = usable_spool(self.config)

    @cached_property
    @override
    def sink_classes(self) -> Mapping[str, type[AvidXchangeSink]]:
        from target_avidxchange import coded  # noqa: PLC0415
        from target_avidxchange.bills import BillSink  # noqa: PLC0415
        from target_avidxchange.purchase_orders import PurchaseOrderSink  # noqa: PLC0415
        from target_avidxchange.stops import VendorPaymentSink  # noqa: PLC0415
        from target_avidxchange.vendor_credits import VendorCreditSink  # noqa: PLC0415
        from target_avidxchange.vendors import VendorSink  # noqa: PLC0415

        return {
            "vendors": VendorSink,
            "gl_accounts": coded.GLAccountSink,
            "departments": coded.DepartmentSink,
            "classes": coded.ClassSink,
            "locations": coded.LocationSink,
            "bills": BillSink,
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
        from target_avidxchange.room import MOST_BYTES, Room  # noqa: PLC0415
        from target_avidxchange.shared import Shared  # noqa: PLC0415

        resources = {
            stream: RemoteList(sink.resource, sink.dimension) for stream, sink in self.sink_classes.items()
        }
        remote_indexes = RemoteIndexes(self.client, resources, lambda: self.ledger.known().seq, self._links)
        codes = Codes(self.context, self.client, self._coding, remote_indexes)
        return Shared(
            self.client,
            self._coding,
            remote_indexes,
            codes,
            self._sent_codes,
            self._spool_url,
            Room(MOST_BYTES, self.stop),
            self._links,
            holds_vendors=self.config.get("vendors") == "hold",
        )

    @override
    def origin(self, before: Origin | None) -> Origin:
        return self.client.origin(before)

    @override
    def preflight(self) -> None:
        self._links.require_newest(self.ledger.identity.links())
        if not self.is_dry_run:
            self.ledger.identity.take_links(self._links.mark)
        if not self.client.is_checked:
            self.client.check()

    @override
    def to_read_anew(self) -> frozenset[str]:
        """Name what was sent by other codes, or of which a link was undone, until it was read whole."""
        forgotten = self.ledger.streams_forgotten(self.system) & self.intake.begun
        return self._sent_codes.to_read_anew() | {
            stream for stream in forgotten if not self.intake.was_read_whole(stream)
        }

    @cached_property
    def _sent_codes(self) -> SentCodes:
        from target_avidxchange.sent_codes import SentCodes  # noqa: PLC0415

        return SentCodes(self.context, self._coding.digest)

    @override
    def after_run(self) -> None:
        from target_avidxchange.documents import DocumentSink, WithdrawnSink  # noqa: PLC0415

        if anew := self._sent_codes.to_read_anew():
            streams = ", ".join(sorted(anew))
            self.logger.warning("%s", APBridgeError("APB-BRK-006", streams=streams))
        self._sent_codes.settle()
        if self.config["on_void_in_netsuite"] == "stop" and "vendor_payments" not in self.intake.begun:
            self.logger.warning("%s", APBridgeError("APB-TAX-039"))
        _look_at_others([sink for sink in self.sinks.values() if isinstance(sink, WithdrawnSink)])
        looks: list[Callable[[], None]] = []
        for stream, sink in self.sinks.items():
            if isinstance(sink, WithdrawnSink):
                looks.append(sink.see_that_none_is_back)
            if isinstance(sink, DocumentSink) and self.intake.was_read_whole(stream):
                looks.append(sink.see_that_none_is_missing)
        found = [rejected for look in looks if (rejected := _rejected_by(look))]
        for also in found[1:]:
            self.logger.error("%s", also)
        if found:
            raise found[0]

    @override
    def close(self) -> None:
        if self._recorder:
            self._recorder.keep()
        self.client.close()

    def _watch(self, profile: str) -> AnswerWatch:
        # A dry run's ledger is thrown away: what is new would be told again and again.
        if self.is_dry_run or not self.config["record_answers"]:
            return unwatched
        from apbridge.avidxchange.recording import AnswerRecorder  # noqa: PLC0415

        self._recorder = AnswerRecorder(profile, self._revise)
        return self._recorder.see

    def _revise(self, changes: Mapping[str, Callable[[Any], Any]]) -> None:
        from apbridge.ledger.run_history import RunHistory  # noqa: PLC0415

        RunHistory(self.ledger).revise(changes)


def _look_at_others(sinks: Sequence[WithdrawnSink]) -> None:
    """Where one kind of document was looked at, look at the others too: no credit may come for weeks."""
    if any(sink.has_looked for sink in sinks):
        for sink in sinks:
            if not sink.has_looked:
                sink.begin()


def _rejected_by(look: Callable[[], None]) -> RejectedError | None:
    try:
        look()
    except RejectedError as rejected:
        return rejected
    return None


if __name__ == "__main__":
    TargetAvidXchange.cli()
