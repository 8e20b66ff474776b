"""`apbridge profile check`: offline, and against an AvidXchange that answers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import shipped, source
from apbridge_sandbox.testing import Running, running

Apbridge = Callable[..., Any]

VENDOR = {"external_id": "v-1", "number": "V1", "name": "Vendor", "is_active": True, "tax_id": "12-3456789"}
ACCOUNT = {"external_id": "a-1", "code": "6000", "name": "Repairs", "is_active": True, "is_postable": True}
PLACE = {"external_id": "l-1", "dimension": "location", "code": "1", "full_name": "Tower", "is_active": True}
BILL = {
    "external_id": "b-1",
    "number": "1",
    "vendor_external_id": "v-1",
    "bill_date": "2026-10-30",
    "currency": "USD",
    "total": 5,
    "purchase_orders": [],
    "lines": [{"id": "1", "gl_code": "6000", "amount": 5, "codes": {"location": "1"}, "segments": {}}],
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=1, bills=0) as sandbox:
        settings = AvidXchangeSettings.from_config(sandbox.avidxchange_settings("avidconnect"))
        with AvidXchange(settings) as client:
            records = {"vendor": VENDOR, "gl_account": ACCOUNT, "dimension_value": PLACE, "invoice": BILL}
            for resource, record in records.items():
                client.submit(client.upsertion(resource, record))
        sandbox.control("/control/invoices/approve", {"external_ids": "all"})
        paid = sandbox.control("/control/payments/pay", {"all": True, "method": "check"})
        sandbox.control("/control/payments/settle", paid)
        yield sandbox


@pytest.fixture(params=shipped())
def ours(request: pytest.FixtureRequest, sandbox: Running, project: Path) -> Path:
    """A copy of a profile that ships, named by its path, with the sandbox's credentials in place."""
    for name, value in sandbox.avidxchange_settings(request.param).items():
        os.environ[f"TARGET_AVIDXCHANGE_{name.upper()}"] = value
    file = project / "ours.yaml"
    file.write_text(source(request.param))
    sandbox.control("/control/calls", method="DELETE")
    return file


def edited(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in changes:
        text = text.replace(old, new)
    assert text != file.read_text()
    file.write_text(text)


@pytest.mark.parametrize("name", shipped())
def test_what_ships_is_valid(apbridge: Apbridge, project: Path, name: str):
    assert project
    ended = apbridge("profile", "check", name)
    assert ended.code == 0
    assert ended.out.startswith(f"{name} is a valid profile.\nOperations: ")


def test_how_sure_a_profile_is_is_counted_and_named(apbridge: Apbridge, project: Path):
    ours = project / "ours.yaml"
    ours.write_text(
        "extends: partner\nname: ours\n"
        "resources: {payment: {list: {evidence: {otherwise: documented}, read: {amount: Total}}}}\n"
    )
    found = json.loads(apbridge("profile", "check", str(ours), "--json").out)["evidence"]
    assert found["documented"]["operations"] == ["payment.list"]
    assert "payment.list.read.amount" in found["documented"]["fields"]
    assert {word: len(kinds["fields"]) > 0 for word, kinds in found.items()} == {
        "assumed": True,
        "seen": False,
        "documented": True,
        "yours": False,
    }
    shown = apbridge("profile", "check", str(ours), "--verbose").out
    assert f"Operations: {len(found['assumed']['operations'])} assumed, 1 documented.\n" in shown
    assert "  payment.list.read.amount: documented\n" in shown
    assert "this project's guess: the documentation that AvidXchange gave you decides." in shown


def test_what_differs_is_told_by_operation_and_field(apbridge: Apbridge, project: Path):
    ours = project / "ours.yaml"
    ours.write_text(
        "extends: partner\nname: ours\nevidence: documented\nresources:\n"
        "  vendor: {link: null, upsert: {body: {Fax: phone, RemitToAddress: {fields: {City: null}}}}}\n"
        "  payment: {list: {read: {amount: Total, status: {values: {Void: failed}}}}}\n"
    )
    ended = apbridge("profile", "diff", "partner", str(ours))
    assert ended.code == 1
    assert ended.out.splitlines() == [
        'vendor.upsert: body.RemitToAddress.City: "city" in partner only',
        f'vendor.upsert: body.Fax: "phone" in {ours} only',
        "vendor.link: in partner only",
        f'payment.list: read.status.values.Void: "voided" in partner, "failed" in {ours}',
        f'payment.list: read.amount: "PaymentAmount" in partner, "Total" in {ours}',
    ]
    told = json.loads(apbridge("profile", "diff", "partner", str(ours), "--json").out)
    assert not told["same"]
    assert [(one["operation"], one["key"]) for one in told["differences"]][2] == ("vendor.link", "")
    ended = apbridge("profile", "diff", "partner", "partner")
    assert (ended.code, ended.out) == (0, "They say the same.\n")


def test_what_is_not_valid_is_compared_with_nothing(apbridge: Apbridge, project: Path):
    (project / "ours.yaml").write_text("extends: partner\nchek: {path: /me}\n")
    ended = apbridge("profile", "diff", "partner", "ours.yaml")
    assert ended.code == 2
    assert "ours.yaml, line 2, is not valid: chek" in ended.err


def test_every_mistake_is_listed_with_its_line_and_nobody_is_asked(
    apbridge: Apbridge, ours: Path, sandbox: Running
):
    edited(ours, ("      most: 1\n", "      most: many\n"), ("check:\n", "chek:\n"))
    ended = apbridge("profile", "check", str(ours), "--online", "--json")
    assert ended.code == 1
    lines = ours.read_text().splitlines()
    found = json.loads(ended.out)["problems"]
    assert {(lines[one["line"] - 1].strip().partition(":")[0], one["key"]) for one in found} >= {
        ("most", "resources.invoice.image.most"),
        ("chek", "chek"),
    }
    shown = apbridge("profile", "check", str(ours))
    assert f"{ours}, line {found[0]['line']}: {found[0]['key']}: " in shown.out
    assert sandbox.calls()["avidxchange"]["total"] == 0


def test_a_mistake_below_is_told_of_the_file_where_it_stands(apbridge: Apbridge, ours: Path):
    mine = ours.with_name("mine.yaml")
    mine.write_text("extends: ours.yaml\nname: mine\nresources: {payment: {upsert: null, lists: {}}}\n")
    edited(ours, ("      most: 1\n", "      most: many\n"))
    line = ours.read_text().splitlines().index("      most: many") + 1
    ended = apbridge("profile", "check", str(mine))
    assert ended.code == 1
    assert f"{ours}, line {line}: resources.invoice.image.most: 'many' is not of type" in ended.out
    assert f"{mine}, line 3: resources.payment.upsert: it is null" in ended.out
    assert f"{mine}, line 3: resources.payment.lists: it is not a key here" in ended.out
    assert ended.out.count("\n") == 3


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("        is_active: ", "        is_activ: ", "there is no such field; there are id, external_id"),
        (": settled", ": setled", "'setled' is none of processing, issued, settled"),
        ("            discount: ", "            rebate: ", "there is no such field"),
    ],
)
def test_what_is_no_canonical_field_or_word_is_a_mistake(
    apbridge: Apbridge, ours: Path, old: str, new: str, says: str
):
    edited(ours, (old, new))
    ended = apbridge("profile", "check", str(ours))
    assert ended.code == 1
    assert says in ended.out


