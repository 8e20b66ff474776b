"""Postman collections and HAR files, read as calls. Of what was sent and answered only shapes are kept."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from apbridge import json
from apbridge.redaction.labels import is_secret_name
from apbridge_operator.contracts.described import (
    ApiDescription,
    DescribedCall,
    Evidence,
    ValueShape,
    merged,
    shape_of,
)
from apbridge_operator.contracts.names import is_word_field

_VARIES = re.compile(r"\d+|[0-9a-fA-F-]{16,}|(?=.*\d)[\w.~%-]{10,}|[\w.~%-]{25,}")
_NAMED = re.compile(r":(\w+)|\{\{?([\w-]+)\}?\}")
_ROUTE = re.compile(r"[A-Za-z][A-Za-z0-9_.~-]*")
_NAME = re.compile(r"[A-Za-z_$@][A-Za-z0-9_.$@ \[\]-]{0,79}")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MANY_DIGITS, _LONG_NAME = 4, 16
"""Of a name with so many digits that is so long, it is taken for a value."""
_LONG_WORD, _SHORT_WORDS = 12, 2.5
"""A text so long whose words have fewer letters than that is none that somebody has named."""
_OURS = re.compile(r"netsuite-[\w-]+")
_CLIENT = "grant_type=client_credentials"
_SECRET_HEADER = re.compile(
    r"authorization|cookie|token|secret|password|api-?key|subscription-key|signature", re.IGNORECASE
)
_PLAIN_HEADER = re.compile(
    r"(?i)accept.*|user-agent|host|content-.*|connection|cache-control|pragma|origin|referer|sec-.*|:.*|date|dnt|"
    r"postman-token|if-.*|te|upgrade.*|priority"
)
_TOKEN = re.compile(r"(?i)/(?:[\w-]*token[\w-]*|authorizations?|login|sign-?in|oauth2?)$")
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_NESTED = 20
_DONE, _REFUSED = range(200, 300), range(400, 500)


def read_postman(document: Mapping[str, Any]) -> ApiDescription:
    """Read a collection."""
    counts: Counter[str] = Counter()
    calls = [_of_request(one, counts) for one in _requests(document, 0)]
    return _description("a Postman collection", "documented", calls, counts)


def read_har(document: Mapping[str, Any]) -> ApiDescription:
    """Read what a browser or a proxy has recorded."""
    counts: Counter[str] = Counter()
    log = document.get("log")
    entries = log.get("entries") if isinstance(log, Mapping) else None
    calls = [_of_entry(one, counts) for one in entries or [] if isinstance(one, Mapping)]
    return _description("a HAR file", "seen", calls, counts)


def _description(
    kind: str, evidence: Evidence, calls: list[DescribedCall], counts: Counter[str]
) -> ApiDescription:
    by_name: dict[str, DescribedCall] = {}
    token_url = ""
    for call in calls:
        if call.about == _CLIENT:
            token_url = call.path
        if call.method not in _METHODS or (call.method == "POST" and _TOKEN.search(call.path)):
            continue
        known = by_name.get(call.name)
        by_name[call.name] = _together(known, call) if known else call
    found = tuple(by_name.values())
    times = Counter(name for call in found for name in call.headers)
    signing = [name for name, many in times.items() if many == len(found) and name.lower() != "authorization"]
    return ApiDescription(kind, evidence, found, tuple(signing), token_url, stripped=dict(counts))


def _together(one: DescribedCall, other: DescribedCall) -> DescribedCall:
    return replace(
        one,
        query={**one.query, **other.query},
        body=merged(one.body, other.body),
        answer=merged(one.answer, other.answer),
        refusal=merged(one.refusal, other.refusal),
        answer_headers=tuple(dict.fromkeys((*one.answer_headers, *other.answer_headers))),
    )


def _requests(value: Any, deep: int) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    for one in _list(value, "item") if deep < _NESTED else []:
        if isinstance(one, Mapping) and isinstance(one.get("request"), Mapping):
            yield one
        else:
            yield from _requests(one, deep + 1)


def _of_request(item: Mapping[str, Any], counts: Counter[str]) -> DescribedCall:
    request = item["request"]
    if isinstance(request.get("auth"), Mapping):
        counts["sign-in"] += 1
    url = request.get("url")
    told = url if isinstance(url, Mapping) else {"raw": url}
    body = _object(request, "body")
    media_types = {
        "raw": ("application/json",),
        "file": ("application/octet-stream",),
        "formdata": ("multipart/form-data",),
    }
    answers = [
        (_status(one.get("code")), _headers(one.get("header"), counts), _read(one.get("body"), counts))
        for one in _list(item, "response")
        if isinstance(one, Mapping)
    ]
    raw = str(told.get("raw") or "")
    for name, value in (
        (one.get("key"), one.get("value")) for one in _list(told, "query") if isinstance(one, Mapping)
    ):
        raw += (
            ("&" if "?" in raw else "?") + f"{name}={'' if value is None else value}"
            if f"{name}=" not in raw
            else ""
        )
    return _call(
        str(request.get("method") or "GET"),
        re.sub(r"^\{\{[\w.-]+\}\}", "", raw),
        _CLIENT if _asks_for_a_token(body) else str(item.get("name") or ""),
        _headers(request.get("header"), counts),
        _read(body.get("raw"), counts),
        media_types.get(str(body.get("mode")), ()),
        answers,
        counts,
    )


def _asks_for_a_token(body: Mapping[str, Any]) -> bool:
    form = [one for one in _list(body, "urlencoded") if isinstance(one, Mapping)]
    return any(one.get("value") == "client_credentials" for one in form) or _CLIENT in str(body.get("raw"))


def _of_entry(entry: Mapping[str, Any], counts: Counter[str]) -> DescribedCall:
    request, response = _object(entry, "request"), _object(entry, "response")
    for one in (request, response):
        counts["cookies"] += len(_list(one, "cookies"))
    posted, content = _object(request, "postData"), _object(response, "content")
    media_type = str(posted.get("mimeType") or "").partition(";")[0]
    read = _read(_decoded(content), counts)
    return _call(
        str(request.get("method") or "GET"),
        str(request.get("url") or ""),
        _CLIENT if _CLIENT in str(posted.get("text")) else "",
        _headers(request.get("headers"), counts),
        _read(posted.get("text"), counts),
        (media_type,) if media_type else (),
        [(_status(response.get("status")), _headers(response.get("headers"), counts), read)],
        counts,
    )


def _status(value: Any) -> int:  # noqa: ANN401
    """Return a status, which some programs write as a text; 0 where it is none."""
    return int(value) if str(value).isdecimal() else 0


def _decoded(content: Mapping[str, Any]) -> Any:  # noqa: ANN401
    text = content.get("text")
    if content.get("encoding") == "base64" and isinstance(text, str):
        with suppress(ValueError):
            return b64decode(text).decode()
    return text


def _call(  # noqa: PLR0917 - what a call has
    method: str,
    url: str,
    about: str,
    headers: tuple[str, ...],
    body: ValueShape | None,
    media_types: tuple[str, ...],
    answers: list[tuple[int, tuple[str, ...], ValueShape | None]],
    counts: Counter[str],
) -> DescribedCall:
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return DescribedCall(method, "/")
    counts["query"] += sum(is_secret_name(name) or not _is_name(name) for name, _ in pairs)
    done = [one for one in answers if one[0] in _DONE]
    refused = [one for one in answers if one[0] in _REFUSED]
    return DescribedCall(
        method.upper(),
        _template(parts.path),
        about,
        {name: shape_of(value) for name, value in pairs if _is_name(name)},
        headers,
        body,
        media_types,
        done[0][2] if done else None,
        refused[0][2] if refused else None,
        tuple(name for _, names, _ in answers for name in names),
    )


def _template(path: str) -> str:
    """Return a path in which what varies has no value: it may be a record's id, or worse."""
    told, before = "", ""
    for step in path.strip("/").split("/"):
        # What follows a semicolon are parameters, of a session for the most part.
        bare = unquote(step).partition(";")[0]
        told += f"/{_step(bare, before)}"
        before = bare
    return told


