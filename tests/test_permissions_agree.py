"""The role that is deployed and every README name the same permissions, at the same levels."""

from __future__ import annotations

from pathlib import Path

import pytest

from apbridge.netsuite.restlet import LEVELS
from apbridge_operator.cli.checks.permissions import permissions
from apbridge_operator.cli.upload import first_steps
from apbridge_sandbox.netsuite.permissions import permissions as known
from tools.permissions import FILES, ROLE, ROOT, TABLE


@pytest.mark.parametrize("file", sorted(FILES), ids=lambda file: str(file.relative_to(ROOT)))
def test_file_has_the_permissions_of_the_list(file: Path):
    text = file.read_text(encoding="utf-8")
    assert (ROLE if file.suffix == ".xml" else TABLE).search(text)
    assert text == FILES[file](text), "run `make permissions`"


def test_init_names_each_with_its_level():
    for entry in permissions():
        assert f"{entry['permission']}: {entry['level']}\n" in first_steps()


def test_a_level_of_the_role_is_the_highest_that_a_plugin_needs():
    for entry in permissions():
        needed = [entry[plugin] for plugin in ("tap", "payments") if plugin in entry]
        assert entry["level"] == max(needed, key=lambda level: LEVELS.index(level.upper())), entry[
            "permission"
        ]


def test_netsuite_has_each_under_that_id_and_at_that_level():
    for entry in permissions():
        there = known()[entry["key"]]
        assert there.name == entry["permission"].replace(", ", " -> ", 1)
        assert entry["level"].upper() in there.levels
