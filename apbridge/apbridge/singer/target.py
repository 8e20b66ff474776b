"""A Singer target that acknowledges: STATE goes out only for what is safe in the ledger."""

from __future__ import annotations

import abc
import copy
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities
from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform
from typing_extensions import override

from apbridge.errors import APBridgeError, RejectedError, SettingError
from apbridge.origin import Origin
from apbridge.settings import COMPANY, concurrency, required_text
from apbridge.singer.acknowledged import AcknowledgedState
from apbridge.singer.brake import Brake
from apbridge.singer.dry_run import DryRunTally
from apbridge.singer.endings import EndingTarget
from apbridge.singer.intake import Intake
from apbridge.singer.outcomes import OutcomeKind, OutcomeTally
from apbridge.singer.plain import error_sentence, plain_error
from apbridge.singer.progress import Delivering
from apbridge.singer.reader import MessageReader
from apbridge.singer.standing import Standing

if TYPE_CHECKING:
    from apbridge.gathering import Gathering
    from apbridge.ledger import Ledger, Run
    from apbridge.singer.context import SinkContext
    from apbridge.singer.dispatch import Dispatch
    from apbridge.singer.sink import AcknowledgingSink

# What only a run needs is imported where it is used: `--version` and `--about` do without.

_CONCURRENCY = 8


