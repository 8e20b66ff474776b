"""Files of bills as our RESTlet hands them out: 455 on each thousand bills."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from random import Random
from typing import Any

A_THOUSAND_BILLS_HAVE = 455
_SIGNS = 12
"""Bytes in which a file differs from any other: a multiple of three, so that base64 joins."""


class BenchmarkFiles:
    """Files of nearly one size, each with a content of its own.

    Args:
        size: Bytes of a file.
    """

    def __init__(self, size: int) -> None:
        self._size = max(size // 3 * 3, _SIGNS)
        self._rest = b64encode(Random(size).randbytes(self._size - _SIGNS)).decode()  # noqa: S311 - no secret

    def answer(self, asked: dict[str, Any]) -> bytes:
        """Answer as the RESTlet does: the files of bills, or the content of some."""
        if asked["action"] == "files":
            return json.dumps({"files": self._listed(asked["bills"])}).encode()
        if asked["action"] == "contents":
            return json.dumps({"files": [self._given(file) for file in asked["files"]]}).encode()
        return json.dumps(self._given(asked["file"])).encode()

    def _listed(self, bills: Sequence[str]) -> list[dict[str, Any]]:
        told = {"name": "scan.pdf", "type": "PDF", "modified": "2024-01-01T00:00:00Z"}
        size = self._size // 1024 * 1024
        # Ids of bills are even.
        with_file = [
            one for one in bills if int(one) // 2 * A_THOUSAND_BILLS_HAVE % 1000 < A_THOUSAND_BILLS_HAVE
        ]
        return [{"bill": bill, "id": bill, "size": size, **told} for bill in with_file]

    def _given(self, file: str) -> dict[str, Any]:
        content = b64encode(file.zfill(_SIGNS).encode()).decode() + self._rest
        return {"id": file, "name": "scan.pdf", "type": "PDF", "size": self._size, "content": content}
