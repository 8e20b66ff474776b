"""An error of a plugin arrives in Meltano as one line, and as an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.project import new_project, run

pytestmark = pytest.mark.long

SECRETS = {
    "NETSUITE_ACCOUNT_ID": "1234567",
    "NETSUITE_CLIENT_ID": "c1ient-s3cret",
    "NETSUITE_CERTIFICATE_ID": "certificate",
    "NETSUITE_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\nk3y-s3cret\n-----END PRIVATE KEY-----\n",
    "AVIDXCHANGE_COMPANY_TOKEN": "c0mpany-s3cret",
    "AVIDXCHANGE_USER_TOKEN": "us3r-s3cret",
    "AVIDXCHANGE_BASE_URL": "http://127.0.0.1:9",
}
PAIRS = (
    ("tap-netsuite-ap", "target-avidxchange"),
    ("tap-avidxchange", "target-netsuite-payments"),
)
ONE_WRONG = {
    "tap-netsuite-ap": ({}, "private_key"),
    "target-avidxchange": ({"AVIDXCHANGE_PROFILE": "nowhere.yaml"}, "nowhere.yaml"),
    "tap-avidxchange": ({"AVIDXCHANGE_PROFILE": "nowhere.yaml"}, "nowhere.yaml"),
    "target-netsuite-payments": ({}, "private_key"),
}
"""For each plugin something that it finds wrong before it calls anybody, and what it names then."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_project(tmp_path_factory.mktemp("project"))


def told(said: str, plugin: str) -> Iterator[dict[str, Any]]:
    """Yield what Meltano took from a plugin. Every line of its log must be one JSON object."""
    for line in said.splitlines():
        if line.startswith("{"):
            one = json.loads(line)
            if one.get("plugin_logger") == plugin:
                yield one


def check(said: str, plugin: str, named: str) -> None:
    (error,) = [one for one in told(said, plugin) if one["level"] != "info"]
    assert error["level"] == "error"
    assert named in error["event"]
    assert "[APB-" in error["event"]
    assert "\n" not in error["event"]
    assert "s3cret" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("plugin", ONE_WRONG)
def test_an_error_of_a_plugin_is_an_error_in_meltano(project: Path, plugin: str):
    wrong, named = ONE_WRONG[plugin]
    ended = run(project, "meltano", "--log-format=json", "invoke", plugin, secrets={**SECRETS, **wrong})
    assert ended.returncode == 1
    check(ended.stderr + ended.stdout, plugin, named)


@pytest.mark.parametrize(("tap", "target"), PAIRS)
def test_so_it_is_in_a_run_of_two(project: Path, tap: str, target: str):
    wrong, named = ONE_WRONG[tap]
    ended = run(project, "meltano", "--log-format=json", "run", tap, target, secrets={**SECRETS, **wrong})
    assert ended.returncode == 1
    check(ended.stderr + ended.stdout, tap, named)
