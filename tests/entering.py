"""What a test itself puts into AvidXchange."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

from apbridge_sandbox.testing import Running
from tests.waiting import PATIENCE


def put(sandbox: Running, path: str, body: object) -> None:
    """Put a record there, by the contract with tokens."""
    request = Request(  # noqa: S310
        f"{sandbox.avidxchange_url}/v1/{path}",
        data=json.dumps(body).encode(),
        method="PUT",
        headers={
            "Content-Type": "application/json",
            "X-Company-Token": sandbox.credentials["AVIDXCHANGE_COMPANY_TOKEN"],
            "X-User-Token": sandbox.credentials["AVIDXCHANGE_USER_TOKEN"],
        },
    )
    with urlopen(request, timeout=PATIENCE):  # noqa: S310
        pass
