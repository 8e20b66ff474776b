"""Places in flight that every process shares that calls one account, on one machine or on several.

A call is sent only while its process holds one of the places 1 to the limit, and a process that ends,
however it ends, holds none. The one that waits longest comes first: a first sync takes turns with payments.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from time import monotonic
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from apbridge.errors import SettingError, UnavailableError
from apbridge.http.retry import LATEST_TRY
from apbridge.redaction import without_credentials
from apbridge.waits import WAKES

logger = logging.getLogger(__name__)

IN_TURN = 20.0
"""Seconds for which a waiting process lets those go first that wait longer. Where a place is free then all
the same, they are halted, and no call lets them go first any more."""

TOLD_AFTER = 30.0
"""Seconds of waiting after which the log tells of it."""

GIVE_UP_AFTER = LATEST_TRY
"""Seconds until a place is given up: a call that got one later would not be sent."""

_SHORTEST, _LONGEST = 0.002, 0.05
_SHARE = 0.1
"""A place is looked for again after this share of the time waited: so much of a call's time stays unused."""

_DATABASES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})


class PlaceLocks(Protocol):
    """Locks on places, which their keeper takes from a process that ends. One thread at a time waits."""

    turn: Lock
    """Held by the thread of this process that looks for a place."""

    def lock(self, most: int, *, in_turn: bool) -> int | None:
        """Lock a place from 1 to `most`; None where all are taken.

        The last are taken first: they are of no use to who may hold fewer.

        Args:
            most: Number of places.
            in_turn: Whether to leave them to processes that wait longer.

        Raises:
            OSError: The keeper cannot be used; it says why.
        """

    def queue(self) -> None:
        """Wait from now on: who comes later comes after. Later calls change nothing."""

    def leave_queue(self) -> None:
        """Wait no longer."""

    def pass_over(self) -> None:
        """Leave nothing any more to processes that have waited longer than this one, which waits."""

    def unlock(self, place: int) -> None:
        """Return a place. What fails here shows at the next `lock`: the call itself is done."""

    def close(self) -> None:
        """Free all that is held."""


class SharedPlaces:
    """The places of one account, as one client uses them. Thread-safe.

    Args:
        locks: Keep them.
        kept_in: Where, for errors; without credentials.
        system: Whose account it is, for errors.
        stop: When set, waits end.
    """

    def __init__(self, locks: PlaceLocks, *, kept_in: str, system: str, stop: Event | None) -> None:
        self._locks = locks
        self._facts = {"limits_url": kept_in, "system": system}
        self._stop = stop or Event()

    @contextmanager
    def place(self, most: int) -> Iterator[None]:
        """Hold one of the places 1 to `most` while the block runs.

        Raises:
            SettingError: They are kept in PostgreSQL, whose driver is missing or whose URL cannot be read.
            UnavailableError: They cannot be used; or none became free, or the run was stopped before.
        """
        place = self._taken(most)
        try:
            yield
        finally:
            self._locks.unlock(place)

    def close(self) -> None:
        """Close what keeps them."""
        self._locks.close()

    def _taken(self, most: int) -> int:
        began = monotonic()
        # Woken from time to time, so that a signal's handler runs.
        while not self._locks.turn.acquire(timeout=WAKES):
            pass
        try:
            place = self._locks.lock(most, in_turn=True)
            return self._waited_for(most, began) if place is None else place
        except (OSError, UnicodeEncodeError) as failure:
            problem = getattr(failure, "strerror", None) or failure
            raise UnavailableError("APB-HTTP-007", problem=problem, **self._facts) from failure
        finally:
            self._locks.turn.release()

    def _waited_for(self, most: int, began: float) -> int:
        is_told, was_in_turn, queued = False, True, monotonic()
        try:
            while not self._stop.is_set():
                self._locks.queue()
                now = monotonic()
                waited, in_turn = now - began, now - queued < IN_TURN
                place = self._locks.lock(most, in_turn=in_turn)
                if place is not None:
                    if was_in_turn and not in_turn:
                        self._locks.pass_over()
                    return place
                was_in_turn = in_turn
                if waited > TOLD_AFTER and not is_told:
                    is_told = True
                    told = "%s: other jobs hold all %d places in flight; waiting for one"
                    logger.info(told, self._facts["system"], most)
                if waited > GIVE_UP_AFTER:
                    minutes = round(waited / 60)
                    raise UnavailableError("APB-HTTP-009", most=most, minutes=minutes, **self._facts)
                pause = min(max(_SHORTEST, waited * _SHARE), _LONGEST)
                self._stop.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311
        finally:
            self._locks.leave_queue()
        raise UnavailableError("APB-HTTP-010", **self._facts)


def places_at(limits_url: str, *, system: str, account: str, stop: Event | None = None) -> SharedPlaces:
    """Return the places of an account.

    Args:
        limits_url: A folder, as a path or a `file:` URL, for the processes of one machine; or the URL of a
            PostgreSQL database.
        system: Its system's name, for errors.
        account: Its id.
        stop: When set, waits end.

    Raises:
        SettingError: `limits_url` is neither.
    """
    locks: PlaceLocks
    key = f"{system.lower()}-{account}"
    scheme, has_scheme, _ = limits_url.partition("://")
    # What takes the locks is imported where it is used: a plugin needs one of the two, or none.
    if has_scheme and scheme in _DATABASES:
        from apbridge.http.advisory_locks import AdvisoryLocks  # noqa: PLC0415

        locks = AdvisoryLocks(_without_schema(limits_url.replace(scheme, "postgresql", 1)), key)
    elif not has_scheme or scheme == "file":
        from apbridge.http.folder_locks import locks_in  # noqa: PLC0415

        path = unquote(urlsplit(limits_url).path) if has_scheme else limits_url
        locks = locks_in(Path(path), key)
    else:
        problem = "it is neither a folder nor the URL of a PostgreSQL database"
        raise SettingError("APB-SET-001", setting="limits_url", problem=problem)
    return SharedPlaces(locks, kept_in=without_credentials(limits_url), system=system, stop=stop)


def _without_schema(url: str) -> str:
    """Leave out what is said for a ledger in the same database: locks are the database's."""
    place, has_query, query = url.partition("?")
    kept = urlencode([(name, value) for name, value in parse_qsl(query) if name != "schema"])
    return f"{place}?{kept}" if has_query else place
