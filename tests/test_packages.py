"""Every package is a wheel of the one version, and a tap needs no more than its wheels."""

from __future__ import annotations

import json
import os
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from demo.meltano import ROOT
from tests.waiting import PATIENCE

VERSION = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
UV = ROOT / ".tools/bin/uv"
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


def test_a_tap_needs_no_more_than_its_wheels(wheels: Path, tmp_path: Path):
    run(UV, "venv", "--quiet", "--python", os.environ.get("PYTHON", "python3"), tmp_path / "venv")
    python, tap = tmp_path / "venv/bin/python", tmp_path / "venv/bin/tap-netsuite-ap"
    own = [*wheels.glob("apbridge-0*.whl"), *wheels.glob("tap_netsuite_ap-*.whl")]
    run(UV, "pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "constraints.txt", *own)
    assert run(tap, "--version").startswith(f"tap-netsuite-ap v{VERSION}, ")
    streams = json.loads(run(tap, "--discover"))["streams"]
    assert "bills" in {stream["tap_stream_id"] for stream in streams}
