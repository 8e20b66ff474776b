"""The operations of a draft: lists, writes and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apbridge.avidxchange.canonical import STREAMS
from apbridge.avidxchange.evidence import OPEN
from apbridge.schemas import schema
from apbridge_operator.contracts.asking import OpenPoint
from apbridge_operator.contracts.described import DescribedCall, ValueShape
from apbridge_operator.contracts.draft import ProfileDraft
from apbridge_operator.contracts.fields import best, expression
from apbridge_operator.contracts.knowledge import Words, known, terms, whole
from apbridge_operator.contracts.names import likeness, words_of
from apbridge_operator.contracts.operations import lists_in, profile_path, terms_of_external_id, unwrapped
from apbridge_operator.contracts.templates import body_template, read_template, shown_elsewhere

_PAGE = 200
_MOST_RECORDS = 1000
_LARGEST = 10 * 1024 * 1024
_PICTURES = ["application/pdf", "image/png", "image/jpeg", "image/tiff"]
_ALIKE = 0.9
_GRANULARITIES = {"date": "day", "date-time": "second"}
_OF_LISTS: tuple[Words, ...] = (
    ("item",),
    ("data",),
    ("result",),
    ("record",),
    ("value",),
    ("content",),
    ("row",),
)


def listing(
    draft: ProfileDraft, resource: str, call: DescribedCall, upsert: DescribedCall | None
) -> dict[str, Any]:
    """Return how a list is read."""
    key, words = f"resources.{resource}.list", known()[resource]
    answer = call.answer or ValueShape()
    lists = list(lists_in(answer))
    named = [one for one in lists if one[0] and _is_any(one[0][-1], (*_called(resource), *_OF_LISTS))]
    path, shape = (named or lists or [((), ValueShape())])[0]
    item = shape.item or ValueShape()
    found: dict[str, Any] = ({} if call.method == "GET" else {"method": call.method}) | {
        "path": profile_path(call)
    }
    found |= _query(draft, resource, key, call)
    items = expression(path) if path else "@" if lists else None
    point = OpenPoint(f"{key}.items", "where the list is in the answer", (), is_needed=True)
    found["items"] = items or draft.ask(point)
    if following := _next(draft, key, call, answer, path):
        found["next"] = following
    read = read_template(draft, resource, STREAMS[resource], words.concepts, item, _called(resource))
    if resource == "payment":
        found["external_id"] = f"join('-', ['avidxchange-payment', {read['id']}])"
        read["external_id"] = found["external_id"]
        draft.whys[f"{key}.read.external_id"] = "what it is called in NetSuite, by AvidXchange's own id"
    else:
        found["external_id"] = read["external_id"]
    found["read"] = read
    if upsert and upsert.body:
        sent = shown_elsewhere(words.concepts, unwrapped(upsert.body)[2], item, _called(resource))
        if sent:
            found["sent"] = sent
    return found


def open_listing(draft: ProfileDraft, resource: str) -> dict[str, Any]:
    """Return a list of which nothing is known."""
    needed = [name for name in schema(STREAMS[resource])["required"] if name != "dimension"]
    draft.left_open.append(f"resources.{resource}.list.path")
    return {"path": f"/{OPEN}", "items": OPEN, "external_id": OPEN, "read": dict.fromkeys(needed, OPEN)}


def write(
    draft: ProfileDraft,
    resource: str,
    operation: str,
    call: DescribedCall,
    results: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return how a record is written, linked, cancelled or stopped."""
    key, words = f"resources.{resource}.{operation}", known()[resource]
    found: dict[str, Any] = {"method": call.method, "path": profile_path(call)}
    found["answer"], own = _answer(draft, key, resource, operation, call, results)
    wrap, most, sent = unwrapped(call.body) if call.body else ("", None, ValueShape())
    if wrap and most and most > 1 and operation != "stop":
        found |= {"most": min(most, _MOST_RECORDS), "wrap": {wrap: "@"}}
    elif wrap:
        found["wrap"] = {wrap: "[@]"}
    body: dict[str, Any] = {}
    if operation == "upsert":
        # What the path says is said.
        path_says = {"external_id"} if "{external_id}" in found["path"] else set()
        concepts = [one for one in words.concepts if one.name not in path_says]
        body = body_template(draft, f"{key}.body", concepts, sent, _called(resource))
    elif call.body:
        body = _short_body(draft, resource, operation, sent)
    if body or operation in {"upsert", "link"}:
        found["body"] = body or {OPEN: OPEN}
    if operation == "stop" and not call.body and "{" not in call.path and call.query:
        found["parameters"] = {next(iter(call.query)): "remote_id"}
    if operation == "upsert" and own:
        found["remote_id"] = own
    return found


