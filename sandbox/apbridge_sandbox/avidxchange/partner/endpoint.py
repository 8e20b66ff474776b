"""The `partner` surface: who is let in, and how calls are refused."""

from __future__ import annotations

from typing import Any

from apbridge_sandbox.avidxchange.answers import JsonAnswer, RefusalError
from apbridge_sandbox.avidxchange.names import Names, code, names_of
from apbridge_sandbox.avidxchange.names import field as place_of
from apbridge_sandbox.avidxchange.partner.sign_in import let_in
from apbridge_sandbox.avidxchange.surface import Surface, SurfaceCall
from apbridge_sandbox.calls import PARTNER_PREFIX

NAMES = names_of("partner")


def company(call: SurfaceCall) -> JsonAnswer:
    """Return who the caller is: the connection test."""
    with call.sandbox.store.connection() as conn:
        row = conn.execute("SELECT id, name FROM ax_company").fetchone()
    return JsonAnswer(200, {"CompanyId": str(row["id"]), "CompanyName": row["name"]})


def refused(error: RefusalError, names: Names | None = None) -> dict[str, Any]:
    """Return a refusal in this surface's form.

    Args:
        error: The refusal.
        names: Translate its fields, where they are in `avidconnect`'s words.
    """
    errors = [
        {
            "Field": problem.field if names is None else place_of(names, problem.field),
            "Code": code(problem.code),
            "Message": problem.message,
        }
        for problem in error.problems
    ]
    return {"Message": error.problems[0].message, "Errors": errors}


SURFACE = Surface(PARTNER_PREFIX, let_in, refused)