class AcknowledgingTarget(EndingTarget):
    """Brings canonical records to another system and remembers in the ledger what became of each.

    A subclass names its `system` and its `sink_classes`, and may sign in at `preflight`. It calls
    `super().__init__` and then makes what its sinks share, without calling the other system.

    Records are kept until `batch` of them are there, or the first of them is `seconds` old, or the
    input ends. Then all of them are drained, stream by stream in the order of `sink_classes`, and
    the newest STATE goes out, as does each that comes while no record is kept. At the end of the
    input, what waits or was rejected in earlier runs is tried once more. SIGTERM and SIGINT let the
    message at hand finish: calls in flight are finished, no others begun, and STATE tells what is
    acknowledged.

    A dry run goes the same way, checks and reads included, over a copy of the ledger that is thrown
    away. It tells no STATE, and what would become of each record is reported at its end. A sink's
    `deliver` does then all but the write, and gives the outcome that the write would have had: at the
    one place where it would send, it asks `context.is_dry_run`. To send all the same fails at `audited`.
    """

    system: ClassVar[str]
    """The other system's name in the ledger: `netsuite` or `avidxchange`."""
    batch = 1000
    seconds = 30.0
    workers_a_call = 1
    """More than 1 where the client keeps to `concurrency`: some records wait for the trail meanwhile."""
    gathering: Gathering[Any, Any] | None = None
    """Where what is sent for several records waits for one call, where it does."""

    message_reader_class = MessageReader
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401
        """Make the target; see the SDK's `Target` for the arguments."""
        super().__init__(**arguments)
        self.is_dry_run: bool = self.config["dry_run"]
        self.intake = Intake()
        self.tally = (DryRunTally if self.is_dry_run else OutcomeTally)(self.sink_classes)
        self.brake = Brake.from_config(self.config)
        self._concurrency = concurrency(self.config, _CONCURRENCY)
        self.sinks: dict[str, AcknowledgingSink] = {}
        self.so_far = Delivering(self.tally.as_counts, self.sinks)
        self._standing = Standing(
            self.name,
            self.system,
            self.origin,
            lambda: self.ledger,
            self.intake,
            company=self.config.get(COMPANY),
        )
        self._acknowledged = AcknowledgedState(self.intake)
        self._buffered = 0
        self._oldest = 0.0
        self._messages = cast("MessageReader", self.message_reader)
        self._messages.watch = self

    # What a subclass may say

    @property
    @abc.abstractmethod
    def sink_classes(self) -> Mapping[str, type[AcknowledgingSink]]:
        """Sink by canonical stream; a stream comes after those that its records refer to."""

    def origin(self, before: Origin | None) -> Origin | None:  # noqa: ARG002
        """Return which other system the settings name; None where it is all the same.

        Args:
            before: Which one the ledger is of, as far as that is known.

        Raises:
            SettingError: A setting is wrong.
            UnavailableError: The other side is not there.
        """
        return None

    def preflight(self) -> None:
        """Sign in. Called once, before the first delivery: a run with nothing to do makes no call.

        Raises:
            SettingError: A setting or a credential is wrong.
            UnavailableError: The other side is not there.
        """

    def after_run(self) -> None:
        """Log what no record told of. Called when all records are through and STATE is told.

        Raises:
            RejectedError: Somebody must look at something; the run ends with exit code 1.
        """

    def to_read_anew(self) -> frozenset[str]:
        """Name the streams that the next run is to read from their beginning, whatever has changed there."""
        return frozenset()

    def close(self) -> None:
        """Release what the sinks share. Called once, however the run ends."""

    def make_sink(self, stream: str) -> AcknowledgingSink:
        """Make the sink of a stream. Called once for each; a subclass gives it what it needs beside."""
        return self.sink_classes[stream](self, stream, self.context)

    # What a subclass may ask

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, opened at the first message; in a dry run a copy of it."""
        from apbridge.ledger import DryRunLedger, Ledger  # noqa: PLC0415

        return (DryRunLedger if self.is_dry_run else Ledger)(
            required_text(self.config, "ledger_url"),
            in_doubt=timedelta(minutes=self.config["in_doubt_minutes"]),
            company=self.config.get(COMPANY),
        )

    @cached_property
    def run(self) -> Run:
        """This run, recorded from the first drain on."""
        return self.ledger.start_run(self.name, self.plugin_version)

    @cached_property
    def context(self) -> SinkContext:
        """What the sinks know of this run."""
        from apbridge.singer.context import SinkContext  # noqa: PLC0415

        return SinkContext(
            self.system, self.ledger, self.run, self.intake, self.brake, is_dry_run=self.is_dry_run
        )

    @cached_property
    def dispatch(self) -> Dispatch:
        """What delivers the records of this run."""
        from apbridge.singer.dispatch import Dispatch  # noqa: PLC0415

        return Dispatch(
            self.system,
            self.ledger,
            self.run,
            self._concurrency * self.workers_a_call,
            preflight=self._let_in,
            stop=self.stop,
            tally=self.tally,
            brake=self.brake,
            gathering=self.gathering,
        )

    # Messages

    @override
    def on_schema(self, message: dict[str, Any]) -> None:
        stream, described = self._messages.schema_of(message)
        if not self.intake.begun:
            # What ends here is a run too: somebody has to hear of it.
            _ = self.run
            self._standing.see()
        self.intake.begun.add(stream)
        self.mapper.register_raw_stream_schema(stream, described, message.get("key_properties"))
        for stream_map in self.mapper.stream_maps[stream]:
            if not isinstance(stream_map, RemoveRecordTransform):
                self._sink(stream_map.stream_alias)

    @override
    def on_record(self, message: dict[str, Any]) -> None:
        stream, record = self._messages.record_of(message)
        maps = self.mapper.stream_maps.get(stream)
        if maps is None:
            raise SettingError("APB-SNG-005", stream=stream)
        for stream_map in maps:
            if type(stream_map) is SameRecordTransform:
                self._take(stream_map.stream_alias, record)
            elif (mapped := stream_map.transform(copy.copy(record))) is not None:
                self._take(stream_map.stream_alias, mapped)
        if self._buffered >= self.batch:
            self._drain()
        else:
            self._drain_if_old()

    @override
    def on_state(self, message: dict[str, Any]) -> None:
        self.intake.hears(self._messages.state_of(message))
        if not self.intake.begun:
            self._standing.begins(self.run.id)
            self._standing.see()
        elif self._buffered:
            self._drain_if_old()
        else:
            self._emit()

    def _let_in(self) -> None:
        self.preflight()
        if not self.is_dry_run:
            self._standing.keep(is_let_in=True)

    @override
    def on_batch(self, message: dict[str, Any]) -> None:
        raise SettingError("APB-SNG-007")

    @override
    def process_endofpipe(self) -> None:
        from apbridge.ledger.held import held_error  # noqa: PLC0415

        with self.ending():
            # A run without records is a run too: somebody may ask when the last one was.
            _ = self.run
            self.intake.is_over = True
            self._drain()
            self._try_again()
            self._emit(is_last=True)
            held = held_error(self.ledger, self.system)
            try:
                self.after_run()
                self.intake.require_complete()
            except APBridgeError:
                if held:
                    self.logger.error("%s", held)  # noqa: TRY400, the trace is of something else
                raise
            if held:
                raise held
            if not self.is_dry_run:
                self._standing.keep()
            if undecryptable := self.ledger.streams_undecryptable(self.system):
                raise RejectedError("APB-SNG-017", streams=", ".join(sorted(undecryptable)))
            if self.tally.bugs:
                raise RejectedError("APB-SNG-014", count=self.tally.bugs)
            rejected = self.tally.total(OutcomeKind.REJECTED)
            if rejected and self.config["on_reject"] == "fail":
                raise RejectedError("APB-SNG-015", count=rejected)
        self._finish("finished")

    # Drains

    def _take(self, stream: str, record: Any) -> None:  # noqa: ANN401
        if not self._buffered:
            self._oldest = time.monotonic()
        self._buffered += self.sinks[stream].take(record)

    def _drain(self) -> None:
        """Deliver what is buffered, then tell the newest STATE."""
        if not self._buffered:
            return
        for stream in self.sink_classes:
            if sink := self.sinks.get(stream):
                sink.record_counter_metric.increment(len(sink.buffer))
                self.dispatch.drain(sink, sink.buffer)
            # What others refer to is as it will be before they go.
            if self.brake.holds(stream) and self._is_at_its_end(stream):
                self._complete(stream)
        self._buffered = 0
        self._emit()

    def _drain_if_old(self) -> None:
        if self._buffered and time.monotonic() - self._oldest > self.seconds:
            self._drain()

    def _try_again(self) -> None:
        """Deliver once more what waits, what earlier runs left rejected, and what is due for another look."""
        at_hand = self.ledger.streams_to_try_again(self.system)
        for stream in filter(at_hand.__contains__, self.sink_classes):
            self._complete(stream)

    def _complete(self, stream: str) -> None:
        """Deliver what is kept of a stream, and then what is held of it where all of it has come."""
        self._deliver_kept(stream)
        if self._is_at_its_end(stream) and self.dispatch.release(self._sink(stream)):
            # What has waited for it goes too.
            self._deliver_kept(stream)

    def _deliver_kept(self, stream: str) -> None:
        from apbridge.singer.kept import KeptRecords  # noqa: PLC0415

        kept = KeptRecords(self.system, self.ledger, self.dispatch, self.intake, self.tally)
        rows = kept.current(stream, is_read=self._was_read_to_its_end(stream))
        while some := list(islice(rows, self.batch)):
            records = {row.external_id: row.payload for row in some}
            self.dispatch.drain(self._sink(stream), records, {row.external_id: row.run_id for row in some})

    def _is_at_its_end(self, stream: str) -> bool:
        """Return whether nothing of a stream is still to come, as far as the tap lets it be known."""
        return self._was_read_to_its_end(stream) or (self.intake.is_over and self.intake.is_complete)

    def _was_read_to_its_end(self, stream: str) -> bool:
        return self.intake.were_read_to_their_end(self._names({stream}))

    def _names(self, streams: Iterable[str]) -> set[str]:
        """Return what the tap calls some streams."""
        some, maps = set(streams), self.mapper.stream_maps
        return {name for name in maps if some & {one.stream_alias for one in maps[name]}}

    def _sink(self, stream: str) -> AcknowledgingSink:
        if stream not in self.sink_classes:
            taken = ", ".join(self.sink_classes)
            raise SettingError("APB-SNG-008", plugin=self.name, stream=stream, taken=taken)
        if stream not in self.sinks:
            self.sinks[stream] = self.make_sink(stream)
        return self.sinks[stream]

    # STATE

    def _emit(self, *, is_last: bool = False) -> None:
        """Write the newest STATE: see `AcknowledgedState.tell`."""
        if not (self.intake.latest and self.intake.begun) or self.is_dry_run:
            return
        again = self.ledger.streams_to_refetch(self.system)
        self._acknowledged.tell(
            self.ledger,
            lambda: self.run,
            again=self._names(again) | (again - self.mapper.stream_maps.keys()),
            anew=self._names(self.to_read_anew()),
            is_last=is_last,
        )

    # Endings

    @override
    def _break_off(self, status: str, found: BaseException | None) -> None:
        self.busy()
        for stream, sink in self.sinks.items():
            self.tally.fail(stream, len(sink.buffer))
        # The ledger or the reader of STATE may be what failed.
        with suppress(APBridgeError, OSError):
            if not self._buffered and "ledger" in vars(self):
                self._emit()
        with suppress(APBridgeError):
            self._finish(status, found)

    def _finish(self, status: str, found: BaseException | None = None) -> None:
        if "dispatch" in vars(self):
            self.dispatch.close()
        trail = None
        try:
            if "run" in vars(self):
                error = None if found is None else error_sentence(found, self.name)
                code = None if found is None else plain_error(found, self.name).code
                self.run.finish(status, self.tally.as_counts(), error, code)
                trail = self.ledger.audit.anchor()
        finally:
            for sink in self.sinks.values():
                sink.clean_up()
            try:
                if status == "finished" or self.tally.as_counts():
                    self.tally.tell(self.name, self.config.get("dry_run_report"), self.logger, trail)
            finally:
                # What a subclass has to remind of is said last, where it is seen.
                self.close()
                if "ledger" in vars(self):
                    self.ledger.close()
