"""OpenAPI 3 and Swagger 2, read as calls. References are followed inside the file, never anywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from apbridge.redaction import redact_text
from apbridge_operator.contracts.described import (
    ApiDescription,
    DescribedCall,
    Kind,
    ValueShape,
    merged,
    shape_of,
)

_METHODS = ("get", "put", "post", "delete", "patch")
_KINDS: Mapping[str, Kind] = {
    "object": "object",
    "array": "list",
    "string": "text",
    "number": "number",
    "integer": "number",
    "boolean": "flag",
    "file": "text",
}
_FORMS = {"date", "date-time", "uri", "binary"}
_MOST_SHAPES = 200_000
_MOST_DEEP = 12
_DONE, _REFUSED = ("200", "201", "202", "2XX", "default"), ("422", "400", "409", "4XX", "default")


def read_openapi(document: Mapping[str, Any]) -> ApiDescription:
    """Read a description."""
    reader = _Reader(document)
    calls = tuple(reader.calls())
    kind = "a Swagger 2 file" if "swagger" in document else "an OpenAPI file"
    headers, token_url, by_password = reader.sign_in()
    by_bearer = reader.has_bearer(beside_token=bool(token_url))
    unread = tuple(reader.unread)
    return ApiDescription(
        kind, "documented", calls, headers, token_url, by_password, by_bearer, unread=unread
    )


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._made = 0
        self.unread: dict[str, None] = {}

    def calls(self) -> Iterator[DescribedCall]:
        for path, item in _items(self._document.get("paths")):
            there = self._followed(item)
            for method in _METHODS:
                operation = there.get(method)
                if isinstance(operation, Mapping):
                    yield self._call(method.upper(), self._below(path), there, operation)

    def sign_in(self) -> tuple[tuple[str, ...], str, bool]:
        """Return the headers that sign in, where a token is, and whether a password is given for it."""
        headers, token_url, by_password = [], "", False
        for _, declared in _items(self._ways()):
            way = self._followed(declared)
            if way.get("type") == "apiKey" and way.get("in") == "header":
                headers.append(str(way.get("name")))
            flow = _of(way, "flows", "clientCredentials") or (way if way.get("flow") == "application" else {})
            if not token_url:
                user = _of(way, "flows", "password") or (way if way.get("flow") == "password" else {})
                token_url = _text(_of(flow, "tokenUrl")) or _text(_of(user, "tokenUrl"))
                by_password = bool(token_url) and not _of(flow, "tokenUrl")
        return tuple(headers), token_url, by_password

    def has_bearer(self, *, beside_token: bool) -> bool:
        """Return whether a call carries a bearer of its own, not only the token of another way to sign in."""
        ways = {name: self._followed(one) for name, one in _items(self._ways())}
        bearers = {name for name, way in ways.items() if str(way.get("scheme")).lower() == "bearer"}
        tokens = {name for name, way in ways.items() if way.get("type") == "oauth2"}
        operations = [one for _, item in _items(self._document.get("paths")) for _, one in _items(item)]
        asked = [one for told in (self._document, *operations) for one in _list(told, "security")]
        # What is named apart from a token is another word for it, and no second bearer.
        together = [set(one) for one in asked if isinstance(one, Mapping)]
        return any(one & bearers and (not beside_token or one & tokens) for one in together)

    def _ways(self) -> Any:  # noqa: ANN401
        document = self._document
        return _of(document, "components", "securitySchemes") or document.get("securityDefinitions")

    def _below(self, path: str) -> str:
        """Return a path with what the server's address adds to it."""
        base = _text(self._document.get("basePath"))
        return (base.rstrip("/") + path) if base else path

    def _call(
        self, method: str, path: str, there: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> DescribedCall:
        given = [
            self._followed(one) for one in (*_list(there, "parameters"), *_list(operation, "parameters"))
        ]
        named = {
            place: [one for one in given if one.get("in") == place] for place in ("query", "header", "body")
        }
        content = _of(self._followed(operation.get("requestBody")), "content")
        body = self._of_content(content)
        if body is None and named["body"]:
            body = self._shape(named["body"][0].get("schema"))
        answer, answer_headers = self._answer(operation, _DONE)
        return DescribedCall(
            method,
            path,
            " ".join(_text(operation.get(key)) for key in ("summary", "description", "operationId")).strip(),
            {str(one.get("name")): self._parameter(one) for one in named["query"]},
            tuple(str(one.get("name")) for one in named["header"]),
            body,
            tuple(str(key) for key, _ in _items(content)) or tuple(map(str, _list(operation, "consumes"))),
            answer,
            self._answer(operation, _REFUSED)[0],
            answer_headers,
        )

    def _parameter(self, declared: Mapping[str, Any]) -> ValueShape:
        shape = self._shape(declared.get("schema") or declared)
        return replace(
            shape, about=_text(declared.get("description")), needed=declared.get("required") is True
        )

    def _answer(
        self, operation: Mapping[str, Any], statuses: tuple[str, ...]
    ) -> tuple[ValueShape | None, tuple[str, ...]]:
        by_status = {str(status): one for status, one in _items(operation.get("responses"))}
        found = next((by_status[status] for status in statuses if status in by_status), None)
        told = self._followed(found)
        shape = self._of_content(told.get("content"))
        if shape is None and "schema" in told:
            shape = self._shape(told["schema"])
        return shape, tuple(str(name) for name, _ in _items(told.get("headers")))

    def _of_content(self, content: Any) -> ValueShape | None:  # noqa: ANN401
        for media_type, told in _items(content):
            if not isinstance(told, Mapping):
                continue
            if "json" in media_type or "form" in media_type:
                shape = self._shape(told.get("schema"))
                return shape if shape.kind != "any" else shape_of(told.get("example"))
        return None

    def _shape(self, schema: Any, deep: int = 0, about: str = "") -> ValueShape:  # noqa: ANN401
        self._made += 1
        told = self._followed(schema)
        if deep > _MOST_DEEP or self._made > _MOST_SHAPES or not told:
            return ValueShape()
        about = _text(told.get("description")) or about
        whole: ValueShape | None = None
        for one in _list(told, "allOf"):
            whole = merged(whole, self._shape(one, deep + 1))
        kinds = [kind for kind in _several(told.get("type")) if kind != "null"]
        either = [one for key in ("anyOf", "oneOf") for one in _list(told, key) if _type(one) != "null"]
        if either and not kinds:
            return replace(self._shape(either[0], deep + 1), about=about)
        fields = {
            str(name): replace(shape, needed=name in _list(told, "required"))
            for name, one in _items(told.get("properties"))
            for shape in [self._shape(one, deep + 1)]
        }
        kind = _KINDS.get(str(kinds[0]), "any") if kinds else ("object" if fields else "any")
        form = _text(told.get("format"))
        if not form and kind == "text":
            form = shape_of(next(iter([*_list(told, "examples"), told.get("example")]), None)).form
        item = self._shape(told["items"], deep + 1) if "items" in told else None
        most = told.get({"number": "maximum", "list": "maxItems"}.get(kind, "maxLength"))
        own = ValueShape(
            kind,
            fields,
            item,
            form if form in _FORMS else "",
            tuple(str(word) for word in _list(told, "enum") if word is not None),
            about,
            most if isinstance(most, int) else None,
        )
        return merged(own, whole) or own

    def _followed(self, value: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Follow references inside the file; what leads elsewhere, nowhere or in a circle is nothing."""
        seen: list[str] = []
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if not reference.startswith("#/") or reference in seen:
                self.unread[_shown(reference)] = None
                return {}
            seen.append(reference)
            steps = [step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/")]
            value = _of(self._document, *steps)
        return value if isinstance(value, Mapping) else {}


def _shown(reference: str) -> str:
    """Return what may be told of a reference: an address may hold credentials."""
    with suppress(ValueError):
        parts = urlsplit(reference)
        if parts.scheme or parts.netloc:
            return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return redact_text(reference.partition("?")[0])
    return "an address that is none"


def _of(value: Any, *steps: str) -> Any:  # noqa: ANN401
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _items(value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    return [(str(key), one) for key, one in value.items()] if isinstance(value, Mapping) else []


def _list(value: Any, key: str) -> list[Any]:  # noqa: ANN401
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else []


def _several(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else [value] if value else []


def _type(value: Any) -> Any:  # noqa: ANN401
    return value.get("type") if isinstance(value, Mapping) else None


def _text(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else ""
