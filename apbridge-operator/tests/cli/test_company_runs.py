"""How the jobs of many companies are run: the processes are real, and in Meltano's place stands a script."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apbridge_operator.cli import runs
from apbridge_operator.companies import Company
from demo.meltano import ROOT
from tests.waiting import PATIENCE, until

Apbridge = Callable[..., Any]
NAMES = [f"firm-{number:02}" for number in range(1, 21)]
TABLE = "".join(f'  {name}:\n    netsuite: {{account_id: "{name[5:]}"}}\n' for name in NAMES)


@pytest.fixture
def meltano(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what puts a script in Meltano's place, for `run`; it knows $COMPANY and $JOB."""
    script = project.parent / "meltano"
    monkeypatch.setattr(runs, "meltano_program", lambda: str(script))

    def put(text: str) -> None:
        script.write_text(
            f'#!/bin/sh\n[ "$1" != state ] || exit 0\nCOMPANY="${{1#--environment=}}"; JOB="$3"\n{text}\n'
        )
        script.chmod(0o700)

    return put


@pytest.fixture
def twenty(project: Path, apbridge: Apbridge) -> Apbridge:
    shutil.copy(ROOT / "meltano.yml", project)
    (project / "companies.yaml").write_text(f"companies:\n{TABLE}")
    assert apbridge("companies", "write").code == 0
    return apbridge


def test_one_that_hangs_and_one_that_fails_do_not_hold_up_eighteen(
    twenty: Apbridge, project: Path, meltano: Callable[[str], None]
):
    # The first hangs until all others are through: were it waited for, this would not end.
    meltano(
        """
        mkdir -p done
        if [ $COMPANY = firm-01 ]; then until [ $(ls done | wc -l) -eq 18 ]; do sleep 0.1; done; fi
        if [ $COMPANY = firm-02 ]; then
            echo '2026-11-30 [error    ] target-avidxchange It cannot be reached. Wait. [APB-HTTP-001] cmd=x'
            echo '2026-11-30 [error    ] meltano      Extractor and loader failed'
            exit 1
        fi
        echo "$JOB is done"
        touch done/$COMPANY
        """
    )
    ended = twenty("companies", "run", "--job=outbound", "--parallel=2")
    assert ended.code == 1
    assert "1 of 20 companies failed: firm-02" in ended.out
    assert "firm-07 | outbound is done" in ended.out
    assert (project / ".apbridge/firm-07/logs/outbound.log").read_text() == "firm-07 | outbound is done\n"
    table = ended.out[ended.out.index("what it said last") :]
    assert "It cannot be reached. Wait. [APB-HTTP-001]" in table
    assert table.count("well") == 19
    # The log of the run before is kept beside the new one.
    meltano("echo again")
    assert twenty("companies", "run", "firm-07", "--job=outbound", "--json").code == 0
    logs = project / ".apbridge/firm-07/logs"
    assert {file.name: file.read_text() for file in logs.iterdir()} == {
        "outbound.log": "firm-07 | again\n",
        "outbound.log.1": "firm-07 | outbound is done\n",
    }


def test_both_jobs_are_run_one_after_the_other_whatever_becomes_of_the_first(
    twenty: Apbridge, meltano: Callable[[str], None]
):
    meltano("[ $JOB = inbound ]")
    ended = twenty("companies", "run", "firm-03", "firm-04", "--json")
    assert ended.code == 1
    found = [(one["company"], one["job"], one["ok"]) for one in json.loads(ended.out)["runs"]]
    assert found == [
        ("firm-03", "outbound", False),
        ("firm-03", "inbound", True),
        ("firm-04", "outbound", False),
        ("firm-04", "inbound", True),
    ]


@pytest.mark.usefixtures("project")
def test_one_that_takes_too_long_is_stopped_and_said(meltano: Callable[[str], None]):
    meltano("echo begun; sleep 1000")
    company = Company("acme", {}, "sqlite:///a.db", "spool")
    (ended,) = runs.run_all([company], ["outbound"], {}, parallel=1, limit_seconds=0.2, echo=None)
    assert ended.exit_code == -signal.SIGTERM
    assert "It was stopped after" in ended.says


@pytest.mark.usefixtures("project")
def test_plugins_that_are_not_installed_yet_can_be(meltano: Callable[[str], None]):
    meltano('mkdir -p "$MELTANO_SYS_DIR_ROOT/extractors/tap-netsuite-ap"')
    company = Company("acme", {}, "sqlite:///a.db", "spool")
    (ended,) = runs.run_all([company], ["outbound"], {}, parallel=1, limit_seconds=60, echo=None)
    assert ended.is_well
    assert Path(".meltano/extractors/tap-netsuite-ap").is_dir()


@pytest.mark.usefixtures("project")
def test_what_it_said_last_is_what_failed(meltano: Callable[[str], None]):
    meltano(
        "echo 'No such job: outbound'; echo 'x meltano  Need help fixing this problem? Visit'; echo; exit 1"
    )
    company = Company("acme", {}, "sqlite:///a.db", "spool")
    (ended,) = runs.run_all([company], ["outbound"], {}, parallel=1, limit_seconds=60, echo=None)
    assert ended.says == "No such job: outbound"


# A signal that the system hands to another thread does not wake the main one. What it starts then inherits
# that it does not hear of any.
ELSEWHERE = """
import signal, threading, time
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
"""


@pytest.mark.parametrize(("deaf", "before"), [("", ""), ("trap '' TERM", ""), ("", ELSEWHERE)])
def test_whoever_stops_it_stops_them_all(project: Path, deaf: str, before: str):
    """As a service's end or Ctrl+C does, and what does not hear of it is killed."""
    program = f"""{before}
from pathlib import Path
from apbridge_operator.cli import runs
from apbridge_operator.companies import Company
script = Path("meltano")
begins = "#!/bin/sh\\n[ $1 != state ] || exit 0\\n{deaf}\\n"
script.write_text(begins + "echo $$ > pid.$1\\ntouch begun.$1\\nsleep 1000\\n")
script.chmod(0o700)
runs.meltano_program = lambda: str(script.resolve())
if {bool(deaf or before)}:
    runs._GRACE_SECONDS = 0.5
companies = [Company(name, {{}}, "", "") for name in {NAMES[:3]!r}]
runs.run_all(companies, ["outbound"], {{}}, parallel=2, limit_seconds=1000, echo=None)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE)
    until(lambda: len(list(project.glob("begun.*"))) == 2)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    # The third was not begun, and of the two nothing is left.
    pids = [int(file.read_text()) for file in project.glob("pid.*")]
    assert len(pids) == 2
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
