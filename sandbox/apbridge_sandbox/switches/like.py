"""How the sandbox is to stand to behave as an account that `apbridge survey` has looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from apbridge_sandbox.declared import declared
from apbridge_sandbox.switches import Switch
from apbridge_sandbox.switches import declared as declared_switches

FORMAT = 1


class NoReportError(Exception):
    """A file that is no report of a survey; it says why."""


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which fact of which probe tells a switch."""

    probe: str
    fact: str
    values: dict[str, bool | int | str] = {}
    otherwise: bool | int | str | None = None
    beyond: list[str] | None = None

    def value(self, probes: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return what a report tells; None where it does not."""
        found = probes.get(self.probe, {}).get("found", {}).get(self.fact)
        if found in (None, []) and self.is_translated:
            return None
        if self.beyond is not None:
            return bool(set(found) - set(self.beyond))
        if not self.is_translated:
            return found
        listed = found if isinstance(found, list) else [found]
        names = (str(one).lower() if isinstance(one, bool) else str(one) for one in listed)
        return next((self.values[name] for name in names if name in self.values), self.otherwise)

    @property
    def is_translated(self) -> bool:
        """Whether the fact is not itself the value."""
        return bool(self.values) or self.otherwise is not None or self.beyond is not None


class Likeness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What tells each switch, and why some are not told."""

    told: dict[str, Told]
    options: dict[str, Told]
    not_seen: dict[str, str]


class Like(msgspec.Struct, frozen=True):
    """How to start the sandbox.

    Attributes:
        switches: How they stand, as far as the report tells.
        concurrency_limit: Calls in flight that the account allows; None where it is not told.
        left: Switches that cannot stand as the report tells; they are at their defaults.
    """

    switches: dict[str, bool | int | str]
    concurrency_limit: int | None
    left: list[str]


def likeness() -> Likeness:
    """Read `like.yaml`."""
    return declared(__package__, "like.yaml", Likeness)


def told_by(report: Path) -> Like:
    """Read how an account is out of the report of its survey.

    Raises:
        NoReportError: It is none.
    """
    try:
        told = msgspec.json.decode(report.read_bytes())
        probes = {str(name): dict(one) for name, one in told["probes"].items()}
    except (OSError, AttributeError, LookupError, TypeError, ValueError, msgspec.DecodeError) as failure:
        message = f"{report} is no report of `apbridge survey`: {failure}"
        raise NoReportError(message) from failure
    if told.get("format") != FORMAT:
        message = f"{report} has a format that this version does not know: {told.get('format')!r}"
        raise NoReportError(message)
    every, declaration = declared_switches(), likeness()
    wanted = {name: _fitted(every[name], one.value(probes)) for name, one in declaration.told.items()}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    limit = declaration.options["concurrency_limit"].value(probes)
    return Like(
        switches={name: value for name, value in wanted.items() if every[name].takes(value)},
        concurrency_limit=limit if isinstance(limit, int) and limit > 0 else None,
        left=sorted(name for name, value in wanted.items() if not every[name].takes(value)),
    )


def _fitted(switch: Switch, told: Any) -> Any:  # noqa: ANN401
    """Return a list of words as a switch has it: separated by commas, and of those that it knows."""
    if not isinstance(told, list):
        return told
    return ", ".join(str(each) for each in told if switch.of is None or each in switch.of)
