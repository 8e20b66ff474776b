"""Visits to a console that is served over real HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import requests

from tests.console.morning import bill_name
from tests.waiting import PATIENCE


@dataclass
class Served:
    """A console that is served."""

    address: str
    tokens: list[str] = field(default_factory=list)
    """Those that were printed."""
    now: float = 0.0
    """What its clock shows."""

    def printed(self) -> str:
        """Return the address that was printed last."""
        return f"{self.address}/?token={self.tokens[-1]}"

    def get(self, path: str, **more: object) -> requests.Response:
        """Answer somebody who has not signed in."""
        return requests.get(self.address + path, timeout=PATIENCE, allow_redirects=False, **more)  # type: ignore[arg-type]


class Visit(requests.Session):
    """A browser in which the printed address was opened."""

    def __init__(self, served: Served) -> None:
        super().__init__()
        self.opened = self.get(served.printed(), timeout=PATIENCE)
        self.address = served.address
        self.root = self.opened.url.rstrip("/")
        """Where its pages are."""

    def page(self, path: str, **more: object) -> requests.Response:
        """Open a page."""
        return self.get(self.root + path, timeout=PATIENCE, allow_redirects=False, **more)  # type: ignore[arg-type]

    def form_token(self) -> str:
        """Return the token of its forms."""
        return str(re.findall(r'name="token" value="(\w+)"', self.page("/exceptions").text)[0])

    def version(self, number: int) -> str:
        """Return the version of an exception that its page shows; empty where there is none."""
        said = self.page(f"/exceptions/avidxchange/bills/{bill_name(number)}").text
        return "".join(re.findall(r'name="version" value="(\w+)"', said)[:1])

    def decide(self, decision: str, number: int = 1, **more: str) -> requests.Response:
        """Send a form, about the version that the page shows now unless told."""
        form = {"system": "avidxchange", "stream": "bills", "external_id": bill_name(number)}
        form["version"] = more.pop("version") if "version" in more else self.version(number)
        headers = {"Origin": more.pop("origin", self.address)}
        token = more.pop("token") if "token" in more else self.form_token()
        form |= {"token": token, "decision": decision, **more}
        return self.post(
            f"{self.root}/decide", data=form, headers=headers, timeout=PATIENCE, allow_redirects=False
        )
