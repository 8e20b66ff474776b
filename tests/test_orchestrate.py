"""What starts runs on a schedule names what is there, and goes by the schedules of `meltano.yml`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from apbridge_operator.cli.notify import TOLD
from demo.meltano import PROGRAMS, ROOT
from tests.waiting import PATIENCE, until

FOLDER = ROOT / "orchestrate"
UNITS, CONTAINERS = FOLDER / "systemd", FOLDER / "containers"
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
INTERVALS = {one["job"]: one["interval"] for one in PROJECT["schedules"]}
COMMANDS = {"meltano", "apbridge"}
SYSTEMD = shutil.which("systemd-analyze")


def minutes(interval: str) -> int:
    found = re.fullmatch(r"\*/(\d+) \* \* \* \*", interval)
    assert found
    return int(found[1])


# cron


def test_cron_starts_each_schedule_when_it_is_due():
    crontab = (FOLDER / "crontab").read_text(encoding="utf-8")
    told = re.findall(r"^(\S+ \S+ \S+ \S+ \S+) cd .* orchestrate/job prod (\S+) ", crontab, re.MULTILINE)
    assert {job: interval for interval, job in told} == INTERVALS


# Whatever starts it


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("companies.yaml", "apbridge companies run acme --job=outbound --limit-minutes=360"),
        ("another", "meltano run outbound in acme"),
    ],
)
def test_a_job_of_one_of_several_companies_is_kept_from_the_others(tmp_path: Path, table: str, told: str):
    (tmp_path / table).touch()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for program in COMMANDS:
        file = tmp_path / ".venv/bin" / program
        file.write_text('#!/bin/bash\necho "${0##*/} $*${MELTANO_ENVIRONMENT:+ in $MELTANO_ENVIRONMENT}"\n')
        file.chmod(0o700)
    others = {name: value for name, value in os.environ.items() if name != "MELTANO_ENVIRONMENT"}
    done = subprocess.run(
        [FOLDER / "job", "acme", "outbound"],
        cwd=tmp_path,
        env=others,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == told


# systemd


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with this project's programs in place of those of `/srv/apbridge`."""
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for file in folder.rglob("apbridge*"):
        if file.is_file():
            text = file.read_text(encoding="utf-8").replace("/srv/apbridge/.venv/bin", str(PROGRAMS))
            file.write_text(text.replace("/srv/apbridge", str(ROOT)), encoding="utf-8")
    return folder


@pytest.mark.skipif(SYSTEMD is None, reason="systemd is not installed")
def test_systemd_takes_every_unit(units: Path):
    names = [file.name.replace("@", "@acme-east") for file in units.glob("apbridge-*@.*")]
    done = subprocess.run(
        [str(SYSTEMD), "verify", *names],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (len(names), done.returncode, done.stderr) == (8, 0, "")


@pytest.mark.parametrize("job", sorted(INTERVALS))
def test_a_timer_starts_each_schedule_when_it_is_due_and_its_failure_is_told(job: str):
    service, timer = (read(UNITS / f"apbridge-{job}@.{kind}") for kind in ("service", "timer"))
    assert timer["Timer"]["OnCalendar"] == f"*:0/{minutes(INTERVALS[job])}"
    assert service["Service"]["ExecStart"].endswith("watched orchestrate/job %i %j")
    assert service["Unit"]["OnFailure"] == "apbridge-notify@%i.service"
    assert (UNITS / "apbridge-notify@.service").exists()


def test_what_notify_ends_with_where_it_told_something_is_no_failure_and_no_crash_is_taken_for_it():
    assert TOLD not in {0, 1}
    assert read(UNITS / "apbridge-notify@.service")["Service"]["SuccessExitStatus"] == str(TOLD)
    assert f"\n_TOLD = {TOLD}\n" in (FOLDER / "airflow/apbridge_dags.py").read_text(encoding="utf-8")
    manifest = (CONTAINERS / "cronjobs.yaml").read_text(encoding="utf-8")
    assert f"apbridge notify || [ $? -eq {TOLD} ]" in manifest
    assert f"case $? in 0|{TOLD}) curl" in (ROOT / "docs/operating.md").read_text(encoding="utf-8")


def read(unit: Path) -> ConfigParser:
    """Read a unit, each of whose keys stands there once."""
    parser = ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text(encoding="utf-8"))
    return parser


def test_both_directions_have_one_text():
    texts = {(UNITS / f"apbridge-{job}@.service").read_text(encoding="utf-8") for job in INTERVALS}
    assert len(texts) == 1


