"""The file that a customer has, whatever it is, as a description of an API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apbridge import json
from apbridge.declared_file import MalformedFileError, UnreadableFileError, shortened, text_of, values
from apbridge.errors import SettingError
from apbridge_operator.contracts.described import ApiDescription
from apbridge_operator.contracts.openapi import read_openapi
from apbridge_operator.contracts.recorded import read_har, read_postman

_KINDS = "OpenAPI 3, Swagger 2, a Postman collection (v2) or a HAR file, in JSON or YAML"

_MOST_BYTES = 100_000_000
"""A browser that records a morning writes tens of millions."""


def read_description(file: Path) -> ApiDescription:
    """Read a file.

    Raises:
        SettingError: It cannot be read, or it is nothing that a profile is learned from.
    """
    try:
        document = parsed(text_of(file, _MOST_BYTES))
    except UnreadableFileError as failure:
        raise SettingError("APB-CLI-020", file=file, problem=failure) from failure
    except (MalformedFileError, ValueError) as failure:
        raise SettingError("APB-CLI-020", file=file, problem=shortened(str(failure))) from failure
    found = described(document)
    if found is None or not found.calls:
        problem = f"it describes no call; it has to be {_KINDS}"
        raise SettingError("APB-CLI-020", file=file, problem=problem)
    return found


def parsed(text: str) -> Any:  # noqa: ANN401
    """Return what is in a text, JSON or YAML, within bounds.

    Raises:
        ValueError: It is neither.
        MalformedFileError: It is neither, or it is too large, too deep, or holds itself.
    """
    return json.loads(text) if text.lstrip()[:1] in {"{", "["} else values(text)


def described(document: Any) -> ApiDescription | None:  # noqa: ANN401
    """Return what a document describes; None where it is of no kind that is known."""
    if not isinstance(document, Mapping):
        return None
    if "openapi" in document or "swagger" in document:
        return read_openapi(document)
    if isinstance(document.get("log"), Mapping):
        return read_har(document)
    if "item" in document:
        return read_postman(document)
    return None
