"""The ledger of a dry run: a copy that is thrown away, with a trail that takes nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, literal, select
from typing_extensions import override

from apbridge.ledger.audit import AuditTrail, Write
from apbridge.ledger.doubt import IN_DOUBT
from apbridge.ledger.rows import Content
from apbridge.ledger.store import Ledger
from apbridge.ledger.tables import audit, claims, observations, records, runs

_ROWS = 1000


class DryRunLedger(Ledger):
    """A copy of a ledger that behaves as the original would, and of which the original never hears.

    It lies in a folder of its own that only its owner may read, and that is gone after `close`. What a dry
    run finds out goes into it, so that a bill finds the vendor that a real run would have delivered before
    it. Nothing can be put on its trail, and what is not on the trail is not sent: whatever is written to
    another system in a dry run by mistake fails before it leaves.

    Args:
        url: The original's, as for `Ledger`.
        in_doubt: As for `Ledger`.
        company: As for `Ledger`.

    Raises:
        SettingError: As `Ledger`; so does `UnavailableError`.
    """

    def __init__(self, url: str, *, in_doubt: timedelta = IN_DOUBT, company: str | None = None) -> None:
        self._folder = TemporaryDirectory(prefix="apbridge-dry-run-")
        try:
            super().__init__(f"sqlite:///{Path(self._folder.name) / 'ledger.db'}", in_doubt=in_doubt)
            self._original = Ledger(url, company=company)
            try:
                self._take_over(self._original)
            except BaseException:
                self._original.close()
                raise
        except BaseException:
            self._folder.cleanup()
            raise
        self.audit = _NoTrail(self._database)
        # The copy's trail is none, so that only the original knows how far it has come.
        self.identity = self._original.identity

    @override
    def close(self) -> None:
        super().close()
        self._original.close()
        self._folder.cleanup()

    def _take_over(self, original: Ledger) -> None:
        # Of the trail no more than what tells which rows are in doubt.
        newest = {name: func.max(audit.c[name]) for name in ("seq", "at", "run_id")}
        columns = [
            newest[one.name].label(one.name) if one.name in newest else _blank(one) for one in audit.columns
        ]
        last_writes = select(*columns).group_by(audit.c.system, audit.c.external_id)
        with original._database.reading() as source, self._database.writing() as copy:  # noqa: SLF001
            whole = ((table, select(table)) for table in (runs, records, observations, claims))
            for table, rows in (*whole, (audit, last_writes)):
                _copy(source, copy, table, rows)


class _NoTrail(AuditTrail):
    @override
    def sent(self, write: Write, body: Any, content: Content | None = None) -> int:
        message = f"a dry run would have sent: {write.operation} {write.external_id}"
        raise AssertionError(message)


def _blank(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if column.name in {"system", "external_id"}:
        return column
    return literal(None if column.nullable else "").label(column.name)


def _copy(source: Connection, copy: Connection, table: Table, rows: Select[Any]) -> None:
    for some in source.execution_options(yield_per=_ROWS).execute(rows).mappings().partitions():
        copy.execute(table.insert(), [dict(row) for row in some])
