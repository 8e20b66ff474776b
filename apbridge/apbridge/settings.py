"""Settings that several plugins share, as Singer SDK properties, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from apbridge import object_stores
from apbridge.errors import SettingError
from apbridge.origin import LOOPBACK

ACCOUNT_ID = re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)?")
_USUAL_ANSWER_MB = 64
"""Some times the longest of either system: a file of 10 MiB, in Base64."""
_MOST_ANSWER_MB = 1024

_LONGEST_ANSWER = th.Property(
    "max_answer_mb",
    th.IntegerType(nullable=False, minimum=1, maximum=_MOST_ANSWER_MB),
    default=_USUAL_ANSWER_MB,
    description="Longest answer that is read, in MiB, decompressed. A longer one ends the run.",
)

COMPANY = "company"
"""The setting that names the company, where one project serves several."""

_COMPANY = th.Property(
    COMPANY,
    th.StringType(pattern="^[a-z][a-z0-9-]{0,29}$"),
    description="Name of the company, where one project serves several. Ledger and bookmarks bear it, and "
    "those of another stop the run, as its entries of the vault do.",
)

NETSUITE_SETTINGS = (
    th.Property(
        "account_id",
        th.StringType(nullable=False),
        required=True,
        description="NetSuite account id, such as `1234567` or `1234567_SB1`.",
    ),
    th.Property(
        "client_id",
        th.StringType(nullable=False),
        required=True,
        secret=True,
        description="Client id of the integration record.",
    ),
    th.Property(
        "certificate_id",
        th.StringType(nullable=False),
        required=True,
        description="Certificate id that NetSuite shows in OAuth 2.0 Client Credentials Setup.",
    ),
    th.Property(
        "private_key",
        th.StringType(),
        secret=True,
        description="Private key of that certificate, PEM text. This or `private_key_path`.",
    ),
    th.Property(
        "private_key_path",
        th.StringType(),
        description="File that holds the private key of that certificate, PEM.",
    ),
    th.Property(
        "certificate",
        th.StringType(),
        description="The certificate itself, PEM text: only to say in time when it expires. This or "
        "`certificate_path`.",
    ),
    th.Property(
        "certificate_path",
        th.StringType(),
        description="File that holds that certificate, PEM.",
    ),
    th.Property(
        "base_url",
        th.StringType(),
        description="Where NetSuite is, when it is not where the account id says: a proxy, or the sandbox.",
    ),
    th.Property(
        "restlet_script",
        th.StringType(),
        description="Script id of the deployed RESTlet of `suitescript/`. Without it no file is read.",
    ),
    th.Property(
        "restlet_deploy",
        th.StringType(),
        description="Deployment id of that RESTlet.",
    ),
    th.Property(
        "concurrency",
        th.IntegerType(),
        description="Most calls in flight; 5 when left out. NetSuite's limit is for the whole account: leave "
        "room for others.",
    ),
    th.Property(
        "limits_url",
        th.StringType(),
        description="Where all jobs that call the account share the calls in flight, so that `concurrency` "
        "holds for them together: a folder for those of one machine, `postgresql+psycopg://…` for those of "
        "many. Without it, it holds for each process.",
    ),
    _LONGEST_ANSWER,
    _COMPANY,
)

DEFAULT_PROFILE = "avidconnect"
"""The contract that AvidXchange's customers are given."""

AVIDXCHANGE_SETTINGS = (
    th.Property(
        "company_token",
        th.StringType(nullable=False),
        secret=True,
        description="Company Token from AvidSuite: System Setup, Account Information, Connections, API. "
        "Required where the profile signs in with it, as `avidconnect` does.",
    ),
    th.Property(
        "user_token",
        th.StringType(nullable=False),
        secret=True,
        description="User Token from the same page. Required where the profile signs in with it.",
    ),
    th.Property(
        "client_id",
        th.StringType(nullable=False),
        secret=True,
        description="OAuth 2.0 client id, given to partners. Required where the profile signs in with it, as "
        "`partner` does.",
    ),
    th.Property(
        "client_secret",
        th.StringType(nullable=False),
        secret=True,
        description="The secret of that client. Required with it.",
    ),
    th.Property(
        "company_id",
        th.StringType(nullable=False),
        description="AvidXchange's id of the company. Required where the profile asks for it, as `partner` "
        "does.",
    ),
    th.Property(
        "base_url",
        th.StringType(nullable=False),
        required=True,
        description="Where AvidXchange's API is, as told at onboarding.",
    ),
    th.Property(
        "profile",
        th.StringType(nullable=False),
        default=DEFAULT_PROFILE,
        description="The contract spoken: a profile that ships, or the path of a profile's YAML file.",
    ),
    th.Property(
        "concurrency",
        th.IntegerType(),
        default=8,
        description="Most calls in flight.",
    ),
    _LONGEST_ANSWER,
    _COMPANY,
)

