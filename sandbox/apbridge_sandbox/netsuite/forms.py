"""The form of payments: the fields that it asks for, and those that it does not show."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from apbridge_sandbox.custom import of_record
from apbridge_sandbox.netsuite.errors import NetSuiteError, invalid_value, please_enter
from apbridge_sandbox.switches import Switches, listed

_STANDARD, _OWN = 45, 117
_PREFERRED = {"standard": _STANDARD, "custom": _OWN}
_MANDATORY: Mapping[int, tuple[str, ...]] = {_STANDARD: (), _OWN: ("location", "custbody_payment_type")}
"""Internal id of a form → what it asks for beside what the account does."""

_LABELS = {"department": "Department", "class": "Class", "location": "Location"}
_FEATURES = {"department": "departments", "class": "classes", "location": "locations"}
_HIDDEN = (
    "Error while accessing a resource. You do not have permissions to set a value for element {} due to one"
    " of the following reasons: 1) The field is read-only; 2) An associated feature is disabled; 3) The field"
    " is available either when a record is created or updated, but not in both cases."
)
_STATUSES = {"INSUFFICIENT_PERMISSION": 403, "USER_ERROR": 400}


def check_shown(given: Mapping[str, Any], switches: Switches) -> None:
    """Make sure that the form shows every field of a body.

    Raises:
        NetSuiteError: It names the first that it does not.
    """
    hidden = set(listed(switches["netsuite.payment_hidden_fields"]))
    for name in given:
        if name in hidden:
            code = switches["netsuite.hidden_field_refusal"]
            detail = _HIDDEN.format(name.lower())
            raise NetSuiteError(_STATUSES[code], code, detail, where={"o:errorPath": name})


def check_asked(
    given: Mapping[str, Any], form: int | None, switches: Switches, features_off: AbstractSet[str]
) -> None:
    """Make sure that a new payment has every field that its form asks for.

    Args:
        given: The body.
        form: Internal id of the form that it chooses; None takes the role's.
        switches: What the account and the role ask for.
        features_off: Features that the account does not have: their fields are not asked for.

    Raises:
        NetSuiteError: There is no such form, or it names what is missing.
    """
    chosen = _PREFERRED[switches["netsuite.payment_form"]] if form is None else form
    if chosen not in _MANDATORY:
        raise invalid_value(chosen, "customForm")
    labels = _LABELS | {
        name: field.label for name, field in of_record("transaction", "vendorPayment").items()
    }
    asked = (*listed(switches["netsuite.payment_mandatory"]), *_MANDATORY[chosen])
    missing = [
        labels[name]
        for name in dict.fromkeys(asked)
        if given.get(name) is None and _FEATURES.get(name) not in features_off
    ]
    if missing:
        raise please_enter(", ".join(missing))
