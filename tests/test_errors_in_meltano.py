"""An error of a plugin arrives in Meltano as one line, and as an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.project import new_project, run

pytestmark = pytest.mark.long

SECRETS = {
    "NETSUITE_ACCOUNT_ID": "1234567",
    "NETSUITE_CLIENT_ID": "c1ient-s3cret",
    "NETSUITE_CERTIFICATE_ID": "certificate",
    "NETSUITE_BASE_URL": "http://127.0.0.1:9",
    "AVIDXCHANGE_COMPANY_TOKEN": "c0mpany-s3cret",
    "AVIDXCHANGE_USER_TOKEN": "us3r-s3cret",
    "AVIDXCHANGE_BASE_URL": "http://127.0.0.1:9",
}
GOOD_KEY = (
    generate_private_key(SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode("ascii")
)
BAD_KEY = "-----BEGIN PRIVATE KEY-----\nk3y-s3cret\n-----END PRIVATE KEY-----\n"
NO_KEY = ({"NETSUITE_PRIVATE_KEY": BAD_KEY}, "private_key")
NO_PROFILE = ({"NETSUITE_PRIVATE_KEY": GOOD_KEY, "AVIDXCHANGE_PROFILE": "nowhere.yaml"}, "nowhere.yaml")
"""What a plugin finds wrong before it calls anybody, and what it names then."""

Wrong = tuple[dict[str, str], str]


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


@pytest.mark.parametrize(
    ("plugin", "wrong"),
    [("target-avidxchange", NO_PROFILE), ("target-netsuite-payments", NO_KEY)],
    ids=["profile", "key"],
)
def test_an_error_of_a_plugin_is_an_error_in_meltano(project: Path, plugin: str, wrong: Wrong):
    settings, named = wrong
    ended = run(project, "meltano", "--log-format=json", "invoke", plugin, secrets={**SECRETS, **settings})
    assert ended.returncode == 1
    check(ended.stderr + ended.stdout, plugin, named)


# The tap fails at once. Where the target failed first, Meltano would end the tap unheard: it has what it
# needs here, and tries for seconds before it gives up on a port that nothing listens at.
@pytest.mark.parametrize(
    ("tap", "target", "wrong"),
    [
        ("tap-netsuite-ap", "target-avidxchange", NO_KEY),
        ("tap-avidxchange", "target-netsuite-payments", NO_PROFILE),
    ],
    ids=["outbound", "inbound"],
)
def test_so_it_is_in_a_run_of_two(project: Path, tap: str, target: str, wrong: Wrong):
    settings, named = wrong
    ended = run(project, "meltano", "--log-format=json", "run", tap, target, secrets={**SECRETS, **settings})
    assert ended.returncode == 1
    check(ended.stderr + ended.stdout, tap, named)