MAPPING_SETTINGS = (
    th.Property(
        "gl_mapping",
        th.StringType(),
        description="CSV or YAML file: which account has which GL code. Others keep their number.",
    ),
    th.Property(
        "dimension_mapping",
        th.StringType(),
        description="CSV or YAML file: the codes of departments, classes, locations and segments' values.",
    ),
)

LINK_SETTINGS = (
    th.Property(
        "links",
        th.StringType(nullable=False),
        default="links.csv",
        description="CSV file that `apbridge vendors apply` and `apbridge codes apply` write: which records "
        "are which that AvidXchange had before us. Keep it under version control.",
    ),
    th.Property(
        "vendors",
        th.StringType(nullable=False, allowed_values=["create", "hold"]),
        default="create",
        description="What becomes of a vendor that AvidXchange does not have under its external id and that "
        "nobody has decided about: it is created, unless AvidXchange's list was read anyway and shows one "
        "that looks like it (`create`); or it waits for a decision, and its bills with it (`hold`).",
    ),
)

LEDGER_SETTINGS = (
    th.Property(
        "ledger_url",
        th.StringType(nullable=False),
        default="sqlite:///.apbridge/ledger.db",
        description="Where the ledger is: `sqlite:///<file>` or `postgresql+psycopg://…`.",
    ),
    th.Property(
        "on_reject",
        th.StringType(nullable=False, allowed_values=["continue", "fail"]),
        default="continue",
        description="After a rejected record, end well (`continue`) or with exit code 1 (`fail`).",
    ),
    th.Property(
        "in_doubt_minutes",
        th.IntegerType(nullable=False, minimum=0),
        default=30,
        description="How long a write that got no answer may still arrive. Until then its record is not "
        "final; the first run after that looks at it once more. Less than 30 is not safe: a call may be sent "
        "up to 15 minutes after it was recorded, and NetSuite works at one for up to 15.",
    ),
    th.Property(
        "dry_run",
        th.BooleanType(nullable=False),
        default=False,
        description="Do every check and every read, write nothing, and report what would be done.",
    ),
    th.Property(
        "dry_run_report",
        th.StringType(),
        description="File for a dry run's report, as JSON. By default `.apbridge/dry-run-<plugin>.json`.",
    ),
)

BRAKE_SETTINGS = (
    th.Property(
        "brake_count",
        th.IntegerType(nullable=False, minimum=0),
        default=50,
        description="Most records of a stream that one run withdraws, changes or makes inactive before a "
        "person has looked (`apbridge approve`).",
    ),
    th.Property(
        "brake_percent",
        th.IntegerType(nullable=False, minimum=0, maximum=100),
        default=10,
        description="Most of them in percent of those that AvidXchange has of the stream. Two withdrawn or "
        "made inactive, and ten changed, go whatever their share is.",
    ),
    th.Property(
        "brake_off",
        th.BooleanType(nullable=False),
        default=False,
        description="Withdraw, change and make inactive whatever there is. For one run: no setting to keep.",
    ),
)

SPOOL_SETTINGS = (
    th.Property(
        "spool_url",
        th.StringType(nullable=False),
        default=".apbridge/spool",
        description="Where images are kept between tap and target, the same for both: a folder, or any "
        "fsspec URL. `s3://…`, `gcs://…` and `abfs://…` need the extra of that name.",
    ),
)


NEVER_SECRET = frozenset(
    {
        "account_id",
        "base_url",
        "certificate_path",
        COMPANY,
        "private_key_path",
        "profile",
        "restlet_deploy",
        "restlet_script",
        "start_date",
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
    return place(config, "spool_url") or str(SPOOL_SETTINGS[0].default)


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
    return _whole_number(config, "max_answer_mb", _USUAL_ANSWER_MB, _MOST_ANSWER_MB) * 2**20


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
