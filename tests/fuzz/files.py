"""Files that people write, handed to what reads them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet

from apbridge.avidxchange.checking import checked
from apbridge.avidxchange.profile import Profile
from apbridge.avidxchange.profile_files import files_of
from apbridge.mapping import MappingTable
from apbridge.vault import Vault
from apbridge.vault.keys import InFile
from apbridge_operator.cli import meltano
from apbridge_operator.contracts.asking import from_answers
from apbridge_operator.contracts.drafting import learned
from apbridge_operator.contracts.reading import read_description
from apbridge_operator.contracts.writing import as_yaml
from tests.fuzz import seeds


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="apbridge-fuzz-"))


def _file(name: str, data: bytes, mode: int = 0o600) -> str:
    path = _folder() / name
    path.write_bytes(data)
    path.chmod(mode)
    return str(path)


def profile(data: bytes) -> None:
    """Load a profile."""

    Profile.load(_file("profile.yaml", data))


def api_description(data: bytes) -> None:
    """Learn a profile from a description: what is drafted is valid."""
    found = read_description(Path(_file("description.json", data)))
    drafted = learned(found, "draft", from_answers({}))
    name = _file("draft.yaml", as_yaml(drafted.declared, drafted.draft.whys, ("A draft.",)).encode())
    assert checked(files_of(name))[1] == []


def mapping(name: str, setting: str) -> Callable[[bytes], None]:
    """Return what loads a mapping table and looks a code up."""

    def parse(data: bytes) -> None:
        table = MappingTable.load(_file(name, data), setting)
        table.code("account", "6100", None)

    return parse


def meltano_project(data: bytes) -> None:
    """Read a Meltano project."""

    _file("meltano.yml", data)
    for plugin in ("tap-netsuite-ap", "target-avidxchange"):
        meltano.config(_folder(), plugin, {"MELTANO_ENVIRONMENT": "prod"})
    meltano.state_places(_folder(), {})


def vault(data: bytes) -> None:
    """Open a vault."""

    environ = {"APBRIDGE_VAULT": _file("vault.json", data), "APBRIDGE_VAULT_KEY": seeds.VAULT_KEY}
    Vault.open(environ).names()


def key_file(data: bytes) -> None:
    """Read the keys of a file."""

    for key in InFile(Path(_file("key", data)), []).read():
        Fernet(key)
