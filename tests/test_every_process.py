"""What holds of every process that a test runs in or starts."""

from __future__ import annotations

import faulthandler
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.waiting import PATIENCE

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[1]


def test_a_crash_shows_where_it_happened():
    assert faulthandler.is_enabled()
    told = "import faulthandler; print(faulthandler.is_enabled())"
    assert subprocess.check_output([sys.executable, "-c", told], text=True) == "True\n"


def test_no_example_has_a_deadline():
    assert settings().deadline is None


def test_no_test_may_hang_for_ever(pytestconfig: pytest.Config):
    assert float(pytestconfig.getini("timeout")) > PATIENCE
    assert float(pytestconfig.getini("faulthandler_timeout")) > float(pytestconfig.getini("timeout"))
    assert pytestconfig.getini("faulthandler_exit_on_timeout")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_hang_fails_by_name_and_shows_where_it_hung(tmp_path: Path, workers: int):
    (tmp_path / "test_it.py").write_text(
        "import threading\ndef test_that_hangs(): threading.Event().wait()\ndef test_another(): pass\n"
    )
    command = [sys.executable, "-m", "pytest", f"--config-file={ROOT / 'pyproject.toml'}", "--timeout=1"]
    command += [f"--numprocesses={workers}", f"--rootdir={tmp_path}", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED test_it.py::test_that_hangs - Failed: Timeout" in done.stdout
    assert "threading.Event().wait()" in done.stdout
    assert "1 failed, 1 passed" in done.stdout
