from __future__ import annotations

from typing import Any

import pytest
from singer_sdk import typing as th
from singer_sdk.configuration._dict_config import parse_environment_config

from apbridge.avidxchange.settings import CREDENTIALS
from apbridge.declared_settings import (
    AVIDXCHANGE_SETTINGS,
    LEDGER_SETTINGS,
    NETSUITE_SETTINGS,
    SPOOL_SETTINGS,
)
from apbridge.errors import SettingError
from apbridge.settings import place, spool_of

SIDES = {"netsuite": NETSUITE_SETTINGS, "avidxchange": AVIDXCHANGE_SETTINGS}
PROPERTIES: list[th.Property[Any]] = [
    *NETSUITE_SETTINGS,
    *AVIDXCHANGE_SETTINGS,
    *LEDGER_SETTINGS,
    *SPOOL_SETTINGS,
]


@pytest.mark.parametrize("side", SIDES)
def test_each_setting_says_what_it_is(side: str):
    schema = th.PropertiesList(*SIDES[side], *LEDGER_SETTINGS, *SPOOL_SETTINGS).to_dict()
    for name, setting in schema["properties"].items():
        assert setting["description"].split("\n")[0].endswith("."), name


def test_what_opens_a_door_is_a_secret():
    secret = {one.name for one in PROPERTIES if one.to_dict()[one.name].get("secret")}
    certificate = {"client_certificate", "client_private_key"}
    assert secret == {*CREDENTIALS, *certificate, "private_key"} - {"company_id"}


def test_what_has_no_default_is_required_or_may_be_left_out():
    required = {one.name for one in PROPERTIES if not one.optional}
    expected = {"account_id", "client_id", "certificate_id", "base_url"}
    assert required == expected


def test_numbers_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TAP_CONCURRENCY", "7")
    schema = th.PropertiesList(*NETSUITE_SETTINGS).to_dict()
    assert parse_environment_config(schema, "TAP_")["concurrency"] == 7


def test_a_place_that_nothing_can_have_is_refused_by_the_settings_name():
    with pytest.raises(SettingError, match=r"`?spool_url`?.*NUL"):
        spool_of({"spool_url": "file:///spool\0"})
    with pytest.raises(SettingError, match=r"`?private_key_path`?.*NUL"):
        place({"private_key_path": "a\0b"}, "private_key_path")
