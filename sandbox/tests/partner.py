"""AvidXchange in the partner style, called by hand."""

from __future__ import annotations

from typing import Any

import requests

from apbridge_sandbox.testing import Running
from tests.waiting import PATIENCE


class Partner(requests.Session):
    """Calls paths of the surface, signed in."""

    def __init__(self, sandbox: Running) -> None:
        super().__init__()
        self.url = sandbox.partner_url
        self.given = sandbox.avidxchange_settings("partner")
        self.headers["X-Company-Id"] = self.given["company_id"]
        self.headers["Authorization"] = f"Bearer {self.sign_in().json()['access_token']}"

    def sign_in(self, form: dict[str, str] | None = None, **changes: str) -> requests.Response:
        given = {**self.given, **changes}
        body = {"grant_type": "client_credentials"} if form is None else form
        pair = (given["client_id"], given["client_secret"])
        return requests.post(f"{self.url}/oauth2/token", data=body, auth=pair, timeout=PATIENCE)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401
        return super().request(method, self.url + url, timeout=PATIENCE, **options)

    def batch(self, path: str, within: str, *items: object) -> list[dict[str, Any]]:
        """Send a batch and return its results."""
        answer = self.post(f"/api/v2/{path}", json={within: [*items]})
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["Results"]
        return results
