"""One script in one V8 isolate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from threading import Lock
from typing import Any

import msgspec
from py_mini_racer import DEFAULT_V8_FLAGS, JSEvalException, MiniRacer, init_mini_racer

Host = Callable[[str, Mapping[str, Any]], Any]
"""Answers a question of the script: an operation and its argument."""


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
    """Runs one script, one call at a time.

    Args:
        source: The script.
        account: Where it runs.

    Raises:
        ScriptError: It does not load.
    """

    def __init__(self, source: str, account: Account) -> None:
        self._account = msgspec.json.encode(account).decode()
        self._lock = Lock()
        # V8 was once seen to trap in a process of many threads. A script that mostly waits for its host
        # gains nothing from compilers, and without them there is less that can go wrong.
        init_mini_racer(flags=(*DEFAULT_V8_FLAGS, "--jitless"), ignore_duplicate_init=True)
        self._racer = MiniRacer()
        host = (resources.files(__package__) / "host.js").read_text(encoding="utf-8")
        self._racer.eval(f"const sandboxHost = {host}")
        try:
            self._racer.eval(source)
        except JSEvalException as error:
            self.close()
            raise ScriptError("SYNTAX_ERROR", str(error).strip()) from error

    def call(self, method: str, request: bytes, host: Host) -> Any:  # noqa: ANN401
        """Call the script's entry point.

        Args:
            method: Name of the entry point: `post`.
            request: Its argument, as JSON.
            host: Answers what the script asks. A ScriptError that it raises is thrown in the script.

        Raises:
            ScriptError: The script threw it.
            MissingEntryError: It has no such entry point.
        """
        with self._lock:
            told = self._told("begin", method, request.decode(), self._account)
            while "question" in told:
                told = self._told("resume", _answer(told["question"], host))
        if "missing" in told:
            raise MissingEntryError(told["missing"])
        if "error" in told:
            raise ScriptError(**told["error"])
        return told.get("value")

    def _told(self, step: str, *arguments: str) -> dict[str, Any]:
        # Calling a function object crosses to the isolate's thread several times, evaluating a text once.
        written = ", ".join(msgspec.json.encode(argument).decode() for argument in arguments)
        told = self._racer.eval(f"sandboxHost.{step}({written})")
        if not isinstance(told, str):
            raise TypeError
        return msgspec.json.decode(told, type=dict[str, Any])

    def close(self) -> None:
        """Give the isolate back."""
        self._racer.close()


def _answer(question: Mapping[str, Any], host: Host) -> str:
    try:
        answer: dict[str, Any] = {"value": host(question["operation"], question["argument"])}
    except ScriptError as error:
        answer = {"error": {"name": error.name, "message": error.message}}
    return msgspec.json.encode(answer).decode()
