from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.databases import ledger, new_url, url  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def _no_proxy() -> Iterator[None]:
    # Not the test's own monkeypatch: begun here, it would be undone after the project's fixture, which puts
    # the environment back whole.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        assert requests.utils.should_bypass_proxies("http://127.0.0.1:1", None)
        yield
