"""The client against the sandbox, which verifies what it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import OutcomeUnknownError, RefusedError, SettingError
from apbridge.netsuite import NetSuite, NetSuiteSettings, literal, restlet
from apbridge_sandbox.testing import Running, running

if TYPE_CHECKING:
    from collections.abc import Callable

VENDORS = 12
EXTERNAL_ID = "avidxchange-payment-p1"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=VENDORS, bills=10, concurrency_limit=3) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def _fresh_counts(sandbox: Running) -> None:
    sandbox.control("/control/faults", method="DELETE")
    sandbox.control("/control/calls", method="DELETE")


@pytest.fixture
def credentials(sandbox: Running) -> dict[str, Any]:
    prefix = "NETSUITE_"
    return {
        name.removeprefix(prefix).lower(): value
        for name, value in sandbox.credentials.items()
        if name.startswith(prefix)
    }


@pytest.fixture
def netsuite(credentials: dict[str, Any]) -> Iterator[NetSuite]:
    with NetSuite(NetSuiteSettings.from_config(credentials)) as netsuite:
        yield netsuite


def vendors(netsuite: NetSuite) -> list[dict[str, str]]:
    return netsuite.suiteql_all("SELECT id, companyname FROM vendor ORDER BY id ASC", purpose="read vendors")


def test_vendors_are_read_with_one_sign_in(sandbox: Running, netsuite: NetSuite):
    assert len(vendors(netsuite)) == VENDORS
    vendors(netsuite)
    calls = sandbox.calls()["netsuite"]
    assert (calls["sign_ins"], calls["total"]) == (1, 3)


def test_more_than_the_account_allows_at_once_loses_nothing(sandbox: Running, netsuite: NetSuite):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: len(vendors(netsuite)), range(40)))
    assert answers == [VENDORS] * 40
    assert sandbox.calls()["netsuite"]["peak_concurrency"] <= netsuite.settings.concurrency


@pytest.mark.parametrize(
    "wrong",
    [
        {"private_key": None},
        {"client_id": "f" * 64},
        {"certificate_id": "nobody"},
        {"account_id": "7654321"},
        {"account_id": "7654321_SB1"},
    ],
    ids=str,
)
def test_wrong_credentials_are_said_in_one_sentence(
    credentials: dict[str, Any], pem: Callable[..., str], wrong: dict[str, str | None]
):
    ((setting, value),) = wrong.items()
    config = {**credentials, setting: value or pem("P-256")}
    with NetSuite(NetSuiteSettings.from_config(config)) as netsuite, pytest.raises(SettingError) as caught:
        vendors(netsuite)
    assert setting in caught.value.do
    assert caught.value.code.startswith("APB-NS-01")


def test_an_unknown_column_is_named(netsuite: NetSuite):
    with pytest.raises(RefusedError, match="nosuchcolumn") as caught:
        netsuite.suiteql("SELECT nosuchcolumn FROM vendor ORDER BY id ASC", purpose="read vendors")
    assert caught.value.reason == "INVALID_PARAMETER"


def test_a_quote_in_a_name_is_found(netsuite: NetSuite):
    for row in vendors(netsuite):
        name = literal(row.get("companyname", "O'Brien"))
        query = f"SELECT id FROM vendor WHERE companyname = {name} ORDER BY id ASC"  # noqa: S608
        found = [one["id"] for one in netsuite.suiteql_all(query, purpose="look a vendor up")]
        assert (row["id"] in found) == ("companyname" in row)


@pytest.mark.parametrize(
    "fault",
    [{"status": 429}, {"status": 503}, {"status": 502, "html": True}, {"drop": "before"}, {"drop": "after"}],
    ids=str,
)
def test_reading_survives_faults(sandbox: Running, netsuite: NetSuite, fault: dict[str, Any]):
    sandbox.control("/control/faults", {"match": {"path": "suiteql", "times": 2}, "do": fault})
    assert len(vendors(netsuite)) == VENDORS
    assert netsuite.session.counts.retries == 2


def test_a_payment_whose_answer_is_lost_is_in_doubt_and_there_once(sandbox: Running, netsuite: NetSuite):
    (bill, *_) = netsuite.suiteql_all(
        "SELECT t.id, t.entity, t.currency, t.foreignamountunpaid AS unpaid, l.subsidiary FROM transaction t"
        " JOIN transactionline l ON l.transaction = t.id AND l.mainline = 'T'"
        " WHERE t.type = 'VendBill' AND t.status = 'A' ORDER BY t.id ASC",
        purpose="read bills",
    )
    (bank, *_) = netsuite.suiteql_all(
        "SELECT id FROM account WHERE acctnumber = '1090' ORDER BY id ASC", purpose="read accounts"
    )
    applied = {"doc": {"id": bill["id"]}, "apply": True, "amount": 1}
    body = {
        "externalId": EXTERNAL_ID,
        "entity": {"id": bill["entity"]},
        "subsidiary": {"id": bill["subsidiary"]},
        "currency": {"id": bill["currency"]},
        "account": {"id": bank["id"]},
        "tranDate": "2026-11-02",
        "apply": {"items": [applied]},
    }
    fault = {"match": {"method": "POST", "path": "vendorPayment", "times": 1}, "do": {"drop": "after"}}
    sandbox.control("/control/faults", fault)
    with pytest.raises(OutcomeUnknownError):
        netsuite.create("vendorPayment", body, purpose="post payment p1")
    query = f"SELECT id FROM transaction WHERE externalid = {literal(EXTERNAL_ID)} ORDER BY id ASC"  # noqa: S608
    (found,) = netsuite.suiteql_all(query, purpose="look the payment up")
    with pytest.raises(RefusedError):
        netsuite.create("vendorPayment", body, purpose="post payment p1")
    netsuite.delete("vendorPayment", found["id"], purpose="delete payment p1")
    assert netsuite.suiteql_all(query, purpose="look the payment up") == []
    remote_id = netsuite.create("vendorPayment", body, purpose="post payment p1")
    assert netsuite.get("vendorPayment", f"eid:{EXTERNAL_ID}", purpose="read payment p1")["id"] == remote_id


def test_the_restlet_answers(netsuite: NetSuite):
    answered = netsuite.restlet({"action": "version"}, reads=restlet.version, purpose="ask the version")
    assert answered.version == restlet.VERSION
    with pytest.raises(RefusedError):
        netsuite.restlet({"action": "nosuchaction"}, reads=restlet.version, purpose="ask nonsense")
