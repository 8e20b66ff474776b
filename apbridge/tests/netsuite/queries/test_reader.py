"""One way for every account: what it lacks is found out when it refuses, look-ups go in batches, by key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from apbridge.errors import RefusedError, UnavailableError
from apbridge.netsuite import in_list
from apbridge.netsuite.client import QueryPage
from apbridge.netsuite.queries.features import Features
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.reader import Reader

QUERY = Query.of(
    """
SELECT
  b.held AS held,
  b.company AS company,
  b.place AS place,
  b.id AS id
FROM bill b
WHERE $where
ORDER BY $order
""",
    "bills",
    "read bills",
    ["id"],
)
NAMELESS = "Invalid or unsupported search"


class FakeAccount:
    """A NetSuite that has some columns, and tells what it lacks in its own way."""

    concurrency = 2

    def __init__(self, lacks: set[str], says: Callable[[str], str], rows: int = 3) -> None:
        self.lacks = lacks
        self.says = says
        self.rows = rows
        self.asked: list[str] = []
        self.failures: Iterator[str] = iter(())
        self.most_rows = 1000

    def suiteql(self, query: str, *, limit: int, purpose: str) -> QueryPage:
        self.asked.append(query)
        named = re.findall(r"x\.(\w+) AS" if "FROM bill x" in query else r"b\.(\w+) AS", query)
        missing = [one for one in named if one in self.lacks]
        says = next(self.failures, "") or (missing and self.says(missing[0]))
        if says or limit > self.most_rows:
            facts: dict[str, Any] = {
                "system": "NetSuite",
                "purpose": purpose,
                "answer": "HTTP 400",
                "details": {},
            }
            raise RefusedError("APB-HTTP-003", status=400, says=says or NAMELESS, **facts)
        listed = re.search(r"IN \(([^)]*)\)", query)
        after = re.search(r"b\.id > (\d+)", query)
        ids = [int(one.strip(" '")) for one in listed[1].split(",")] if listed else range(1, self.rows + 1)
        found = [{"id": str(one)} for one in ids if not after or one > int(after[1])]
        return QueryPage(found[:limit], has_more=len(found) > limit, total=len(found))


def reader(account: Any, features: Features | None = None) -> Reader:  # noqa: ANN401
    return Reader(account, features or Features())


@pytest.mark.parametrize(
    "lacks", [set(), {"held"}, {"place"}, {"company", "place"}, {"held", "company", "place"}]
)
@pytest.mark.parametrize("says", ["Unknown identifier '{}'.", NAMELESS, "UNEXPECTED_ERROR"])
def test_what_an_account_lacks_is_found_and_nothing_else_is_left_out(lacks: set[str], says: str):
    account = FakeAccount(lacks, says.format)
    features = Features()
    with reader(account, features) as reading:
        assert len(reading.all(QUERY)) == 3
        assert features.absent == {f"bill.{one}" for one in lacks}
        asked = len(account.asked)
        reading.all(QUERY)
        assert len(account.asked) == asked + 1, "it is found out once"


@pytest.mark.parametrize(
    "says", ["Unknown identifier '{}'.", "Field '{}' for record 'bill' was not found", NAMELESS]
)
def test_what_cannot_be_done_without_is_named_and_never_left_out(says: str):
    text = (
        "SELECT\n  b.held AS held,\n  b.total AS total,  -- required\n  b.id AS id\nFROM bill b\nWHERE $where"
    )
    query = Query.of(text, "bills", "read bills", ["id"])
    features = Features()
    with reader(FakeAccount({"held", "total"}, says.format), features) as reading:
        for _ in range(2):
            with pytest.raises(RefusedError, match=r"bill\.total.* without which we cannot read bills"):
                reading.all(query)
    assert features.absent <= {"bill.held"}


def test_a_name_that_two_tables_have_is_tried_in_each():
    text = (
        "SELECT\n  b.place AS place,\n  c.place AS other,\n  b.id AS id\n"
        "FROM bill b\nLEFT JOIN town c ON c.id = b.town  -- optional\nWHERE $where"
    )
    account = FakeAccount({"place"}, "Unknown identifier '{}'.".format)
    features = Features()
    with reader(account, features) as reading:
        assert len(reading.all(Query.of(text, "bills", "read bills", ["id"]))) == 3
    assert features.absent == {"bill.place"}
    assert "c.place AS other" in account.asked[-1]


@pytest.mark.parametrize("failures", range(1, 7))
def test_an_error_that_passes_takes_nothing_away(failures: int):
    account = FakeAccount(set(), str)
    account.failures = iter(["UNEXPECTED_ERROR"] * failures)
    features = Features()
    with reader(account, features) as reading:
        try:
            assert len(reading.all(QUERY)) == 3
        except RefusedError:
            assert failures > 3
    assert features.absent == frozenset()


@pytest.mark.parametrize("failures", range(1, 20))
def test_an_account_has_what_it_had_before_an_outage(failures: int):
    text = (
        "-- needs subsidiary\n"
        "SELECT\n  s.id AS id,\n  s.name AS name,\nFROM subsidiary s\nWHERE $where\nORDER BY $order"
    )
    query = Query.of(text, "subsidiaries", "read subsidiaries", ["id"])
    account = FakeAccount(set(), str)
    account.failures = iter(["UNEXPECTED_ERROR"] * failures)
    features = Features()
    with reader(account, features) as reading, suppress(RefusedError):
        reading.all(query)
    assert features.absent == frozenset()


def test_a_refusal_with_another_reason_is_no_missing_feature():
    account = FakeAccount({"held"}, "{} may not be searched".format)
    features = Features()
    with reader(account, features) as reading, pytest.raises(RefusedError):
        reading.all(QUERY)
    assert (features.absent, len(account.asked)) == (frozenset(), 1)


def test_a_query_that_one_of_its_rows_breaks_is_refused_and_not_asked_for_ever():
    account = FakeAccount(set(), str)
    account.most_rows = 1
    with reader(account) as reading, pytest.raises(RefusedError):
        reading.all(QUERY)
    assert len(account.asked) < 10


def test_a_look_up_goes_in_batches_and_a_full_one_costs_no_call_more():
    account = FakeAccount(set(), str)
    wanted = [str(one) for one in range(1, 2501)]
    with reader(account) as reading:
        found = reading.look_up(QUERY, [*reversed(wanted), "7"], by="id")()
    assert sorted(found, key=int) == wanted
    assert all(rows == [{"id": number}] for number, rows in found.items())
    assert sorted(query.count(",") for query in account.asked) == [502, 1002, 1002]


def test_a_row_without_a_date_is_looked_up_and_no_place_to_go_on_from():
    dated = replace(QUERY, key=("place", "id"))
    with reader(FakeAccount(set(), str)) as reading:
        assert reading.look_up(dated, ["7"], by="id")() == {"7": [{"id": "7"}]}
    with pytest.raises(UnavailableError, match="rows without place") as caught:
        dated.place({"id": "7"})
    assert caught.value.code == "APB-NS-022"


def test_a_look_up_by_texts_quotes_them():
    account = FakeAccount(set(), str)
    with reader(account) as reading:
        assert reading.look_up(QUERY, ["7"], by="id", write=in_list)().keys() == {"7"}
        assert "b.id IN ('7')" in account.asked[0]
        reading.look_up(QUERY, [], by="id")()
    assert len(account.asked) == 1


def test_every_row_is_read_one_page_after_the_other():
    account = FakeAccount(set(), str, rows=2000)
    with reader(account) as reading:
        assert [row["id"] for row in reading.all(QUERY)] == [str(one) for one in range(1, 2001)]
    assert len(account.asked) == 2


@pytest.mark.parametrize("answer", [[{"nth": "1000"}], [{"id": "1000"}]])
def test_where_pages_end_is_not_known_of_rows_without_a_place(answer: list[dict[str, str]]):
    class Numbering(FakeAccount):
        def suiteql(self, *_: object, **__: object) -> QueryPage:
            return QueryPage(answer, has_more=False, total=1)

    with reader(Numbering(set(), str)) as reading:
        ends = reading.ends(QUERY, where=[], after=("1",))
        assert ends == [("1000",)] * ("id" in answer[0])
        assert ("row_numbers" in reading.features.absent) is not bool(ends)


def test_a_row_that_comes_twice_is_not_taken():
    class Doubling(FakeAccount):
        def suiteql(self, query: str, *, limit: int, purpose: str) -> QueryPage:
            page = super().suiteql(query, limit=limit, purpose=purpose)
            return replace(page, items=[*page.items, *page.items])

    with reader(Doubling(set(), str)) as reading, pytest.raises(UnavailableError, match="two rows of one id"):
        reading.all(QUERY)
