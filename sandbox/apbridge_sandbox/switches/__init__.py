"""What is not known of the real systems: each a switch, so that both ways can be tried.

Switches are declared in the JSON files beside this one, a file a system or a part of it: name → `default`,
`values` (left out where any value of the default's type will do), or `of` where it is a list, separated by
commas, of some of these; and what it `says`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import msgspec


class Switch(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One thing that is not known, and how the sandbox behaves until told otherwise."""

    default: bool | int | str
    says: str
    values: list[bool | int | str] | None = None
    of: list[str] | None = None

    def takes(self, value: object) -> bool:
        """Return whether it can stand so."""
        if type(value) is not type(self.default):
            return False
        if self.of is not None:
            return set(listed(str(value))) <= set(self.of)
        return self.values is None or value in self.values

    @property
    def allowed(self) -> str:
        """What it can be, in words."""
        if self.of is not None:
            return f"a list of some of: {', '.join(self.of)}"
        return str(self.values or type(self.default).__name__)


def listed(text: str) -> list[str]:
    """Return the parts of a list that is separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def declared() -> dict[str, Switch]:
    """Read every declared switch, by name."""
    found: dict[str, Switch] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json"):
            found |= msgspec.json.decode(file.read_bytes(), type=dict[str, Switch])
    return found


class Switches(Mapping[str, Any]):
    """How every switch stands."""

    def __init__(self, standing: Mapping[str, Any] | None = None) -> None:
        """Begin with some switches set; the others are at their defaults.

        Raises:
            ValueError: As `set`.
        """
        self._declared = declared()
        self._set: dict[str, bool | int | str] = {}
        self.set(standing or {})
        self._standing = dict(self._set)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401
        """Return how it stands now."""
        return self._set.get(name, self._declared[name].default)

    def __iter__(self) -> Iterator[str]:
        """Go over the names."""
        return iter(self._declared)

    def __len__(self) -> int:
        """Return their number."""
        return len(self._declared)

    def set(self, values: Mapping[str, Any]) -> None:
        """Set switches, all or none.

        Raises:
            ValueError: There is no such switch, or it cannot stand so.
        """
        for name, value in values.items():
            switch = self._declared.get(name)
            if switch is None:
                message = f"there is no switch {name}; there are: {', '.join(self._declared)}"
                raise ValueError(message)
            if not switch.takes(value):
                message = f"switch {name} cannot be {value!r}; it can be {switch.allowed}"
                raise ValueError(message)
        self._set |= values

    def reset(self) -> None:
        """Put every switch back to how it stood at first."""
        self._set = dict(self._standing)
