from __future__ import annotations

import pytest
import requests

from tests.databases import ledger, new_url, url  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert requests.utils.should_bypass_proxies("http://127.0.0.1:1", None)
