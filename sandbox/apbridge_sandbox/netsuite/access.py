"""Who calls, and what the account and the role let them see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from apbridge_sandbox import suiteql
from apbridge_sandbox.clock import stamp
from apbridge_sandbox.credentials import ACCOUNT_ID
from apbridge_sandbox.declared import declared
from apbridge_sandbox.netsuite import token_based
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall
from apbridge_sandbox.netsuite.errors import insufficient_permission, invalid_login
from apbridge_sandbox.netsuite.permissions import PermissionLevel, level_of
from apbridge_sandbox.netsuite.sign_in import fingerprint
from apbridge_sandbox.preferences import DatePreference
from apbridge_sandbox.switches import Switches, listed

REST_WEB_SERVICES = "rest_webservices"
RESTLETS = "restlets"

_MAY_SIGN_IN = "Setup -> Log in using OAuth 2.0 Access Tokens"

FEATURES = (
    "oneworld",
    "departments",
    "classes",
    "locations",
    "multicurrency",
    "itemtype",
    "discounts",
    "custom_segments",
    "with_queries",
    "instalments",
    "subsidiary_maps",
)
"""Features of an account that have a switch of their own, `netsuite.<feature>`."""

_TRANSACTIONS = {
    "VendBill": "Transactions -> Bills",
    "VendCred": "Transactions -> Bill Credits",
    "VendPymt": "Transactions -> Pay Bills",
    "PurchOrd": "Transactions -> Purchase Order",
    "Journal": "Transactions -> Make Journal Entry",
}
"""The permission that shows transactions of a type."""

_ROW_NUMBERS_OFF: dict[str, set[str]] = {
    "both": set(),
    "rownum": {"row_number"},
    "row_number": {"rownum"},
    "none": {"rownum", "row_number"},
}


@dataclass(frozen=True)
class Caller:
    """Who signed in: a user, in a role."""

    role: int
    entity: str


def check_token(call: NetSuiteCall, scope: str) -> Caller:
    """Make sure that a call carries a token of that scope, or is signed by one; return who signed in.

    Raises:
        NetSuiteError: It does not, or the role lacks what the service takes.
    """
    caller = _caller(call, scope)
    if scope == REST_WEB_SERVICES:
        check_permission(call, "Setup -> REST Web Services")
    return caller


def _caller(call: NetSuiteCall, scope: str) -> Caller:
    kind, _, credentials = call.request.headers.get("authorization", "").partition(" ")
    if kind.lower() != token_based.SCHEME:
        return check_bearer(call, scope)
    try:
        row = token_based.verified(call, credentials)
    except token_based.NotSignedError as error:
        raise invalid_login(ACCOUNT_ID, "OAuth") from error
    return Caller(row["role"], row["entity"])


def check_bearer(call: NetSuiteCall, scope: str) -> Caller:
    """Make sure that a call carries an OAuth 2.0 token of that scope, and return who signed in.

    Raises:
        NetSuiteError: It does not.
    """
    kind, _, secret = call.request.headers.get("authorization", "").partition(" ")
    missing = account_of(call.sandbox.switches).permissions_missing
    if kind.lower() == "bearer" and secret and _MAY_SIGN_IN not in missing:
        with call.sandbox.store.connection() as conn:
            found = conn.execute(
                "SELECT scopes, role, entity FROM ns_token WHERE token_sha256 = ? AND expires_at > ?",
                (fingerprint(secret.strip()), stamp(datetime.now(timezone.utc))),
            ).fetchone()
        if found and scope in found["scopes"].split():
            return Caller(found["role"], found["entity"])
    raise invalid_login(ACCOUNT_ID)


def check_permission(
    call: NetSuiteCall, permission: str, needs: PermissionLevel = PermissionLevel.VIEW
) -> None:
    """Make sure that the role has a permission, at a level at least.

    Raises:
        NetSuiteError: It has not.
    """
    level = level_of(call.sandbox.switches, permission)
    if level < needs:
        raise insufficient_permission(permission, is_low=level > PermissionLevel.NONE)


def account_of(switches: Switches) -> suiteql.AccountView:
    """Return what the account and the role let a call see."""
    subsidiaries = listed(switches["netsuite.role_subsidiaries"])
    features_off = {name for name in FEATURES if not switches[f"netsuite.{name}"]}
    other = {"lastmodified": "lastmodifieddate", "lastmodifieddate": "lastmodified"}
    features_off.add(f"custom_record_{other[switches['netsuite.custom_record_changed']]}")
    features_off |= _ROW_NUMBERS_OFF[switches["netsuite.row_numbers"]]
    if "oneworld" in features_off:
        features_off.add("subsidiary_maps")
    hidden = frozenset(listed(switches["netsuite.hidden_columns"]))
    return suiteql.AccountView(
        features_off=frozenset(features_off),
        permissions_missing=frozenset(listed(switches["netsuite.missing_permissions"])),
        subsidiaries=tuple(map(int, subsidiaries)) if subsidiaries else None,
        shown_as=tuple(_shown_as(switches)),
        dates=DatePreference.of(switches),
        columns_hidden=hidden,
        rows=tuple(_rows(switches, hidden)),
    )


def _rows(switches: Switches, hidden: frozenset[str]) -> Iterator[tuple[str, str]]:
    # Where lines do not say which book they are in there is but one.
    if not switches["netsuite.second_book"] or "transactionaccountingline.accountingbook" in hidden:
        yield "transactionaccountingline", "accountingbook = 1"
    if not switches["netsuite.other_links"]:
        for table in ("previoustransactionlinelink", "nexttransactionlinelink"):
            yield table, "linktype <> 'Related'"
    if switches["netsuite.types_without_permission"] == "hidden":
        missing = listed(switches["netsuite.missing_permissions"])
        if types := [f"'{name}'" for name, needs in _TRANSACTIONS.items() if needs in missing]:
            not_shown = f"type IN ({', '.join(types)})"
            yield "transaction", f"NOT {not_shown}"
            for table in ("transactionline", "transactionaccountingline"):
                yield table, f'"transaction" NOT IN (SELECT id FROM ns_transaction WHERE {not_shown})'  # noqa: S608


def _shown_as(switches: Switches) -> Iterator[tuple[str, str]]:
    if switches["netsuite.link_dates"] == "null":
        for table in ("previoustransactionlinelink", "nexttransactionlinelink"):
            yield f"{table}.lastmodifieddate", "NULL"
    if switches["netsuite.link_discount"] == "paid":
        for table in ("previoustransactionlinelink", "nexttransactionlinelink"):
            yield f"{table}.foreignamount", "({t}.foreignamount_cents - {t}.discount_cents) / 100.0"
    yield from _balance_of_credits(switches["netsuite.credit_balance"])
    if switches["netsuite.accounting_line_dates"] == "null":
        yield "transactionaccountingline.lastmodifieddate", "NULL"
    if switches["netsuite.period_locks"] == "subsidiary":
        for column in ("aplocked", "alllocked"):
            yield f"accountingperiod.{column}", "'F'"
    spellings = declared(__package__, "deleted_types.yaml", dict[str, dict[str, str]])
    if words := spellings.get(switches["netsuite.deleted_record_types"]):
        cases = " ".join(f"WHEN '{record}' THEN '{word}'" for record, word in words.items())
        yield "deletedrecord.type", f"CASE {{t}}.type {cases} ELSE {{t}}.type END"


def _balance_of_credits(shown: str) -> Iterator[tuple[str, str]]:
    sign = {"positive": "", "negative": "-"}.get(shown)
    if sign is None:
        return
    paid, unpaid = "{t}.paid_cents", "({t}.total_cents - {t}.paid_cents)"
    for column, cents in (("foreignamountpaid", paid), ("foreignamountunpaid", unpaid)):
        cases = f"WHEN 'VendBill' THEN {cents} WHEN 'VendCred' THEN {sign}{cents}"
        yield f"transaction.{column}", f"CASE {{t}}.type {cases} END / 100.0"
