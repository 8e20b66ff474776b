"""`apbridge init`: from nothing to settings that a run can work with."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from apbridge.avidxchange import Profile
from apbridge.avidxchange.checking import evidence
from apbridge.avidxchange.evidence import ASSUMED
from apbridge.avidxchange.profile_files import files_of
from apbridge.errors import APBridgeError, SettingError
from apbridge.files import close_to_others, replace
from apbridge.settings import ACCOUNT_ID, DEFAULT_PROFILE
from apbridge.vault import REFERENCE, Vault, vault_file
from apbridge.vault.keys import KEY, KEY_FILE
from apbridge.vault.vault import FILE as VAULT_FILE
from apbridge_operator.cli import context, env_file, meltano
from apbridge_operator.cli.app import FOUND, variables_file
from apbridge_operator.cli.certificate import keep_changed_over, rotation
from apbridge_operator.cli.check import results, show
from apbridge_operator.cli.company import One, at_work, certificate_file, only
from apbridge_operator.cli.output import Json, print_json, say
from apbridge_operator.cli.plain_secrets import of_plugins, secrets_moved
from apbridge_operator.cli.rotation import NEXT
from apbridge_operator.cli.upload import first_steps, staged_prompt
from apbridge_operator.key_pair import KeyPair

app = typer.Typer()

PRIVATE_KEY, CERTIFICATE = "NETSUITE_PRIVATE_KEY", "NETSUITE_CERTIFICATE"
BANK_ACCOUNTS = "TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNTS"
RESTLET = {
    "NETSUITE_RESTLET_SCRIPT": "customscript_apbridge_restlet",
    "NETSUITE_RESTLET_DEPLOY": "customdeploy_apbridge_restlet",
}


@dataclass(frozen=True)
class Question:
    """One thing that only a person knows.

    Args:
        variable: Where the answer goes.
        text: How it is asked for.
        in_vault: The answer goes into the vault, and into `.env` only where it is there.
        hidden: It is not shown while it is typed.
    """

    variable: str
    text: str
    in_vault: bool = False
    hidden: bool = False


ACCOUNT = Question("NETSUITE_ACCOUNT_ID", "NetSuite account id (such as 1234567 or 1234567_SB1)")
CERTIFICATE_ID = Question("NETSUITE_CERTIFICATE_ID", "Certificate id of the mapping", in_vault=True)
_OF_THE_NEXT = Question(CERTIFICATE_ID.variable, "Certificate id of the new mapping, or nothing for later")
AFTER_UPLOAD = (
    Question("NETSUITE_CLIENT_ID", "Client id of the integration record", in_vault=True, hidden=True),
    CERTIFICATE_ID,
    Question("AVIDXCHANGE_BASE_URL", "Address of AvidXchange's API, as told at onboarding"),
)
_SHOWN = "AVIDXCHANGE_CLIENT"
_KEY_FILES = (PRIVATE_KEY, f"{_SHOWN}_PRIVATE_KEY")
"""Those that may be in a file in place of the variable: `<name>_PATH`."""
CREDENTIALS = {
    "client_id": Question("AVIDXCHANGE_CLIENT_ID", "AvidXchange client id", in_vault=True, hidden=True),
    "client_secret": Question(
        "AVIDXCHANGE_CLIENT_SECRET", "AvidXchange client secret", in_vault=True, hidden=True
    ),
    "user_name": Question("AVIDXCHANGE_USER_NAME", "AvidXchange user name", in_vault=True, hidden=True),
    "password": Question("AVIDXCHANGE_PASSWORD", "Password of that user", in_vault=True, hidden=True),
    "gateway_key": Question("AVIDXCHANGE_GATEWAY_KEY", "Key of the gateway", in_vault=True, hidden=True),
    "api_key": Question("AVIDXCHANGE_API_KEY", "AvidXchange API key", in_vault=True, hidden=True),
    "client_certificate": Question(
        f"{_SHOWN}_CERTIFICATE_PATH", "File of the certificate that AvidXchange is shown (PEM)"
    ),
    "client_private_key": Question(
        f"{_SHOWN}_PRIVATE_KEY_PATH", "File of its private key (PEM, without a passphrase)"
    ),
    "company_id": Question("AVIDXCHANGE_COMPANY_ID", "AvidXchange company id"),
    "company_token": Question("AVIDXCHANGE_COMPANY_TOKEN", "Company Token", in_vault=True, hidden=True),
    "user_token": Question("AVIDXCHANGE_USER_TOKEN", "User Token", in_vault=True, hidden=True),
}
"""By the setting: which of them are asked for is the profile's word."""
BANK = Question(
    "TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNT",
    "Internal id of the bank account in NetSuite that payments come from",
)
_BANKS = (
    "SELECT id, acctnumber, accountsearchdisplayname FROM account"
    " WHERE accttype IN ('Bank', 'CredCard') AND isinactive = 'F' ORDER BY id ASC"
)
_WHO_DECIDES = (
    "The documentation that AvidXchange gave you decides: hold the profile against it,",
    "or draft yours from it by `apbridge profile learn`: docs/writing-a-profile.md.",
)


