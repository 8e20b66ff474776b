"""`apbridge vendors` and `apbridge codes`: propose, decide in a CSV, link, undo."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apbridge.http import retry
from apbridge_sandbox.testing import Running, running

Apbridge = Callable[..., Any]
ROOT = Path(__file__).parents[3]
SHEET, PAGE = "vendors-to-link.csv", "vendors-to-link.html"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=6, bills=0) as sandbox:
        yield sandbox


@pytest.fixture
def company(sandbox: Running, project: Path) -> Iterator[Running]:
    """A company with an empty AvidXchange."""
    shutil.copy(ROOT / "meltano.yml", project)
    sandbox.control("/control/seed", {"vendors": 6, "bills": 0})
    os.environ.update(sandbox.credentials)
    yield sandbox
    sandbox.control("/control/switches", method="DELETE")


def enter(company: Running, kind: str = "vendors", **record: object) -> str:
    order = {"records": [{"active": True, **record}]}
    (own,) = company.control(f"/control/avidxchange/enter/{kind}", order)["ids"]
    return str(own)


def vendor(company: Running, place: int = 0) -> dict[str, Any]:
    """Return a vendor of NetSuite that has a tax id."""
    context = company.sandbox
    assert context
    with context.store.connection() as connection:
        rows = connection.execute("SELECT * FROM ns_vendor WHERE taxidnum IS NOT NULL ORDER BY id")
        return dict(rows.fetchall()[place])


def rows(project: Path, sheet: str = SHEET) -> list[dict[str, str]]:
    with (project / sheet).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def decide(project: Path, decision: str, sheet: str = SHEET, place: int = 0) -> None:
    found = rows(project, sheet)
    found[place]["decision"] = decision
    with (project / sheet).open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, found[0].keys())
        written.writeheader()
        written.writerows(found)


def shown(company: Running, kind: str = "vendors") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = company.books()["avidxchange"][kind]
    return found


@pytest.mark.parametrize("can", [True, False])
def test_from_the_proposal_to_the_link_and_back(
    company: Running, project: Path, apbridge: Apbridge, *, can: bool
):
    company.control("/control/switches", {"avidxchange.external_id_of_existing": can})
    ours = vendor(company)
    own = enter(company, name=f"={ours['altname'].upper()}", taxId=ours["taxidnum"])
    proposed = apbridge("vendors", "match")
    assert proposed.code == 0, proposed.err
    assert "1 sure" in proposed.out
    first, *others = rows(project)
    assert (first["decision"], first["grade"], first["avidxchange_id"]) == ("link", "sure", own)
    assert first["avidxchange_name"].startswith("'=")
    assert {one["decision"] for one in others} == {""}
    assert first["tax_id"] == f"…{ours['taxidnum'][-4:]}"
    for text in (proposed.out, (project / SHEET).read_text(), (project / PAGE).read_text()):
        assert ours["taxidnum"] not in text
        assert ours["taxidnum"].replace("-", "") not in text
    assert shown(company)[0]["externalId"] is None

    applied = apbridge("vendors", "apply", SHEET, "--who=Ann", "--json")
    assert applied.code == 0, applied.err
    assert json.loads(applied.out) == {"there": int(can), "here": int(not can), "new": 0, "known": 0}
    assert shown(company)[0]["externalId"] == (first["external_id"] if can else None)
    (link,) = json.loads(apbridge("vendors", "links", "--json").out)
    assert (link["remote_id"], link["decided_by"]) == (own, "Ann")
    assert json.loads(apbridge("vendors", "apply", SHEET, "--json").out)["known"] == 1
    assert json.loads(apbridge("vendors", "match", "--json").out)["linked"] == 1

    undone = apbridge("vendors", "unlink", first["external_id"])
    assert undone.code == 0, undone.err
    assert f"record {own} stays as runs have changed it" in undone.out
    assert f"It was called ={ours['altname'].upper()} then." in undone.out
    assert shown(company)[0]["externalId"] is None
    assert apbridge("vendors", "links").code == 1
    again = apbridge("vendors", "unlink", first["external_id"])
    assert again.code == 2
    assert "APB-VND-022" in again.err
    assert json.loads(apbridge("vendors", "match", "--json").out)["pairs"][0]["grade"] == "sure"
    trail = apbridge("audit", "export").out
    assert ("unlink vendor" in trail) is can
    assert "Ann" in trail


@pytest.mark.usefixtures("company")
def test_nobody_decides_over_a_links_file_that_is_an_earlier_one(project: Path, apbridge: Apbridge):
    """Another machine's has what was decided since: it would be lost."""
    file = project / "links.csv"
    kept = []
    assert apbridge("vendors", "match").code == 0
    for place in range(2):
        decide(project, "new", place=place)
        assert apbridge("vendors", "apply", SHEET).code == 0
        kept.append(file.read_bytes())
    file.write_bytes(kept[0])
    decide(project, "new", place=2)
    ended = apbridge("vendors", "apply", SHEET)
    assert (ended.code, "links.csv is an earlier one" in ended.err) == (2, True)
    assert file.read_bytes() == kept[0]
    assert "APB-VND-026" in apbridge("vendors", "unlink", rows(project)[0]["external_id"]).err
    # What is lost for good is decided anew.
    file.unlink()
    assert apbridge("vendors", "apply", SHEET).code == 0
    assert len(json.loads(apbridge("vendors", "links", "--json").out)) == 3


