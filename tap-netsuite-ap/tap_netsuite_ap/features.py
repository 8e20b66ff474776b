"""What this account lacks: found out when NetSuite refuses a query, said once, left out from then on."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from apbridge.errors import RefusedError, catalogue
from tap_netsuite_ap.suiteql import Line, Query

logger = logging.getLogger(__name__)

_NAMED = (
    re.compile(r"Unknown identifier '([^']+)'", re.IGNORECASE),
    re.compile(r"Field '([^']+)' for record '[^']*' was not found", re.IGNORECASE),
)
_RECORD = (
    re.compile(r"Record '([^']+)' was not found", re.IGNORECASE),
    re.compile(r"Invalid search type: ([\w.]+?)\.?(?:$|[\s(])", re.IGNORECASE),
)
_NAMELESS = re.compile(r"Invalid or unsupported search", re.IGNORECASE)


Trial = Callable[[frozenset[str]], bool]
"""Tells whether NetSuite takes a query without these features."""


class Features:
    """Which optional features this account was found to lack.

    No query asks for that beforehand: an account that has everything pays nothing.

    Args:
        sentences: The code of what to say when a feature is found missing, by feature.
    """

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self._sentences = sentences
        self._absent: frozenset[str] = frozenset()
        self._lock = Lock()

    @property
    def absent(self) -> frozenset[str]:
        """The features found missing so far."""
        return self._absent

    def adapt(self, query: Query, refused: RefusedError, without: frozenset[str], works: Trial) -> bool:
        """Find what a refused query may not ask of this account, and leave it out from now on.

        Args:
            query: The query that was refused.
            refused: What NetSuite said.
            without: The features that it was asked without.
            works: Tells whether NetSuite takes the query without these features. Asked only where
                NetSuite does not say what it did not find.

        Returns:
            Whether to ask again.
        """
        with self._lock:
            missing = next(_suspects(query, str(refused), without, works), None)
            if missing is None:
                return False
            if missing not in self._absent:
                self._absent |= {missing}
                sentence = catalogue()[self._sentences[missing]]
                logger.warning("%s %s [%s]", sentence.says, sentence.do, sentence.code)
            return True


def not_found(says: str) -> str | None:
    """Give the column or table that NetSuite says it did not find, in lower case."""
    for pattern in (*_NAMED, *_RECORD):
        if found := pattern.search(says):
            return found[1].lower().rsplit(".", 1)[-1]
    return None


def is_missing(says: str, table: str) -> bool:
    """Tell whether NetSuite says that a whole table is not there for this role."""
    return any(found[1].lower() == table.lower() for one in _RECORD if (found := one.search(says)))


def _suspects(query: Query, says: str, without: frozenset[str], works: Trial) -> Iterator[str]:
    optional: dict[str, list[Line]] = defaultdict(list)
    for line in query.lines:
        if line.feature and not line.when_absent and line.feature not in without:
            optional[line.feature].append(line)
    name = not_found(says)
    if name is not None:
        yield from (
            feature for feature, lines in optional.items() if any(_mentions(one, name) for one in lines)
        )
    elif _NAMELESS.search(says):
        yield from (feature for feature in optional if works(without | {feature}))
    else:
        return
    if query.needs:
        yield query.needs


def _mentions(line: Line, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", line.text, re.IGNORECASE) is not None
