"""Each row of docs/security.md names the test that carries its attack out."""

from __future__ import annotations

import ast
import re

import pytest

from demo.meltano import ROOT

_ROWS = [
    cells
    for line in (ROOT / "docs/security.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ")
    and len(cells := [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]) == 3
    and cells[0] != "attack"
]


@pytest.mark.parametrize("row", _ROWS, ids=[row[0][:60] for row in _ROWS])
def test_an_attack_is_carried_out_by_the_test_that_its_row_names(row: list[str]):
    named = re.fullmatch(r"`(?P<file>[\w/.-]+\.py)::(?P<test>test_\w+)`", row[2])
    assert named, row[2]
    module = ast.parse((ROOT / named["file"]).read_text(encoding="utf-8"))
    assert named["test"] in {node.name for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}