def test_what_another_program_named_gets_its_name_back(company: Running, project: Path, apbridge: Apbridge):
    company.control("/control/switches", {"avidxchange.external_id_of_existing": True})
    ours = vendor(company)
    enter(company, name=ours["altname"], taxId=ours["taxidnum"], externalId="theirs-1")
    apbridge("vendors", "match")
    assert apbridge("vendors", "apply", SHEET).code == 0
    name = rows(project)[0]["external_id"]
    assert shown(company)[0]["externalId"] == name
    apbridge("vendors", "unlink", name)
    assert shown(company)[0]["externalId"] == "theirs-1"


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("decision", "yes", "decision is yes"),
        ("external_id", "netsuite-1-vendor-1", "no external id of this NetSuite account"),
        ("avidxchange_id", "7", "AvidXchange has no record 7 any more"),
        ("avidxchange_id", "3.00002E+05", "3.00002E+05 any more: a spreadsheet has made a number of it"),
        ("avidxchange_name", "Somebody Else", "the line says Somebody Else"),
        ("avidxchange_id", "", "avidxchange_id is missing"),
        ("stream", "bills", "stream is bills"),
    ],
)
def test_a_row_that_cannot_be_links_nothing(  # noqa: PLR0917
    company: Running, project: Path, apbridge: Apbridge, column: str, value: str, says: str
):
    company.control("/control/switches", {"avidxchange.external_id_of_existing": True})
    for place in (0, 1):
        ours = vendor(company, place)
        enter(company, name=ours["altname"], taxId=ours["taxidnum"])
    apbridge("vendors", "match")
    found = rows(project)
    assert [one["decision"] for one in found[:2]] == ["link", "link"]
    found[1][column] = value
    with (project / SHEET).open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, found[0].keys())
        written.writeheader()
        written.writerows(found)
    ended = apbridge("vendors", "apply", SHEET)
    assert ended.code == 2
    assert "line 3" in ended.err
    assert says in ended.err
    assert {one["externalId"] for one in shown(company)} == {None}


def test_a_sheet_that_lost_its_columns_is_not_taken_for_one_without_decisions(
    company: Running, project: Path, apbridge: Apbridge
):
    assert company
    apbridge("vendors", "match")
    text = (project / SHEET).read_text()
    for changed in (text.replace('"decision"', '"entscheid"'), "decision\tstream\n", ""):
        (project / SHEET).write_text(changed)
        ended = apbridge("vendors", "apply", SHEET)
        assert (ended.code, "line 1: the column decision is missing" in ended.err) == (2, True), ended.err


