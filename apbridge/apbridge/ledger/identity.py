"""Which ledger it is, how far it has come, and which two systems it is between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, inspect, select

from apbridge.errors import SettingError
from apbridge.json import dumps, loads
from apbridge.ledger.database import Database, peeking
from apbridge.ledger.head import read_head
from apbridge.ledger.tables import GENERATION, audit, identity, runs
from apbridge.origin import Origin

# Built once: see `apbridge.ledger.reading`.
_ALL = select(identity.c.name, identity.c.value)
_VALUE = select(identity.c.value).where(identity.c.name == bindparam("of"))
_NEWEST_RUN = select(func.max(runs.c.id))
_COMPANY = "company"
_LINKS = "links"
_MOST_LINKS = 200


class LedgerOwner(NamedTuple):
    """Whose a ledger is.

    Args:
        company: Its company; None where it is nobody's.
        origins: What it is between, by system: nothing where no run has come so far.
    """

    company: str | None
    origins: Mapping[str, Origin]


def owner_of(url: str) -> LedgerOwner:
    """Return whose a ledger is, without making or upgrading it; one that is not there is nobody's.

    Raises:
        SettingError: The URL is not usable.
        UnavailableError: The database cannot be reached or read.
    """
    with peeking(url) as connection:
        has = connection is not None and inspect(connection).has_table(identity.name)
        rows = {row.name: row.value for row in connection.execute(_ALL)} if connection and has else {}
    company = rows.pop(_COMPANY, None)
    found = {name: Origin.from_json(loads(value)) for name, value in rows.items() if name != GENERATION}
    return LedgerOwner(company, {name: one for name, one in found.items() if one})


class Identity:
    """Distinguishes one ledger from another, and a ledger from an older copy of itself.

    A STATE bears the mark that the ledger had when it was told: its generation, which is made with its
    database, its place, which is the end of its audit trail, and its newest run. The place's hash goes along:
    a copy that was put back and has grown since has another one there. The run tells a copy that lacks what
    left nothing on the trail, such as a rejection: there, the run that looks has no later number.

    Args:
        database: The ledger's.
        company: Whose it is to be, where one project serves several.
    """

    def __init__(self, database: Database, company: str | None = None) -> None:
        self._database = database
        self._company = company

    def see_company(self) -> None:
        """Check that the ledger is not another company's; one that is nobody's yet is no fault.

        Raises:
            SettingError: It is.
        """
        with self._database.reading() as connection:
            self._require_own(connection)

    def _require_own(self, connection: Connection) -> None:
        kept = connection.execute(_VALUE, {"of": _COMPANY}).scalar()
        if kept is not None and kept != self._company:
            now = f"company {self._company}" if self._company else "no company"
            raise SettingError("APB-CMP-010", ledger=self._database.name, kept=kept, now=now)

    def mark(self) -> dict[str, Any]:
        """Return the mark of this moment.

        Raises:
            SettingError: The trail has lost its head.
        """
        with self._database.reading() as connection:
            head = read_head(connection, self._database.name)
            return {
                "generation": head.ledger,
                "place": head.seq,
                "hash": head.hash,
                "run": connection.execute(_NEWEST_RUN).scalar() or 0,
            }

    def check(self, mark: Mapping[str, Any], run_id: int) -> None:
        """Check that this is the ledger that a mark is of, and that it has what it had then.

        Args:
            mark: What a STATE bears.
            run_id: The run that goes on from that STATE.

        Raises:
            SettingError: It is another one, or an older copy.
        """
        now, place = self.mark(), mark.get("place")
        if mark.get("generation") != now["generation"]:
            raise SettingError("APB-LED-010", ledger=self._database.name)
        with self._database.reading() as connection:
            found = connection.execute(select(audit.c.hash).where(audit.c.seq == place)).scalar()
        newest = mark.get("run")
        is_older = isinstance(newest, int) and newest >= run_id
        if is_older or (place and found != mark.get("hash")):
            raise SettingError("APB-LED-011", ledger=self._database.name, place=place, run=newest)

    def links(self) -> list[str]:
        """Return the marks of the links files that were known, the newest last."""
        with self._database.reading() as connection:
            value = connection.execute(_VALUE, {"of": _LINKS}).scalar()
        return list(loads(value)) if value else []

    def take_links(self, mark: str) -> None:
        """Keep the mark of the links file as that of the newest.

        Args:
            mark: Of a file that is no older than the newest that was known.
        """
        known = self.links()
        if mark == (known[-1] if known else ""):
            return
        with self._database.writing() as connection:
            kept = [*(one for one in known if one != mark), mark][-_MOST_LINKS:]
            connection.execute(delete(identity).where(identity.c.name == _LINKS))
            connection.execute(insert(identity).values(name=_LINKS, value=dumps(kept).decode()))

    def origin(self, system: str) -> Origin | None:
        """Return which one the ledger is of; None where that is not known."""
        with self._database.reading() as connection:
            value = connection.execute(_VALUE, {"of": system}).scalar()
        return Origin.from_json(loads(value)) if value else None

    def see(self, *origins: Origin) -> None:
        """Check that what a run is between is what the ledger is of; what it does not know yet is no fault.

        Raises:
            SettingError: It is of another account or company.
        """
        with self._database.reading() as connection:
            rows = connection.execute(_ALL).all()
        for name, value in rows:
            kept = None if name in {GENERATION, _COMPANY} else Origin.from_json(loads(value))
            for origin in origins:
                if kept and kept.system == origin.system and not kept.agrees(origin):
                    raise SettingError("APB-LED-012", ledger=self._database.name, kept=kept, found=origin)

    def take(self, *origins: Origin) -> None:
        """Keep what the ledger is between and whose it is, and what was known of it before.

        Args:
            origins: Seen to agree, and to be there: something was read from them, or they let the run in.

        Raises:
            SettingError: Another company has taken it meanwhile.
        """
        with self._database.reading() as connection:
            self._require_own(connection)
            if not (self._is_nobodys(connection) or any(_news(connection, origin) for origin in origins)):
                return
        with self._database.writing() as connection:
            # One process after the other: both may be the first.
            connection.execute(select(identity).where(identity.c.name == GENERATION).with_for_update())
            self._require_own(connection)
            if self._is_nobodys(connection):
                connection.execute(insert(identity).values(name=_COMPANY, value=self._company))
            for origin in origins:
                if value := _news(connection, origin):
                    connection.execute(delete(identity).where(identity.c.name == origin.system))
                    connection.execute(
                        insert(identity).values(name=origin.system, value=dumps(value).decode())
                    )

    def _is_nobodys(self, connection: Connection) -> bool:
        """Return whether the ledger is to be a company's and is not yet."""
        return self._company is not None and connection.execute(_VALUE, {"of": _COMPANY}).scalar() is None


def _news(connection: Connection, origin: Origin) -> dict[str, Any] | None:
    """Return what is to be kept of an origin; None where the ledger has it."""
    found = connection.execute(_VALUE, {"of": origin.system}).scalar()
    kept = loads(found) if found else {}
    value = {**kept, **origin.as_json()}
    return value if value != kept else None
