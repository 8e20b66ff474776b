"""Changing over to a new certificate, in steps that are each safe to be the last.

The vault holds what is in use under the names that the settings refer to, what is to be used next under the
same names with `.next`, and what was in use before with `.old`. Changing over is one write of the vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from typing import Any

from apbridge.errors import RefusedError, SettingError
from apbridge.netsuite import NetSuite, NetSuiteSettings, restlet
from apbridge.netsuite.certificate import Certificate
from apbridge.vault import OWNER_END, REFERENCE, Vault
from apbridge_operator.certificates import Certificates
from apbridge_operator.key_pair import KeyPair

SETTINGS = ("private_key", "certificate", "certificate_id")
NEXT, _OLD = ".next", ".old"
_CERTIFICATE = "netsuite_certificate"
_SAME_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True)
class ChangedOver:
    """What a rotation came to.

    Args:
        certificate_id: In use from now on.
        old_certificate_id: In use before, and still good until it is revoked.
        certificate: PEM of the one in use.
        certificate_secret: Its name in the vault.
    """

    certificate_id: str
    old_certificate_id: str
    certificate: str
    certificate_secret: str


class Rotation:
    """The certificates of one project.

    Args:
        config: Settings of a NetSuite plugin.
        others: Settings of the other plugins that sign in there.

    Raises:
        SettingError: They do not all name the same secrets of a vault.
    """

    def __init__(self, config: Mapping[str, Any], *others: Mapping[str, Any]) -> None:
        every = [{setting: str(one.get(setting) or "") for setting in SETTINGS} for one in (config, *others)]
        named = every[0]
        if not any(one["certificate"] for one in every):
            # Whoever was given a key may have no certificate to it: it has one from the next on.
            owner, end, _ = named["private_key"].removeprefix(REFERENCE).rpartition(OWNER_END)
            for one in every:
                one["certificate"] = f"{REFERENCE}{owner}{end}{_CERTIFICATE}"
        for setting, value in named.items():
            if not value.startswith(REFERENCE) or any(one[setting] != value for one in every):
                raise SettingError("APB-CRT-001", setting=setting)
        self._names = {setting: value.removeprefix(REFERENCE) for setting, value in named.items()}
        self._config = config
        self._vault = Vault.open()

    @cached_property
    def _settings(self) -> NetSuiteSettings:
        """Of what is in use; where that has expired, there are none."""
        return NetSuiteSettings.from_config(self._config)

    @property
    def unrevoked(self) -> str | None:
        """The certificate in use before the last change-over, where it is not revoked yet."""
        return self._kept("certificate_id", _OLD)

    @property
    def is_staged(self) -> bool:
        """Whether a next key waits for its certificate to be mapped."""
        return self._kept("private_key", NEXT) is not None

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
        if old := self.unrevoked:
            raise SettingError("APB-CRT-002", certificate_id=old)
        is_resumed = self.is_staged
        self.stage(kind, self._settings.account_id)
        if self._kept("certificate_id", NEXT) is None:
            with NetSuite(self._settings) as netsuite:
                certificates = Certificates(netsuite)
                found = self._mapped_before(certificates) if is_resumed else None
                if found is None:
                    pem = self._secret("certificate", NEXT)
                    found = certificates.set_up(pem, *_signed_in(netsuite, role, entity))
                self._keep(NEXT, {"certificate_id": found})
        if failure := self._refusal(proved := self._secret("certificate_id", NEXT), NEXT):
            says = failure.says.rstrip(".")
            raise SettingError("APB-CRT-003", certificate_id=proved, says=says) from failure
        return self._change_over()

    def stage(self, kind: str, account_id: str) -> str:
        """Make the next key, where none waits, beside the one in use, and return its certificate as PEM."""
        if not self.is_staged:
            pair = KeyPair.make(kind, account_id)
            self._keep(NEXT, {"private_key": pair.private_key, "certificate": pair.certificate})
        return self._secret("certificate", NEXT)

    def take(self, certificate_id: str) -> ChangedOver | None:
        """Sign in with the next key and the mapping that a person made for it, and change over.

        Args:
            certificate_id: That NetSuite shows.

        Returns:
            None where it is another mapping of the certificate in use, which stays.

        Raises:
            SettingError: Neither key signs in with it. What was in use still is, and the next one waits.
        """
        failure = self._refusal(certificate_id, NEXT)
        if failure is None:
            self._keep(NEXT, {"certificate_id": certificate_id})
            return self._change_over()
        if self._refusal(certificate_id) is None:
            return None
        says = failure.says.rstrip(".")
        raise SettingError("APB-CRT-008", certificate_id=certificate_id, says=says) from failure

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
            self._kept("certificate_id", NEXT): "next",
            self._settings.certificate_id: "in use",
        }
        return {certificate_id: use for certificate_id, use in found.items() if certificate_id}

    def _mapped_before(self, certificates: Certificates) -> str | None:
        """Find the new certificate where it was mapped and the run was killed before it could be noted."""
        begins = Certificate.from_pem(self._secret("certificate", NEXT)).begins
        for one in certificates.listed():
            is_known = one.is_revoked or one.id == self._settings.certificate_id
            if (
                not is_known
                and abs(one.begins - begins) < _SAME_MOMENT
                and self._refusal(one.id, NEXT) is None
            ):
                return one.id
        return None

    def _refusal(self, certificate_id: str, which: str = "") -> SettingError | None:
        """Try a key with a mapping; return what keeps it from signing in."""
        tried: dict[str, str | None] = {
            "private_key": self._secret("private_key", which),
            "certificate": self._kept("certificate", which),
            "certificate_id": certificate_id,
        }
        try:
            settings = NetSuiteSettings.from_config({**self._config, **tried, "certificate_path": None})
            with NetSuite(settings) as netsuite:
                netsuite.suiteql("SELECT 1 AS one FROM dual", limit=1, purpose="prove the new certificate")
        except SettingError as failure:
            return failure
        return None

    def _change_over(self) -> ChangedOver:
        changes: dict[str, str | None] = {}
        for name in self._names.values():
            changes[name + _OLD] = self._vault.get(name) if name in self._vault.names() else None
            changes[name] = self._vault.get(name + NEXT)
            changes[name + NEXT] = None
        self._vault.set(changes)
        return ChangedOver(
            self._vault.get(self._names["certificate_id"]),
            self._secret("certificate_id", _OLD),
            self._vault.get(self._names["certificate"]),
            self._names["certificate"],
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
