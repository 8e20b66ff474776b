"""The certificate behind the private key: how long it is still good for, said in time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from apbridge import settings
from apbridge.errors import APBridgeError, SettingError
from apbridge.netsuite.keys import SigningKey

MILESTONES = (60, 30, 14, 7)
"""Days before its end at which somebody should be told. From the first on, every run says it."""


@dataclass(frozen=True)
class Certificate:
    """A certificate that was uploaded to NetSuite, or is to be.

    Args:
        begins: From when it is valid.
        ends: Until when.
        public_key: What it certifies, in DER.
    """

    begins: datetime
    ends: datetime
    public_key: bytes = field(repr=False)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Certificate | None:
        """Read `certificate` or `certificate_path`; None where neither is set.

        Raises:
            SettingError: There is no certificate in it.
        """
        pem = settings.text_or_file(config, "certificate")
        return None if pem is None else cls.from_pem(pem)

    @classmethod
    def from_pem(cls, pem: str) -> Certificate:
        """Read a certificate.

        Raises:
            SettingError: It is none.
        """
        try:
            # Environment files often carry it on one line, its line ends written out.
            found = x509.load_pem_x509_certificate(pem.replace("\\n", "\n").encode())
            key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return cls(found.not_valid_before_utc, found.not_valid_after_utc, key)
        except UnsupportedAlgorithm as failure:
            raise SettingError("APB-NS-003", problem="its key is of an unknown kind") from failure
        except (ValueError, x509.InvalidVersion) as failure:
            raise SettingError("APB-NS-003", problem="it is no PEM certificate") from failure

    def is_of(self, key: SigningKey) -> bool:
        """Return whether it is the certificate of a key."""
        own = key.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return own == self.public_key

    def check(self, key: SigningKey, now: datetime | None = None) -> None:
        """Check that it can sign in with a key now, before NetSuite is asked.

        Raises:
            SettingError: It is of another key, has expired, or is not valid yet.
        """
        if not self.is_of(key):
            raise SettingError("APB-NS-003", problem="it belongs to another private key")
        now = now or datetime.now(timezone.utc)
        if now >= self.ends:
            raise SettingError("APB-NS-004", day=self.ends.date(), today=now.date())
        if now < self.begins:
            moments = {"moment": self.begins, "now": now}
            raise SettingError(
                "APB-NS-005", **{name: f"{at:%Y-%m-%d %H:%M} UTC" for name, at in moments.items()}
            )

    def days_left(self, now: datetime | None = None) -> int:
        """Return the whole days until its end; negative once it has expired."""
        return (self.ends - (now or datetime.now(timezone.utc))).days

    def milestone(self, now: datetime | None = None) -> int | None:
        """Return the last milestone that was reached, in days; None while its end is far."""
        left = self.days_left(now)
        return min((days for days in MILESTONES if left <= days), default=None)

    def reminder(self, now: datetime | None = None) -> str | None:
        """Return the sentence that its end is near; None while it is far."""
        if self.milestone(now) is None:
            return None
        return str(APBridgeError("APB-NS-006", day=self.ends.date(), days=max(self.days_left(now), 0)))


def remind(certificate: Certificate | None, logger: logging.Logger) -> None:
    """Log, as a run's last line, that the certificate's end is near, where it is."""
    if certificate and (reminder := certificate.reminder()):
        logger.warning("%s", reminder)
