"""Which files make up a project, and what of them is not for a backup: secrets that stand there plainly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream

from apbridge import settings
from apbridge.avidxchange.profile_files import files_of
from apbridge.errors import APBridgeError, SettingError
from apbridge.links import DEFAULT_FILE, LINKS
from apbridge.redaction import without_credentials
from apbridge.vault import REFERENCE
from apbridge.vault.keys import KEY
from apbridge_operator import companies
from apbridge_operator.cli import context, meltano
from apbridge_operator.cli.app import variables_file
from apbridge_operator.cli.checks.files import SECRETS
from apbridge_operator.cli.company import certificate_file

_SETTINGS = ("gl_mapping", "dimension_mapping", "certificate_path", "client_certificate_path")
_NOTICES = "APBRIDGE_NOTIFY"
"""Whoever knows the address of a webhook may write there."""
_SIGNS_IN = re.compile(
    "TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|CONNECTION_STRING|(PRIVATE|API|ACCESS|ACCOUNT|VAULT)_KEY$",
    re.IGNORECASE,
)
"""What a variable is called whose value signs somebody in, here or to a database or an object store."""
_PASSWORD = re.compile(r"://[^/\s:@$]+:[^/\s@$]+@")
"""Of an address with one in it, which is no variable."""


def shared() -> Iterator[Path]:
    """Yield the files that all companies share."""
    document = meltano.document(Path(meltano.FILE)) or {}
    yield Path(meltano.FILE)
    for pattern in document.get("include_paths") or ():
        yield from sorted(Path().glob(str(pattern)))
    yield Path(companies.FILE)


def own() -> Iterator[Path]:
    """Yield the files that the settings of the company at work name."""
    yield certificate_file()
    for plugin in context.PLUGINS:
        config = context.config(plugin)
        for name in _SETTINGS:
            if path := settings.text(config, name):
                yield Path(path).expanduser()
        if plugin in {context.TARGET_AVIDXCHANGE, context.TAP_AVIDXCHANGE}:
            yield from _profiles(config)
    yield Path(settings.text(context.config(context.TARGET_AVIDXCHANGE), LINKS) or DEFAULT_FILE)


def _profiles(config: Mapping[str, Any]) -> Iterator[Path]:
    profile = settings.text(config, "profile")
    if profile is None:
        return
    try:
        found = files_of(profile).files
    except APBridgeError:
        return  # `check` says it
    yield from (Path(one.name) for one in found if Path(one.name).suffix)


def require_no_secret(file: Path, secrets: Mapping[str, str]) -> None:
    """Check that no secret stands plainly in a file.

    Args:
        file: Which.
        secrets: What is looked for, with the name of each.

    Raises:
        SettingError: One does.
    """
    text = file.read_text(encoding="utf-8", errors="replace")
    for value, name in secrets.items():
        if value in text:
            raise SettingError("APB-BAK-003", file=file, name=name)
    if _PASSWORD.search(text):
        raise SettingError("APB-BAK-003", file=file, name="the password in an address")


def without_secrets() -> tuple[str, list[str]]:
    """Return the text of the file of variables without those that hold a secret, and the names of these."""
    file = variables_file()
    if not file.exists():
        return "", []
    kept, left_out = [], []
    with file.open(encoding="utf-8") as text:
        for one in parse_stream(text):
            if one.key and one.value and _is_secret(one.key, one.value):
                left_out.append(one.key)
            else:
                kept.append(one.original.string)
    return "".join(kept), left_out


def _is_secret(name: str, value: str) -> bool:
    if value.startswith(REFERENCE) or name.endswith(("_PATH", "_FILE")):
        return False
    is_named = (
        name == KEY or name.startswith(_NOTICES) or name.endswith(tuple(one.upper() for one in SECRETS))
    )
    return is_named or bool(_SIGNS_IN.search(name)) or without_credentials(value) != value
