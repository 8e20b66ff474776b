"""Places in flight as advisory locks of a session of PostgreSQL, for the processes of many machines."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from errno import ENOTCONN, ENOTSUP
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from typing_extensions import LiteralString

from apbridge.errors import SettingError

if TYPE_CHECKING:
    from psycopg import Connection

_NOTICED: Mapping[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""That a server is gone is noticed within a minute, by either side."""

RESTARTS = 60.0
"""Seconds for which a server that was there may be gone: nothing is sent meanwhile, and no run ends."""

_TICKETS = 1_000
"""Numbers up to it are places. Beyond it, each waiting process holds that of the millisecond it came in."""

# The order of conditions is PostgreSQL's own, but for those of a CASE. Its list has every database's locks.
_LOCK = """
SELECT pg_backend_pid(), (
  SELECT place FROM unnest(%(free)s::int[]) AS free (place)
  WHERE CASE
    WHEN EXISTS (
      SELECT FROM pg_locks
      WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %(account)s::bigint::oid
        AND objid > %(after)s::bigint::oid AND objid < %(before)s::bigint::oid
        AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) THEN FALSE
    ELSE pg_try_advisory_lock(%(account)s, place)
  END
  LIMIT 1
)
"""

# Shared: two may come in the same moment.
_QUEUE = f"""
WITH now AS MATERIALIZED (
  SELECT {_TICKETS + 1} + (extract(epoch FROM clock_timestamp()) * 1000)::bigint %% 2000000000 AS ticket
)
SELECT ticket, pg_advisory_lock_shared(%s, ticket::int) FROM now
"""  # noqa: S608 - our own constant

_EVERY_TICKET = 2**31 - 1
_NO_TICKET = _TICKETS


class LostError(OSError):
    """The session with the database is over, and with it every lock of it."""


class NoSessionError(OSError):
    """Something in between hands each statement to a session of its own choice: no lock would hold."""


class AdvisoryLocks:
    """Locks of one session; PostgreSQL frees those of a session whose process or connection is gone.

    A session may take a lock that it holds once more, so what is held is known here. Where it was lost,
    nothing goes out until the calls in flight are over, and then a new one begins. Where the server restarts,
    that takes a while.

    Args:
        url: As libpq takes it.
        account: Whose places they are. Two accounts of one number, which are improbable, share places.
    """

    def __init__(self, url: str, account: str) -> None:
        self.turn = Lock()
        self._url = url
        self._account = int.from_bytes(hashlib.sha256(account.encode()).digest()[:4], "big") >> 1
        self._connection: Connection[Any] | None = None
        self._session = 0
        self._lost_at: float | None = None
        self._held: set[int] = set()
        self._ticket: int | None = None
        self._passed_over = _TICKETS
        """Tickets up to it are of no account."""

    def lock(self, most: int, *, in_turn: bool) -> int | None:
        """See `PlaceLocks`.

        Raises:
            SettingError: The driver is not installed, or the URL cannot be read.
            OSError: The database cannot be reached, or cannot be used so.
        """
        if self._connection is not None:
            with suppress(LostError):
                return self._lock(most, in_turn=in_turn)
        if self._held:
            return None
        try:
            self._connect()
            return self._lock(most, in_turn=in_turn)
        except LostError:
            if self._lost_at is not None and monotonic() - self._lost_at < RESTARTS:
                return None
            raise

    def queue(self) -> None:
        """See `PlaceLocks`."""
        if self._ticket is None:
            # What is lost here is begun anew at the next `lock`.
            with suppress(LostError):
                self._ticket = self._ask(_QUEUE, (self._account,))[0]

    def leave_queue(self) -> None:
        """See `PlaceLocks`."""
        if self._ticket is not None:
            with suppress(LostError):
                self._ask("SELECT pg_advisory_unlock_shared(%s, %s::int)", (self._account, self._ticket))
            self._ticket = None

    def pass_over(self) -> None:
        """See `PlaceLocks`."""
        self._passed_over = self._ticket or _TICKETS

    def unlock(self, place: int) -> None:
        """See `PlaceLocks`."""
        with suppress(LostError):
            self._ask("SELECT pg_advisory_unlock(%s, %s::int)", (self._account, place))
        self._held.discard(place)

    def close(self) -> None:
        """End the session."""
        connection, self._connection, self._ticket = self._connection, None, None
        if connection is not None:
            connection.close()

    def _lock(self, most: int, *, in_turn: bool) -> int | None:
        free = [place for place in range(most, 0, -1) if place not in self._held]
        before = (self._ticket or _EVERY_TICKET) if in_turn else _NO_TICKET
        session: int
        place: int | None
        order = {"after": self._passed_over, "before": before}
        session, place = self._ask(_LOCK, {"free": free, "account": self._account, **order})
        if session != self._session:
            self.close()
            problem = "it keeps no session for a client, as behind PgBouncer in transaction mode"
            raise NoSessionError(ENOTSUP, problem)
        self._lost_at = None
        if place is not None:
            self._held.add(place)
        return place

    def _connect(self) -> None:
        try:
            import psycopg  # noqa: PLC0415
        except ImportError:
            raise SettingError("APB-HTTP-008") from None
        if not _is_plain(self._url):
            problem = "it cannot be read as an address; % and @ in a password are written as %25 and %40"
            raise SettingError("APB-SET-001", setting="limits_url", problem=problem)
        try:
            self._connection = psycopg.connect(self._url, autocommit=True, **_NOTICED)
        except psycopg.Error as failure:
            raise _lost(failure) from failure
        (self._session,) = self._ask("SELECT pg_backend_pid()", ())

    def _ask(self, statement: LiteralString, values: Mapping[str, Any] | Sequence[Any]) -> Any:  # noqa: ANN401
        """Return the one row of an answer.

        Raises:
            LostError: There was none. The session is given up, and what it held is free.
        """
        import psycopg  # noqa: PLC0415

        connection = self._connection
        if connection is None:
            raise LostError(ENOTCONN, "there is no connection")
        try:
            return connection.execute(statement, values).fetchone()
        except psycopg.Error as failure:
            self.close()
            self._lost_at = self._lost_at or monotonic()
            raise _lost(failure) from failure


def _is_plain(url: str) -> bool:
    """Return whether an address can be taken apart; what says why not would quote a part of the password."""
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        host = str(conninfo_to_dict(url).get("host", ""))
    except ProgrammingError:
        return False
    # A host's name has no "@", a socket's may.
    return "@" not in host or host.startswith(("/", "@"))


def _lost(failure: Exception) -> LostError:
    problem = str(failure).strip().split("\n", 1)[0]
    return LostError(ENOTCONN, problem or type(failure).__name__)
