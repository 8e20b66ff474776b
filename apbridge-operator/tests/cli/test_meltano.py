from __future__ import annotations

from pathlib import Path

import pytest

from apbridge.errors import SettingError
from apbridge_operator.cli import meltano

PROJECT = """
default_environment: prod
environments:
- name: prod
- name: demo
  config:
    plugins:
      loaders:
      - name: target-netsuite-payments
        config:
          ledger_url: sqlite:///$DEMO/ledger.db
          bank_accounts: [{currency: USD, account: "102"}]
plugins:
  loaders:
  - name: target-netsuite-payments
    config:
      account_id: $NETSUITE_ACCOUNT_ID
      private_key: $NETSUITE_PRIVATE_KEY
      ledger_url: sqlite:///${MELTANO_PROJECT_ROOT}/ledger.db
    settings:
    - {name: account_id, kind: string}
    - {name: concurrency, kind: integer, value: 5}
    - {name: bank_account, kind: string}
    - {name: bank_accounts, kind: array}
"""
PLUGIN = "target-netsuite-payments"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "meltano.yml").write_text(PROJECT)
    return tmp_path


def test_variables_are_filled_in_and_those_that_are_not_set_left_out(folder: Path):
    assert meltano.config(folder, PLUGIN, {"NETSUITE_ACCOUNT_ID": "1234567"}) == {
        "account_id": "1234567",
        "ledger_url": f"sqlite:///{folder}/ledger.db",
        "concurrency": 5,
    }


def test_the_environment_in_force_wins_over_the_plugin(folder: Path):
    found = meltano.config(folder, PLUGIN, {"MELTANO_ENVIRONMENT": "demo", "DEMO": "/d"})
    assert found["ledger_url"] == "sqlite:////d/ledger.db"
    assert found["bank_accounts"] == [{"currency": "USD", "account": "102"}]


def test_a_plugins_own_variable_wins_over_all_and_has_its_settings_kind(folder: Path):
    own = {"TARGET_NETSUITE_PAYMENTS_CONCURRENCY": "7", "TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNT": "007"}
    found = meltano.config(folder, PLUGIN, own)
    assert (found["concurrency"], found["bank_account"]) == (7, "007")
    own = {"TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNTS": '[{"account": 1}]'}
    assert meltano.config(folder, PLUGIN, own)["bank_accounts"] == [{"account": 1}]
    with pytest.raises(SettingError, match="bank_accounts"):
        meltano.config(folder, PLUGIN, {"TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNTS": "one"})


def test_without_a_project_the_systems_variables_are_the_settings(tmp_path: Path):
    environ = {
        "NETSUITE_ACCOUNT_ID": "1",
        "AVIDXCHANGE_BASE_URL": "x",
        "TARGET_NETSUITE_PAYMENTS_ON_VOID": "delete",
    }
    assert meltano.config(tmp_path, PLUGIN, environ) == {"account_id": "1", "on_void": "delete"}


@pytest.mark.parametrize("text", ["- a list", "a: [", "\x00"])
def test_a_file_that_is_no_project_is_said(tmp_path: Path, text: str):
    (tmp_path / "meltano.yml").write_text(text)
    with pytest.raises(SettingError, match="APB-CLI-003"):
        meltano.config(tmp_path, PLUGIN, {})