@pytest.fixture
def told(tmp_path: Path) -> Iterator[list[str]]:
    """What systemd was told, as long as the test takes."""
    found: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))

        def hear() -> None:
            # Whoever tells something waits until it was taken: that is what else there is to hear.
            while (said := listening.recv(4096).decode()) != "END":
                found.extend(one for one in said.split() if "BARRIER" not in one)

        hearing = Thread(target=hear)
        hearing.start()
        yield found
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"END", str(tmp_path / "notify"))
        hearing.join()


def watched(tmp_path: Path, program: str) -> subprocess.Popen[str]:
    variables = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "INVOCATION_ID": "4f00"}
    return subprocess.Popen(
        [UNITS / "watched", "bash", "-c", program],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.skipif(SYSTEMD is None, reason="systemd is not installed")
def test_a_run_lives_as_long_as_it_says_something_and_ends_as_it_does(tmp_path: Path, told: list[str]):
    with watched(tmp_path, 'echo "$APBRIDGE_RUN_ID"; echo two >&2; exit 3') as run:
        assert run.communicate(timeout=PATIENCE)[0].splitlines() == ["systemd/4f00", "two"]
    assert told == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]
    assert run.returncode == 3


@pytest.mark.skipif(SYSTEMD is None, reason="systemd is not installed")
def test_a_run_that_is_stopped_is_heard_to_its_end(tmp_path: Path, told: list[str]):
    with watched(tmp_path, 'trap "echo finished; exit 143" TERM; echo begun; sleep 300 & wait') as run:
        until(lambda: "WATCHDOG=1" in told)
        os.killpg(run.pid, signal.SIGTERM)
        assert run.communicate(timeout=PATIENCE)[0].splitlines() == ["begun", "finished"]
    assert run.returncode == 143


# Containers