def _step(step: str, before: str) -> str:
    if named := _NAMED.fullmatch(step):
        return f"{{{named[1] or named[2]}}}"
    if _OURS.fullmatch(step):
        return "{externalId}"
    is_word = step == "" or (_ROUTE.fullmatch(step) and not _VARIES.fullmatch(step) and not _is_random(step))
    return step if is_word and not is_secret_name(before) else "{id}"


def _is_name(name: str) -> bool:
    """Return whether it is a name that an API gives, and not a value in the place of one."""
    digits = sum(map(str.isdigit, name))
    is_value = digits >= _MANY_DIGITS and len(name) >= _LONG_NAME
    return _NAME.fullmatch(name) is not None and not is_value and not _is_random(name)


def _is_random(text: str) -> bool:
    """Return whether letters and digits come in no words: a key or a token."""
    words = _WORDS.findall(text)
    return len(text) >= _LONG_WORD and len(words) > len(text) / _SHORT_WORDS


def _headers(value: Any, counts: Counter[str]) -> tuple[str, ...]:  # noqa: ANN401
    """Return the names of headers that are the API's own; their values are left behind."""
    found = []
    for one in value if isinstance(value, list) else []:
        name = str(one.get("name") or one.get("key") or "") if isinstance(one, Mapping) else ""
        if _SECRET_HEADER.search(name):
            counts["headers"] += 1
        if _is_name(name) and not _PLAIN_HEADER.fullmatch(name) and "cookie" not in name.lower():
            found.append(name)
    return tuple(dict.fromkeys(found))


def _read(text: Any, counts: Counter[str]) -> ValueShape | None:  # noqa: ANN401
    """Return the shape of a JSON body; None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        counts["body"] += sum(
            is_secret_name(name) for name, _ in parse_qsl(text[:100_000], max_num_fields=None)
        )
        return None
    return _bare(value, counts, "")


def _bare(value: Any, counts: Counter[str], name: str) -> ValueShape:  # noqa: ANN401
    if isinstance(value, Mapping):
        # Of what is in a secret, no word is kept either.
        below = f"{name} " if is_secret_name(name) else ""
        named = {str(key): one for key, one in value.items() if _is_name(str(key))}
        counts["body"] += len(value) - len(named)
        return ValueShape("object", {key: _bare(one, counts, below + key) for key, one in named.items()})
    if isinstance(value, list):
        whole: ValueShape | None = None
        for one in value:
            whole = merged(whole, _bare(one, counts, name))
        return ValueShape("list", item=whole)
    if is_secret_name(name):
        counts["body"] += 1
        return ValueShape("text")
    return shape_of(value, keeps_word=is_word_field(name))


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _list(value: Any, key: str) -> list[Any]:  # noqa: ANN401
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else []
