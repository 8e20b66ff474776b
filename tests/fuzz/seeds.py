"""Inputs that each parser takes: what mutants are made of. Most are in `seeds/*.txt`, one a line."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import cache

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from apbridge import json
from apbridge.avidxchange.profile_files import shipped, source
from apbridge.vault.keys import key_id
from demo.meltano import ROOT
from tests import recordings
from tests.fuzz.canned import private_key
from tests.fuzz.corpora import entries

VAULT_KEY = "ZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY="


def of(name: str) -> list[bytes]:
    """Return the inputs of a file in `seeds`."""
    return list(entries(name, "seeds"))


def profiles() -> list[bytes]:
    """Return the profiles that ship, and one that extends another."""
    return [*(source(name).encode() for name in shipped()), b"extends: partner\nname: ours\n"]


def api_descriptions() -> list[bytes]:
    """Return a description in each form that a profile is learned from."""
    small = {"type": "object", "properties": {"id": {"type": "string"}, "status": {"enum": ["PAID", "x"]}}}
    answer = {"200": {"content": {"application/json": {"schema": {"type": "array", "items": small}}}}}
    calls = {f"/{name}": {"get": {"responses": answer}} for name in ("vendors", "payments", "invoices")}
    openapi = {"openapi": "3.1.0", "paths": calls, "components": {}}
    swagger = b"swagger: '2.0'\npaths: {/vendors: {put: {responses: {'200': {schema: {}}}}}}\n"
    return [recordings.har().encode(), recordings.postman().encode(), json.dumps(openapi), swagger]


def projects() -> list[bytes]:
    """Return the project's own `meltano.yml`, and one with aliases."""
    return [(ROOT / "meltano.yml").read_bytes(), *of("meltano")]


def vaults() -> list[bytes]:
    """Return a vault that `VAULT_KEY` opens."""
    vault_id = "0" * 32
    content = json.dumps({"id": vault_id, "secrets": {"a": "b"}, "record_keys": [VAULT_KEY]})
    whole = {
        "format": 1,
        "id": vault_id,
        "in_keyring": False,
        "key_id": key_id(VAULT_KEY),
        "content": Fernet(VAULT_KEY).encrypt(content).decode(),
    }
    return [json.dumps(whole)]


def private_keys() -> list[bytes]:
    """Return a key that NetSuite takes and one that it does not."""
    other = ed25519.Ed25519PrivateKey.generate()
    return [
        private_key().encode(),
        other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ]


@cache
def certificates() -> list[bytes]:
    """Return a certificate of a good key and one of another kind."""
    found = []
    for key in (ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()):
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "apbridge")])
        now = datetime(2026, 11, 2, tzinfo=timezone.utc)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=365))
            .sign(key, SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None)
        )
        found.append(built.public_bytes(Encoding.PEM))
    return found
