"""docs/architecture.md: its recipes do what they say, and what it names is there."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from demo.meltano import ROOT
from tests.recipes import DOCUMENT, PACKAGES, copied, recipes
from tests.waiting import PATIENCE

TEXT = DOCUMENT.read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"\[`([A-Za-z_.]+(?<!\.py))`\]\(\.\./([\w/.-]+\.py)\)", TEXT)))
TESTS = re.findall(r"`([\w/.-]+\.py)::(test_\w+)`", TEXT)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401
    """Carry out all recipes in one copy, and return what the sandbox makes of it."""
    copy = copied(tmp_path_factory.mktemp("copy"))
    for steps in recipes().values():
        for step in steps:
            step.carry_out(copy)
    folders = [str(copy / package.partition("/")[0]) for package in PACKAGES]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*folders, str(copy), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-m", "tests.recipes_tried", str(copy)],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [module for module in answer["modules"] if not module.startswith(str(copy))] == []
    return answer


def test_a_custom_field_arrives_in_avidxchange(found: Any):  # noqa: ANN401
    memos = {
        name: (
            found["bills"][name]["custom_fields"]["custbody_contract_number"],
            found["bills"][name]["memo"],
            invoice["memo"],
        )
        for name, invoice in found["invoices"].items()
    }
    assert {bool(contract) for contract, _, _ in memos.values()} == {True, False}
    assert all(arrived == (contract or memo) for contract, memo, arrived in memos.values())


def test_a_stream_is_read(found: Any):  # noqa: ANN401
    terms = {record["name"]: record for record in found["terms"]}
    assert terms["Net 30"]["days_until_due"] == 30
    assert terms["Net 30"]["is_active"] is True
    assert {re.sub(r"\d+$", "", record["external_id"]) for record in found["terms"]} == {
        "netsuite-1234567_SB1-term-"
    }


def test_a_sentence_is_said_and_described(found: Any):  # noqa: ANN401
    without = {name for name, bill in found["bills"].items() if bill["is_eligible"] and not bill["due_date"]}
    assert without
    assert without == {name for name, code in found["kept"].items() if code == "APB-TAX-004"}
    assert not without & found["invoices"].keys()
    said = "\n".join(found["said"])
    assert re.search(r"Bill \S+ \(netsuite-\S+\) has no due date\. Set its due date in NetSuite; ", said)
    section = found["errors"].partition("### APB-TAX-004\n")[2].partition("###")[0]
    assert "has no due date" in section
    assert "**For:** the AP team." in section


def test_a_switch_is_listed_and_works_both_ways(found: Any):  # noqa: ANN401
    switch = found["switch"]
    assert "avidxchange.no_right_status" in switch["listed"]
    assert "| `avidxchange.no_right_status` | `403`, `404` |" in switch["table"]
    assert (switch["403"], switch["404"]) == (403, 404)


def test_a_kind_of_sign_in_signs_in(found: Any):  # noqa: ANN401
    assert found["sign in"] == ["let in", "APB-AX-010", "APB-AX-012"]


@pytest.mark.parametrize(("name", "file"), NAMED, ids=[name for name, _ in NAMED])
def test_what_is_named_is_in_the_file_that_it_links_to(name: str, file: str):
    body: list[ast.stmt] = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    for part in name.split("."):
        (node,) = [node for node in body if part in _names(node)]
        body = getattr(node, "body", [])


@pytest.mark.parametrize(("file", "test"), TESTS, ids=[test for _, test in TESTS])
def test_a_promise_names_the_test_that_shows_it(file: str, test: str):
    module = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_every_way_and_every_promise_is_linked():
    ways = TEXT.partition("## The way of a bill")[2].partition("## Recipes")[0]
    steps = re.findall(r"^\d\. .*?(?=^\d\. |^## |\Z)", ways, re.MULTILINE | re.DOTALL)
    assert len(steps) > 15
    assert [step for step in steps if "](../" not in step and "next run" not in step] == []
    rows = [line for line in ways.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(TESTS) > 10
    assert [row for row in rows if not re.search(r"\| \[`\w[\w.]*`\]\(\.\./", row)] == []


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
