"""The expressions of a profile: JMESPath and a few functions, compiled once."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime, timezone, tzinfo
from functools import partial
from typing import Any
from urllib.parse import quote

import jmespath  # type: ignore[import-untyped]
import regex  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]
from jmespath.functions import Functions, signature  # type: ignore[import-untyped]

from apbridge.declared_file import shortened
from apbridge.json import canonical

Expression = Callable[[Any], Any]

_CHARACTER = regex.compile(r"\X")
"""What a reader takes for one character: a letter with its accents, a flag, a family."""


_PATH = regex.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
"""Most expressions only name a field: that needs no interpreter."""


class ExpressionError(ValueError):
    """An expression does not fit what it was given."""


class ProfileFunctions(Functions):  # type: ignore[misc]
    """What profiles may call beside JMESPath's own functions. Each gives null for null.

    Args:
        zone: Of times without one.
    """

    def __init__(self, zone: tzinfo = timezone.utc) -> None:
        self._zone = zone

    @signature({"types": ["string", "null"]}, {"types": ["number"]})  # type: ignore[untyped-decorator]
    def _func_shorten(self, text: str | None, limit: int) -> str | None:
        """Cut a text to `limit` code points, visibly and never inside a character."""
        if text is None or len(text) <= limit:
            return text
        kept = ""
        for character in _CHARACTER.findall(text):
            if len(kept) + len(character) > limit - 1:
                break
            kept += character
        return kept.rstrip() + "…"

    @signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_text(self, value: Any) -> str | None:  # noqa: ANN401
        """Return an id that may come as a number as text."""
        return None if value is None else str(value)

    @signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_negated(self, value: Any) -> Any:  # noqa: ANN401
        """Turn the sign of an amount."""
        return None if value is None else -value

    @signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_utc(self, value: str | None) -> str | None:
        """Return an ISO 8601 instant as UTC, of one width, so that they sort as texts do; no date is null."""
        return None if _is_no_date(value) else utc_text(instant(str(value), self._zone))

    @signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_day(self, value: str | None) -> str | None:
        """Return the day of an ISO 8601 date or instant, as it is written there; no date is null."""
        return None if _is_no_date(value) else f"{instant(str(value)[:10]):%Y-%m-%d}"

    @signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_quoted(self, value: str | None) -> str | None:
        """Percent-encode what a header cannot carry."""
        return None if value is None else quote(value, safe=" !#$&'()+,;=@[]{}~")


def _is_no_date(value: str | None) -> bool:
    """Return whether there is none: null, empty, or the first day of all time, by which .NET says so."""
    return not value or value.startswith("0001-01-01")


USUAL = ProfileFunctions()
_CALL = regex.compile(
    r"(?P<name>\w+)\((?P<path>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:, *`(?P<number>[0-9]+)`)?\)"
)


def compiled(text: str, functions: ProfileFunctions = USUAL) -> Expression:
    """Compile an expression.

    Args:
        text: The expression.
        functions: What it may call beside JMESPath's own.

    Raises:
        ExpressionError: It is not JMESPath.
    """
    if _PATH.fullmatch(text):
        return _walk(text.split("."))
    try:
        # A literal that is no JSON is a text in JMESPath by an old rule, of which it only warns.
        with warnings.catch_warnings():
            warnings.simplefilter("error", PendingDeprecationWarning)
            parsed = jmespath.compile(text)
    except (JMESPathError, PendingDeprecationWarning, RecursionError, ValueError) as failure:
        message = f"{shortened(text, 100)!r} is not JMESPath ({shortened(_first_line(failure), 100)})"
        raise ExpressionError(message) from failure

    def evaluate(value: Any) -> Any:  # noqa: ANN401
        try:
            return search(value)
        # What it compares or turns may be of another type than it was.
        except (JMESPathError, TypeError, ValueError) as failure:
            message = f"{text} cannot be read ({_first_line(failure)})"
            raise ExpressionError(message) from failure

    whole = partial(parsed.search, options=jmespath.Options(custom_functions=functions))
    search = _call_of_ours(text, whole, functions) or whole
    return evaluate


def _call_of_ours(text: str, whole: Expression, functions: ProfileFunctions) -> Expression | None:
    """Return an expression that only calls a function of ours on a field; None where it is another.

    Most of a template are such: the interpreter takes ten times as long as the call.
    """
    found = _CALL.fullmatch(text)
    function = vars(ProfileFunctions).get(f"_func_{found['name']}") if found else None
    if found is None or function is None:
        return None
    of = _walk(found["path"].split("."))
    more = [int(found["number"])] if found["number"] else []
    takes, *others = function.signature
    if len(others) != len(more):
        return None

    def call(value: Any) -> Any:  # noqa: ANN401
        given = of(value)
        # Of what does not fit, the interpreter says what is wrong.
        if takes["types"] and not (given is None or type(given) is str):
            return whole(value)
        return function(functions, given, *more)

    return call


def _walk(names: Sequence[str]) -> Expression:
    def walk(value: Any) -> Any:  # noqa: ANN401
        for name in names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return walk


def text_of(expression: Expression | None, value: Any) -> str | None:  # noqa: ANN401
    """Return what stands somewhere in an answer as text; None where nothing does."""
    try:
        found = expression(value) if expression else None
    except ExpressionError:
        return None
    return None if found is None else str(found)


def instant(value: str, zone: tzinfo = timezone.utc) -> datetime:
    """Read an ISO 8601 instant or date.

    Args:
        value: As it is written.
        zone: Where it is, without an offset. Of an hour that clocks go through twice it is in the second.

    Raises:
        ValueError: It is neither.
    """
    # Python 3.10 reads neither Z nor a fraction of another length than 3 or 6.
    parts = _INSTANT.fullmatch(value.strip())
    if parts is None:
        message = f"{value!r} is not an ISO 8601 instant"
        raise ValueError(message)
    date, time, fraction, offset = parts.groups()
    digits = f"{fraction or '':0<6.6}"
    given = "+00:00" if offset in {"Z", "z"} else offset or ""
    try:
        found = datetime.fromisoformat(f"{date}T{time or '00:00:00'}.{digits}{given}")
        whole = found if offset else found.replace(tzinfo=zone, fold=1)
        return whole.astimezone(timezone.utc)
    except OverflowError as failure:
        message = f"{value!r} is before or after all time"
        raise ValueError(message) from failure


_INSTANT = regex.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s*(Z|z|[+-]\d\d:\d\d)?)?")


def utc_text(value: datetime) -> str:
    """Return an instant as text of one width."""
    return f"{value.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S.%f}Z"


def _first_line(failure: Exception) -> str:
    return str(failure).strip().splitlines()[0]


def fingerprint(value: Any) -> str:  # noqa: ANN401
    """Hash a JSON value: numbers by their worth, and a field that is null like one that is absent."""
    return hashlib.sha256(canonical(_without_nulls(value))).hexdigest()


def _without_nulls(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        kept = {
            key: item if type(item) is str else _without_nulls(item)
            for key, item in value.items()
            if item is not None
        }
        return {key: item for key, item in kept.items() if item is not None} or None
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
