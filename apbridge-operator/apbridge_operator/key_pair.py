"""A new key pair with its certificate, of the kinds that NetSuite takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LONGEST = timedelta(days=730)
"""How long a certificate may be valid (NetSuite: OAuth 2.0 client credentials, certificate requirements)."""

_CLOCKS_DIFFER = timedelta(minutes=5)

KINDS: Mapping[str, Callable[[], EllipticCurvePrivateKey | RSAPrivateKey]] = {
    "ec": lambda: generate_private_key(SECP256R1()),
    "rsa": lambda: generate_rsa_key(public_exponent=65537, key_size=4096),
}
"""EC P-256, as NetSuite's own guide makes it, and RSA with 4096 bits."""


@dataclass(frozen=True)
class KeyPair:
    """A private key and its certificate, both PEM."""

    private_key: str = field(repr=False)
    certificate: str

    @classmethod
    def make(cls, kind: str, account_id: str) -> KeyPair:
        """Make one that is good for two years.

        Args:
            kind: `ec` or `rsa`.
            account_id: For the certificate's name, which people see in NetSuite's list.
        """
        key = KINDS[kind]()
        begins = datetime.now(timezone.utc) - _CLOCKS_DIFFER
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"apbridge {account_id}")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + LONGEST)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(private.decode(), certificate.public_bytes(Encoding.PEM).decode())
