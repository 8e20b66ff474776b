"""What calls of an API have in common: how they sign in, results of items, and what a refusal says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from apbridge.avidxchange.evidence import OPEN
from apbridge_operator.contracts.asking import OpenPoint
from apbridge_operator.contracts.described import ApiDescription, DescribedCall, ValueShape
from apbridge_operator.contracts.draft import ProfileDraft
from apbridge_operator.contracts.fields import best, expression
from apbridge_operator.contracts.knowledge import known, terms, whole
from apbridge_operator.contracts.names import likeness, words_of
from apbridge_operator.contracts.operations import lists_in, terms_of_external_id

_SETTINGS = ("company_token", "user_token", "client_id", "client_secret", "company_id")
_TOKEN_URL = re.compile(r"(/|https://[^/?#@]+(/|$))[^?#]*")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_COMPANY = {"company", "organization", "organisation", "tenant", "org", "entity", "buyer"}
_ALIKE = 0.9
_RECORD = (("item",), ("record",), ("data",), ("entity",))
"""What a result calls the record that it is of."""


def sign_in(draft: ProfileDraft, description: ApiDescription) -> dict[str, Any]:
    """Return what every call carries."""
    headers: dict[str, str | None] = {}
    for name in description.headers:
        if not _HEADER.fullmatch(name):
            continue
        setting = _setting(name)
        key = f"sign_in.headers.{name}"
        if setting is None:
            point = OpenPoint(key, f"which setting the header {name} carries", _SETTINGS, is_needed=False)
            setting = draft.ask(point)
        if setting in _SETTINGS:
            headers[name] = setting
            draft.whys.setdefault(key, "it signs in")
    found: dict[str, Any] = {"headers": headers} if headers else {}
    if description.token_url:
        url = description.token_url
        if not _TOKEN_URL.fullmatch(url):
            point = OpenPoint("sign_in.oauth.token_url", "where the token is", (), is_needed=True)
            url = draft.ask(point, f"/{OPEN}") or f"/{OPEN}"
        grant = {"grant": "password"} if description.by_password else {}
        found = {"oauth": {"token_url": url, **grant}, **found}
    if description.by_bearer:
        found |= _bearer(draft, found)
    if not found:
        point = OpenPoint("sign_in.headers", "which header carries the company token", (), is_needed=True)
        found = {"headers": {draft.ask(point): "company_token"}}
    return found


def _bearer(draft: ProfileDraft, found: dict[str, Any]) -> dict[str, Any]:
    """Return the bearer that is told once for all, and where the token goes that is beside it."""
    if "oauth" not in found:
        return {"bearers": {"Authorization": draft.assume("sign_in.bearers", "api_key", "a bearer")}}
    text = "which header carries the token: Authorization has the bearer that is told once for all"
    header = draft.ask(OpenPoint("sign_in.oauth.header", text, (), is_needed=True))
    setting = draft.assume("sign_in.bearers", "gateway_key", "a bearer beside the token")
    return {"bearers": {"Authorization": setting}, "oauth": {**found["oauth"], "header": header}}


def _setting(header: str) -> str | None:
    words = set(words_of(header))
    if "token" in words:
        return "user_token" if "user" in words else "company_token" if words & _COMPANY else None
    return "company_id" if words & _COMPANY else None


def common_answers(
    draft: ProfileDraft, description: ApiDescription, upserts: Sequence[DescribedCall]
) -> dict[str, Any]:
    """Return what answers have in common, where they have anything."""
    found: dict[str, Any] = {}
    names = [name for call in description.calls for name in call.answer_headers]
    request_id = next((name for name in names if _is(name, "headers", "request_id")), None)
    if request_id:
        found["request_id"] = request_id
    for call in upserts:
        if call.answer is None:
            continue
        for path, shape in lists_in(call.answer):
            item = shape.item or ValueShape()
            successful = best(terms("answer", "successful"), item.leaves(1))
            if successful:
                found["results"] = _results(draft, expression(path) or "@", item, successful.expression)
                return found
    return found


def _results(draft: ProfileDraft, items: str, item: ValueShape, successful: str) -> dict[str, Any]:
    draft.whys["answers.results"] = f"a write says of each item whether it is {successful}"
    external = best(terms_of_external_id(), item.leaves(2))
    own = best(known()["vendor"].concepts[0].synonyms, item.leaves(2), _RECORD)
    message = best(
        terms("answer", "message"), ((path, one) for path, one in item.leaves(1) if one.kind == "text")
    )
    lists = [(path, shape) for path, shape in item.leaves(1) if shape.kind == "list"]
    problems = best(terms("answer", "errors"), lists)
    key = "answers.results.external_id"
    found: dict[str, Any] = {
        "items": items,
        "external_id": external.expression
        if external
        else draft.ask(OpenPoint(key, "whose a result is", (), is_needed=True)),
    }
    if own:
        found["remote_id"] = f"text({own.expression})"
    found["successful"] = successful
    found["message"] = message.expression if message else successful
    if problems:
        found["errors"] = problems.expression
    return found


def errors(draft: ProfileDraft, description: ApiDescription) -> dict[str, Any]:
    """Return where a refusal says what is wrong, and what the statuses mean."""
    refusals = [call.refusal for call in description.calls if call.refusal and call.refusal.fields]
    refusal = refusals[0] if refusals else ValueShape()
    texts = [(path, one) for path, one in refusal.leaves(2) if one.kind in {"text", "any"}]
    message = best(terms("answer", "message"), texts)
    point = OpenPoint("errors.message", "where a refusal says what is wrong", (), is_needed=True)
    found: dict[str, Any] = {"message": message.expression if message else draft.ask(point)}
    problems = best(
        terms("answer", "errors"), ((path, one) for path, one in refusal.leaves(2) if one.is_list_of_objects)
    )
    if problems and problems.shape.item:
        leaves = list(problems.shape.item.leaves(1))
        read = {name: best(terms("answer", name), leaves) for name in ("field", "code", "message")}
        found["items"] = problems.expression
        found["read"] = {name: one.expression for name, one in read.items() if one}
    meanings = {word: {"statuses": statuses} for word, statuses in whole("statuses").items()}
    why = "what HTTP means by them; add the codes that your documentation names"
    found["meanings"] = draft.assume("errors.meanings", meanings, why)
    return found


def _is(name: str, kind: str, term: str) -> bool:
    return any(likeness(words_of(name), synonym) >= _ALIKE for synonym in terms(kind, term))
