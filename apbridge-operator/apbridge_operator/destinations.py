"""Where notices are sent: addresses as Apprise takes them, each a destination of its own."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
from dataclasses import dataclass, field
from typing import Any

from apbridge import settings
from apbridge.errors import SettingError, UnavailableError
from apbridge_operator.notices import Notice

VARIABLE = "APBRIDGE_NOTIFY"
CONSOLE = "APBRIDGE_CONSOLE_URL"
_PLAIN_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", re.IGNORECASE)

NOT_SENT = "APB-NTC-002"

_PASSWORD = re.compile(r"(?<=://)([^/?#@:]+):[^/?#]*@|(?<=[?&])pass(?:word)?=[^&]*")
_WITH_A_HOST = frozenset({"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms"})
"""Schemes with a host after them. In others a token may stand there."""

_TAKE_FACTS = frozenset({"json", "jsons"})
_FACTS = "apbridge"
"""Where a webhook's body has a notice's facts, beside its `title`, `message` and `type`."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One address.

    Args:
        name: What people are told of it, without what may be secret: its place in the list, and its server.
        address: As it was written.
        channel: Apprise's, of this address alone.
    """

    name: str
    address: str = field(repr=False)
    channel: Any = field(repr=False)

    def known_as(self, key: str) -> str:
        """Return how a ledger knows it: a fingerprint, of nothing that a password is part of.

        A new password makes no new destination, and whoever reads the ledger cannot try passwords on it.

        Args:
            key: The ledger's own: the same address is known otherwise in another one.
        """
        plain = _PASSWORD.sub(r"\1@", self.address)
        return hmac.new(key.encode(), plain.encode(), hashlib.sha256).hexdigest()[:32]

    def send(self, notice: Notice) -> None:
        """Send a notice.

        Raises:
            UnavailableError: It was not taken.
        """
        for plugin in self.channel:
            if plugin.schema in _TAKE_FACTS:
                facts = {name: value for name, value in notice.facts.items() if value is not None}
                plugin.payload_extras = {**plugin.payload_extras, _FACTS: facts}
        # Said to be text, for else it is sent as it stands, as HTML too: vendors typed part of it.
        sent = self.channel.notify(
            title=f"apbridge: {notice.title}",
            body=notice.says,
            notify_type=notice.severity.value,
            body_format="text",
        )
        if not sent:
            raise not_sent([self])


def not_sent(destinations: list[Destination]) -> UnavailableError:
    """Return the error that these could not be told something."""
    return UnavailableError(
        NOT_SENT, addresses=", ".join(one.name for one in destinations), variable=VARIABLE
    )


def destinations(addresses: str | None) -> list[Destination]:
    """Return where notices are sent; nothing where they are only printed.

    Args:
        addresses: With spaces or commas between; one that stands there twice counts once.

    Raises:
        SettingError: One is no address, or would send to whoever answers there.
    """
    written = dict.fromkeys(one for one in re.split(r"[\s,]+", addresses or "") if one)
    if not written:
        return []
    # It takes long to import. Its log would hold the addresses, and they hold passwords.
    import apprise  # noqa: PLC0415

    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    found = []
    for number, address in enumerate(written, 1):
        channel = apprise.Apprise()
        if not channel.add(address):
            raise SettingError("APB-NTC-001", variable=VARIABLE)
        (plugin,) = channel
        if not plugin.verify_certificate:
            raise SettingError("APB-NTC-008", variable=VARIABLE)
        found.append(Destination(_name(number, address, plugin), address, channel))
    return found


def console_address() -> str | None:
    """Return where people open the console, by APBRIDGE_CONSOLE_URL; None where nobody has said that.

    Raises:
        SettingError: It is no plain address: what the console prints once lets whoever has it in.
    """
    address = settings.text(os.environ, CONSOLE)
    if address is None:
        return None
    if not _PLAIN_ADDRESS.fullmatch(address):
        raise SettingError("APB-NTC-010", variable=CONSOLE)
    return address.rstrip("/")


def _name(number: int, address: str, plugin: Any) -> str:  # noqa: ANN401
    scheme = address.partition("://")[0].lower()
    where = f"{scheme}://{plugin.host}" if scheme in _WITH_A_HOST else scheme
    return f"address {number} ({where})"
