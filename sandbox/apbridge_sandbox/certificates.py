"""Certificates: what signs an assertion, mapped to an integration, a role and an entity."""

from __future__ import annotations

import secrets
import sqlite3
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509.oid import NameOID

from apbridge_sandbox.clock import stamp

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey
PublicKey = EllipticCurvePublicKey | RSAPublicKey

LONGEST_VALIDITY = timedelta(days=730)
"""NetSuite: OAuth 2.0 client credentials, certificate requirements. The sizes below likewise."""

_RSA_SIZES = frozenset({3072, 4096})
_EC_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_RSA_ALGORITHMS = ("PS256", "PS384", "PS512")

MOST_ACTIVE = 5
"""Active certificates of one integration."""

ADMINISTRATOR_ROLE = 3
INTEGRATION_ROLE = 1000
"""The roles of the account: the administrator's, and the one made for the integration."""
SYSTEM_ENTITY = "-5"


def create_key() -> EllipticCurvePrivateKey:
    """Make a key pair of the kind that NetSuite's own guide makes: EC P-256."""
    return generate_private_key(SECP256R1())


def self_signed(
    key: PrivateKey, *, begins: datetime | None = None, lasts: timedelta = LONGEST_VALIDITY
) -> str:
    """Make the certificate of a key, as PEM. Certificates are judged by real time, as sign-in is.

    Args:
        key: Private key.
        begins: Now, unless told.
        lasts: Until it ends.
    """
    begins = begins or datetime.now(timezone.utc) - timedelta(minutes=5)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AP bridge sandbox")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + lasts)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def create_integration(conn: sqlite3.Connection, name: str) -> str:
    """Make an integration and return its client id."""
    client_id = secrets.token_hex(32)
    conn.execute("INSERT INTO ns_integration (client_id, name) VALUES (?, ?)", (client_id, name))
    return client_id


def map_certificate(
    conn: sqlite3.Connection,
    client_id: str,
    pem: str,
    role: int = ADMINISTRATOR_ROLE,
    entity: str = SYSTEM_ENTITY,
    *,
    shortens: bool = False,
) -> str:
    """Map a certificate to an integration, a role and an entity, and return its id.

    Args:
        conn: The books.
        client_id: Of the integration.
        pem: The certificate.
        role: Internal id of the role that it signs in as.
        entity: Internal id of the user.
        shortens: Whether one that is valid for too long is taken until two years are over, and not refused.

    Raises:
        ValueError: NetSuite does not take such a certificate.
    """
    begins, ends, algorithm = _read(pem, shortens=shortens)
    active = conn.execute(
        "SELECT pem FROM ns_certificate WHERE client_id = ? AND revoked = 'F' AND valid_until > ?",
        (client_id, stamp(datetime.now(timezone.utc))),
    ).fetchall()
    if any(_same(row["pem"], pem) for row in active):
        message = "The certificate is already in use for this application."
        raise ValueError(message)
    if len(active) >= MOST_ACTIVE:
        message = f"There are already {MOST_ACTIVE} active certificates for this application."
        raise ValueError(message)
    # One in 64 of NetSuite's begins so, and then a command takes it for an option.
    certificate_id = "-" + secrets.token_urlsafe(32)[1:]
    conn.execute(
        "INSERT INTO ns_certificate (certificate_id, client_id, pem, role, entity, valid_from, valid_until,"
        " algorithm) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (certificate_id, client_id, pem, role, entity, stamp(begins), stamp(ends), algorithm),
    )
    return certificate_id


def _same(one: str, other: str) -> bool:
    return x509.load_pem_x509_certificate(one.encode()) == x509.load_pem_x509_certificate(other.encode())


def _read(pem: str, *, shortens: bool) -> tuple[datetime, datetime, str]:
    """Read when a certificate begins and ends, and of what kind its key is."""
    if "PRIVATE KEY" in pem:
        message = "The file contains a private key."
        raise ValueError(message)
    certificates = x509.load_pem_x509_certificates(pem.encode())
    if len(certificates) != 1:
        message = "The file has to contain one certificate."
        raise ValueError(message)
    begins, ends = certificates[0].not_valid_before_utc, certificates[0].not_valid_after_utc
    if ends - begins > LONGEST_VALIDITY:
        if not shortens:
            message = "The certificate is valid for more than two years."
            raise ValueError(message)
        ends = begins + LONGEST_VALIDITY
    if ends <= datetime.now(timezone.utc):
        message = "The certificate has expired."
        raise ValueError(message)
    algorithms = algorithms_of(public_key(pem))
    if not algorithms:
        message = "The certificate's key is neither RSA of 3072 or 4096 bits nor EC of 256, 384 or 521 bits."
        raise ValueError(message)
    return begins, ends, "EC" if algorithms[0].startswith("ES") else "RSA"


@lru_cache(maxsize=64)
def public_key(pem: str) -> PublicKey:
    """Return a certificate's public key.

    Raises:
        ValueError: It is of a kind that signs no assertion.
    """
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    if not isinstance(key, PublicKey):
        message = "The certificate's key is neither RSA nor EC."
        raise ValueError(message)  # noqa: TRY004 - it is the certificate's content that is wrong
    return key


def algorithms_of(key: PublicKey) -> tuple[str, ...]:
    """Return the algorithms that a key may sign with; none for a key that NetSuite does not take."""
    if isinstance(key, RSAPublicKey):
        return _RSA_ALGORITHMS if key.key_size in _RSA_SIZES else ()
    algorithm = _EC_ALGORITHMS.get(key.curve.name)
    return (algorithm,) if algorithm else ()
