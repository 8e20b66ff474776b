"""Find out what an account lacks when NetSuite refuses a query, and leave it out from then on."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from threading import Lock

from apbridge.errors import RefusedError, catalogue
from apbridge.netsuite.queries.query import Query, QueryLine

logger = logging.getLogger(__name__)

_NAMED = (
    re.compile(r"Unknown identifier '([^']+)'", re.IGNORECASE),
    re.compile(r"Field '([^']+)' for record '[^']*' was not found", re.IGNORECASE),
    re.compile(r"Record '([^']+)' was not found", re.IGNORECASE),
    re.compile(r"Invalid search type: ([\w.]+?)\.?(?:$|[\s(])", re.IGNORECASE),
)
_NAMELESS = re.compile(r"Invalid or unsupported search|UNEXPECTED_ERROR", re.IGNORECASE)
"""How NetSuite refuses a query without a reason; the second may also be an error that passes."""

Trial = Callable[[frozenset[str]], bool]
"""Returns whether NetSuite takes a query without these features, were it only for one row."""


class Features:
    """The optional features that an account was found to lack.

    No query asks for them beforehand: an account that has everything costs no call.

    Args:
        sentences: The code of what to say when a feature is found missing, by feature. Nothing is said of the
            others.
    """

    def __init__(self, sentences: Mapping[str, str] | None = None) -> None:
        self._sentences = sentences or {}
        self._absent: frozenset[str] = frozenset()
        self._lock = Lock()

    @property
    def absent(self) -> frozenset[str]:
        """The features found missing so far."""
        return self._absent

    def adapt(
        self,
        query: Query,
        refused: RefusedError,
        without: frozenset[str],
        works: Trial,
        has_passed: Callable[[], bool],
    ) -> bool:
        """Find what a refused query may not ask of this account, and leave it out from now on.

        Args:
            query: The query that was refused.
            refused: What NetSuite said.
            without: The features that it was asked without.
            works: Tries the query out. Used only where NetSuite does not say what it did not find.
            has_passed: Asks again what was refused, as it was, and returns whether NetSuite takes it now.
                Used likewise.

        Returns:
            Whether to ask again.
        """
        with self._lock:
            is_nameless = _NAMELESS.search(str(refused)) is not None
            if is_nameless and has_passed():
                return True
            missing = _missing(query, str(refused), without, works)
            if is_nameless and has_passed():
                return True  # the error passed meanwhile: nothing was shown to be missing
            self._note(missing)
            return bool(missing)

    def lacks(self, feature: str) -> None:
        """Note that a feature was found missing."""
        with self._lock:
            self._note(frozenset([feature]))

    def _note(self, missing: frozenset[str]) -> None:
        for feature in sorted((missing - self._absent) & self._sentences.keys()):
            sentence = catalogue()[self._sentences[feature]]
            logger.warning("%s %s [%s]", sentence.says, sentence.do, sentence.code)
        self._absent |= missing


def _missing(query: Query, says: str, without: frozenset[str], works: Trial) -> frozenset[str]:
    optional: dict[str, list[QueryLine]] = defaultdict(list)
    for line in query.lines:
        if line.is_there(without):
            for feature in sorted(line.needs):
                optional[feature].append(line)
    needed = frozenset([query.needs]) if query.needs else frozenset()
    name = not_found(says)
    if name is not None:
        mentioning = (one for one, lines in optional.items() if any(_mentions(line, name) for line in lines))
        return frozenset([found]) if (found := next(mentioning, None)) else needed
    if not _NAMELESS.search(says):
        return frozenset()
    missing = frozenset(optional)
    if not works(without | missing):
        return needed
    for feature in optional:
        if works(without | (missing - {feature})):
            missing -= {feature}
    return missing


def not_found(says: str) -> str | None:
    """Return the column or table that NetSuite says it did not find, in lower case."""
    for pattern in _NAMED:
        if found := pattern.search(says):
            return found[1].lower().rsplit(".", 1)[-1]
    return None


def _mentions(line: QueryLine, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", line.text, re.IGNORECASE) is not None
