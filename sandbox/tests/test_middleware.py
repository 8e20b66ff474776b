"""What stands before both systems: counts, limits, delays and faults."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
import requests

from apbridge_sandbox.testing import Running, running
from tests.waiting import PATIENCE, held, until

VENDOR = {"number": "V1", "name": "A vendor", "active": True}
SUITEQL = "/services/rest/query/v1/suiteql"
RECORD = "/services/rest/record/v1/vendorPayment"
TOKEN = "/services/rest/auth/oauth2/v1/token"


def _fault(sandbox: Running, match: dict[str, Any], **do: object) -> None:
    sandbox.control("/control/faults", {"match": match, "do": do})


def test_calls_are_counted(sandbox: Running, avidxchange: requests.Session):
    requests.get(sandbox.netsuite_url + "/health", timeout=PATIENCE).raise_for_status()
    avidxchange.get("/v1/company")
    avidxchange.put("/v1/vendors/v-1", json=VENDOR)
    avidxchange.put("/v1/vendors/v-2", json=VENDOR | {"name": ""})
    for method, path in (("POST", TOKEN), ("POST", SUITEQL), ("POST", RECORD), ("GET", RECORD + "/1")):
        requests.request(method, sandbox.netsuite_url + path, timeout=PATIENCE)
    counts = sandbox.calls()
    avid, netsuite = counts["avidxchange"], counts["netsuite"]
    assert (avid["total"], avid["writes"], avid["sign_ins"]) == (3, 2, 0)
    assert avid["by_operation"] == {
        "GET /avidconnect/v1/company": 1,
        "PUT /avidconnect/v1/vendors/{external_id}": 2,
    }
    assert avid["refusals"] == {"invalid_value": 1}
    assert avid["writes_in_order"] == ["PUT /avidconnect/v1/vendors/{external_id}"]
    assert (netsuite["total"], netsuite["writes"], netsuite["sign_ins"]) == (4, 1, 1)
    assert sum(netsuite["refusals"].values()) == 4
    assert sandbox.control("/control/calls", method="DELETE")["avidxchange"]["total"] == 0


def test_peak_concurrency_a_system(sandbox: Running, avidxchange: requests.Session):
    _fault(sandbox, {"path": "/v1/company", "times": 7}, hold=True)
    with ThreadPoolExecutor(7) as pool:
        calls = [pool.submit(avidxchange.get, "/v1/company") for _ in range(7)]
        until(lambda: held(sandbox.control) == 7)
        sandbox.control("/control/faults/let-go")
    assert all(call.result().ok for call in calls)
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
    _fault(sandbox, {"path": SUITEQL}, hold=True, status=418)
    url = sandbox.netsuite_url + SUITEQL
    with ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(requests.post, url, timeout=PATIENCE) for _ in range(5)]
        until(lambda: held(sandbox.control) == 5)
        blocked = [requests.post(url, timeout=PATIENCE) for _ in range(2)]
        sandbox.control("/control/faults/let-go")
    assert {call.result().status_code for call in calls} == {418}
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
    _fault(sandbox, {"path": TOKEN}, hold=True, status=418)
    with ThreadPoolExecutor(7) as pool:
        calls = [pool.submit(requests.post, sandbox.netsuite_url + TOKEN, timeout=PATIENCE) for _ in range(7)]
        until(lambda: held(sandbox.control) == 7)
        sandbox.control("/control/faults/let-go")
    assert {call.result().status_code for call in calls} == {418}
    assert sandbox.calls()["netsuite"]["sign_ins"] == 7


def test_latency():
    with running(vendors=1, bills=1, latency_ms=150) as slow:
        started = time.monotonic()
        assert requests.get(slow.avidxchange_url + "/v1/company", timeout=PATIENCE).status_code == 401
        assert time.monotonic() - started >= 0.15


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


def test_no_answer_though_the_work_is_done(sandbox: Running, avidxchange: requests.Session):
    _fault(sandbox, {"times": 1}, drop="after", hold=True)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(avidxchange.put, "/v1/vendors/v-1", json=VENDOR)
        until(lambda: held(sandbox.control) == 1)
        assert len(sandbox.books()["avidxchange"]["vendors"]) == 1
        assert not call.done()
        sandbox.control("/control/faults/let-go")
        assert isinstance(call.exception(), requests.ConnectionError)


def test_a_call_that_stays_on_the_wire(sandbox: Running, avidxchange: requests.Session):
    _fault(sandbox, {"path": "/vendors/", "times": 1}, hold=True)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(avidxchange.put, "/v1/vendors/v-1", json=VENDOR)
        until(lambda: held(sandbox.control) == 1)
        assert avidxchange.put("/v1/vendors/v-2", json=VENDOR).status_code == 201
        sandbox.control("/control/faults/let-go", {})
        assert call.result().status_code == 201
    assert len(sandbox.books()["avidxchange"]["vendors"]) == 2


@pytest.mark.parametrize("end", ["let go", "cleared"])
@pytest.mark.parametrize("do", [{"drop": "late"}, {"hold": True}], ids=["cut", "given up"])
def test_a_call_that_comes_late(
    sandbox: Running, avidxchange: requests.Session, do: dict[str, Any], end: str
):
    """Its caller is gone: cut off by the fault, or by itself."""
    _fault(sandbox, {"path": "/vendors/", "times": 1}, **do)
    url = urlsplit(sandbox.avidxchange_url)
    headers = {**avidxchange.headers, "Content-Type": "application/json"}
    with closing(HTTPConnection(url.netloc)) as caller:
        caller.request("PUT", f"{url.path}/v1/vendors/v-1", json.dumps(VENDOR), headers)
        until(lambda: held(sandbox.control) == 1)
        if "drop" in do:
            with pytest.raises(OSError):  # noqa: PT011 - however the system says that there is nobody
                caller.getresponse()
    assert sandbox.books()["avidxchange"]["vendors"] == []
    if end == "let go":
        sandbox.control("/control/faults/let-go", {})
        until(lambda: held(sandbox.control) == 0)
    else:
        sandbox.control("/control/faults", method="DELETE")
    until(lambda: len(sandbox.books()["avidxchange"]["vendors"]) == 1)


def test_what_is_held_waits_until_it_is_let_go(sandbox: Running, avidxchange: requests.Session):
    _fault(sandbox, {"path": "/v1/company"}, hold=True)
    with ThreadPoolExecutor(1) as pool:
        for ends in ({"path": "/control/faults/let-go"}, {"path": "/control/faults", "method": "DELETE"}):
            call = pool.submit(avidxchange.get, "/v1/company")
            until(lambda: held(sandbox.control) == 1)
            assert not call.done()
            sandbox.control(**ends)
            assert call.result().ok
    assert held(sandbox.control) == 0
    assert avidxchange.get("/v1/company").ok


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
        {"do": {"hold": True, "drop": "late"}},
        {"match": {}},
        {"do": {"status": 500}, "when": 1},
    ],
)
def test_a_fault_that_could_never_be(sandbox: Running, order: dict[str, Any]):
    with pytest.raises(HTTPError) as refused:
        sandbox.control("/control/faults", order)
    with refused.value as answer:
        assert answer.code == 422
