"""The image of an invoice: a part of a form, or in base64 in JSON."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from urllib.parse import quote

from starlette.datastructures import Headers, QueryParams

from apbridge_sandbox.avidxchange import endpoint as avidconnect
from apbridge_sandbox.avidxchange.answers import JsonAnswer, RefusalError, refusal
from apbridge_sandbox.avidxchange.images import put_image
from apbridge_sandbox.avidxchange.partner.batches import failed
from apbridge_sandbox.avidxchange.partner.endpoint import NAMES
from apbridge_sandbox.avidxchange.payments import cleared_image
from apbridge_sandbox.avidxchange.results import results_of, successful
from apbridge_sandbox.avidxchange.surface import Part, SurfaceCall, json_of

_FIELDS = ("FileName", "ContentType", "Content")


def post_image(call: SurfaceCall) -> JsonAnswer:
    """Attach the image of an invoice, by AvidXchange's own id of it.

    Raises:
        RefusalError: 404: there is no such invoice; 413: it is too large; 400, 415: nothing like an image.
    """
    number = call.request.path_params["id"]
    with call.sandbox.store.connection() as conn:
        row = conn.execute("SELECT external_id FROM ax_invoice WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise refusal(404, "unknown_invoice", f"There is no invoice {number}.")
    name, media_type, content = _of_form(call.form) if call.form is not None else _of_json(call)
    if len(content) > avidconnect.LARGEST_BODY:
        raise refusal(413, "too_large", f"An image has at most {avidconnect.LARGEST_BODY} bytes.")
    headers = Headers({"content-type": media_type, "x-file-name": quote(name)})
    path = {"external_id": row["external_id"]}
    try:
        put_image(avidconnect.AvidXchangeCall(call.sandbox, path, QueryParams(), headers, content))
    except RefusalError as error:
        return results_of(call, [failed(call, {"ExternalId": row["external_id"]}, error, NAMES["image"])])
    return results_of(call, [{"ExternalId": row["external_id"], **successful(call, is_good=True)}])


def cleared_check(call: SurfaceCall) -> JsonAnswer:
    """Answer with the image of a cleared check, in base64."""
    number = call.request.path_params["id"]
    content = base64.b64encode(cleared_image(call.sandbox, number)).decode()
    return JsonAnswer(200, {"PaymentId": int(number), "Content": content})


def _of_form(parts: Sequence[Part]) -> tuple[str, str, bytes]:
    if [part.name for part in parts] != ["File"] or parts[0].file_name is None:
        raise refusal(400, "invalid_value", "Send a form with one part File, a file.", "File")
    return parts[0].file_name, parts[0].media_type, parts[0].content


def _of_json(call: SurfaceCall) -> tuple[str, str, bytes]:
    given = json_of(call)
    for name in given:
        if name not in _FIELDS:
            raise refusal(400, "unknown_field", f"There is no field {name}.", name)
    for name in _FIELDS:
        if not isinstance(given.get(name), str):
            raise refusal(400, "missing_field", f"Give {name}, a text.", name)
    try:
        content = base64.b64decode(given["Content"], validate=True)
    except ValueError as error:
        raise refusal(400, "invalid_value", "Content is not base64.", "Content") from error
    return given["FileName"], given["ContentType"], content
