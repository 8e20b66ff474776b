from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apbridge.netsuite.keys import SigningKey
from apbridge.vault import Vault
from apbridge_operator.key_pair import KeyPair

Apbridge = Callable[..., Any]


@pytest.fixture
def vault(apbridge: Apbridge) -> Apbridge:
    """The command, with a place for the vault's key."""
    os.environ["APBRIDGE_VAULT_KEY_FILE"] = "key"
    return lambda *words, stdin="": apbridge("vault", *words, stdin=stdin)


def test_a_value_comes_from_standard_input_and_is_shown_nowhere(vault: Apbridge):
    ended = vault("set", "user_token", stdin="s3cret\n")
    assert (ended.code, "vault:user_token" in ended.out) == (0, True)
    listed = vault("list")
    assert listed.out == "user_token\n"
    assert json.loads(vault("list", "--json").out) == {"names": ["user_token"]}
    assert Vault.open().get("user_token") == "s3cret"
    assert "s3cret" not in ended.out + ended.err + listed.out + listed.err


def test_a_value_is_asked_for_at_a_terminal(vault: Apbridge, monkeypatch: pytest.MonkeyPatch):
    class TypedTerminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(io, "StringIO", TypedTerminal)
    asked: dict[str, object] = {}
    monkeypatch.setattr("typer.prompt", lambda _, **options: asked.update(options) or "s3cret")
    assert vault("set", "user_token").code == 0
    assert asked == {"hide_input": True}
    assert Vault.open().get("user_token") == "s3cret"


def test_a_value_is_no_argument(vault: Apbridge):
    assert vault("set", "user_token", "s3cret").code == 2
    assert not Path(".apbridge").exists()


def test_without_a_place_for_its_key_no_vault_is_made(apbridge: Apbridge):
    ended = apbridge("vault", "set", "user_token", stdin="x")
    assert (ended.code, "APB-VLT-002" in ended.err) == (2, True)
    assert not Path(".apbridge/vault.json").exists()


def test_a_new_key_opens_what_the_old_one_did(vault: Apbridge):
    vault("set", "user_token", stdin="s3cret")
    before = Path("key").read_text()
    assert json.loads(vault("rotate-key", "--json").out) == {"rotated": True, "key_in": "key"}
    assert Path("key").read_text() != before
    assert Vault.open().get("user_token") == "s3cret"


def test_secrets_are_printed_only_when_forced_and_then_as_plugins_read_them(vault: Apbridge):
    pair = KeyPair.make("ec", "1")
    vault("set", "netsuite_private_key", stdin=pair.private_key)
    os.environ["NETSUITE_PRIVATE_KEY"] = "vault:netsuite_private_key"
    refused = vault("export", "--to-env")
    assert (refused.code, "APB-VLT-009" in refused.err, refused.out) == (2, True, "")
    (line,) = vault("export", "--to-env", "--force").out.splitlines()
    name, _, value = line.partition("=")
    assert name == "NETSUITE_PRIVATE_KEY"
    assert (
        SigningKey.from_pem(value).key.public_key() == SigningKey.from_pem(pair.private_key).key.public_key()
    )
