"""The settings of the NetSuite side, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apbridge import settings
from apbridge.errors import SettingError
from apbridge.netsuite.certificate import Certificate
from apbridge.netsuite.keys import SigningKey, check_private
from apbridge.origin import Origin


@dataclass(frozen=True)
class NetSuiteSettings:
    """How to reach and sign in to one NetSuite account.

    Args:
        account_id: Upper case, such as `1234567_SB1`.
        client_id: Of the integration record.
        certificate_id: The `kid` of the assertion.
        key: Signs the assertion.
        certificate: Of that key, where it is told; it is only looked at for its dates.
        base_url: Where SuiteTalk REST is.
        restlet_url: Where RESTlets are.
        restlet_script: Script id of our RESTlet, where it is deployed.
        restlet_deploy: Its deployment id.
        concurrency: Most calls in flight.
        limits_url: Where all processes that call the account share these, where they do.
        most_answer_bytes: Longest answer that is read.
    """

    account_id: str
    client_id: str = field(repr=False)
    certificate_id: str
    key: SigningKey = field(repr=False)
    certificate: Certificate | None
    base_url: str
    restlet_url: str
    restlet_script: str | None
    restlet_deploy: str | None
    concurrency: int
    limits_url: str | None = field(repr=False)
    most_answer_bytes: int

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> NetSuiteSettings:
        """Read a plugin's settings.

        Raises:
            SettingError: One is missing or wrong; it says which.
        """
        account_id = settings.required_text(config, "account_id")
        # The account id decides which host a token is sent to.
        if not settings.ACCOUNT_ID.fullmatch(account_id):
            raise SettingError("APB-NS-001", account_id=account_id)
        host = account_id.lower().replace("_", "-")
        base_url = settings.text(config, "base_url")
        script = settings.text(config, "restlet_script")
        deploy = settings.text(config, "restlet_deploy")
        if (script is None) != (deploy is None):
            missing = "restlet_script" if script is None else "restlet_deploy"
            raise SettingError("APB-SET-002", setting=missing)
        client_id = settings.required_text(config, "client_id")
        certificate_id = settings.required_text(config, "certificate_id")
        key = SigningKey.from_pem(_pem(config))
        certificate = Certificate.from_config(config)
        if certificate:
            certificate.check(key)
        return cls(
            account_id=account_id.upper(),
            client_id=client_id,
            certificate_id=certificate_id,
            key=key,
            certificate=certificate,
            base_url=settings.url(base_url or f"https://{host}.suitetalk.api.netsuite.com"),
            restlet_url=settings.url(base_url or f"https://{host}.restlets.api.netsuite.com"),
            restlet_script=script,
            restlet_deploy=deploy,
            concurrency=settings.concurrency(config, 5),
            limits_url=settings.place(config, "limits_url"),
            most_answer_bytes=settings.most_answer_bytes(config),
        )

    @property
    def origin(self) -> Origin:
        """Which account it is, and where."""
        return Origin.of("netsuite", self.base_url, account=self.account_id)

    @property
    def audience(self) -> str:
        """The token endpoint by its own name: what an assertion is for, even behind a proxy."""
        host = self.account_id.lower().replace("_", "-")
        return f"https://{host}.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"

    @property
    def is_sandbox(self) -> bool:
        """Whether it is a NetSuite sandbox, which a refresh resets."""
        return "_SB" in self.account_id


def _pem(config: Mapping[str, Any]) -> str:
    path = settings.place(config, "private_key_path")
    if settings.text(config, "private_key") is None and path is not None:
        check_private(Path(path).expanduser())
    pem = settings.text_or_file(config, "private_key")
    if pem is None:
        raise SettingError("APB-SET-002", setting="private_key (or private_key_path)")
    return pem
