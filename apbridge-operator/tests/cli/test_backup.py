from __future__ import annotations

import io
import json
import os
import shutil
import stat
import tarfile
from collections.abc import Callable
from errno import EPERM
from pathlib import Path
from typing import Any

import pytest

from apbridge.ledger import Ledger
from apbridge.ledger.copying import end_of
from apbridge.vault import Vault
from apbridge_operator.cli import bookmarks
from tests.databases import new_database

Apbridge = Callable[..., Any]

ROOT = Path(__file__).parents[3]
COMPANIES = {"acme": "1234567", "beta": "7654321"}
URL = "sqlite:///.apbridge/ledger.db"
SECRET, PASSWORD, WEBHOOK = "pl4in-t0ken-of-avid", "pl4in-p4ssword", "https://hooks.example.com/T0/pl4in-hook"
VARIABLES = f"""\
# ours
NETSUITE_ACCOUNT_ID=1234567
AVIDXCHANGE_COMPANY_TOKEN='vault:avidxchange_company_token'
AVIDXCHANGE_USER_TOKEN={SECRET}
AVIDXCHANGE_PROFILE=ours.yaml
TARGET_AVIDXCHANGE_GL_MAPPING=mapping/gl.csv
TARGET_AVIDXCHANGE_LINKS=links.csv
TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNTS='[{{"account": "102"}}]'
MELTANO_DATABASE_URI=postgresql://meltano:{PASSWORD}@db.example.com/meltano
APBRIDGE_NOTIFY={WEBHOOK}
"""
FILES = {
    "ours.yaml": "extends: avidconnect\n",
    "mapping/gl.csv": "netsuite,avidxchange\n6000,6000\n",
    "links.csv": "stream,external_id,kept,remote_id\n",
}


def wrote(url: str) -> None:
    """Have a run write something."""
    with Ledger(url) as ledger:
        run = ledger.start_run("target-avidxchange", "1.0")
        with run.audited(system="avidxchange", operation="submit", external_id="b-1", body={}):
            pass
        run.finish("finished", {})


@pytest.fixture
def ours(project: Path, apbridge: Apbridge) -> Apbridge:
    """A project with something in each place; each command as in a new terminal."""
    os.environ["APBRIDGE_VAULT_KEY_FILE"] = str(project.parent / "safe/vault.key")
    Vault.create().set({"avidxchange_company_token": "s3cret-in-the-vault"})
    kept = (
        f"{VARIABLES}APBRIDGE_VAULT_KEY_FILE={project.parent}/safe/vault.key\nOTHER_ROOT={project}/mapping\n"
    )
    (project / ".env").write_text(kept)
    for name, content in FILES.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(content)
    wrote(URL)

    def run(*words: str, **variables: str) -> Any:  # noqa: ANN401
        ours = ("APBRIDGE_", "AVIDXCHANGE_", "MELTANO_", "NETSUITE_", "TARGET_", "OTHER_")
        for name in [name for name in os.environ if name.startswith(ours)]:
            del os.environ[name]
        os.environ.update(variables)
        return apbridge(*words)

    return run


@pytest.fixture
def file(ours: Apbridge, project: Path) -> Path:
    ended = ours("backup", str(project.parent / "backup.tar.gz"))
    assert ended.code == 0, ended.err
    return project.parent / "backup.tar.gz"


def emptied(project: Path) -> None:
    """Lose all that is in the folder."""
    for one in project.iterdir():
        shutil.rmtree(one) if one.is_dir() else one.unlink()


def refused(ended: Any) -> str:  # noqa: ANN401
    assert ended.code in {2, 3}, ended
    return str(json.loads(ended.err)["error"]["code"])


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {one.name: content.read() for one in tar if (content := tar.extractfile(one))}


