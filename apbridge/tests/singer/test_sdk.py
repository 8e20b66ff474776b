"""What we take of the Singer SDK that it does not promise: each test here bears the name of one such thing.

Where a release of the SDK fails one of them, `apbridge.singer.sdk` is what has to follow.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import json
import logging
import pkgutil
import signal
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, ClassVar, cast

import pytest
from singer_sdk import Sink, Stream, Tap, Target
from singer_sdk import typing as th
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.plugin_base import BaseSingerReader, PluginBase, SingerCommand
from singer_sdk.singerlib.encoding import GenericSingerReader, GenericSingerWriter
from typing_extensions import override

from apbridge.singer.sdk import SAID_ON_THE_WAY, Context, FencedPlugin, FencedStream, FencedTap, FencedTarget
from apbridge.singer.state import PROGRESS_MARKERS

_SETTINGS = th.PropertiesList(
    th.Property("token", th.StringType(nullable=False, pattern="^t"), default="t")
).to_dict()


class Probe(FencedPlugin):
    """Notes what the SDK calls."""

    config_jsonschema: ClassVar[dict[str, Any]] = _SETTINGS

    @override
    def signalled(self, number: int) -> None:
        self.calls.append(("signalled", number))

    @override
    def check_settings(self, *, raise_errors: bool) -> list[str]:
        self.calls: list[Any] = [("check", raise_errors, len(list(self.setting_errors())))]
        return []


class Things(FencedStream):
    """Three things, the newest first, and then what the test asks for."""

    name = "things"
    primary_keys = ("id",)
    replication_key = "at"
    is_sorted = False
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("id", th.StringType()),
        th.Property("at", th.IntegerType()),
        th.Property("note", th.StringType()),
    ).to_dict()

    def __init__(self, tap: ProbeTap) -> None:
        super().__init__(tap)
        self.calls = tap.calls
        self.fails = False

    @override
    def note_start(self, context: Context) -> None:
        self.calls.append("start")
        super().note_start(context)

    @override
    def note_sent(self, record: dict[str, Any], context: Context) -> None:
        super().note_sent(record, context)
        self.calls.append(("sent", record["id"], PROGRESS_MARKERS in self.stream_state))

    @override
    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        self.calls.append("read")
        for at in (3, 2):
            yield {"id": f"t{at}", "at": at}
        if self.fails:
            raise KeyError


class ProbeTap(Probe, FencedTap):
    """A tap of one stream."""

    name = "tap-probe"

    @classmethod
    @override
    def start(cls, state: IO[str] | None, catalog: IO[str] | None, **arguments: Any) -> None:
        STARTED.append((state, catalog, arguments))

    @contextmanager
    @override
    def reading(self) -> Iterator[None]:
        self.calls.append("begins")
        yield
        self.calls.append("ends")

    @override
    def before_first_state(self) -> None:
        self.calls.append("before the first STATE")
        cast("dict[str, Any]", self.state)["probe"] = True

    @override
    def discover_streams(self) -> list[Stream]:
        return [Things(self)]


class ProbeTarget(Probe, FencedTarget):
    """A target that notes its messages."""

    name = "target-probe"

    @override
    def on_schema(self, message: dict[str, Any]) -> None:
        self.calls.append(("schema", message["stream"]))

    @override
    def on_record(self, message: dict[str, Any]) -> None:
        self.calls.append(("record", message["record"]))

    @override
    def on_state(self, message: dict[str, Any]) -> None:
        self.calls.append(("state", message["value"]))

    @override
    def on_batch(self, message: dict[str, Any]) -> None:
        self.calls.append(("batch", message["stream"]))


STARTED: list[Any] = []


def _taken(of: Callable[..., Any]) -> str:
    """Write a signature without its annotations."""
    given = inspect.signature(of)
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in given.parameters.values()]
    return str(given.replace(parameters=bare, return_annotation=inspect.Signature.empty))


@pytest.mark.parametrize(
    ("kind", "name", "signature"),
    [
        (PluginBase, "_validate_config", "(self, *, raise_errors=True)"),
        (PluginBase, "_handle_termination", "(self, signum, frame)"),
        (PluginBase, "cb_config", "(ctx, param, value)"),
        (Tap, "_handle_termination", "(self, signum, frame)"),
        (Tap, "_reset_state_progress_markers", "(self)"),
        (Tap, "sync_all", "(self)"),
        (Tap, "invoke", "(*, about=False, about_format=None, config=None, state=None, catalog=None)"),
        (Stream, "_write_starting_replication_value", "(self, context)"),
        (Stream, "_process_record", "(self, record, child_context=None, partition_context=None)"),
        (Stream, "_generate_record_messages", "(self, record)"),
        (Stream, "_increment_stream_state", "(self, latest_record, *, context=None)"),
        (Target, "_handle_termination", "(self, signum, frame)"),
        (Target, "_process_schema_message", "(self, message_dict)"),
        (Target, "_process_record_message", "(self, message_dict)"),
        (Target, "_process_state_message", "(self, message_dict)"),
        (Target, "_process_batch_message", "(self, message_dict)"),
        (Target, "_process_activate_version_message", "(self, message_dict)"),
        (GenericSingerReader, "process_lines", "(self, file_input, callbacks)"),
        (GenericSingerReader, "assert_line_requires", "(line_dict, requires)"),
        (GenericSingerWriter, "format_message", "(self, message)"),
        (SingerCommand, "__init__", "(self, *args, logger, **kwargs)"),
        (Sink, "__init__", "(self, target, stream_name, schema, key_properties)"),
    ],
    ids=lambda one: one.__name__ if isinstance(one, type) else None if one.startswith("(") else one,
)
def test_the_signature_is_as_we_take_it(kind: type, name: str, signature: str) -> None:
    assert _taken(getattr(kind, name)) == signature


def _body(of: Callable[..., Any]) -> str:
    """Return what a function does, without its docstring."""
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(of))).body
    assert isinstance(found, ast.FunctionDef)
    return "\n".join(map(ast.unparse, found.body[1:]))


def test_tap_invoke_does_what_fenced_tap_copies() -> None:
    assert _body(Tap.invoke) == textwrap.dedent("""\
        super().invoke(about=about, about_format=about_format)
        cls.print_version(print_fn=cls.logger.info)
        config = config or _ConfigInput()
        tap = cls(config=config.config, state=None if state is None else load_json(state.read()), \
catalog=None if catalog is None else load_json(catalog.read()), parse_env_config=config.parse_env, \
validate_config=True)
        tap.sync_all()""")


def test_singer_command_invoke_does_what_fenced_command_copies() -> None:
    assert _body(SingerCommand.invoke) == textwrap.dedent("""\
        logging.captureWarnings(capture=True)
        warnings.filterwarnings('once', category=DeprecationWarning)
        sys.excepthook = self.excepthook
        try:
            return super().invoke(ctx)
        except ConfigValidationError as exc:
            for error in exc.errors:
                self.logger.error(error)
            self.logger.error('Config validation failed', extra={'schema': exc.schema})
            ctx.exit(1)""")


@pytest.mark.parametrize("kind", [ProbeTap, ProbeTarget])
def test_validate_config_is_called_once_and_json_schema_validator_fills_in_what_is_left_out(
    kind: type[Probe],
) -> None:
    made = kind(config={})
    assert made.calls == [("check", True, 0)]
    assert made.config["token"] == "t"
    assert kind(config={"token": "x"}, validate_config=False).calls == [("check", False, 1)]


@pytest.mark.parametrize("kind", [ProbeTap, ProbeTarget])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_handle_termination_is_what_a_signal_calls(kind: type[Probe], number: signal.Signals) -> None:
    made = kind(config={})
    signal.raise_signal(number)
    assert made.calls[-1] == ("signalled", number)


def test_invoke_gives_config_input_to_start(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"token": "t1"}')
    STARTED.clear()
    ProbeTap.get_singer_command().main(["--config", str(file), "--config", "ENV"], standalone_mode=False)
    assert STARTED == [(None, None, {"config": {"token": "t1"}, "parse_env_config": True})]


@pytest.fixture
def calls(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """Run a tap, and return its first line, what the SDK called, and its last line."""
    tap = ProbeTap(config={})
    tap.calls.clear()
    tap.sync_all()
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [told[0], *tap.calls, told[-1]]


def test_sync_all_does_everything_inside_reading(calls: list[Any]) -> None:
    assert (calls[1], calls[-2]) == ("begins", "ends")
    assert calls[-1]["value"]["bookmarks"]["things"] == {
        "replication_key": "at",
        "replication_key_value": 3,
    }


def test_reset_state_progress_markers_is_called_once_before_the_first_state(calls: list[Any]) -> None:
    assert [call for call in calls if call == "before the first STATE"] == [calls[2]]
    assert calls[0] == {"type": "STATE", "value": {"probe": True}}


def test_write_starting_replication_value_is_called_before_get_records(calls: list[Any]) -> None:
    assert calls.index("start") + 1 == calls.index("read")


def test_increment_stream_state_is_called_for_each_record_in_its_order(calls: list[Any]) -> None:
    sent = [call for call in calls if isinstance(call, tuple)]
    assert sent == [("sent", "t3", True), ("sent", "t2", True)]


def test_sync_records_begins_before_get_records_and_each_record_counts() -> None:
    tap = ProbeTap(config={})
    (things,) = tap.streams.values()
    assert isinstance(things, Things)
    assert (things.began, things.read_so_far) == (None, 0)
    things.sync()
    assert things.began is not None
    assert things.read_so_far == 2


def _without_notes() -> dict[str, Any]:
    """Return a catalog that selects all but notes."""
    found = ProbeTap(config={}).catalog_dict
    for one in found["streams"][0]["metadata"]:
        one["metadata"]["selected"] = "note" not in one["breadcrumb"]
    return dict(found)


@pytest.mark.parametrize("level", TypeConformanceLevel)
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"catalog": _without_notes()},
        {"config": {"stream_maps": {"things": {"id": "id", "twice": "at * 2", "__else__": None}}}},
        {"config": {"stream_maps": {"things": {"__alias__": "others"}}}},
        {"config": {"stream_maps": {"things": None}}},
        {"config": {"flattening_enabled": True, "flattening_max_depth": 1}},
    ],
    ids=["as it is", "deselected", "mapped", "renamed", "removed", "flattened"],
)
def test_generate_record_messages_gives_what_the_sdk_gives(
    level: TypeConformanceLevel, given: dict[str, Any]
) -> None:
    things = ProbeTap(**{"config": {}, **given}).streams["things"]
    things.TYPE_CONFORMANCE_LEVEL = level
    made = [
        [(type(one), one.stream, one.record, one.version, one.time_extracted is None) for one in messages]
        for messages in (
            things._generate_record_messages({"id": "t3", "at": 3, "note": "n", "more": {"deep": 1}}),
            Stream._generate_record_messages(things, {"id": "t3", "at": 3, "note": "n", "more": {"deep": 1}}),
        )
    ]
    assert made[0] == made[1]


def test_process_record_does_nothing_for_a_stream_that_is_not_parted_and_has_no_children() -> None:
    assert _body(Stream._process_record) == textwrap.dedent("""\
        partition_context = partition_context or {}
        for key, val in partition_context.items():
            if key not in record:
                record[key] = val
        for context in self.generate_child_contexts(record=record, context=child_context):
            if self.stream_maps[0].get_filter_result(record):
                self._sync_children(copy.copy(context))""")
    assert _body(Stream._sync_children).startswith("for child_stream in self.child_streams:")


def test_progress_markers_are_in_the_state_until_a_stream_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tap = ProbeTap(config={})
    things = tap.streams["things"]
    assert isinstance(things, Things)
    things.fails = True
    with pytest.raises(KeyError):
        tap.sync_all()
    assert PROGRESS_MARKERS in things.stream_state
    assert "ends" not in tap.calls
    capsys.readouterr()


def test_said_on_the_way_is_how_the_sdk_logs_an_error_that_it_raises_on(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    tap = ProbeTap(config={})
    things = tap.streams["things"]
    assert isinstance(things, Things)
    things.fails = True
    with caplog.at_level(logging.ERROR), pytest.raises(KeyError):
        tap.sync_all()
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors
    assert all(str(record.msg).startswith(SAID_ON_THE_WAY) for record in errors)
    capsys.readouterr()


def test_process_messages_are_called_by_their_type() -> None:
    target = ProbeTarget(config={})
    messages: list[dict[str, Any]] = [
        {"type": "SCHEMA", "stream": "things", "schema": {"properties": {}}},
        {"type": "RECORD", "stream": "things", "record": {"id": "t1"}},
        {"type": "ACTIVATE_VERSION", "stream": "things", "version": 1},
        {"type": "BATCH", "stream": "things", "encoding": {}, "manifest": []},
        {"type": "STATE", "value": {"bookmarks": {}}},
    ]
    target.calls.clear()
    target.process_lines(io.StringIO("".join(json.dumps(message) + "\n" for message in messages)))
    assert target.calls == [
        ("schema", "things"),
        ("record", {"id": "t1"}),
        ("batch", "things"),
        ("state", {"bookmarks": {}}),
    ]


def test_append_builtin_config_of_what_is_above_target_gives_no_settings_for_tables() -> None:
    found: dict[str, Any] = {"properties": {}}
    ProbeTarget.append_builtin_config(found)
    theirs: dict[str, Any] = {"properties": {}}
    Target.append_builtin_config(theirs)
    tables = {"add_record_metadata", "load_method", "batch_size_rows", "validate_records"}
    assert theirs["properties"].keys() - found["properties"].keys() == tables
    assert "stream_maps" in found["properties"]


# Nothing is outside the fence

_OURS = (
    "apbridge.singer",
    "tap_avidxchange",
    "tap_netsuite_ap",
    "target_avidxchange",
    "target_netsuite_payments",
)
_FENCE = "apbridge.singer.sdk"


def _modules() -> list[str]:
    names = []
    for package in _OURS:
        path = importlib.import_module(package).__path__
        names += [one.name for one in pkgutil.walk_packages(path, f"{package}.")]
    return [name for name in names if name != _FENCE]


def _private(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith("_") and not name.endswith("__")}


def _touched(source: str) -> set[str]:
    """Return the private names that a class defines, and those that it asks of itself or its bases."""
    found = {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Attribute):
            continue
        of = node.value.func if isinstance(node.value, ast.Call) else node.value
        if isinstance(of, ast.Name) and of.id in {"self", "cls", "super"}:
            found.add(node.attr)
    return _private(found)


def _source(kind: type) -> str:
    return textwrap.dedent(inspect.getsource(kind))


def _of_the_sdk(kind: type) -> list[type]:
    return [one for one in kind.__mro__ if one.__module__.startswith("singer_sdk.")]


def _classes(module: str) -> list[type]:
    return [
        one
        for one in vars(importlib.import_module(module)).values()
        if isinstance(one, type) and one.__module__ == module and _of_the_sdk(one)
    ]


def test_the_scan_sees_what_it_is_to_find() -> None:
    assert BaseSingerReader in _of_the_sdk(ProbeTarget)
    theirs = set().union(*(_touched(_source(one)) for one in _of_the_sdk(ProbeTap)))
    assert {"_validate_config", "_state", "_handle_termination", "_config"} <= theirs
    assert _touched(_source(FencedTap)) >= {"_reset_state_progress_markers"}


@pytest.mark.parametrize("module", _modules())
def test_no_private_name_of_the_sdk_is_used_outside_the_fence(module: str) -> None:
    for kind in _classes(module):
        theirs = set().union(*(_touched(_source(one)) for one in _of_the_sdk(kind)))
        assert not _touched(_source(kind)) & theirs, kind
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("singer_sdk"):
            parts = (node.module or "").split(".") + [one.name for one in node.names]
            assert not _private(parts), ast.unparse(node)
