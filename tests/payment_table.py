"""The cases of `payment_cases.yaml` and `credit_cases.yaml`, and which of them are played at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, groupby
from pathlib import Path
from typing import Any

from apbridge.avidxchange.profile_files import shipped
from apbridge.declared_file import from_yaml

_HERE = Path(__file__).parent
_USUAL: Mapping[str, Mapping[str, str]] = {"payment_cases": {}, "credit_cases": {"on_void": "delete"}}
_SETTINGS = {"on_void", "closed_period"}
# What one case does with these, another would see.
_SHARED = {
    "active",
    "close",
    "days",
    "fault",
    "faults-end",
    "inactive",
    "lose-the-ledger",
    "meanwhile",
    "open",
    "run",
    "run-fails",
    "switch",
}


@dataclass(frozen=True)
class Case:
    """A case of a table.

    Attributes:
        name: How it is called; with `each`, of each value.
        told: What the table says.
        profile: Which contract with AvidXchange; they take turns.
        settings: Of target-netsuite-payments.
        events: What happens, in order; the last of it is a run.
        value: Of `each`.
    """

    name: str
    told: Mapping[str, Any]
    profile: str
    settings: Mapping[str, Any]
    events: Sequence[Any]
    value: str | None

    @property
    def is_alone(self) -> bool:
        """Whether it is played by itself: what it does, or what it is judged by, is not its own alone."""
        some = [event for event in self.events if event != "run"]
        verbs = {event if isinstance(event, str) else next(iter(event)) for event in some}
        return bool(verbs & _SHARED or self.told.keys() & {"said", "offers again"})

    @property
    def posted(self) -> Mapping[str, Any]:
        """What is posted at the end."""
        told: Mapping[str, Any] = self.told["posted"]
        return told.get(self.value, told) if self.value else told


def groups() -> Iterator[tuple[Case, ...]]:
    """Yield all cases: together those that can be played at once."""
    cases = [case for table, usual in _USUAL.items() for case in _read(table, usual)]
    yield from ((case,) for case in cases if case.is_alone)
    others = sorted((case for case in cases if not case.is_alone), key=_setting)
    yield from (tuple(some) for _, some in groupby(others, key=_setting))


def _setting(case: Case) -> str:
    return f"{case.profile} {sorted(case.settings.items())}"


def _read(table: str, usual: Mapping[str, str]) -> Iterator[Case]:
    contracts = cycle(shipped())
    # As text: an amount is what stands there, and `no` is a word.
    text = (_HERE / f"{table}.yaml").read_text(encoding="utf-8")
    for told in from_yaml(text, as_text=True).value:
        assert told["events"][-1] == "run", f"{told['case']}: its last event is no run"
        ((setting, values),) = told.get("each", {"": [None]}).items()
        for value in values:
            settings = {**usual, **told.get("settings", {})}
            if setting in _SETTINGS:
                settings[setting] = value
            if "concurrency" in settings:
                settings["concurrency"] = int(settings["concurrency"])
            events = [_chosen(event, value) for event in told["events"]]
            name = f"{told['case']}, {value}" if value else told["case"]
            yield Case(name, told, next(contracts), settings, events, value)


def _chosen(event: Any, value: str | None) -> Any:  # noqa: ANN401
    """Put the value at hand where an event says `each`, or undoes."""
    if not isinstance(event, dict):
        return event
    ((verb, about),) = event.items()
    if verb == "undo":
        return {value: about}
    if isinstance(about, dict):
        return {verb: {name: value if told == "each" else told for name, told in about.items()}}
    return event
