"""How sure a profile is: what a file says of its own, and of what it extends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apbridge.avidxchange.checking import checked, evidence
from apbridge.avidxchange.evidence import Sureness
from apbridge.avidxchange.profile_files import files_of, shipped, source

DOCUMENT = Path(__file__).parents[3] / "docs" / "writing-a-profile.md"


def sure(folder: Path, *lines: str, name: str = "ours.yaml") -> Sureness:
    return evidence(files_of(written(folder, *lines, name=name)))


def written(folder: Path, *lines: str, name: str = "ours.yaml") -> str:
    (folder / name).write_text("\n".join(lines) + "\n")
    found = files_of(str(folder / name))
    assert checked(found)[1] == []
    return str(folder / name)


@pytest.mark.parametrize("name", shipped())
def test_every_profile_that_ships_says_how_sure_it_is(name: str):
    found = evidence(files_of(name))
    assert "yours" not in {*found.operations.values(), *found.fields.values()}
    assert {"sign_in", "check", "errors", "invoice.upsert", "payment.list"} <= set(found.operations)
    assert "payment.list.read.amount" in found.fields


@pytest.mark.parametrize("name", ["avidconnect", "partner"])
def test_both_forms_of_the_contract_are_assumed_all_through(name: str):
    found = evidence(files_of(name))
    assert {*found.operations.values(), *found.fields.values()} == {"assumed"}


def test_what_a_file_says_itself_is_yours_and_what_it_extends_stays_as_sure_as_it_was(tmp_path: Path):
    found = sure(
        tmp_path,
        "extends: avidconnect",
        "check: {path: /me}",
        "resources: {payment: {list: {read: {amount: total}}}}",
    )
    assert found.fields["payment.list.read.amount"] == "yours"
    assert [word for word in found.fields.values() if word != "assumed"] == ["yours"]
    # Its path is ours, where it names the company is not.
    assert found.operations["check"] == "assumed"


def test_a_field_is_as_sure_as_the_least_sure_value_of_it(tmp_path: Path):
    found = sure(
        tmp_path,
        "extends: avidconnect",
        "resources: {payment: {list: {read: {status: {values: {Cleared: settled}}}}}}",
    )
    assert found.fields["payment.list.read.status"] == "assumed"


def test_the_nearest_word_counts(tmp_path: Path):
    found = sure(
        tmp_path,
        "evidence: {otherwise: seen, sign_in: documented}",
        "extends: partner",
        "sign_in: {headers: {X-Company: company_id}}",
        "check: {path: /me}",
        "resources:",
        "  payment:",
        "    evidence: {list.read.amount: assumed, otherwise: documented}",
        "    list: {path: /paid, read: {amount: Total}}",
        "  vendor:",
        "    list: {evidence: {read: seen}, read: {remit_to: {fields: {city: Town}}}}",
    )
    assert found.operations["sign_in"] == "documented"
    assert found.operations["check"] == "seen"
    assert found.operations["payment.list"] == found.operations["payment.stop"] == "documented"
    assert found.fields["payment.list.read.amount"] == "assumed"
    assert found.fields["payment.list.read.status"] == "documented"
    assert found.fields["vendor.list.read.remit_to.city"] == found.fields["vendor.list.read.name"] == "seen"
    assert found.operations["vendor.list"] == "assumed"


def test_of_all_a_file_says_itself_only_what_it_says_itself(tmp_path: Path):
    found = sure(tmp_path, "evidence: documented", "extends: partner", "check: {path: /me}")
    assert found.operations["check"] == "documented"
    assert found.operations["payment.list"] == "assumed"


def test_a_file_between_is_asked_before_the_lowest(tmp_path: Path):
    written(tmp_path, "extends: partner", "evidence: {resources.payment: seen}", name="middle.yaml")
    found = sure(tmp_path, "extends: middle.yaml", "evidence: {resources.payment.list: documented}")
    assert found.operations["payment.list"] == "documented"
    assert found.operations["payment.stop"] == "seen"
    assert found.operations["invoice.list"] == "assumed"


def test_a_copy_is_yours_once_it_says_so(tmp_path: Path):
    copy = source("partner").replace("evidence: assumed\n", "")
    found = sure(tmp_path, copy)
    assert {*found.operations.values(), *found.fields.values()} == {"yours"}


@pytest.mark.parametrize(
    ("said", "line", "key", "says"),
    [
        ("evidence: sure", 2, "evidence", "'sure' is none of documented, seen, assumed, yours"),
        ("evidence: {check: guessed}", 2, "evidence.check", "'guessed' is none of documented"),
        ("evidence: {chek: seen}", 2, "evidence.chek", "there is nothing here of that name"),
        (
            "resources: {payment: {list: {evidence: {read.amont: seen}}}}",
            2,
            "resources.payment.list.evidence.read.amont",
            "there is nothing here of that name",
        ),
    ],
)
def test_what_is_no_word_or_names_nothing_is_a_mistake(
    tmp_path: Path, said: str, line: int, key: str, says: str
):
    (tmp_path / "ours.yaml").write_text(f"extends: partner\n{said}\n")
    (found,) = checked(files_of(str(tmp_path / "ours.yaml")))[1]
    assert (found.line, found.key) == (line, key)
    assert found.says.startswith(says)


def test_a_field_of_that_name_is_a_field(tmp_path: Path):
    found = sure(tmp_path, "extends: partner", "resources: {vendor: {upsert: {body: {evidence: memo}}}}")
    assert found.fields["vendor.upsert.body.evidence"] == "yours"


def test_the_example_of_the_document_does_what_is_said_of_it(tmp_path: Path):
    (example,) = re.findall(r"```yaml\n# documented\.yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    found = sure(tmp_path, example)
    assert found.operations["sign_in"] == found.operations["payment.stop"] == "documented"
    assert found.fields["payment.list.read.amount"] == "documented"
    assert found.fields["payment.list.read.card_reference"] == "seen"
    assert found.operations["vendor.list"] == "assumed"
