"""Changing over to a new certificate, in steps that are each safe to be the last.

The vault holds what is in use under the names that the settings refer to, what is to be used next under the
same names with `.next`, and what was in use before with `.old`. Changing over is one write of the vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from apbridge.errors import RefusedError, SettingError
from apbridge.netsuite import NetSuite, NetSuiteSettings, restlet
from apbridge.netsuite.certificate import Certificate
from apbridge.netsuite.keys import SigningKey
from apbridge.vault import REFERENCE, Vault
from apbridge_operator.certificates import Certificates
from apbridge_operator.key_pair import KeyPair

SETTINGS = ("private_key", "certificate", "certificate_id")
_NEXT, _OLD = ".next", ".old"
_SAME_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True)
class ChangedOver:
    """What a rotation came to.

    Args:
        certificate_id: In use from now on.
        old_certificate_id: In use before, and still good until it is revoked.
        certificate: PEM of the one in use.
    """

    certificate_id: str
    old_certificate_id: str
    certificate: str


class Rotation:
    """The certificates of one project.

    Args:
        config: Settings of a NetSuite plugin.
        others: Settings of the other plugins that sign in there.

    Raises:
        SettingError: They do not all name the same secrets of a vault.
    """

    def __init__(self, config: Mapping[str, Any], *others: Mapping[str, Any]) -> None:
        named = {setting: str(config.get(setting) or "") for setting in SETTINGS}
        for setting, value in named.items():
            if not value.startswith(REFERENCE) or any(str(other.get(setting)) != value for other in others):
                raise SettingError("APB-CRT-001", setting=setting)
        self._names = {setting: value.removeprefix(REFERENCE) for setting, value in named.items()}
        self._settings = NetSuiteSettings.from_config(config)
        self._vault = Vault.open()

    def rotate(self, kind: str, role: str | None, entity: str | None) -> ChangedOver:
        """Make a key, map its certificate, sign in with it, change over. Goes on where one was broken off.

        Args:
            kind: Of key: `ec` or `rsa`.
            role: Internal id of the role that the certificate is for; the one that is signed in, unless told.
            entity: Internal id of the user, likewise.

        Raises:
            SettingError: The last rotation's old certificate is not revoked yet, or NetSuite does not take
                the new one. What was in use still is.
        """
        if old := self._kept("certificate_id", _OLD):
            raise SettingError("APB-CRT-002", certificate_id=old)
        is_resumed = self._kept("private_key", _NEXT) is not None
        if not is_resumed:
            pair = KeyPair.make(kind, self._settings.account_id)
            self._keep(_NEXT, {"private_key": pair.private_key, "certificate": pair.certificate})
        if self._kept("certificate_id", _NEXT) is None:
            with NetSuite(self._settings) as netsuite:
                certificates = Certificates(netsuite)
                found = self._mapped_before(certificates) if is_resumed else None
                if found is None:
                    pem = self._secret("certificate", _NEXT)
                    found = certificates.set_up(pem, *_signed_in(netsuite, role, entity))
                self._keep(_NEXT, {"certificate_id": found})
        self._prove(self._secret("certificate_id", _NEXT))
        return self._change_over()

    def revoke(self, certificate_id: str | None = None) -> str:
        """Revoke what was in use before the last rotation, or another certificate; never the one in use.

        Returns:
            Its id.

        Raises:
            SettingError: There is nothing to revoke, it is the one in use, or that does not sign in.
        """
        in_use, old = self._settings.certificate_id, self._kept("certificate_id", _OLD)
        wanted = certificate_id or old
        if wanted is None:
            raise SettingError("APB-CRT-005")
        if wanted == in_use:
            raise SettingError("APB-CRT-004", certificate_id=wanted)
        with NetSuite(self._settings) as netsuite:
            try:
                Certificates(netsuite).revoke(wanted)
            except RefusedError as refused:
                # A sandbox refresh, or an administrator, was quicker.
                if refused.status != HTTPStatus.NOT_FOUND or wanted != old:
                    raise
        if wanted == old:
            self._keep(_OLD, dict.fromkeys(SETTINGS))
        return wanted

    def uses(self) -> dict[str, str]:
        """Return what each certificate that is known here is for, by its id."""
        found = {
            self._kept("certificate_id", _OLD): "before the last rotation",
            self._kept("certificate_id", _NEXT): "next",
            self._settings.certificate_id: "in use",
        }
        return {certificate_id: use for certificate_id, use in found.items() if certificate_id}

    def _mapped_before(self, certificates: Certificates) -> str | None:
        """Find the new certificate where it was mapped and the run was killed before it could be noted."""
        begins = Certificate.from_pem(self._secret("certificate", _NEXT)).begins
        for one in certificates.listed():
            is_known = one.is_revoked or one.id == self._settings.certificate_id
            if not is_known and abs(one.begins - begins) < _SAME_MOMENT and self._signs_in(one.id) is None:
                return one.id
        return None

    def _prove(self, certificate_id: str) -> None:
        if failure := self._signs_in(certificate_id):
            says = failure.says.rstrip(".")
            raise SettingError("APB-CRT-003", certificate_id=certificate_id, says=says) from failure

    def _signs_in(self, certificate_id: str) -> SettingError | None:
        """Try the new key with a mapping; return what keeps it from signing in."""
        key = SigningKey.from_pem(self._secret("private_key", _NEXT))
        with NetSuite(replace(self._settings, certificate_id=certificate_id, key=key)) as netsuite:
            try:
                netsuite.suiteql("SELECT 1 AS one FROM dual", limit=1, purpose="prove the new certificate")
            except SettingError as failure:
                return failure
        return None

    def _change_over(self) -> ChangedOver:
        changes: dict[str, str | None] = {}
        for name in self._names.values():
            changes[name + _OLD] = self._vault.get(name)
            changes[name] = self._vault.get(name + _NEXT)
            changes[name + _NEXT] = None
        self._vault.set(changes)
        return ChangedOver(
            self._vault.get(self._names["certificate_id"]),
            self._secret("certificate_id", _OLD),
            self._vault.get(self._names["certificate"]),
        )

    def _secret(self, setting: str, which: str) -> str:
        return self._vault.get(self._names[setting] + which)

    def _kept(self, setting: str, which: str) -> str | None:
        name = self._names[setting] + which
        return self._vault.get(name) if name in self._vault.names() else None

    def _keep(self, which: str, values: Mapping[str, str | None]) -> None:
        self._vault.set({self._names[setting] + which: value for setting, value in values.items()})


def _signed_in(netsuite: NetSuite, role: str | None, entity: str | None) -> tuple[str, str]:
    """Return role and user as told, and else those that the RESTlet says we are."""
    if role and entity:
        return role, entity
    if netsuite.settings.restlet_script is None:
        raise SettingError("APB-CRT-006")
    told = netsuite.restlet({"action": "version"}, reads=restlet.version, purpose="ask who is signed in")
    role, entity = role or told.role, entity or told.user
    if not role or not entity:
        raise SettingError("APB-CRT-006")
    return role, entity
