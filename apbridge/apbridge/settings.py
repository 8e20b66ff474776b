"""How the values of settings are read that several plugins share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from apbridge import object_stores
from apbridge.errors import SettingError
from apbridge.origin import LOOPBACK

ACCOUNT_ID = re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)?")
USUAL_ANSWER_MB = 64
"""Some times the longest of either system: a file of 10 MiB, in Base64."""
MOST_ANSWER_MB = 1024

COMPANY = "company"
"""The setting that names the company, where one project serves several."""

DEFAULT_PROFILE = "avidconnect"
"""The contract that AvidXchange's customers are given."""

DEFAULT_LEDGER = "sqlite:///.apbridge/ledger.db"
"""Where the ledger is unless a setting says otherwise."""

DEFAULT_SPOOL = ".apbridge/spool"
"""Where images are kept unless a setting says otherwise, from the folder of the run on."""

NEVER_SECRET = frozenset(
    {
        "account_id",
        "base_url",
        "certificate_path",
        "client_certificate_path",
        "client_private_key_path",
        COMPANY,
        "private_key_path",
        "profile",
        "restlet_deploy",
        "restlet_script",
        "start_date",
        "time_zone",
    }
)
"""Settings that errors, logs and checks show as they are: none of them is taken from the vault."""

_ADDRESS = re.compile(r"[!-\[\]-~]{1,2048}")
"""Printable ASCII; without the backslash, which some take for a slash."""

MOST_CALLS = 100
"""Calls in flight, whatever a setting or the other system says."""


def text(config: Mapping[str, Any], name: str) -> str | None:
    """Read a text setting, from the vault where it is `vault:<name>`; None where it is absent or blank.

    Raises:
        SettingError: The vault cannot be opened, or has no such secret; the secret is another company's; or
            the setting is one that is shown.
    """
    value = config.get(name)
    if value is None:
        return None
    from apbridge.vault import OWNER_END, REFERENCE, resolved  # noqa: PLC0415

    if name in NEVER_SECRET and str(value).strip().startswith(REFERENCE):
        raise SettingError("APB-SET-006", setting=name)
    secret = str(value).strip()
    owner, is_owned, _ = secret.removeprefix(REFERENCE).partition(OWNER_END)
    own = config.get(COMPANY)
    if secret.startswith(REFERENCE) and is_owned and owner != own:
        of = f"company {own}" if own else "no company"
        raise SettingError("APB-CMP-012", setting=name, company=of, owner=owner, secret=secret)
    try:
        return resolved(secret) or None
    except SettingError as failure:
        facts = {"says": failure.says, "do": failure.do, "why": failure.code}
        raise SettingError("APB-SET-004", setting=name, **facts) from failure


def place(config: Mapping[str, Any], name: str) -> str | None:
    """Read a text setting that names a file or a folder; None where it is absent or blank.

    Raises:
        SettingError: As of `text`; or nothing can have that name.
    """
    value = text(config, name)
    if value and "\0" in value:
        raise SettingError("APB-SET-001", setting=name, problem="it has a NUL character in it")
    return value


def spool_of(config: Mapping[str, Any]) -> str:
    """Read where images are kept between tap and target.

    Raises:
        SettingError: As of `place`.
    """
    return place(config, "spool_url") or DEFAULT_SPOOL


def usable_spool(config: Mapping[str, Any]) -> str:
    """Read where images are kept, of a run that may need them.

    Raises:
        SettingError: As of `place`; or what it needs is not installed.
    """
    url = spool_of(config)
    object_stores.check(url)
    return url


def text_or_file(config: Mapping[str, Any], name: str) -> str | None:
    """Read a text setting, or the file that the setting `<name>_path` names; None where neither is there.

    Raises:
        SettingError: There is no such file, or no text in it.
    """
    found = text(config, name)
    path = place(config, f"{name}_path")
    if found is not None or path is None:
        return found
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        problem = getattr(failure, "strerror", None) or "it is not a text file"
        raise SettingError("APB-SET-001", setting=f"{name}_path", problem=problem) from failure


def required_text(config: Mapping[str, Any], name: str) -> str:
    """Read a text setting that must be there.

    Raises:
        SettingError: It is absent or blank.
    """
    value = text(config, name)
    if value is None:
        raise SettingError("APB-SET-002", setting=name)
    return value


def time_zone(config: Mapping[str, Any], name: str) -> ZoneInfo | None:
    """Read a setting that names a time zone; None where it is absent or blank.

    Raises:
        SettingError: There is no such time zone.
    """
    value = text(config, name)
    try:
        return ZoneInfo(value) if value else None
    except (KeyError, OSError, ValueError) as failure:
        problem = "there is no such time zone; one is America/New_York"
        raise SettingError("APB-SET-001", setting=name, problem=problem) from failure


def concurrency(config: Mapping[str, Any], default: int) -> int:
    """Read `concurrency`: a whole number from 1 to 100.

    Raises:
        SettingError: It is not.
    """
    return _whole_number(config, "concurrency", default, MOST_CALLS)


def most_answer_bytes(config: Mapping[str, Any]) -> int:
    """Read `max_answer_mb`: a whole number from 1 to 1024.

    Returns:
        As many bytes.

    Raises:
        SettingError: It is not.
    """
    return _whole_number(config, "max_answer_mb", USUAL_ANSWER_MB, MOST_ANSWER_MB) * 2**20


def _whole_number(config: Mapping[str, Any], name: str, default: int, most: int) -> int:
    value = config.get(name)
    try:
        number = default if value is None else int(value)
    except (OverflowError, TypeError, ValueError):
        number = 0
    if not 1 <= number <= most:
        raise SettingError("APB-SET-001", setting=name, problem=f"{value!r} is not from 1 to {most}")
    return number


def url(value: str) -> str:
    """Check an address that credentials are sent to.

    Raises:
        SettingError: It is neither https nor http on this machine, or no plain address of a server.
    """
    try:
        parts = urlsplit(value if _ADDRESS.fullmatch(value) else "//[")  # what is none raises
        parts.port  # noqa: B018  (raises where it is no number)
    except ValueError as failure:
        raise SettingError("APB-SET-001", setting="base_url", problem="it is no address") from failure
    # Said without the value: it may hold a password.
    if parts.username or parts.password or parts.query or parts.fragment:
        problem = "it is an address with more than a server and a path"
        raise SettingError("APB-SET-001", setting="base_url", problem=problem)
    loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
    if parts.hostname and (parts.scheme == "https" or loopback):
        return value.rstrip("/")
    raise SettingError("APB-SET-003", base_url=value)
