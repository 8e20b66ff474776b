"""The loop under other contracts than the usual one, judged by the sandbox's own books.

`test_from_nothing.py` runs it under the default. Here are the other contract that ships, the same where
AvidXchange leaves out what became of a write, and a third, as a customer writes it: outside the package,
named by path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange.profile_files import source
from apbridge_operator.contracts.asking import from_answers
from apbridge_operator.contracts.drafting import learned
from apbridge_operator.contracts.reading import read_description
from apbridge_operator.contracts.writing import as_yaml
from apbridge_sandbox.testing import Running, running
from demo.books import BothBooks
from demo.meltano import ROOT
from tests.inbound import BANKS
from tests.pipeline import Pipe
from tests.plugins import environment, run
from tests.renamed import AVIDCONNECT, behind_other_names, in_small_letters, renamed

pytestmark = pytest.mark.long

LINK = "next: {link: \"Paging.Links[?Rel=='next'].Href | [0]\"}"
OWN: Mapping[str, str] = {
    "name: partner": "name: ours",
    "    token_url: /oauth2/token": "    token_url: /oauth2/token\n    client_as: form",
    "pageSize: 1000": "pageSize: 5",
    "pageSize: 200": "pageSize: 3",
    LINK: "next: {page: 1, parameter: pageNumber, more: Paging.PageNumber < Paging.TotalPages}",
    "      multipart:\n        file: File\n        name: shorten(name, `255`)\n": (
        "      base64: {FileName: 'shorten(name, `255`)', ContentType: media_type, Content: content}\n"
    ),
    "granularity: day": "granularity: day, zone: Pacific/Kiritimati",
}


@dataclass(frozen=True)
class Contract:
    """A contract, and how AvidXchange behaves under it."""

    profile: str
    changes: Mapping[str, str]
    switches: Mapping[str, Any]
    refusals: Mapping[str, int] = field(default_factory=dict)
    """What the first outbound run is refused, and gets over."""


CONTRACTS = {
    "partner": Contract("partner", {}, {}),
    "nothing is said of writes": Contract("partner", {}, {"avidxchange.results": "none"}),
    "a profile of one's own": Contract(
        "partner",
        OWN,
        {
            "avidxchange.results": "object",
            "avidxchange.successful": "text",
            "avidxchange.token_seconds": 60,
            "avidxchange.day_zone": "Pacific/Kiritimati",
        },
    ),
    "avidsuite": Contract("avidsuite", {}, {}),
    "avidsuite, as unlike itself as it was seen": Contract(
        "avidsuite",
        {"pageSize: 1000": "pageSize: 5", "pageSize: 200": "pageSize: 3"},
        {
            "avidxchange.results": "object",
            "avidxchange.successful": "text",
            "avidxchange.page_count": "Pages",
            "avidxchange.page_links": "rooted",
            "avidxchange.new_statuses": True,
            "avidxchange.failing_sign_ins": 1,
        },
        {"http_503": 1},
    ),
}

ANSWERS = {
    "resources.gl_account.upsert.body.number": "shortCode",
    "resources.gl_account.list.read.number": "shortCode",
    "resources.dimension_value.upsert.body.code": "shortCode",
    "resources.dimension_value.list.read.code": "shortCode",
    "resources.credit.list.read.status.values.QUEUED": "scheduled",
    "resources.credit.list.read.status.values.WITHDRAWN": "cancelled",
    "resources.payment.list.read.status.values.DONE_AND_DUSTED": "settled",
    "resources.payment.list.read.allocations.invoice_external_id": "invoiceForeignId",
}
"""What somebody says who knows the API: the description leaves it open."""


GROUPS = {"gl_account": "GL Account", "department": "Department", "class": "Class", "location": "Location"}
LEARNED: Mapping[str, Mapping[str, str]] = {
    "avidconnect": ANSWERS,
    "partner": {
        "resources.credit": "below zero",
        "resources.gl_account.upsert.body.narrative": "shorten(name, `50`)",
        "resources.gl_account.list.read.name": "narrative",
        "resources.dimension_value.upsert.body.short_code": "code",
        "resources.dimension_value.upsert.body.narrative": "shorten(full_name, `50`)",
        "resources.dimension_value.list.read.code": "short_code",
        "resources.dimension_value.list.read.name": "narrative",
        "resources.credit.list.read.amount_paid": "paid_to_date",
        "resources.payment.list.read.cleared_on": "cleared_date",
        "resources.payment.list.read.allocations.invoice_external_id": "foreign_id",
        "resources.payment.list.read.allocations.amount": "paid_to_date",
    },
    "avidsuite": {
        "sign_in.oauth.header": "AvidAuthorization",
        "answers.results.external_id": (
            "item.vendor_external_system_id || item.invoice_external_system_id || item.external_system_id"
        ),
        **{f"groups.{name}": group for name, group in GROUPS.items()},
        "resources.gl_account.upsert": "POST /v1/enterprisecodes",
        "resources.gl_account.link": "POST /v1/enterprisecodes/externalids",
        "resources.gl_account.change": "POST /v1/enterprisecodes/byid",
        "resources.gl_account.list": "GET /v1/enterprisecodes",
        "resources.invoice.upsert.body.vendor_external_id": "buyer_vendor.vendor_external_system_id",
        "resources.invoice.upsert.body.vendor_remote_id": "buyer_vendor.uuid",
        "resources.invoice.list.read.vendor_external_id": "buyer_vendor.vendor_external_system_id",
        "resources.invoice.list.read.status": "invoice_status.description",
        "resources.credit": "below zero",
        "resources.credit.upsert.body.vendor_external_id": "buyer_vendor.vendor_external_system_id",
        "resources.credit.list.read.vendor_external_id": "buyer_vendor.vendor_external_system_id",
        "resources.credit.list.read.status": "invoice_status.description",
        "resources.credit.list.read.amount_paid": "paid_to_date",
        "resources.payment.list.read.status": "stage.description",
        "resources.payment.list.read.method": "payment_method.description",
        "resources.payment.list.read.vendor_id": "vendor.vendor_external_system_id",
        "resources.payment.list.read.allocations.invoice_external_id": "invoice_external_system_id",
        "resources.purchase_order.upsert.body.vendor_external_id": "buyer_vendor.vendor_external_system_id",
    },
}


def named(contract: Contract, folder: Path) -> str:
    """Return what the setting `profile` is."""
    if not contract.changes:
        return contract.profile
    text = source(contract.profile)
    for old, new in contract.changes.items():
        assert old in text
        text = text.replace(old, new)
    file = folder / "ours.yaml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize("name", CONTRACTS)
def test_both_books_agree_after_the_whole_loop_and_a_second_one_writes_nothing(name: str, tmp_path: Path):
    contract = CONTRACTS[name]
    with running(vendors=6, bills=14) as sandbox:
        sandbox.control("/control/switches", dict(contract.switches))
        profile = named(contract, tmp_path)
        url = sandbox.url_of(contract.profile)
        the_loop_ends_in_equal_books(sandbox, tmp_path, contract.refusals, profile=profile, base_url=url)


@pytest.mark.parametrize("surface", LEARNED)
def test_both_books_agree_under_a_contract_that_was_learned_from_its_description(
    surface: str, tmp_path: Path
):
    description = json.loads((ROOT / "sandbox" / "openapi" / f"{surface}.json").read_text())
    # What its codes need, and what a result is of, avidsuite's description tells by these words alone.
    keeps = {"Description", "Item"} if surface == "avidsuite" else set[str]()
    others = AVIDCONNECT if surface == "avidconnect" else in_small_letters(description, keeps)
    (tmp_path / "theirs.json").write_text(json.dumps(renamed(description, others)))
    answers = LEARNED[surface]
    found = learned(read_description(tmp_path / "theirs.json"), "learned", from_answers(answers))
    assert sorted(found.draft.asking.said) == sorted(answers), "nothing else is open, and all of that was"
    assert found.draft.left_open == []
    profile = tmp_path / "learned.yaml"
    profile.write_text(as_yaml(found.declared, found.draft.whys, ("Learned.",)))
    with running(vendors=6, bills=14) as sandbox, behind_other_names(sandbox.url_of(surface), others) as url:
        the_loop_ends_in_equal_books(sandbox, tmp_path, {}, profile=str(profile), base_url=url)


def the_loop_ends_in_equal_books(
    sandbox: Running, folder: Path, refusals: Mapping[str, int], **settings: str
) -> None:
    pipe = Pipe(sandbox, folder)
    (folder / "target.json").write_text(
        json.dumps({"bank_accounts": BANKS, "ledger_url": f"sqlite:///{folder}/in.db"})
    )

    def outbound() -> None:
        ended = pipe.run(**settings)
        assert (ended.tap, ended.target) == (0, 0), ended.said

    def inbound() -> int:
        env = environment(sandbox, "tap-avidxchange", **settings)
        tap = run("tap-avidxchange", env=env, cwd=folder)
        assert tap.returncode == 0, tap.stderr
        env = environment(sandbox, "target-netsuite-payments")
        target = run(
            "target-netsuite-payments", "--config=target.json", stdin=tap.stdout, env=env, cwd=folder
        )
        assert target.returncode == 0, target.stderr
        return tap.stdout.count('"type":"RECORD"')

    outbound()
    calls = sandbox.calls()["avidxchange"]
    assert calls["refusals"] == refusals
    assert calls["written"] == records_and_images(sandbox.books()["avidxchange"]), "each was sent once"
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    sandbox.control("/control/payments/pay", {"all": True})
    settled = sandbox.control("/control/payments/settle", {"ids": "all"})["ids"]
    assert inbound() == len(settled) > 0
    books = BothBooks(sandbox.books(), sandbox.credentials["NETSUITE_ACCOUNT_ID"])
    assert [line for line in books.compare() if not line.agree] == []
    sandbox.control("/control/calls", method="DELETE")
    outbound()
    inbound()
    assert sum(system["writes"] for system in sandbox.calls().values()) == 0
    assert sandbox.books() == {"netsuite": books.netsuite, "avidxchange": books.avidxchange}


def records_and_images(book: Mapping[str, Any]) -> int:
    """Count what AvidXchange was sent: each record, and each image."""
    records = sum(len(book[name]) for name in ("vendors", "gl_accounts", "dimension_values", "invoices"))
    return records + sum(bool(invoice["image"]) for invoice in book["invoices"])
