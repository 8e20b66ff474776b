"""The settings of the AvidXchange side, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apbridge import settings
from apbridge.errors import SettingError
from apbridge.origin import Origin

_CREDENTIALS = ("company_token", "user_token", "client_id", "client_secret", "company_id")
"""What a profile's sign-in may name; `profile.schema.json` has the same list."""


@dataclass(frozen=True)
class AvidXchangeSettings:
    """How to reach and sign in to AvidXchange.

    Args:
        base_url: What every path of the profile is below.
        profile: A profile's name, or the path of its file.
        concurrency: Most calls in flight.
        most_answer_bytes: Longest answer that is read.
        credentials: Values that a profile's sign-in may name.
        company: Whose they are, where one project serves several.
    """

    base_url: str
    profile: str
    concurrency: int
    most_answer_bytes: int
    credentials: Mapping[str, str] = field(repr=False)
    company: str | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> AvidXchangeSettings:
        """Read a plugin's settings.

        Raises:
            SettingError: One is missing or wrong; it says which.
        """
        credentials = {name: settings.text(config, name) for name in _CREDENTIALS}
        return cls(
            base_url=settings.url(settings.required_text(config, "base_url")),
            profile=settings.text(config, "profile") or settings.DEFAULT_PROFILE,
            concurrency=settings.concurrency(config, 8),
            most_answer_bytes=settings.most_answer_bytes(config),
            credentials={name: value for name, value in credentials.items() if value is not None},
            company=settings.text(config, settings.COMPANY),
        )

    @property
    def origin(self) -> Origin:
        """Where it is, and which company where the settings name it."""
        return Origin.of("avidxchange", self.base_url, company=self.credentials.get("company_id"))

    def require(self, names: Sequence[str]) -> None:
        """Check that every credential is there that the profile's sign-in asks for.

        Raises:
            SettingError: One is missing, or holds what a header cannot carry.
        """
        for name in names:
            value = self.credentials.get(name)
            if value is None:
                raise SettingError(
                    "APB-AX-012", setting=name, profile=self.profile, names=" and ".join(names)
                )
            if not (value.isascii() and value.isprintable()):
                raise SettingError(
                    "APB-SET-001", setting=name, problem="it holds more than letters and signs"
                )

    def values(self, names: Mapping[str, str]) -> Mapping[str, str]:
        """Put the credentials in place of the settings that name them."""
        return {place: self.credentials[name] for place, name in names.items()}
