from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from apbridge.avidxchange import Profile
from apbridge.avidxchange.expressions import compiled, instant, utc_text
from apbridge.avidxchange.profile import shipped
from apbridge.errors import SettingError

SHIPPED = (resources.files("apbridge.avidxchange") / "profiles" / "avidconnect.yaml").read_text()


def written(folder: Path, old: str, new: str) -> str:
    assert old in SHIPPED
    file = folder / "ours.yaml"
    file.write_text(SHIPPED.replace(old, new, 1))
    return str(file)


def line_of(text: str) -> int:
    return SHIPPED[: SHIPPED.index(text)].count("\n") + 1


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_is_valid(name: str):
    assert Profile.load(name).name == name


def test_a_profile_may_lie_anywhere(tmp_path: Path):
    assert Profile.load(written(tmp_path, "name: avidconnect", "name: ours")).name == "ours"


def test_an_unknown_profile_is_one_sentence_that_names_those_that_ship():
    with pytest.raises(SettingError, match=r"'nowhere\.yaml' is neither one that ships \(avidconnect"):
        Profile.load("nowhere.yaml")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("granularity: second", "granularity: fortnight", "'fortnight' is none of second, day"),
        ("method: PUT", "method: FETCH", "'FETCH' is none of POST"),
        ("printOnCheckAs: shorten(print_on_check_as", "printOnCheckAs: shorten((print", "is not JMESPath"),
        ("path: /v1/vendors/{external_id}", "path: /v1/vendors/{id}", "does not match"),
        (
            "      items: items\n",
            "      itens: items\n",
            "itens: it is not a key here; there are method, path",
        ),
        ("check:\n", "check: [\n", "it is not YAML"),
    ],
)
def test_a_mistake_is_shown_by_its_line(tmp_path: Path, old: str, new: str, problem: str):
    with pytest.raises(SettingError, match=problem) as caught:
        Profile.load(written(tmp_path, old, new))
    said = caught.value.facts["line"]
    # A key that should not be there is found at the object that holds it; broken YAML where it stops.
    assert line_of(old) - 14 <= said <= line_of(old) + 3


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
        ("2026-11-02T16:00:00Z", "2026-11-02T16:00:00.000000Z"),
        ("2026-11-02T16:00:00.5Z", "2026-11-02T16:00:00.500000Z"),
        ("2026-11-02T16:00:00.1234567+01:00", "2026-11-02T15:00:00.123456Z"),
        ("2026-11-02", "2026-11-02T00:00:00.000000Z"),
    ],
)
def test_instants_become_utc_of_one_width_so_that_they_sort_as_texts(said: str, expected: str):
    assert utc_text(instant(said)) == expected
