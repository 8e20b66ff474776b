"""A company too large for one query: every bill once, whatever NetSuite says at its end of 100,000 rows."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from threading import Barrier, Event

import pytest

from apbridge import json as decoder
from benchmarks.reader.bills import BenchmarkBills
from benchmarks.reader.files import A_THOUSAND_BILLS_HAVE, BenchmarkFiles
from benchmarks.reader.reading import WAYS, Progress, config, read
from benchmarks.reader.server import LIMIT, Served, serving
from tap_netsuite_ap.tap import TapNetSuiteAP
from tests import forked
from tests.waiting import PATIENCE

pytestmark = pytest.mark.long


def ids(served: Served, start: str | None = None, *, is_long: bool = True) -> list[int]:
    return [number for page in read(served.url, start, is_long=is_long) for _, number in page]


def run(served: Served, folder: Path) -> forked.Program:
    """Begin the command on bills alone; it writes to `out` and `log`."""
    settings = config(served.url)
    (folder / "config.json").write_text(json.dumps(settings))
    catalog = TapNetSuiteAP(config=settings).catalog_dict
    catalog["streams"] = [one for one in catalog["streams"] if one["tap_stream_id"] == "bills"]
    (folder / "catalog.json").write_text(json.dumps(catalog))
    with (folder / "out").open("wb") as out, (folder / "log").open("wb") as log:
        given = ("--config=config.json", "--catalog=catalog.json")
        return forked.Program("tap-netsuite-ap", *given, cwd=folder, stdout=out, stderr=log)


@pytest.fixture(scope="module")
def tied() -> BenchmarkBills:
    return BenchmarkBills(105_000, tied=300)


@pytest.fixture(scope="module")
def of_one_second() -> BenchmarkBills:
    return BenchmarkBills(100_500, tied=100_500)


@pytest.mark.parametrize("says_more", [True, False])
def test_105_000_bills_with_300_to_each_second_come_once_each(tied: BenchmarkBills, says_more: bool):  # noqa: FBT001
    with serving(Served(tied, says_more=says_more)) as served:
        got = ids(served)
    assert got == [*range(1000, 1000 + 2 * 105_000, 2)]
    assert served.peak <= LIMIT
    # A sign-in, where the pages end, the pages, and one more to see that there is no other.
    assert served.calls == 1 + 1 + 105 + 1


@pytest.mark.parametrize("says_more", [True, False])
def test_more_bills_in_one_second_than_a_query_gives_come_once_each(
    of_one_second: BenchmarkBills,
    says_more: bool,  # noqa: FBT001
):
    with serving(Served(of_one_second, says_more=says_more)) as served:
        got = ids(served, is_long=False)
    assert got == [*range(1000, 1000 + 2 * 100_500, 2)]


def test_where_netsuite_does_not_say_where_pages_end_they_come_all_the_same(
    tied: BenchmarkBills, caplog: pytest.LogCaptureFixture
):
    with serving(Served(tied, numbers_rows=False)) as served:
        got = ids(served, "2024-01-01T00:05:00Z")
    assert got == [*range(1000 + 2 * 299 * 300, 1000 + 2 * 105_000, 2)]
    assert served.peak <= LIMIT
    said = [record.getMessage() for record in caplog.records]
    assert sum("[APB-TNS-125]" in line for line in said) == 1


class CutShort(BenchmarkBills):
    """Bills of which the pages from the third on never come."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.asked = Barrier(LIMIT + 1)
        self.released = Event()

    def _headers(self, query: str, limit: int, offset: int, *, says_more: bool | None) -> bytes:
        # Where pages end may be asked for after the first page has come: without an answer none would follow.
        if "t.id > " in query and "MOD(" not in query:
            self.asked.wait(PATIENCE)
            self.released.wait()
        return super()._headers(query, limit, offset, says_more=says_more)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_at_once_whatever_is_under_way(tmp_path: Path, sign: signal.Signals):
    bills = CutShort(8_000)
    with serving(Served(bills)) as served:
        command = run(served, tmp_path)
        bills.asked.wait(PATIENCE)
        command.send_signal(sign)
        try:
            assert command.wait(PATIENCE) == 128 + sign
        finally:
            bills.released.set()
            command.kill()
    lines = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert all("type" in decoder.loads(line) for line in lines)


def test_every_seventh_call_refused_for_too_many_in_flight_loses_no_bill(tmp_path: Path):
    with serving(Served(BenchmarkBills(6_000), block_every=7)) as served:
        assert run(served, tmp_path).wait(PATIENCE) == 0
    assert "Request blocked" in (tmp_path / "log").read_text(encoding="utf-8")
    assert served.peak <= LIMIT
    with (tmp_path / "out").open(encoding="utf-8") as lines:
        messages = [decoder.loads(line) for line in lines]
    got = [int(one["record"]["id"]) for one in messages if one["type"] == "RECORD"]
    assert got == [*range(1000, 1000 + 2 * 6_000, 2)]


def test_a_thousand_bills_more_are_one_page_more_and_seven_queries_for_what_belongs_to_them():
    def calls(bills: int) -> int:
        progress = Progress(bills)
        with serving(Served(BenchmarkBills(bills))) as served:
            WAYS["tap"](served.url, progress)
        assert progress.rows == bills
        assert served.peak <= LIMIT
        return served.calls

    # Whether one more looks behind the last page depends on which answer comes first.
    assert abs(calls(4000) - calls(2000) - 2 * (1 + 7)) <= 1


def test_a_thousand_bills_more_are_one_list_of_files_and_one_call_for_them_more():
    def calls(bills: int) -> int:
        progress = Progress(bills)
        with serving(Served(BenchmarkBills(bills), files=BenchmarkFiles(1000))) as served:
            WAYS["tap with images"](served.url, progress)
        assert (progress.rows, progress.images) == (bills, bills * A_THOUSAND_BILLS_HAVE // 1000)
        assert served.peak <= LIMIT
        return served.calls

    assert abs(calls(4000) - calls(2000) - 2 * (1 + 7 + 2)) <= 1
