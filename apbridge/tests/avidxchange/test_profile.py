from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings, Profile
from apbridge.avidxchange.checking import checked
from apbridge.avidxchange.expressions import compiled, instant, utc_text
from apbridge.avidxchange.profile_files import ProfileFile, ProfileFiles, files_of, shipped
from apbridge.avidxchange.settings import CREDENTIALS
from apbridge.errors import SettingError
from apbridge.settings import DEFAULT_PROFILE

SHIPPED = (resources.files("apbridge.avidxchange") / "profiles" / "avidconnect.yaml").read_text()


def written(folder: Path, old: str, new: str) -> str:
    assert old in SHIPPED
    file = folder / "ours.yaml"
    file.write_text(SHIPPED.replace(old, new, 1))
    return str(file)


def unwritten(text: str) -> ProfileFiles:
    return ProfileFiles((ProfileFile("ours.yaml", text),))


def line_of(text: str) -> int:
    return SHIPPED[: SHIPPED.index(text)].count("\n") + 1


SUITE = {"user_name": "u", "password": "p", "gateway_key": "k", "base_url": "http://127.0.0.1:1"}


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_is_valid(name: str):
    _, problems = checked(files_of(name))
    assert problems == []
    assert Profile.load(name).name == name


def test_a_profile_may_lie_anywhere(tmp_path: Path):
    assert Profile.load(written(tmp_path, "name: avidconnect", "name: ours")).name == "ours"


def test_an_unknown_profile_is_one_sentence_that_names_those_that_ship():
    with pytest.raises(SettingError, match=r"'nowhere\.yaml' is neither one that ships \(avidconnect"):
        Profile.load("nowhere.yaml")


def test_a_profile_that_is_no_text_says_so(tmp_path: Path):
    file = tmp_path / "ours.yaml"
    file.write_bytes(b"name: ours\ncheck: \xff\n")
    with pytest.raises(SettingError, match="a file that can be read: it is not UTF-8 text, see line 2"):
        Profile.load(str(file))


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        ("wrap: null", "without wrap nothing says what several records are sent in"),
        ("parameters: {of: external_id}", "a call for several records has no parameters out of one"),
        ("path: '/v1/vendors/{external_id}'", "a call for several records cannot name one in its path"),
    ],
)
def test_a_call_for_several_records_names_none_of_them(tmp_path: Path, mistake: str, says: str):
    file = tmp_path / "ours.yaml"
    file.write_text(f"extends: partner\nname: ours\nresources:\n  vendor:\n    upsert:\n      {mistake}\n")
    with pytest.raises(SettingError, match=says):
        Profile.load(str(file))


def test_a_call_for_several_records_says_what_became_of_each(tmp_path: Path):
    file = tmp_path / "ours.yaml"
    file.write_text("extends: partner\nname: ours\nanswers: {results: null}\n")
    with pytest.raises(SettingError, match=r"without answers\.results nothing says what became of each"):
        Profile.load(str(file))


MISTAKES = [
    ("granularity: second", "granularity: fortnight", "'fortnight' is none of second, day"),
    ("granularity: second", "granularity: day, zone: Europe/Nowhere", "there is no such time zone"),
    ("method: PUT", "method: FETCH", "'FETCH' is none of POST"),
    ("printOnCheckAs: shorten(print_on_check_as", "printOnCheckAs: shorten((print", "is not JMESPath"),
    (
        "is_person: isPerson || `false`",
        "is_person: isPerson || `flase`",
        "is not JMESPath .deprecated string",
    ),
    ("path: /v1/vendors/{external_id}", "path: /v1/vendors/{id}", "does not match"),
    (
        "      items: items\n",
        "      itens: items\n",
        "itens: it is not a key here; there are evidence, method, path",
    ),
    ("X-User-Token: user_token", "X-User-Token: number", "'number' is none of company_token, user_token"),
    (
        "next: {cursor: nextCursor, parameter: cursor}",
        "next: {cursor: nextCursor, parameter: cursor, link: x}",
        r"it takes cursor\+parameter or page\+parameter or link",
    ),
    ("      most: 1\n", "      most: one\n", "'one' is not of type 'integer'"),
    ("        number: shorten(number, `100`)\n", "        number: [number]\n", "is not of type 'object'"),
    ("check:\n", "check: [\n", "it is not YAML"),
]


@pytest.mark.parametrize(("old", "new", "problem"), MISTAKES)
def test_a_mistake_is_shown_by_its_file_its_line_and_its_key(
    tmp_path: Path, old: str, new: str, problem: str
):
    with pytest.raises(SettingError, match=problem) as caught:
        Profile.load(written(tmp_path, old, new))
    assert "ours.yaml" in str(caught.value)
    key = new.strip().partition(":")[0]
    # Broken YAML is found where it stops to make sense.
    assert caught.value.facts["line"] - line_of(old) in ({0} if "YAML" not in problem else {1, 2, 3})
    assert "YAML" in problem or re.search(rf"\b{key}\b|\bzone\b", caught.value.facts["problem"])


