"""The image of an invoice, in base64 in JSON; that of a cleared check, as it is."""

from __future__ import annotations

import base64
from urllib.parse import quote

from starlette.datastructures import Headers, QueryParams

from apbridge_sandbox.avidxchange import endpoint as avidconnect
from apbridge_sandbox.avidxchange.answers import JsonAnswer, PictureAnswer, RefusalError, refusal
from apbridge_sandbox.avidxchange.avidsuite.batches import external_id_field, failed
from apbridge_sandbox.avidxchange.images import put_image
from apbridge_sandbox.avidxchange.payments import cleared_image
from apbridge_sandbox.avidxchange.results import results_of, successful
from apbridge_sandbox.avidxchange.surface import SurfaceCall, json_of

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
    name, media_type, content = _told(call)
    headers = Headers({"content-type": media_type, "x-file-name": quote(name)})
    path = {"external_id": row["external_id"]}
    item = {external_id_field("invoice"): row["external_id"], "Id": int(number)}
    try:
        put_image(avidconnect.AvidXchangeCall(call.sandbox, path, QueryParams(), headers, content))
    except RefusalError as error:
        return results_of(call, [failed(call, item, error)])
    return results_of(call, [{**successful(call, is_good=True), "Errors": [], "Item": item}])


def cleared_check(call: SurfaceCall) -> PictureAnswer:
    """Answer with the image of a cleared check."""
    content = cleared_image(call.sandbox, call.request.path_params["id"])
    return PictureAnswer(200, content, "application/pdf")


def _told(call: SurfaceCall) -> tuple[str, str, bytes]:
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
    if len(content) > avidconnect.LARGEST_BODY:
        raise refusal(413, "too_large", f"An image has at most {avidconnect.LARGEST_BODY} bytes.")
    return given["FileName"], given["ContentType"], content
