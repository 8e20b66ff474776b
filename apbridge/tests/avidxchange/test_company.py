"""Which company the credentials are of, asked before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from apbridge import settings
from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.errors import SettingError
from apbridge.origin import Origin
from apbridge.vault import Vault
from apbridge_sandbox.testing import Running, running


def test_credentials_of_another_company_than_is_declared_are_refused_by_name() -> None:
    with running(vendors=1, bills=1) as sandbox:
        config = sandbox.avidxchange_settings("avidconnect")

        def asked(**more: str) -> AvidXchange:
            return AvidXchange(AvidXchangeSettings.from_config({**config, **more}))

        with asked() as client:
            found = client.origin(None)
        own = found.facts["company"]
        with asked(company="bolt", company_id="another") as client:
            said = f"credentials of company bolt sign in to AvidXchange company {own}, .* says another"
            with pytest.raises(SettingError, match=said):
                client.origin(None)
            # That they were another company's before is no reason not to ask.
            with pytest.raises(SettingError, match=said):
                client.origin(found)
        with asked(company="acme", company_id=own) as client:
            before = client.origin(None)
            asked_so_far = sandbox.calls()["avidxchange"]
            assert client.origin(before) == before
            assert sandbox.calls()["avidxchange"] == asked_so_far


@pytest.mark.usefixtures("vault")
def test_a_secret_of_another_company_is_refused_by_name() -> None:
    Vault.open().set({"acme/user_token": "ours", "shared": "all"})
    config = {"company": "acme", "user_token": "vault:acme/user_token", "client_id": "vault:shared"}
    assert settings.text(config, "user_token") == "ours"
    assert settings.text(config, "client_id") == "all"
    with pytest.raises(
        SettingError, match=r"user_token of company bolt .*acme/user_token, a secret of company acme"
    ):
        settings.text({**config, "company": "bolt"}, "user_token")
    with pytest.raises(SettingError, match="user_token of no company"):
        settings.text({"user_token": "vault:acme/user_token"}, "user_token")


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APBRIDGE_VAULT", "APBRIDGE_VAULT_KEY_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    Vault.create()


def of_suite(sandbox: Running, **changes: str) -> AvidXchange:
    config = {**sandbox.avidxchange_settings("avidsuite"), **changes}
    return AvidXchange(AvidXchangeSettings.from_config(config))


def test_where_no_call_says_which_company_it_is_another_login_is_another_company() -> None:
    with running(vendors=1, bills=1) as sandbox:
        with of_suite(sandbox) as client:
            before = Origin.from_json(client.origin(None).as_json())
            assert client.is_checked
        assert before is not None
        calls = sandbox.calls()["avidxchange"]
        for name in ("user_name", "gateway_key"):
            with of_suite(sandbox, **{name: "another's"}) as client:
                now = client.origin(before)
                assert not before.agrees(now)
                assert str(now.login) in str(now)
                assert "another" not in str(now.as_json())
        with of_suite(sandbox, password="new") as client:
            assert client.origin(before) == before
        assert sandbox.calls()["avidxchange"] == calls, "nobody signs in to find that it is another"


def test_another_login_is_of_the_same_company_once_somebody_says_so_and_a_third_is_not() -> None:
    with running(vendors=1, bills=1) as sandbox:
        with of_suite(sandbox) as client:
            own = client.origin(None)
        before = replace(own, login="0123456789ab")
        with of_suite(sandbox, same_company_login=str(own.login)) as client:
            now = client.origin(before)
            assert before.agrees(now)
            assert client.is_checked, "it is kept for the next run, so that it must be right"
        assert not now.agrees(replace(own, login="ba9876543210"))