def test_every_mistake_is_found_at_once_and_what_is_there_twice_too():
    text = SHIPPED.replace("      items: items\n", "      itens: items\n", 1)
    text = text.replace("  path: /v1/company\n", "  path: /v1/company\n  path: /v1/other\n")
    text = text.replace("X-User-Token: user_token", "X-User-Token: nothing")
    _, problems = checked(unwritten(text))
    found = {(problem.line, problem.key, problem.says.partition(";")[0]) for problem in problems}
    lines = text.splitlines()

    def at(what: str) -> int:
        return next(number for number, line in enumerate(lines, 1) if what in line)

    assert found == {
        (at("path: /v1/other"), "check.path", "it is there twice"),
        (
            at("X-User-Token: nothing"),
            "sign_in.headers.X-User-Token",
            f"'nothing' is none of {', '.join(CREDENTIALS)}",
        ),
        (at("      itens: items"), "resources.vendor.list.itens", "it is not a key here"),
        (
            at("    list:"),
            "resources.vendor.list",
            "'items' is a required property",
        ),
    }


@pytest.mark.parametrize("key", ["1", "~", "true", "2.5"])
def test_a_key_that_is_no_text_is_a_mistake_like_any_other(key: str):
    _, problems = checked(unwritten(SHIPPED.replace("next: {cursor:", f"next: {{{key}:")))
    assert any("it takes" in problem.says for problem in problems)


def test_no_code_knows_which_contract_is_in_use():
    """Profiles are data: nothing but the default setting names one."""
    root = Path(__file__).parents[3]
    packages = (
        "apbridge/apbridge",
        "tap-avidxchange/tap_avidxchange",
        "target-avidxchange/target_avidxchange",
    )
    named = {
        (file.relative_to(root).as_posix(), name)
        for package in packages
        for file in (root / package).rglob("*.py")
        for name in shipped()
        if re.search(rf"[\"'/]{name}\b", file.read_text(encoding="utf-8"))
    }
    assert named == {("apbridge/apbridge/settings.py", DEFAULT_PROFILE)}


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("much too long", 8, "much to…"),
        ("ends in space here", 9, "ends in…"),
        ("ab👨‍👩‍👧cd", 5, "ab…"),
        ("e\u0301e\u0301e\u0301", 4, "e\u0301…"),
        ("🇩🇪🇫🇷", 3, "🇩🇪…"),
    ],
)
def test_texts_are_shortened_visibly_and_never_inside_a_character(text: str, limit: int, expected: str):
    shortened = compiled(f"shorten(@, `{limit}`)")(text)
    assert shortened == expected
    assert len(shortened) <= limit


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-07-01 09:30:00", "2026-07-01T13:30:00"),
        ("2026-12-01T09:30:00", "2026-12-01T14:30:00"),
        ("2026-12-01T09:30:00Z", "2026-12-01T09:30:00"),
        ("2026-12-01T09:30:00+02:00", "2026-12-01T07:30:00"),
        ("2026-11-01 01:30:00", "2026-11-01T06:30:00"),  # twice that night: the second
    ],
)
def test_a_time_without_a_zone_is_of_the_one_that_the_setting_names(said: str, expected: str):
    for name, field in (("avidsuite", "LastChangedDate"), ("partner", "LastModified")):
        read = Profile.load(name, ZoneInfo("America/New_York")).resources["vendor"].listing.read
        assert read.fields["modified_at"]({field: said}) == f"{expected}.000000Z"
    plain = Profile.load("avidsuite").resources["vendor"].listing.read.fields["modified_at"]
    assert plain({"LastChangedDate": "2026-07-01 09:30:00"}) == "2026-07-01T09:30:00.000000Z"


def test_groups_are_named_in_one_place(tmp_path: Path):
    ours = tmp_path / "ours.yaml"
    ours.write_text("extends: avidsuite\nname: ours\ngroups: {gl_account: Accounts, location: Buildings}\n")
    with AvidXchange(AvidXchangeSettings.from_config({**SUITE, "profile": str(ours)})) as client:
        account = {"external_id": "a", "code": "6010", "name": "n", "is_active": True, "is_postable": True}
        assert client.upsertion("gl_account", account).body["GroupName"] == "Accounts"
        value = {
            "external_id": "b",
            "dimension": "location",
            "code": "11",
            "full_name": "n",
            "is_active": True,
        }
        assert client.upsertion("dimension_value", value).body["GroupName"] == "Buildings"
        fund = client.upsertion("dimension_value", {**value, "dimension": "cseg_fund"})
        assert fund.body["GroupName"] == "cseg_fund"
        coded = {
            "gl_code": "6010",
            "codes": {"location": "11", "class": None},
            "segments": {"cseg_fund": "F1"},
        }
        body = client.upsertion("invoice", {"external_id": "c", "lines": [coded]}).body
    (line,) = body["Distributions"]
    told = [
        (one["EnterpriseCodeGroups"][0]["CodeGroupName"], one["EnterpriseCodeValue"])
        for one in line["EnterpriseCodes"]
    ]
    assert told == [("Accounts", "6010"), ("Buildings", "11"), ("cseg_fund", "F1")]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-11-02T16:00:00Z", "2026-11-02T16:00:00.000000Z"),
        ("2026-11-02T16:00:00.5Z", "2026-11-02T16:00:00.500000Z"),
        ("2026-11-02T16:00:00.1234567+01:00", "2026-11-02T15:00:00.123456Z"),
        ("2026-11-02", "2026-11-02T00:00:00.000000Z"),
    ],
)
def test_instants_become_utc_of_one_width_so_that_they_sort_as_texts(said: str, expected: str):
    assert utc_text(instant(said)) == expected
