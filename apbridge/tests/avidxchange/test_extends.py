"""A profile that extends another: what is its own, what stays the other's, and where a mistake stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import Profile
from apbridge.avidxchange.checking import checked
from apbridge.avidxchange.profile_files import ProfileProblem, files_of, shipped, source
from apbridge.errors import SettingError


def written(folder: Path, *lines: str, name: str = "ours.yaml") -> str:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def declared(name: str) -> Any:  # noqa: ANN401
    value, problems = checked(files_of(name))
    assert problems == []
    return value


def problems(name: str) -> list[ProfileProblem]:
    return checked(files_of(name))[1]


@pytest.mark.parametrize("base", shipped())
def test_one_that_says_nothing_of_its_own_is_the_one_it_extends(tmp_path: Path, base: str):
    assert declared(written(tmp_path, f"extends: {base}")) == declared(base)
    assert Profile.load(written(tmp_path, f"extends: {base}", "name: ours")).name == "ours"


def test_one_more_field_is_one_more_line_and_the_others_stay(tmp_path: Path):
    ours = written(
        tmp_path,
        "extends: avidconnect",
        "resources: {invoice: {upsert: {body: {contract: custom_fields.custbody_contract_number}}}}",
    )
    theirs = declared("avidconnect")["resources"]["invoice"]["upsert"]["body"]
    body = declared(ours)["resources"]["invoice"]["upsert"]["body"]
    assert body == {**theirs, "contract": "custom_fields.custbody_contract_number"}
    assert "contract" not in theirs
    upsert = Profile.load(ours).resources["invoice"].upsert
    assert upsert
    assert upsert.body
    assert (
        upsert.body({"custom_fields": {"custbody_contract_number": "CT-1"}, "lines": []})["contract"]
        == "CT-1"
    )


def test_lists_and_values_replace_and_null_removes(tmp_path: Path):
    ours = declared(
        written(
            tmp_path,
            "extends: avidconnect",
            "errors: {meanings: {locked: {codes: [frozen], statuses: null}, not_found: null}}",
            "resources: {invoice: {image: {most: 3}, list: {next: {cursor: null, parameter: p, page: 1}}}}",
        )
    )
    assert ours["errors"]["meanings"]["locked"] == {"codes": ["frozen"]}
    assert "not_found" not in ours["errors"]["meanings"]
    assert ours["errors"]["meanings"]["image_refused"] == {"statuses": [413, 415]}
    assert ours["resources"]["invoice"]["image"]["most"] == 3
    assert ours["resources"]["invoice"]["list"]["next"] == {"parameter": "p", "page": 1}


def test_null_removes_what_a_file_between_has_laid_over_the_lowest(tmp_path: Path):
    image = "resources: {invoice: {image: {most: 3}}}"
    written(tmp_path, "extends: avidconnect", image, "name: middle", name="middle.yaml")
    ours = written(tmp_path, "extends: middle.yaml", "resources: {invoice: {image: null}}")
    without = declared(written(tmp_path, "extends: middle.yaml", name="plain.yaml"))
    assert without["resources"]["invoice"].pop("image")["most"] == 3
    assert declared(ours) == without


def test_what_is_removed_between_is_laid_anew(tmp_path: Path):
    removed = "errors: {meanings: {locked: null}}"
    written(tmp_path, "extends: avidconnect", removed, name="middle.yaml")
    ours = written(tmp_path, "extends: middle.yaml", "errors: {meanings: {locked: {codes: [frozen]}}}")
    assert declared(ours)["errors"]["meanings"]["locked"] == {"codes": ["frozen"]}


def test_a_path_is_meant_from_the_file_that_names_it(tmp_path: Path):
    written(tmp_path, "extends: base/low.yaml", "name: middle", name="middle.yaml")
    (tmp_path / "base").mkdir()
    (tmp_path / "base/low.yaml").write_text("extends: ../lowest.yaml\ncheck: {path: /low}\n")
    written(tmp_path, source("partner"), name="lowest.yaml")
    (tmp_path / "mine").mkdir()
    ours = written(tmp_path, "extends: ../middle.yaml", "check: {company: Id}", name="mine/ours.yaml")
    value = declared(ours)
    assert (value["name"], value["check"]) == ("middle", {"path": "/low", "company": "Id"})
    assert value["resources"] == declared("partner")["resources"]


def test_a_change_of_what_is_extended_is_seen(tmp_path: Path):
    base = written(tmp_path, source("partner"), name="base.yaml")
    ours = written(tmp_path, "extends: base.yaml", "check: {company: Id}")
    assert Profile.load(ours).name == "partner"
    Path(base).write_text(source("partner").replace("name: partner", "name: theirs"))
    assert Profile.load(ours).name == "theirs"


def test_a_mistake_is_told_with_the_file_and_the_line_where_it_stands(tmp_path: Path):
    theirs = source("avidconnect").replace("method: PUT", "method: FETCH", 1)
    base = written(tmp_path, theirs, name="base.yaml")
    ours = written(
        tmp_path,
        "extends: base.yaml",
        "resources:",
        "  vendor:",
        "    list:",
        "      itens: x",
        "      items: null",
    )
    line = theirs[: theirs.index("method: FETCH")].count("\n") + 1
    assert {(one.file, one.line, one.key, one.says.partition(";")[0]) for one in problems(ours)} == {
        (base, line, "resources.vendor.upsert.method", "'FETCH' is none of POST, PUT, PATCH, DELETE"),
        (ours, 5, "resources.vendor.list.itens", "it is not a key here"),
        (ours, 4, "resources.vendor.list", "'items' is a required property"),
    }
    with pytest.raises(SettingError, match=rf"Profile {base}, line {line}, is not valid: .* \(and 2 more\)"):
        Profile.load(ours)


def test_what_is_there_twice_is_told_of_the_file_that_has_it_twice(tmp_path: Path):
    base = written(tmp_path, source("partner"), "name: again", name="base.yaml")
    ours = written(tmp_path, "extends: base.yaml", "name: ours")
    (found,) = problems(ours)
    assert (found.file, found.key, found.says) == (base, "name", "it is there twice")
    assert found.line == source("partner").count("\n") + 2


def test_null_removes_nothing_that_is_not_there(tmp_path: Path):
    ours = written(tmp_path, "extends: partner", "resources: {vendor: {upsert: {body: {Fax: null}}}}")
    (found,) = problems(ours)
    assert (found.file, found.line, found.key) == (ours, 2, "resources.vendor.upsert.body.Fax")
    assert "there is none here" in found.says


def test_a_value_that_replaces_another_kind_of_value_takes_its_place_too(tmp_path: Path):
    ours = written(
        tmp_path,
        "extends: avidconnect",
        "resources:",
        "  payment:",
        "    list:",
        "      read:",
        "        status: ((",
    )
    (found,) = problems(ours)
    assert (found.file, found.line, found.key) == (ours, 6, "resources.payment.list.read.status")


@pytest.mark.parametrize("others", [[], ["b.yaml"], ["b.yaml", "c.yaml"]])
def test_a_circle_is_one_sentence(tmp_path: Path, others: list[str]):
    names = ["a.yaml", *others]
    for name, extended in zip(names, [*others, "./a.yaml"], strict=True):
        written(tmp_path, "# comment", f"extends: {extended}", name=name)
    last = names[-1]
    with pytest.raises(
        SettingError,
        match=rf"Profile \S*{last}, line 2, is not valid: extends: it leads in a circle, back to \S*a.yaml\.",
    ):
        Profile.load(str(tmp_path / "a.yaml"))


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path):
    ours = written(tmp_path, "name: ours", "extends: nowhere.yaml")
    with pytest.raises(
        SettingError, match=r"line 2, .*'nowhere.yaml' is neither one that ships \(avidconnect"
    ):
        Profile.load(ours)
    written(tmp_path, "check: [", name="nowhere.yaml")
    with pytest.raises(SettingError, match=r"Profile \S*nowhere.yaml, line 2, is not valid: it is not YAML"):
        Profile.load(ours)


@pytest.mark.parametrize("value", ["5", "[avidconnect]", "''"])
def test_what_is_no_name_is_a_mistake(tmp_path: Path, value: str):
    ours = written(tmp_path, f"extends: {value}", source("avidconnect"))
    (found,) = problems(ours)
    assert (found.file, found.line, found.key) == (ours, 1, "extends")
