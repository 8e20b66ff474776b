"""`apbridge profile try`: what is right passes, and whatever is wrong fails the check of its name."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import shipped
from apbridge.http import retry
from apbridge_operator.trial import sending
from apbridge_operator.trial.upserts import UpsertTrial
from apbridge_sandbox.testing import Running, running

from .tampering import Tamper, TamperedCall, TamperedServer, tampered, untouched
from .test_profile import ACCOUNT, BILL, PLACE, VENDOR

if TYPE_CHECKING:
    from .conftest import CommandEnded

Try = Callable[..., "CommandEnded"]

COMPANIES = {"avidconnect": "1", "partner": "1", "avidsuite": "127.0.0.1"}
SEVERAL = range(1, 6)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=1, bills=0) as sandbox:
        settings = AvidXchangeSettings.from_config(sandbox.avidxchange_settings("avidconnect"))
        with AvidXchange(settings) as client:
            for number in SEVERAL:
                for resource, record in records(number).items():
                    client.submit(client.upsertion(resource, record))
        sandbox.control("/control/invoices/approve", {"external_ids": "all"})
        paid = sandbox.control("/control/payments/pay", {"all": True, "method": "check"})
        sandbox.control("/control/payments/settle", paid)
        sandbox.control("/control/payments/clear", paid)
        yield sandbox


def records(number: int) -> dict[str, dict[str, Any]]:
    names = {"number": str(number), "external_id": f"b-{number}", "vendor_external_id": f"v-{number}"}
    return {
        "vendor": {**VENDOR, "external_id": f"v-{number}"},
        "gl_account": {**ACCOUNT, "external_id": f"a-{number}", "code": str(5999 + number)},
        "dimension_value": {**PLACE, "external_id": f"l-{number}", "code": str(number)},
        "invoice": {**BILL, **names},
    }


@pytest.fixture(scope="module")
def between(sandbox: Running) -> Iterator[TamperedServer]:
    with tampered(sandbox.avidxchange_url) as server:
        yield server


@pytest.fixture
def tries(
    apbridge: Callable[..., Any],
    sandbox: Running,
    between: TamperedServer,
    empty_ledger: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Try:
    """Try a profile of one surface through the server between."""
    assert empty_ledger is None
    monkeypatch.setattr(sending, "PAUSES", ())

    def run(surface: str, *words: str, tamper: Tamper = untouched) -> CommandEnded:
        settings = sandbox.avidxchange_settings(surface)
        netloc = settings["base_url"].split("/")[2]
        here = f"127.0.0.1:{between.server_address[1]}"
        settings["base_url"] = settings["base_url"].replace(netloc, here)
        for name, value in settings.items():
            os.environ[f"TARGET_AVIDXCHANGE_{name.upper()}"] = value
        between.tamper = tamper
        ended: CommandEnded = apbridge("profile", "try", *words)
        return ended

    return run


def writing(surface: str) -> tuple[str, str]:
    return "--write", f"--company-is-for-tests={COMPANIES[surface]}"


def ended_in(told: Mapping[str, Any], state: str) -> dict[str, set[str]]:
    """Return the codes of the checks that ended so, by their names."""
    found: dict[str, set[str]] = {}
    for one in told["results"]:
        if one["state"] == state:
            found.setdefault(one["check"], set()).add(one["code"])
    return found


@pytest.mark.parametrize("surface", shipped())
def test_what_ships_passes_and_leaves_nothing_to_pay(
    tries: Try, sandbox: Running, project: Path, surface: str
):
    before = sandbox.calls()["avidxchange"]["writes"]
    ended = tries(surface, "--json")
    told = json.loads(ended.out)
    assert (ended.code, ended_in(told, "failed")) == (0, {})
    assert told["ok"]
    calls = sandbox.calls()["avidxchange"]
    assert calls["writes"] == before
    assert told["calls"] <= 16 * 10
    assert {"payment.cleared_image", "errors", "invoice.list.pages"} <= set(ended_in(told, "passed"))
    ended = tries(surface, *writing(surface), "--json", "--output=report.md", "--save-evidence=seen.yaml")
    told = json.loads(ended.out)
    assert (ended.code, ended_in(told, "failed")) == (0, {})
    passed = ended_in(told, "passed")
    assert {"invoice.twice", "invoice.image", "invoice.cancel", "credit.cancel", "clean_up"} <= set(passed)
    assert ("invoice.batch" in passed) is (surface != "avidconnect")
    assert not standing(sandbox)
    assert len(told["stays"]) == 6
    report = (project / "report.md").read_text()
    assert f"`{told['profile_hash']}`" in report
    for secret in ("v-1", "12-3456789", "Tower", *sandbox.avidxchange_settings(surface).values()):
        assert secret in {surface, *COMPANIES.values()} or secret not in report
    with_it = tries(surface, str(project / "seen.yaml"), "--json")
    seen = [one for one in json.loads(with_it.out)["assumed"] if not one["is_field"]]
    assert len(seen) < sum(not one["is_field"] for one in told["assumed"])


def standing(sandbox: Running) -> list[str]:
    invoices = sandbox.books()["avidxchange"]["invoices"]
    return [
        one["externalId"]
        for one in invoices
        if one["externalId"].startswith("apbridge-trial-") and one["status"] != "cancelled"
    ]


def test_every_write_is_on_the_trail(tries: Try, project: Path):
    tries("avidconnect", *writing("avidconnect"))
    query = "SELECT external_id, operation FROM apbridge_audit WHERE phase = 'sent'"
    with closing(sqlite3.connect(project / ".apbridge/ledger.db")) as ledger:
        sent = ledger.execute(query).fetchall()
    assert len(sent) > 20
    assert all(name.startswith("apbridge-trial-") for name, _ in sent)
    operations = {operation for _, operation in sent}
    assert operations >= {"try: upsert invoice", "try: cancel invoice", "try: send image"}


def test_nothing_is_written_to_a_company_that_nobody_named(tries: Try, sandbox: Running):
    before = sandbox.calls()["avidxchange"]["writes"]
    for words, code in (((), "APB-TRY-001"), (("--company-is-for-tests=another",), "APB-TRY-002")):
        ended = tries("avidconnect", "--write", *words)
        assert ended.code == 2
        assert code in ended.err
    assert sandbox.calls()["avidxchange"]["writes"] == before


def test_what_an_earlier_trial_left_is_taken_back(tries: Try, sandbox: Running):
    def killed(call: TamperedCall) -> None:
        # From the image on nothing of it comes through any more, as if it had been killed.
        if call.path.endswith("/image"):
            killed_at.append(call)
        if killed_at:
            call.status, call.answer = 400, {"message": "gone"}

    killed_at: list[TamperedCall] = []
    ended = tries("avidconnect", *writing("avidconnect"), "--json", tamper=killed)
    (left,) = standing(sandbox)
    assert "MAY PAY" in " ".join(json.loads(ended.out)["stays"])
    told = json.loads(tries("avidconnect", *writing("avidconnect"), "--json").out)
    assert left in next(one["says"] for one in told["results"] if one["check"] == "leftovers")
    assert not standing(sandbox)


def test_what_is_interrupted_takes_back_what_it_made(
    tries: Try, sandbox: Running, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(self: UpsertTrial, changed: object) -> None:
        assert changed
        if self.remote_id and "invoice" in str(self.record["external_id"]):
            seen.extend(standing(sandbox))
            raise KeyboardInterrupt

    seen: list[str] = []
    monkeypatch.setattr(UpsertTrial, "_try_change", interrupted)
    ended = tries("avidconnect", *writing("avidconnect"))
    assert ended.code != 0
    assert len(seen) == 1
    assert not standing(sandbox)
    orders = sandbox.books()["avidxchange"]["purchase_orders"]
    assert orders
    assert not any(one["open"] for one in orders)


def test_an_invoice_that_was_never_sent_is_not_said_to_stay(tries: Try):
    def silent(call: TamperedCall) -> None:
        if "-invoice-missing" in call.path:
            call.status, call.answer = 200, {}

    told = json.loads(tries("avidconnect", *writing("avidconnect"), "--json", tamper=silent).out)
    assert "invoice.refusal.not_found" in ended_in(told, "not known")
    assert "clean_up" not in ended_in(told, "failed")
    assert "MAY PAY" not in " ".join(told["stays"])


def test_a_company_that_goes_away_is_told_with_what_may_stay(
    tries: Try, sandbox: Running, monkeypatch: pytest.MonkeyPatch
):
    def away(call: TamperedCall) -> None:
        if call.method == "PUT" and call.path.endswith("/image"):
            gone.append(call)
        if gone:
            call.status, call.answer = 503, {"message": "gone"}

    gone: list[TamperedCall] = []
    monkeypatch.setattr(retry, "GIVE_UP_AFTER", 0.0)
    ended = tries("avidconnect", *writing("avidconnect"), "--json", tamper=away)
    assert ended.code == 3
    told = json.loads(ended.out)
    assert "invoices of this trial: perhaps AVIDXCHANGE MAY PAY THEM" in told["stays"]
    assert "vendor apbridge-trial-vendor, perhaps as it was made" in told["stays"]
    assert len(standing(sandbox)) == 1
    tries("avidconnect", *writing("avidconnect"))
    assert not standing(sandbox)


# What is wrong is caught


@dataclass(frozen=True)
class Wrong:
    """Something that is wrong, and the check that must find it."""

    check: str
    code: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    """To the profile, by the place of each."""
    tamper: Tamper = untouched
    """To AvidXchange."""
    surface: str = "avidconnect"


def changed(surface: str, changes: Mapping[str, Any]) -> str:
    """Return a profile that extends one that ships."""
    made: dict[str, Any] = {"extends": surface, "name": "wrong"}
    for place, value in changes.items():
        *steps, last = place.split(".")
        inner = made
        for step in steps:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return json.dumps(made)


def asks(path: str, **parameters: Callable[[str], str | None]) -> Tamper:
    """Change or take away parameters of a list."""

    def tamper(call: TamperedCall) -> None:
        if not call.status and call.method == "GET" and call.path.endswith(path):
            for name, change in parameters.items():
                if name in call.query and (value := change(call.query.pop(name))) is not None:
                    call.query[name] = value

    return tamper


def shows(path: str, change: Callable[[TamperedCall], None]) -> Tamper:
    """Change what is answered."""

    def tamper(call: TamperedCall) -> None:
        if call.status and call.path.endswith(path) and isinstance(call.answer, dict):
            change(call)

    return tamper


def each(change: Callable[[dict[str, Any]], object], key: str = "items") -> Callable[[TamperedCall], None]:
    def every(call: TamperedCall) -> None:
        for one in call.answer.get(key, ()):
            change(one)

    return every


def passed_over(_: str) -> None:
    """Take a parameter away."""


def next_year(_: str) -> str:
    return "2100-01-01T00:00:00Z"


def to_anybody(call: TamperedCall) -> None:
    if call.path.endswith("/company") and not call.status:
        call.status, call.answer = 200, {"id": 1}


def without_the_first(call: TamperedCall) -> None:
    if "cursor" in call.query:
        del call.answer["items"][0]


def with_the_last_again(call: TamperedCall) -> None:
    if "cursor" in call.query:
        call.answer["items"].insert(0, before["items"][-1])
    before["items"] = call.answer["items"]


before: dict[str, Any] = {}


def nobody_found(call: TamperedCall) -> None:
    if "externalId" in call.query:
        call.answer["Vendors"] = []


def without_tax_id(call: TamperedCall) -> None:
    for one in call.answer["Vendors"] if "externalId" in call.query else ():
        del one["TaxIdentifier"]


READING = {
    "a field that must be there is misnamed": Wrong(
        "payment.list.records", "APB-TRY-010", {"resources.payment.list.read.amount": "Amount"}
    ),
    "a field that may be there is misnamed": Wrong(
        "vendor.list.records", "APB-TRY-011", {"resources.vendor.list.read.tax_id": "taxID"}
    ),
    "a status is not translated": Wrong(
        "payment.list.records", "APB-AX-016", {"resources.payment.list.read.status.values.cleared": None}
    ),
    "the next page is told elsewhere": Wrong(
        "invoice.list.pages", "APB-TRY-022", {"resources.invoice.list.next.cursor": "next"}
    ),
    "a list is elsewhere": Wrong(
        "invoice.list", "APB-AX-030", {"resources.invoice.list.path": "/v1/invoicez"}
    ),
    "the items are elsewhere": Wrong("invoice.list", "APB-AX-032", {"resources.invoice.list.items": "rows"}),
    "the size of a page is passed over": Wrong(
        "vendor.list.pages", "APB-TRY-020", tamper=asks("/vendors", limit=passed_over)
    ),
    "pages overlap": Wrong("vendor.list.pages", "APB-TRY-021", tamper=shows("/vendors", with_the_last_again)),
    "a page loses a record": Wrong(
        "vendor.list.pages", "APB-TRY-023", tamper=shows("/vendors", without_the_first)
    ),
    "a page number begins with the wrong page": Wrong(
        "vendor.list.pages", "APB-AX-032", tamper=asks("/vendors", cursor=passed_over)
    ),
    "the time of a change is passed over": Wrong(
        "invoice.list.changed", "APB-TRY-031", tamper=asks("/invoices", modifiedSince=passed_over)
    ),
    "the time of a change is taken for another": Wrong(
        "invoice.list.changed", "APB-TRY-030", tamper=asks("/invoices", modifiedSince=next_year)
    ),
    "a look-up shows all": Wrong(
        "vendor.list.found",
        "APB-TRY-032",
        tamper=asks("/vendors", externalId=passed_over),
        surface="partner",
    ),
    "a look-up shows nothing": Wrong(
        "vendor.list.found", "APB-TRY-033", tamper=shows("/vendors", nobody_found), surface="partner"
    ),
    "a look-up shows less of it": Wrong(
        "vendor.list.found",
        "APB-TRY-034",
        tamper=shows("/vendors", without_tax_id),
        surface="partner",
    ),
    "amounts are in cents": Wrong(
        "payment.list.amounts",
        "APB-TRY-014",
        tamper=shows("/payments", each(lambda one: one.update(amount=one["amount"] * 100))),
    ),
    "amounts have three decimals": Wrong(
        "invoice.list.amounts",
        "APB-TRY-013",
        tamper=shows("/invoices", each(lambda one: one.update(total=5.005))),
    ),
    "times have no zone": Wrong(
        "vendor.list.times",
        "APB-TRY-012",
        tamper=shows("/vendors", each(lambda one: one.update(modifiedAt=one["modifiedAt"].rstrip("Z")))),
    ),
    "the sign-in is shown to be right to anybody": Wrong("sign_in.needed", "APB-TRY-003", tamper=to_anybody),
    "what is wrong is told elsewhere": Wrong(
        "errors", "APB-TRY-041", {"errors.message": "said", "errors.items": "wrongs"}
    ),
    "what is not there is refused in other words": Wrong(
        "errors", "APB-TRY-042", {"errors.meanings.not_found": None}
    ),
    "the image of a check is elsewhere in the answer": Wrong(
        "payment.cleared_image",
        "APB-TRY-040",
        {"resources.payment.cleared_image.content": "Contents"},
        surface="partner",
    ),
}


@pytest.mark.parametrize("name", READING)
def test_what_is_wrong_in_what_is_read_fails_its_check(tries: Try, project: Path, name: str):
    wrong = READING[name]
    (project / "wrong.yaml").write_text(changed(wrong.surface, wrong.changes))
    ended = tries(wrong.surface, "wrong.yaml", "--json", tamper=wrong.tamper)
    assert ended.code == 1, ended
    failed = ended_in(json.loads(ended.out), "failed")
    assert wrong.code in failed.get(wrong.check, ()), failed


def writes(path: str, change: Callable[[TamperedCall], None]) -> Tamper:
    """Change what is sent, or answer it in AvidXchange's place."""

    def tamper(call: TamperedCall) -> None:
        if not call.status and call.method != "GET" and path in call.path:
            change(call)

    return tamper


