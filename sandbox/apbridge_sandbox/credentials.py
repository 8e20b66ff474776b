"""Fresh credentials for both systems, as an administrator would hand them out."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from apbridge_sandbox.certificates import (
    ADMINISTRATOR_ROLE,
    SYSTEM_ENTITY,
    PrivateKey,
    create_integration,
    create_key,
    map_certificate,
    self_signed,
)
from apbridge_sandbox.clock import COMPANY_ZONE
from apbridge_sandbox.store import Store

ACCOUNT_ID = "1234567_SB1"
ACCOUNT_HOST = "1234567-sb1"
"""The account id as host names have it."""

RESTLET_SCRIPT = "customscript_apbridge_restlet"
RESTLET_DEPLOY = "customdeploy_apbridge_restlet"
KEY_FILE = "private_key.pem"
ENV_FILE = ".env"


def in_the_way(folder: Path) -> list[Path]:
    """Name the files in a folder that credentials written there would replace."""
    # A link counts wherever it leads: it is the link that would be replaced.
    return [file for file in (folder / ENV_FILE, folder / KEY_FILE) if os.path.lexists(file)]


def issue(store: Store, folder: Path, url: str | None = None, *, token_based: bool = False) -> dict[str, str]:
    """Write a new key pair and `.env` into the folder; earlier credentials stay valid.

    Args:
        store: Where the certificate is mapped and the tokens are known from then on.
        folder: Made where it is not there. Both files are for their owner only, and replace what is there:
            ask `in_the_way` first.
        url: Of the running sandbox, for the base URLs; left out of the `.env` otherwise.
        token_based: Whether to write what token-based sign-in (OAuth 1.0a) takes besides.

    Returns:
        The `.env`'s names and values.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = create_key()
    key_path = (folder / KEY_FILE).resolve()
    _write_private(
        key_path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    client_id, certificate_id = _map_certificate(store, key)
    company_token, user_token = _issue_tokens(store)
    env = {
        "NETSUITE_ACCOUNT_ID": ACCOUNT_ID,
        "NETSUITE_CLIENT_ID": client_id,
        "NETSUITE_CERTIFICATE_ID": certificate_id,
        "NETSUITE_PRIVATE_KEY_PATH": str(key_path),
        "NETSUITE_RESTLET_SCRIPT": RESTLET_SCRIPT,
        "NETSUITE_RESTLET_DEPLOY": RESTLET_DEPLOY,
        "AVIDXCHANGE_COMPANY_TOKEN": company_token,
        "AVIDXCHANGE_USER_TOKEN": user_token,
        **_create_client(store),
        **_create_user(store),
    }
    if token_based:
        env |= _issue_access_token(store)
    if url:
        base = url.rstrip("/")
        env |= {
            "NETSUITE_BASE_URL": base,
            "AVIDXCHANGE_BASE_URL": f"{base}/avidconnect",
            "AVIDXCHANGE_PARTNER_BASE_URL": f"{base}/partner",
            "AVIDXCHANGE_AVIDSUITE_BASE_URL": f"{base}/avidsuite",
        }
    lines = "".join(f"{name}={value}\n" for name, value in env.items())
    _write_private(folder / ENV_FILE, lines.encode())
    return env


def _map_certificate(store: Store, key: PrivateKey) -> tuple[str, str]:
    with store.write() as conn:
        client_id = create_integration(conn, "AP bridge")
        return client_id, map_certificate(conn, client_id, self_signed(key))


def _issue_access_token(store: Store) -> dict[str, str]:
    consumer_key, consumer_secret, token_id, token_secret = (secrets.token_hex(32) for _ in range(4))
    with store.write() as conn:
        conn.execute("INSERT INTO ns_consumer VALUES (?, ?)", (consumer_key, consumer_secret))
        conn.execute(
            "INSERT INTO ns_access_token VALUES (?, ?, ?, ?, ?)",
            (token_id, token_secret, consumer_key, ADMINISTRATOR_ROLE, SYSTEM_ENTITY),
        )
    return {
        "NETSUITE_CONSUMER_KEY": consumer_key,
        "NETSUITE_CONSUMER_SECRET": consumer_secret,
        "NETSUITE_TOKEN_ID": token_id,
        "NETSUITE_TOKEN_SECRET": token_secret,
    }


def _issue_tokens(store: Store) -> tuple[str, str]:
    user_token = secrets.token_urlsafe(32)
    with store.write() as conn:
        conn.execute(
            "INSERT OR IGNORE INTO ax_company (id, name, company_token)"
            " VALUES (1, 'Harborview Property Management', ?)",
            (secrets.token_urlsafe(32),),
        )
        conn.execute("INSERT INTO ax_user_token (token) VALUES (?)", (user_token,))
        (company_token,) = conn.execute("SELECT company_token FROM ax_company").fetchone()
    return company_token, user_token


def _create_client(store: Store) -> dict[str, str]:
    """Make an OAuth client for the partner surface."""
    client_id, client_secret = secrets.token_hex(16), secrets.token_urlsafe(32)
    with store.write() as conn:
        conn.execute("INSERT INTO ax_client VALUES (?, ?)", (client_id, client_secret))
        (company_id,) = conn.execute("SELECT id FROM ax_company").fetchone()
    return {
        "AVIDXCHANGE_CLIENT_ID": client_id,
        "AVIDXCHANGE_CLIENT_SECRET": client_secret,
        "AVIDXCHANGE_COMPANY_ID": str(company_id),
    }


def _create_user(store: Store) -> dict[str, str]:
    """Make a user and a gateway's key for the avidsuite surface, where the company has none yet.

    They stay as long as its books: another user would be another company to whoever signs in.
    """
    fresh = (f"user-{secrets.token_hex(4)}@harborview.example", secrets.token_urlsafe(16))
    with store.write() as conn:
        conn.execute("INSERT INTO ax_user SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM ax_user)", fresh)
        conn.execute(
            "INSERT INTO ax_gateway SELECT ? WHERE NOT EXISTS (SELECT 1 FROM ax_gateway)",
            (secrets.token_urlsafe(32),),
        )
        name, password = conn.execute("SELECT name, password FROM ax_user ORDER BY rowid").fetchone()
        (key,) = conn.execute("SELECT key FROM ax_gateway ORDER BY rowid").fetchone()
    return {
        "AVIDXCHANGE_USER_NAME": name,
        "AVIDXCHANGE_PASSWORD": password,
        "AVIDXCHANGE_GATEWAY_KEY": key,
        "AVIDXCHANGE_TIME_ZONE": COMPANY_ZONE.key,
    }


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
