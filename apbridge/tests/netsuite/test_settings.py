from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apbridge.errors import SettingError
from apbridge.netsuite import NetSuiteSettings
from apbridge.netsuite.keys import SigningKey
from apbridge.settings import url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_an_account_id_decides_the_hosts(config: dict[str, Any]):
    settings = NetSuiteSettings.from_config(config)
    assert settings.account_id == "1234567_SB1"
    assert settings.base_url == "https://1234567-sb1.suitetalk.api.netsuite.com"
    assert settings.restlet_url == "https://1234567-sb1.restlets.api.netsuite.com"
    assert settings.is_sandbox
    assert not NetSuiteSettings.from_config({**config, "account_id": "TSTDRV1234"}).is_sandbox


@given(st.text(max_size=20))
def test_no_other_account_id_can_name_a_host(account_id: str):
    config = {"account_id": account_id, "client_id": "c", "certificate_id": "k", "private_key": "x"}
    with pytest.raises(SettingError) as caught:
        NetSuiteSettings.from_config(config)
    allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
    if caught.value.code == "APB-NS-002":  # the next thing looked at, the key, is what is wrong
        assert set(account_id.strip()) <= set(allowed)
    else:
        assert caught.value.code in {"APB-NS-001", "APB-SET-002"}


@pytest.mark.parametrize(
    "wrong", ["1234567-sb1", "123.evil.example/", "1_2_3", "_SB1", "12 34", "\uff11\uff12\uff13"]
)
def test_wrong_account_ids_are_told(config: dict[str, Any], wrong: str):
    with pytest.raises(SettingError, match="account_id") as caught:
        NetSuiteSettings.from_config({**config, "account_id": wrong})
    assert caught.value.code == "APB-NS-001"


@pytest.mark.parametrize("setting", ["account_id", "client_id", "certificate_id", "private_key"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_missing_is_named(config: dict[str, Any], setting: str, value: str | None):
    with pytest.raises(SettingError, match=f"Setting {setting}.* is missing"):
        NetSuiteSettings.from_config({**config, setting: value})


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("RSA 3072", "PS256"), ("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512")],
)
def test_the_key_decides_the_algorithm(pem: Callable[..., str], kind: str, algorithm: str):
    assert SigningKey.from_pem(pem(kind)).algorithm == algorithm
    assert SigningKey.from_pem(pem(kind).replace("\n", "\\n")).algorithm == algorithm


def test_unusable_keys_are_told_apart(pem: Callable[..., str], public_pem: str):
    damaged = pem("P-256").replace("M", "N", 1)
    wrong = {
        pem("RSA 2048"): "RSA with 2048 bits",
        pem("secp256k1"): "of another kind",
        pem("Ed25519"): "of another kind",
        pem("P-256", b"secret"): "encrypted with a passphrase",
        public_pem: "the public key",
        public_pem.replace("PUBLIC KEY", "CERTIFICATE"): "the certificate",
        damaged: "damaged",
        "not a key": "not PEM text",
    }
    for text, problem in wrong.items():
        with pytest.raises(SettingError, match=problem) as caught:
            SigningKey.from_pem(text)
        assert caught.value.code == "APB-NS-002"
        assert text[40:60] not in str(caught.value) or text == "not a key"


def test_a_key_may_lie_in_a_file(config: dict[str, Any], tmp_path: Path):
    file = tmp_path / "key.pem"
    file.write_text(config.pop("private_key"))
    assert NetSuiteSettings.from_config({**config, "private_key_path": str(file)}).key.algorithm == "ES256"
    for wrong, problem in ((tmp_path / "none.pem", "No such file"), (tmp_path, "directory")):
        with pytest.raises(SettingError, match=f"private_key_path.*{problem}"):
            NetSuiteSettings.from_config({**config, "private_key_path": str(wrong)})
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="not a text file"):
        NetSuiteSettings.from_config({**config, "private_key_path": str(file)})


def test_settings_show_no_secret(config: dict[str, Any]):
    shown = repr(NetSuiteSettings.from_config(config))
    assert "client-1" not in shown
    assert "PRIVATE" not in shown


@pytest.mark.parametrize("value", [5, "5", " 5 ", None], ids=repr)
def test_concurrency_may_come_as_text(config: dict[str, Any], value: object):
    assert NetSuiteSettings.from_config({**config, "concurrency": value}).concurrency == 5


@pytest.mark.parametrize("value", [0, -1, 101, "many", [], 1e400])
def test_a_wrong_concurrency_is_told(config: dict[str, Any], value: object):
    with pytest.raises(SettingError, match="concurrency"):
        NetSuiteSettings.from_config({**config, "concurrency": value})


def test_a_restlet_needs_both_its_names(config: dict[str, Any]):
    with pytest.raises(SettingError, match="restlet_deploy is missing"):
        NetSuiteSettings.from_config({**config, "restlet_script": "customscript_x"})


@pytest.mark.parametrize(
    "value", ["https://proxy.example/ns/", "http://127.0.0.1:80", "http://localhost", "http://[::1]:8080"]
)
def test_addresses_that_may_be_called(value: str):
    assert url(value) == value.rstrip("/")


@pytest.mark.parametrize(
    "value",
    [
        "http://netsuite.example",
        "http://127.0.0.1.example",
        "ftp://127.0.0.1",
        "https://",
        "netsuite.example",
        "https://[bad",
        "https://host:port",
        "https://host/?key=s3cret",
        "https://user:s3cret@host",
        "http://user:s3cret@127.0.0.1",
    ],
)
def test_addresses_that_may_not(value: str):
    with pytest.raises(SettingError, match="base_url") as caught:
        url(value)
    assert "s3cret" not in str(caught.value)
