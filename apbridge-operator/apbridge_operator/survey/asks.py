"""The probes of NetSuite that take more than a query: what each asks, and the facts that come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from apbridge.errors import APBridgeError, RefusedError
from apbridge.http import Call
from apbridge.netsuite import restlet
from apbridge.netsuite.catalog import Fields, record_fields
from apbridge.netsuite.client import MOST_ROWS
from apbridge.netsuite.queries.lines import CURRENCIES, ONEWORLD
from apbridge_operator.certificates import Certificates
from apbridge_operator.survey import safe
from apbridge_operator.survey.account import Account, project_queries
from apbridge_operator.survey.result import Found

SIGNED_IN = "SELECT 1 AS one FROM dual"
ALSO = {"transactionline": ("itemtype",), "accountingperiod": ("alllocked",)}
"""Columns that tell of an account though the project does not read them."""

FEATURE_COLUMNS: Mapping[str, tuple[str, Sequence[str]]] = {
    "oneworld": ("subsidiary", ("transactionline.subsidiary", "vendor.subsidiary", "account.subsidiary")),
    "departments": ("department", ("transactionline.department",)),
    "classes": ("classification", ("transactionline.class",)),
    "locations": ("location", ("transactionline.location",)),
    "multicurrency": ("currency", ("transaction.currency", "vendor.currency")),
    "itemtype": ("", ("transactionline.itemtype",)),
}
"""What shows a feature: its table, or a column of another one where the role does not see the table."""

_OFF = {ONEWORLD.name: "oneworld", CURRENCIES.name: "multicurrency"}
"""Features that queries have a name for."""

_NO_RESTLETS: Mapping[str, Found] = {
    "APB-NS-024": {"suitescript": False},
    "APB-NS-025": {"web_services_only": True},
}
"""Refusals of every RESTlet, and what they tell."""
_UNKNOWN = "apbridge_survey"
_WITH = f"WITH one AS ({SIGNED_IN}) SELECT o.one FROM one o"  # noqa: S608 - nothing of anybody's
_LIMITS = "/services/rest/system/v1/governanceLimits"
_PAYMENT, _BILL = "vendorPayment", "vendorBill"
_PAYMENT_FIELDS = (
    *("account", "apacct", "approvalstatus", "class", "currency", "customform", "department", "entity"),
    *("exchangerate", "externalid", "location", "memo", "postingperiod", "subsidiary", "tobeprinted"),
    *("trandate", "tranid"),
)
_APPLY_FIELDS = ("amount", "apply", "applydate", "disc", "discamt", "doc", "line", "total")


def release(account: Account) -> Found:
    """Ask whether SuiteQL takes bind parameters."""
    try:
        account.page(f"{SIGNED_IN} WHERE 1 = ?", limit=1, params=[1])
    except RefusedError:
        return {"bind_parameters": False}
    return {"bind_parameters": True}


def features(account: Account) -> Found:
    """Read from the columns that are shown which features are on."""
    return {
        feature: table in account.hidden or any(account.shows(*column.split(".")) for column in columns)
        for feature, (table, columns) in FEATURE_COLUMNS.items()
    } | {"subsidiary_maps": "accountsubsidiarymap" in account.hidden}


def absent(account: Account) -> frozenset[str]:
    """Return what the account was found to lack, by the names that queries have for it."""
    names = {f"{table}.{column}" for table, columns in account.hidden.items() for column in columns}
    names |= project_queries().columns.keys() - account.hidden.keys()
    on = features(account)
    return frozenset(names | {name for name, known in _OFF.items() if not on[known]})


def records(account: Account) -> Found:
    """Ask for the fields of vendor payments and of their lines."""
    told = record_fields(account.netsuite, _PAYMENT)
    fields, lines = told[_PAYMENT], told.get(f"{_PAYMENT}-applyElement", {})
    return {
        "fields": sorted(set(fields) & set(_PAYMENT_FIELDS)),
        "apply_fields": sorted(set(lines) & set(_APPLY_FIELDS)),
        "discounts": "disc" in lines,
        "custom_fields": safe.amount(sum(name.startswith("custbody") for name in fields)),
    }


def custom(account: Account) -> Found:
    """Look for instalments, for custom segments, and for the time of change of their values."""
    told = record_fields(account.netsuite, _BILL)
    segments = sorted({name for name in chain.from_iterable(told.values()) if name.startswith("cseg")})
    found = {"segments": bool(segments), "instalments": any("-installment" in name for name in told)}
    for column in ("lastmodified", "lastmodifieddate") if segments else ():
        if _takes(account, f"SELECT {column} FROM customrecord_{segments[0]} WHERE ROWNUM <= 1"):  # noqa: S608
            return {**found, "changed": column}
    return {**found, "changed": None}


def dialect(account: Account) -> Found:
    """Try the parts of SuiteQL out that some accounts take and others do not."""
    by_rownum = _takes(account, "SELECT n.nth FROM (SELECT ROWNUM AS nth FROM dual) n")
    by_window = _takes(
        account, "SELECT ROW_NUMBER() OVER (ORDER BY t.id) AS nth FROM transaction t WHERE ROWNUM <= 1"
    )
    numbered = {(True, True): "both", (True, False): "rownum", (False, True): "row_number"}
    return {
        "with_queries": _takes(account, _WITH),
        "row_numbers": numbered.get((by_rownum, by_window), "none"),
    }


def refusals(account: Account) -> Found:
    """Ask for a column that no account has."""
    try:
        account.rows(f"SELECT t.{_UNKNOWN} FROM transaction t WHERE ROWNUM <= 1")  # noqa: S608
    except RefusedError as refused:
        return {"unknown_column": refused.status}
    return {"unknown_column": None}


def paging(account: Account) -> Found:
    """Ask for pages that may not be asked for, of a table of one row; and for the last of a long one."""
    return {
        "limit_over_most": _outcome(account, "clamps", limit=1001),
        "offset_off_grid": _outcome(account, "floors", limit=2, offset=1),
        "offset_past_cap": _outcome(account, "empty", limit=1, offset=MOST_ROWS),
        "more_at_cap": _more_at_cap(account),
    }


def concurrency(account: Account) -> Found:
    """Ask for the account's limit; few roles may see it."""
    try:
        answer = account.netsuite.session.ask(Call("GET", _LIMITS, "ask for the account's limit"))
    except RefusedError:
        return {"limit": None}
    return {"limit": int(answer["accountConcurrencyLimit"])}


