"""How commands say times, ages and exchanges."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import msgspec

from apbridge.errors import SettingError
from apbridge.json import dumps, loads
from apbridge_operator.record_history import Exchange

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LONGEST_NAME = 72


def shortened(text: str) -> str:
    """Return a name for a column of a table, which shall leave room for the others."""
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


def age(since: datetime | None) -> str:
    """Describe how long ago something was, such as `3 h`; nothing where it never was."""
    if since is None:
        return ""
    seconds = max(int((datetime.now(timezone.utc) - since).total_seconds()), 0)
    for unit, word in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds // unit} {word}"
    return f"{seconds} s"


def day_and_time(moment: datetime) -> str:
    """Format a moment, in UTC."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def moment(text: str | None) -> datetime | None:
    """Read a day or a moment; without a zone it is UTC.

    Raises:
        SettingError: It is neither.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise SettingError("APB-EXC-004", value=text) from None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def pretty(value: Any) -> str:  # noqa: ANN401
    """Write a value as JSON over several lines."""
    return msgspec.json.format(dumps(value), indent=2).decode()


def exchange(one: Exchange) -> list[str]:
    """Format one write as lines: who sent what, and what came back."""
    sent = one.sent
    who = f"(run {sent.run_id}, {sent.actor})"
    lines = [
        f"{sent.at[:19]} UTC  {sent.operation} {sent.external_id} → {sent.system}  {who}",
        *_body("sent", sent.body),
    ]
    if one.answered:
        request = f", request {one.answered.request_id}" if one.answered.request_id else ""
        lines.append(f"  {one.answered.at[:19]} UTC  answered: {one.outcome}{request}")
        lines += _body("body", one.answered.body)
    else:
        lines.append(f"  {one.outcome}")
    return lines


def _body(name: str, stored: str | None) -> list[str]:
    first, *rest = ["nothing"] if stored is None else pretty(loads(stored)).split("\n")
    return [f"  {name}: {first}", *(f"  {line}" for line in rest)]