def test_online_one_page_of_each_list_is_read_and_its_fields_are_named(
    apbridge: Apbridge, ours: Path, sandbox: Running
):
    ended = apbridge("profile", "check", str(ours), "--online", "--json")
    assert ended.code == 0, ended
    lists = {(one["resource"], one["of"]): one for one in json.loads(ended.out)["lists"]}
    assert [one["items"] for one in lists.values()] == [1, 1, 0, 0, 1, 1, 0, 1, 0]
    vendor = lists["vendor", None]
    assert {"name", "tax_id", "modified_at"} <= set(vendor["found"])
    assert {"legal_name", "remit_to"} <= set(vendor["missing"])
    assert "check_number" in lists["payment", None]["found"]
    assert "12-3456789" not in ended.out
    calls = sandbox.calls()["avidxchange"]
    assert (calls["writes"], calls["refusals"]) == (0, {})
    assert calls["total"] <= 1 + 1 + 2 * len(lists)
    shown = apbridge("profile", "check", str(ours), "--online").out
    assert "dimension value (location)" in shown
    assert "legal_name" in shown


TOTAL = ("        total: GrossAmount\n", "        total: GrossAmnt\n")


def test_online_a_wrong_field_name_is_told_with_the_record(apbridge: Apbridge, ours: Path):
    edited(
        ours, ("        total: total\n", "        total: totl\n"), ("InvoiceAmount\n", "InvoiceAmnt\n"), TOTAL
    )
    ended = apbridge("profile", "check", str(ours), "--online", "--json")
    assert ended.code == 1
    problems = [one["problem"] for one in json.loads(ended.out)["lists"] if one["problem"]]
    assert len(problems) == 1
    assert "b-1: total must be" in problems[0]


def test_online_a_wrong_path_and_an_unknown_word_are_told(apbridge: Apbridge, ours: Path):
    edited(
        ours,
        ("      path: /v1/payments\n", "      path: /v1/paid\n"),
        ("      path: /api/v2/payments\n", "      path: /api/v2/paid\n"),
        ("            approved: approved\n", ""),
        ("            scheduled: scheduled\n", ""),
        ("            paid: paid\n", ""),
        ("            Paid: paid\n", ""),
    )
    ended = apbridge("profile", "check", str(ours), "--online", "--json")
    assert ended.code == 1
    problems = {one["resource"]: one["problem"] for one in json.loads(ended.out)["lists"] if one["problem"]}
    assert set(problems) == {"invoice", "payment"}
    assert "does not know" in problems["invoice"]
    assert "HTTP 404" in problems["payment"]


def test_online_wrong_credentials_are_one_sentence(apbridge: Apbridge, ours: Path, sandbox: Running):
    for name in ("USER_TOKEN", "CLIENT_SECRET", "PASSWORD"):
        os.environ[f"TARGET_AVIDXCHANGE_{name}"] = "wrong"
    ended = apbridge("profile", "check", str(ours), "--online")
    assert ended.code == 2
    assert "APB-AX-01" in ended.err
    assert ended.err.count("\n") == 1
    assert sandbox.calls()["avidxchange"]["writes"] == 0


def test_no_such_file_is_one_sentence(apbridge: Apbridge, project: Path):
    assert project
    ended = apbridge("profile", "check", "nowhere.yaml")
    assert ended.code == 2
    assert "'nowhere.yaml' is neither one that ships" in ended.err