def _short_body(draft: ProfileDraft, resource: str, operation: str, sent: ValueShape) -> dict[str, Any]:
    """Return the body of what names a record and does something with it."""
    own = best(_own_ids(), sent.leaves(1))
    external = best(terms_of_external_id(), sent.leaves(1), _called(resource))
    found: dict[str, Any] = {}
    if own:
        found[own.expression] = "remote_id"
    if external and operation != "change":
        found[external.expression] = "external_id"
    elif operation == "link":
        # Without it the call would give a record nothing.
        point = OpenPoint(f"resources.{resource}.link.body", "which field is external id", (), is_needed=True)
        found[draft.ask(point) or OPEN] = "external_id"
    if operation == "link":
        dimension = best(terms("parameters", "dimension")[:4], sent.leaves(1))
        return ({dimension.expression: "dimension"} if dimension else {}) | found
    reason = best((("reason",), ("comment",), ("note",), ("message",), ("void", "reason")), sent.leaves(1))
    if reason and operation != "change":
        most = reason.shape.most
        found[reason.expression] = f"shorten(reason, `{most}`)" if most else "reason"
    return found


def _answer(  # noqa: PLR0917 - an operation, and what it is made of
    draft: ProfileDraft,
    key: str,
    resource: str,
    operation: str,
    call: DescribedCall,
    results: Mapping[str, Any] | None,
) -> tuple[dict[str, Any], str | None]:
    """Return where an answer names its record, and AvidXchange's own id in it."""
    answer = call.answer or ValueShape()
    own: str | None
    if results:
        external, own = results["external_id"], results.get("remote_id")
        leaves = []
    else:
        leaves = list(answer.leaves(2))
        first, second = best(terms_of_external_id(), leaves), best(_own_ids(), answer.leaves(1))
        external = first.expression if first else None
        own = f"text({second.expression})" if second else None
    found: dict[str, Any] = {}
    if operation in {"link", "change", "stop"} and own:
        found["remote_id"] = own
    if operation in {"upsert", "link", "cancel"} and external:
        found["external_id"] = external
    if operation in {"cancel", "stop"} and (status := best((("status",), ("state",)), leaves)):
        word = "cancelled" if operation == "cancel" else "voided"
        names = _names_of_status(resource, word)
        native = [one for one in status.shape.words if words_of(one) in names] or [word]
        found["status"] = {"map": status.expression, "values": dict.fromkeys(native, word)}
    if not found:
        draft.assume(f"{key}.answer", {}, "its answer names no record: the list is read")
    return found, own


def _names_of_status(resource: str, word: str) -> tuple[Words, ...]:
    """Return what others call a status of ours."""
    return tuple(words_of(str(name)) for name in whole("words")[f"{resource}.status"][word])


