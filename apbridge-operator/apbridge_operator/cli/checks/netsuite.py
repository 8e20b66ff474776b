"""NetSuite: the clock, the sign-in, the certificate, permissions, the RESTlet, limits, bank accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from threading import Event
from typing import Any

import requests

from apbridge.errors import APBridgeError, RefusedError
from apbridge.http import Call, proxies_to
from apbridge.netsuite import NetSuite, NetSuiteSettings, restlet
from apbridge.netsuite.certificate import Certificate
from apbridge.netsuite.clock import MOST_SKEW, in_words, seconds_ahead
from apbridge_operator.certificates import Certificates
from apbridge_operator.cli.checks.banks import bank_accounts
from apbridge_operator.cli.checks.permissions import is_low, permissions
from apbridge_operator.cli.checks.result import CheckResult, State
from apbridge_operator.cli.checks.sides import in_order
from apbridge_operator.cli.company import certificate_file

_SIGNED_IN = "SELECT 1 AS one FROM dual"
_METADATA = "/services/rest/record/v1/metadata-catalog"
_NO_RESTLETS = {"APB-NS-024", "APB-NS-025"}
"""Refusals of every RESTlet, whichever is deployed."""
_UNTIMELY = {"APB-NS-004", "APB-NS-005"}
"""Of a certificate whose dates are what is wrong."""
_CLOCK_SECONDS = 3.0
"""To wait for the time: that NetSuite is not there, the sign-in says, which must have its time too."""
_LIMITS = "/services/rest/system/v1/governanceLimits"


def results(
    reading: Mapping[str, Any], posting: Mapping[str, Any], stop: Event | None = None
) -> Iterator[CheckResult]:
    """Look at the NetSuite side.

    Args:
        reading: Settings of tap-netsuite-ap.
        posting: Settings of target-netsuite-payments.
        stop: When set, it comes to its end.
    """
    try:
        settings = NetSuiteSettings.from_config(posting)
        limits = {settings.limits_url, NetSuiteSettings.from_config(reading).limits_url}
    except APBridgeError as error:
        yield CheckResult.of("certificate" if error.code in _UNTIMELY else "NetSuite settings", error)
        return
    if len(limits) > 1:
        yield CheckResult.of("limits", APBridgeError("APB-CHK-023"), State.WARNING)
    yield from _clock(settings)
    yield from _own_certificate(posting, settings)
    with NetSuite(settings, stop=stop) as netsuite:
        try:
            netsuite.suiteql(_SIGNED_IN, limit=1, purpose="sign in")
        except APBridgeError as error:
            yield CheckResult.of("NetSuite sign-in", error)
            return
        yield CheckResult.ok("NetSuite sign-in", f"Account {settings.account_id} lets us in.")
        levels = _levels(netsuite)
        if levels is None:
            yield CheckResult.of("levels of permissions", _not_shown(), State.NOTE)
        looks: list[Callable[[], Sequence[CheckResult]]] = [
            *(partial(_permission, netsuite, entry, levels or {}) for entry in permissions()),
            partial(_restlet, netsuite),
            partial(_limit, netsuite),
            partial(_mapped_certificate, netsuite),
            partial(bank_accounts, netsuite, posting),
        ]
        for found in in_order(looks, settings.concurrency):
            yield from found


def _clock(settings: NetSuiteSettings) -> Iterator[CheckResult]:
    """Compare the clocks without a sign-in: a wrong one is why a sign-in fails."""
    subject = "clock"
    try:
        # A plain question for the time: no credentials go with it.
        answer = requests.head(
            settings.base_url,
            timeout=_CLOCK_SECONDS,
            allow_redirects=False,
            proxies=proxies_to(settings.base_url),
        )
    except (requests.RequestException, ValueError):
        # ValueError: `requests` parses where a redirect leads, though it is not followed.
        return  # whether NetSuite is there is the sign-in's to say
    ahead = seconds_ahead(answer)
    if ahead is None:
        return
    if abs(ahead) <= MOST_SKEW:
        yield CheckResult.ok(subject, "This machine's clock agrees with NetSuite's.")
    else:
        yield CheckResult.of(subject, APBridgeError("APB-CHK-001", **in_words(ahead)))


def _own_certificate(config: Mapping[str, Any], settings: NetSuiteSettings) -> Iterator[CheckResult]:
    try:
        certificate = Certificate.from_config(config) or _left_for_upload(settings)
        if certificate is None:
            return
        certificate.check(settings.key)
    except APBridgeError as error:
        yield CheckResult.of("certificate", error)
        return
    yield _days(certificate.ends, certificate.reminder())


def _left_for_upload(settings: NetSuiteSettings) -> Certificate | None:
    """Return the certificate that `init` left here, where it is that of the key: it has the dates."""
    with suppress(APBridgeError, OSError, UnicodeDecodeError):
        found = Certificate.from_pem(certificate_file().read_text(encoding="utf-8"))
        if found.is_of(settings.key):
            return found
    return None


def _days(ends: datetime, reminder: str | None) -> CheckResult:
    days = (ends - datetime.now(timezone.utc)).days
    if reminder is None:
        return CheckResult.ok("certificate", f"It is good until {ends.date()}, {days} days more.")
    error = APBridgeError("APB-NS-006", day=ends.date(), days=max(days, 0))
    return CheckResult.of("certificate", error, State.WARNING)


def _mapped_certificate(netsuite: NetSuite) -> list[CheckResult]:
    """Check how long NetSuite takes the certificate, where the role may ask."""
    try:
        listed = Certificates(netsuite).listed()
    except APBridgeError as error:
        told = APBridgeError("APB-CHK-002", says=error.says)
        return [CheckResult.of("certificate rotation", told, State.NOTE)]
    own = next((one for one in listed if one.id == netsuite.settings.certificate_id), None)
    found = [CheckResult.ok("certificate rotation", "The role may set up and revoke certificates.")]
    if own:
        certificate = Certificate(own.begins, own.ends, b"")
        found.append(_days(own.ends, certificate.reminder()))
    return found


def _levels(netsuite: NetSuite) -> Mapping[str, str] | None:
    """Ask at which level the role has each permission; only a script is told."""
    if netsuite.settings.restlet_script is None:
        return None
    asked = {"action": "permissions", "names": [entry["key"] for entry in permissions()]}
    try:
        return netsuite.restlet(asked, reads=restlet.permissions, purpose="ask for levels of permissions")
    except APBridgeError:
        return None  # why, is the RESTlet's own line


def _not_shown() -> APBridgeError:
    unseen = (f"{entry['permission']}: {entry['level']}" for entry in permissions() if "unseen" in entry)
    higher = (
        f"{entry['permission']}: {entry['level']}"
        for entry in permissions()
        if entry["level"] != "View" and "unseen" not in entry
    )
    return APBridgeError("APB-CHK-013", permissions="; ".join(unseen), levels="; ".join(higher))


def _permission(netsuite: NetSuite, entry: dict[str, Any], levels: Mapping[str, str]) -> list[CheckResult]:
    permission, purpose = entry["permission"], f"see whether the role has {entry['permission']}"
    subject = f"permission {permission}"
    level = levels.get(entry["key"])
    # Of what a call shows the call is believed.
    if level and is_low(entry, level) and (level != "NONE" or "unseen" in entry):
        facts = {"permission": permission, "needed": entry["for"], "level": entry["level"]}
        state = State.NOTE if "unless" in entry else State.WRONG
        return [
            CheckResult.of(subject, APBridgeError("APB-CHK-015", found=level.capitalize(), **facts), state)
        ]
    try:
        if "query" in entry:
            netsuite.suiteql(entry["query"], limit=1, purpose=purpose)
        elif "record" in entry:
            netsuite.session.ask(Call("GET", f"{_METADATA}/{entry['record']}", purpose))
        elif not level:
            return []
    except RefusedError as refused:
        facts = {"permission": permission, "needed": entry["for"], "says": refused.facts["says"].rstrip(".")}
        if "unless" in entry:
            error = APBridgeError("APB-CHK-004", unless=entry["unless"], **facts)
            return [CheckResult.of(subject, error, State.NOTE)]
        return [CheckResult.of(subject, APBridgeError("APB-CHK-003", **facts))]
    except APBridgeError as error:
        return [CheckResult.of(subject, error)]
    return [CheckResult.ok(subject, f"For {entry['for']}.")]


def _restlet(netsuite: NetSuite) -> list[CheckResult]:
    subject = "RESTlet"
    if netsuite.settings.restlet_script is None:
        return [CheckResult.of(subject, APBridgeError("APB-CHK-005"), State.NOTE)]
    try:
        return [_tried(netsuite, subject)]
    except APBridgeError as error:
        if error.code in _NO_RESTLETS:
            return [CheckResult.of(subject, error)]
        return [CheckResult.of(subject, APBridgeError("APB-CHK-006", says=error.says.rstrip(".")))]


def _tried(netsuite: NetSuite, subject: str) -> CheckResult:
    asked = {"action": "version"}
    found = netsuite.restlet(asked, reads=restlet.version, purpose="ask the RESTlet for its version").version
    if found != restlet.VERSION:
        error = APBridgeError("APB-CHK-007", found=found, wanted=restlet.VERSION)
        return CheckResult.of(subject, error, State.WARNING)
    tried = netsuite.restlet({"action": "try"}, reads=restlet.trial, purpose="try the RESTlet out")
    failed = [
        f"{what} ({told['failed']})"
        for what, told in (("dates", tried.date), ("files", tried.file))
        if "failed" in told
    ]
    if failed:
        return CheckResult.of(subject, APBridgeError("APB-CHK-014", problem=" and ".join(failed)))
    return CheckResult.ok(subject, f"Version {found} is deployed, and reads dates and files.")


def _limit(netsuite: NetSuite) -> list[CheckResult]:
    subject, ours = "concurrency", netsuite.settings.concurrency
    try:
        answer = netsuite.session.ask(Call("GET", _LIMITS, "ask for the account's limit"))
        limit = int(answer["accountConcurrencyLimit"])
    except (APBridgeError, LookupError, TypeError, ValueError):
        # Administrators only: no role of ours need have that right.
        return [
            CheckResult.ok(
                subject, f"Up to {ours} calls at once; the account's limit is not shown to this role."
            )
        ]
    if ours > limit:
        error = APBridgeError("APB-CHK-008", ours=ours, limit=limit)
        return [CheckResult.of(subject, error, State.WARNING)]
    return [CheckResult.ok(subject, f"Up to {ours} calls at once of the {limit} that the account allows.")]
