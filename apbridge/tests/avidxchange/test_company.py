"""Which company the credentials are of, asked before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from apbridge import settings
from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.errors import SettingError
from apbridge.vault import Vault
from apbridge_sandbox.testing import running


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
