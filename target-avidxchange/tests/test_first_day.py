"""Vendors that AvidXchange had before us: linked, held, or made, and none of them twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apbridge import json
from apbridge.errors import APBridgeError, SettingError
from apbridge.ledger import Ledger, Row
from apbridge.links import LinkKind, Links, RecordLink
from tests.canonical import NS, Message, account, bill, dimension, line, vendor

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

ACME: dict[str, Any] = {"name": "Acme Plumbing, Inc.", "tax_id": "91-2837465"}
CREATED = {"vendors": {"delivered": 1}}
WAITS = {"vendors": {"waiting": 1}}


def enter(company: ReceivingCompany, kind: str = "vendors", **record: object) -> str:
    records = [{"name": "ACME PLUMBING", "active": True, **record}]
    dimension = "department" if kind == "dimension-values" else None
    order = {"records": records, "dimension": dimension}
    (own,) = company.sandbox.control(f"/control/avidxchange/enter/{kind}", order)["ids"]
    return str(own)


def links(company: ReceivingCompany) -> Links:
    return Links.load(str(company.folder / "links.csv"))


def decide(
    company: ReceivingCompany, kept: LinkKind, own: str = "", stream: str = "vendors", **more: str
) -> None:
    name = f"{NS}-{more.pop('kind', 'vendor')}-1"
    links(company).put(RecordLink(stream, name, kept, own, **more))


def send(company: ReceivingCompany, *messages: Message, **config: str | bool) -> dict[str, dict[str, int]]:
    settings: dict[str, Any] = {"links": str(company.folder / "links.csv"), **config}
    found = company.send(*messages, **settings)
    return {stream: counts for stream, counts in found.counts.items() if stream in {"vendors", "bills"}}


def row(company: ReceivingCompany, stream: str = "vendors", kind: str = "vendor") -> Row:
    with Ledger(company.config["ledger_url"]) as ledger:
        return ledger.rows("avidxchange", stream, [f"{NS}-{kind}-1"])[f"{NS}-{kind}-1"]


def there(company: ReceivingCompany, table: str = "ax_vendor") -> list[Any]:
    return company.rows(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608


@pytest.mark.parametrize(
    "entered",
    [
        {},
        {"name": "The Plumbing Acme LLC", "taxId": None},
        {"name": "Something else", "taxId": "912837465"},
        {"externalId": "of-another-program"},
    ],
)
def test_one_that_looks_like_another_there_is_not_made_by_the_first_run_nor_the_next(
    company: ReceivingCompany, entered: dict[str, Any]
):
    own = enter(company, **entered)
    messages = (vendor(1, **ACME), vendor(2, name="Another"), account(1), account(2), bill(1))
    for told in ({"delivered": 1, "waiting": 1}, {"unchanged": 1, "waiting": 1}):
        assert send(company, *messages) == {"vendors": told, "bills": {"waiting": 1}}
        assert row(company).code == "APB-VND-002"
        assert own in (row(company).says or "")
        assert "91-2837465" not in f"{row(company).reason}"
    assert len(there(company)) == 2
    decide(company, LinkKind.NEW)
    expected = {"vendors": {"delivered": 1, "unchanged": 1}, "bills": {"delivered": 1}}
    assert send(company, *messages) == expected
    assert len(there(company)) == 3


@pytest.mark.parametrize(
    "entered",
    [{"name": "Acme Plumbers"}, {"taxId": "98-1726354"}, {"name": "Acme Plumbing #2", "active": False}],
)
def test_one_that_is_another_firm_is_made(company: ReceivingCompany, entered: dict[str, Any]):
    enter(company, **entered)
    name = "Acme Plumbing #3" if "#" in entered.get("name", "") else ACME["name"]
    assert send(company, vendor(1, **{**ACME, "name": name})) == CREATED


def test_with_hold_nothing_is_made_before_somebody_decides(company: ReceivingCompany):
    messages = (vendor(1), account(1), account(2), bill(1))
    assert send(company, *messages, vendors="hold") == {**WAITS, "bills": {"waiting": 1}}
    assert row(company).code == "APB-VND-001"
    assert there(company) == []
    decide(company, LinkKind.NEW)
    assert send(company, *messages, vendors="hold") == {**CREATED, "bills": {"delivered": 1}}
    assert send(company, *messages[1:], vendor(1, name="Another"), vendors="hold")["vendors"] == {
        "delivered": 1
    }


def test_one_that_is_linked_by_its_own_id_is_changed_and_its_bills_name_it_so(company: ReceivingCompany):
    own = enter(company)
    decide(company, LinkKind.HERE, own)
    messages = (vendor(1, **ACME), account(1), account(2), bill(1))
    delivered = {**CREATED, "bills": {"delivered": 1}}
    assert send(company, *messages, vendors="hold") == delivered
    (shown,) = there(company)
    assert (str(shown["id"]), json.loads(shown["content"])["name"]) == (own, ACME["name"])
    sent = json.loads(company.invoice(1)["content"])
    assert (sent["vendorId"], sent["vendorExternalId"]) == (own, None)
    company.calls()
    assert send(company, *messages) == {"vendors": {"unchanged": 1}, "bills": {"unchanged": 1}}
    assert company.calls()["written"] <= 1  # the partner signs in by a POST
    company.lose_ledger()
    company.calls()
    assert send(company, *messages) == {"vendors": {"unchanged": 1}, "bills": {"unchanged": 1}}
    assert company.calls()["written"] <= 1  # the partner signs in by a POST
    assert len(there(company)) == 1
    assert len(there(company, "ax_invoice")) == 1
    _, gone = vendor(1, is_active=False, is_deleted=True)
    assert send(company, ("vendors", gone), messages[-1])["vendors"] == {"delivered": 1}
    assert there(company)[0]["active"] == 0


def test_one_that_is_linked_there_goes_under_its_external_id_once_the_list_shows_it(
    company: ReceivingCompany,
):
    own = enter(company)
    decide(company, LinkKind.THERE, own)
    assert send(company, vendor(1, **ACME)) == WAITS
    assert row(company).code == "APB-VND-003"
    company.run(f"UPDATE ax_vendor SET external_id = '{NS}-vendor-1'")  # noqa: S608
    assert send(company, vendor(1, **ACME)) == CREATED
    assert row(company).remote_id == own
    assert len(there(company)) == 1


def test_a_links_file_that_is_lost_makes_no_second_vendor(company: ReceivingCompany):
    decide(company, LinkKind.HERE, enter(company))
    assert send(company, vendor(1, **ACME)) == CREATED
    (link,) = links(company)
    (company.folder / "links.csv").unlink()
    with pytest.raises(SettingError, match="not there, or says nothing, and this ledger has known a newer"):
        send(company, vendor(1, **ACME, phone="1"))
    links(company).put(link._replace(external_id=f"{NS}-vendor-2"))
    assert send(company, vendor(1, **ACME, phone="1")) == WAITS
    assert row(company).code == "APB-VND-005"
    (company.folder / "links.csv").unlink()
    company.lose_ledger()
    assert send(company, vendor(1, **ACME)) == WAITS
    assert len(there(company)) == 1


@pytest.mark.parametrize(
    ("stream", "kind", "entered", "message", "table"),
    [
        (
            "gl_accounts",
            "gl-accounts",
            {"code": "6001", "postable": True},
            account(1),
            "ax_gl_account",
        ),
        (
            "departments",
            "dimension-values",
            {"code": "1"},
            dimension("departments", "department", 1),
            "ax_dimension_value",
        ),
    ],
)
def test_a_code_that_is_linked_by_its_own_id_is_changed(  # noqa: PLR0917
    company: ReceivingCompany, stream: str, kind: str, entered: dict[str, Any], message: Message, table: str
):
    own, name = enter(company, kind, **entered), message[1]["external_id"].split("-")[-2]
    assert company.send(message).counts[stream] == {"rejected": 1}
    assert row(company, stream, name).code == "APB-VND-006"
    decide(company, LinkKind.HERE, own, stream, kind=name)
    assert company.send(message, links=str(company.folder / "links.csv")).counts[stream] == {"delivered": 1}
    (shown,) = there(company, table)
    assert (str(shown["id"]), shown["code"]) == (own, {"gl_accounts": "6001"}.get(stream, "1"))
    company.lose_ledger()
    assert company.send(message, links=str(company.folder / "links.csv")).counts[stream] == {"unchanged": 1}


@pytest.mark.parametrize("decision", [LinkKind.NEW, LinkKind.HERE])
@pytest.mark.parametrize(
    ("stream", "kind", "entered", "name", "table"),
    [
        ("gl_accounts", "gl-accounts", {"code": "X-77", "postable": True}, "account", "ax_gl_account"),
        ("departments", "dimension-values", {"code": "OPS"}, "department", "ax_dimension_value"),
    ],
)
def test_a_code_whose_link_is_undone_waits_with_its_bills_until_somebody_decides(  # noqa: PLR0917
    company: ReceivingCompany,
    stream: str,
    kind: str,
    entered: dict[str, Any],
    name: str,
    table: str,
    decision: LinkKind,
):
    own = enter(company, kind, **entered)
    decide(company, LinkKind.HERE, own, stream, kind=name)
    coding = (account(1), dimension("departments", "department", 1))
    assert send(company, vendor(1), *coding) == CREATED
    (shown,) = there(company, table)
    changed = shown["code"]
    assert (str(shown["id"]), changed) == (own, {"gl_accounts": "6001"}.get(stream, "1"))

    with Ledger(company.config["ledger_url"]) as ledger:
        told = {"external_id": f"{NS}-{name}-1", "remote_id": own, "by": "Ann", "command": "codes"}
        ledger.forget("avidxchange", stream, f"{NS}-{name}-1", APBridgeError("APB-VND-004", **told))
    (link,) = links(company)
    links(company).remove(link)
    with Ledger(company.config["ledger_url"]) as ledger:
        ledger.identity.take_links(links(company).mark)
    for _ in range(2):
        messages = (*coding, bill(1, line(1, "7.00", department_id="1")))
        assert send(company, *messages)["bills"] == {"waiting": 1}
        assert row(company, stream, name).code == "APB-VND-009"
    assert [one["code"] for one in there(company, table)] == [changed]

    # That record is another one: somebody gives it its own code back, and decides that there is none.
    if decision is LinkKind.NEW:
        company.run(f"UPDATE {table} SET code = '{entered['code']}' WHERE id = {own}")  # noqa: S608
    own = "" if decision is LinkKind.NEW else own
    decide(company, decision, own, stream, kind=name, decided_at="2026-11-03T08:00:00Z")
    assert send(company)["bills"] == {"delivered": 1}
    after = [entered["code"], changed] if decision is LinkKind.NEW else [changed]
    assert [one["code"] for one in there(company, table)] == after
    assert company.invoice(1) is not None


def test_a_machine_with_an_older_links_file_sends_nothing(company: ReceivingCompany):
    """What the newer one links, and no run has brought so far, would be created once more."""
    own = enter(company)
    decide(company, LinkKind.NEW, kind="other")
    older = (company.folder / "links.csv").read_bytes()
    assert send(company, vendor(2)) == CREATED
    decide(company, LinkKind.HERE, own)
    newer = (company.folder / "links.csv").read_bytes()
    assert send(company, vendor(3)) == CREATED
    (company.folder / "links.csv").write_bytes(older)
    with pytest.raises(SettingError, match=r"links\.csv is an earlier one"):
        send(company, vendor(1, **ACME))
    (company.folder / "links.csv").write_bytes(newer)
    assert send(company, vendor(1, **ACME)) == CREATED
    assert len(there(company)) == 3


def test_a_dry_run_keeps_no_mark_of_its_links_file(company: ReceivingCompany):
    decide(company, LinkKind.NEW)
    send(company, vendor(1), dry_run=True, dry_run_report=str(company.folder / "report.json"))
    (company.folder / "links.csv").unlink()
    assert send(company, vendor(1)) == CREATED


def test_a_links_file_that_is_wrong_ends_the_run(company: ReceivingCompany):
    (company.folder / "links.csv").write_text("stream,external_id,kept\nvendors,x,perhaps\n")
    with pytest.raises(SettingError, match="line 2: kept is perhaps"):
        send(company, vendor(1))
    assert there(company) == []
