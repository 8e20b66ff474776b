"""What our instructions install is ours, or is what was pinned: nobody else's by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from demo.meltano import ROOT
from tools.licences import PAGE

OURS = {
    "apbridge",
    "apbridge-operator",
    "apbridge-sandbox",
    "apbridge-workspace",
    "sandbox",
    "tap-avidxchange",
    "tap-netsuite-ap",
    "target-avidxchange",
    "target-netsuite-payments",
}
TOLD = sorted(
    {
        *ROOT.glob("*.md"),
        *ROOT.glob("[!.]*/*.md"),
        *ROOT.glob("[!.]*/plugin.yml"),
        ROOT / "meltano.yml",
        *ROOT.glob("apbridge/apbridge/errors/sentences/*.yaml"),
        *ROOT.glob("apbridge-operator/apbridge_operator/**/*.py"),
        *(file for file in ROOT.glob("orchestrate/**/*") if file.is_file() and file.suffix != ".pyc"),
    }
)
_COMMAND = re.compile(
    r"(?:\bpip3? install|\bpipx (?:install|run|inject)|\buvx|\buv tool (?:install|run)|\buv add|pip_url:)"
    r"(?P<what>[^\n#`]*)"
)
_OF_OTHERS = {"meltano", "uv"}
"""Names that are registered already, and are whose we think."""


def commands(text: str) -> list[list[str]]:
    """Return what each command that installs is given."""
    return [re.sub("[\"']", " ", found["what"]).rstrip(" .\\").split() for found in _COMMAND.finditer(text)]


def bare(words: list[str]) -> list[str]:
    """Return those that an index decides: neither a path nor an address."""
    named = [word for word in words if not word.startswith("-")]
    ours = (word for word in named if not word.startswith(("./", "git+", "dist/", "/", "<")))
    return [word for word in ours if re.split(r"[\[=<>~]", word)[0] not in _OF_OTHERS]


def test_a_bare_name_is_seen():
    (words,) = commands("pip install 'apbridge[operator]' ./apbridge -e ./sandbox git+https://example.com/x")
    assert bare(words) == ["apbridge[operator]"]


@pytest.mark.parametrize("file", TOLD, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_command_that_we_tell_installs_by_a_name_that_others_could_register(file: str):
    text = ROOT.joinpath(file).read_text(encoding="utf-8")
    for words in commands(text):
        assert bare(words) == []
        # What ours depend on of ours is in the same command, or it would come by its name.
        paths = [word for word in words if word.startswith("./")]
        assert not paths or any(re.fullmatch(r"\./apbridge(\[.*\]|\$APBRIDGE_EXTRAS)?", one) for one in paths)
    extras = [found[0] for found in re.finditer(r"(?<!\./)\bapbridge\[\w+\]", text)]
    assert extras == []


# Pins


def pins(file: str) -> set[str]:
    """Return each pin, as `name==version`."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if not line.startswith((" ", "#"))}


def needed(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> Iterator[str]:
    """Yield what a package installs here, and what that does."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    yield name
    for one in map(Requirement, requires(name) or []):
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield from needed(canonicalize_name(one.name), frozenset(one.extras), seen)


def test_whatever_users_install_is_pinned_with_its_hashes():
    text = (ROOT / "constraints-hashed.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [one for one in entries if not re.search(r"\n    --hash=sha256:[0-9a-f]{64}", one)] == []
    pinned = {one.partition("==")[0] for one in entries}
    extras = frozenset({"keyring", "postgres", "s3"})
    used = [(name, extras) for name in OURS - {"apbridge-workspace", "sandbox"}]
    used += [("meltano", frozenset()), ("hatchling", frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    names = {one for name, extras in used for one in needed(name, extras, seen)}
    assert names - pinned - OURS == set()


def test_pins_with_hashes_are_the_pins_and_name_no_index():
    assert pins("constraints-hashed.txt") <= pins("constraints.txt")
    for file in ("constraints.txt", "constraints-hashed.txt"):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.findall(r"://|--index|--extra-index|--find-links|--trusted", text) == []


def test_set_up_takes_nothing_of_another_hash():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "constraints-hashed.txt" in re.findall(r"^export UV_CONSTRAINT := .*$", makefile, re.MULTILINE)[0]
    assert (
        "constraints-hashed.txt"
        in re.findall(r"^export UV_BUILD_CONSTRAINT := .*$", makefile, re.MULTILINE)[0]
    )


def test_each_library_that_users_install_is_listed_with_its_licence():
    listed = dict(re.findall(r"^\| (\S+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name.partition("==")[0] for name in pins("constraints-hashed.txt")} == listed.keys() - {
        "library",
        "---",
    }
