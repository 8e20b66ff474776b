"""The image of an invoice: one, of at most 10 MB, and really what it says it is."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from apbridge_sandbox.avidxchange.answers import JsonAnswer, refusal
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.avidxchange.invoices import check_unlocked, the_invoice

_BEGINNINGS = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
}
MEDIA_TYPES = (*_BEGINNINGS,)
_LONGEST_NAME = 255


def put_image(call: AvidXchangeCall) -> JsonAnswer:
    """Attach the image or replace it, while the invoice is not approved. The same bytes again change nothing.

    The name comes percent-encoded in `X-File-Name`.
    """
    media_type, name = _media_type(call), _name(call)
    sha256 = hashlib.sha256(call.body).hexdigest()
    with call.sandbox.store.write() as conn:
        invoice = the_invoice(conn, call.path["external_id"])
        query = "SELECT name, sha256 FROM ax_image WHERE invoice_id = ?"
        known = conn.execute(query, (invoice["id"],)).fetchone()
        if known is None or (known["name"], known["sha256"]) != (name, sha256):
            if invoice["status"] == "cancelled":
                raise refusal(409, "invoice_cancelled", f"Invoice {invoice['external_id']} is cancelled.")
            check_unlocked(invoice)
            conn.execute(
                "INSERT OR REPLACE INTO ax_image VALUES (?, ?, ?, ?, ?, ?)",
                (invoice["id"], name, media_type, len(call.body), sha256, call.body),
            )
            conn.execute(
                "UPDATE ax_invoice SET modified_at = ? WHERE id = ?",
                (call.sandbox.clock.stamp(), invoice["id"]),
            )
    image = {"name": name, "mediaType": media_type, "size": len(call.body), "sha256": sha256}
    return JsonAnswer(200 if known else 201, image)


def _media_type(call: AvidXchangeCall) -> str:
    beginnings = _BEGINNINGS.get(call.media_type)
    if beginnings is None:
        message = f"An image is one of {', '.join(_BEGINNINGS)}."
        raise refusal(415, "unsupported_media_type", message)
    if not call.body.startswith(beginnings):
        raise refusal(415, "not_what_it_says", f"The content is not {call.media_type}.")
    return call.media_type


def _name(call: AvidXchangeCall) -> str:
    name = unquote(call.headers.get("x-file-name", ""))
    if not name:
        raise refusal(422, "missing_field", "Name the file.", "X-File-Name")
    if len(name) > _LONGEST_NAME:
        raise refusal(422, "too_long", f"A file name has at most {_LONGEST_NAME} characters.", "X-File-Name")
    return name
