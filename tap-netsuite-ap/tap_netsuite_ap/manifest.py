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
class StreamEntry:
    """One stream.

    Args:
        name: Its name.
        kind: The word for it in external ids.
        query: What gives its records.
        joins: By field, what gives its values for some parents.
        is_selected: It is read where no catalog says otherwise.
    """

    name: str
    kind: str
    query: Query
    joins: Mapping[str, Query]
    is_selected: bool = True

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
        features: The code of what is said when a feature is missing, by feature.
    """

    streams: tuple[StreamEntry, ...]
    queries: Mapping[str, Query]
    features: Mapping[str, str]


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
        features=declared["features"],
    )


def _entry(name: str, declared: Mapping[str, Any]) -> StreamEntry:
    purpose = f"read {name.replace('_', ' ')}"
    return StreamEntry(
        name=name,
        kind=declared["kind"],
        query=Query.load(__package__, name, purpose, declared["key"]),
        joins={
            field: Query.load(__package__, join["query"], purpose, join["key"])
            for field, join in declared.get("joins", {}).items()
        },
        is_selected=declared.get("selected", True),
    )
