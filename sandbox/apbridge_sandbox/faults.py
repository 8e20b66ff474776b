"""Faults on demand: a status, an error page, a delay, a connection that drops, a call that comes late."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

import msgspec

_PROXY_PAGE = "<html><head><title>{0}</title></head><body><h1>{0} Bad Gateway</h1><hr>proxy</body></html>"


class Drop(Enum):
    """When the connection is cut without an answer."""

    BEFORE = "before"
    AFTER = "after"
    LATE = "late"


class Match(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which calls a fault is for. `path` is a regular expression, searched in the whole path.

    Of the calls that match: with `nth` the nth, counted from 1, and those after it as far as
    `times` allows (once, unless told); with `every` each k-th; with neither all. `times` at most.
    """

    method: str | None = None
    path: str = ""
    nth: int | None = None
    every: int | None = None
    times: int | None = None

    def __post_init__(self) -> None:
        """Refuse a pattern or a count that can never fire."""
        try:
            re.compile(self.path)
        except re.error as error:
            message = f"path is no regular expression: {error}"
            raise ValueError(message) from error
        if any(count is not None and count < 1 for count in (self.nth, self.every, self.times)):
            message = "nth, every and times count from 1"
            raise ValueError(message)


class Do(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What happens then. With neither `status` nor `drop` the call is only delayed or held.

    `drop` cuts the connection without an answer: `before` the call is handled, `after` its work is committed,
    or at once, and the call is handled `late`: when the calls that are held are let go. With `hold` what
    becomes of the call comes then too: it is handled, and answered if its caller is still there; or it gets
    its `status`; or its connection is cut, its work not done (`before`) or done before it was held (`after`).
    """

    status: int | None = None
    body: Any = None
    headers: dict[str, str] = {}
    delay_ms: int = 0
    drop: Drop | None = None
    hold: bool = False
    html: bool = False

    def __post_init__(self) -> None:
        """Refuse an answer that has no status."""
        if self.status is None and (self.html or self.headers or self.body is not None):
            message = "an answer needs a status"
            raise ValueError(message)
        if self.hold and self.drop is Drop.LATE:
            message = "a call that comes late is held as it is"
            raise ValueError(message)

    @property
    def is_late(self) -> bool:
        """Whether the call is handled only when it is let go."""
        return self.drop is Drop.LATE or (self.hold and self.status is None and self.drop is None)


class Fault(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A fault, how often it was seen and fired, how many calls it holds, and how many are over."""

    do: Do
    match: Match = msgspec.field(default_factory=Match)
    seen: int = 0
    fired: int = 0
    held: int = 0
    over: int = 0

    def answer(self) -> tuple[bytes, dict[str, str]]:
        """Return the body and headers of a fault that answers."""
        if self.do.html:
            page = _PROXY_PAGE.format(self.do.status)
            return page.encode(), {"content-type": "text/html; charset=utf-8", **self.do.headers}
        if isinstance(self.do.body, str):
            return self.do.body.encode(), {"content-type": "text/plain; charset=utf-8", **self.do.headers}
        body = b"" if self.do.body is None else msgspec.json.encode(self.do.body)
        return body, {"content-type": "application/json", **self.do.headers}

    def fires(self, method: str, path: str) -> bool:
        """Return whether this call is the one, and count it."""
        if self.match.method not in (None, method) or not re.search(self.match.path, path):
            return False
        self.seen += 1
        times = self.match.times
        if self.match.nth is not None:
            due = self.seen >= self.match.nth
            times = times or 1
        else:
            due = self.match.every is None or self.seen % self.match.every == 0
        if not due or (times is not None and self.fired >= times):
            return False
        self.fired += 1
        return True


class Faults:
    """The faults in force, first come first served. Used on the event loop only."""

    def __init__(self) -> None:
        self.in_force: list[Fault] = []
        self._let_go = asyncio.Event()

    def due(self, method: str, path: str) -> Fault | None:
        """Return the fault that befalls this call, and count it."""
        for fault in self.in_force:
            if fault.fires(method, path):
                return fault
        return None

    @asynccontextmanager
    async def held(self, fault: Fault) -> AsyncIterator[None]:
        """Begin the block when the calls that are held are let go; until its end the call counts as held."""
        fault.held += 1
        try:
            # A fault may have ended while the call was on its way here.
            if any(one is fault for one in self.in_force):
                await self._let_go.wait()
            yield
        finally:
            fault.held -= 1

    def let_go(self) -> None:
        """Release the calls that are held now."""
        self._let_go.set()
        self._let_go = asyncio.Event()

    def clear(self) -> None:
        """End all faults, and let go what they hold."""
        self.in_force.clear()
        self.let_go()
