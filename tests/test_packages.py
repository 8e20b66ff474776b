"""Every package is a wheel of the one version, and a tap needs no more than its wheels."""

from __future__ import annotations

import json
import os
import re
import subprocess
from email import message_from_bytes
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest

from demo.meltano import ROOT
from tests.waiting import PATIENCE

pytestmark = pytest.mark.long

VERSION = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
# What make sets for itself is not for what these tests start.
_OF_MAKE = {"MAKEFLAGS", "UV_COMPILE_BYTECODE"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _OF_MAKE}


def run(*command: str | Path) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def said(file: str, pattern: str) -> str:
    """Return what a file of the project says at the one line that the pattern is of."""
    (found,) = re.findall(rf"^{pattern}$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


def packages() -> list[str]:
    """Return the name of each package whose folder the Makefile lists."""
    folders = said("Makefile", "PACKAGES := (.*)").split()
    return [said(f"{folder}/pyproject.toml", 'name = "(.*)"') for folder in folders]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run("make", "wheels", f"DIST={folder}")
    return folder


@pytest.mark.parametrize("package", packages())
def test_the_version_is_in_one_place(package: str):
    assert version(package) == VERSION


def test_the_changelog_tells_of_this_version_or_of_what_is_to_be():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest, *older = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert newest == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", heading) for heading in older)
    assert not older or older[0].startswith(f"[{VERSION}]")
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= kinds


def test_every_package_is_built(wheels: Path):
    expected = {f"{name.replace('-', '_')}-{VERSION}-py3-none-any.whl" for name in packages()}
    assert {wheel.name for wheel in wheels.glob("*.whl")} == expected


@pytest.mark.parametrize("package", packages())
def test_a_wheel_holds_what_a_release_needs_and_no_more(wheels: Path, package: str):
    (wheel,) = wheels.glob(f"{package.replace('-', '_')}-{VERSION}-*.whl")
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (told,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(told))
        (licence,) = [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert len(str(metadata.get_payload())) > 100
    minors = [word for word in metadata.get_all("Classifier", []) if word.startswith("Programming Language")]
    assert minors == [f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 15)]
    unwanted = re.compile(r"(^|/)(tests?/|__pycache__|\.env|.*\.(pem|key|db|pyc)$)")
    assert [name for name in names if unwanted.search(name)] == []


def test_the_sums_are_those_of_the_wheels(wheels: Path):
    lines = (wheels / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: told for told, name in (line.split("  ") for line in lines)}
    assert sums == {one.name: sha256(one.read_bytes()).hexdigest() for one in wheels.glob("*.whl")}


def test_a_tap_is_installed_by_plain_pip_from_its_wheels(wheels: Path, tmp_path: Path):
    run(os.environ.get("PYTHON", "python3"), "-m", "venv", tmp_path / "venv")
    python, tap = tmp_path / "venv/bin/python", tmp_path / "venv/bin/tap-netsuite-ap"
    run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        f"--find-links={wheels}",
        f"--constraint={ROOT / 'constraints.txt'}",
        *documented(wheels),
    )
    assert run(tap, "--version").startswith(f"tap-netsuite-ap v{VERSION}, ")
    streams = json.loads(run(tap, "--discover"))["streams"]
    assert "bills" in {stream["tap_stream_id"] for stream in streams}


def documented(wheels: Path) -> list[Path]:
    """Return the wheels that the README's command names."""
    said_of = said(
        "tap-netsuite-ap/README.md",
        r"pip install --find-links=dist (dist/apbridge-\S+ dist/\S+)",
    )
    named = [found for word in said_of.split() for found in wheels.glob(word.removeprefix("dist/"))]
    assert len(named) == 2
    return named
