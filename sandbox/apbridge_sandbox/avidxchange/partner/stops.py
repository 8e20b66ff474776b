"""Stopping payments, as the interface of older integrations takes it: by a DELETE that names them."""

from __future__ import annotations

from typing import Any

from apbridge_sandbox.avidxchange.answers import JsonAnswer, RefusalError, refusal
from apbridge_sandbox.avidxchange.partner.batches import failed
from apbridge_sandbox.avidxchange.results import results_of, successful
from apbridge_sandbox.avidxchange.stops import stop
from apbridge_sandbox.avidxchange.surface import SurfaceCall


def delete_payments(call: SurfaceCall) -> JsonAnswer:
    """Stop payments, by AvidXchange's own ids. A result says that the request was taken, not how it ended.

    Raises:
        RefusalError: 400: none is named.
    """
    named = call.request.query_params.get("paymentIds", "")
    if not named:
        raise refusal(400, "missing_parameter", "Say which paymentIds.", "paymentIds")
    return results_of(call, [_result(call, number) for number in named.split(",")])


def _result(call: SurfaceCall, number: str) -> dict[str, Any]:
    try:
        with call.sandbox.store.write() as conn:
            stop(call.sandbox, conn, number)
    except RefusalError as error:
        return failed(call, {"Id": number}, error)
    return {"Id": number, **successful(call, is_good=True)}
