"""Fresh credentials for both systems, as an administrator would hand them out."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apbridge_sandbox.clock import stamp
from apbridge_sandbox.store import Store

ACCOUNT_ID = "1234567_SB1"
RESTLET_SCRIPT = "customscript_apbridge_restlet"
RESTLET_DEPLOY = "customdeploy_apbridge_restlet"
KEY_FILE = "private_key.pem"

_CERTIFICATE_DAYS = 729
_ADMINISTRATOR_ROLE = 3
_ENTITY = "-5"


def issue(store: Store, folder: Path, url: str | None = None) -> dict[str, str]:
    """Write a new key pair and `.env` into the folder; earlier credentials stay valid.

    Args:
        store: Where the certificate is mapped and the tokens are known from then on.
        folder: Made where it is not there. Both files are for their owner only.
        url: Of the running sandbox, for the base URLs; left out of the `.env` otherwise.

    Returns:
        The `.env`'s names and values.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
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
    }
    if url:
        base = url.rstrip("/")
        env |= {"NETSUITE_BASE_URL": base, "AVIDXCHANGE_BASE_URL": f"{base}/avidconnect"}
    lines = "".join(f"{name}={value}\n" for name, value in env.items())
    _write_private(folder / ".env", lines.encode())
    return env


def _map_certificate(store: Store, key: ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    client_id, certificate_id = secrets.token_hex(32), secrets.token_urlsafe(32)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AP bridge sandbox")])
    # Certificates are judged by real time, as sign-in is.
    begins = datetime.now(timezone.utc) - timedelta(minutes=5)
    ends = begins + timedelta(days=_CERTIFICATE_DAYS)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    with store.write() as conn:
        conn.execute("INSERT INTO ns_integration (client_id, name) VALUES (?, 'AP bridge')", (client_id,))
        conn.execute(
            "INSERT INTO ns_certificate (certificate_id, client_id, pem, role, entity, valid_from,"
            " valid_until, algorithm) VALUES (?, ?, ?, ?, ?, ?, ?, 'EC')",
            (certificate_id, client_id, pem, _ADMINISTRATOR_ROLE, _ENTITY, stamp(begins), stamp(ends)),
        )
    return client_id, certificate_id


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


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
