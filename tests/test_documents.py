"""What the documents, the hooks and the workflow name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from demo.meltano import ROOT

DOCUMENTS = sorted(
    file
    for pattern in ("*.md", "[!.]*/*.md", "orchestrate/*/*.md", "examples/*/*.md", ".github/*.md")
    for file in ROOT.glob(pattern)
)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def commands(document: Path) -> list[str]:
    """Return the lines of its code blocks that name no language, without their notes."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_to_something(document: Path):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_make_does_what_is_named(document: Path):
    named = set(re.findall(r"`make ([a-z-]+)", document.read_text(encoding="utf-8")))
    named |= set(re.findall(r"^make ([a-z-]+)", "\n".join(commands(document)), re.MULTILINE))
    assert named <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def test_the_commands_of_a_contributor_are_there():
    told = [word for command in commands(ROOT / "CONTRIBUTING.md") for word in command.split() if "/" in word]
    assert {".venv/bin/pre-commit", ".venv/bin/python"} < set(told)
    assert [word for word in told if not (ROOT / word).exists()] == []


def test_hooks_call_what_make_sets_up():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    assert repository["repo"] == "local"
    programs = {hook["entry"].split()[0] for hook in repository["hooks"]}
    assert [program for program in programs if not (ROOT / program).exists()] == []
    generators = {hook["entry"].partition(" -m ")[2] for hook in repository["hooks"]} - {""}
    assert generators == set(re.findall(r"^\tpython -m (tools\.\w+)$", MAKEFILE, re.MULTILINE))


def test_the_workflow_runs_what_ci_runs_from_the_oldest_python_on():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    jobs = workflow["jobs"]
    assert jobs["test"]["steps"][-1]["run"] == ".ci/run"
    versions = jobs["test"]["strategy"]["matrix"]["python"]
    assert versions == [f"3.{minor}" for minor in range(10, 15)]
    for manifest in ROOT.glob("*/pyproject.toml"):
        assert f'requires-python = ">={versions[0]}"' in manifest.read_text(encoding="utf-8"), manifest
