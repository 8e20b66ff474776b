"""A run that is stopped does not look like one that is complete."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from apbridge_sandbox.testing import running

TAP = Path(sys.executable).parent / "tap-avidxchange"


def test_a_stopped_run_writes_whole_lines_and_says_that_it_was_stopped(tmp_path: Path):
    with running(vendors=1, bills=0, latency_ms=1500) as sandbox:
        config = {
            "company_token": sandbox.credentials["AVIDXCHANGE_COMPANY_TOKEN"],
            "user_token": sandbox.credentials["AVIDXCHANGE_USER_TOKEN"],
            "base_url": sandbox.avidxchange_url,
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        with (
            (tmp_path / "out.jsonl").open("wb") as out,
            subprocess.Popen(
                [TAP, "--config=config.json"], cwd=tmp_path, stdout=out, stderr=subprocess.DEVNULL
            ) as process,
        ):
            while not sandbox.calls()["avidxchange"]["total"] and process.poll() is None:
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
        assert process.returncode == 128 + signal.SIGTERM
        for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines():
            json.loads(line)
