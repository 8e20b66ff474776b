"""Read queries by key: whole tables in order and in bounded memory, look-ups by ids, calls at once."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from typing_extensions import Self

from apbridge.errors import RefusedError, UnavailableError
from apbridge.netsuite.client import PAGE_ROWS, NetSuite, QueryPage, Row
from apbridge.netsuite.queries.features import Features
from apbridge.netsuite.queries.query import Place, Query
from apbridge.netsuite.queries.ranges import RangeReading, goes_on
from apbridge.netsuite.queries.values import MOST_IN, ids
from apbridge.waits import result

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

Found = Callable[[], dict[str, list[Row]]]
"""Waits for the rows of a look-up, and returns them by the value looked up."""

ROW_NUMBERS = "row_numbers"
"""The feature without which NetSuite does not say where pages end."""

_NEXT = 1
"""Calls that stand ready for the next place in flight, while what came in the last one is decoded. Each more
holds a page more in memory."""

_NOTHING = QueryPage([], has_more=False, total=0)


class Reader:
    """Reads queries from one NetSuite account.

    Used as a context manager, it drops on leaving the calls that have not begun.

    Args:
        netsuite: The signed-in account.
        features: What the account is known to lack.
        page_rows: Rows of one page of a query that is read from end to end.
    """

    def __init__(self, netsuite: NetSuite, features: Features, page_rows: int = PAGE_ROWS) -> None:
        self.netsuite = netsuite
        self.features = features
        self.page_rows = page_rows
        # The session holds the account's limit; the pool only has to be wide enough to use it.
        self._pool = ThreadPoolExecutor(self._lanes, thread_name_prefix="netsuite")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def _lanes(self) -> int:
        most = self.netsuite.concurrency
        return most + _NEXT if most > 1 else most

    def begin(self, work: Callable[[], _T]) -> Future[_T]:
        """Start work in another thread. It must not itself wait for work that it starts."""
        return self._pool.submit(work)

    def pages(
        self,
        query: Query,
        *,
        where: Sequence[str] = (),
        is_long: bool = False,
        expect: Callable[[int], None] | None = None,
    ) -> Iterator[Sequence[Row]]:
        """Read every row, page by page in the order of the query's key.

        The first page is asked for at once. So are the next ones, several at a time and some ahead of what
        is taken.

        Args:
            query: The query.
            where: Conditions beside those of the query.
            is_long: Many rows are expected.
            expect: Told how many rows there are, as the answer to the first page says; in another thread.
        """
        # A reader with small pages wants few rows.
        lanes = self._lanes if self.page_rows >= PAGE_ROWS else 1
        asked = _PendingQuery(self, query, where, expect)
        return RangeReading(asked, self.begin, rows=self.page_rows, lanes=lanes, is_long=is_long).pages()

    def look_up(
        self,
        query: Query,
        values: Iterable[str],
        *,
        by: str = "parent",
        width: int = MOST_IN,
        write: Callable[[Iterable[str]], str] = ids,
    ) -> Found:
        """Start to read all rows that have one of some values in a column.

        Args:
            query: The query.
            values: Internal ids; each is asked for once.
            by: The column.
            width: Values of one call.
            write: Writes the values in SuiteQL; `in_list` where they are texts.

        Returns:
            Waits for the rows, and returns them by value, those of each in the order of the query's key.
        """
        # Numbers in order of their size: what lies close together in NetSuite is read together.
        asked = sorted(set(values), key=lambda value: (len(value), value))
        column = query.expression(by)
        parts = [
            self.begin(partial(self.all, query, where=[f"{column} IN ({write(asked[i : i + width])})"]))
            for i in range(0, len(asked), width)
        ]

        def collect() -> dict[str, list[Row]]:
            rows: dict[str, list[Row]] = defaultdict(list)
            for part in parts:
                found = result(part)
                _check_columns(query, [by], found)
                for row in found:
                    rows[row[by]].append(row)
            return rows

        return collect

    def all(self, query: Query, *, where: Sequence[str] = ()) -> list[Row]:
        """Read every row, one page after the other in the order of the query's key."""
        rows: list[Row] = []
        after: Place | None = None
        while True:
            page = self.page(query, rows=PAGE_ROWS, where=where, after=after)
            rows += page.items
            if not goes_on(page):
                return rows
            after = query.place(rows[-1])

    def refusal(self, query: Query) -> RefusedError | None:
        """Try a query out, and return how NetSuite refuses it; None where it takes it."""
        try:
            self.page(query, rows=1, where=[f"{query.expression(query.key[-1])} = 0"])
        except RefusedError as refused:
            return refused
        return None

    def granted(self, queries: Iterable[Query], names: frozenset[str]) -> frozenset[str]:
        """Return what NetSuite refused once and refuses no longer, by trying out the queries that read it.

        Args:
            queries: Those that read it, each in order of a number at last.
            names: What was refused. Of what is known to be refused still nothing is asked.
        """
        refused: set[str] = set()
        for query in queries:
            if query.reads & names - self.features.absent and self.refusal(query):
                refused |= query.reads
        return names - self.features.absent - refused

    def lacks(self, query: Query) -> bool:
        """Return whether the account was found to lack what a query is about."""
        return bool(query.needs & self.features.absent)

    def one(self, query: Query) -> Row:
        """Read the only row of a query."""
        return self.page(query, rows=1).items[0]

    def page(
        self,
        query: Query,
        *,
        rows: int,
        where: Sequence[str] = (),
        after: Place | None = None,
        until: Place | None = None,
    ) -> QueryPage:
        """Read one page, without what the account lacks.

        Raises:
            RefusedError: NetSuite does not take the query, whatever may be left out.
        """

        def ask(absent: frozenset[str], rows: int) -> QueryPage:
            text = query.render(absent, where=where, after=after, until=until)
            page = self.netsuite.suiteql(text, limit=rows, purpose=query.purpose)
            _check_columns(query, query.key[-1:], page.items)
            _check_once(query, page.items)
            return page

        def has_passed() -> bool:
            # One of its rows may be the reason, and always will be: it has passed when all rows come.
            try:
                ask(without, rows)
            except RefusedError:
                return False
            return True

        while True:
            absent = self.features.absent
            # What it cannot be asked without is asked for again: NetSuite refuses it, or has it by now.
            without = absent - query.lacking(absent)
            self.features.tell(query)
            if self.lacks(query):
                return _NOTHING
            try:
                page = ask(without, rows)
            except RefusedError as refused:
                self.features.adapt(query, refused, without, self, has_passed)
                continue
            self.features.taken(query, without)
            return page

    def takes(self, table: str, columns: Sequence[str]) -> bool:
        """Return whether NetSuite takes a query of nothing but some columns of one table."""
        listed = ", ".join(f"x.{column} AS c{number}" for number, column in enumerate(columns))
        text = f"SELECT {listed} FROM {table} x WHERE ROWNUM <= 1"  # noqa: S608 - names out of query files
        try:
            self.netsuite.suiteql(text, limit=1, purpose=f"see what {table} has")
        except RefusedError:
            return False
        return True

    def check_answers(self) -> None:
        """Check that NetSuite answers a query that any account takes.

        Raises:
            RefusedError: It does not.
        """
        self.netsuite.suiteql("SELECT 1 AS one FROM dual", limit=1, purpose="answer any query at all")

    def ends(self, query: Query, *, where: Sequence[str], after: Place | None) -> list[Place]:
        """Ask where the pages of a query end: the place of each last row of a page, after a place.

        Returns:
            The first thousand of them; none where NetSuite does not say, which is no reason to fail: the
            pages are then read one after the other.
        """
        absent = self.features.absent
        if (query.needs | {ROW_NUMBERS}) & absent:
            return []
        text = query.every(self.page_rows).render(absent, where=where, after=after)
        try:
            page = self.netsuite.suiteql(text, purpose=query.purpose)
            return [query.place(row) for row in page.items]
        except (RefusedError, UnavailableError) as problem:
            logger.debug("NetSuite does not say where pages end: %s", problem)
            # Where no page has come yet, anything in the query may have been refused.
            if after:
                self.features.lacks(ROW_NUMBERS)
            return []