def picture(
    draft: ProfileDraft, call: DescribedCall, listed: DescribedCall | None, results: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return how an invoice's picture is sent."""
    key = "resources.invoice.image"
    found: dict[str, Any] = {"method": call.method, "path": profile_path(call)}
    answer = call.answer or ValueShape()
    sha256 = best(terms("answer", "sha256"), answer.leaves(2))
    external = best(terms_of_external_id(), answer.leaves(2))
    if results:
        found["answer"] = {"external_id": results["external_id"]}
    elif sha256:
        found["answer"] = {"sha256": sha256.expression}
    else:
        found["answer"] = {"external_id": external.expression} if external else {}
    fields = list(call.body.leaves(1)) if call.body else []
    binary = next((path[0] for path, one in fields if one.form == "binary"), None)
    content = best(terms("answer", "base64"), fields)
    if "multipart/form-data" in call.media_types:
        found["multipart"] = {"file": binary or "file", "name": "shorten(name, `255`)"}
    elif content and "application/json" in call.media_types:
        sent = {
            "name": best(terms("answer", "name"), fields),
            "media_type": best(terms("answer", "media_type"), fields),
        }
        told = {one.expression: name for name, one in sent.items() if one}
        found["base64"] = told | {content.expression: "content"}
    else:
        names = [
            name for name in call.headers if _is_any(name, (*terms("answer", "name"), ("x", "file", "name")))
        ]
        found["headers"] = {"Content-Type": "media_type"} | dict.fromkeys(
            names[:1], "quoted(shorten(name, `255`))"
        )
    found["most"] = draft.assume(f"{key}.most", 1, "a published limit")
    found["largest"] = draft.assume(f"{key}.largest", _LARGEST, "a published limit, in bytes")
    told_types = [one for one in call.media_types if one in _PICTURES]
    found["media_types"] = told_types or draft.assume(
        f"{key}.media_types", _PICTURES, "not in the description"
    )
    lists = list(lists_in(listed.answer)) if listed and listed.answer else []
    item = lists[0][1].item if lists else None
    if item and (shown := best((*terms("answer", "sha256"), ("image", "sha256")), item.leaves(2))):
        found["sha256"] = shown.expression
    return found


def _query(draft: ProfileDraft, resource: str, key: str, call: DescribedCall) -> dict[str, Any]:
    """Return what of a list's query is used: the size of a page, filters, and since when it changed."""
    found: dict[str, Any] = {}
    size, since = (_parameter(call, name) for name in ("size", "since"))
    parameters: dict[str, Any] = {}
    dimension = _parameter(call, "dimension")
    if resource == "dimension_value" and dimension and "{dimension}" not in profile_path(call):
        parameters[dimension] = "{dimension}"
    if size:
        most = min(call.query[size].most or _PAGE, _PAGE)
        parameters[size] = draft.because(f"{key}.parameters.{size}", most, "how many a page has")
    if parameters:
        found["parameters"] = parameters
    filters = {name: _parameter(call, name) for name in ("external_id", "status")}
    if told := {name: one for name, one in filters.items() if one}:
        found["filters"] = told
    if since:
        granularity = _GRANULARITIES.get(call.query[since].form)
        point_key = f"{key}.modified_since.granularity"
        if granularity is None:
            point = OpenPoint(point_key, f"how fine {since} is", ("day", "second"))
            granularity = draft.ask(point) or draft.assume(point_key, "day", "early enough, whatever it is")
        found["modified_since"] = {"parameter": since, "granularity": granularity}
    return found


def _next(
    draft: ProfileDraft, key: str, call: DescribedCall, answer: ValueShape, items: tuple[str, ...]
) -> dict[str, Any] | None:
    """Return how to come to the next page; None where nothing is said of pages."""
    leaves = [(path, one) for path, one in answer.leaves(3) if path[: len(items)] != items or not items]
    counted = _counted(leaves)
    links = best(
        terms("answer", "links"), ((path[-1:], one) for path, one in leaves if one.is_list_of_objects)
    )
    if links and links.shape.item:
        way = next(path for path, one in leaves if one is links.shape)
        rel, href = (
            next((name for name in links.shape.item.fields if name.lower() == word), None)
            for word in ("rel", "href")
        )
        if rel and href:
            by_name = f"{expression(way)}[?{rel}=='next'].{href} | [0]"
            return {"link": by_name} | ({"more": counted} if counted else {})
    cursor, page = _parameter(call, "cursor"), _parameter(call, "page")
    texts = [(path, one) for path, one in leaves if one.kind in {"text", "any"} and one.form != "uri"]
    token = best(terms("answer", "cursor"), texts)
    if cursor and token:
        return {"cursor": token.expression, "parameter": cursor}
    link = best(terms("answer", "link"), ((path, one) for path, one in leaves if one.kind in {"text", "any"}))
    if link:
        return {"link": link.expression} | ({"more": counted} if counted else {})
    if page:
        flags = [(path, one) for path, one in leaves if one.kind == "flag"]
        has_more = best(terms("answer", "more"), flags)
        more = has_more.expression if has_more else counted
        draft.assume(f"{key}.next.page", 1, "pages are usually counted from 1")
        return {"page": 1, "parameter": page} | ({"more": more} if more else {})
    draft.ask(OpenPoint(f"{key}.next", "how to come to the next page: nothing is said of pages"))
    return None


def _counted(leaves: Sequence[tuple[tuple[str, ...], ValueShape]]) -> str | None:
    """Return what is true where a page is not the last, if an answer says which of how many it is."""
    numbers = [(path, one) for path, one in leaves if one.kind == "number"]
    which, many = (best(terms("answer", name), numbers) for name in ("page_number", "page_count"))
    return f"{which.expression} < {many.expression}" if which and many else None


def _parameter(call: DescribedCall, name: str) -> str | None:
    found = best(terms("parameters", name), (((one,), shape) for one, shape in call.query.items()))
    return found.path[0] if found else None


def _called(resource: str) -> tuple[Words, ...]:
    """Return what a record is called; a credit may be called as the invoice that it is below zero."""
    own = known()[resource].words
    return (*own, *known()["invoice"].words) if resource == "credit" else own


def _own_ids() -> tuple[Words, ...]:
    return known()["vendor"].concepts[0].synonyms


def _is_any(name: str, synonyms: tuple[Words, ...]) -> bool:
    return any(likeness(words_of(name), synonym) >= _ALIKE for synonym in synonyms)
