"""The private key that signs in, and the algorithm that its kind asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from apbridge.errors import SettingError
from apbridge.files import is_open_to_others

SMALLEST_RSA = 3072
"""Bits (NetSuite: OAuth 2.0 client credentials, certificate requirements)."""

_EC_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


@dataclass(frozen=True, repr=False)
class SigningKey:
    """A private key with its JWT algorithm."""

    key: RSAPrivateKey | EllipticCurvePrivateKey
    algorithm: str

    @classmethod
    def from_pem(cls, pem: str) -> SigningKey:
        """Read a key.

        Raises:
            SettingError: It is no private key, or not one that NetSuite takes.
        """
        try:
            # Environment files often carry a key on one line, its line ends written out.
            key = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
        except TypeError as failure:
            raise SettingError("APB-NS-002", problem="it is encrypted with a passphrase") from failure
        except UnsupportedAlgorithm as failure:
            raise SettingError("APB-NS-002", problem="it is of another kind") from failure
        except ValueError as failure:
            raise SettingError("APB-NS-002", problem=_what_instead(pem)) from failure
        if isinstance(key, RSAPrivateKey):
            if key.key_size < SMALLEST_RSA:
                raise SettingError("APB-NS-002", problem=f"it is RSA with {key.key_size} bits")
            return cls(key, "PS256")
        if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _EC_ALGORITHMS:
            return cls(key, _EC_ALGORITHMS[key.curve.name])
        raise SettingError("APB-NS-002", problem="it is of another kind")


def check_private(file: Path) -> None:
    """Check that a key's file is for its owner alone. What is not there is left to whoever reads it.

    Raises:
        SettingError: Others may read it, or write to it.
    """
    if is_open_to_others(file):
        raise SettingError("APB-NS-007", file=file)


def _what_instead(pem: str) -> str:
    if "ENCRYPTED" in pem:
        return "it is encrypted with a passphrase"
    if "PRIVATE KEY-----" in pem:
        return "it is damaged"
    if "CERTIFICATE-----" in pem:
        return "it is the certificate, not its private key"
    if "PUBLIC KEY-----" in pem:
        return "it is the public key"
    return "it is not PEM text"