def certificates(account: Account) -> Found:
    """Ask for the integration's certificates, and look at the form of the answer alone."""
    try:
        answer = Certificates(account.netsuite).answered()
    except RefusedError:
        return {"list": None, "times": None}
    items = answer["items"] if isinstance(answer, Mapping) else answer
    times = {str(item["valid_until"]).isdecimal() for item in items}
    return {
        "list": "items" if isinstance(answer, Mapping) else "array",
        "times": "seconds" if times == {True} else "iso" if times == {False} else None,
    }


def books(account: Account) -> Found:
    """Ask how many accounting books recent transactions are in."""
    if not account.shows("transactionaccountingline", "accountingbook"):
        return {"several": False}
    rows = account.rows(
        "SELECT DISTINCT a.accountingbook AS book FROM transactionaccountingline a"
        " WHERE a.transaction > $recent"
    )
    return {"several": len(rows) > 1 if rows else None}


def script(account: Account) -> Found:
    """Ask the RESTlet which version it is, and let it read a date and a file."""
    if account.netsuite.settings.restlet_script is None:
        return {"deployed": False}
    purpose = "try the RESTlet out"
    try:
        version = account.netsuite.restlet({"action": "version"}, reads=restlet.version, purpose=purpose)
    except RefusedError as refused:
        if refused.code not in _NO_RESTLETS:
            raise
        return {"deployed": None, **_NO_RESTLETS[refused.code]}
    if version.version != restlet.VERSION:
        return {"deployed": True, "version": "another"}
    found = account.netsuite.restlet({"action": "try"}, reads=restlet.trial, purpose=purpose)
    return {
        "deployed": True,
        "version": "this",
        "suitescript": True,
        "web_services_only": False,
        "reads_dates": found.date.get("read") == restlet.TRIED,
        "time_format": safe.form_of_time(found.date["shown"]) if "shown" in found.date else None,
        "reads_files": False if "failed" in found.file else found.file.get("read"),
    }


