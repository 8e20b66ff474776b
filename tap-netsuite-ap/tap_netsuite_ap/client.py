"""Reading by key: whole tables in order and in bounded memory, joins in bulk, several calls in flight."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from typing_extensions import Self

from apbridge.errors import RefusedError, UnavailableError
from apbridge.netsuite import NetSuite
from apbridge.netsuite.client import PAGE_ROWS, Page
from apbridge.netsuite.suiteql import MOST_IN
from tap_netsuite_ap.features import Features
from tap_netsuite_ap.ranges import Reading, goes_on
from tap_netsuite_ap.suiteql import Place, Query, Row, ids

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

Joined = Callable[[], dict[str, list[Row]]]
"""Waits for joined rows, and gives them by parent."""

ROW_NUMBERS = "row_numbers"
"""The feature without which NetSuite does not say where pages end."""

_NOTHING = Page([], has_more=False, total=0)


class Reader:
    """Reads queries from one NetSuite account.

    Use as a context manager: on leaving, calls not yet begun are dropped.

    Args:
        netsuite: The signed-in account.
        features: What the account is known to lack.
        page_rows: Rows of one page of what is read from end to end.
    """

    def __init__(self, netsuite: NetSuite, features: Features, page_rows: int = PAGE_ROWS) -> None:
        self.netsuite = netsuite
        self._features = features
        self.page_rows = page_rows
        # The session holds the account's limit; the pool only has to be wide enough to use it.
        self._pool = ThreadPoolExecutor(netsuite.concurrency, thread_name_prefix="netsuite")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def begin(self, work: Callable[[], _T]) -> Future[_T]:
        """Have something done beside the rest. It must not itself wait for what it begins."""
        return self._pool.submit(work)

    def pages(
        self, query: Query, *, where: Sequence[str] = (), is_long: bool = False
    ) -> Iterator[Sequence[Row]]:
        """Read every row, page by page in the order of the query's key.

        The first page is asked for at once; what follows it is too, several pages at a time and some ahead
        of what is taken.

        Args:
            query: Gives the rows.
            where: Conditions beside those of the query.
            is_long: Many rows are expected.
        """
        # Whoever asks for small pages wants few rows.
        lanes = self.netsuite.concurrency if self.page_rows >= PAGE_ROWS else 1
        asked = _Asked(self, query, where)
        return Reading(asked, self.begin, rows=self.page_rows, lanes=lanes, is_long=is_long).pages()

    def joined(
        self, query: Query, parents: Collection[str], *, by: str = "parent", width: int = MOST_IN
    ) -> Joined:
        """Begin to read all rows that belong to some parents.

        Args:
            query: Gives the rows.
            parents: Internal ids.
            by: The column that holds a row's parent.
            width: Parents asked for in one query.

        Returns:
            Waits for the rows, and gives them by parent.
        """
        asked = sorted(parents, key=int)
        column = query.expression(by)
        parts = [
            self.begin(partial(self._all, query, f"{column} IN ({ids(asked[i : i + width])})"))
            for i in range(0, len(asked), width)
        ]

        def collect() -> dict[str, list[Row]]:
            rows: dict[str, list[Row]] = defaultdict(list)
            for part in parts:
                for row in part.result():
                    rows[row[by]].append(row)
            return rows

        return collect

    def refusal(self, query: Query) -> RefusedError | None:
        """Try a query out, and give how NetSuite refuses it; None where it takes it."""
        try:
            self.page(query, rows=1, where=[f"{query.expression('id')} = 0"])
        except RefusedError as refused:
            return refused
        return None

    def lacks(self, query: Query) -> bool:
        """Tell whether the account was found to lack what a query is about."""
        return query.needs in self._features.absent

    def one(self, query: Query) -> Row:
        """Read the only row of a query."""
        return self.page(query, rows=1).items[0]

    def _all(self, query: Query, condition: str) -> list[Row]:
        rows: list[Row] = []
        after: Place | None = None
        while True:
            page = self.page(query, rows=PAGE_ROWS, where=[condition], after=after)
            rows += page.items
            if not goes_on(page, PAGE_ROWS):
                return rows
            after = query.place(rows[-1])

    def page(
        self,
        query: Query,
        *,
        rows: int,
        where: Sequence[str] = (),
        after: Place | None = None,
        until: Place | None = None,
    ) -> Page:
        """Read one page, without what the account lacks."""

        def ask(absent: frozenset[str], rows: int) -> Page:
            text = query.render(absent, where=where, after=after, until=until)
            return self.netsuite.suiteql(text, limit=rows, purpose=query.purpose)

        def works(absent: frozenset[str]) -> bool:
            try:
                ask(absent, 1)
            except RefusedError:
                return False
            return True

        while True:
            absent = self._features.absent
            if self.lacks(query):
                return _NOTHING
            try:
                return ask(absent, rows)
            except RefusedError as refused:
                if not self._features.adapt(query, refused, absent, works):
                    raise

    def ends(self, query: Query, *, where: Sequence[str], after: Place | None) -> list[Place]:
        """Ask where the pages of a query end: the places of every so many-th row after a place.

        Returns:
            The first thousand of them; none where NetSuite does not say, which is no reason to fail: the
            pages themselves are then read one after the other.
        """
        absent = self._features.absent
        if {query.needs, ROW_NUMBERS} & absent:
            return []
        text = query.every(self.page_rows).render(absent, where=where, after=after)
        try:
            page = self.netsuite.suiteql(text, purpose=query.purpose)
        except (RefusedError, UnavailableError) as problem:
            logger.debug("NetSuite does not say where pages end: %s", problem)
            # Where no page has come yet, anything in the query may have been refused.
            if after:
                self._features.lacks(ROW_NUMBERS)
            return []
        return [query.place(row) for row in page.items]


class _Asked:
    """A query, asked by a reader."""

    def __init__(self, reader: Reader, query: Query, where: Sequence[str]) -> None:
        self._reader = reader
        self._query = query
        self._where = where
        self.place = query.place

    def page(self, after: Place | None, until: Place | None) -> Page:
        rows = self._reader.page_rows
        return self._reader.page(self._query, rows=rows, where=self._where, after=after, until=until)

    def ends(self, after: Place | None) -> Sequence[Place]:
        return self._reader.ends(self._query, where=self._where, after=after)
