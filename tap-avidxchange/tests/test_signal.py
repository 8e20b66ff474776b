"""A run that is stopped does not look like one that is complete."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from apbridge_sandbox.testing import running
from tests import forked
from tests.waiting import held, until

TAP = Path(sys.executable).parent / "tap-avidxchange"


def test_a_stopped_run_writes_whole_lines_and_says_that_it_was_stopped(tmp_path: Path):
    with running(vendors=1, bills=0) as sandbox:
        sandbox.control("/control/faults", {"match": {}, "do": {"hold": True}})
        config = {
            "company_token": sandbox.credentials["AVIDXCHANGE_COMPANY_TOKEN"],
            "user_token": sandbox.credentials["AVIDXCHANGE_USER_TOKEN"],
            "base_url": sandbox.avidxchange_url,
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        with (
            (tmp_path / "out.jsonl").open("wb") as out,
            forked.Program(
                "tap-avidxchange", "--config=config.json", cwd=tmp_path, stdout=out, stderr=subprocess.DEVNULL
            ) as process,
        ):
            until(lambda: held(sandbox.control) or process.poll() is not None)
            process.send_signal(signal.SIGTERM)
        assert process.poll() == 128 + signal.SIGTERM
        for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines():
            json.loads(line)
