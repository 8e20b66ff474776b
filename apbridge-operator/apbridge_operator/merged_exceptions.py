"""The exceptions of several companies in one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from apbridge_operator.exceptions import Case, Exceptions, Reason, Which


class MergedExceptions:
    """The exceptions of several companies in one list.

    Args:
        companies: Each one's name, None in a project of one, and its exceptions.
    """

    def __init__(self, companies: Sequence[tuple[str | None, Exceptions]]) -> None:
        self._companies = companies

    def page(
        self, which: Which | None = None, *, limit: int = 50, offset: int = 0
    ) -> list[tuple[str | None, Case]]:
        """Return some with their companies, in the order of `Exceptions.page`."""
        if len(self._companies) == 1:
            ((name, only),) = self._companies
            return [(name, one) for one in only.page(which, limit=limit, offset=offset)]
        until = offset + limit
        found = [(name, one) for name, own in self._companies for one in own.page(which, limit=until)]
        return sorted(found, key=lambda each: _place(each[1]))[offset:until]

    def count(self, which: Which | None = None) -> int:
        """Count them."""
        return sum(own.count(which) for _, own in self._companies)

    def reasons(self) -> list[Reason]:
        """Count them by reason, in the order of `Exceptions.reasons`."""
        found: dict[tuple[object, ...], Reason] = {}
        for _, own in self._companies:
            for one in own.reasons():
                key = (one.system, one.stream, one.status, one.code)
                before = found.get(key)
                found[key] = replace(
                    one,
                    count=one.count + (before.count if before else 0),
                    since=min(one.since, before.since) if before else one.since,
                    amounts=_together(one.amounts, before.amounts if before else {}),
                )
        return sorted(found.values(), key=lambda one: (not one.is_urgent, -one.count))


def _place(one: Case) -> tuple[object, ...]:
    """Return where a case belongs: the urgent first, then the oldest; what was dismissed by its day."""
    moment = one.open_since or one.dismissed_at or one.last_seen
    is_urgent = one.open_since is not None and one.is_urgent
    return (not is_urgent, moment, one.external_id)


def _together(one: Mapping[str, float], other: Mapping[str, float]) -> Mapping[str, float]:
    return {currency: one.get(currency, 0) + other.get(currency, 0) for currency in {**one, **other}}
