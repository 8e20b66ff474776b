"""Each plugin's definition holds to what MeltanoHub asks, and marks what the plugin requires."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from demo.meltano import ROOT
from tools.settings import PLUGINS

RULES = yaml.safe_load((ROOT / "tests/hub_rules.yaml").read_text(encoding="utf-8"))


def definition(plugin: str) -> Any:  # noqa: ANN401
    return yaml.safe_load((ROOT / plugin / "plugin.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_definition_holds_to_the_rules_of_the_hub(plugin: str):
    rules = jsonschema.Draft202012Validator(RULES)
    assert [error.message for error in rules.iter_errors(definition(plugin))] == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_what_is_required_is_a_setting_once(plugin: str):
    told = definition(plugin)
    names = [setting["name"] for setting in told["settings"]]
    assert len(names) == len(set(names))
    assert {name for group in told["settings_group_validation"] for name in group} <= set(names)


@pytest.mark.parametrize(
    ("plugin", "groups"),
    [
        ("target-avidxchange", [["base_url"]]),
        (
            "tap-netsuite-ap",
            [
                ["account_id", "client_id", "certificate_id", "private_key"],
                ["account_id", "client_id", "certificate_id", "private_key_path"],
            ],
        ),
    ],
)
def test_required_settings_are_marked(plugin: str, groups: list[list[str]]):
    assert definition(plugin)["settings_group_validation"] == groups


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_definition_installs_by_the_address_that_the_project_names(plugin: str):
    address = "git+$APBRIDGE_GIT#subdirectory="
    assert definition(plugin)["pip_url"].split() == [address + "apbridge", address + plugin]
    assert (ROOT / plugin / "pyproject.toml").exists()
