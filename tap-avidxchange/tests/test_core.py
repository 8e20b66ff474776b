"""The SDK's own tests of a tap, and how the program ends when something is wrong."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from apbridge.errors import SettingError
from apbridge_sandbox.testing import running
from tap_avidxchange.tap import TapAvidXchange
from tests import forked
from tests.avidxchange_company import PayingCompany

CONFIG: dict[str, Any] = {"company_token": "-", "user_token": "-", "base_url": "http://127.0.0.1:1"}


def _everything() -> dict[str, Any]:
    """Return a catalog with every stream selected."""
    catalog = TapAvidXchange(config=CONFIG).catalog_dict
    for entry in catalog["streams"]:
        for one in entry["metadata"]:
            one["metadata"]["selected"] = True
    return catalog


_Standard = get_tap_test_class(
    TapAvidXchange, config=CONFIG, catalog=_everything(), suite_config=SuiteConfig(), parse_env_config=False
)


# The SDK keeps the values of whichever attribute of a kind comes first, and warns where there are none, as of
# one that is always null: whether it does is a matter of order. That a stream has records has its own test.
@pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning")
class TestStandard(_Standard):  # type: ignore[misc,valid-type]
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _books(cls) -> Iterator[None]:
        with running(vendors=1, bills=0) as sandbox:
            company = PayingCompany(sandbox)
            CONFIG.update(company.config)
            company.submit(2)
            company.pay()
            yield


def test_test_reaches_avidxchange(company: PayingCompany):
    ended = _program(company, {}, "--test")
    assert ended.returncode == 0
    assert company.calls()["total"] >= 5


@pytest.mark.parametrize("arguments", [[], ["--test"]])
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"base_url": "http://avidxchange.example"}, "is not https"),
        ({"profile": "nowhere"}, "neither one that ships"),
    ],
)
@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)  # no contract decides it
def test_a_wrong_setting_is_one_plain_line(
    company: PayingCompany, arguments: list[str], changes: dict[str, Any], says: str
):
    ended = _program(company, changes, *arguments)
    assert says in _refused(company, ended)


def test_a_credential_that_is_missing_or_wrong_is_named(company: PayingCompany):
    """Under whichever contract, its own credentials are."""
    for name in company.credentials:
        config = {key: value for key, value in company.config.items() if key != name}
        with pytest.raises(SettingError, match=f"Setting {name} is missing"):
            _ = TapAvidXchange(config=config).client
    assert name in _refused(company, _program(company, {name: "wrong"}))


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)  # no contract decides it
def test_nobody_there_is_one_plain_line(company: PayingCompany):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ended = _program(company, {"base_url": f"http://127.0.0.1:{port}/avidconnect"})
    assert ended.returncode == 1
    assert "base_url" in _the_error(ended)


@pytest.mark.parametrize("company", ["avidconnect"], indirect=True)  # no contract decides it
def test_discovery_asks_for_nothing(company: PayingCompany):
    ended = _program(company, {}, "--discover")
    catalog = json.loads(ended.stdout)
    assert {one["tap_stream_id"] for one in catalog["streams"]} == {
        "payments",
        "invoices",
        "vendors",
        "gl_accounts",
        "dimension_values",
    }
    assert company.calls()["total"] == 0


def _program(
    company: PayingCompany, changes: dict[str, Any], *arguments: str
) -> subprocess.CompletedProcess[str]:
    config = {name: value for name, value in {**company.config, **changes}.items() if value is not None}
    file = company.sandbox.folder / "config.json"
    file.write_text(json.dumps(config))
    return forked.run("tap-avidxchange", f"--config={file}", *arguments, cwd=company.sandbox.folder)


def _refused(company: PayingCompany, ended: subprocess.CompletedProcess[str]) -> str:
    """Check that a program ended as it should and gave no secret away; return its one line."""
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    secrets = {value for name, value in company.credentials.items() if name != "company_id"}
    assert not any(secret in ended.stderr for secret in secrets)
    return _the_error(ended)


def _the_error(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of error that a program may end with."""
    (found,) = [told for told in ended.stderr.splitlines() if "ERROR" in told]
    return found