def test_the_image_is_built_of_what_is_here():
    text = (CONTAINERS / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    copied = copied_by(text)
    assert [one for one in copied if not (ROOT / one).exists()] == []
    # All that Meltano installs, and what that is built of.
    wanted = {
        word.removeprefix("./")
        for kind in PROJECT["plugins"].values()
        for plugin in kind
        for word in plugin["pip_url"].split()
        if word != "-e"
    }
    assert {re.split(r"[$\[]", one)[0] for one in wanted} <= set(copied)
    assert {"VERSION", "constraints.txt", "constraints-hashed.txt", "meltano.yml"} <= set(copied)
    (version,) = re.findall(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert f"uv=={version}" in text


def copied_by(dockerfile: str) -> list[str]:
    lines = re.findall(r"^COPY (.*)$", dockerfile, re.MULTILINE)
    return [word for line in lines for word in line.split()[:-1] if not word.startswith("--")]


def test_no_image_can_be_built_of_settings_or_of_what_is_kept():
    everything, *others = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert everything == "*"
    taken = [line.removeprefix("!") for line in others if line.startswith("!")]
    page = (CONTAINERS / "README.md").read_text(encoding="utf-8")
    assert set(taken) == {
        *copied_by((CONTAINERS / "Dockerfile").read_text(encoding="utf-8")),
        *copied_by(page),
    }
    # The last one that fits is what counts.
    left_out = others[len(taken) :]
    assert {"**/*.env", "**/.apbridge", "**/*.pem", "**/*.db"} <= set(left_out)
    assert not [line for line in left_out if line.startswith("!")]


def test_the_file_for_containers_has_each_setting_without_quotes_and_nothing_of_the_vault(tmp_path: Path):
    page = (CONTAINERS / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^grep .* > prod\.env$", page, re.MULTILINE)
    (tmp_path / ".env").write_text(
        "NETSUITE_ACCOUNT_ID=1234567\nAVIDXCHANGE_BASE_URL='https://api.example.com/a b'\n"
        "NETSUITE_CLIENT_ID='vault:netsuite_client_id'\nAPBRIDGE_VAULT_KEY_FILE=/home/a/key\n"
    )
    subprocess.run([str(shutil.which("bash")), "-c", command], cwd=tmp_path, check=True)
    assert (tmp_path / "prod.env").read_text().splitlines() == [
        "NETSUITE_ACCOUNT_ID=1234567",
        "AVIDXCHANGE_BASE_URL=https://api.example.com/a b",
    ]


def test_the_containers_run_each_job_as_often_as_it_is_due():
    services = yaml.safe_load((CONTAINERS / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for job, interval in INTERVALS.items():
        every, seconds, *program = services[job]["command"]
        assert (ROOT / every).exists()
        assert (int(seconds), program) == (minutes(interval) * 60, ["orchestrate/job", "prod", job])
    jobs = {one["metadata"]["name"]: one["spec"] for one in cronjobs()}
    for job, interval in INTERVALS.items():
        spec = jobs[f"apbridge-prod-{job}"]
        assert spec["schedule"] == interval
        assert container(spec)["args"] == ["orchestrate/job", "prod", job]


def cronjobs() -> list[Any]:
    return list(yaml.safe_load_all((CONTAINERS / "cronjobs.yaml").read_text(encoding="utf-8")))


def container(spec: Any) -> Any:  # noqa: ANN401
    (found,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return found


def test_no_job_of_kubernetes_overlaps_runs_as_root_or_keeps_settings_on_a_disk():
    for one in cronjobs():
        pod = one["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        assert one["spec"]["concurrencyPolicy"] == "Forbid"
        assert pod["securityContext"]["runAsNonRoot"]
        assert container(one["spec"])["securityContext"]["readOnlyRootFilesystem"]
        mounted = {mount["mountPath"]: mount["name"] for mount in container(one["spec"])["volumeMounts"]}
        volumes = {volume["name"]: volume["emptyDir"] for volume in pod["volumes"]}
        # Where Meltano keeps plugins' settings for a run: for one company, and for one of several.
        for place in ("/srv/apbridge/.meltano/run", "/srv/apbridge/.apbridge"):
            assert volumes[mounted[place]]["medium"] == "Memory"


def test_another_company_is_another_name_everywhere():
    text = (CONTAINERS / "cronjobs.yaml").read_text(encoding="utf-8")
    (script,) = re.findall(r"sed '(s/.*/g)'", text)
    done = subprocess.run(
        [str(shutil.which("sed")), script], input=text, capture_output=True, text=True, check=True
    )
    for one in yaml.safe_load_all(done.stdout):
        assert one["metadata"]["name"].startswith("apbridge-acme-")
        assert {"name": "MELTANO_ENVIRONMENT", "value": "acme"} in container(one["spec"])["env"]
    assert "prod" not in done.stdout.partition("\n---")[2]


def test_every_runs_again_and_again_and_ends_what_it_runs_when_it_is_told_to(tmp_path: Path):
    log = tmp_path / "log"
    program = (
        'trap "echo ended >> log; exit" TERM; echo begun >> log; [ $(wc -l < log) = 1 ] || sleep 300 & wait'
    )
    with subprocess.Popen([CONTAINERS / "every", "0", "bash", "-c", program], cwd=tmp_path) as run:
        until(lambda: log.exists() and log.read_text() == "begun\nbegun\n")
        run.send_signal(signal.SIGTERM)
        assert run.wait(PATIENCE) == 0
    assert log.read_text() == "begun\nbegun\nended\n"


# Airflow's executors


def test_no_second_worker_is_given_a_run_that_may_still_be_under_way():
    text = (FOLDER / "airflow/apbridge_dags.py").read_text(encoding="utf-8")
    (hours,) = re.findall(r"^LIMIT = timedelta\(hours=(\d+)\)$", text, re.MULTILINE)
    (grace,) = re.findall(r"^GRACE = timedelta\(minutes=(\d+)\)$", text, re.MULTILINE)
    celery = ConfigParser()
    celery.read(FOLDER / "airflow/celery.cfg", encoding="utf-8")
    most = int(hours) * 3600 + int(grace) * 60
    assert celery.getint("celery_broker_transport_options", "visibility_timeout") > most
    pod = yaml.safe_load((FOLDER / "airflow/kubernetes.yaml").read_text(encoding="utf-8"))
    assert pod["spec"]["terminationGracePeriodSeconds"] > int(grace) * 60
    (base,) = pod["spec"]["containers"]
    assert base["name"] == "base"
    volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
    mounted = {one["mountPath"]: volumes[one["name"]] for one in base["volumeMounts"]}
    for place in ("/srv/apbridge/.meltano/run", "/srv/apbridge/.apbridge"):
        assert mounted[place]["emptyDir"]["medium"] == "Memory"
    # The DAG file reads the schedules in the pod too.
    (schedules,) = [one["value"] for one in base["env"] if one["name"] == "APBRIDGE_SCHEDULES"]
    assert "configMap" in mounted[str(Path(schedules).parent)]