def cancelled_in_word_only(call: TamperedCall) -> None:
    if call.path.endswith("/cancel"):
        call.status, call.answer = 200, {"externalId": call.path.split("/")[-2], "status": "cancelled"}


def made_up(call: TamperedCall) -> None:
    call.status, call.answer = 200, {"externalId": call.path.split("/")[-1], "id": "77"}


def never_changed(call: TamperedCall) -> None:
    if isinstance(call.body, dict) and call.body.get("total") == 40.03:
        made_up(call)


def with_a_known_code(call: TamperedCall) -> None:
    for line in call.body.get("lines", ()) if isinstance(call.body, dict) else ():
        line["glCode"] = line["glCode"].removesuffix("NONE")


def doubled(call: TamperedCall) -> None:
    again = [{**one, "id": "9" + one["id"]} for one in call.answer["items"] if "trial" in one["externalId"]]
    call.answer["items"] += again


def first_alone(call: TamperedCall) -> None:
    """Carry out the first of a batch, and say so of all that are right."""
    if not call.status and call.method == "POST":
        call.body["Invoices"], left = call.body["Invoices"][:1], call.body["Invoices"][1:]
        call.headers["left"] = json.dumps(
            [one["ExternalId"] for one in left if "bad" not in one["ExternalId"]]
        )
    elif call.status and "left" in call.headers:
        made = [{"ExternalId": one, "Successful": True} for one in json.loads(call.headers["left"])]
        call.answer["Results"] += made


