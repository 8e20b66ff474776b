"""A log at level debug, and a check, are shown to somebody who helps: what signs in is in neither."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typing_extensions import override

from apbridge import logs, settings
from apbridge.avidxchange import AvidXchangeSettings
from apbridge.errors import SettingError
from apbridge.http import Call, GovernedSession
from apbridge.http.classifier import Answer, AnswerKind
from apbridge.netsuite import NetSuiteSettings
from apbridge.vault import Vault

SECRET = "kept-out-of-logs"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at level debug, as a plugin or the command sets it up."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logs.clean()
    yield written
    root.setLevel(level)
    root.removeHandler(handler)
    for one in logs.handlers():
        one.removeFilter(logs.cleaned)


class _Fine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    @override
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Fine) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Signer:
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {SECRET}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        raise NotImplementedError

    def rejected(self, answer: Answer) -> SettingError:
        raise NotImplementedError


def test_a_log_holds_no_query_that_a_profile_signs_in_with(log: io.StringIO, address: str):
    session = GovernedSession(
        "AvidXchange",
        address,
        signer=_Signer(),
        classify=lambda _: Answer(AnswerKind.DONE),
        concurrency=1,
        most_bytes=2**20,
    )
    session.send(Call("GET", "/vendors", "read vendors", params={"subscription": SECRET}))
    session.close()
    assert "/vendors?[redacted]" in log.getvalue(), "urllib3 says what it asked for"
    assert SECRET not in log.getvalue()


def test_a_trace_holds_no_query(log: io.StringIO):
    with pytest.raises(requests.RequestException) as refused:
        requests.get("http://127.0.0.1:1/vendors", params={"subscription": SECRET}, timeout=10)
    logging.getLogger("tests.told").debug("Trace of the error", exc_info=refused.value)
    assert "/vendors?[redacted]" in log.getvalue()
    assert SECRET not in log.getvalue()


@pytest.mark.parametrize(
    "said",
    ["password: {}", "Authorization: Bearer {}1", "https://user:{}@host/x", '{{"client_secret": "{}"}}'],
)
def test_a_log_holds_no_secret_whoever_writes_it(log: io.StringIO, said: str):
    logging.getLogger("a.library").debug("it says %s", said.format(SECRET))
    assert "it says" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_what_a_library_logs_wrongly_ends_nothing(log: io.StringIO):
    logging.getLogger("a.library").warning("password: %s of %s", "one")  # noqa: PLE1206 - that is the mistake
    logging.getLogger("a.library").warning("token=%s\nWARNING: %d", SECRET, "x")
    logging.getLogger("urllib3").warning(f"%d ?key={SECRET}", "x")  # noqa: G004
    lines = log.getvalue().splitlines()
    assert [line.startswith(("password: ", "token=", "%d ?[red")) for line in lines] == [True] * 3
    assert SECRET not in log.getvalue()


def test_every_handler_is_cleaned_and_not_the_root_s_alone(log: io.StringIO):
    own = io.StringIO()
    logger = logging.getLogger("tests.with_a_handler")
    logger.addHandler(handler := logging.StreamHandler(own))
    logger.propagate = False
    logs.clean()
    logger.warning("token=%s", SECRET)
    logger.removeHandler(handler)
    assert own.getvalue() == "token=[redacted]\n"
    assert log.getvalue() == ""


@pytest.fixture
def in_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APBRIDGE_VAULT", str(tmp_path / "vault.json"))
    monkeypatch.setenv("APBRIDGE_VAULT_KEY", Fernet.generate_key().decode())
    Vault.create().set({"x": SECRET})


@pytest.mark.usefixtures("in_vault")
@pytest.mark.parametrize("setting", sorted(settings.NEVER_SECRET))
def test_a_setting_that_is_shown_takes_no_secret(setting: str):
    assert settings.text({"client_id": "vault:x"}, "client_id") == SECRET
    with pytest.raises(SettingError) as refused:
        settings.text({setting: "vault:x"}, setting)
    assert refused.value.code == "APB-SET-006"
    assert SECRET not in str(refused.value)


@pytest.mark.usefixtures("in_vault")
@pytest.mark.parametrize("plugin", [NetSuiteSettings, AvidXchangeSettings])
def test_an_address_out_of_the_vault_is_not_quoted(plugin: type[NetSuiteSettings | AvidXchangeSettings]):
    config = {"account_id": "1234567", "client_id": "c", "certificate_id": "d", "private_key": "k"}
    with pytest.raises(SettingError) as refused:
        plugin.from_config({**config, "base_url": "vault:x"})
    assert refused.value.code == "APB-SET-006"
    assert SECRET not in str(refused.value)


@pytest.fixture
def key_file() -> Iterator[Path]:
    """A private key where others may come to."""
    private = ec.generate_private_key(ec.SECP256R1())
    kind = serialization.PrivateFormat.PKCS8
    pem = private.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "key.pem")
        file.write_bytes(pem)
        yield file


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602])
def test_a_private_key_that_others_may_read_is_refused(key_file: Path, mode: int):
    config = {
        "account_id": "1234567",
        "client_id": "c",
        "certificate_id": "d",
        "private_key_path": str(key_file),
    }
    key_file.chmod(0o600)
    assert NetSuiteSettings.from_config(config).key.algorithm == "ES256"
    key_file.chmod(mode)
    with pytest.raises(SettingError) as refused:
        NetSuiteSettings.from_config(config)
    assert refused.value.code == "APB-NS-007"
    assert f"chmod 600 {key_file}" in str(refused.value)
