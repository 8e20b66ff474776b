"""Keeps the shapes of AvidXchange's answers while a run goes on, and warns where they have changed.

What is counted stays in memory for a minute at most, and at the end of the run it is added to what is kept; a
process that is killed loses that much. Nothing of it ends a run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from http import HTTPStatus
from threading import Lock
from time import monotonic
from typing import Any

from apbridge.avidxchange.answer_drift import AnswerChange, NewAnswers, SeenAnswers
from apbridge.avidxchange.answer_places import ERRORS, AnswerPlaces
from apbridge.avidxchange.answer_shapes import AnswerShape, ShapeRules, shown
from apbridge.avidxchange.answers import value_in
from apbridge.avidxchange.checking import checked
from apbridge.avidxchange.expressions import fingerprint
from apbridge.avidxchange.profile import Profile
from apbridge.avidxchange.profile_files import files_of
from apbridge.errors import APBridgeError, where
from apbridge.http import NOT_JSON, Answer, AnswerKind

logger = logging.getLogger(__name__)

KEPT_AS = "answers: "
"""Before the name under which something is kept: see `observation`."""

_ITS_OWN = {AnswerKind.DONE, AnswerKind.REFUSED, AnswerKind.NOT_SIGNED_IN, AnswerKind.FORBIDDEN}
"""What no overload and nothing between answers."""
_DONE = "answers"
_INTERVAL = 60.0
_LONGEST_NAME = 60

Revise = Callable[[Mapping[str, Callable[[Any], Any]]], None]
"""Changes what is kept under several names at once, each by what is kept of it: see `RunHistory.revise`."""


def observation(profile: str, operation: str, form: str) -> str:
    """Return the name under which answers to one operation are kept.

    Args:
        profile: Name of the profile.
        operation: The operation.
        form: `answers`, or the status of refusals.
    """
    name = profile if len(profile) <= _LONGEST_NAME else f"{profile[:40]} {fingerprint(profile)[:16]}"
    return f"{KEPT_AS}{name}: {operation}: {form}"


class AnswerRecorder:
    """Counts the shapes of answers of one client.

    Thread-safe.

    Args:
        profile: The profile's name, or the path of its file.
        revise: Keeps what was counted.
    """

    def __init__(self, profile: str, revise: Revise) -> None:
        self._profile = Profile.load(profile)
        places = AnswerPlaces.of_profile(checked(files_of(profile))[0])
        self._rules = ShapeRules(places)
        self._reads = places.of
        self._named = {
            operation: {shown(place): one for place, one in reads.items()}
            for operation, reads in places.of.items()
        }
        self._revise = revise
        self._counting = Lock()
        self._counted: dict[tuple[str, str], _Counted] = {}
        self._until = monotonic() + _INTERVAL
        self._is_off = False
        self.news: list[tuple[str, AnswerChange]] = []
        """What was told, with the operation."""

    def see(self, operation: str, status: int, answer: Answer) -> None:
        """Count an answer: see `AnswerWatch`. Pictures, and answers that say nothing, are not counted."""
        body = answer.body
        if self._is_off or answer.kind not in _ITS_OWN or body is None or isinstance(body, bytes):
            return
        with self._harmless():
            self._see(operation, status, body)

    def keep(self) -> None:
        """Keep what was counted, and warn of what is otherwise than before."""
        with self._harmless():
            self._keep()

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        """Stop counting where it cannot be done: no run ends by it."""
        try:
            yield
        except Exception as failure:  # noqa: BLE001 - whatever it is
            self._is_off = True
            problem = f"{type(failure).__name__} at {where(failure)}"
            if isinstance(failure, APBridgeError):
                problem = failure.says.rstrip(".")
            logger.warning("%s", APBridgeError("APB-AX-045", problem=problem))

    def _see(self, operation: str, status: int, body: Any) -> None:  # noqa: ANN401
        is_refused = status >= HTTPStatus.BAD_REQUEST
        form = f"HTTP {status}" if is_refused else _DONE
        with self._counting:
            counted = self._counted.get((operation, form))
            if counted is None:
                reads = self._reads.get(ERRORS if is_refused else operation, {})
                counted = self._counted[operation, form] = _Counted(AnswerShape(self._rules, (), reads))
            if body is not NOT_JSON:
                counted.shape.add(body)
            if not is_refused and (page := self._page(operation, body)):
                counted.pages.append(page)
            if is_refused and (body is NOT_JSON or not self._has_words(body)):
                counted.unread += 1
                counted.says = "no JSON" if body is NOT_JSON else "JSON of another form"
            is_due = monotonic() > self._until
        if is_due:
            self._keep()

    def _keep(self) -> None:
        with self._counting:
            counted, self._counted = self._counted, {}
            self._until = monotonic() + _INTERVAL
        if not counted:
            return
        found: list[tuple[str, AnswerChange]] = []
        now = datetime.now(timezone.utc)
        revisions = {}
        for (operation, form), one in counted.items():
            reads = self._named.get(operation, {}) if form == _DONE else {}
            new = NewAnswers(one.shape, reads, one.unread, one.says, one.pages, now)
            asked = operation if form == _DONE else f"{operation}, {form}"
            name = observation(self._profile.name, operation, form)
            revisions[name] = partial(self._added, asked, new, found)
        self._revise(revisions)
        self.news += found
        for operation, change in found:
            logger.warning("%s", change.sentence(self._profile.name, operation))

    def _added(
        self,
        asked: str,
        new: NewAnswers,
        found: list[tuple[str, AnswerChange]],
        kept: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        seen, news = new.add_to(SeenAnswers.of(kept["seen"]) if kept else None)
        found += [(asked, one) for one in news]
        return {"profile": self._profile.name, "operation": asked, "seen": seen.kept()}

    def _page(self, operation: str, body: Any) -> tuple[int, bool] | None:  # noqa: ANN401
        """Return how many records a page has and whether it tells of a next one; None of what is no page."""
        resource, _, name = operation.partition(".")
        listing = self._profile.resources[resource].listing if name == "list" else None
        following = listing.next_page if listing else None
        if listing is None or following is None or not (following.cursor or following.link or following.more):
            return None
        items = value_in(listing.items, body)
        if following.cursor or following.link:
            tells = any(value_in(one, body) is not None for one in (following.cursor, following.link) if one)
        else:
            tells = following.more is not None and value_in(following.more, body) is True
        return (len(items), tells) if isinstance(items, list) else None

    def _has_words(self, body: Any) -> bool:  # noqa: ANN401
        rules = self._profile.errors
        return any(bool(value_in(one, body)) for one in (rules.message, rules.items) if one)


class _Counted:
    def __init__(self, shape: AnswerShape) -> None:
        self.shape = shape
        self.unread = 0
        self.says = ""
        self.pages: list[tuple[int, bool]] = []
