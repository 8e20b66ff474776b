"""A vendor types a tax id, a bank account or a password into whatever field there is."""

from __future__ import annotations

import re

import pytest

from apbridge.errors import catalogue
from apbridge.redaction import MASK, redact, redact_text

NAMES = re.findall(
    r"\w+",
    """
    fein FEIN vendorEIN custentityein custentity_vendor_ssn federalTaxId tin itin vatregnumber
    vatRegNumber vat_number vatId taxNumber taxRegistrationNumber gstin defaultTaxReg
    custrecord_2663_entity_acct_no custrecord_2663_entity_bank_no social_security_no swift swift_code
    sort_code sortCode iban vendorIban custentityiban bban bsb clabe aba rtn bank_code bankNumber
    acctNo account_no card_no ccnumber passwd pwd passcode credentials clientSecret
    refreshToken
    """,
)
PLAIN_NAMES = re.findall(
    r"\w+",
    """
    className class_name private_note secretary taxCode tax_rate vat_amount accountCode acctnumber
    bank_name card_reference region protein pin_code in_transit swiftly
    GlAccountNumber gl_account_number glAccountNumber branch_code branchCode taxRegime tax_regime
    """,
)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_of_a_secret_name_is_masked(name: str):
    assert redact({"vendor": [{name: "one two 3"}]}) == {"vendor": [{name: MASK}]}


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_a_field_of_another_name_is_not(name: str):
    assert redact({name: "6000"}) == {name: "6000"}


@pytest.mark.parametrize("name", ["InvoiceNumber", "number", "invoice_number", "documentNo", "tranId"])
def test_a_number_of_a_bill_that_looks_as_a_tax_id_does_stays_in_its_field(name: str):
    assert redact({name: "24-0001234"}) == {name: "24-0001234"}
    assert redact({"memo": "24-0001234", name: "123-45-6789"}) == {"memo": MASK, name: MASK}


TYPED = """\
EIN «123456789»
F.E.I.N. is unlike FEIN: «12 3456789», they say
tax id is «12-3456789» there
«12\u20133456789»
Vendor of bill 7: «12-3456789»
Bill 24-0001234, EIN «12-3456789»
Tax ID number «12-3456789»
TIN no. «12-3456789»
SSN «123 45 6789» here
ssn «123.45.6789»
Vendor «123\u201345\u20136789»
«\uff11\uff12\uff13-45-6789»
«123\u200b-45-67\u00ad89» of
«123\u00a045\u00a06789»
Social Security Number: «123456789»
ITIN «912345678»
VAT reg no «GB123456789»
vat number: «GB 123 4567 89»
VAT-ID «DE123456789»
IBAN «DE89 3704 0044 0532 0130 00» was refused
pay «DE89370400440532013000» now
to «gb82 west 1234 5698 7654 32» at once
BIC «DEUTDEFF500»
swift code: «deutdeff»
SWIFT/BIC «DEUTDEFF»
IBAN: «XX00 1234» wrong
swift: «DEUTDEFF500»
"swift": "«DEUTDEFF»"
ABA «021000021» account «000123456789»
routing number «021000021»
RTN: «0210-0002-1»
bank account no «12345678»
checking account «12345»
Acct: «123456789»
Account: «12345678»
Beneficiary account «12345678»
Account number: «123456789012»
Acct # «1234 5678 9012»
bankAccountNumber=«12345» x
sort code «12-34-56»
BSB «062-000»
card «4111 1111 1111 1111» exp
«4111-1111-1111-1111»
«5555555555554444»
«3782 822463 10005»
paid by «6011 1111 1111 1117», twice
credit card «1234 5678 9012 3456»
CVV «123»
https://«user:pa@ss»@host/x
postgresql+psycopg://«u:p»@h/db
ftp «bob:hunter2»@host
password: «correct horse battery staple»
passphrase = «a b c», next
password: «p@ss,word»
password: «,p;a&s}s<w"ord», then
passwd: «a,b c;d», next
{password: «a,b»}
"password: «a,b»", "n": 1
"password: «a,b»","n": 1
<b>password: «a,b»</b>
pwd=«a»&x=1
user: x password: «y z» host: h
{'password': '«a b, c»', 'x': 1}
{"secret": "«a b; c»"}
{\\"password\\": \\"«a b»\\", \\"n\\": 1}
"password": "«a \\" b»"
<password>«a b»</password> after
<ns:taxId>«12»</ns:taxId>
Cookie: «a=b; c=d»
Authorization: «Digest username="x", response="y"»
?access_token=«abc»&x=1
vendorEIN: «12»
Basic «dXNlcjpwYXNz»
password="«never closed, so all»
""".splitlines()


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_typed_is_masked_whole(typed: str):
    text = typed.replace("«", "").replace("»", "")
    assert redact_text(text) == re.sub("«[^»]*»", MASK, typed)


STAYS = """\
Unknown account number: 6000
GL account number: 60001000 is not active
Account 6000-10-100
GlAccountNumber: 60001000
{"gl_account_number": "60001000"}
NetSuite account: 11012345
account_id: 12345678
{"account": "60001000"}
Bill 24-0001234 of Acme
Invoice no. 24-0001234
Invoice number: 24-0001234
{"InvoiceNumber": "24-0001234"}
PO #24-0001234
Tax regime: standard
swift: next week
Swift: Transportation Inc
branch code: 12
Basic housekeeping of offices
Basic SUPPLIES
Secretary: Bob Jones
tax code: 12
VAT 20 % of 1,234.50
Tax ID: missing
tax id is required
Invoice INV-123-45-6789 of 2026-11-02
PO 4500000123
mailto:bob@example.com or email:joe@example.com
https://host/path?mail=a@b.com
bob@example.com
Bill 1234567890123456, 2026-11-02, $1,234.50
vendor 987654321
id 4111111111111112
EAN 4006381333931
Swift Transportation 12345
BIC pens, 12 boxes of 8
order DE88 3704 0044 0532 0130 00
NetSuite account 1234567_SB1
Tin 12 kg
2026-11-02T10:15:30.123456+00:00
555-123-4567
line 12 of 3456789
netsuite-1234567-vendorbill-12
Check 100045 ACH 021000020001234
Approval routing: manager
class: Sales
Token Ring cards, 24 pcs
Period 11/2026: 3,704.00
DE89 street 12, 3704 Town
run 12: 4 sent, 5 unchanged
Caliban Ltd: 12
""".splitlines()


@pytest.mark.parametrize("text", STAYS)
def test_what_a_clerk_needs_stays(text: str):
    assert redact_text(text) == text


def test_no_sentence_of_the_catalogue_is_touched():
    for one in catalogue().values():
        assert redact_text(one.says) == one.says
        assert redact_text(one.do) == one.do


HOSTILE = [
    *(
        "token",
        "password: a ",
        "ssn:not:",
        "4444 ",
        'password="\\"',
        "-eyJ",
        "://a:",
        "-----BEGIN A",
        "DE89 ",
    ),
    *("password: a,;", "password: ,", "Bill 24-", "acct: 1", "tax id 1 AAAA ", "<password>", "\u2013\u200b1"),
]


@pytest.mark.parametrize("repeated", HOSTILE)
@pytest.mark.timeout(60)
def test_a_long_hostile_text_comes_to_an_end(repeated: str):
    # In quadratic time it would not.
    text = repeated * (100_000 // len(repeated))
    assert redact_text(text)
