"""The settings of the AvidXchange side, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from apbridge import settings
from apbridge.errors import SettingError
from apbridge.origin import Origin

CREDENTIALS = (
    "company_token",
    "user_token",
    "client_id",
    "client_secret",
    "user_name",
    "password",
    "gateway_key",
    "api_key",
    "company_id",
)
"""What a profile's sign-in may name; `profile.schema.json` has the same list."""

CLIENT_CERTIFICATE = ("client_certificate", "client_private_key")
"""What a sign-in by a certificate takes: PEM texts, each itself or in the file `<name>_path`."""

SIGNING_IN = (*CREDENTIALS, *(f"{name}{end}" for name in CLIENT_CERTIFICATE for end in ("", "_path")))
"""Every setting that says who signs in."""

_OWN_TEXT = frozenset({*CLIENT_CERTIFICATE, "user_name", "password"})
"""What no header carries: a form takes any letter."""


@dataclass(frozen=True)
class AvidXchangeSettings:
    """How to reach and sign in to AvidXchange.

    Args:
        base_url: What every path of the profile is below.
        profile: A profile's name, or the path of its file.
        concurrency: Most calls in flight.
        most_answer_bytes: Longest answer that is read.
        credentials: Values that a profile's sign-in may name, and the certificate with its key.
        time_zone: Of times that come without one.
        company: Whose they are, where one project serves several.
        same_company_login: The login of which somebody has said that it is of the same company as before.
    """

    base_url: str
    profile: str
    concurrency: int
    most_answer_bytes: int
    credentials: Mapping[str, str] = field(repr=False)
    time_zone: ZoneInfo | None = None
    company: str | None = None
    same_company_login: str | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> AvidXchangeSettings:
        """Read a plugin's settings.

        Raises:
            SettingError: One is missing or wrong; it says which.
        """
        credentials = {name: settings.text(config, name) for name in CREDENTIALS}
        credentials |= {name: settings.text_or_file(config, name) for name in CLIENT_CERTIFICATE}
        return cls(
            base_url=settings.url(settings.required_text(config, "base_url")),
            profile=settings.text(config, "profile") or settings.DEFAULT_PROFILE,
            concurrency=settings.concurrency(config, 8),
            most_answer_bytes=settings.most_answer_bytes(config),
            credentials={name: value for name, value in credentials.items() if value is not None},
            time_zone=settings.time_zone(config, "time_zone"),
            company=settings.text(config, settings.COMPANY),
            same_company_login=settings.text(config, "same_company_login"),
        )

    @property
    def origin(self) -> Origin:
        """Where it is, and which company where the settings name it."""
        return Origin.of("avidxchange", self.base_url, company=self.credentials.get("company_id"))

    def require(self, names: Sequence[str]) -> None:
        """Check that every credential is there that the profile's sign-in asks for.

        Raises:
            SettingError: One is missing, or holds what a header or a form cannot carry.
        """
        for name in names:
            value = self.credentials.get(name)
            if value is None:
                raise SettingError(
                    "APB-AX-012", setting=name, profile=self.profile, names=" and ".join(names)
                )
            if name not in _OWN_TEXT and not (value.isascii() and value.isprintable()):
                raise SettingError(
                    "APB-SET-001", setting=name, problem="it holds more than letters and signs"
                )

    def values(self, names: Mapping[str, str]) -> Mapping[str, str]:
        """Put the credentials in place of the settings that name them."""
        return {place: self.credentials[name] for place, name in names.items()}
