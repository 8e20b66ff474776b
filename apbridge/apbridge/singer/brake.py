"""How much a run may take back at once, and what it holds until it knows how much it would.

A setting, a filter or a role that was narrowed by mistake looks to a target as if its records had changed. So
nothing that withdraws, changes or makes inactive what the other system has is sent before the stream is read
to its end. What is more than the limits allow then waits in the ledger for a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from typing_extensions import Self

from apbridge.ledger.rows import ChangeKind

_ALWAYS = {
    ChangeKind.WITHDRAW: 2,
    ChangeKind.CHANGE: 10,
    ChangeKind.RESEND: 10,
    ChangeKind.DEACTIVATE: 2,
}
"""How many go whatever share of the records they are: what a person has corrected by hand."""

_ALL = 100
"""In percent."""


class Pending(NamedTuple):
    """A record whose change is held.

    Args:
        key: What the ledger knows the change by: see `apbridge.ledger.rows.ChangeKind`.
        record: The record.
        read_by: The run that has read it, where it was kept from an earlier one.
    """

    key: str
    record: Any
    read_by: int | None


@dataclass
class _Held:
    """What is held of one kind of change in one stream. More than ever go are known by name alone."""

    names: set[str] = field(default_factory=set)
    kept: dict[str, Pending] = field(default_factory=dict)
    gone: int = 0
    """How many were let go in this run."""


class Brake:
    """Holds the changes of one run.

    Args:
        count: Most records of a stream that a run may withdraw, change or make inactive.
        percent: Most of them in percent of those that the other system has.
        is_off: Whatever there is may go.
    """

    def __init__(self, count: int, percent: int, *, is_off: bool) -> None:
        self._count = count
        self._percent = percent
        self.is_off = is_off
        self._held: defaultdict[tuple[str, ChangeKind], _Held] = defaultdict(_Held)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make it as a target's settings say; a target without such settings holds nothing."""
        if "brake_count" not in config:
            return cls(0, 0, is_off=True)
        return cls(config["brake_count"], config["brake_percent"], is_off=config["brake_off"])

    def hold(self, stream: str, external_id: str, held: Pending) -> None:
        """Keep a record until its stream is read to its end."""
        self.drop(stream, external_id)
        of_kind = self._held[stream, ChangeKind.of(held.key)]
        of_kind.names.add(external_id)
        if len(of_kind.names) <= self._count:
            of_kind.kept[external_id] = held
        else:
            of_kind.kept.clear()

    def drop(self, stream: str, external_id: str) -> None:
        """Hold a record no longer: it has come again, or was dealt with."""
        for change in ChangeKind:
            if of_kind := self._held.get((stream, change)):
                of_kind.names.discard(external_id)
                of_kind.kept.pop(external_id, None)

    def is_few(self, stream: str, change: ChangeKind, names: Collection[str]) -> bool:
        """Return whether some records of a stream may always go, with those that are held already."""
        held = self._held[stream, change].names if (stream, change) in self._held else set()
        return self.is_off or self._is_few(change, len(held.union(names)))

    def _is_few(self, change: ChangeKind, number: int) -> bool:
        return number <= min(self._count, _ALWAYS[change])

    def holds(self, stream: str) -> bool:
        """Return whether anything of a stream is held."""
        return any(
            self._held[stream, change].names for change in ChangeKind if (stream, change) in self._held
        )

    def allowed(self, stream: str, standing: Callable[[], int]) -> Iterator[dict[str, Pending]]:
        """Yield what of a stream may go, by external id: of each kind of change all or nothing.

        Args:
            stream: The stream.
            standing: Counts what the other system has of it.
        """
        # Where a correction is refused, its invoice is withdrawn: that comes after.
        for change in sorted(ChangeKind, key=lambda one: one is ChangeKind.WITHDRAW):
            of_kind = self._held.get((stream, change))
            if not of_kind or not 0 < len(of_kind.names) <= len(of_kind.kept):
                continue
            number = of_kind.gone + len(of_kind.names)
            # What changes may be inactive, and so be more than all that stands.
            is_share = self._percent >= _ALL or number <= self._percent * standing() // _ALL
            if self._is_few(change, number) or (number <= self._count and is_share):
                of_kind.gone = number
                yield dict(of_kind.kept)