def test_it_holds_no_plain_secret_and_says_what_it_is_without(ours: Apbridge, file: Path, project: Path):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in project.parent.glob("*backup*")] == [file.name]
    held = members(file)
    for secret in (
        SECRET,
        PASSWORD,
        WEBHOOK,
        "s3cret-in-the-vault",
        (project.parent / "safe/vault.key").read_text(),
    ):
        assert not [name for name, content in held.items() if secret.strip().encode() in content]
    assert {"vault.json", "variables", "ledger/0.jsonl", *(f"files/{name}" for name in FILES)} < set(held)
    told = json.loads(ours("backup", "--check", str(file), "--json").out)
    assert told["left_out"]["variables"] == [
        "AVIDXCHANGE_USER_TOKEN",
        "MELTANO_DATABASE_URI",
        "APBRIDGE_NOTIFY",
    ]
    assert "vault.key" in told["left_out"]["key"]
    said = ours("backup", "--check", str(file)).out
    assert "Not in it: the vault's key" in said
    assert "APBRIDGE_NOTIFY" in said


def test_it_replaces_no_file(ours: Apbridge, file: Path):
    before = file.read_bytes()
    assert refused(ours("backup", str(file), "--json")) == "APB-BAK-001"
    assert file.read_bytes() == before


@pytest.mark.parametrize("secret", [SECRET, f"postgresql://apbridge:{PASSWORD}@db.example.com/x"])
def test_a_secret_in_another_file_stops_it(ours: Apbridge, project: Path, secret: str):
    (project / "ours.yaml").write_text(f"extends: avidconnect\n# {secret}\n")
    ended = ours("backup", "../backup.tar.gz", "--json")
    assert refused(ended) == "APB-BAK-003"
    assert "ours.yaml" in ended.err
    assert secret not in ended.err
    assert [one.name for one in project.parent.iterdir() if "backup" in one.name] == []


def test_all_of_it_comes_back(ours: Apbridge, file: Path, project: Path):
    end = end_of(URL)
    emptied(project)
    ended = ours("restore", str(file))
    assert ended.code == 0, ended.err
    assert end_of(URL) == end
    for name, content in FILES.items():
        assert (project / name).read_text() == content
    assert Vault.open().get("avidxchange_company_token") == "s3cret-in-the-vault"
    written = (project / ".env").read_text()
    assert "# ours" in written
    assert SECRET not in written
    assert """TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNTS='[{"account": "102"}]'""" in written
    assert "AVIDXCHANGE_USER_TOKEN" in ended.out
    assert {stat.S_IMODE(one.stat().st_mode) & 0o077 for one in project.rglob("*")} == {0}
    # Done again, as after it was broken off, it finds all as it is to be.
    assert ours("restore", str(file)).code == 0
    assert end_of(URL) == end