def _check_columns(query: Query, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Check that rows have the columns that they are told apart by.

    Raises:
        UnavailableError: One has not.
    """
    if not all(column in row for row in rows for column in columns):
        raise UnavailableError("APB-NS-022", purpose=query.purpose, problem=f"rows without {columns[0]}")


def _check_once(query: Query, rows: Sequence[Row]) -> None:
    """Check that each row comes once: a line for each of several accounting books would count twice.

    Raises:
        UnavailableError: One comes again.
    """
    if query.key and len(
        {*zip(*([row.get(alias) for row in rows] for alias in query.key), strict=True)}
    ) < len(rows):
        problem = f"two rows of one {query.key[-1]}"
        raise UnavailableError("APB-NS-022", purpose=query.purpose, problem=problem)


class _PendingQuery:
    """A query that a reader asks."""

    def __init__(
        self, reader: Reader, query: Query, where: Sequence[str], expect: Callable[[int], None] | None
    ) -> None:
        self._reader = reader
        self._expect = expect
        self._query = query
        self._where = where
        self.place = query.place

    def page(self, after: Place | None, until: Place | None) -> QueryPage:
        rows = self._reader.page_rows
        page = self._reader.page(self._query, rows=rows, where=self._where, after=after, until=until)
        if self._expect and after is None and until is None:
            self._expect(page.total)
        return page

    def ends(self, after: Place | None) -> Sequence[Place]:
        return self._reader.ends(self._query, where=self._where, after=after)
