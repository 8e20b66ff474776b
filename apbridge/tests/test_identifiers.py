"""External ids, as they are built and read; whoever writes the beginning of one down agrees."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apbridge.errors import RejectedError
from apbridge.schemas.identifiers import (
    BILL,
    OUR_PAYMENTS,
    VENDOR,
    external_id,
    internal_id,
    is_our_payment,
    namespace_of,
    netsuite_id,
    netsuite_namespace,
    part_external_id,
    payment_external_id,
    whole_payment,
)

ROOT = Path(__file__).parents[2]


def test_names_lead_from_a_record_to_its_neighbours():
    bill = external_id("netsuite-1234567_SB1", "vendorbill", "42")
    assert bill == "netsuite-1234567_SB1-vendorbill-42"
    namespace = namespace_of(bill, "vendorbill", "42")
    assert external_id(namespace, "vendor", "7") == "netsuite-1234567_SB1-vendor-7"


@pytest.mark.parametrize("name", ["netsuite-1-vendorbill-4", "netsuite-1-bill-42", "-vendorbill-42", ""])
def test_a_name_that_leads_nowhere_is_rejected(name: str):
    with pytest.raises(RejectedError, match="does not end in -vendorbill-42"):
        namespace_of(name, "vendorbill", "42")


@given(
    st.from_regex(r"[A-Za-z0-9_]+", fullmatch=True),
    st.sampled_from([BILL, VENDOR, "classification"]),
    st.integers(1).map(str),
)
def test_what_was_built_is_read_as_it_was(account: str, kind: str, number: str):
    name = external_id(netsuite_namespace(account), kind, number)
    assert netsuite_id(name) == (account, kind, number)
    assert internal_id(name, account, kind) == number
    assert internal_id(name, account, "employee") is None
    assert internal_id(name, f"{account}_SB1", kind) is None
    assert namespace_of(name, kind, number) == netsuite_namespace(account)


@pytest.mark.parametrize(
    "name", [None, "", "sap-1-vendorbill-42", "netsuite-1-vendorbill-42x", "netsuite-1-vendorbill-", "42\n"]
)
def test_another_name_is_of_no_netsuite_record(name: str | None):
    assert internal_id(name, "1", BILL) is None


def test_our_payments_are_told_by_their_names():
    assert payment_external_id("42") == "avidxchange-payment-42"
    assert part_external_id(payment_external_id("42"), "111") == "avidxchange-payment-42-ap111"
    assert list(map(whole_payment, ["avidxchange-payment-a-b-ap1", "avidxchange-payment-a-b", "x-ap1"])) == [
        "avidxchange-payment-a-b",
        "avidxchange-payment-a-b",
        "x-ap1",
    ]
    assert is_our_payment(payment_external_id("42"))
    assert not any(map(is_our_payment, [None, "", "42", "AVIDXCHANGE-PAYMENT-42"]))


@pytest.mark.parametrize("profile", ["avidconnect", "partner"])
def test_a_profile_names_payments_so(profile: str):
    text = (resources.files("apbridge.avidxchange") / "profiles" / f"{profile}.yaml").read_text("utf-8")
    named = re.findall(r"external_id: join\('-', \['([\w-]*payment)', text\(\w+\)\]\)", text)
    assert named
    assert {f"{beginning}-" for beginning in named} == {OUR_PAYMENTS}


def test_the_restlet_knows_our_payments_by_the_same_beginning():
    (script,) = (ROOT / "suitescript/src").rglob("apbridge_restlet.js")
    found = re.findall(r"OUR_PAYMENTS = '([^']*)'", script.read_text("utf-8"))
    assert found == [OUR_PAYMENTS]
