"""The manifest, `streams.yaml`: which streams there are and what each is read with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from apbridge import declared_file
from apbridge.netsuite.queries.query import Query


@dataclass(frozen=True)
class Join:
    """What gives the values of a field.

    Args:
        query: Gives them for some parents.
        instead_of: The column that has them; the query is asked only where NetSuite refuses that.
    """

    query: Query
    instead_of: str | None = None


@dataclass(frozen=True)
class StreamEntry:
    """One stream.

    Args:
        name: Its name.
        kind: The word for it in external ids.
        query: What gives its records.
        joins: By field, what gives its values for some parents.
        is_selected: It is read where no catalog says otherwise.
        deleted_as: How NetSuite may spell the type of a deleted one, in capitals; others are learned by id.
        type_id: What NetSuite's tables have as `recordtypeid` of its records.
        open: Name of the query of those of which something is to come.
    """

    name: str
    kind: str
    query: Query
    joins: Mapping[str, Join]
    is_selected: bool = True
    deleted_as: tuple[str, ...] = ()
    type_id: str | None = None
    open: str | None = None

    def is_deletion(self, type_name: str, type_id: str | None) -> bool:
        """Return whether the deletion of a record that has the id of one of the stream's is of that one.

        Args:
            type_name: How NetSuite spells its type.
            type_id: Its `recordtypeid`, which NetSuite may hide.
        """
        spelled = type_name.upper()
        if spelled in self.deleted_as:
            return True
        is_of_another = any(spelled in entry.deleted_as for entry in manifest().streams)
        return type_id is not None and type_id == self.type_id and not is_of_another

    @property
    def join_queries(self) -> list[Query]:
        """The queries of its joins."""
        return [join.query for join in self.joins.values()]

    @property
    def told_elsewhere(self) -> frozenset[str]:
        """The columns for which its joins stand in where NetSuite refuses them."""
        return frozenset(join.instead_of for join in self.joins.values() if join.instead_of)

    @property
    def is_incremental(self) -> bool:
        """Whether it is read by when its records changed."""
        return "modified_at" in self.query.key


@dataclass(frozen=True)
class Manifest:
    """All of it.

    Args:
        streams: In the order in which they are emitted.
        queries: The other queries, by name.
        sentences: The code of what is said when something is missing, by its name.
        decisive: Columns of which it is an error that they were shown once and are refused.
    """

    streams: tuple[StreamEntry, ...]
    queries: Mapping[str, Query]
    sentences: Mapping[str, str]
    decisive: frozenset[str]

    @property
    def all_queries(self) -> list[Query]:
        """Every query that the tap may ask."""
        of_streams = [[entry.query, *entry.join_queries] for entry in self.streams]
        return [*(query for some in of_streams for query in some), *self.queries.values()]


@cache
def manifest() -> Manifest:
    """Read the manifest and its queries, once."""
    text = (resources.files(__package__) / "streams.yaml").read_text(encoding="utf-8")
    declared = declared_file.values(text)
    return Manifest(
        streams=tuple(_entry(name, stream) for name, stream in declared["streams"].items()),
        queries={
            name: Query.load(__package__, name, f"read {name.replace('_', ' ')}", key)
            for name, key in declared["queries"].items()
        },
        sentences=declared["sentences"],
        decisive=frozenset(declared["decisive"]),
    )


def _entry(name: str, declared: Mapping[str, Any]) -> StreamEntry:
    purpose = f"read {name.replace('_', ' ')}"
    return StreamEntry(
        name=name,
        kind=declared["kind"],
        query=Query.load(__package__, name, purpose, declared["key"]),
        joins={
            field: Join(Query.load(__package__, join["query"], purpose, join["key"]), join.get("instead_of"))
            for field, join in declared.get("joins", {}).items()
        },
        is_selected=declared.get("selected", True),
        deleted_as=tuple(declared.get("deleted_as", ())),
        type_id=str(declared["type_id"]) if "type_id" in declared else None,
        open=declared.get("open"),
    )
