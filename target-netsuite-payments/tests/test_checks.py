"""The rules without a network: what fits is drafted to the cent, what does not is rejected with its code."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from apbridge.errors import RejectedError
from apbridge.schemas.payment import Allocation, Payment
from apbridge.schemas.shares import closed_by, on_bills, shares_of
from target_netsuite_payments.books import Bill, Recorded
from target_netsuite_payments.captured import not_posted
from target_netsuite_payments.checks import check_vendor, differences, draft, paid_bills
from target_netsuite_payments.groups import in_groups
from target_netsuite_payments.periods import Period
from target_netsuite_payments.rules import BankAccount, PostingRules

ACCOUNT = "1234567_SB1"
RULES = PostingRules(ACCOUNT, (BankAccount("7", None, None, None),), "reject", "reject")
PERIODS = [
    Period("34", "Oct 2026", date(2026, 10, 1), date(2026, 10, 31), is_open=False),
    Period("35", "Nov 2026", date(2026, 11, 1), date(2026, 11, 30), is_open=True),
]


def bill(number: str = "10", unpaid: str = "100.00", **changes: object) -> Bill:
    facts: dict[str, Any] = {
        "number": f"INV-{number}",
        "vendor": "5",
        "status": "A",
        "is_on_hold": False,
        "currency": "1",
        "symbol": "USD",
        "subsidiary": "2",
        "ap_account": "20",
    }
    return Bill(number, unpaid=Decimal(unpaid), **{**facts, **changes})


def allocation(
    number: str = "10", amount: str = "100.00", discount: str = "0", account: str = ACCOUNT
) -> Allocation:
    return Allocation(f"netsuite-{account}-vendorbill-{number}", Decimal(amount), Decimal(discount))


def payment(*allocations: Allocation, **changes: object) -> Payment:
    paid = allocations or (allocation(),)
    facts: dict[str, Any] = {
        "id": "77",
        "external_id": "avidxchange-payment-77",
        "status": "settled",
        "method": "check",
        "check_number": "1001",
        "ach_trace": None,
        "card_reference": None,
        "vendor": f"netsuite-{ACCOUNT}-vendor-5",
        "currency": "USD",
        "amount": sum((each.amount for each in paid), Decimal(0)),
        "paid_on": date(2026, 11, 3),
        "allocations": tuple(paid),
        "replaces": None,
    }
    return Payment(**{**facts, **changes})


def drafted(paid: Payment, *bills: Bill, rules: PostingRules = RULES) -> dict[str, Any]:
    shares = shares_of(paid, ACCOUNT)
    found = paid_bills(paid, shares, {each.id: each for each in bills})
    check_vendor(paid, found, ACCOUNT)
    return draft(paid, shares, found, PERIODS, rules)


def test_a_payment_that_fits_is_drafted_whole():
    paid = payment(allocation("10", "90.00", "10.00"), allocation("11", "0.10"), replaces="70")
    assert drafted(paid, bill("10"), bill("11", "3.00")) == {
        "externalId": "avidxchange-payment-77",
        "entity": {"id": "5"},
        "subsidiary": {"id": "2"},
        "currency": {"id": "1"},
        "apAcct": {"id": "20"},
        "account": {"id": "7"},
        "tranDate": "2026-11-03",
        "postingPeriod": {"id": "35"},
        "tranId": "1001",
        "memo": "AvidXchange payment 77; replaces AvidXchange payment 70",
        "toBePrinted": False,
        "apply": {
            "items": [
                {"doc": {"id": "10"}, "apply": True, "amount": Decimal("90.00"), "disc": Decimal("10.00")},
                {"doc": {"id": "11"}, "apply": True, "amount": Decimal("0.10")},
            ]
        },
    }


def test_two_shares_of_one_bill_are_one_line():
    body = drafted(payment(allocation(amount="60"), allocation(amount="40")), bill())
    assert body["apply"]["items"] == [{"doc": {"id": "10"}, "apply": True, "amount": Decimal(100)}]


def test_each_bill_gets_its_own_amount_in_whatever_order():
    shares = [allocation("12", "1.00"), allocation("10", "30.00", "3.00"), allocation("11", "200.00")]
    bills = [bill("10"), bill("11", "250.00"), bill("12", "7.00")]
    for ordered in permutations(shares):
        items = drafted(payment(*ordered), *bills)["apply"]["items"]
        assert {item["doc"]["id"]: (item["amount"], item.get("disc")) for item in items} == {
            "10": (Decimal("30.00"), Decimal("3.00")),
            "11": (Decimal("200.00"), None),
            "12": (Decimal("1.00"), None),
        }


@pytest.mark.parametrize(
    "amounts", [["0.10", "0.20"], ["1.10", "2.20"], ["0.01"] * 10, ["4.35", "0.70", "1.10"]]
)
def test_sums_that_no_float_can_hold_are_exact(amounts: list[str]):
    total = sum(map(Decimal, amounts), Decimal(0))
    apart = [allocation(str(number), amount) for number, amount in enumerate(amounts, start=10)]
    body = drafted(
        payment(*apart, amount=total), *(bill(str(10 + place), each) for place, each in enumerate(amounts))
    )
    assert [item["amount"] for item in body["apply"]["items"]] == [Decimal(amount) for amount in amounts]
    one = drafted(
        payment(*(allocation(amount=each) for each in amounts), amount=total), bill(unpaid=str(total))
    )
    assert [item["amount"] for item in one["apply"]["items"]] == [total]
    with pytest.raises(RejectedError) as rejected:
        drafted(payment(*apart, amount=total + Decimal("0.01")), bill())
    assert rejected.value.code == "APB-PAY-013"


@pytest.mark.parametrize(
    ("changes", "memo"),
    [
        ({"ach_trace": "021000021234567"}, "AvidXchange payment 77; ACH trace 021000021234567"),
        ({"card_reference": "VC-9"}, "AvidXchange payment 77; card reference VC-9"),
    ],
)
def test_what_is_no_check_has_its_reference_in_the_memo(changes: dict[str, str], memo: str):
    assert drafted(payment(method="ach", check_number=None, **changes), bill())["memo"] == memo


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({"check_number": "1001", "ach_trace": "A1"}, {"trace": "1001", "id": "1001", "none": "1001"}),
        ({"ach_trace": "A1"}, {"trace": "A1", "id": "AX-77", "none": None}),
        ({"card_reference": "VC-9"}, {"trace": "VC-9", "id": "AX-77", "none": None}),
        ({"ach_trace": "A1", "card_reference": "VC-9"}, {"trace": "A1", "id": "AX-77", "none": None}),
        ({}, {"trace": "AX-77", "id": "AX-77", "none": None}),
        ({"id": "7" * 60}, {"trace": "AX-" + "7" * 42, "id": "AX-" + "7" * 42, "none": None}),
        ({"ach_trace": "9" * 44 + " 123"}, {"trace": "9" * 44, "id": "AX-77", "none": None}),
        ({"ach_trace": " " * 46}, {"trace": "AX-77", "id": "AX-77", "none": None}),
    ],
)
def test_what_is_no_check_has_a_number_all_the_same(changes: dict[str, str], numbers: dict[str, str | None]):
    facts = {"method": "ach", "check_number": None, **changes}
    paid = payment(**facts, external_id=f"avidxchange-payment-{changes.get('id', '77')}")
    for reference, number in numbers.items():
        assert drafted(paid, bill(), rules=replace(RULES, reference=reference)).get("tranId") == number
        assert number is None or number in paid.numbers, "it is found by that number"


def test_an_account_without_subsidiaries_and_currencies_gets_neither():
    body = drafted(payment(), bill(subsidiary=None, currency=None, symbol=None))
    assert not {"subsidiary", "currency"} & body.keys()


@pytest.mark.parametrize(
    ("code", "paid", "bills"),
    [
        ("011", replace(payment(), allocations=()), [bill()]),
        ("012", payment(allocation(amount="-5")), [bill()]),
        ("012", payment(allocation(amount="0", discount="5")), [bill()]),
        ("012", payment(allocation(amount="5.001")), [bill()]),
        ("012", payment(allocation(amount="5", discount="-1")), [bill()]),
        ("012", payment(allocation(amount="1E+4999")), [bill()]),
        ("012", payment(allocation(amount="5", discount="1E+4999")), [bill()]),
        ("013", payment(amount=Decimal("100.01")), [bill()]),
        ("014", payment(Allocation("PO-1", Decimal(1), Decimal(0))), [bill()]),
        ("014", payment(vendor="netsuite-1234567_SB1-account-5"), [bill()]),
        ("015", payment(allocation(account="1234567")), [bill()]),
        ("015", payment(vendor="netsuite-1234567-vendor-5"), [bill()]),
        ("016", payment(check_number="9" * 46), [bill()]),
        ("017", payment(paid_on=None), [bill()]),
        ("020", payment(), []),
        ("021", payment(), [bill(vendor="6")]),
        ("021", payment(allocation("10"), allocation("11"), vendor=None), [bill(), bill("11", vendor="6")]),
        ("022", payment(currency="EUR"), [bill()]),
        ("022", payment(allocation("10"), allocation("11")), [bill(), bill("11", symbol="EUR")]),
        ("023", payment(allocation("10"), allocation("11")), [bill(), bill("11", subsidiary="3")]),
        ("024", payment(allocation("10"), allocation("11")), [bill(), bill("11", ap_account="21")]),
        ("025", payment(), [bill(status="D")]),
        ("025", payment(), [bill(status="C")]),
        ("025", payment(), [bill(is_on_hold=True)]),
        ("026", payment(), [bill(unpaid="0", status="B")]),
        ("027", payment(), [bill(unpaid="99.99")]),
        ("027", payment(allocation(discount="0.01")), [bill()]),
        ("028", payment(paid_on=date(2027, 1, 1)), [bill()]),
        ("029", payment(paid_on=date(2026, 10, 5)), [bill()]),
    ],
)
def test_what_does_not_fit_is_rejected(code: str, paid: Payment, bills: list[Bill]):
    with pytest.raises(RejectedError) as rejected:
        drafted(paid, *bills)
    assert rejected.value.code == f"APB-PAY-{code}"


def test_an_overpayment_names_both_figures():
    with pytest.raises(RejectedError) as rejected:
        drafted(payment(allocation(amount="80.00", discount="30.00")), bill())
    assert "pays 80.00 with a discount of 30.00" in str(rejected.value)
    assert "has 100.00 open" in str(rejected.value)


def test_a_closed_period_may_be_passed_over():
    body = drafted(
        payment(paid_on=date(2026, 10, 5)), bill(), rules=replace(RULES, closed_period="next_open")
    )
    assert body["tranDate"] == "2026-11-01"
    assert "paid on 2026-10-05" in body["memo"]


@pytest.mark.parametrize(
    ("method", "currency", "subsidiary", "account"),
    [
        ("check", "USD", "2", "7"),
        ("ach", "USD", "2", "8"),
        ("ach", "CAD", "2", "9"),
        ("ach", "CAD", "3", "10"),
        ("check", "CAD", "3", "7"),
    ],
)
def test_the_bank_account_that_says_most_wins(method: str, currency: str, subsidiary: str, account: str):
    accounts = (
        BankAccount("8", "ach", None, None),
        BankAccount("9", "ach", "CAD", None),
        BankAccount("10", "ach", "CAD", "3"),
        BankAccount("7", None, None, None),
    )
    rules = replace(RULES, bank_accounts=accounts)
    assert rules.bank_account(payment(method=method), currency, subsidiary).account == account


@pytest.mark.parametrize(
    "accounts",
    [
        (BankAccount("8", "ach", None, None), BankAccount("9", "ach", None, None)),
        (BankAccount("8", "ach", None, None), BankAccount("7", None, "CAD", None)),
        (BankAccount("8", None, "CAD", None), BankAccount("9", "ach", None, None)),
        (
            BankAccount("8", None, "CAD", "3"),
            BankAccount("7", "ach", "CAD", None),
            BankAccount("9", "ach", None, "3"),
        ),
        (
            BankAccount("9", None, None, None),
            BankAccount("8", None, None, "3"),
            BankAccount("7", None, "CAD", None),
        ),
    ],
)
def test_of_bank_accounts_that_say_as_much_the_first_wins(accounts: tuple[BankAccount, ...]):
    rules = replace(RULES, bank_accounts=accounts)
    assert rules.bank_account(payment(method="ach"), "CAD", "3").account == "8"


def test_no_bank_account_names_the_setting():
    with pytest.raises(RejectedError, match="bank_accounts") as rejected:
        drafted(payment(), bill(), rules=replace(RULES, bank_accounts=(BankAccount("8", "ach", None, None),)))
    assert rejected.value.code == "APB-PAY-030"


@pytest.mark.parametrize(
    ("vendor", "total", "applied", "words"),
    [
        ("5", 90, {"10": Decimal(90)}, []),
        ("5", 90, {"10": Decimal(100)}, []),
        ("6", 90, {"10": Decimal(90)}, []),
        ("6", 90, {"11": Decimal(90)}, ["vendor 6", "0.00 on bill 10", "90.00 on bill 11"]),
        (
            "6",
            90,
            {"10": Decimal(80), "11": Decimal(10)},
            ["vendor 6", "80.00 on bill 10", "10.00 on bill 11"],
        ),
        ("5", 91, {"10": Decimal(90)}, ["amount 91.00"]),
        ("5", 90, {"11": Decimal(90)}, ["0.00 on bill 10", "90.00 on bill 11"]),
    ],
)
def test_what_is_there_already_is_compared(
    vendor: str, total: int, applied: dict[str, Decimal], words: list[str]
):
    day = date(2026, 11, 3)
    recorded = Recorded(
        "9", None, "1001", "", vendor, "7", day, Decimal(total), "F", is_voided=False, applied=applied
    )
    paid = payment(allocation(amount="90.00", discount="10.00"))
    found = differences(paid, shares_of(paid, ACCOUNT), "5", recorded)
    assert len(found) == len(words)
    assert all(said.startswith(word) for said, word in zip(found, words, strict=True))


def test_payments_that_share_bills_by_way_of_others_wait_for_one_another():
    chain = [
        payment(*map(allocation, bills), id=str(number), external_id=f"avidxchange-payment-{number}")
        for number, bills in enumerate((["10"], ["11"], ["12", "13"], ["10", "11"], ["11", "12"]))
    ]
    alone = payment(allocation("14"), id="9", external_id="avidxchange-payment-9")
    for ordered in permutations([*chain, alone]):
        groups = in_groups(ordered, lambda each: [share.invoice for share in each.allocations])
        assert sorted(len(group) for group in groups) == [1, 5]


def test_payments_wait_for_those_on_the_same_bills_and_voids_go_first():
    def named(number: str, *bills: str, **changes: object) -> Payment:
        return payment(
            *map(allocation, bills), id=number, external_id=f"avidxchange-payment-{number}", **changes
        )

    payments = [
        named("1", "10", paid_on=date(2026, 11, 5)),
        named("2", "11"),
        named("3", "12", "10", paid_on=date(2026, 11, 4)),
        named("4", "12", status="voided", paid_on=date(2026, 11, 6)),
        named("5", "13"),
        named("6", "11", paid_on=date(2026, 11, 2)),
    ]
    groups = in_groups(payments, lambda each: [share.invoice for share in each.allocations])
    assert [[each.id for each in group] for group in groups] == [["4", "3", "1"], ["6", "2"], ["5"]]


def test_an_invoice_without_an_id_is_left_out_of_what_is_posted():
    record = {
        "id": "77",
        "external_id": "avidxchange-payment-77",
        "status": "settled",
        "amount": "140.00",
        "allocations": [
            {"invoice_external_id": f"netsuite-{ACCOUNT}-vendorbill-10", "amount": "100.00", "discount": "0"},
            {"invoice_external_id": None, "amount": "40.00", "discount": "0"},
        ],
    }
    paid = on_bills(Payment.from_record(record))
    assert (paid.amount, paid.whole, closed_by(paid, ACCOUNT)) == (100, 140, {"10": 100})
    told = not_posted(paid, None)
    assert told
    assert "40.00 on one without an id" in told.says


@pytest.mark.parametrize("amounts", [("100.00", "39.99"), ("140.00", "0.00"), ("180.00", "-40.00")])
def test_nothing_is_left_out_of_what_does_not_add_up(amounts: tuple[str, str]):
    paid = replace(payment(allocation("10", amounts[0])), amount=Decimal("140.00"))
    strange = Allocation("captured-1", Decimal(amounts[1]), Decimal(0))
    whole = replace(paid, allocations=(*paid.allocations, strange))
    assert on_bills(whole) == whole
