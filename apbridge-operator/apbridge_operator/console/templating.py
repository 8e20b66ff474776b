"""The templates, and the words they use."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from apbridge.json import dumps, loads
from apbridge_operator.console.charts import HEIGHT, STATUSES, WIDTH

_SYSTEMS = {"netsuite": "NetSuite", "avidxchange": "AvidXchange"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def render(template: str, values: Mapping[str, Any]) -> str:
    """Render a template; whatever stands in it is escaped."""
    return _environment().get_template(template).render(values)


@cache
def style() -> str:
    """Return the style sheet."""
    return (resources.files("apbridge_operator.console") / "style.css").read_text(encoding="utf-8")


def alone() -> dict[str, Any]:
    """Return what a template needs to become a page that needs nothing else."""
    style_hash = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return {"is_report": True, "style": style(), "style_hash": style_hash, "company": None, "above": ""}


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("apbridge_operator.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "age": age,
        "moment": moment,
        "money": money,
        "pretty": pretty,
        "number": lambda count: f"{count:,}",
        "system_name": lambda system: _SYSTEMS.get(system, system),
        "singular": lambda stream: stream.removesuffix("s").replace("_", " "),
    }
    made.globals |= {"chart_width": WIDTH, "chart_height": HEIGHT, "statuses": STATUSES}
    return made


def age(since: datetime | None) -> str:
    """Describe how long ago something was."""
    if since is None:
        return ""
    seconds = max(int((datetime.now(timezone.utc) - since).total_seconds()), 0)
    for unit, word in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= unit:
            count = seconds // unit
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "less than a minute"


def moment(value: datetime | str | None) -> str:
    """Format a moment, in UTC."""
    if value is None:
        return "never"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def money(amount: Decimal | int | str | None) -> str:
    """Format an amount."""
    return "–" if amount is None else f"{Decimal(amount):,.2f}"  # noqa: RUF001 - a dash


def pretty(value: Any) -> str:  # noqa: ANN401
    """Write a value, or JSON as it was stored, over several lines."""
    if value is None:
        return "nothing"
    return msgspec.json.format(dumps(loads(value) if isinstance(value, str) else value), indent=2).decode()