@app.command()
def init(  # noqa: PLR0913 - its options
    *,
    account_id: Annotated[str | None, typer.Option(help="NetSuite account id.")] = None,
    certificate_id: Annotated[str | None, typer.Option(help="That NetSuite shows after the upload.")] = None,
    netsuite_url: Annotated[str | None, typer.Option(help="A proxy, or the sandbox of this project.")] = None,
    restlet: Annotated[
        bool | None, typer.Option(help="Whether the RESTlet of suitescript/ is deployed; it is, unless told.")
    ] = None,
    avidxchange_url: Annotated[str | None, typer.Option(help="Address of AvidXchange's API.")] = None,
    profile: Annotated[str | None, typer.Option(help="The contract: one that ships, or a file.")] = None,
    bank_account: Annotated[
        list[str] | None,
        typer.Option(help="Internal id, or id:currency or id:currency:subsidiary; may be repeated."),
    ] = None,
    key: Annotated[Literal["ec", "rsa"], typer.Option(help="EC P-256, or RSA with 4096 bits.")] = "ec",
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make a new key in place of the one there.")
    ] = False,
    vault_key_file: Annotated[
        Path | None, typer.Option(help="Where the vault's key is kept; outside the project, unless told.")
    ] = None,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="Keep the vault's key in the OS keyring.")
    ] = False,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Set this folder up: ask for what is missing, make a key and its certificate, say what to upload where.

    Secrets are asked for, or taken from variables of the names that `.env` has for them, and go into the
    vault. Running it again changes what you tell it to, and nothing else.
    """
    with only(company):
        if at_work() and account_id:
            raise SettingError("APB-SET-001", setting="--account-id", problem="it is in companies.yaml")
        _close_meltano()
        asks = _is_a_terminal() and not as_json
        _open_vault(vault_key_file, in_keyring=keyring)
        _name_what_is_kept()
        moved = secrets_moved([*_in_vault(), *of_plugins()], _KEY_FILES, [CERTIFICATE])
        if not as_json:
            say(*moved.told())
        told = {
            "NETSUITE_ACCOUNT_ID": account_id,
            "NETSUITE_BASE_URL": netsuite_url,
            "AVIDXCHANGE_BASE_URL": avidxchange_url,
            "AVIDXCHANGE_PROFILE": profile,
        }
        env_file.keep({name: value for name, value in told.items() if value is not None})
        env_file.keep({**_bank_accounts(bank_account or []), **_restlet(deployed=restlet)})
        missing = _answer([ACCOUNT], asks=asks)
        if not missing:
            staged = _make_key(key, anew=new_key)
            if _next_waits() and not staged and not certificate_id and not as_json:
                say("A new key waits in the vault: `apbridge init --new-key` goes on with it.", "")
            if staged and not certificate_id:
                certificate_id = _id_of_next(staged, moved.variables, asks=asks, as_json=as_json)
            if certificate_id:
                _take(certificate_id, as_json=as_json)
            questions = _questions()
            if not as_json and any(not env_file.value(one.variable) for one in questions):
                say(*first_steps().split("\n"), *_contract())
            missing = _answer(questions, asks=asks)
        if missing:
            _say_missing(missing, moved.variables, as_json=as_json)
            raise typer.Exit(FOUND)
        _keep_company_id()
        if code := show([(None, results())], as_json=as_json, moved=moved.variables):
            raise typer.Exit(code)


def _is_a_terminal() -> bool:
    return sys.stdin.isatty()


def _close_meltano() -> None:
    """Keep others out of what Meltano writes, by its own umask, before a program of ours has a say."""
    for folder in meltano.folders(os.environ) if Path(meltano.FILE).exists() else ():
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        close_to_others(folder)


def _open_vault(key_file: Path | None, *, in_keyring: bool) -> None:
    """Open the vault, or make it; its key is where it is told, or outside the project.

    What has a file of variables of its own, such as a trial, has its vault beside that.
    """
    here = variables_file().absolute().parent
    if here != Path.cwd() and not os.environ.get(VAULT_FILE):
        here.mkdir(mode=0o700, parents=True, exist_ok=True)
        env_file.keep({VAULT_FILE: str(here / "vault.json")})
    is_new = not vault_file().exists()
    name = f"{here.name}-{hashlib.sha256(bytes(here)).hexdigest()[:8]}.key"
    place = (key_file or Path(typer.get_app_dir("apbridge")) / name).resolve()
    is_named = in_keyring or os.environ.get(KEY) or os.environ.get(KEY_FILE)
    if (key_file or not is_named) and (is_new or place.exists()):
        env_file.keep({KEY_FILE: str(place)})
    if is_new:
        Vault.create(in_keyring=in_keyring)
    else:
        Vault.open()


def _name_what_is_kept() -> None:
    """Name again what the vault has, where `.env` was lost: a key that is in use is not made anew."""
    kept = set(Vault.open().names())
    names = {name: env_file.default_secret(name) for name in _in_vault()}
    lost = {name: secret for name, secret in names.items() if secret in kept and not env_file.value(name)}
    env_file.keep({name: f"{REFERENCE}{secret}" for name, secret in lost.items()})


def _in_vault() -> list[str]:
    """Name the variables whose values the vault keeps."""
    questions = [*AFTER_UPLOAD, *CREDENTIALS.values()]
    return [
        *_KEY_FILES,
        CERTIFICATE,
        f"{_SHOWN}_CERTIFICATE",
        *(one.variable for one in questions if one.in_vault),
    ]


def _restlet(*, deployed: bool | None) -> dict[str, str]:
    """Return the ids of the RESTlet; those that are there stay unless somebody says otherwise."""
    if deployed is None and any(env_file.own_name(name) in os.environ for name in RESTLET):
        return {}
    return dict.fromkeys(RESTLET, "") if deployed is False else RESTLET


def _bank_accounts(told: Sequence[str]) -> dict[str, str | None]:
    """Return the setting for bank accounts that are written as id, id:currency or id:currency:subsidiary."""
    entries = [dict(zip(("account", "currency", "subsidiary"), one.split(":"), strict=False)) for one in told]
    for entry, one in zip(entries, told, strict=True):
        if not entry["account"].isdecimal() or one.count(":") > 2:  # noqa: PLR2004
            problem = f"{one!r} is not an internal id, id:currency or id:currency:subsidiary"
            raise SettingError("APB-SET-001", setting="--bank-account", problem=problem)
    if not entries:
        return {}
    if len(entries) == 1 and entries[0].keys() == {"account"}:
        return {BANK.variable: entries[0]["account"], BANK_ACCOUNTS: None}
    return {BANK.variable: None, BANK_ACCOUNTS: json.dumps(entries)}


def _make_key(kind: str, *, anew: bool) -> str | None:
    """Make the key pair where there is none or another is asked for, and leave its certificate for upload.

    Returns:
        The certificate, where it is that of a next key beside the one in use.
    """
    account_id = env_file.value("NETSUITE_ACCOUNT_ID")
    if not ACCOUNT_ID.fullmatch(account_id):
        raise SettingError("APB-NS-001", account_id=account_id)
    has_key = env_file.value(PRIVATE_KEY) or env_file.value(f"{PRIVATE_KEY}_PATH")
    if has_key and not anew:
        return None
    if has_key and env_file.value(CERTIFICATE_ID.variable):
        staged = rotation().stage(kind, account_id)
        replace(certificate_file(), staged.encode())
        return staged
    pair = KeyPair.make(kind, account_id)
    env_file.keep(dict.fromkeys((f"{PRIVATE_KEY}_PATH", f"{CERTIFICATE}_PATH")))
    env_file.keep_secrets({PRIVATE_KEY: pair.private_key, CERTIFICATE: pair.certificate})
    replace(certificate_file(), pair.certificate.encode())
    return None


def _next_waits() -> bool:
    return env_file.secret_name(PRIVATE_KEY) + NEXT in Vault.open().names()


def _id_of_next(pem: str, moved: Sequence[str], *, asks: bool, as_json: bool) -> str:
    """Ask for the certificate id of the next key; where there is none yet, say how it goes on, and end."""
    if not as_json:
        say(*staged_prompt(pem).split("\n"))
    if answer := _asked(_OF_THE_NEXT) if asks else "":
        return answer
    if as_json:
        _say_missing([CERTIFICATE_ID], moved, as_json=True)
    raise typer.Exit(FOUND)


def _take(certificate_id: str, *, as_json: bool) -> None:
    """Keep the id of a mapping: of the next key where one waits and signs in with it, else of that in use."""
    kept = rotation() if _next_waits() else None
    unrevoked = kept.unrevoked if kept else None
    done = kept.take(certificate_id) if kept else None
    if done is None:
        env_file.keep_secrets({CERTIFICATE_ID.variable: certificate_id})
        return
    keep_changed_over(done)
    if not as_json:
        say(f"Certificate {done.certificate_id} is in use. It has signed in.", "")
        for one in filter(None, (done.old_certificate_id, unrevoked)):
            say(f"{one}, in use before, may still be good: `apbridge certificate revoke {one}`.")


def _profile() -> str:
    return env_file.value("AVIDXCHANGE_PROFILE") or DEFAULT_PROFILE


def _contract() -> list[str]:
    """Describe how much of the contract is assumed; nothing where nothing is."""
    operations = evidence(files_of(_profile())).operations
    assumed = sum(word == ASSUMED for word in operations.values())
    if not assumed:
        return []
    counted = f"{assumed} of its {len(operations)} operations are assumed"
    return [f"The contract with AvidXchange is the profile {_profile()}: {counted}.", *_WHO_DECIDES, ""]


def _questions() -> list[Question]:
    spoken = Profile.load(_profile())
    banks = [] if env_file.value(BANK_ACCOUNTS) else [BANK]
    asked = (CREDENTIALS[name] for name in spoken.sign_in.settings)
    credentials = [one for one in asked if not _is_given_itself(one)]
    return [*AFTER_UPLOAD, *credentials, *banks]


def _is_given_itself(one: Question) -> bool:
    """Return whether what a file is asked for is there already, without one."""
    text = one.variable.removesuffix("_PATH")
    return text != one.variable and bool(env_file.value(text))


def _answer(questions: Sequence[Question], *, asks: bool) -> list[Question]:
    """Keep the answers that are there, ask for the others, and return those that nobody answered."""
    missing = []
    for one in questions:
        answer = env_file.value(one.variable).strip()
        if not answer and asks:
            if one is BANK:
                _show_bank_accounts()
            answer = _asked(one)
        if not answer:
            missing.append(one)
        elif env_file.is_declared(one.variable):
            continue
        elif one.in_vault and not env_file.is_in_vault(one.variable):
            env_file.keep_secrets({one.variable: answer})
        elif not one.in_vault:
            env_file.keep({one.variable: answer})
    return missing


def _asked(one: Question) -> str:
    found: str = typer.prompt(one.text, default="", show_default=False, hide_input=one.hidden)
    return found.strip()


def _keep_company_id() -> None:
    """Keep which company of AvidXchange it is, where that is known nowhere: other tokens are refused then."""
    variable = "AVIDXCHANGE_COMPANY_ID"
    if at_work() is None or env_file.value(variable):
        return
    # What keeps it from being asked is what the check is about to tell.
    with suppress(APBridgeError), context.avidxchange() as avidxchange:
        if found := avidxchange.origin(None).facts.get("company"):
            env_file.keep({variable: found})


def _show_bank_accounts() -> None:
    """Show what there is to choose from; where NetSuite does not say, `check` will."""
    try:
        with context.netsuite() as netsuite:
            rows = netsuite.suiteql_all(_BANKS, purpose="list bank accounts")
    except APBridgeError:
        return
    for row in rows:
        name = row.get("accountsearchdisplayname", "")
        say(f"  {row['id']}: {row.get('acctnumber', '')} {name}")


def _say_missing(missing: Sequence[Question], moved: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        upload = str(certificate_file()) if certificate_file().exists() else None
        names = [env_file.own_name(one.variable) for one in missing]
        print_json({"ok": False, "missing": names, "upload": upload, "moved": moved})
        return
    company = at_work()
    again = f"apbridge init --company {company.name}" if company else "apbridge init"
    say(f"Still missing; run `{again}` again when you have them, or set these variables:", "")
    for one in missing:
        say(f"  {env_file.own_name(one.variable)}: {one.text}")
