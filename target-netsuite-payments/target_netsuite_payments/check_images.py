"""The image of a cleared check, attached to its vendor payment, once for ever."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any

from apbridge import spool
from apbridge.errors import RefusedError, RejectedError, UnavailableError
from apbridge.http import Idempotency
from apbridge.ledger import Row
from apbridge.netsuite import NetSuite, restlet

FACT = "check_image"
"""Name of the fact that tells the hash of the image that is attached."""

LARGEST = 7 * 1024 * 1024
"""Bytes: NetSuite takes 10 MB of a call to a RESTlet, and base64 is a third longer."""

_NOT_OURS = frozenset({"APB-NS-030", "APB-NS-031"})
"""Codes of an answer that is none of our RESTlet's."""


class CheckImages:
    """Attaches images of cleared checks, by the RESTlet.

    Args:
        netsuite: The account.
        spool_url: Where the tap has put them.
        folder: Internal id of the file cabinet's folder that they are kept in.
    """

    def __init__(self, netsuite: NetSuite, spool_url: str, folder: str) -> None:
        self._netsuite = netsuite
        self._spool_url = spool_url
        self._folder = folder

    def content(self, record: Mapping[str, Any]) -> object:
        """Return what of a payment decides whether there is something to attach."""
        image = record.get("cleared_image")
        return image["sha256"] if image else bool(record.get("has_cleared_image"))

    def missing(self, record: Mapping[str, Any], row: Row | None) -> dict[str, Any] | None:
        """Return the image of a payment that is not known to be attached; None for none.

        Raises:
            RejectedError: AvidXchange has one, and it was not fetched.
        """
        if row and FACT in row.facts:
            return None
        image: dict[str, Any] | None = record.get("cleared_image")
        if image is None and record.get("has_cleared_image"):
            raise RejectedError("APB-PAY-125", payment=record["id"])
        return image

    def attach(self, record: Mapping[str, Any], image: Mapping[str, Any], remote_id: str) -> str:
        """Attach an image and return the file's internal id. Doing it twice is as doing it once.

        Raises:
            RejectedError: NetSuite does not take it, or it is not in the spool.
        """
        if image["size"] > LARGEST:
            says = f"it has {image['size']} bytes, and at most {LARGEST} can be sent"
            raise _not_attached(record, remote_id, says)
        try:
            content = spool.read(self._spool_url, image["sha256"], image["size"])
        except RejectedError as missing:
            raise RejectedError("APB-PAY-125", payment=record["id"]) from missing
        file = {"folder": self._folder, "name": image["name"], "content": b64encode(content).decode()}
        try:
            # The script itself looks first whether it is there.
            return self._netsuite.restlet(
                {"action": "attach", "payment": remote_id, **file},
                reads=partial(restlet.attached, payment=remote_id),
                purpose=f"attach the image of the check of payment {record['id']}",
                idempotency=Idempotency.IDEMPOTENT,
            )
        except RefusedError as refused:
            raise _not_attached(record, remote_id, str(refused.facts["says"])) from refused
        except UnavailableError as failure:
            if failure.code not in _NOT_OURS:
                raise
            raise _not_attached(record, remote_id, failure.says) from failure


def _not_attached(record: Mapping[str, Any], remote_id: str, says: str) -> RejectedError:
    return RejectedError("APB-PAY-124", payment=record["id"], remote_id=remote_id, says=says.rstrip("."))
