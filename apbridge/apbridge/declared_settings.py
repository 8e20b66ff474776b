"""Settings that several plugins share, as properties of the Singer SDK.

Apart from how they are read: whoever only reads some need not load the SDK.
"""

from __future__ import annotations

from singer_sdk import typing as th

from apbridge.settings import (
    COMPANY,
    DEFAULT_LEDGER,
    DEFAULT_PROFILE,
    DEFAULT_SPOOL,
    MOST_ANSWER_MB,
    USUAL_ANSWER_MB,
)

_LONGEST_ANSWER = th.Property(
    "max_answer_mb",
    th.IntegerType(nullable=False, minimum=1, maximum=MOST_ANSWER_MB),
    default=USUAL_ANSWER_MB,
    description="Longest answer that is read, in MiB, decompressed. A longer one ends the run.",
)

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
        "user_name",
        th.StringType(nullable=False),
        secret=True,
        description="User that signs in with a password. Required where the profile signs in with it, as "
        "`avidsuite` does.",
    ),
    th.Property(
        "password",
        th.StringType(nullable=False),
        secret=True,
        description="The password of that user. Required with it.",
    ),
    th.Property(
        "gateway_key",
        th.StringType(nullable=False),
        secret=True,
        description="Key of the gateway before the API, sent as a bearer beside the user's. Required where "
        "the profile asks for it, as `avidsuite` does.",
    ),
    th.Property(
        "api_key",
        th.StringType(nullable=False),
        secret=True,
        description="API key. Required where the profile signs in with one; none that ships does.",
    ),
    th.Property(
        "client_certificate",
        th.StringType(nullable=False),
        secret=True,
        description="Certificate that is shown to AvidXchange (mutual TLS), PEM text, with what signed it "
        "where that is asked for. Required where the profile signs in with one; none that ships does. This "
        "or `client_certificate_path`.",
    ),
    th.Property(
        "client_certificate_path",
        th.StringType(nullable=False),
        description="File that holds that certificate, PEM.",
    ),
    th.Property(
        "client_private_key",
        th.StringType(nullable=False),
        secret=True,
        description="Private key of that certificate, PEM text without a passphrase. Required with it. This "
        "or `client_private_key_path`.",
    ),
    th.Property(
        "client_private_key_path",
        th.StringType(nullable=False),
        description="File that holds that private key, PEM.",
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
        "time_zone",
        th.StringType(nullable=False),
        description="Time zone of the times that AvidXchange gives without one, such as `America/New_York`; "
        "UTC when left out.",
    ),
    th.Property(
        "same_company_login",
        th.StringType(nullable=False),
        description="Another login of the same company, as the sentence names it that stopped the run. Only "
        "where the contract has no call that says which company it is, as `avidsuite`.",
    ),
    th.Property(
        "concurrency",
        th.IntegerType(),
        default=8,
        description="Most calls in flight.",
    ),
    th.Property(
        "record_answers",
        th.BooleanType(nullable=False),
        default=False,
        description="Whether the shapes of AvidXchange's answers (names of fields and their types, never a "
        "value) are kept in the ledger, so that it is told when they change: `apbridge profile drift`.",
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
        default=DEFAULT_LEDGER,
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
        default=DEFAULT_SPOOL,
        description="Where images are kept between tap and target, the same for both: a folder, or any "
        "fsspec URL. `s3://…`, `gcs://…` and `abfs://…` need the extra of that name.",
    ),
)
