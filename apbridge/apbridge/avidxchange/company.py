"""Which company the credentials are of: as a call says, as the sign-in checks, or else by who signs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from apbridge.avidxchange.expressions import ExpressionError, fingerprint
from apbridge.avidxchange.profile import Profile
from apbridge.avidxchange.settings import AvidXchangeSettings
from apbridge.errors import SettingError
from apbridge.origin import Origin

_LOGIN = 12
"""Digits of the fingerprint of a login: people type it."""


def which_company(
    profile: Profile, settings: AvidXchangeSettings, before: Origin | None, ask: Callable[[], Any]
) -> Origin:
    """Return which company it is; it is asked only where somebody else signs in than before.

    Args:
        profile: The contract.
        settings: Who signs in, and where.
        before: Which it was, as far as that is known.
        ask: Makes the call that shows address and sign-in to be right, and returns what it says.

    Raises:
        SettingError: Address or sign-in is wrong, or it is not the company that the settings name.
    """
    found, rules = settings.origin, profile.sign_in
    if profile.company is None:
        # A company id that signs in is refused where it is not the others'.
        return found if "company_id" in rules.settings else _by_login(profile, settings, before, ask)
    proof = fingerprint({name: settings.credentials[name] for name in rules.settings})
    if before and before.proof == proof and before.agrees(found):
        return before
    answer = ask()
    try:
        company = profile.company(answer)
    except ExpressionError:
        company = None
    known = {} if company is None else {"company": str(company)}
    if not found.agrees(Origin(found.system, known)):
        of = f"company {settings.company}" if settings.company else "this run"
        declared = found.facts["company"]
        raise SettingError("APB-CMP-013", company=of, found=known["company"], declared=declared)
    return Origin(found.system, {**known, **found.facts}, proof)


def _by_login(
    profile: Profile, settings: AvidXchangeSettings, before: Origin | None, ask: Callable[[], Any]
) -> Origin:
    """Return where it is and who signs in: one login is one company, until somebody says otherwise."""
    login = fingerprint({name: settings.credentials[name] for name in profile.sign_in.login})[:_LOGIN]
    vouched_for = settings.same_company_login
    now = replace(settings.origin, login=login, is_vouched_for=login == vouched_for)
    is_known = before is not None and before.login == login
    if not is_known and (before is None or before.agrees(now)):
        ask()
    return now