def test_in_another_folder_settings_name_that_one(ours: Apbridge, file: Path, project: Path, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    assert ours("--project", str(other), "restore", str(file)).code == 0
    assert f"OTHER_ROOT={other}/mapping" in (other / ".env").read_text()
    assert end_of(f"sqlite:///{other}/.apbridge/ledger.db") == end_of(
        f"sqlite:///{project}/.apbridge/ledger.db"
    )


def test_a_newer_ledger_is_not_replaced_by_an_older_one(ours: Apbridge, file: Path):
    wrote(URL)
    end = end_of(URL)
    ended = ours("restore", str(file), "--json")
    assert refused(ended) == "APB-BAK-011"
    assert "newer than the one of the backup" in ended.err
    assert end_of(URL) == end


def test_nor_is_another_one(ours: Apbridge, file: Path, project: Path):
    (project / ".apbridge/ledger.db").unlink()
    wrote(URL)
    ended = ours("restore", str(file), "--json")
    assert refused(ended) == "APB-BAK-011"
    assert "another than the one of the backup" in ended.err


@pytest.mark.parametrize("name", ["links.csv", ".env", ".apbridge/vault.json"])
def test_no_file_is_replaced(ours: Apbridge, file: Path, project: Path, name: str):
    (project / ".apbridge/ledger.db").unlink()
    (project / name).write_text("newer\n")
    assert refused(ours("restore", str(file), "--json")) == "APB-BAK-010"
    assert (project / name).read_text() == "newer\n"
    assert end_of(URL) is None


def test_without_the_key_it_says_so_and_goes_on_with_it(ours: Apbridge, file: Path, project: Path):
    shutil.move(project.parent / "safe", project.parent / "safer")
    emptied(project)
    assert refused(ours("restore", str(file), "--json")) == "APB-BAK-014"
    ended = ours("restore", str(file), "--vault-key-file=../safer/vault.key", "--json")
    assert ended.code == 0, ended.err
    assert end_of(URL)


def test_a_ledger_of_postgresql_is_not_put_into_a_file_by_mistake(ours: Apbridge, project: Path):
    url = new_database()
    wrote(url)
    variable = {"TARGET_AVIDXCHANGE_LEDGER_URL": url}
    assert ours("backup", "../backup.tar.gz", **variable).code == 0
    emptied(project)
    assert refused(ours("restore", "../backup.tar.gz", "--json")) == "APB-BAK-012"
    assert end_of(URL) is None
    # The one that is there, just as far, is left as it is.
    assert ours("restore", "../backup.tar.gz", **variable).code == 0
    variable = {"TARGET_AVIDXCHANGE_LEDGER_URL": new_database()}
    assert ours("restore", "../backup.tar.gz", **variable).code == 0
    assert end_of(variable["TARGET_AVIDXCHANGE_LEDGER_URL"]) == end_of(url)


def changed(file: Path, change: Callable[[dict[str, bytes]], None], to: Path) -> None:
    """Write an archive anew, with its members changed."""
    held = members(file)
    change(held)
    with tarfile.open(to, "w:gz") as tar:
        for name, content in held.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held.update({"files/links.csv": b"changed"}),
        lambda held: held.update({"files/../../more": b"more"}),
        lambda held: held.pop("vault.json"),
        lambda held: held.update({"manifest.json": b"{}"}),
        lambda held: held.pop("manifest.json"),
    ],
    ids=["changed", "more", "less", "no manifest in it", "no manifest"],
)
def test_what_is_not_as_the_manifest_says_is_refused(
    ours: Apbridge, file: Path, project: Path, change: Callable[[dict[str, bytes]], None]
):
    wrong = project.parent / "wrong.tar.gz"
    changed(file, change, wrong)
    emptied(project)
    for command in (("backup", "--check"), ("restore",)):
        assert refused(ours(*command, str(wrong), "--json")) == "APB-BAK-004"
    assert list(project.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_half_a_file_is_no_backup(ours: Apbridge, file: Path, share: float):
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert refused(ours("backup", "--check", str(file), "--json")) == "APB-BAK-004"


def test_a_path_out_of_the_project_is_refused_though_its_hash_is_right(
    ours: Apbridge, file: Path, project: Path
):
    def lead_out(held: dict[str, bytes]) -> None:
        held["files/../more"] = held.pop("files/links.csv")
        held["manifest.json"] = held["manifest.json"].replace(b"files/links.csv", b"files/../more")

    wrong = project.parent / "wrong.tar.gz"
    changed(file, lead_out, wrong)
    emptied(project)
    assert refused(ours("restore", str(wrong), "--json")) == "APB-BAK-004"
    assert not (project.parent / "more").exists()


def test_of_another_version_of_the_tables_nothing_is_put_back(ours: Apbridge, file: Path, project: Path):
    def made_before(held: dict[str, bytes]) -> None:
        told = json.loads(held["manifest.json"])
        told["ledgers"][0]["version"] = "0001"
        held["manifest.json"] = json.dumps(told).encode()

    changed(file, made_before, project.parent / "older.tar.gz")
    assert refused(ours("restore", "../older.tar.gz", "--json")) == "APB-BAK-005"


def test_where_it_cannot_be_written_it_says_so(ours: Apbridge):
    assert refused(ours("backup", "../nowhere/backup.tar.gz", "--json")) == "APB-CLI-004"


def test_each_company_has_its_ledger_in_it(apbridge: Apbridge, project: Path):
    shutil.copy(ROOT / "meltano.yml", project)
    accounts = "".join(
        f"  {name}: {{netsuite: {{account_id: '{number}'}}}}\n" for name, number in COMPANIES.items()
    )
    (project / "companies.yaml").write_text(f"companies:\n{accounts}")
    assert apbridge("companies", "write").code == 0
    urls = [f"sqlite:///{project}/.apbridge/{name}/ledger.db" for name in COMPANIES]
    for url in urls:
        wrote(url)
    ends = [end_of(url) for url in urls]
    ended = apbridge("backup", "../backup.tar.gz", "--json")
    assert ended.code == 0, ended.err
    assert [one["company"] for one in json.loads(ended.out)["ledgers"]] == [*COMPANIES]
    emptied(project)
    ended = apbridge("restore", "../backup.tar.gz")
    assert ended.code == 0, ended.err
    assert [end_of(url) for url in urls] == ends
    assert "meltano --environment=beta run --full-refresh inbound" in ended.out


def test_the_wrong_folder_is_no_backup(apbridge: Apbridge, project: Path):
    assert refused(apbridge("backup", "../backup.tar.gz", "--json")) == "APB-CLI-006"
    assert [*project.iterdir(), *project.parent.glob("*backup*")] == []


def test_a_share_without_links_does_too(ours: Apbridge, project: Path, monkeypatch: pytest.MonkeyPatch):
    def refusing(*_: object) -> None:
        raise OSError(EPERM, "no links here")

    monkeypatch.setattr(os, "link", refusing)
    assert ours("backup", "../backup.tar.gz").code == 0
    assert ours("backup", "--check", "../backup.tar.gz").code == 0
    assert refused(ours("backup", "../backup.tar.gz", "--json")) == "APB-BAK-001"
    assert [one.name for one in project.parent.glob("*backup*")] == ["backup.tar.gz"]


STATE_ID = "prod:tap-avidxchange-to-target-netsuite-payments"
MELTANO = """#!/bin/sh
case "$2" in
  list) ls states; echo other-environment:tap-to-target;;
  get) cat "states/$3";;
  set) mkdir -p states; cp "$6" "states/$4";;
esac
"""


@pytest.fixture
def states(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a script in Meltano's place keeps bookmarks: the real one takes seconds for each word."""
    script = project.parent / "meltano"
    script.write_text(MELTANO)
    script.chmod(0o700)
    monkeypatch.setattr(bookmarks, "meltano_program", lambda: str(script))
    shutil.copy(ROOT / "meltano.yml", project)
    (project / "states").mkdir()
    (project / "states" / STATE_ID).write_text('{"singer_state":{"place":1}}')
    return project / "states"


def test_bookmarks_are_set_where_none_are_and_left_where_others_are(
    ours: Apbridge, states: Path, project: Path
):
    (state,) = states.iterdir()
    kept = state.read_text()
    told = json.loads(ours("backup", "../backup.tar.gz", "--json").out)
    assert told["jobs"] == 1
    emptied(project)
    ended = ours("restore", "../backup.tar.gz", "--json")
    assert (ended.code, json.loads(ended.out)["bookmarks_left"]) == (0, [])
    assert state.read_text() == kept
    state.write_text('{"singer_state":{"place":2}}')
    ended = ours("restore", "../backup.tar.gz", "--json")
    assert json.loads(ended.out)["bookmarks_left"] == [STATE_ID]
    assert "2" in state.read_text()
    assert "were left" in ours("restore", "../backup.tar.gz").out


def test_bookmarks_that_cannot_be_read_stop_it(ours: Apbridge, states: Path, project: Path):
    assert states.exists()
    (project.parent / "meltano").write_text("#!/bin/sh\necho 'It is locked.' >&2\nexit 1\n")
    ended = ours("backup", "../backup.tar.gz", "--json")
    assert refused(ended) == "APB-BAK-002"
    assert "It is locked." in ended.err
    assert not (project.parent / "backup.tar.gz").exists()
