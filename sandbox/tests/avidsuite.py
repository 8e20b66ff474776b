"""AvidXchange in the avidsuite style, called by hand."""

from __future__ import annotations

from typing import Any

import requests

from apbridge_sandbox.testing import Running
from tests.waiting import PATIENCE


class AvidSuite(requests.Session):
    """Calls paths of the surface, signed in."""

    def __init__(self, sandbox: Running) -> None:
        super().__init__()
        self.url = sandbox.avidsuite_url
        self.given = sandbox.avidxchange_settings("avidsuite")
        self.headers["Authorization"] = f"Bearer {self.given['gateway_key']}"
        self.headers["AvidAuthorization"] = f"Bearer {self.sign_in().json()['access_token']}"

    def sign_in(self, **changes: str) -> requests.Response:
        given = {**self.given, **changes}
        form = {
            "grant_type": given.get("grant_type", "password"),
            "username": given["user_name"],
            "password": given["password"],
        }
        gateway = {"Authorization": f"Bearer {given['gateway_key']}"}
        return requests.post(f"{self.url}/v1/authorizations", data=form, headers=gateway, timeout=PATIENCE)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401
        return super().request(method, self.url + url, timeout=PATIENCE, **options)

    def items(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        """Read a list that has one page."""
        answer = self.get(f"/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["Items"]
        return found

    def batch(self, path: str, *items: object) -> list[dict[str, Any]]:
        """Send a batch and return its results."""
        answer = self.post(f"/v1/{path}", json={"Items": [*items]})
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["Results"]
        return results