def only(path: str, tamper: Tamper) -> Tamper:
    return lambda call: tamper(call) if call.path.endswith(path) else None


def shuffled(call: TamperedCall) -> None:
    if call.status and isinstance(call.answer, dict) and isinstance(call.answer.get("Results"), list):
        call.answer["Results"].reverse()


WRITING = {
    "a field is sent under another's name": Wrong(
        "vendor.shown", "APB-TRY-053", {"resources.vendor.upsert.body.name": "legal_name"}
    ),
    "a field is read from another": Wrong(
        "vendor.shown", "APB-TRY-053", {"resources.vendor.list.read.email": "phone"}
    ),
    "amounts are read in cents": Wrong(
        "invoice.shown",
        "APB-TRY-053",
        tamper=shows("/invoices", each(lambda one: one.update(total=one["total"] * 100))),
    ),
    "a memo is shown otherwise than it was sent": Wrong(
        "invoice.body",
        "APB-TRY-054",
        tamper=shows("/invoices", each(lambda one: one.update(memo=str(one["memo"]).upper()))),
    ),
    "a second submission is a second invoice": Wrong(
        "invoice.twice", "APB-TRY-055", tamper=shows("/invoices", doubled)
    ),
    "a change is answered and not made": Wrong(
        "invoice.changed", "APB-TRY-056", tamper=writes("/invoices/", never_changed)
    ),
    "a cancellation is answered and not made": Wrong(
        "invoice.cancel", "APB-TRY-060", tamper=writes("/invoices/", cancelled_in_word_only)
    ),
    "… and what stays is named": Wrong(
        "clean_up", "APB-TRY-061", tamper=writes("/invoices/", cancelled_in_word_only)
    ),
    "what is not there is cancelled": Wrong(
        "invoice.refusal.not_found", "APB-TRY-062", tamper=writes("-missing/", cancelled_in_word_only)
    ),
    "what was taken is not there": Wrong(
        "invoice.upsert", "APB-TRY-050", tamper=writes("/invoices/", made_up)
    ),
    "the answer names it elsewhere": Wrong(
        "vendor.upsert.answer", "APB-TRY-051", {"resources.vendor.upsert.answer.external_id": "text(id)"}
    ),
    "the answer has its id elsewhere": Wrong(
        "vendor.upsert.answer", "APB-TRY-052", {"resources.vendor.upsert.remote_id": "externalId"}
    ),
    "the hash of a picture is elsewhere": Wrong(
        "invoice.image", "APB-TRY-057", {"resources.invoice.image.sha256": "image.hash"}
    ),
    "an unknown code is taken": Wrong(
        "invoice.refusal.unknown_gl_code", "APB-TRY-063", tamper=writes("/invoices/", with_a_known_code)
    ),
    "a refusal is not understood": Wrong(
        "invoice.refusal.unknown_vendor", "APB-TRY-042", {"errors.meanings.unknown_vendor": None}
    ),
    "a field is none of AvidXchange's": Wrong(
        "invoice.upsert", "APB-AX-033", {"resources.invoice.upsert.body.totl": "total"}
    ),
    "results name their record elsewhere": Wrong(
        "invoice.batch", "APB-TRY-066", {"answers.results.external_id": "Name"}, surface="partner"
    ),
    "a call for several carries out one": Wrong(
        "invoice.batch", "APB-TRY-065", tamper=only("/invoices", first_alone), surface="partner"
    ),
}
SMALL = {
    "resources.credit": None,
    "resources.purchase_order": None,
    "resources.vendor.link": None,
}
"""What is left out of a profile so that it is tried the sooner."""


