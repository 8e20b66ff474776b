"""One script, in an embedded JavaScript engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from quickjs import Context, JSException

Host = Callable[[str, Mapping[str, Any]], Any]
"""Answers a question of the script: an operation and its argument."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Account:
    """What a script may know of its account: its id, and the time zone that dates are shown in."""

    id: str
    zone: str


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

    Raises:
        ScriptError: It does not load.
    """

    def __init__(self, source: str, account: Account) -> None:
        self._source = source
        self._account = account
        self._loaded(lambda _operation, _argument: None)

    def call(self, method: str, request: bytes, host: Host) -> Any:  # noqa: ANN401
        """Call the script's entry point.

        Args:
            method: Name of the entry point: `post`.
            request: Its argument, as JSON.
            host: Answers what the script asks. A ScriptError that it raises is thrown in the script; any
                other error ends the call and comes out of it.

        Raises:
            ScriptError: The script threw it.
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

        context = self._loaded(ask)
        told = msgspec.json.decode(context.get("run")(method, request.decode()), type=dict[str, Any])
        if failures:
            raise failures[0]
        if "missing" in told:
            raise MissingEntryError(told["missing"])
        if "error" in told:
            raise ScriptError(**told["error"])
        return told.get("value")

    def _loaded(self, ask: Callable[[str, str], str | None]) -> Context:
        context = Context()
        context.add_callable("askPython", ask)
        context.add_callable("aheadOfUtc", self._ahead)
        context.set("accountId", self._account.id)
        try:
            context.eval(_modules())
            context.eval(self._source)
            context.eval("checkModules()")
        except JSException as error:
            code = "SYNTAX_ERROR"
            raise ScriptError(code, str(error).strip()) from error
        return context

    def _ahead(self, milliseconds: float) -> float:
        """Give by how many milliseconds the account's time is ahead of UTC at an instant."""
        instant = _EPOCH + timedelta(milliseconds=milliseconds)
        offset = instant.astimezone(ZoneInfo(self._account.zone)).utcoffset() or timedelta()
        return offset / timedelta(milliseconds=1)


def _answer(operation: str, argument: Mapping[str, Any], host: Host) -> str:
    try:
        return msgspec.json.encode({"value": host(operation, argument)}).decode()
    except ScriptError as error:
        return _failed(error)


def _failed(error: ScriptError) -> str:
    return msgspec.json.encode({"error": {"name": error.name, "message": error.message}}).decode()


@lru_cache(maxsize=1)
def _modules() -> str:
    return (resources.files(__package__) / "host.js").read_text(encoding="utf-8")
