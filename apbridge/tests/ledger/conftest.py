from __future__ import annotations

from tests.databases import ledger, new_url, url  # noqa: F401 - fixtures
