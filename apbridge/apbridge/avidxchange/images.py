"""How pictures go over the wire: raw, as a part of a form, or in base64 in JSON."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from apbridge.avidxchange.profile import ClearedImageRules, ImageRules, Multipart

Facts = Mapping[str, Any]
"""name, media_type, size and sha256 of a picture; external_id and remote_id of its invoice."""


def image_body(rules: ImageRules, facts: Facts, content: bytes) -> Mapping[str, Any]:
    """Return the `headers` and the `body` or `json` of the call that sends a picture.

    Raises:
        ExpressionError: An expression of the profile does not fit.
    """
    headers = {name: str(value) for name, value in rules.headers(facts).items() if value is not None}
    if rules.multipart:
        body, media_type = _form(rules.multipart, facts, content)
        return {"headers": {**headers, "Content-Type": media_type}, "body": body}
    if rules.base64:
        in_json = rules.base64({**facts, "content": b64encode(content).decode()})
        return {"headers": headers, "json": in_json}
    return {"headers": headers, "body": content}


def image_of(rules: ClearedImageRules, answer: Any) -> tuple[bytes, str, str] | None:  # noqa: ANN401
    """Return the bytes of a picture in an answer, its media type and the end of its name; None for none.

    Raises:
        ExpressionError: An expression of the profile does not fit.
    """
    found = rules.content(answer) if rules.content else answer
    try:
        content = b64decode(found, validate=True) if isinstance(found, str) else found
    except ValueError:
        return None
    if not isinstance(content, bytes):
        return None
    for beginning, (media_type, end) in _BEGINNINGS.items():
        if content.startswith(beginning):
            return content, media_type, end
    return None


_BEGINNINGS = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"II*\x00": ("image/tiff", "tif"),
    b"MM\x00*": ("image/tiff", "tif"),
}
"""What a picture's bytes begin with → its media type, and the end of its file's name."""


def _form(multipart: Multipart, facts: Facts, content: bytes) -> tuple[bytes, str]:
    name = multipart.name(facts)
    file = RequestField(multipart.file, content, filename=None if name is None else str(name))
    file.make_multipart(content_type=facts["media_type"])
    fields = multipart.fields(facts).items()
    return encode_multipart_formdata([*_parts(fields), file])


def _parts(fields: Any) -> list[RequestField]:  # noqa: ANN401
    parts = [RequestField(name, str(value)) for name, value in fields if value is not None]
    for part in parts:
        part.make_multipart()
    return parts
