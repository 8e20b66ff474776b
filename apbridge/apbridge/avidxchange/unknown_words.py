"""Words of AvidXchange that a profile does not translate: a new status ends no run, and is told once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from apbridge.errors import APBridgeError

logger = logging.getLogger(__name__)

_UNKNOWN = "unknown"
"""What a profile has such a word stand for."""


class UnknownWords:
    """Warns of each such word once.

    Args:
        profile: The profile's name.
    """

    def __init__(self, profile: str) -> None:
        self._profile = profile
        self._told = set[tuple[str, str, str]]()

    def tell(self, resource: str, record: Mapping[str, Any]) -> None:
        """Warn of the words in a record, as far as nobody was told of them."""
        for one in self.within(resource, record):
            name = (resource, str(one.facts["field"]), str(one.facts["word"]))
            if name not in self._told:
                self._told.add(name)
                logger.warning("%s", one)

    def within(self, resource: str, record: Mapping[str, Any]) -> Iterator[APBridgeError]:
        """Yield what there is to say of each such word in a record."""
        for field in ("status", "method"):
            word = record.get(f"native_{field}")
            # Where there is none, there is none that could be added.
            if record.get(field) == _UNKNOWN and word is not None:
                yield APBridgeError(
                    "APB-AX-016",
                    resource=words(resource),
                    field=field,
                    word=word,
                    profile=self._profile,
                    where=f"resources.{resource}.list.read.{field}.values",
                )


def words(resource: str) -> str:
    """Return what people call a resource."""
    return {"gl_account": "GL account"}.get(resource, resource.replace("_", " "))
