"""Calls to one server by `requests`, without what it would work out anew for each and find the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connectionpool import ConnectionPool

from apbridge.origin import LOOPBACK

_PLAIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+")
"""An address that stands in a request as it is written."""


class CallHeaders(requests.auth.AuthBase):
    """Puts headers on, and keeps `requests` from taking a password out of the address instead."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put them on."""
        request.headers.update(self._headers)
        return request


class PlainRequest(requests.PreparedRequest):
    """A call without cookies, whose address is mostly taken as it is."""

    @override
    def prepare_cookies(self, cookies: object) -> None:
        """Bring none."""

    @override
    def prepare_url(self, url: Any, params: Any) -> None:
        """Take an address of plain signs as it is."""
        if params or not _PLAIN.fullmatch(url):
            super().prepare_url(url, params)
        else:
            self.url = url


class OneServerAdapter(HTTPAdapter):
    """Sends to one server, always in the same way.

    Args:
        connections: Kept at most.
        tls: What secure connections are made with, where that is more than the usual: a certificate of ours.
    """

    _connections: ConnectionPool | None = None

    def __init__(self, connections: int = 1, tls: SSLContext | None = None) -> None:
        self._tls: dict[str, Any] = {"ssl_context": tls} if tls else {}
        super().__init__(pool_maxsize=connections)

    @override
    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **more, **self._tls)

    @override
    def proxy_manager_for(self, proxy: Any, **more: Any) -> Any:
        return super().proxy_manager_for(proxy, **more, **self._tls)

    @override
    def get_connection_with_tls_context(self, *args: Any, **more: Any) -> ConnectionPool:
        """Return the server's connections, worked out once."""
        if self._connections is None:
            self._connections = super().get_connection_with_tls_context(*args, **more)
        return self._connections

    @override
    def close(self) -> None:
        super().close()
        self._connections = None


def proxies_to(url: str) -> dict[str, str]:
    """Return `proxies` for `requests`: none that the environment names gets what is for this machine."""
    return {"no_proxy": ",".join(LOOPBACK)} if urlsplit(url).hostname in LOOPBACK else {}
