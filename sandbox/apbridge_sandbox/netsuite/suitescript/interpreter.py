"""Runs scripts in the embedded JavaScript engine: a program that takes jobs line by line, as JSON.

A job is a script's `source`, the `account` and `zone` that it runs in, how its user sees dates (`day`,
`time`), and the `method` to call with a `request`; without a method it is only loaded. What the script
asks is told as `ask` and `argument`, and answered by `answer`. The last word on a job is what `run` of
`host.js` gives, as `told`, or why the script does not load, as `broken`.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from quickjs import Context, JSException

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MODULES = Path(__file__).with_name("host.js").read_text(encoding="utf-8")


class Interpreter:
    """Takes jobs from one file and tells what comes of them in another."""

    def __init__(self) -> None:
        self._jobs = sys.stdin.buffer
        # What else might be printed must not come between two lines of ours.
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def serve(self) -> None:
        """Run every job; each in a context of its own, of which nothing is kept."""
        while line := self._jobs.readline():
            self._tell(self._ran(json.loads(line)))

    def _ran(self, job: dict[str, Any]) -> dict[str, str]:
        zone = ZoneInfo(job["zone"])

        def ahead(milliseconds: float) -> float:
            """Return by how many milliseconds the account's time is ahead of UTC at an instant."""
            instant = _EPOCH + timedelta(milliseconds=milliseconds)
            return (instant.astimezone(zone).utcoffset() or timedelta()) / timedelta(milliseconds=1)

        context = Context()
        context.add_callable("askPython", self._ask)
        context.add_callable("aheadOfUtc", ahead)
        context.set("accountId", job["account"])
        context.set("dayFormat", job["day"])
        context.set("timeFormat", job["time"])
        try:
            context.eval(_MODULES)
            context.eval(job["source"])
            context.eval("checkModules()")
        except JSException as error:
            return {"broken": str(error).strip()}
        return {"told": context.get("run")(job["method"], job["request"]) if job["method"] else ""}

    def _ask(self, operation: str, argument: str) -> str:
        self._tell({"ask": operation, "argument": argument})
        line = self._jobs.readline()
        if not line:
            os._exit(1)  # whoever would answer is gone
        answer: str = json.loads(line)["answer"]
        return answer

    def _tell(self, told: dict[str, str]) -> None:
        self._out.write(json.dumps(told).encode() + b"\n")
        self._out.flush()


if __name__ == "__main__":
    Interpreter().serve()
