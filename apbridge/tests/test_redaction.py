from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from string import ascii_letters, digits

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apbridge.redaction import MASK, labels, redact, redact_text

SECRET_NAMES = [
    *("Authorization", "access_token", "X-Company-Token", "userToken", "client_assertion", "private_key"),
    *("privateKey", "password", "client_secret", "tax_id", "taxId", "taxIdNum", "TaxID", "EIN", "ssn"),
    *("bank_account", "bankAccountNumber", "bankAccounts", "accountNumber", "routing_number", "iban", "BIC"),
    *("cardNumber", "cvv", "Cookie", "apiKey", "X-API-Key", "swiftCode"),
]
PLAIN_NAMES = [
    "account_number",
    "number",
    "account_id",
    "glCode",
    "check_number",
    "name",
    "nextCursor",
    "amount",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("value", ["s3cret", 123456789, {"part": "s3cret"}, ["s3cret"]], ids=repr)
def test_what_stands_under_a_secret_name_is_masked(name: str, value: object):
    assert redact([{"vendor": {name: value}}]) == [{"vendor": {name: MASK}}]


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_what_people_need_to_see_stays(name: str):
    record = {name: "6000", "lines": [{"amount": Decimal("10.10")}]}
    assert redact(record) == record


def test_nothing_there_stays_nothing():
    assert redact({"tax_id": None}) == {"tax_id": None}


def test_what_was_given_is_left_alone():
    record = {"vendor": {"tax_id": "12-3456789"}}
    redact(record)
    assert record == {"vendor": {"tax_id": "12-3456789"}}


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer {secret}",
        "bearer {secret}",
        '{{"access_token": "{secret}", "n": 1}}',
        "client_assertion={secret}&grant_type=x",
        "password = '{secret}'",
        "the user_token: {secret}, was refused",
        "-----BEGIN PRIVATE KEY-----\n{secret}\nabc\n-----END PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----\n{secret}",
        "taxId: {secret}",
    ],
)
@given(secret=st.text(ascii_letters + digits + "_.~+/-", min_size=12, max_size=40))
def test_secrets_in_a_text_are_masked(text: str, secret: str):
    assert secret not in redact_text(text.format(secret=secret))


def test_a_json_web_token_is_known_by_its_look():
    token = jwt.encode({"sub": "x"}, "k" * 32, algorithm="HS256")
    assert redact_text(f"refused {token} today") == f"refused {MASK} today"


def test_tax_ids_are_known_by_their_look():
    assert redact_text("Vendor 123-45-6789 and 12-3456789") == f"Vendor {MASK} and {MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "Unknown account number: 6000",
        "Bill 2026-11-02 of $1,234.50, line 12",
        "Basic needs of Bearer Bonds Ltd",
        "Invalid department reference key 12 for subsidiary 3.",
        "netsuite-1234567_SB1-vendorbill-12",
    ],
)
def test_what_explains_a_refusal_stays(text: str):
    assert redact_text(text) == text


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda v: st.lists(v) | st.dictionaries(st.text(), v))
)
def test_twice_is_the_same_as_once(value: object):
    once = redact(value)
    assert redact(once) == once


LABELS = """
    Authorization|Cookie|pass phrase|PWD|secret|private-key|credential|token|apiKey|assertion|taxNumber|vat id
    social security|FEIN|ein|itin|tin|ssn|gstin|swift code|bic|bank account|sort_code|iban|bban|clabe|ifsc|bsb
    card no|cc number|cvv|cvc|aba|routing|rtn|transit number|account no|beneficiary account|checking acct
    savings account|deposit account|wire account|ach account|credit card|debit card|acct|text|iteIn|aCc|fEin
    pa\N{LATIN SMALL LETTER LONG S}sword|pr\N{LATIN SMALL LETTER DOTLESS I}vate key
"""


@pytest.mark.parametrize("before", ["", "x ", "A", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE} "])
def test_a_label_is_found_wherever_its_pattern_finds_it(before: str):
    for label in (each.strip() for line in LABELS.splitlines() for each in line.split("|")):
        text = f"{before}{label}: {label}"
        small = labels._in_small_letters(text)
        for place in range(len(text)):
            found, expected = labels._next_label(text, small, place), labels._LABEL.search(text, place)
            assert (found and found.span()) == (expected and expected.span()), label


@pytest.mark.parametrize("kind", [list, tuple])
def test_secrets_are_masked_at_any_depth(kind: Callable[[list[object]], object]):
    told = redact(kind([{"lines": kind([{"tax_id": "s3cret"}, "token=s3cret"])}]))
    assert "s3cret" not in str(told)
    assert str(told).count(MASK) == 2