@pytest.mark.parametrize("name", WRITING)
def test_what_is_wrong_in_what_is_written_fails_its_check(
    tries: Try, sandbox: Running, project: Path, name: str
):
    wrong = WRITING[name]
    (project / "wrong.yaml").write_text(changed(wrong.surface, {**SMALL, **wrong.changes}))
    ended = tries(wrong.surface, "wrong.yaml", *writing(wrong.surface), "--json", tamper=wrong.tamper)
    assert ended.code == 1, ended
    told = json.loads(ended.out)
    failed = ended_in(told, "failed")
    assert wrong.code in failed.get(wrong.check, ()), failed
    # Nothing that may be paid is left, or it is named as such.
    assert all(any(name in one for one in told["stays"]) for name in standing(sandbox))


def test_results_in_another_order_are_no_mistake(tries: Try):
    ended = tries("partner", *writing("partner"), "--json", tamper=shuffled)
    assert (ended.code, ended_in(json.loads(ended.out), "failed")) == (0, {})


def test_a_result_that_is_not_told_is_a_mistake(tries: Try, sandbox: Running):
    sandbox.control("/control/switches", {"avidxchange.batch": "drops"})
    try:
        ended = tries("partner", *writing("partner"), "--json")
    finally:
        sandbox.control("/control/switches", {"avidxchange.batch": "each"})
    assert ended_in(json.loads(ended.out), "failed")["invoice.batch"] == {"APB-TRY-064"}
