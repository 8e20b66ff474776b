"""The fence round the Singer SDK: what it keeps to itself, and we cannot do without, is used here only.

Each class here gives the SDK's private names public ones of ours. Nothing else of this project overrides or
uses a private name of the SDK, or copies what it does: `tests/singer/test_sdk.py` sees to that. It also holds
each name to what is expected of it here, so that a test fails by that name when a release changes it.
"""

from __future__ import annotations

import abc
import logging
import time
import warnings
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from functools import cached_property
from types import FrameType
from typing import IO, Any

import click
from singer_sdk import Stream, Tap, Target
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.plugin_base import JSONSchemaValidator, PluginBase, SingerCommand, _ConfigInput
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from apbridge import tracing

ConfigInput = _ConfigInput
"""What the option `--config` comes to."""

SAID_ON_THE_WAY = "An unhandled error occurred while syncing"
"""How the SDK's streams begin what they log of an error before they raise it on."""

Context = Mapping[str, Any] | None
"""What a stream's records are read for; None where it is not parted."""


class FencedPlugin(PluginBase):
    """A tap or a target."""

    def signalled(self, number: int) -> None:
        """Take SIGTERM or SIGINT: by default as the SDK does, which ends the program with exit code 0."""
        super()._handle_termination(number, None)

    @abc.abstractmethod
    def check_settings(self, *, raise_errors: bool) -> list[str]:
        """Check that the settings are as the plugin's schema says. Called when it is made.

        Args:
            raise_errors: Raise what is wrong.

        Returns:
            What is wrong.
        """

    def setting_errors(self) -> Iterator[Any]:
        """Fill in the default of each setting that is left out, and return what breaks the schema."""
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        found: Iterator[Any] = JSONSchemaValidator(schema).iter_errors(self._config)
        return found

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        return self.check_settings(raise_errors=raise_errors)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        self.signalled(signum)


class FencedCommand(SingerCommand):
    """A plugin's command that leaves errors to whoever calls it."""

    @override
    def invoke(self, ctx: click.Context) -> Any:
        # As the SDK does, without its way of showing errors.
        logging.captureWarnings(capture=True)
        warnings.filterwarnings("once", category=DeprecationWarning)
        return click.Command.invoke(self, ctx)


class FencedTap(FencedPlugin, Tap):
    """A tap that knows where a run begins and where it ends; the SDK has no place for either."""

    @classmethod
    @abc.abstractmethod
    def start(cls, state: IO[str] | None, catalog: IO[str] | None, **arguments: Any) -> None:  # noqa: ANN401
        """Make the tap and sync all of its streams.

        Args:
            state: The STATE to begin with.
            catalog: The catalog.
            arguments: What else the tap is made with.
        """

    @abc.abstractmethod
    def reading(self) -> AbstractContextManager[None]:
        """Wrap the reading of all streams; left without an error when they are read to their end."""

    @abc.abstractmethod
    def before_first_state(self) -> None:
        """Make the STATE ready that is told before the first stream."""

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        # As the SDK does, up to where the tap is made.
        super(Tap, cls).invoke(about=about, about_format=about_format)
        cls.print_version(print_fn=cls.logger.info)
        given = config or ConfigInput()
        cls.start(state, catalog, config=given.config, parse_env_config=given.parse_env)

    @override  # type: ignore[misc]
    def sync_all(self) -> None:
        """Sync all streams."""
        with self.reading():
            super().sync_all()

    @override
    def _reset_state_progress_markers(self) -> None:
        super()._reset_state_progress_markers()
        self.before_first_state()


class FencedStream(Stream):
    """A stream that may keep its bookmark in its own way, and that knows how far it is read."""

    began: float | None = None
    """When its reading began, by the clock that only grows; None before that."""
    read_so_far = 0
    """Records of it that this run has told."""
    expected: int | None = None
    """About how many there are to tell, where the other side says so."""

    def expect(self, count: int) -> None:
        """Take how many records there are about, as an answer of the other side said by the way."""
        self.expected = count

    def note_start(self, context: Context) -> None:
        """Keep in the state where the reading begins: by default as the SDK does."""
        super()._write_starting_replication_value(context)

    def note_sent(self, record: dict[str, Any], context: Context) -> None:
        """Keep in the state that a record was sent: by default as the SDK does."""
        super()._increment_stream_state(record, context=context)

    @cached_property
    def _goes_as_it_is(self) -> bool:
        """Whether a record is sent as it was read: nothing leaves out, maps, flattens or conforms any."""
        return (
            self.TYPE_CONFORMANCE_LEVEL is TypeConformanceLevel.NONE
            and all(self.mask.values())
            and [(type(one), one.flattening_enabled) for one in self.stream_maps]
            == [(SameRecordTransform, False)]
        )

    @override
    def _process_record(
        self, record: dict[str, Any], child_context: Context = None, partition_context: Context = None
    ) -> None:
        # All that the SDK does there is for streams that are parted, or that others are read below.
        if self.child_streams or partition_context:
            super()._process_record(record, child_context, partition_context)

    @override
    def _generate_record_messages(self, record: dict[str, Any]) -> Generator[RecordMessage, None, None]:
        if self._goes_as_it_is:
            now = datetime.now(timezone.utc)
            yield RecordMessage(self.name, record, version=self._stream_version, time_extracted=now)
        else:
            yield from super()._generate_record_messages(record)

    @override
    def _write_starting_replication_value(self, context: Context) -> None:
        self.note_start(context)

    @override
    def _increment_stream_state(self, latest_record: dict[str, Any], *, context: Context = None) -> None:
        self.read_so_far += 1
        self.note_sent(latest_record, context)

    @override
    def _sync_records(
        self, context: Context = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        self.began = time.monotonic()
        with tracing.span(self.name):
            yield from super()._sync_records(context, write_messages=write_messages)


class FencedTarget(FencedPlugin, Target):
    """A target that takes each message itself."""

    @abc.abstractmethod
    def on_schema(self, message: dict[str, Any]) -> None:
        """Take a SCHEMA."""

    @abc.abstractmethod
    def on_record(self, message: dict[str, Any]) -> None:
        """Take a RECORD."""

    @abc.abstractmethod
    def on_state(self, message: dict[str, Any]) -> None:
        """Take a STATE."""

    @abc.abstractmethod
    def on_batch(self, message: dict[str, Any]) -> None:
        """Take a BATCH."""

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        # Without the settings that the SDK gives to targets that write tables.
        super(Target, cls).append_builtin_config(config_jsonschema)

    @override
    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        self.on_schema(message_dict)

    @override
    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        self.on_record(message_dict)

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self.on_state(message_dict)

    @override
    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        self.on_batch(message_dict)

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Do nothing: what is gone comes as a tombstone, and nothing is deleted wholesale."""
