"""Sign-in by headers whose values are settings: the Company Token and the User Token."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from apbridge.avidxchange.settings import AvidXchangeSettings
from apbridge.errors import APBridgeError, SettingError
from apbridge.http import Verdict


class HeaderSignIn:
    """Puts the tokens on every call.

    Args:
        headers: Each header with the setting that holds its value.
        settings: Where the values are.

    Raises:
        SettingError: A setting that the profile asks for is missing.
    """

    def __init__(self, headers: Mapping[str, str], settings: AvidXchangeSettings) -> None:
        self._settings = settings
        self._names = " and ".join(headers.values())
        self._headers = {header: settings.credential(name) for header, name in headers.items()}

    def headers(self) -> Mapping[str, str]:
        """Give the tokens."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002
        """Say that there is nothing to renew: tokens are fixed."""
        return False

    def rejected(self, verdict: Verdict) -> APBridgeError:
        """Say which settings to look at."""
        status = verdict.details["status"]
        code = "APB-AX-011" if status == HTTPStatus.FORBIDDEN else "APB-AX-010"
        says = verdict.says.rstrip(".") or f"HTTP {status}"
        return SettingError(code, says=says, names=self._names, profile=self._settings.profile)
