"""The engine that runs scripts: what it models of NetSuite, and that a crash of it is nobody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from apbridge_sandbox.netsuite.suitescript.engine import Engine, ScriptAccount, ScriptError
from apbridge_sandbox.preferences import DatePreference
from apbridge_sandbox.script_process import ScriptProcess
from apbridge_sandbox.testing import Running
from tests.netsuite.signed_in import SignedInNetSuite
from tests.waiting import PATIENCE

ACCOUNT = ScriptAccount("7654321", "America/Los_Angeles")
PROCESS = ScriptProcess()


@pytest.fixture(scope="module", autouse=True)
def _ended() -> Iterator[None]:
    yield
    PROCESS.close()


def _script(body: str, modules: str = "") -> Engine:
    names = ", ".join(f"'N/{name}'" for name in modules.split())
    given = ", ".join(modules.split())
    source = f"define([{names}], ({given}) => ({{ post: (request) => {{ {body} }} }}));"
    return Engine(source, ACCOUNT, PROCESS)


@pytest.mark.parametrize(
    ("body", "modules", "name"),
    [
        ("return search.global({})", "search", "NOT_IN_THE_SANDBOX"),
        ("return search.Type.INVOICE", "search", "NOT_IN_THE_SANDBOX"),
        ("return search.create({ type: 'vendorbill', title: 'x' })", "search", "NOT_IN_THE_SANDBOX"),
        ("return search.create({})", "search", "SSS_MISSING_REQD_ARGUMENT"),
        ("return file.load({})", "file", "SSS_MISSING_REQD_ARGUMENT"),
        ("runtime.accountId = 'x'", "runtime", "UNEXPECTED_ERROR"),
        ("return nosuch.thing", "", "UNEXPECTED_ERROR"),
        ("throw error.create({ name: 'MINE', message: 'said' })", "error", "MINE"),
        ("throw 'plain'", "", "UNEXPECTED_ERROR"),
    ],
)
def test_the_engine_knows_no_more_than_is_modelled(body: str, modules: str, name: str):
    engine = _script(body, modules)
    with pytest.raises(ScriptError) as thrown:
        engine.call("post", b"{}", lambda _operation, _argument: None)
    assert thrown.value.name == name


def test_the_engine_asks_once_whatever_the_script_catches():
    asked: list[str] = []

    def host(operation: str, _argument: object) -> object:
        asked.append(operation)
        if operation == "load":
            raise ScriptError("RCRD_DOESNT_EXIST", "gone")
        return "encoded"

    body = """
      let seen = [];
      const text = { string: 'x', inputEncoding: 'UTF_8', outputEncoding: 'BASE_64' };
      try { seen.push(encode.convert(text)); } catch (thrown) { seen.push('never'); }
      try { file.load({ id: 1 }); } catch (thrown) { seen.push(thrown.name); }
      return { seen, request, account: runtime.accountId };
    """
    engine = _script(body, "encode file runtime")
    assert engine.call("post", b'{"a": 1}', host) == {
        "seen": ["encoded", "RCRD_DOESNT_EXIST"],
        "request": {"a": 1},
        "account": "7654321",
    }
    assert asked == ["encode", "load"]


def test_what_fails_in_the_host_comes_out_of_the_call_though_the_script_catches_it():
    asked: list[str] = []

    def host(operation: str, _argument: object) -> object:
        asked.append(operation)
        message = "the books are locked"
        raise OSError(message)

    engine = _script("try { file.load({ id: 1 }); } catch (thrown) { return file.load({ id: 2 }); }", "file")
    with pytest.raises(OSError, match="the books are locked"):
        engine.call("post", b"{}", host)
    assert asked == ["load", "load"]


PARSED = "return format.parse({ value: request, type: format.Type.DATETIMETZ })"
FORMATTED = """
  const shown = ['date', 'datetimetz'].map((type) => format.format({ value: new Date(request), type }));
  return [...shown, format.parse({ value: shown[1], type: 'datetimetz' })];
