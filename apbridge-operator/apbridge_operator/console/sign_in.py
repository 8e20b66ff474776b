"""Signing in: by an address that is printed and works once, or by a password."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from apbridge.errors import SettingError

_LEAST_LENGTH = 12
_LONGEST_WAIT = 64
_LONGEST_NAME = 100
_MOST_SESSIONS = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's, from when it signed in until the console ends."""

    id: str
    """What its cookie holds."""
    user: str
    """Who signed in, as far as that is known."""
    how: str
    """How it signed in."""

    def __str__(self) -> str:
        """Return who signed in and how, as the audit trail has it."""
        return f"{self.user}, {self.how}"


class TooManyGuessesError(Exception):
    """A password is not looked at yet, since wrong ones came before it."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class SignIn:
    """Knows who has signed in.

    Args:
        user: Who runs the console: whoever opens the printed address is taken for them.
        password: Lets others in too, where it is set, with any user name.
        print_token: Is told the token of the address that lets one browser in, and the next as soon as one is
            used.
        clock: Returns seconds that only grow.

    Raises:
        SettingError: The password is too short.
    """

    def __init__(
        self,
        user: str,
        password: str | None,
        print_token: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._user = user
        self._password = None if password is None else _Password(password)
        self._brake = _Brake(clock)
        self._turn = asyncio.Lock()
        self._print_token = print_token
        self._sessions: dict[str, Session] = {}
        self._token = ""
        self._renew_token()

    @property
    def has_password(self) -> bool:
        """Whether a password lets others in too."""
        return self._password is not None

    def session(self, cookie: str | None) -> Session | None:
        """Return the session that a cookie is of; None where it is of none."""
        return self._sessions.get(cookie or "")

    def by_token(self, token: str) -> Session | None:
        """Sign in whoever has the token that was printed last; None where it is another.

        It works once: the next one is printed.
        """
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return None
        self._renew_token()
        return self._begin(self._user, "by the printed address")

    async def by_password(self, authorization: str, client: str) -> Session | None:
        """Sign in whoever knows the password.

        Args:
            authorization: The header, as HTTP Basic has it.
            client: Where the request comes from.

        Returns:
            The session; None where the header holds no password, or a wrong one.

        Raises:
            TooManyGuessesError: Wrong ones came before, and it has to wait.
        """
        given = _given(authorization)
        if given is None or self._password is None:
            return None
        # One after the other, or many guesses at once would all come before the first wrong one counts.
        async with self._turn:
            wait = self._brake.seconds()
            if wait:
                raise TooManyGuessesError(wait)
            user, password = given
            if not await run_in_threadpool(self._password.is_same, password):
                self._brake.pull()
                return None
            self._brake.release()
        return self._begin(user, f"by password, from {client}")

    def _begin(self, user: str, how: str) -> Session:
        made = Session(secrets.token_urlsafe(32), user, how)
        self._sessions[made.id] = made
        if len(self._sessions) > _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return made

    def _renew_token(self) -> None:
        self._token = secrets.token_urlsafe(32)
        self._print_token(self._token)


class _Password:
    """A password of which only a slow hash is kept."""

    def __init__(self, password: str) -> None:
        if len(password) < _LEAST_LENGTH:
            raise SettingError("APB-CON-004", least=_LEAST_LENGTH)
        self._salt = secrets.token_bytes(16)
        self._hash = self._hashed(password)

    def is_same(self, password: str) -> bool:
        return hmac.compare_digest(self._hashed(password), self._hash)

    def _hashed(self, password: str) -> bytes:
        return hashlib.scrypt(password.encode(), salt=self._salt, n=2**14, r=8, p=1)


class _Brake:
    """Makes guesses wait, each wrong one twice as long as the one before it.

    What comes meanwhile is not looked at and makes it no longer: when the guesses end, it soon does.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wait = 0
        self._until = 0.0

    def seconds(self) -> int:
        return max(0, math.ceil(self._until - self._clock()))

    def pull(self) -> None:
        self._wait = min(self._wait * 2 or 1, _LONGEST_WAIT)
        self._until = self._clock() + self._wait

    def release(self) -> None:
        self._wait = 0


def _given(authorization: str) -> tuple[str, str] | None:
    """Return the user's name and the password that a header holds; None where it holds none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    shown = "".join(one for one in user if one.isprintable())[:_LONGEST_NAME].strip()
    return (shown or "somebody", password) if colon else None
