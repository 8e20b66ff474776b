"""NetSuite's certificate endpoint: an integration lists, sets up and revokes its own certificates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from apbridge.errors import OutcomeUnknownError
from apbridge.http import Call, Idempotency
from apbridge.netsuite.answers import as_documented
from apbridge.netsuite.client import NetSuite

PERMISSION = "Setup, Manage Own OAuth 2.0 Client Credentials Certificates"


@dataclass(frozen=True)
class Mapped:
    """A certificate as NetSuite has it.

    Args:
        id: What sign-ins name.
        begins: From when it is valid.
        ends: Until when.
        is_revoked: Nobody signs in with it any more.
    """

    id: str
    begins: datetime
    ends: datetime
    is_revoked: bool


_LIST = "list certificates"
_SECONDS = re.compile(r"[0-9]{1,11}")


class Certificates:
    """The certificates of the integration that is signed in.

    Args:
        netsuite: The account. Its role needs the permission `PERMISSION`.
    """

    def __init__(self, netsuite: NetSuite) -> None:
        self._session = netsuite.restlets
        client_id = netsuite.settings.client_id
        self._path = f"/services/rest/auth/oauth2/v1/clients/{client_id}/certificates"

    def listed(self) -> list[Mapped]:
        """Return all of them, revoked ones too.

        Raises:
            RefusedError: The role may not.
        """
        answer = self.answered()
        with as_documented(_LIST, "no list of them"):
            items = answer["items"] if isinstance(answer, Mapping) else answer
            return [_mapped(item) for item in items]

    def answered(self) -> Any:  # noqa: ANN401
        """Return the answer to the question for all of them, as it came.

        Raises:
            RefusedError: The role may not.
        """
        return self._session.ask(Call("GET", self._path, _LIST))

    def set_up(self, pem: str, role: str, entity: str) -> str:
        """Map a certificate to a role and a user, once, and return its id.

        Args:
            pem: The certificate.
            role: Internal id.
            entity: Internal id of the user.

        Raises:
            OutcomeUnknownError: It may be mapped now: look among `listed`.
            RefusedError: NetSuite does not take it, or the role may not.
        """
        purpose = "set up a certificate"
        body = {"fileContent": pem, "role": _number(role), "entity": entity}
        answer = self._session.ask(Call("POST", self._path, purpose, Idempotency.ONCE, json=body))
        try:
            return str(answer["certificate_id"])
        except (LookupError, TypeError) as failure:
            raise OutcomeUnknownError("APB-NS-021", purpose=purpose) from failure

    def revoke(self, certificate_id: str) -> None:
        """Revoke a certificate. Doing it twice is fine.

        Raises:
            RefusedError: There is no such certificate, or the role may not.
        """
        path = f"{self._path}/{certificate_id}/revoke"
        self._session.send(Call("POST", path, "revoke a certificate", Idempotency.IDEMPOTENT))


def _mapped(item: Mapping[str, Any]) -> Mapped:
    revoked = str(item.get("invalidated", False)).lower() in {"true", "t"}
    return Mapped(str(item["certificate_id"]), _time(item["valid_from"]), _time(item["valid_until"]), revoked)


def _time(value: object) -> datetime:
    """Read a time, written in ISO 8601 or in seconds since 1970."""
    text = str(value)
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), timezone.utc)
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _number(internal_id: str) -> int | str:
    return int(internal_id) if internal_id.lstrip("-").isdecimal() else internal_id
