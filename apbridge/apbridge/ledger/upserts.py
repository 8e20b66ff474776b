"""What writes a row of the ledger that may be there already.

SQLAlchemy does not keep what it has compiled of an insert with ON CONFLICT, and compiling one takes longer
than SQLite takes to carry it out: each is compiled here once in a process.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Insert, TextClause, bindparam, case, func, text

from apbridge.ledger.dialects import of_dialect
from apbridge.ledger.tables import names, records


@cache
def upsert(dialect: str) -> TextClause:
    """Return what writes the news of a record: all columns of its row."""
    return _compiled(dialect, _upsert(dialect))


@cache
def upsert_found(dialect: str) -> TextClause:
    """Return what writes of a record that the other system has it: all columns where there is no row."""
    return _compiled(dialect, _upsert_found(dialect))


@cache
def add_search_keys(dialect: str) -> TextClause:
    """Return what writes by which names a record can be found."""
    return _compiled(dialect, of_dialect(dialect).insert(names).on_conflict_do_nothing())


def _compiled(dialect: str, statement: Insert) -> TextClause:
    named = of_dialect(dialect).dialect(paramstyle="named")
    compiled = statement.compile(dialect=named)
    own = {column.name for column in statement.table.columns}
    binds = [
        bindparam(name, type_=bind.type) if name in own else bindparam(name, bind.value, type_=bind.type)
        for bind, name in compiled.bind_names.items()
    ]
    return text(str(compiled)).bindparams(*binds)


def _upsert(dialect: str) -> Insert:
    statement = of_dialect(dialect).insert(records)
    new = statement.excluded
    same_content = records.c.content_hash == new.content_hash
    changes: dict[str, Any] = {
        column.name: new[column.name]
        for column in records.columns
        if not column.primary_key and column.name != "first_seen"
    }
    changes["attempts"] = case((same_content, records.c.attempts + 1), else_=new.attempts)
    for kept in (
        "remote_id",
        "facts",
        "acknowledged_at",
        "number",
        "amount",
        "currency",
        "source_modified_at",
    ):
        changes[kept] = func.coalesce(new[kept], records.c[kept])
    still_open = func.coalesce(records.c.open_since, new.open_since)
    changes["open_since"] = case((new.open_since.is_not(None), still_open), else_=None)
    upsert: Insert = statement.on_conflict_do_update(
        index_elements=[column.name for column in records.primary_key], set_=changes
    )
    return upsert


def _upsert_found(dialect: str) -> Insert:
    statement = of_dialect(dialect).insert(records)
    new = statement.excluded
    upsert: Insert = statement.on_conflict_do_update(
        index_elements=[column.name for column in records.primary_key],
        set_={name: new[name] for name in ("content_hash", "remote_id", "facts", "acknowledged_at")},
    )
    return upsert
