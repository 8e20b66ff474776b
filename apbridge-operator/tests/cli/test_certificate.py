from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from apbridge.netsuite import NetSuite
from apbridge.vault import Vault
from apbridge_operator.certificates import Certificates
from apbridge_operator.key_pair import KeyPair
from apbridge_sandbox.testing import Running, running

Apbridge = Callable[..., Any]

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=1, bills=1) as sandbox:
        yield sandbox


@dataclass
class ProjectFolder:
    sandbox: Running
    run: Apbridge
    client_id: str
    certificate_id: str

    def well(self, *words: str) -> Any:  # noqa: ANN401
        ended = self.run("certificate", *words, "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    def refused(self, *words: str) -> str:
        ended = self.run("certificate", *words, "--json")
        assert (ended.code, ended.out) == (2, "")
        return str(json.loads(ended.err)["error"]["code"])

    def active(self) -> set[str]:
        """Name the certificates of this integration that sign in."""
        listed = self.well("status")["certificates"]
        return {one["id"] for one in listed if one["use"] != "revoked"}


@pytest.fixture
def ours(sandbox: Running, project: Path, apbridge: Apbridge) -> Iterator[ProjectFolder]:
    """A project whose key, certificate and its id are in a vault, with an integration of its own."""
    shutil.copy(ROOT / "meltano.yml", project)
    os.environ["APBRIDGE_VAULT_KEY_FILE"] = str(project.parent / "key")
    pair = KeyPair.make("ec", "1234567_SB1")
    mapped = sandbox.control("/control/netsuite/map-certificate", {"pem": pair.certificate})
    secrets = {
        "NETSUITE_PRIVATE_KEY": pair.private_key,
        "NETSUITE_CERTIFICATE": pair.certificate,
        "NETSUITE_CERTIFICATE_ID": mapped["certificate_id"],
        "NETSUITE_CLIENT_ID": mapped["client_id"],
    }
    Vault.create().set({name.lower(): value for name, value in secrets.items()})
    given = {name: value for name, value in sandbox.credentials.items() if not name.endswith("_PATH")}
    os.environ.update(given | {name: f"vault:{name.lower()}" for name in secrets})
    yield ProjectFolder(sandbox, apbridge, mapped["client_id"], mapped["certificate_id"])
    sandbox.control("/control/switches", method="DELETE")
    sandbox.control("/control/faults", method="DELETE")


def test_a_rotation_is_proved_and_the_old_one_stays_until_it_is_revoked(ours: ProjectFolder, project: Path):
    done = ours.well("rotate")
    assert done["before"] == ours.certificate_id
    assert ours.active() == {done["in_use"], done["before"]}
    assert (project / "netsuite-certificate.pem").read_text() == Vault.open().get("netsuite_certificate")
    assert ours.refused("rotate") == "APB-CRT-002"
    assert ours.well("revoke") == {"revoked": ours.certificate_id}
    assert ours.active() == {done["in_use"]}
    assert ours.refused("revoke") == "APB-CRT-005"
    assert not [name for name in Vault.open().names() if name.endswith((".old", ".next"))]


@pytest.mark.parametrize(
    "answers",
    [
        {"netsuite.certificate_answers": "created", "netsuite.certificate_times": "seconds"},
        {"netsuite.certificate_answers": "empty", "netsuite.certificate_list": "items"},
        {"netsuite.certificate_refusal": "oauth", "netsuite.certificate_too_long": "shortens"},
    ],
)
def test_however_netsuite_answers(ours: ProjectFolder, answers: dict[str, str]):
    ours.sandbox.control("/control/switches", answers)
    done = ours.well("rotate")
    ours.well("revoke")
    assert ours.active() == {done["in_use"]}


class CommandKilled(BaseException):
    pass


def steps(monkeypatch: pytest.MonkeyPatch, kill: Callable[[int], None]) -> list[int]:
    """Count what a rotation does to the vault and to NetSuite, and have it killed before or after a step."""
    count = [0]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:  # noqa: ANN401
            count[0] += 1
            kill(count[0])
            done = real(*arguments)
            count[0] += 1
            kill(count[0])
            return done

        return step

    monkeypatch.setattr(Vault, "set", counted(Vault.set))
    for name in ("listed", "set_up", "revoke"):
        monkeypatch.setattr(Certificates, name, counted(getattr(Certificates, name)))
    return count


@pytest.mark.parametrize("step", range(1, 9))
def test_killed_at_any_step_it_goes_on_from_there(
    ours: ProjectFolder, monkeypatch: pytest.MonkeyPatch, step: int
):
    def kill(at: int) -> None:
        if at == step:
            raise CommandKilled

    with monkeypatch.context() as patched:
        steps(patched, kill)
        with pytest.raises(CommandKilled):
            ours.run("certificate", "rotate")
    # Whatever was reached, a run signs in; and what was begun is not begun twice.
    assert ours.certificate_id in ours.active()
    if "netsuite_certificate_id.old" not in Vault.open().names():
        ours.well("rotate")
    in_use = Vault.open().get("netsuite_certificate_id")
    assert in_use != ours.certificate_id
    assert ours.active() == {in_use, ours.certificate_id}
    ours.well("revoke")
    assert ours.active() == {in_use}


def test_those_are_all_its_steps(ours: ProjectFolder, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patched:
        count = steps(patched, lambda _: None)
        ours.well("rotate")
    assert count == [8]


@pytest.mark.parametrize("step", range(1, 5))
def test_killed_while_it_revokes_it_revokes_the_same_again(
    ours: ProjectFolder, monkeypatch: pytest.MonkeyPatch, step: int
):
    def kill(at: int) -> None:
        if at == step:
            raise CommandKilled

    ours.well("rotate")
    with monkeypatch.context() as patched:
        steps(patched, kill)
        with pytest.raises(CommandKilled):
            ours.run("certificate", "revoke")
    if "netsuite_certificate_id.old" in Vault.open().names():
        assert ours.well("revoke") == {"revoked": ours.certificate_id}
    assert len(ours.active()) == 1


def test_a_lost_answer_maps_no_second_certificate(ours: ProjectFolder):
    fault = {"match": {"method": "POST", "path": "/certificates$", "times": 1}, "do": {"drop": "after"}}
    ours.sandbox.control("/control/faults", fault)
    ended = ours.run("certificate", "rotate")
    assert ended.code == 3, ended.err
    ours.well("rotate")
    assert len(ours.active()) == 2


def test_a_certificate_that_does_not_sign_in_is_not_used(
    ours: ProjectFolder, monkeypatch: pytest.MonkeyPatch
):
    real = Certificates.set_up

    def mapped_for_nobody(self: Certificates, pem: str, role: str, entity: str) -> str:
        real(self, pem, role, entity)
        return "nobody"

    with monkeypatch.context() as patched:
        patched.setattr(Certificates, "set_up", mapped_for_nobody)
        assert ours.refused("rotate") == "APB-CRT-003"
    assert Vault.open().get("netsuite_certificate_id") == ours.certificate_id
    assert ours.active() > {ours.certificate_id}


def test_the_one_in_use_is_never_revoked_and_any_other_may_be(ours: ProjectFolder):
    assert ours.refused("revoke", ours.certificate_id) == "APB-CRT-004"
    pem = KeyPair.make("ec", "1").certificate
    order = {"pem": pem, "client_id": ours.client_id}
    leaked = ours.sandbox.control("/control/netsuite/map-certificate", order)["certificate_id"]
    assert ours.well("revoke", leaked) == {"revoked": leaked}
    assert ours.active() == {ours.certificate_id}


def test_an_old_one_that_is_gone_already_is_forgotten(ours: ProjectFolder):
    done = ours.well("rotate")
    Vault.open().set({"netsuite_certificate_id.old": "long-gone"})
    assert ours.well("revoke") == {"revoked": "long-gone"}
    assert Vault.open().get("netsuite_certificate_id") == done["in_use"]


def test_the_restlet_tells_the_role_and_the_user_and_without_it_they_are_asked_for(
    ours: ProjectFolder, monkeypatch: pytest.MonkeyPatch
):
    for name in ("NETSUITE_RESTLET_SCRIPT", "NETSUITE_RESTLET_DEPLOY"):
        monkeypatch.setitem(os.environ, name, "")
    assert ours.refused("rotate", "--role=1000") == "APB-CRT-006"
    assert ours.active() == {ours.certificate_id}
    ours.well("rotate", "--role=1000", "--entity=-5")
    assert len(ours.active()) == 2


def test_a_restlet_of_an_older_version_does_not_tell_them(
    ours: ProjectFolder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        NetSuite, "restlet", lambda *_, reads, **__: reads({"version": "1.0.0", "account": "1"})
    )
    assert ours.refused("rotate") == "APB-CRT-006"


def test_settings_that_are_not_from_the_vault_cannot_be_changed_over(ours: ProjectFolder):
    os.environ["NETSUITE_CERTIFICATE_ID"] = ours.certificate_id
    assert ours.refused("rotate") == "APB-CRT-001"


def test_a_status_counts_the_days(ours: ProjectFolder):
    for days, code in ((59.5, 1), (90.5, 0)):
        order = {"in_days": days, "certificate_id": ours.certificate_id}
        ours.sandbox.control("/control/netsuite/expire-certificate", order)
        ended = ours.run("certificate", "status", "--json")
        assert ended.code == code
        (one,) = json.loads(ended.out)["certificates"]
        until = datetime.fromisoformat(one["until"].replace("Z", "+00:00"))
        assert one["use"] == "in use"
        assert (until - datetime.now(timezone.utc)).days == int(days)
    assert "in use" in ours.run("certificate", "status").out


def test_a_role_that_may_not_list_them_sees_its_own(ours: ProjectFolder):
    missing = "Setup -> Manage Own OAuth 2.0 Client Credentials Certificates"
    ours.sandbox.control("/control/switches", {"netsuite.missing_permissions": missing})
    shown = ours.well("status")
    assert [one["id"] for one in shown["certificates"]] == [ours.certificate_id]
    assert shown["note"]["code"] == "APB-CRT-007"
    ended = ours.run("certificate", "rotate")
    assert ended.code == 3
    assert "Permission" in ended.err


def test_no_key_is_shown(ours: ProjectFolder):
    said = [ours.run("certificate", *words) for words in (["rotate"], ["status"], ["revoke"])]
    keys = [Vault.open().get("netsuite_private_key").splitlines()[1], ours.client_id]
    for ended in said:
        assert not [key for key in keys if key in ended.out + ended.err]
