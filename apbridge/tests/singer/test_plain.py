"""What a tap or target says when it ends badly: one line, no trace, no secret."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import forked
from tests.singer.messages import SCHEMAS, state, vendor

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext

TAP = """
import sys
from apbridge.errors import SettingError
from apbridge.singer import PlainErrors
from singer_sdk import Stream, Tap

class Failing(Stream):
    name = "things"
    schema = {"properties": {"id": {"type": "string"}}}
    def get_records(self, context):
        yield {"id": "1"}
        if self.config["kind"] == "plain":
            raise SettingError("APB-SET-002", setting="token")
        if self.config["kind"] == "logged":
            self.logger.error("a library's own words", exc_info=KeyError("t0ps3cret"))
        raise KeyError("t0ps3cret")

class TapToy(PlainErrors, Tap):
    name = "tap-toy"
    package_name = "apbridge"
    config_jsonschema = {"properties": {"kind": {"type": "string"}}, "required": ["kind"]}
    def discover_streams(self):
        return [Failing(self)]

TapToy.cli()
"""


def run(
    command: list[str], environment: dict[str, str], *messages: dict[str, Any], text: str = ""
) -> subprocess.CompletedProcess[str]:
    lines = text or "".join(json.dumps(message) + "\n" for message in messages)
    return forked.run(*command, stdin=lines, env=environment)


def errors(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines that tell of the error: all that are not of level INFO."""
    return [line for line in done.stderr.splitlines() if "| INFO " not in line]


def config(context: ToyContext, **settings: object) -> None:
    (context.folder / "config.json").write_text(json.dumps({**context.config, **settings}))


def test_a_good_run_says_what_was_done_in_its_last_line(
    program: list[str], environment: dict[str, str]
) -> None:
    done = run(program, environment, *SCHEMAS, vendor(1), state("t1"))
    assert (done.returncode, errors(done)) == (0, [])
    last = r".*target-toy: vendors 1 delivered; the audit trail ends with 2:[0-9a-f]{64}"
    assert re.fullmatch(last, done.stderr.splitlines()[-1])
    told = json.loads(done.stdout)
    assert told["bookmarks"] == state("t1")["value"]["bookmarks"]


def test_an_error_of_ours_is_one_line(
    context: ToyContext, program: list[str], environment: dict[str, str]
) -> None:
    config(context, token="taken away")
    done = run(program, environment, *SCHEMAS, vendor(1), state("t1"))
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = errors(done)
    assert line.endswith(
        "Setting token is not valid: it was refused. Correct token and run again. [APB-SET-001]"
    )


def test_settings_that_do_not_fit_are_named_without_their_values(
    context: ToyContext, program: list[str], environment: dict[str, str]
) -> None:
    config(context, token="secret-that-does-not-fit", concurrency="many", on_reject="shout")
    settings = json.loads((context.folder / "config.json").read_text())
    del settings["file"]
    (context.folder / "config.json").write_text(json.dumps(settings))
    done = run(program, environment)
    assert done.returncode == 1
    (line,) = errors(done)
    for words in ("file missing", "token does not match", "concurrency must be of type integer"):
        assert words in line
    assert "on_reject must be one of continue, fail" in line
    assert "secret-that-does-not-fit" not in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "it is not there"), ("{", "not a JSON object"), ("[1]", "not a JSON object")],
)
def test_a_config_file_that_cannot_be_used_is_named(
    context: ToyContext, program: list[str], environment: dict[str, str], content: str | None, words: str
) -> None:
    file = context.folder / "config.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
    done = run(program, environment)
    assert done.returncode == 1
    (line,) = errors(done)
    assert words in line
    assert "config.json" in line


def test_a_line_that_is_no_message_is_not_shown(program: list[str], environment: dict[str, str]) -> None:
    done = run(program, environment, text='{"type": "RECORD", "tax_id": "12-3456789"\n')
    assert done.returncode == 1
    (line,) = errors(done)
    assert "Line 1 of the input cannot be used: it is not JSON" in line
    assert "12-3456789" not in done.stderr


def test_bytes_that_are_no_text_are_told_too(program: list[str], environment: dict[str, str]) -> None:
    done = forked.run(*program, stdin=b'{"type": "\xff"}\n', env=environment)
    assert done.returncode == 1
    assert "Line 1 of the input cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def tap(tmp_path: Path) -> list[str]:
    (tmp_path / "tap.py").write_text(TAP)
    return [str(tmp_path / "tap.py"), "--config", str(tmp_path / "tap.json")]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("plain", "Setting token is missing. Set token and run again. [APB-SET-002]"),
        ("bug", "Internal error: KeyError at __main__:16."),
        ("logged", "Internal error: KeyError at __main__:16."),
    ],
)
def test_a_tap_ends_in_one_line_too(
    tap: list[str], tmp_path: Path, environment: dict[str, str], kind: str, words: str
) -> None:
    (tmp_path / "tap.json").write_text(json.dumps({"kind": kind}))
    done = run(tap, environment)
    assert done.returncode == 1
    (line,) = errors(done)
    assert words in line
    assert "t0ps3cret" not in done.stderr


@pytest.mark.parametrize("kind", ["plain", "bug", "logged"])
def test_so_it_is_in_the_form_that_meltano_asks_for(
    tap: list[str], tmp_path: Path, environment: dict[str, str], kind: str
) -> None:
    (tmp_path / "tap.json").write_text(json.dumps({"kind": kind}))
    handler = {"class": "logging.StreamHandler", "formatter": "meltano", "stream": "ext://sys.stderr"}
    logging_config = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"meltano": {"()": "singer_sdk.logging.StructuredFormatter"}},
        "handlers": {"console": handler},
        "root": {"handlers": ["console"], "level": "INFO"},
    }
    (tmp_path / "logging.json").write_text(json.dumps(logging_config))
    done = run(tap, {**environment, "SINGER_SDK_LOG_CONFIG": str(tmp_path / "logging.json")})
    told = [json.loads(line) for line in done.stderr.splitlines()]
    (error,) = [one for one in told if one["level"] != "info"]
    assert error["level"] == "error"
    assert "[APB-" in error["message"]
    assert "exception" not in error
    assert "t0ps3cret" not in done.stderr


def test_the_trace_is_there_at_level_debug(
    tap: list[str], tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "tap.json").write_text('{"kind": "bug"}')
    done = run(tap, {**environment, "TAP_TOY_LOGLEVEL": "debug"})
    assert done.returncode == 1
    assert "TAP_TOY_LOGLEVEL=debug" in done.stderr
    assert "Traceback" in done.stderr


def test_about_and_version_need_no_settings(program: list[str], environment: dict[str, str]) -> None:
    done = run([*program[:1], "--about", "--format=json"], environment)
    assert done.returncode == 0
    about = json.loads(done.stdout)
    assert set(about["settings"]["properties"]) >= {"ledger_url", "on_reject", "stream_maps"}
    # Validation cannot be switched off, and records get no columns of their own.
    assert not {"validate_records", "add_record_metadata", "load_method"} & set(
        about["settings"]["properties"]
    )