"""


def _call(body: str, request: str, dates: DatePreference) -> Any:  # noqa: ANN401
    source = f"define(['N/format'], (format) => ({{ post: (request) => {{ {body} }} }}));"
    engine = Engine(source, ScriptAccount("7654321", "America/Los_Angeles", dates), PROCESS)
    return engine.call("post", f'"{request}"'.encode(), lambda *_: None)


@pytest.mark.parametrize(
    ("shown", "instant"),
    [
        ("7/18/2026 8:04:00 pm", "2026-07-19T03:04:00.000Z"),
        ("12/31/2026 12:30:59 am", "2026-12-31T08:30:59.000Z"),
        ("3/8/2026 1:59:00 am", "2026-03-08T09:59:00.000Z"),
        ("3/8/2026 3:00:00 am", "2026-03-08T10:00:00.000Z"),
        ("11/1/2026 12:00:00 pm", "2026-11-01T20:00:00.000Z"),
    ],
)
def test_dates_are_read_in_the_accounts_zone(shown: str, instant: str):
    assert _call(PARSED, shown, DatePreference()) == instant


@pytest.mark.parametrize(
    "unreadable",
    ["7/18/2026 8:04 pm", "7/18/2026", "18/7/2026 8:04:00 pm", "2026-07-18 20:04:00", "yesterday", ""],
)
def test_a_text_that_is_no_date_and_time_is_given_back_unchanged(unreadable: str):
    assert _call(PARSED, unreadable, DatePreference()) == unreadable


@pytest.mark.parametrize(
    ("day", "time", "shown"),
    [
        ("M/D/YYYY", "2:10 pm", ["7/8/2026", "7/8/2026 8:04:05 pm"]),
        ("D/M/YYYY", "14:10", ["8/7/2026", "8/7/2026 20:04:05"]),
        ("DD-Mon-YYYY", "14-10", ["08-Jul-2026", "08-Jul-2026 20-04-05"]),
        ("DD.MM.YYYY", "14:10", ["08.07.2026", "08.07.2026 20:04:05"]),
        ("YYYY-MM-DD", "2-10 pm", ["2026-07-08", "2026-07-08 8-04-05 pm"]),
    ],
)
def test_dates_are_written_and_read_as_the_user_prefers(day: str, time: str, shown: list[str]):
    told = _call(FORMATTED, "2026-07-09T03:04:05Z", DatePreference(day, time))
    assert told == [*shown, "2026-07-09T03:04:05.000Z"]


def test_a_script_that_does_not_load():
    with pytest.raises(ScriptError):
        Engine("define([", ACCOUNT, PROCESS)
    with pytest.raises(ScriptError, match="no module N/https"):
        Engine("define(['N/https'], () => ({}));", ACCOUNT, PROCESS)


def test_a_crash_of_the_engine_is_an_error_of_the_script_and_nothing_more():
    engine = _script("return runtime.getCurrentUser()", "runtime")

    def crash(_operation: str, _argument: object) -> None:
        assert PROCESS._process
        os.kill(PROCESS._process.pid, signal.SIGSEGV)
        PROCESS._process.wait(PATIENCE)

    for _ in range(2):
        with pytest.raises(ScriptError, match=r"crashed \(exit code -11\)") as thrown:
            engine.call("post", b"{}", crash)
        assert thrown.value.name == "UNEXPECTED_ERROR"
        assert engine.call("post", b"{}", lambda *_: {"id": 7}) == {"id": 7}


def test_a_restlet_whose_engine_crashed_answers_and_is_there_again(
    netsuite: SignedInNetSuite, sandbox: Running
):
    assert sandbox.sandbox
    assert netsuite.restlet({"action": "files", "bills": [1]}).ok
    process = sandbox.sandbox.scripts._process
    assert process
    process.kill()
    process.wait(PATIENCE)
    answer = netsuite.restlet({"action": "files", "bills": [1]})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "UNEXPECTED_ERROR"
    assert netsuite.restlet({"action": "files", "bills": [1]}).ok


def test_the_engine_ends_with_the_sandbox():
    program = """
import sys
from apbridge_sandbox.script_process import ScriptProcess
dates = dict(zone="UTC", day="M/D/YYYY", time="14:10")
ScriptProcess().run(dict(source="", account="1", method=None, request="", **dates), None)
print("ready", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1) as parent:
        assert parent.stdout
        assert parent.stderr
        assert parent.stdout.readline() == b"ready\n"
        parent.kill()
        # Both have it, and it ends when neither has it any more.
        assert parent.stderr.read() == b""