def test_what_a_spreadsheet_saves_is_read(company: Running, project: Path, apbridge: Apbridge):
    company.control("/control/switches", {"avidxchange.external_id_of_existing": True})
    ours = vendor(company)
    own = enter(company, name=f"={ours['altname']}", taxId=ours["taxidnum"])
    apbridge("vendors", "match")
    found = rows(project)
    with (project / SHEET).open("w", encoding="utf-8-sig", newline="") as file:
        written = csv.writer(file, delimiter=";")
        written.writerow([*found[0], "my notes"])
        written.writerows([*one.values(), "ask Bob; soon"] for one in found)
    applied = apbridge("vendors", "apply", SHEET)
    assert applied.code == 0, applied.err
    (link,) = json.loads(apbridge("vendors", "links", "--json").out)
    assert (link["remote_id"], link["remote_name"]) == (own, f"={ours['altname']}")


def test_a_link_whose_answer_is_lost_keeps_what_the_record_was_called(
    company: Running, project: Path, apbridge: Apbridge, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(retry, "GIVE_UP_AFTER", 0.0)
    company.control("/control/switches", {"avidxchange.external_id_of_existing": True})
    ours = vendor(company)
    enter(company, name=ours["altname"], taxId=ours["taxidnum"], externalId="theirs-1")
    apbridge("vendors", "match")
    name = rows(project)[0]["external_id"]
    company.control(
        "/control/faults", {"match": {"method": "PUT", "path": "external-id"}, "do": {"drop": "after"}}
    )
    assert apbridge("vendors", "apply", SHEET).code != 0
    assert shown(company)[0]["externalId"] == name
    company.control("/control/faults", method="DELETE")
    assert json.loads(apbridge("vendors", "apply", SHEET, "--json").out)["known"] == 1
    apbridge("vendors", "unlink", name)
    assert shown(company)[0]["externalId"] == "theirs-1"


def test_one_record_is_decided_once(company: Running, project: Path, apbridge: Apbridge):
    own = enter(company, name="Nobody's")
    apbridge("vendors", "match")
    found = rows(project)
    for one in found[:2]:
        one.update(decision="link", avidxchange_id=own)
    with (project / SHEET).open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, found[0].keys())
        written.writeheader()
        written.writerows(found)
    assert f"{own} is decided in line 2 already" in apbridge("vendors", "apply", SHEET).err


def test_a_decision_to_create_is_kept(company: Running, project: Path, apbridge: Apbridge):
    assert shown(company) == []
    apbridge("vendors", "match")
    decide(project, "new")
    assert json.loads(apbridge("vendors", "apply", SHEET, "--json").out)["new"] == 1
    (link,) = json.loads(apbridge("vendors", "links", "--json").out)
    assert (link["kept"], link["remote_id"]) == ("new", "")


def test_codes_under_another_name_or_code(company: Running, project: Path, apbridge: Apbridge):
    company.control("/control/switches", {"avidxchange.external_id_of_existing": True})
    account = next(one for one in company.books()["netsuite"]["accounts"] if one["acctnumber"] == "6310")
    own = enter(
        company,
        "gl-accounts",
        code="6310-00",
        name=account["accountsearchdisplayname"].upper(),
        postable=True,
    )
    proposed = apbridge("codes", "match")
    assert proposed.code == 0, proposed.err
    sheet = "codes-to-link.csv"
    first = rows(project, sheet)[0]
    assert (first["grade"], first["code"], first["avidxchange_code"]) == ("likely", "6310", "6310-00")
    decide(project, "link", sheet)
    assert apbridge("codes", "apply", sheet).code == 0
    (linked,) = shown(company, "gl_accounts")
    assert (linked["id"], linked["externalId"]) == (own, first["external_id"])


def test_what_cannot_be_written_or_read_is_said(company: Running, apbridge: Apbridge):
    assert company
    assert "APB-VND-024" in apbridge("vendors", "match", "--output=nowhere/it.csv").err
    assert "APB-VND-020" in apbridge("vendors", "apply", "nowhere.csv").err
