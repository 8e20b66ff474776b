"""Changes that are held: what a run would do more of at once than it may, until a person lets it through."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select, update

from apbridge.errors import RejectedError
from apbridge.json import canonical, dumps, loads
from apbridge.ledger.doubt import take_turn
from apbridge.ledger.reading import IN_LIMIT, batches
from apbridge.ledger.rows import HELD, HELD_BECAUSE, LET_THROUGH, ChangeKind, Status
from apbridge.ledger.store import Ledger
from apbridge.ledger.tables import is_row_of, records

HELD_CODES = "APB-BRK-"
"""What the codes of held changes begin with."""

_VENDORS = "vendors"
_NUMBERS = re.compile(r"[\d.,-]*\d")
_MOST_NAMED = 10
_MOST_REASONS = 3
_DONE = {
    ChangeKind.WITHDRAW: "withdrawn from {system}",
    ChangeKind.CHANGE: "changed in {system}",
    ChangeKind.RESEND: "sent to {system} again in another form",
    ChangeKind.DEACTIVATE: "made inactive in {system}",
}
_SYSTEMS = {"avidxchange": "AvidXchange", "netsuite": "NetSuite"}


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """One record whose change is held."""

    external_id: str
    number: str | None
    amount: Decimal | None
    currency: str | None
    key: str
    because: str
    vendor: str | None
    """Its vendor's name, where the ledger knows it."""
    due_date: str | None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.number or self.external_id


@dataclass(frozen=True, slots=True)
class HeldChanges:
    """What is held of one kind of change, in one stream.

    Args:
        system: Where it would be made.
        stream: The stream.
        change: What would be done.
        records: To which records, in order of name.
    """

    system: str
    stream: str
    change: ChangeKind
    records: tuple[HeldRecord, ...]

    @property
    def key(self) -> str:
        """What exactly these changes are known by: with one more, one less or another it is another."""
        told = [self.system, self.stream, *sorted((one.external_id, one.key) for one in self.records)]
        return hashlib.sha256(canonical(told)).hexdigest()[:10]

    @property
    def what(self) -> str:
        """What would be done, to how many."""
        done = _DONE[self.change].format(system=_SYSTEMS.get(self.system, self.system))
        return f"{len(self.records)} {self.stream.replace('_', ' ')} would be {done}"

    @property
    def total(self) -> str:
        """The amounts of all, by currency; empty where they have none."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for one in self.records:
            if one.amount is not None:
                sums[one.currency or ""] += one.amount
        return ", ".join(f"{amount:,.2f} {currency}".rstrip() for currency, amount in sorted(sums.items()))

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why, with how many each: the most frequent first. Of some that differ in numbers one is told."""
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for one in self.records:
            alike[_NUMBERS.sub("#", one.because.partition(":")[0])].append(one.because)
        told = [
            (some[0] if len(set(some)) == 1 else f"such as that {some[0]}", len(some))
            for some in alike.values()
        ]
        return sorted(told, key=lambda one: -one[1])

    @property
    def sentence(self) -> str:
        """How many would be done what, why, for how much, and which come first."""
        shown = [f"{because} ({number})" for because, number in self.reasons[:_MOST_REASONS]]
        if len(self.reasons) > _MOST_REASONS:
            shown.append("and other reasons")
        names = ", ".join(one.name for one in self.records[:_MOST_NAMED])
        more = ", …" if len(self.records) > _MOST_NAMED else ""
        total = f", {self.total} in all" if self.total else ""
        return f"{self.what}{total}: {'; '.join(shown)}. They are: {names}{more}"


def held_changes(
    ledger: Ledger, system: str | None = None, *, is_approved: bool = False
) -> list[HeldChanges]:
    """Return what is held, by stream and kind of change.

    Args:
        ledger: The ledger.
        system: Where it would be made; None for both.
        is_approved: What was let through and no run has brought since, in place of what waits for a person.
    """
    found: defaultdict[tuple[str, str, ChangeKind], list[HeldRecord]] = defaultdict(list)
    for of_system, stream, one in _held(ledger, system, is_approved=is_approved):
        found[of_system, stream, ChangeKind.of(one.key)].append(one)
    return [
        HeldChanges(*about, tuple(sorted(some, key=lambda one: (one.name, one.external_id))))
        for about, some in sorted(found.items())
    ]


def held_error(ledger: Ledger, system: str) -> RejectedError | None:
    """Return what a run ends with that leaves something held, lest it look green; None where it does not."""
    held = held_changes(ledger, system)
    if not held:
        return None
    return RejectedError("APB-BRK-010", changes=". ".join(one.sentence for one in held))


def let_through(ledger: Ledger, system: str, stream: str, keys: Mapping[str, str]) -> set[str]:
    """Mark held changes as let through, each once and as it is.

    Args:
        ledger: The ledger.
        system: Where they are made.
        stream: Their stream.
        keys: Of the changes, by external id.

    Returns:
        Which records there were: what has come otherwise meanwhile is left held.
    """
    done: set[str] = set()
    with ledger.database.writing() as connection:
        take_turn(connection)
        for name, key in sorted(keys.items()):
            of_it = (is_row_of(system, stream, name), records.c.status == Status.WAITING.value)
            facts = loads(connection.execute(select(records.c.facts).where(*of_it)).scalar() or "{}")
            if facts.get(HELD) != key:
                continue
            told = dumps({**facts, LET_THROUGH: key}).decode()
            connection.execute(update(records).where(*of_it).values(facts=told))
            done.add(name)
    return done


def _held(ledger: Ledger, system: str | None, *, is_approved: bool) -> Iterator[tuple[str, str, HeldRecord]]:
    shown = ("system", "stream", "external_id", "number", "amount", "currency", "facts", "payload")
    query = select(*(records.c[name] for name in shown)).where(
        records.c.status == Status.WAITING.value, records.c.code.startswith(HELD_CODES, autoescape=True)
    )
    with ledger.database.reading() as connection:
        rows = connection.execute(query if system is None else query.where(records.c.system == system)).all()
    kept = {row: ledger.kept_of(row) or {} for row in rows}
    vendors = _vendors(ledger, {str(one["vendor_id"]) for one in kept.values() if one.get("vendor_id")})
    for row, record in kept.items():
        facts = loads(row.facts or "{}")
        if HELD not in facts:
            continue  # It was found otherwise since: the next run that brings it holds it anew.
        amount = None if row.amount is None else Decimal(row.amount)
        because, key = facts[HELD_BECAUSE], facts[HELD]
        vendor = record.get("name") if row.stream == _VENDORS else vendors.get(record.get("vendor_id"))
        due_date = record.get("due_date")
        one = HeldRecord(row.external_id, row.number, amount, row.currency, key, because, vendor, due_date)
        if (facts.get(LET_THROUGH) == key) is is_approved:
            yield row.system, row.stream, one


def _vendors(ledger: Ledger, ids: set[str]) -> dict[str | None, str]:
    """Return the names of vendors by NetSuite's id, as far as the ledger knows them."""
    found: dict[str | None, str] = {}
    with ledger.database.reading() as connection:
        for some in batches(sorted(ids), IN_LIMIT):
            asked = select(records.c.source_id, records.c.facts).where(
                records.c.stream == _VENDORS, records.c.source_id.in_(some)
            )
            for row in connection.execute(asked):
                if name := loads(row.facts or "{}").get("name"):
                    found[row.source_id] = name
    return found
