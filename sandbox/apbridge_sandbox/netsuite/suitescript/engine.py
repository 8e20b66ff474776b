"""One script, in an embedded JavaScript engine in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from apbridge_sandbox.preferences import DEFAULT, DatePreference
from apbridge_sandbox.script_process import CrashError, ScriptProcess

Host = Callable[[str, Mapping[str, Any]], Any]
"""Answers a question of the script: an operation and its argument."""


@dataclass(frozen=True)
class ScriptAccount:
    """What a script may know of its account: its id, and how its user sees dates and times of day."""

    id: str
    zone: str
    dates: DatePreference = DEFAULT


class ScriptError(Exception):
    """What a script throws: its name and message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


class MissingEntryError(Exception):
    """The script does not answer this method."""


class Engine:
    """Runs one script. Every call is a run of its own: nothing is kept from one to the next.

    Args:
        source: The script.
        account: Where it runs.
        process: What runs it.

    Raises:
        ScriptError: It does not load.
    """

    def __init__(self, source: str, account: ScriptAccount, process: ScriptProcess) -> None:
        self._job = {
            "source": source,
            "account": account.id,
            "zone": account.zone,
            "day": account.dates.day,
            "time": account.dates.time,
        }
        self._process = process
        self._run(None, b"", lambda _operation, _argument: "")

    def call(self, method: str, request: bytes, host: Host) -> Any:  # noqa: ANN401
        """Call the script's entry point.

        Args:
            method: Name of the entry point: `post`.
            request: Its argument, as JSON.
            host: Answers what the script asks. A ScriptError that it raises is thrown in the script; any
                other error ends the call and comes out of it.

        Raises:
            ScriptError: The script threw it, or the engine crashed.
            MissingEntryError: It has no such entry point.
        """
        failures: list[Exception] = []

        def ask(operation: str, argument: str) -> str:
            try:
                return _answer(operation, msgspec.json.decode(argument), host)
            except Exception as error:  # noqa: BLE001, it comes out of the call
                # Nothing may be raised through the engine: a script that catches it would go on beside it.
                failures.append(error)
                return _failed(ScriptError("UNEXPECTED_ERROR", type(error).__name__))

        told = msgspec.json.decode(self._run(method, request, ask), type=dict[str, Any])
        if failures:
            raise failures[0]
        if "missing" in told:
            raise MissingEntryError(told["missing"])
        if "error" in told:
            raise ScriptError(**told["error"])
        return told.get("value")

    def _run(self, method: str | None, request: bytes, ask: Callable[[str, str], str]) -> str:
        job = {**self._job, "method": method, "request": request.decode()}
        try:
            ended = self._process.run(job, ask)
        except CrashError as crash:
            raise ScriptError("UNEXPECTED_ERROR", str(crash)) from crash
        if "broken" in ended:
            code = "SYNTAX_ERROR"
            raise ScriptError(code, ended["broken"])
        told: str = ended["told"]
        return told


def _answer(operation: str, argument: Mapping[str, Any], host: Host) -> str:
    try:
        return msgspec.json.encode({"value": host(operation, argument)}).decode()
    except ScriptError as error:
        return _failed(error)


def _failed(error: ScriptError) -> str:
    return msgspec.json.encode({"error": {"name": error.name, "message": error.message}}).decode()