def missing_permissions(account: Account, listed: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the permissions that the role lacks, as far as reading shows, where the feature is on.

    Args:
        account: The account.
        listed: The permissions that the project needs, with how each shows.
    """
    return [one for one in listed if _is_missing(account, one)]


def feature_of(entry: Mapping[str, Any]) -> str | None:
    """Return the feature whose records a permission shows; None where other columns do not tell of it."""
    return next((name for name, (table, _) in FEATURE_COLUMNS.items() if table == _table(entry)), None)


def _table(entry: Mapping[str, Any]) -> str | None:
    return entry["query"].partition(" FROM ")[2].split()[0] if "query" in entry else None


def levels(account: Account, listed: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Ask the RESTlet for the levels of permissions, by their keys; none where it does not answer."""
    if account.netsuite.settings.restlet_script is None:
        return {}
    asked = {"action": "permissions", "names": [one["key"] for one in listed]}
    try:
        return account.netsuite.restlet(
            asked, reads=restlet.permissions, purpose="ask for levels of permissions"
        )
    except APBridgeError:
        return {}  # why, is told by the RESTlet's own probe


def is_low(entry: Mapping[str, Any], level: str) -> bool:
    """Return whether the role has a permission, but at a lower level than needed."""
    return 0 < restlet.LEVELS.index(level) < restlet.LEVELS.index(entry["level"].upper())


def _is_missing(account: Account, entry: Mapping[str, Any]) -> bool:
    if "record" in entry:
        return _fields(account, entry["record"]) is None
    if "query" not in entry:
        return False
    if _table(entry) in account.hidden:
        return False
    if feature := feature_of(entry):
        return bool(features(account)[feature])
    return not _takes(account, entry["query"])


def _fields(account: Account, record: str) -> Mapping[str, Fields] | None:
    try:
        return record_fields(account.netsuite, record)
    except RefusedError:
        return None


def _takes(account: Account, text: str) -> bool:
    try:
        account.rows(text)
    except RefusedError:
        return False
    return True


def _outcome(account: Account, taken: str, **page: int) -> str:
    try:
        account.page(SIGNED_IN, **page)
    except RefusedError:
        return "refuses"
    return taken


def _more_at_cap(account: Account) -> bool | None:
    # No more rows are counted than it takes: a ledger may have millions of lines.
    text = f"SELECT l.uniquekey FROM transactionline l WHERE ROWNUM <= {MOST_ROWS + 1}"  # noqa: S608
    with suppress(APBridgeError, LookupError):
        if account.page(text, limit=1)["totalResults"] > MOST_ROWS:
            return bool(account.page(text, limit=1, offset=MOST_ROWS - 1)["hasMore"])
    return None


ASKS: Mapping[str, Callable[[Account], Found]] = {
    "netsuite.release": release,
    "netsuite.features": features,
    "netsuite.records": records,
    "netsuite.custom": custom,
    "netsuite.dialect": dialect,
    "netsuite.refusals": refusals,
    "netsuite.paging": paging,
    "netsuite.concurrency": concurrency,
    "netsuite.certificates": certificates,
    "netsuite.books": books,
    "netsuite.restlet": script,
}
"""The function of each probe that has no query."""
