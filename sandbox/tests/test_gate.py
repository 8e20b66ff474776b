"""What stands before both systems: counts, limits, delays and faults."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError

import pytest
import requests

from apbridge_sandbox.testing import Running, running

VENDOR = {"number": "V1", "name": "A vendor", "active": True}
SUITEQL = "/services/rest/query/v1/suiteql"
RECORD = "/services/rest/record/v1/vendorPayment"
TOKEN = "/services/rest/auth/oauth2/v1/token"


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def _until_held(sandbox: Running, number: int) -> None:
    _until(lambda: sum(one["held"] for one in sandbox.control("/control/faults", method="GET")) == number)


def _fault(sandbox: Running, match: dict[str, Any], **do: object) -> None:
    sandbox.control("/control/faults", {"match": match, "do": do})


def test_calls_are_counted(sandbox: Running, avidxchange: requests.Session):
    requests.get(sandbox.netsuite_url + "/health", timeout=10).raise_for_status()
    avidxchange.get("/v1/company")
    avidxchange.put("/v1/vendors/v-1", json=VENDOR)
    avidxchange.put("/v1/vendors/v-2", json=VENDOR | {"name": ""})
    for method, path in (("POST", TOKEN), ("POST", SUITEQL), ("POST", RECORD), ("GET", RECORD + "/1")):
        requests.request(method, sandbox.netsuite_url + path, timeout=10)
    counts = sandbox.calls()
    avid, netsuite = counts["avidxchange"], counts["netsuite"]
    assert (avid["total"], avid["writes"], avid["sign_ins"]) == (3, 2, 0)
    assert avid["by_operation"] == {
        "GET /avidconnect/v1/company": 1,
        "PUT /avidconnect/v1/vendors/{external_id}": 2,
    }
    assert avid["refusals"] == {"invalid_value": 1}
    assert (netsuite["total"], netsuite["writes"], netsuite["sign_ins"]) == (4, 1, 1)
    assert sum(netsuite["refusals"].values()) == 4
    assert sandbox.control("/control/calls", method="DELETE")["avidxchange"]["total"] == 0


def test_peak_concurrency_a_system(sandbox: Running, avidxchange: requests.Session):
    _fault(sandbox, {"path": "/v1/company"}, delay_ms=300)
    with ThreadPoolExecutor(7) as pool:
        answers = [*pool.map(lambda _: avidxchange.get("/v1/company"), range(7))]
    assert all(answer.ok for answer in answers)
    assert sandbox.calls()["avidxchange"]["peak_concurrency"] == 7
    assert sandbox.calls()["netsuite"]["peak_concurrency"] == 0
    avidxchange.get("/v1/company")
    sandbox.control("/control/calls", method="DELETE")
    avidxchange.get("/v1/vendors")
    assert sandbox.calls()["avidxchange"]["peak_concurrency"] == 1


@pytest.mark.parametrize(
    ("status", "retry_after"), [(429, "none"), (429, "seconds"), (429, "date"), (400, "none"), (401, "none")]
)
def test_netsuite_blocks_what_is_over_its_limit(sandbox: Running, status: int, retry_after: str):
    sandbox.control(
        "/control/switches",
        {"netsuite.overload_status": status, "netsuite.overload_retry_after": retry_after},
    )
    _fault(sandbox, {"path": SUITEQL}, delay_ms=400, status=418)
    with ThreadPoolExecutor(7) as pool:
        answers = [*pool.map(lambda _: requests.post(sandbox.netsuite_url + SUITEQL, timeout=10), range(7))]
    blocked = [answer for answer in answers if answer.status_code != 418]
    assert len(blocked) == 2
    for answer in blocked:
        (error,) = answer.json()["o:errorDetails"]
        assert answer.status_code == status
        assert error["o:errorCode"] == ("INVALID_LOGIN" if status == 401 else "CONCURRENCY_LIMIT_EXCEEDED")
        assert {"none": None, "seconds": "1"}.get(retry_after, "GMT") in (
            answer.headers.get("Retry-After"),
            (answer.headers.get("Retry-After") or "")[-3:],
        )
    assert sandbox.calls()["netsuite"]["peak_concurrency"] > 5


def test_sign_ins_are_not_held_to_the_limit(sandbox: Running):
    _fault(sandbox, {"path": TOKEN}, delay_ms=300, status=418)
    with ThreadPoolExecutor(7) as pool:
        answers = [*pool.map(lambda _: requests.post(sandbox.netsuite_url + TOKEN, timeout=10), range(7))]
    assert {answer.status_code for answer in answers} == {418}
    assert sandbox.calls()["netsuite"]["sign_ins"] == 7


def test_latency():
    with running(vendors=1, bills=1, latency_ms=150) as slow:
        started = time.monotonic()
        assert requests.get(slow.avidxchange_url + "/v1/company", timeout=10).status_code == 401
        assert 0.15 <= time.monotonic() - started < 1


def test_a_status_with_body_and_headers(sandbox: Running, avidxchange: requests.Session):
    _fault(sandbox, {"method": "GET"}, status=503, body={"message": "later"}, headers={"Retry-After": "7"})
    answer = avidxchange.get("/v1/company")
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (
        503,
        {"message": "later"},
        "7",
    )
    assert avidxchange.put("/v1/vendors/v-1", json=VENDOR).status_code == 201
    assert sandbox.calls()["avidxchange"]["refusals"] == {"http_503": 1}


def test_an_error_page_of_a_proxy(sandbox: Running, avidxchange: requests.Session):
    _fault(sandbox, {"times": 1}, status=502, html=True)
    answer = avidxchange.put("/v1/vendors/v-1", json=VENDOR)
    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<html>")
    assert sandbox.books()["avidxchange"]["vendors"] == []


@pytest.mark.parametrize(("drop", "committed"), [("before", 0), ("after", 1)])
def test_a_dropped_connection(sandbox: Running, avidxchange: requests.Session, drop: str, committed: int):
    _fault(sandbox, {"path": "/vendors/", "times": 1}, drop=drop)
    with pytest.raises(requests.ConnectionError):
        avidxchange.put("/v1/vendors/v-1", json=VENDOR)
    assert len(sandbox.books()["avidxchange"]["vendors"]) == committed
    assert avidxchange.put("/v1/vendors/v-1", json=VENDOR).status_code == 201 - committed


def test_a_time_out_whose_work_is_done(sandbox: Running, avidxchange: requests.Session):
    _fault(sandbox, {"times": 1}, drop="after", delay_ms=500)
    with pytest.raises(requests.Timeout):
        requests.put(
            sandbox.avidxchange_url + "/v1/vendors/v-1", json=VENDOR, headers=avidxchange.headers, timeout=0.2
        )
    assert len(sandbox.books()["avidxchange"]["vendors"]) == 1


def test_a_call_that_stays_on_the_wire(sandbox: Running, avidxchange: requests.Session):
    _fault(sandbox, {"path": "/vendors/", "times": 1}, hold=True)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(avidxchange.put, "/v1/vendors/v-1", json=VENDOR)
        _until_held(sandbox, 1)
        assert avidxchange.put("/v1/vendors/v-2", json=VENDOR).status_code == 201
        sandbox.control("/control/faults/let-go", {})
        assert held.result(timeout=60).status_code == 201
    assert len(sandbox.books()["avidxchange"]["vendors"]) == 2


@pytest.mark.parametrize("end", ["let go", "cleared"])
@pytest.mark.parametrize("do", [{"drop": "late"}, {"hold": True}], ids=["cut", "given up"])
def test_a_call_that_comes_late(
    sandbox: Running, avidxchange: requests.Session, do: dict[str, Any], end: str
):
    """Its caller is gone: cut off by the fault, or by itself."""
    _fault(sandbox, {"path": "/vendors/", "times": 1}, **do)
    with pytest.raises((requests.ConnectionError, requests.Timeout)):
        requests.put(
            sandbox.avidxchange_url + "/v1/vendors/v-1", json=VENDOR, headers=avidxchange.headers, timeout=1
        )
    _until_held(sandbox, 1)
    assert sandbox.books()["avidxchange"]["vendors"] == []
    if end == "let go":
        sandbox.control("/control/faults/let-go", {})
        _until_held(sandbox, 0)
    else:
        sandbox.control("/control/faults", method="DELETE")
    _until(lambda: len(sandbox.books()["avidxchange"]["vendors"]) == 1)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"nth": 3}, [200, 200, 418, 200, 200, 200]),
        ({"nth": 3, "times": 2}, [200, 200, 418, 418, 200, 200]),
        ({"every": 3}, [200, 200, 418, 200, 200, 418]),
        ({"every": 2, "times": 2}, [200, 418, 200, 418, 200, 200]),
        ({"times": 1}, [418, 200, 200, 200, 200, 200]),
        ({"path": "/v1/vendors$"}, [200] * 6),
    ],
)
def test_when_a_fault_fires(
    sandbox: Running, avidxchange: requests.Session, when: dict[str, Any], expected: list[int]
):
    _fault(sandbox, when, status=418)
    assert [avidxchange.get("/v1/company").status_code for _ in range(6)] == expected
    (fault,) = sandbox.control("/control/faults", method="GET")
    assert fault["fired"] == expected.count(418)
    assert sandbox.control("/control/faults", method="DELETE") == []
    assert avidxchange.get("/v1/company").status_code == 200


@pytest.mark.parametrize(
    "order",
    [
        {"do": {"status": 500}, "match": {"path": "("}},
        {"do": {"status": 500}, "match": {"every": 0}},
        {"do": {"drop": "during"}},
        {"do": {"html": True}},
        {"do": {"hold": True, "status": 500}},
        {"do": {"hold": True, "drop": "after"}},
        {"match": {}},
        {"do": {"status": 500}, "when": 1},
    ],
)
def test_a_fault_that_could_never_be(sandbox: Running, order: dict[str, Any]):
    with pytest.raises(HTTPError) as refused:
        sandbox.control("/control/faults", order)
    with refused.value as answer:
        assert answer.code == 422
