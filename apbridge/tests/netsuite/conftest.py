"""Keys of every kind, made once, and a client of the scripted server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from apbridge.netsuite import NetSuite, NetSuiteSettings

if TYPE_CHECKING:
    from tests.conftest import AnswerScript

_MAKERS: dict[str, Callable[[], Any]] = {
    "RSA 3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@cache
def _key(kind: str) -> Any:  # noqa: ANN401
    return _MAKERS[kind]()


@cache
def _pem(kind: str, passphrase: bytes | None = None) -> str:
    encryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    form = serialization.PrivateFormat.PKCS8
    told: bytes = _key(kind).private_bytes(serialization.Encoding.PEM, form, encryption)
    return told.decode()


@pytest.fixture
def pem() -> Callable[..., str]:
    return _pem


@pytest.fixture
def public_pem() -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    told: bytes = _key("P-256").public_key().public_bytes(serialization.Encoding.PEM, form)
    return told.decode()


@pytest.fixture
def config() -> dict[str, Any]:
    return {
        "account_id": "1234567_sb1",
        "client_id": "client-1",
        "certificate_id": "cert-1",
        "private_key": _pem("P-256"),
    }


TOKEN = {"access_token": "t1", "expires_in": 3600, "token_type": "Bearer"}


@pytest.fixture
def netsuite_to(config: dict[str, Any]) -> Iterator[Callable[..., NetSuite]]:
    """Make clients of an address and close them at the end."""
    with ExitStack() as clients:

        def make(url: str, **more: Any) -> NetSuite:  # noqa: ANN401
            settings = NetSuiteSettings.from_config({**config, "base_url": url, **more})
            return clients.enter_context(NetSuite(settings))

        yield make


@pytest.fixture
def netsuite(script: AnswerScript, netsuite_to: Callable[..., NetSuite]) -> NetSuite:
    """Return a client whose sign-in is granted."""
    script.then(200, TOKEN)
    return netsuite_to(script.url, restlet_script="customscript_x", restlet_deploy="customdeploy_x")
